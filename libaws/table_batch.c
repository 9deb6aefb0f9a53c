#include "table_batch.h"

#include <string.h>

#include "text.h"

int
table_batch_open(struct table_batch *t, struct sink *sink, const char *open,
    const char *tail, struct err *err)
{
	const struct tool *tool = sink_tool(sink);
	const char *name = tool->operand[0];
	struct buf head = {0};
	table_batch_clear(t);
	text_json_member("TableName", name, &t->fields);
	buf_add_text(&head, "{\"RequestItems\":{");
	text_json_string(name, strlen(name), &head);
	buf_addf(&head, ":%s", open);
	sink_wrap(sink, buf_text(&head), tail);
	buf_clear(&head);
	return table_open(
	    &t->table, sink_ident(sink), name, !tool->dry_run, err);
}

void
table_batch_clear(struct table_batch *t)
{
	table_close(&t->table);
	buf_clear(&t->fields);
	buf_clear(&t->bytes);
}

size_t
table_batch_find(struct table_batch *t, const struct batch *b, struct json item)
{
	struct buf key = {0};
	buf_reset(&t->bytes);
	int failed = table_key(&t->table, item, &key, &t->bytes, NULL);
	buf_clear(&key);
	for (size_t i = 0; !failed && i < b->count; i++)
		if (b->entry[i].key_len == t->bytes.len &&
		    memcmp(b->bytes.data + b->entry[i].key, t->bytes.data,
			t->bytes.len) == 0)
			return i;
	return SIZE_MAX;
}

void
table_batch_again(struct sink *s, size_t i)
{
	struct err err;
	err_set(&err, ERR_LATER, "Unprocessed",
	    "DynamoDB left it over: the table's capacity is used up");
	sink_again(s, i, &err);
}

bool
table_batch_settle(struct table_batch *t, struct sink *s, const struct batch *b,
    const struct call *call, const char *request, const char *member)
{
	struct json reply, v;
	struct json_iter it;
	if (call->err.kind != ERR_NONE)
		return false;
	if (json_scan(call->reply.data, call->reply.len, &reply, NULL) != 0 ||
	    json_get(reply, "UnprocessedItems").type != JSON_OBJECT)
		return true; /* it says nothing: all are sent again */
	/* One table was asked; its ARN may come back as its name. */
	struct json table = {0};
	json_each(json_get(reply, "UnprocessedItems"), &it);
	if (json_next(&it, NULL, &table)) {
		json_each(table, &it);
		while (json_next(&it, NULL, &v))
			table_batch_again(
			    s, table_batch_find(t, b,
				   json_get(json_get(v, request), member)));
	}
	for (size_t i = 0; i < b->count; i++)
		sink_accept(s, i, t->fields.data, t->fields.len);
	return true;
}
