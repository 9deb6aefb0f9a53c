#include "csv_columns.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "json.h"
#include "mem.h"
#include "text.h"

static struct csv_column *
find(struct csv_column *column, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(column[i].name, name) == 0)
			return &column[i];
	return NULL;
}

static struct csv_column *
add(struct csv_column **column, size_t *count)
{
	*column = mem_grow(*column, *count + 1, sizeof(**column));
	struct csv_column *new = &(*column)[(*count)++];
	*new = (struct csv_column){0};
	return new;
}

/* One "NAME:TYPE" of len bytes. A name may have a colon, a type has none. */
static int
note_type(struct csv_columns *c, const char *item, size_t len, struct err *err)
{
	static const char *const words[] = {
	    [CSV_INT] = "int", [CSV_NUM] = "num", [CSV_BOOL] = "bool"};
	const char *colon = memrchr(item, ':', len);
	size_t name_len = colon == NULL ? 0 : (size_t)(colon - item);
	for (int type = CSV_INT; colon != NULL && type <= CSV_BOOL; type++) {
		if (strlen(words[type]) != len - name_len - 1 ||
		    memcmp(colon + 1, words[type], strlen(words[type])) != 0)
			continue;
		char *name = mem_text_of(item, name_len);
		if (find(c->typed, c->typed_count, name) != NULL) {
			free(name);
			break;
		}
		struct csv_column *new = add(&c->typed, &c->typed_count);
		new->name = name;
		new->type = (enum csv_type)type;
		return 0;
	}
	return err_set(err, ERR_SETUP, "Usage",
	    "--types wants NAME:int, NAME:num or NAME:bool, once a column, "
	    "not '%.*s'",
	    (int)(len < 200 ? len : 200), item);
}

int
csv_columns_type(struct csv_columns *c, const char *list, struct err *err)
{
	for (const char *at = list;; at++) {
		size_t len = strcspn(at, ",");
		if (note_type(c, at, len, err) != 0)
			return -1;
		at += len;
		if (*at == '\0')
			return 0;
	}
}

/* Is the row UTF-8? */
static bool
is_utf8(const struct csv *row, const char *text, size_t *good)
{
	*good = row->plain ? row->len : text_utf8(text, row->len);
	return *good == row->len;
}

/* The name of column i, which the columns before it do not have. */
static int
take_name(struct csv_columns *c, const struct csv *row, const char *text,
    size_t i, struct err *err)
{
	struct buf name = {0};
	csv_text(&row->field[i], text, &name);
	const char *bad = NULL;
	if (memchr(buf_text(&name), '\0', name.len) != NULL)
		bad = "has a NUL in its name";
	else if (find(c->column, c->count, buf_text(&name)) != NULL)
		bad = "has the name of another";
	else if (strcmp(buf_text(&name), "@metadata") == 0)
		bad = "has a name that is luna's own";
	if (bad != NULL) {
		err_set(err, ERR_SETUP, "BadHeader",
		    "column %zu, '%.200s', %s: give it another in the file",
		    i + 1, buf_text(&name), bad);
		buf_clear(&name);
		return -1;
	}
	struct csv_column *new = add(&c->column, &c->count);
	buf_add_char(&new->before, i == 0 ? '{' : ',');
	text_json_string(buf_text(&name), name.len, &new->before);
	buf_add_char(&new->before, ':');
	new->name = buf_take(&name);
	const struct csv_column *typed =
	    find(c->typed, c->typed_count, new->name);
	new->type = typed == NULL ? CSV_TEXT : typed->type;
	return 0;
}

int
csv_columns_header(struct csv_columns *c, const struct csv *row,
    const char *text, struct err *err)
{
	size_t good;
	if (!is_utf8(row, text, &good))
		return err_set(err, ERR_SETUP, "BadHeader",
		    "no UTF-8 at byte %zu: convert the file, as by iconv(1)",
		    good + 1);
	for (size_t i = 0; i < row->count; i++)
		if (take_name(c, row, text, i, err) != 0)
			return -1;
	for (size_t i = 0; i < c->typed_count; i++)
		if (find(c->column, c->count, c->typed[i].name) == NULL)
			return err_set(err, ERR_SETUP, "BadHeader",
			    "it has no column '%s', which --types names",
			    c->typed[i].name);
	return 0;
}

static bool
is_number(const char *at, size_t len, bool whole)
{
	struct json v;
	if (json_scan(at, len, &v, NULL) != 0 || v.type != JSON_NUMBER ||
	    v.len != len)
		return false;
	for (size_t i = 0; whole && i < len; i++)
		if (at[i] != '-' && (at[i] < '0' || at[i] > '9'))
			return false;
	return true;
}

/* Append a typed value that is not empty. */
static int
add_typed(enum csv_type type, const char *at, size_t len, struct buf *out)
{
	if (type == CSV_BOOL) {
		bool yes = len == 4 && strncasecmp(at, "true", 4) == 0;
		if (!yes && (len != 5 || strncasecmp(at, "false", 5) != 0))
			return -1;
		buf_add_text(out, yes ? "true" : "false");
		return 0;
	}
	if (!is_number(at, len, type == CSV_INT))
		return -1;
	buf_add(out, at, len);
	return 0;
}

static int
add_value(const struct csv_column *column, const struct csv *row, size_t i,
    const char *text, struct buf *out, struct err *err)
{
	static const char *const wanted[] = {[CSV_INT] = "whole number",
	    [CSV_NUM] = "number",
	    [CSV_BOOL] = "true or false"};
	const struct csv_field *f = &row->field[i];
	if (column->type == CSV_TEXT) {
		csv_json(row, f, text, out);
		return 0;
	}
	if (f->len == 0) {
		buf_add(out, "null", 4);
		return 0;
	}
	if (add_typed(column->type, text + f->at, f->len, out) == 0)
		return 0;
	return err_set(err, ERR_RECORD, "WrongType",
	    "column '%s' has '%.*s', no %s", column->name,
	    (int)(f->len < 100 ? f->len : 100), text + f->at,
	    wanted[column->type]);
}

int
csv_columns_row(const struct csv_columns *c, const struct csv *row,
    const char *text, struct buf *out, struct err *err)
{
	size_t good, was = out->len;
	if (row->count != c->count)
		return err_set(err, ERR_RECORD, "WrongWidth",
		    "%zu fields, but the header has %zu", row->count, c->count);
	if (!is_utf8(row, text, &good))
		return err_set(err, ERR_RECORD, "InvalidUtf8",
		    "no UTF-8 at byte %zu: convert the file, as by iconv(1)",
		    good + 1);
	for (size_t i = 0; i < c->count; i++) {
		const struct csv_column *column = &c->column[i];
		buf_add(out, column->before.data, column->before.len);
		if (add_value(column, row, i, text, out, err) != 0) {
			buf_cut(out, was);
			return -1;
		}
	}
	buf_add(out, "}", 1);
	return 0;
}

static void
clear(struct csv_column *column, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(column[i].name);
		buf_clear(&column[i].before);
	}
	free(column);
}

void
csv_columns_clear(struct csv_columns *c)
{
	clear(c->column, c->count);
	clear(c->typed, c->typed_count);
	*c = (struct csv_columns){0};
}
