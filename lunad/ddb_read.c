#include <string.h>

#include "ddb_number.h"
#include "ddb_value.h"
#include "text.h"

struct reader {
	struct ddb_pool *pool;
	bool stored;
	struct err *err;
};

static struct ddb_value *read_value(struct reader *r, struct json v, int depth);

static int
unreadable(struct reader *r, const char *text)
{
	return err_set(
	    r->err, ERR_REFUSED, "SerializationException", "%s", text);
}

/* What DynamoDB says of JSON that is no `wanted` ("String", "Boolean"). */
static int
wrong_scalar(struct reader *r, struct json v, const char *wanted)
{
	const char *found = "STRING_VALUE";
	switch (v.type) {
	case JSON_ARRAY:
		return err_set(r->err, ERR_REFUSED, "SerializationException",
		    "Unrecognized collection type class java.lang.%s", wanted);
	case JSON_OBJECT:
		return unreadable(
		    r, "Start of structure or map found where not expected");
	case JSON_TRUE:
		found = "TRUE_VALUE";
		break;
	case JSON_FALSE:
		found = "FALSE_VALUE";
		break;
	case JSON_NUMBER:
		found = "NUMBER_VALUE";
		for (size_t i = 0; i < v.len; i++)
			if (strchr(".eE", v.at[i]) != NULL)
				found = "DECIMAL_VALUE";
		break;
	default:
		break;
	}
	return err_set(r->err, ERR_REFUSED, "SerializationException",
	    "%s cannot be converted to %s", found, wanted);
}

/* A JSON string's text: borrowed when it has no escape. */
static int
read_text(struct reader *r, struct json v, const char **text, size_t *len)
{
	*text = v.at + 1;
	*len = v.len - 2;
	if (memchr(*text, '\\', *len) == NULL)
		return 0;
	struct buf decoded = {0};
	struct err why;
	int result = json_text(v, &decoded, &why);
	if (result == 0) {
		*len = decoded.len;
		*text = ddb_copy(r->pool, decoded.data, decoded.len);
	} else {
		unreadable(r, why.message);
	}
	buf_clear(&decoded);
	return result;
}

static int
read_number(struct reader *r, struct ddb_value *v)
{
	if (r->stored)
		return 0;
	struct ddb_number n;
	if (ddb_number_read(v->text, v->len, &n, r->err) != 0)
		return -1;
	char room[DDB_NUMBER_TEXT];
	struct buf text = {.data = room, .cap = sizeof(room)};
	ddb_number_print(&n, &text);
	if (text.len != v->len || memcmp(room, v->text, v->len) != 0)
		v->text = ddb_copy(r->pool, room, text.len);
	v->len = text.len;
	return 0;
}

static int
read_binary(struct reader *r, struct ddb_value *v)
{
	struct buf bytes = {0};
	if (v->len % 4 != 0)
		return err_set(r->err, ERR_REFUSED, "SerializationException",
		    "Base64 encoded length is expected a multiple of 4 bytes "
		    "but found: %zu",
		    v->len);
	int result = text_unbase64(v->text, v->len, &bytes);
	if (result == 0) {
		v->text = ddb_copy(r->pool, buf_text(&bytes), bytes.len);
		v->len = bytes.len;
	}
	buf_clear(&bytes);
	return result == 0 ? 0
			   : unreadable(r, "Invalid last non-pad Base64 "
					   "character dectected");
}

/* A scalar: S, N or B. */
static int
read_scalar(struct reader *r, struct json from, struct ddb_value *v)
{
	if (from.type != JSON_STRING && v->type == DDB_B)
		return unreadable(r, "only base-64-encoded strings are "
				     "convertible to bytes");
	if (from.type != JSON_STRING)
		return wrong_scalar(r, from, "String");
	if (read_text(r, from, &v->text, &v->len) != 0)
		return -1;
	if (v->type == DDB_N)
		return read_number(r, v);
	return v->type == DDB_B ? read_binary(r, v) : 0;
}

static int
read_truth(struct reader *r, struct json from, struct ddb_value *v)
{
	bool yes = from.type == JSON_TRUE || json_is(from, "true");
	if (!yes && from.type != JSON_FALSE && !json_is(from, "false"))
		return from.type == JSON_STRING
			   ? unreadable(
				 r, "Unexpected token received from parser")
			   : wrong_scalar(r, from, "Boolean");
	v->truth = yes;
	if (v->type == DDB_NULL && !yes)
		return ddb_invalid(r->err,
		    "One or more parameter values were invalid: Null "
		    "attribute value types must have the value of true");
	return 0;
}

/*
 * Merge two runs in order; of two members of one name the later one stays.
 */
static struct ddb_value *
merge(struct ddb_value *a, struct ddb_value *b,
    int (*compare)(const struct ddb_value *, const struct ddb_value *))
{
	struct ddb_value *first = NULL, **end = &first;
	while (a != NULL && b != NULL) {
		struct ddb_value **least = compare(a, b) <= 0 ? &a : &b;
		*end = *least;
		end = &(*least)->next;
		*least = (*least)->next;
	}
	*end = a != NULL ? a : b;
	return first;
}

static struct ddb_value *
sort(struct ddb_value *first, size_t count,
    int (*compare)(const struct ddb_value *, const struct ddb_value *))
{
	if (count < 2)
		return first;
	struct ddb_value *middle = first;
	for (size_t i = 1; i < count / 2; i++)
		middle = middle->next;
	struct ddb_value *second = middle->next;
	middle->next = NULL;
	return merge(sort(first, count / 2, compare),
	    sort(second, count - count / 2, compare), compare);
}

static int
by_name(const struct ddb_value *a, const struct ddb_value *b)
{
	size_t both = a->name_len < b->name_len ? a->name_len : b->name_len;
	int order = memcmp(a->name, b->name, both);
	if (order != 0 || a->name_len == b->name_len)
		return order;
	return a->name_len < b->name_len ? -1 : 1;
}

static void
order_members(struct ddb_value *map)
{
	const struct ddb_value *v = map->first;
	while (v != NULL && v->next != NULL && by_name(v, v->next) < 0)
		v = v->next;
	if (v == NULL || v->next == NULL)
		return;
	map->first = sort(map->first, map->len, by_name);
	for (struct ddb_value **at = &map->first; *at != NULL;) {
		struct ddb_value *next = (*at)->next;
		if (next != NULL && by_name(*at, next) == 0) {
			*at = next;
			map->len--;
		} else {
			at = &(*at)->next;
		}
	}
}

static int
duplicates(struct reader *r, struct json from, enum ddb_type type)
{
	struct buf list = {0};
	struct json_iter it;
	struct json v;
	if (type == DDB_NS)
		return ddb_invalid(
		    r->err, "Input collection contains duplicates");
	json_each(from, &it);
	while (json_next(&it, NULL, &v))
		buf_addf(&list, "%s%.*s", list.len > 0 ? ", " : "",
		    (int)v.len - 2, v.at + 1);
	ddb_invalid(r->err,
	    "One or more parameter values were invalid: Input collection "
	    "[%.300s]%s contains duplicates.",
	    buf_text(&list), type == DDB_BS ? "of type BS" : "");
	buf_clear(&list);
	return -1;
}

static int
read_set(struct reader *r, struct json from, struct ddb_value *set)
{
	static const enum ddb_type of[DDB_TYPES] = {
	    [DDB_SS] = DDB_S, [DDB_NS] = DDB_N, [DDB_BS] = DDB_B};
	struct ddb_value **end = &set->first;
	struct json_iter it;
	struct json v;
	json_each(from, &it);
	while (json_next(&it, NULL, &v)) {
		*end = ddb_value_new(r->pool, of[set->type]);
		if (read_scalar(r, v, *end) != 0)
			return -1;
		end = &(*end)->next;
		set->len++;
	}
	if (r->stored)
		return 0;
	if (set->len == 0)
		return ddb_invalid(r->err,
		    "One or more parameter values were invalid: %s",
		    set->type == DDB_BS   ? "Binary sets should not be empty"
		    : set->type == DDB_NS ? "An number set  may not be empty"
					  : "An string set  may not be empty");
	set->first = sort(set->first, set->len, ddb_value_compare);
	for (struct ddb_value *e = set->first; e->next != NULL; e = e->next)
		if (ddb_value_compare(e, e->next) == 0)
			return duplicates(r, from, set->type);
	return 0;
}

static int
read_list(struct reader *r, struct json from, struct ddb_value *list, int depth)
{
	struct ddb_value **end = &list->first;
	struct json_iter it;
	struct json v;
	json_each(from, &it);
	while (json_next(&it, NULL, &v)) {
		*end = read_value(r, v, depth + 1);
		if (*end == NULL)
			return -1;
		end = &(*end)->next;
		list->len++;
	}
	return 0;
}

static int
read_map(struct reader *r, struct json from, struct ddb_value *map, int depth)
{
	struct ddb_value **end = &map->first;
	struct json_iter it;
	struct json key, v;
	json_members(from, &it);
	while (json_next(&it, &key, &v)) {
		const char *name;
		size_t len;
		if (read_text(r, key, &name, &len) != 0)
			return -1;
		if (len == 0)
			return ddb_invalid(r->err, "Empty attribute name");
		*end = read_value(r, v, depth + 1);
		if (*end == NULL)
			return -1;
		(*end)->name = name;
		(*end)->name_len = len;
		end = &(*end)->next;
		map->len++;
	}
	if (!r->stored)
		order_members(map);
	return 0;
}

static int
read_collection(
    struct reader *r, struct json from, struct ddb_value *v, int depth)
{
	bool map = v->type == DDB_M;
	if (from.type == JSON_OBJECT && !map)
		return unreadable(
		    r, "Start of structure or map found where not expected");
	if (from.type == JSON_ARRAY && map)
		return unreadable(r,
		    "Unrecognized collection type java.util.Map<"
		    "java.lang.String, "
		    "com.amazonaws.dynamodb.v20120810.AttributeValue>");
	if (from.type != JSON_OBJECT && from.type != JSON_ARRAY)
		return unreadable(r, "Unexpected field type");
	if (map)
		return read_map(r, from, v, depth);
	return v->type == DDB_L ? read_list(r, from, v, depth)
				: read_set(r, from, v);
}

static int
read_typed(struct reader *r, struct json from, struct ddb_value *v, int depth)
{
	if (ddb_ordered(v->type))
		return read_scalar(r, from, v);
	if (v->type == DDB_BOOL || v->type == DDB_NULL)
		return read_truth(r, from, v);
	return read_collection(r, from, v, depth);
}

static int
not_a_value(struct reader *r, struct json v)
{
	if (v.type == JSON_ARRAY)
		return unreadable(r,
		    "Unrecognized collection type class "
		    "com.amazonaws.dynamodb.v20120810.AttributeValue");
	if (v.type != JSON_NULL)
		return unreadable(r, "Unexpected value type in payload");
	return ddb_invalid(r->err,
	    "Supplied AttributeValue is empty, must contain exactly one of "
	    "the supported datatypes");
}

static struct ddb_value *
read_value(struct reader *r, struct json from, int depth)
{
	struct ddb_value *v = NULL;
	struct json_iter it;
	struct json key, inner;
	if (from.type != JSON_OBJECT) {
		not_a_value(r, from);
		return NULL;
	}
	if (depth > DDB_DEPTH && !r->stored) {
		ddb_invalid(r->err,
		    "Nesting Levels have exceeded supported limits: Attributes "
		    "in the item have nested levels beyond supported limit");
		return NULL;
	}
	json_members(from, &it);
	while (json_next(&it, &key, &inner)) {
		enum ddb_type type = ddb_type_of(key.at + 1, key.len - 2);
		if (type == DDB_TYPES || inner.type == JSON_NULL)
			continue;
		if (v != NULL) {
			ddb_invalid(r->err,
			    "Supplied AttributeValue has more than one "
			    "datatypes set, must contain exactly one of the "
			    "supported datatypes");
			return NULL;
		}
		v = ddb_value_new(r->pool, type);
		if (read_typed(r, inner, v, depth) != 0)
			return NULL;
	}
	if (v == NULL)
		not_a_value(r, (struct json){.type = JSON_NULL});
	return v;
}

struct ddb_value *
ddb_value_read(
    struct ddb_pool *pool, struct json v, bool stored, struct err *err)
{
	struct reader r = {pool, stored, err};
	return read_value(&r, v, 1);
}

struct ddb_value *
ddb_item_read(
    struct ddb_pool *pool, struct json v, bool stored, struct err *err)
{
	struct reader r = {pool, stored, err};
	struct ddb_value *map = ddb_value_new(pool, DDB_M);
	return read_collection(&r, v, map, 0) == 0 ? map : NULL;
}
