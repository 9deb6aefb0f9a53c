/*
 * The input is a delimiter and CSV. Rows are the same whether the text comes
 * whole or a few bytes at a time; they and what is malformed make up all of
 * it; fields lie in their row, and are strings of JSON that say the same.
 */
#include "csv.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "json.h"
#include "text.h"

static void
check_field(const struct csv *c, const struct csv_field *f, const char *row)
{
	struct buf text = {0}, string = {0}, back = {0};
	struct json v;
	csv_text(f, row, &text);
	must(f->doubled || text.len == f->len);
	csv_json(c, f, row, &string);
	must(json_scan(string.data, string.len, &v, NULL) == 0);
	must(v.type == JSON_STRING && v.len == string.len);
	must(json_text(v, &back, NULL) == 0);
	must(back.len == text.len &&
	     memcmp(buf_text(&back), buf_text(&text), text.len) == 0);
	buf_clear(&text);
	buf_clear(&string);
	buf_clear(&back);
}

static void
check_row(const struct csv *c, const char *row)
{
	size_t feeds = 0, at = 0;
	bool utf8 = text_utf8(row, c->len) == c->len;
	must(c->count > 0);
	must(utf8 || !c->plain);
	for (size_t i = 0; i < c->len; i++)
		feeds += row[i] == '\n';
	must(feeds == c->lines || feeds == c->lines - 1);
	for (size_t i = 0; i < c->count; i++) {
		const struct csv_field *f = &c->field[i];
		must(f->at >= at && f->at + f->len <= c->len);
		at = f->at + f->len;
		if (utf8)
			check_field(c, f, row);
	}
}

/* What each row and each malformed line is, given step bytes more a time. */
static void
rows(
    const char *text, size_t len, size_t step, char delimiter, struct buf *said)
{
	struct csv c;
	struct err err;
	size_t at = 0, shown = step < len ? step : len;
	csv_init(&c, delimiter);
	for (;;) {
		enum csv_status s =
		    csv_next(&c, text + at, shown - at, shown == len, &err);
		if (s == CSV_MORE && shown == len)
			break;
		if (s == CSV_MORE) {
			shown = len - shown < step ? len : shown + step;
			continue;
		}
		must(c.len > 0 && at + c.len <= shown);
		buf_addf(said, "%d %zu %zu", (int)s, c.len, c.lines);
		for (size_t i = 0; s == CSV_ROW && i < c.count; i++)
			buf_addf(said, " %zu+%zu%s", c.field[i].at,
			    c.field[i].len, c.field[i].doubled ? "d" : "");
		buf_add_char(said, '\n');
		if (s == CSV_ROW)
			check_row(&c, text + at);
		at += c.len;
	}
	must(at == len);
	csv_clear(&c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = {0}, steps = {0};
	if (size == 0 || data[0] >= 0x80 || data[0] == '\0' ||
	    strchr("\"\r\n", data[0]) != NULL)
		return 0;
	const char *text = (const char *)data + 1;
	rows(text, size - 1, size, (char)data[0], &whole);
	rows(text, size - 1, 1 + size % 7, (char)data[0], &steps);
	must(strcmp(buf_text(&whole), buf_text(&steps)) == 0);
	buf_clear(&whole);
	buf_clear(&steps);
	return 0;
}
