#include "table.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "table_number.h"
#include "text.h"

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

/* What is equal when DynamoDB's values are. */
static void
add_comparable(struct json text, char type, struct buf *bytes)
{
	if (type != 'N') {
		json_text(text, bytes, NULL);
		return;
	}
	table_number_key(text.at + 1, text.len - 2, bytes);
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
