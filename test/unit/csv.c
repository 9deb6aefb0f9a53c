/*
 * Drives csv: stdin as rows, a line each, "LINES [field] [field]", then
 * "more" for what is left that is no row. `\r` in the input is a CR.
 * Arguments: the delimiter; "cut" drops the last line feed; "open" says that
 * more may come.
 * The text is given whole, and again byte by byte: both must agree.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csv.h"

static void
print_row(const struct csv *c, const char *text, struct buf *out)
{
	buf_addf(out, "%zu", c->lines);
	for (size_t i = 0; i < c->count; i++) {
		buf_add_text(out, " ");
		csv_json(c, &c->field[i], text, out);
	}
	buf_add_text(out, "\n");
}

/* step: how many bytes more are shown each time. */
static void
rows(const char *text, size_t len, size_t step, char delimiter, bool open,
    struct buf *out)
{
	struct csv c;
	struct err err;
	csv_init(&c, delimiter);
	for (size_t at = 0, shown = step; at < len || shown < len;) {
		/* A copy, so that a byte too far is seen. */
		size_t have = shown < len ? shown : len;
		char *copy = malloc(have - at + 1);
		memcpy(copy, text + at, have - at);
		enum csv_status s =
		    csv_next(&c, copy, have - at, have == len && !open, &err);
		if (s == CSV_ROW)
			print_row(&c, copy, out);
		else if (s == CSV_MALFORMED)
			buf_addf(out, "malformed: %s\n", err.message);
		free(copy);
		if (s != CSV_MORE)
			at += c.len;
		else if (have == len)
			break;
		else
			shown += step;
		if (s == CSV_MORE && have == len)
			break;
	}
	if (csv_next(&c, "", 0, !open, &err) != CSV_MORE)
		buf_add_text(out, "no row is none\n");
	csv_clear(&c);
}

static void
read_input(struct buf *in)
{
	for (int ch; (ch = getchar()) != EOF;) {
		buf_add_char(in, (char)ch);
		if (in->len >= 2 &&
		    memcmp(in->data + in->len - 2, "\\r", 2) == 0) {
			buf_cut(in, in->len - 2);
			buf_add_char(in, '\r');
		}
	}
}

int
main(int argc, char **argv)
{
	struct buf in = {0}, whole = {0}, steps = {0};
	char delimiter = argc > 1 ? argv[1][0] : ',';
	bool open = false;
	read_input(&in);
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "cut") == 0)
			buf_cut(&in, in.len - 1);
		if (strcmp(argv[i], "open") == 0)
			open = true;
	}
	rows(buf_text(&in), in.len, in.len, delimiter, open, &whole);
	rows(buf_text(&in), in.len, 1, delimiter, open, &steps);
	fputs(buf_text(&whole), stdout);
	if (strcmp(buf_text(&whole), buf_text(&steps)) != 0)
		printf("byte by byte:\n%s", buf_text(&steps));
	buf_clear(&in);
	buf_clear(&whole);
	buf_clear(&steps);
	return 0;
}
