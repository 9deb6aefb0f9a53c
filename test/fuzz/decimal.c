/*
 * The input is numbers of JSON, one a line. Comparing has no direction; a sum
 * depends on no order and is what it is printed as; a mean of equal numbers is
 * that number.
 */
#include "decimal.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "json.h"

enum { NUMBERS = 12 };

static void
print(const struct decimal_sum *sum, struct buf *out)
{
	struct json v;
	buf_reset(out);
	decimal_print(sum, out);
	must(json_scan(out->data, out->len, &v, NULL) == 0);
	must(v.type == JSON_NUMBER);
}

static void
add_all(const struct decimal *n, size_t count, size_t from, struct buf *out)
{
	struct decimal_sum half[2] = {{0}, {0}};
	for (size_t i = 0; i < count; i++)
		decimal_add(&half[i % 2], &n[(from + i) % count]);
	decimal_merge(&half[0], &half[1]);
	print(&half[0], out);
	decimal_clear(&half[0]);
	decimal_clear(&half[1]);
}

static void
check_order(const struct decimal *a, const struct decimal *b)
{
	int order = decimal_compare(a, b);
	must(order >= -1 && order <= 1);
	must(decimal_compare(b, a) == -order);
	must(decimal_compare(a, a) == 0);
}

/* The mean of three times a number, and the number, compare as equal. */
static void
check_mean(const struct decimal *n)
{
	struct decimal_sum sum = {0};
	struct decimal back;
	struct buf out = {0};
	for (int i = 0; i < 3; i++)
		decimal_add(&sum, n);
	decimal_mean(&sum, 3, &out);
	must(decimal_read(out.data, out.len, &back) == 0);
	must(decimal_compare(n, &back) == 0);
	decimal_clear(&sum);
	buf_clear(&out);
}

/* What a sum is printed as is read as what it is. */
static void
check_printed(const struct buf *text)
{
	struct decimal back;
	struct decimal_sum sum = {0};
	struct buf again = {0};
	if (decimal_read(text->data, text->len, &back) == 0) {
		decimal_add(&sum, &back);
		print(&sum, &again);
		must(again.len == text->len &&
		     memcmp(again.data, text->data, text->len) == 0);
	}
	decimal_clear(&sum);
	buf_clear(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct decimal n[NUMBERS];
	size_t count = 0;
	const char *p = (const char *)data, *end = p + size;
	for (; p < end && count < NUMBERS; p++) {
		const char *line = p;
		struct json v;
		p = memchr(line, '\n', (size_t)(end - line));
		if (p == NULL)
			p = end;
		if (json_scan(line, (size_t)(p - line), &v, NULL) == 0 &&
		    v.type == JSON_NUMBER &&
		    decimal_read(v.at, v.len, &n[count]) == 0)
			count++;
	}
	if (count == 0)
		return 0;
	struct buf sum = {0}, turned = {0};
	add_all(n, count, 0, &sum);
	add_all(n, count, count / 2, &turned);
	must(strcmp(sum.data, turned.data) == 0);
	check_printed(&sum);
	for (size_t i = 0; i < count; i++) {
		check_order(&n[i], &n[(i + 1) % count]);
		check_mean(&n[i]);
	}
	buf_clear(&sum);
	buf_clear(&turned);
	return 0;
}
