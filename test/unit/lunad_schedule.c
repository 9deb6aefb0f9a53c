/*
 * lunad_schedule: lines of
 *
 *     from TIME       after which times are asked for; a rate began then
 *     EXPRESSION      "refused", or its next five times
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../lunad/schedule.h"
#include "text.h"

static void
show(const char *expression, int64_t from)
{
	struct schedule s;
	char iso[TEXT_ISO];
	int64_t at = from;
	if (schedule_parse(expression, &s) != 0) {
		puts("refused");
		return;
	}
	for (int i = 0; i < 5; i++) {
		at = schedule_next(&s, from, at);
		if (at == INT64_MAX) {
			printf("%snever", i > 0 ? " " : "");
			break;
		}
		text_iso(at, iso);
		iso[16] = '\0';
		printf("%s%s", i > 0 ? " " : "", iso);
	}
	putchar('\n');
}

int
main(void)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;
	int64_t from = 0;
	while ((len = getline(&line, &cap, stdin)) > 0) {
		if (line[len - 1] == '\n')
			line[--len] = '\0';
		if (strncmp(line, "from ", 5) != 0)
			show(line, from);
		else if (text_time(line + 5, (size_t)len - 5, &from) != 0)
			return 2;
	}
	free(line);
	return 0;
}
