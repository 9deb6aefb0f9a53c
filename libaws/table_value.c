/*
 * Plain values as typed ones and back.
 */
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "lookup.h"
#include "table.h"
#include "table_number.h"

#define LARGE 2048 /* bytes of an object that may have many members */

static int value_at(
    struct json plain, struct buf *out, size_t *size, struct err *err);

static bool
same_text(struct json a, struct json b)
{
	struct buf x = {0}, y = {0};
	bool same = json_text(a, &x, NULL) == 0 &&
		    json_text(b, &y, NULL) == 0 && x.len == y.len &&
		    memcmp(buf_text(&x), buf_text(&y), x.len) == 0;
	buf_clear(&x);
	buf_clear(&y);
	return same;
}

static bool
has_escapes(struct json string)
{
	return memchr(string.at, '\\', string.len) != NULL;
}

/* Bytes decide, unless one of them is written with escapes. */
static bool
same_key(struct json a, struct json b)
{
	if (a.len == b.len && memcmp(a.at, b.at, a.len) == 0)
		return true;
	return (has_escapes(a) || has_escapes(b)) && same_text(a, b);
}

/* Does a member before this one have its name? */
static bool
stands_before(struct json object, struct json key)
{
	struct json_iter it;
	struct json other, value;
	json_each(object, &it);
	while (json_next(&it, &other, &value) && other.at != key.at)
		if (same_key(other, key))
			return true;
	return false;
}

/* The same for objects of many members: seen has the names so far. */
static bool
repeated(struct json object, struct json key, struct lookup *seen)
{
	struct buf name = {0};
	if (object.len < LARGE)
		return stands_before(object, key);
	json_text(key, &name, NULL);
	bool first = lookup_put(seen, batch_hash(buf_text(&name), name.len), 0);
	buf_clear(&name);
	return !first && stands_before(object, key);
}

/* Is it text at all, and there only once? */
static int
check_name(
    struct json object, struct json key, struct lookup *seen, struct err *err)
{
	struct buf name = {0};
	int r = has_escapes(key) ? json_text(key, &name, err) : 0;
	buf_clear(&name);
	if (r == 0 && repeated(object, key, seen))
		r = err_set(err, ERR_RECORD, "RepeatedMember",
		    "member %.*s stands there twice", (int)key.len, key.at);
	return r;
}

/* The members of an object but the one named `but`, each typed. */
static int
add_members(struct json object, const char *but, struct buf *out, size_t *size,
    struct err *err)
{
	struct json_iter it;
	struct json key, value;
	struct lookup seen = {0};
	const char *comma = "";
	int r = 0;
	json_each(object, &it);
	while (r == 0 && json_next(&it, &key, &value)) {
		if (but != NULL && json_is(key, but))
			continue;
		buf_add_text(out, comma);
		buf_add(out, key.at, key.len);
		buf_add_char(out, ':');
		*size += key.len - 2;
		r = check_name(object, key, &seen, err);
		if (r == 0)
			r = value_at(value, out, size, err);
		comma = ",";
	}
	lookup_clear(&seen);
	return r;
}

static int
list_at(struct json list, struct buf *out, size_t *size, struct err *err)
{
	struct json_iter it;
	struct json value;
	const char *comma = "";
	json_each(list, &it);
	while (json_next(&it, NULL, &value)) {
		buf_add_text(out, comma);
		*size += 1;
		if (value_at(value, out, size, err) != 0)
			return -1;
		comma = ",";
	}
	return 0;
}

static int
value_at(struct json plain, struct buf *out, size_t *size, struct err *err)
{
	int r = 0;
	struct buf text = {0};
	switch (plain.type) {
	case JSON_STRING:
		r = json_text(plain, &text, err); /* is it text at all? */
		*size += text.len;
		buf_clear(&text);
		buf_add_text(out, "{\"S\":");
		buf_add(out, plain.at, plain.len);
		break;
	case JSON_NUMBER:
		r = table_number_check(plain.at, plain.len, err);
		*size += plain.len / 2 + 2;
		buf_add_text(out, "{\"N\":\"");
		buf_add(out, plain.at, plain.len);
		buf_add_char(out, '"');
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		*size += 1;
		buf_add_text(out, "{\"BOOL\":");
		buf_add(out, plain.at, plain.len);
		break;
	case JSON_ARRAY:
		*size += 3;
		buf_add_text(out, "{\"L\":[");
		r = list_at(plain, out, size, err);
		buf_add_char(out, ']');
		break;
	case JSON_OBJECT:
		*size += 3;
		buf_add_text(out, "{\"M\":{");
		r = add_members(plain, NULL, out, size, err);
		buf_add_char(out, '}');
		break;
	default:
		*size += 1;
		buf_add_text(out, "{\"NULL\":true");
	}
	buf_add_char(out, '}');
	return r;
}

int
table_value(struct json plain, struct buf *out, size_t *size, struct err *err)
{
	return value_at(plain, out, size, err);
}

int
table_item(
    const struct record *r, struct buf *out, size_t *size, struct err *err)
{
	buf_add_char(out, '{');
	int failed = add_members(r->root, "@metadata", out, size, err);
	buf_add_char(out, '}');
	return failed;
}

/* A number's text is JSON's, but for what an emulator may think of. */
static void
plain_number(struct json text, struct buf *out)
{
	struct json n;
	if (json_scan(text.at + 1, text.len - 2, &n, NULL) == 0 &&
	    n.type == JSON_NUMBER)
		buf_add(out, n.at, n.len);
	else
		buf_add(out, text.at, text.len);
}

static void
plain_list(struct json list, char type, struct buf *out)
{
	struct json_iter it;
	struct json v;
	const char *comma = "";
	buf_add_char(out, '[');
	json_each(list, &it);
	while (json_next(&it, NULL, &v)) {
		buf_add_text(out, comma);
		if (type == 'L')
			table_plain(v, out);
		else if (type == 'N')
			plain_number(v, out);
		else
			buf_add(out, v.at, v.len);
		comma = ",";
	}
	buf_add_char(out, ']');
}

void
table_plain(struct json typed, struct buf *out)
{
	struct json_iter it;
	struct json type, v;
	json_each(typed, &it);
	if (!json_next(&it, &type, &v))
		buf_add_text(out, "null");
	else if (json_is(type, "N"))
		plain_number(v, out);
	else if (json_is(type, "M"))
		table_plain_item(v, out);
	else if (json_is(type, "L") || json_is(type, "SS") ||
		 json_is(type, "NS") || json_is(type, "BS"))
		plain_list(v, type.at[1], out);
	else if (json_is(type, "NULL"))
		buf_add_text(out, "null");
	else
		buf_add(out, v.at, v.len);
}

void
table_plain_item(struct json item, struct buf *out)
{
	struct json_iter it;
	struct json name, v;
	const char *comma = "";
	buf_add_char(out, '{');
	json_each(item, &it);
	while (json_next(&it, &name, &v)) {
		buf_add_text(out, comma);
		buf_add(out, name.at, name.len);
		buf_add_char(out, ':');
		table_plain(v, out);
		comma = ",";
	}
	buf_add_char(out, '}');
}

static bool
same_number(struct json a, struct json b)
{
	struct buf x = {0}, y = {0};
	table_number_key(a.at + 1, a.len - 2, &x);
	table_number_key(b.at + 1, b.len - 2, &y);
	bool same = strcmp(buf_text(&x), buf_text(&y)) == 0;
	buf_clear(&x);
	buf_clear(&y);
	return same;
}

bool
table_same(struct json a, struct json b)
{
	struct json_iter i, j;
	struct json key, x, y;
	if (a.type != b.type || json_count(a) != json_count(b))
		return false;
	if (a.type == JSON_STRING)
		return same_text(a, b);
	json_each(a, &i);
	json_each(b, &j);
	while (json_next(&i, &key, &x)) {
		if (a.type == JSON_OBJECT) {
			char *name = json_dup(key);
			y = name == NULL ? (struct json){0} : json_get(b, name);
			free(name);
		} else if (!json_next(&j, NULL, &y)) {
			return false;
		}
		bool number = a.type == JSON_OBJECT && json_is(key, "N") &&
			      x.type == JSON_STRING && y.type == JSON_STRING;
		if (!(number ? same_number(x, y) : table_same(x, y)))
			return false;
	}
	return true;
}
