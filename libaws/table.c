#include "table.h"

#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "lookup.h"
#include "mem.h"
#include "text.h"

enum {
	DIGITS = 38, /* of a number */
	KEY_TEXT = 40,
	LARGE = 2048, /* bytes of an object that may have many members */
	FAR = 1 << 30 /* an exponent that no number of digits makes up for */
};

/* "ACTIVE" or not: a table that is being made has its schema already. */
static int
read_schema(struct table *t, struct json reply, struct err *err)
{
	struct json table = json_get(reply, "Table"), v;
	struct json_iter it;
	json_each(json_get(table, "AttributeDefinitions"), &it);
	while (json_next(&it, NULL, &v)) {
		char *type = json_dup(json_get(v, "AttributeType"));
		t->attribute = mem_grow(
		    t->attribute, t->attributes + 1, sizeof(*t->attribute));
		t->attribute[t->attributes++] =
		    (struct table_key){json_dup(json_get(v, "AttributeName")),
			type == NULL ? 'S' : type[0]};
		free(type);
	}
	json_each(json_get(table, "KeySchema"), &it);
	while (json_next(&it, NULL, &v)) {
		bool hash = json_is(json_get(v, "KeyType"), "HASH");
		struct table_key *k = hash ? &t->hash : &t->range;
		k->name = json_dup(json_get(v, "AttributeName"));
		if (k->name != NULL)
			k->type = table_type_of(t, k->name);
	}
	if (t->hash.name == NULL)
		return err_set(err, ERR_LATER, "InvalidReply",
		    "DescribeTable gave no key schema");
	return 0;
}

int
table_open(struct table *t, struct ident *ident, const char *name, bool ask,
    struct err *err)
{
	*t = (struct table){.name = mem_text(name)};
	if (!ask)
		return 0;
	struct buf body = {0};
	buf_add_char(&body, '{');
	text_json_member("TableName", name, &body);
	buf_add_char(&body, '}');
	struct call call = {.service = service_find("dynamodb"),
	    .operation = "DescribeTable",
	    .body = body.data,
	    .body_len = body.len};
	struct json reply;
	int r = call_run(ident_caller(ident), &call, err);
	if (r == 0)
		r = json_scan(call.reply.data, call.reply.len, &reply, err);
	if (r == 0)
		r = read_schema(t, reply, err);
	else
		err_prefix(err, "table %s", name);
	call_clear(&call);
	buf_clear(&body);
	return r;
}

void
table_close(struct table *t)
{
	for (size_t i = 0; i < t->attributes; i++)
		free(t->attribute[i].name);
	free(t->attribute);
	free(t->hash.name);
	free(t->range.name);
	free(t->name);
	*t = (struct table){0};
}

char
table_type_of(const struct table *t, const char *name)
{
	for (size_t i = 0; i < t->attributes; i++)
		if (t->attribute[i].name != NULL &&
		    strcmp(t->attribute[i].name, name) == 0)
			return t->attribute[i].type;
	return 0;
}

/* A number's significant digits and the power of ten of the first. */
struct decimal {
	bool negative;
	char digit[DIGITS + 1];
	size_t digits; /* 0: zero; more than DIGITS: only counted */
	long power;
};

static void
read_decimal(const char *text, size_t len, struct decimal *d)
{
	*d = (struct decimal){.negative = len > 0 && text[0] == '-'};
	long point = 0, exponent = 0;
	size_t zeros = 0; /* that follow; only significant before a digit */
	bool fraction = false;
	size_t i = d->negative ? 1 : 0;
	for (; i < len && text[i] != 'e' && text[i] != 'E'; i++) {
		if (text[i] == '.') {
			fraction = true;
			continue;
		}
		if (d->digits > 0 || text[i] != '0')
			point += !fraction;
		else
			point -= fraction;
		if (text[i] == '0') {
			zeros += d->digits > 0;
			continue;
		}
		for (; zeros > 0; zeros--, d->digits++)
			if (d->digits < DIGITS)
				d->digit[d->digits] = '0';
		if (d->digits < DIGITS)
			d->digit[d->digits] = text[i];
		d->digits++;
	}
	if (i < len)
		exponent = strtol(text + i + 1, NULL, 10);
	/* Far out of range is far enough; the sum must not overflow. */
	exponent = exponent > FAR ? FAR : exponent < -FAR ? -FAR : exponent;
	d->power = point - 1 + exponent;
	if (d->digits == 0)
		*d = (struct decimal){0};
}

static int
check_number(struct json n, struct err *err)
{
	struct decimal d;
	read_decimal(n.at, n.len, &d);
	int shown = n.len > KEY_TEXT ? KEY_TEXT : (int)n.len;
	if (d.digits > DIGITS)
		return err_set(err, ERR_RECORD, "NumberTooLong",
		    "%.*s has %zu digits; DynamoDB keeps %d", shown, n.at,
		    d.digits, DIGITS);
	if (d.digits > 0 && (d.power > 125 || d.power < -130))
		return err_set(err, ERR_RECORD, "NumberOutOfRange",
		    "%.*s is outside of 1E-130 to 9.99…E+125", shown, n.at);
	return 0;
}

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
		r = check_number(plain, err);
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

/* What is equal when DynamoDB's values are. */
static void
add_comparable(struct json text, char type, struct buf *bytes)
{
	if (type != 'N') {
		json_text(text, bytes, NULL);
		return;
	}
	struct decimal d;
	read_decimal(text.at + 1, text.len - 2, &d);
	size_t n = d.digits < DIGITS ? d.digits : DIGITS;
	buf_addf(bytes, "%c%.*se%ld", d.negative ? '-' : '+', (int)n, d.digit,
	    d.power);
}

static int
key_part(const struct table_key *k, struct json typed, struct buf *out,
    struct buf *bytes, struct err *err)
{
	struct json value = json_get(typed, k->name), type, text;
	struct json_iter it;
	json_each(value, &it);
	if (value.type != JSON_OBJECT || !json_next(&it, &type, &text))
		return err_set(err, ERR_RECORD, "MissingKey",
		    "no '%s', which is a key of the table", k->name);
	if (type.len != 3 || type.at[1] != k->type || text.type != JSON_STRING)
		return err_set(err, ERR_RECORD, "WrongKeyType",
		    "key '%s' is of type %.*s; the table wants %c", k->name,
		    (int)type.len - 2, type.at + 1, k->type);
	if (text.len == 2)
		return err_set(err, ERR_RECORD, "EmptyKey",
		    "key '%s' is empty, which DynamoDB does not take", k->name);
	if (out->len > 1)
		buf_add_char(out, ',');
	text_json_string(k->name, strlen(k->name), out);
	buf_add_char(out, ':');
	buf_add(out, value.at, value.len);
	add_comparable(text, k->type, bytes);
	buf_add_char(bytes, '\0');
	return 0;
}

int
table_key(const struct table *t, struct json typed, struct buf *out,
    struct buf *bytes, struct err *err)
{
	struct buf key = {0};
	int r = 0;
	buf_add_char(&key, '{');
	if (t->hash.name != NULL)
		r = key_part(&t->hash, typed, &key, bytes, err);
	if (r == 0 && t->range.name != NULL)
		r = key_part(&t->range, typed, &key, bytes, err);
	buf_add_char(&key, '}');
	buf_add(out, key.data, key.len);
	buf_clear(&key);
	return r;
}

int
table_key_of(const struct table *t, const struct record *r, bool typed,
    struct buf *out, struct buf *bytes, struct err *err)
{
	if (typed)
		return table_key(t, r->root, out, bytes, err);
	const char *names[] = {t->hash.name, t->range.name};
	struct buf item = {0};
	struct json view;
	size_t size = 0;
	int failed = 0;
	buf_add_char(&item, '{');
	for (size_t i = 0; i < 2 && failed == 0; i++) {
		struct json v = {0};
		if (names[i] != NULL)
			v = json_get(r->root, names[i]);
		if (v.type == JSON_NONE)
			continue;
		buf_add_text(&item, item.len > 1 ? "," : "");
		text_json_string(names[i], strlen(names[i]), &item);
		buf_add_char(&item, ':');
		failed = table_value(v, &item, &size, err);
	}
	buf_add_char(&item, '}');
	if (failed == 0)
		failed = json_scan(item.data, item.len, &view, err);
	if (failed == 0)
		failed = table_key(t, view, out, bytes, err);
	buf_clear(&item);
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
	add_comparable(a, 'N', &x);
	add_comparable(b, 'N', &y);
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
