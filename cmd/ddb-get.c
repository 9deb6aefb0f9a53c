/*
 * ddb-get - look up the item whose key each record carries
 *
 * In:  records with the table's key members
 * Out: the records, joined with their items
 * API: BatchGetItem, DescribeTable
 */
#include <string.h>

#include "sink.h"
#include "table_batch.h"

static const char *into, *miss = "drop";

static const struct opt options[] = {
    {0, "into", OPT_TEXT, &into, "FIELD",
	"put the item there, instead of its members into the record", 0, 0},
    {0, "miss", OPT_TEXT, &miss, "drop|keep|fail",
	"what becomes of a record without an item (drop)", 0, 0},
    {0}};

static const struct tool_about about = {.name = "ddb-get",
    .synopsis = "[--into FIELD] [--miss drop|keep|fail] TABLE",
    .options = options,
    .kind = TOOL_READS | TOOL_CALLS | TOOL_SINKS,
    .min_operands = 1,
    .max_operands = 1};

static int
open_table(void *ctx, struct sink *sink, struct err *err)
{
	return table_batch_open(
	    ctx, sink, "{\"ConsistentRead\":true,\"Keys\":[", "]}}}", err);
}

static int
encode(void *ctx, const struct record *r, size_t part, struct sink_entry *e,
    struct err *err)
{
	struct table_batch *t = ctx;
	(void)part;
	return table_key_of(&t->table, r, false, &e->body, &e->key, err);
}

/* The record with one member set; line is replaced. */
static void
set(struct buf *line, uint64_t number, const char *name, size_t name_len,
    const struct buf *value)
{
	struct record r;
	struct buf was = *line, key = {0};
	*line = (struct buf){0};
	buf_add(&key, name, name_len);
	if (record_parse(&r, was.data, was.len, number, NULL) == 0)
		record_set(&r, buf_text(&key), value->data, value->len, line);
	buf_clear(&key);
	buf_clear(&was);
}

static void
join(struct sink *s, const struct batch *b, size_t i, struct json item)
{
	const struct record *r = sink_record(b, i);
	struct buf line = {0}, value = {0}, name = {0};
	struct json_iter it;
	struct json key, typed;
	struct err err;
	if (into == NULL && json_get(item, "@metadata").type != JSON_NONE) {
		err_set(&err, ERR_RECORD, "ForeignMetadata",
		    "its item has an attribute @metadata: use --into");
		sink_refuse(s, i, &err);
		return;
	}
	record_emit(r, NULL, "", 0, &line);
	if (into != NULL) {
		table_plain_item(item, &value);
		set(&line, r->number, into, strlen(into), &value);
	}
	json_each(item, &it);
	while (into == NULL && json_next(&it, &key, &typed)) {
		buf_reset(&value);
		buf_reset(&name);
		table_plain(typed, &value);
		if (json_text(key, &name, NULL) == 0)
			set(&line, r->number, buf_text(&name), name.len,
			    &value);
	}
	sink_accept_line(s, i, line.data, line.len);
	buf_clear(&line);
	buf_clear(&value);
	buf_clear(&name);
}

static void
missed(struct sink *s, const struct batch *b, size_t i)
{
	struct buf line = {0};
	struct err err;
	if (strcmp(miss, "fail") == 0) {
		err_set(&err, ERR_RECORD, "NoItem",
		    "the table has no item of its key");
		sink_refuse(s, i, &err);
		return;
	}
	if (strcmp(miss, "keep") == 0)
		record_emit(sink_record(b, i), NULL, "", 0, &line);
	sink_accept_line(s, i, buf_text(&line), line.len);
	buf_clear(&line);
}

/* The first (and only) table of {"TABLE": …}. */
static struct json
only_table(struct json tables)
{
	struct json_iter it;
	struct json table = {0};
	json_each(tables, &it);
	json_next(&it, NULL, &table);
	return table;
}

static bool
settle(
    void *ctx, struct sink *s, const struct batch *b, const struct call *call)
{
	struct table_batch *t = ctx;
	struct json reply, v;
	struct json_iter it;
	if (call->err.kind != ERR_NONE)
		return false;
	if (json_scan(call->reply.data, call->reply.len, &reply, NULL) != 0 ||
	    json_get(reply, "Responses").type != JSON_OBJECT)
		return true; /* it says nothing: all are asked again */
	json_each(only_table(json_get(reply, "Responses")), &it);
	while (json_next(&it, NULL, &v)) {
		size_t i = table_batch_find(t, b, v);
		if (i < b->count)
			join(s, b, i, v);
	}
	json_each(
	    json_get(only_table(json_get(reply, "UnprocessedKeys")), "Keys"),
	    &it);
	while (json_next(&it, NULL, &v))
		table_batch_again(s, table_batch_find(t, b, v));
	for (size_t i = 0; i < b->count; i++)
		missed(s, b, i); /* of those that nothing was said of */
	return true;
}

static const struct sink_about sink_about = {.to = "ddb",
    .service = "dynamodb",
    .operation = "BatchGetItem",
    .max_entries = 100,
    .max_bytes = TABLE_BATCH,
    .one_of_a_key = true,
    .join = ",",
    .reply = SINK_CUSTOM,
    .open = open_table,
    .encode = encode,
    .settle = settle};

int
main(int argc, char **argv)
{
	struct tool tool;
	struct table_batch t = {0};
	struct err err;
	tool_start(&tool, &about, argc, argv);
	if (strcmp(miss, "drop") != 0 && strcmp(miss, "keep") != 0 &&
	    strcmp(miss, "fail") != 0)
		tool_usage(
		    &tool, "--miss wants drop, keep or fail, not '%s'", miss);
	if (into != NULL && strcmp(into, "@metadata") == 0)
		tool_usage(&tool, "--into wants a field of the payload");
	struct sink *sink = sink_open(&tool, &sink_about, &t, &err);
	int status = sink != NULL ? sink_run(sink) : tool_refused(&tool, &err);
	table_batch_clear(&t);
	return status;
}
