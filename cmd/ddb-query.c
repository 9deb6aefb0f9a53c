/*
 * ddb-query - print items of a DynamoDB table
 *
 * In:  nothing
 * Out: an item a record, with @metadata.from.ddb = {TableName}
 * API: Query, Scan, DescribeTable
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "expression.h"
#include "ident.h"
#include "mem.h"
#include "table.h"
#include "text.h"
#include "tool.h"

static const char *index_name, *filter;
static bool reverse, typed;
static int64_t most = -1, segments = 1;

static const struct opt options[] = {
    {0, "index", OPT_TEXT, &index_name, "I", "of this index", 0, 0},
    {0, "filter", OPT_TEXT, &filter, "E", "only items for which E holds", 0, 0},
    {0, "reverse", OPT_FLAG, &reverse, NULL, "in descending order", 0, 0},
    {'n', "max", OPT_INTEGER, &most, "N", "so many items", 1, INT64_MAX},
    {0, "segments", OPT_INTEGER, &segments, "N",
	"scan so many parts side by side (1)", 1, 1000},
    {0, "typed", OPT_FLAG, &typed, NULL, "print DynamoDB JSON", 0, 0}, {0}};

static const struct tool_about about = {.name = "ddb-query",
    .synopsis = "[--index I] [--filter E] [--reverse] [-n N]\n"
		"[--segments N] [--typed] TABLE ['KEY CONDITION' "
		"[NAME=VALUE...]]",
    .options = options,
    .kind = TOOL_CALLS,
    .min_operands = 1,
    .max_operands = -1};

/* One walk through pages: the whole of it, or one segment's. */
struct walk {
	struct call call;
	struct buf body, next;
};

struct query {
	struct tool tool;
	struct table table;
	struct caller *caller;
	struct buf fixed; /* the parameters that stay, without braces */
	struct buf fields, item, line;
	struct walk *walk;
	bool scan;
	int64_t printed;
};

static int
make_parameters(struct query *q, struct err *err)
{
	struct tool *t = &q->tool;
	struct buf text = {0};
	int values = t->operand_count > 2 ? t->operand_count - 2 : 0;
	struct expression *e = expression_new(t->operand + 2, values, err);
	int r = e == NULL ? -1 : 0;
	text_json_member("TableName", t->operand[0], &q->fixed);
	if (r == 0 && !q->scan) {
		r = expression_add(e, t->operand[1], &q->table, &text, err);
		text_json_member(
		    "KeyConditionExpression", buf_text(&text), &q->fixed);
	}
	if (r == 0 && filter != NULL) {
		buf_reset(&text);
		r = expression_add(e, filter, &q->table, &text, err);
		text_json_member(
		    "FilterExpression", buf_text(&text), &q->fixed);
	}
	if (r == 0)
		r = expression_finish(e, &q->fixed, err);
	if (index_name != NULL)
		text_json_member("IndexName", index_name, &q->fixed);
	if (reverse)
		buf_add_text(&q->fixed, ",\"ScanIndexForward\":false");
	expression_free(e);
	buf_clear(&text);
	return r;
}

static void
ask(struct query *q, int64_t segment)
{
	struct walk *w = &q->walk[segment];
	struct buf reply = w->call.reply;
	buf_reset(&w->body);
	buf_addf(&w->body, "{%s", buf_text(&q->fixed));
	if (segments > 1)
		buf_addf(&w->body, ",\"Segment\":%lld,\"TotalSegments\":%lld",
		    (long long)segment, (long long)segments);
	if (most > 0 && filter == NULL && most - q->printed < 1000)
		buf_addf(&w->body, ",\"Limit\":%lld",
		    (long long)(most - q->printed));
	if (w->next.len > 0)
		buf_addf(&w->body, ",\"ExclusiveStartKey\":%s", w->next.data);
	buf_add_char(&w->body, '}');
	w->call = (struct call){.reply = reply,
	    .service = service_find("dynamodb"),
	    .operation = q->scan ? "Scan" : "Query",
	    .body = w->body.data,
	    .body_len = w->body.len,
	    .user = w};
	call_start(q->caller, &w->call);
}

static void
print_item(struct query *q, struct json item)
{
	buf_reset(&q->item);
	buf_reset(&q->line);
	if (typed)
		json_compact(item, &q->item);
	else
		table_plain_item(item, &q->item);
	record_from(q->item.data, q->item.len, "ddb", q->fields.data,
	    q->fields.len, &q->line);
	tool_print(&q->tool, q->line.data, q->line.len);
	q->printed++;
}

/* Print a page; true: there is another. */
static bool
take_page(struct query *q, struct walk *w, struct err *err)
{
	struct json reply, item;
	struct json_iter it;
	if (w->call.err.kind != ERR_NONE) {
		*err = w->call.err;
		return false;
	}
	if (json_scan(w->call.reply.data, w->call.reply.len, &reply, NULL) !=
		0 ||
	    json_get(reply, "Items").type != JSON_ARRAY) {
		err_set(err, ERR_LATER, "InvalidReply",
		    "the reply to %s has no items", w->call.operation);
		return false;
	}
	json_each(json_get(reply, "Items"), &it);
	while ((most < 0 || q->printed < most) && json_next(&it, NULL, &item))
		print_item(q, item);
	struct json last = json_get(reply, "LastEvaluatedKey");
	buf_reset(&w->next);
	if (last.type == JSON_OBJECT && json_count(last) > 0)
		json_compact(last, &w->next);
	return w->next.len > 0 && (most < 0 || q->printed < most);
}

static void
walk_all(struct query *q)
{
	struct call *call;
	struct err err = {0};
	for (int64_t i = 0; i < segments; i++)
		ask(q, i);
	while (call_running(q->caller) > 0 && err.kind == ERR_NONE &&
	       !q->tool.out_failed) {
		struct pollfd fd = {.fd = q->tool.stop_fd, .events = POLLIN};
		call_poll(q->caller, &fd, 1, -1);
		while ((call = call_next(q->caller)) != NULL) {
			struct walk *w = call->user;
			if (take_page(q, w, &err))
				ask(q, w - q->walk);
		}
		tool_flush(&q->tool);
		if (tool_stopping(&q->tool) && call_running(q->caller) > 0)
			err_set(&err, ERR_LATER, "Interrupted",
			    "a signal came before the last page");
	}
	if (err.kind == ERR_NONE)
		return;
	tool_report(&q->tool, 0, &err);
	q->tool.later |= err.kind == ERR_LATER;
	q->tool.set_up_failed |= err.kind != ERR_LATER;
	q->tool.accepted = (uint64_t)q->printed;
}

static int
prepare(struct query *q, struct ident *ident, struct err *err)
{
	const char *name = q->tool.operand[0];
	q->caller = ident_caller(ident);
	call_stop_on(q->caller, q->tool.stop_fd);
	text_json_member("TableName", name, &q->fields);
	if (table_open(&q->table, ident, name, true, err) != 0)
		return -1;
	return make_parameters(q, err);
}

int
main(int argc, char **argv)
{
	struct query q = {0};
	struct err err;
	tool_start(&q.tool, &about, argc, argv);
	q.scan = q.tool.operand_count < 2 || q.tool.operand[1][0] == '\0';
	if (segments > 1 && !q.scan)
		tool_usage(&q.tool, "--segments is for scans: with a key "
				    "condition there is one part");
	if (reverse && q.scan)
		tool_usage(&q.tool, "--reverse wants a key condition: a scan "
				    "has no order");
	struct ident *ident =
	    ident_open(&q.tool.conf, about.name, (size_t)segments, &err);
	q.walk = mem_alloc((size_t)segments * sizeof(*q.walk));
	int r = ident == NULL ? -1 : 0;
	if (r == 0)
		r = prepare(&q, ident, &err);
	if (r == 0)
		walk_all(&q);
	for (int64_t i = 0; i < segments; i++) {
		call_clear(&q.walk[i].call);
		buf_clear(&q.walk[i].body);
		buf_clear(&q.walk[i].next);
	}
	free(q.walk);
	struct buf *bufs[] = {&q.fixed, &q.fields, &q.item, &q.line};
	for (size_t i = 0; i < 4; i++)
		buf_clear(bufs[i]);
	table_close(&q.table);
	ident_close(ident);
	return r == 0 ? tool_finish(&q.tool) : tool_refused(&q.tool, &err);
}
