#include "csv_read.h"

#include <string.h>

enum { BLOCK = 256 * 1024 };

void
csv_read_init(struct csv_read *in, struct tool *tool, char delimiter)
{
	*in = (struct csv_read){.tool = tool, .line = 1};
	csv_init(&in->row, delimiter);
}

void
csv_read_clear(struct csv_read *in)
{
	csv_clear(&in->row);
	buf_clear(&in->bytes);
}

static const char *
rest(const struct csv_read *in, size_t *len)
{
	*len = in->bytes.len - in->at;
	return buf_text(&in->bytes) + in->at;
}

/* Read more behind what is left. */
static void
read_more(struct csv_read *in)
{
	size_t len = 0;
	buf_consume(&in->bytes, in->at);
	in->at = 0;
	char *to = buf_room(&in->bytes, BLOCK);
	in->cut = tool_bytes(in->tool, to, BLOCK, &len) != 0;
	in->bytes.len += len;
	in->ended = len == 0;
}

/* The length of the next line with its end, or of what is left. */
static size_t
line_length(struct csv_read *in)
{
	for (;;) {
		size_t len;
		const char *at = rest(in, &len);
		const char *feed = memchr(at, '\n', len);
		if (feed != NULL)
			return (size_t)(feed - at) + 1;
		if (in->ended || len > in->tool->max_line)
			return len;
		read_more(in);
	}
}

/* The next len bytes as a line that is no record; go on after them. */
static struct record
take_line(struct csv_read *in, size_t len)
{
	size_t left;
	struct record r = {
	    .line = rest(in, &left), .len = len, .number = in->line};
	if (r.len > 0 && r.line[r.len - 1] == '\n')
		r.len--;
	if (r.len > 0 && r.line[r.len - 1] == '\r')
		r.len--;
	in->at += len;
	in->line++;
	return r;
}

static void
fail_line(struct csv_read *in, size_t len, const struct err *err)
{
	struct record r = take_line(in, len);
	tool_fail(in->tool, &r, false, err);
}

/* A row is longer than --max-line: because a quote is missing, then only its
 * first line is failed; or its line is, and is dropped past that. */
static void
fail_long(struct csv_read *in)
{
	struct err err;
	size_t max = in->tool->max_line, len = line_length(in);
	if (len <= max) {
		err_set(&err, ERR_RECORD, "MalformedCsv",
		    "a closing quote is missing within --max-line (%zu bytes)",
		    max);
		fail_line(in, len, &err);
		return;
	}
	err_set(&err, ERR_RECORD, "LineTooLong",
	    "longer than --max-line (%zu bytes); only as much of it is kept",
	    max);
	fail_line(in, max, &err);
	for (;;) {
		const char *at = rest(in, &len);
		const char *feed = memchr(at, '\n', len);
		in->at += feed == NULL ? len : (size_t)(feed - at) + 1;
		if (feed != NULL || in->ended)
			return;
		read_more(in);
	}
}

/* The next row, the end, or what is neither: CSV_MALFORMED, too if the row is
 * longer than --max-line, and then too_long is set. */
static enum csv_status
look(struct csv_read *in, bool *too_long, struct err *err)
{
	for (;;) {
		size_t len;
		const char *at = rest(in, &len);
		enum csv_status s =
		    csv_next(&in->row, at, len, in->ended && !in->cut, err);
		size_t known = s == CSV_MORE ? len : in->row.len;
		*too_long = known > in->tool->max_line;
		if (*too_long) {
			csv_forget(&in->row);
			return CSV_MALFORMED;
		}
		if (s != CSV_MORE || in->ended)
			return s;
		read_more(in);
	}
}

static bool
is_blank(const struct csv *row)
{
	return row->count == 1 && row->field[0].at + row->field[0].len == 0;
}

/* Go on after the row last given. */
static void
let_go(struct csv_read *in)
{
	if (in->held == 0)
		return;
	in->at += in->held;
	in->line += in->row.lines;
	in->held = 0;
}

/* Hold the row that was found, unless it is blank. */
static const char *
hold(struct csv_read *in)
{
	size_t len;
	in->held = in->row.len;
	if (is_blank(&in->row)) {
		let_go(in);
		return NULL;
	}
	return rest(in, &len);
}

static void
skip_mark(struct csv_read *in)
{
	static const char mark[] = "\xef\xbb\xbf";
	size_t len = sizeof(mark) - 1;
	while (in->bytes.len < len && !in->ended)
		read_more(in);
	if (in->bytes.len >= len && memcmp(in->bytes.data, mark, len) == 0)
		in->at = len;
}

int
csv_read_header(struct csv_read *in, const char **text, struct err *err)
{
	bool too_long;
	*text = NULL;
	skip_mark(in);
	while (*text == NULL) {
		enum csv_status s = look(in, &too_long, err);
		if (too_long)
			return err_set(err, ERR_SETUP, "BadHeader",
			    "it does not end within --max-line (%zu bytes)",
			    in->tool->max_line);
		if (s == CSV_MALFORMED) {
			err->kind = ERR_SETUP;
			return -1;
		}
		if (s == CSV_MORE)
			return 0;
		*text = hold(in);
	}
	return 0;
}

const char *
csv_read_next(struct csv_read *in)
{
	struct err err;
	const char *text = NULL;
	let_go(in);
	while (text == NULL) {
		bool too_long;
		enum csv_status s = look(in, &too_long, &err);
		if (s == CSV_MORE)
			break;
		if (s == CSV_ROW)
			text = hold(in);
		else if (too_long)
			fail_long(in);
		else
			fail_line(in, in->row.len, &err);
	}
	/* Of a row that was cut off nobody knows what its last field is. */
	if (text == NULL && in->bytes.len > in->at) {
		struct record r = take_line(in, in->bytes.len - in->at);
		err_set(&err, ERR_LATER, "InputCut",
		    "reading stopped before its end");
		tool_keep(in->tool, &r, false, &err);
	}
	return text;
}

void
csv_read_fail(struct csv_read *in, const struct err *err)
{
	fail_line(in, in->held, err);
	in->held = 0;
	in->line += in->row.lines - 1;
}

void
csv_read_refuse(struct csv_read *in, const struct err *err)
{
	size_t len;
	tool_report(in->tool, in->line, err);
	in->tool->set_up_failed = true;
	while (in->tool->failed_fd >= 0 && (len = line_length(in)) > 0) {
		struct record r = take_line(in, len);
		tool_keep(in->tool, &r, false, err);
	}
}

bool
csv_read_replay(struct csv_read *in)
{
	size_t len;
	struct buf line = {0};
	struct err err;
	while (in->bytes.len < 2 && !in->ended)
		read_more(in);
	if (in->bytes.len < 2 || memcmp(in->bytes.data, "{\"", 2) != 0)
		return false;
	while ((len = line_length(in)) > 0) {
		struct record r = take_line(in, len);
		if (record_parse(&r, r.line, r.len, r.number, &err) != 0) {
			tool_fail(in->tool, &r, false, &err);
			continue;
		}
		buf_reset(&line);
		record_emit(&r, NULL, NULL, 0, &line);
		tool_pass(in->tool, line.data, line.len);
	}
	buf_clear(&line);
	return true;
}
