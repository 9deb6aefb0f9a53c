/*
 * Drives decimal. Arguments: what is done with the numbers on stdin, one a
 * line: "sum" and "mean" of all; "merge", the sum of two halves; "compare"
 * each with the one before; "sums" prints after each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decimal.h"

static void
show(const struct decimal_sum *sum)
{
	struct buf out = {0};
	decimal_print(sum, &out);
	puts(buf_text(&out));
	buf_clear(&out);
}

static void
compare(void)
{
	static char line[2][8192];
	struct decimal n[2];
	for (int i = 0; fgets(line[i % 2], sizeof(line[0]), stdin) != NULL;
	     i++) {
		char *text = line[i % 2];
		if (decimal_read(text, strcspn(text, "\n"), &n[i % 2]) != 0)
			puts("too long");
		else if (i > 0)
			printf("%d %d\n",
			    decimal_compare(&n[(i + 1) % 2], &n[i % 2]),
			    decimal_compare(&n[i % 2], &n[(i + 1) % 2]));
	}
}

int
main(int argc, char **argv)
{
	static char line[8192];
	struct decimal_sum sum = {0}, other = {0};
	struct decimal number;
	const char *what = argc > 1 ? argv[1] : "sum";
	uint64_t count = 0;
	if (strcmp(what, "compare") == 0) {
		compare();
		return 0;
	}
	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (decimal_read(line, strcspn(line, "\n"), &number) != 0) {
			puts("too long");
			continue;
		}
		bool odd = count++ % 2 == 1 && strcmp(what, "merge") == 0;
		decimal_add(odd ? &other : &sum, &number);
		if (strcmp(what, "sums") == 0)
			show(&sum);
	}
	if (strcmp(what, "merge") == 0)
		decimal_merge(&sum, &other);
	if (strcmp(what, "mean") == 0) {
		struct buf out = {0};
		decimal_mean(&sum, count, &out);
		puts(buf_text(&out));
		buf_clear(&out);
	} else {
		show(&sum);
	}
	decimal_clear(&sum);
	decimal_clear(&other);
	return 0;
}
