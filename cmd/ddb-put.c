/*
 * ddb-put - put each record into a DynamoDB table
 *
 * In:  records
 * Out: the records, with @metadata.to.ddb = {TableName, Existed}
 * API: BatchWriteItem, PutItem (--new), DescribeTable
 */
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "sink.h"
#include "table.h"
#include "table_batch.h"
#include "text.h"

static bool only_new, typed;
static const char *ttl;

static const struct opt options[] = {
    {0, "new", OPT_FLAG, &only_new, NULL,
	"leave an item whose key is there as it is", 0, 0},
    {0, "ttl", OPT_TEXT, &ttl, "FIELD=SECONDS",
	"add when the item shall expire", 0, 0},
    {0, "typed", OPT_FLAG, &typed, NULL, "records are DynamoDB JSON", 0, 0},
    {0}};

static const struct tool_about about = {.name = "ddb-put",
    .synopsis = "[--new] [--ttl FIELD=SECONDS] [--typed] TABLE",
    .options = options,
    .kind = TOOL_READS | TOOL_CALLS | TOOL_SINKS,
    .min_operands = 1,
    .max_operands = 1};

struct putting {
	struct table_batch batch; /* first: what table_batch_settle is given */
	struct buf item;
	char *ttl_field;
	int64_t ttl_s;
};

static int
make_item(
    struct putting *p, const struct record *r, size_t *size, struct err *err)
{
	buf_reset(&p->item);
	if (typed) {
		record_payload(r, &p->item);
		*size += p->item.len;
	} else if (table_item(r, &p->item, size, err) != 0) {
		return -1;
	}
	if (*size > TABLE_ITEM)
		return err_set(err, ERR_RECORD, "TooLarge",
		    "an item of %zu bytes; DynamoDB takes %d", *size,
		    TABLE_ITEM);
	if (p->ttl_field == NULL)
		return 0;
	if (json_get(r->root, p->ttl_field).type != JSON_NONE)
		return err_set(err, ERR_RECORD, "RepeatedMember",
		    "it has '%s' already, which --ttl adds", p->ttl_field);
	while (p->item.len > 0 && p->item.data[p->item.len - 1] != '}')
		p->item.len--;
	p->item.len--;
	buf_add_text(&p->item, json_count(r->root) > 0 ? "," : "");
	text_json_string(p->ttl_field, strlen(p->ttl_field), &p->item);
	buf_addf(&p->item, ":{\"N\":\"%lld\"}}",
	    (long long)(text_now() / 1000 + p->ttl_s));
	return 0;
}

static int
encode(void *ctx, const struct record *r, size_t part, struct sink_entry *e,
    struct err *err)
{
	struct putting *p = ctx;
	struct buf key = {0};
	size_t size = 0;
	(void)part;
	int failed =
	    table_key_of(&p->batch.table, r, typed, &key, &e->key, err);
	buf_clear(&key);
	if (failed || make_item(p, r, &size, err) != 0)
		return -1;
	if (only_new) {
		buf_addf(&e->body, "\"Item\":%s", p->item.data);
	} else {
		buf_add_text(&e->body, "{\"PutRequest\":{\"Item\":");
		buf_add(&e->body, p->item.data, p->item.len);
		buf_add_text(&e->body, "}}");
	}
	return 0;
}

/* An earlier attempt, or an earlier call of the same entry, may have put it
 * there. */
static bool
is_ours(const struct batch *b, const struct call *call)
{
	struct json reply, ours;
	struct buf sent = {0};
	bool same = false;
	buf_add_char(&sent, '{');
	buf_add(&sent, b->bytes.data + b->entry[0].at, b->entry[0].len);
	buf_add_char(&sent, '}');
	if ((call->attempts > 1 || b->round > 0) &&
	    json_scan(call->reply.data, call->reply.len, &reply, NULL) == 0 &&
	    json_scan(sent.data, sent.len, &ours, NULL) == 0)
		same =
		    table_same(json_get(reply, "Item"), json_get(ours, "Item"));
	buf_clear(&sent);
	return same;
}

static bool
settle_new(
    void *ctx, struct sink *s, const struct batch *b, const struct call *call)
{
	struct putting *p = ctx;
	bool exists =
	    strcmp(call->err.code, "ConditionalCheckFailedException") == 0;
	if (call->err.kind != ERR_NONE && !exists)
		return false;
	struct buf fields = {0};
	buf_add(&fields, p->batch.fields.data, p->batch.fields.len);
	buf_addf(&fields, ",\"Existed\":%s",
	    exists && !is_ours(b, call) ? "true" : "false");
	sink_accept(s, 0, fields.data, fields.len);
	buf_clear(&fields);
	return true;
}

static bool
settle(
    void *ctx, struct sink *s, const struct batch *b, const struct call *call)
{
	struct putting *p = ctx;
	return table_batch_settle(&p->batch, s, b, call, "PutRequest", "Item");
}

static void
wrap_new(struct sink *sink, const struct table *t)
{
	struct buf tail = {0};
	buf_add_text(&tail, ",\"TableName\":");
	text_json_string(t->name, strlen(t->name), &tail);
	buf_add_text(&tail,
	    ",\"ConditionExpression\":\"attribute_not_exists(#k)\","
	    "\"ReturnValuesOnConditionCheckFailure\":\"ALL_OLD\","
	    "\"ExpressionAttributeNames\":{\"#k\":");
	const char *key = t->hash.name == NULL ? "" : t->hash.name;
	text_json_string(key, strlen(key), &tail);
	buf_add_text(&tail, "}}");
	sink_wrap(sink, "{", buf_text(&tail));
	buf_clear(&tail);
}

static int
open_table(void *ctx, struct sink *sink, struct err *err)
{
	struct putting *p = ctx;
	if (table_batch_open(&p->batch, sink, "[", "]}}", err) != 0)
		return -1;
	if (only_new)
		wrap_new(sink, &p->batch.table);
	return 0;
}

static struct sink_about sink_about = {.to = "ddb",
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

static void
read_ttl(struct tool *tool, struct putting *p)
{
	const char *equals = ttl == NULL ? NULL : strchr(ttl, '=');
	int64_t ms = 0;
	if (ttl == NULL)
		return;
	if (equals == NULL || equals == ttl ||
	    text_duration(equals + 1, &ms) != 0)
		tool_usage(tool, "--ttl wants FIELD=SECONDS, not '%s'", ttl);
	p->ttl_field = mem_text_of(ttl, (size_t)(equals - ttl));
	p->ttl_s = ms / 1000;
}

int
main(int argc, char **argv)
{
	struct tool tool;
	struct putting p = {0};
	struct err err;
	tool_start(&tool, &about, argc, argv);
	read_ttl(&tool, &p);
	if (only_new) {
		sink_about.operation = "PutItem";
		sink_about.max_entries = 1;
		sink_about.settle = settle_new;
	}
	struct sink *sink = sink_open(&tool, &sink_about, &p, &err);
	int status = sink != NULL ? sink_run(sink) : tool_refused(&tool, &err);
	table_batch_clear(&p.batch);
	buf_clear(&p.item);
	free(p.ttl_field);
	return status;
}
