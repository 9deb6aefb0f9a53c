/*
 * ddb-del - delete the item whose key each record carries
 *
 * In:  records with the table's key members
 * Out: the records, with @metadata.to.ddb = {TableName}
 * API: BatchWriteItem, DescribeTable
 */
#include "sink.h"
#include "table_batch.h"

static const struct tool_about about = {.name = "ddb-del",
    .synopsis = "TABLE",
    .kind = TOOL_READS | TOOL_CALLS | TOOL_SINKS,
    .min_operands = 1,
    .max_operands = 1};

static int
open_table(void *ctx, struct sink *sink, struct err *err)
{
	return table_batch_open(ctx, sink, "[", "]}}", err);
}

static int
encode(void *ctx, const struct record *r, size_t part, struct sink_entry *e,
    struct err *err)
{
	struct table_batch *t = ctx;
	(void)part;
	buf_add_text(&e->body, "{\"DeleteRequest\":{\"Key\":");
	if (table_key_of(&t->table, r, false, &e->body, &e->key, err) != 0)
		return -1;
	buf_add_text(&e->body, "}}");
	return 0;
}

static bool
settle(
    void *ctx, struct sink *s, const struct batch *b, const struct call *call)
{
	return table_batch_settle(ctx, s, b, call, "DeleteRequest", "Key");
}

static const struct sink_about sink_about = {.to = "ddb",
    .service = "dynamodb",
    .operation = "BatchWriteItem",
    .max_entries = 25,
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
	struct sink *sink = sink_open(&tool, &sink_about, &t, &err);
	int status = sink != NULL ? sink_run(sink) : tool_refused(&tool, &err);
	table_batch_clear(&t);
	return status;
}
