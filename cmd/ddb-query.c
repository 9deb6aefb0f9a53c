/*
 * ddb-query - print items of a DynamoDB table
 *
 * In:  nothing
 * Out: an item a record, with @metadata.from.ddb = {TableName}
 * API: Query, Scan, DescribeTable
 */
#include <poll.h>
#include <stdlib.h>

#include "expression.h"
#include "ident.h"
#include "mem.h"
#include "table.h"
#include "table_page.h"
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

struct query {
	struct tool tool;
	struct table table;
	struct caller *caller;
	struct buf fixed; /* the parameters that stay, without braces */
	struct buf fields, item, line;
	struct table_page *walk; /* a segment each */
	bool scan;
	int64_t printed;
};

static int
make_parameters(struct query *q, struct err *err)
{
	const struct tool *t = &q->tool;
	const struct expression_query asked = {.table = t->operand[0],
	    .index = index_name,
	    .key = q->scan ? NULL : t->operand[1],
	    .filter = filter,
	    .reverse = reverse,
	    .value = t->operand + 2,
	    .values = t->operand_count > 2 ? t->operand_count - 2 : 0};
	return expression_query(&asked, &q->table, &q->fixed, err);
}

static void
ask(struct query *q, int64_t segment)
{
	struct table_page_about page = {.scan = q->scan,
	    .fixed = buf_text(&q->fixed),
	    .segment = segment,
	    .segments = segments};
	if (most > 0 && filter == NULL && most - q->printed < 1000)
		page.limit = most - q->printed;
	table_page_ask(&q->walk[segment], q->caller, &page);
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
take_page(struct query *q, struct table_page *p, struct err *err)
{
	struct json items, item;
	struct json_iter it;
	if (table_page_take(p, &items, err) != 0)
		return false;
	json_each(items, &it);
	while ((most < 0 || q->printed < most) && json_next(&it, NULL, &item))
		print_item(q, item);
	return table_page_more(p) && (most < 0 || q->printed < most);
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
			struct table_page *p = call->user;
			if (take_page(q, p, &err))
				ask(q, p - q->walk);
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
	for (int64_t i = 0; i < segments; i++)
		table_page_clear(&q.walk[i]);
	free(q.walk);
	struct buf *bufs[] = {&q.fixed, &q.fields, &q.item, &q.line};
	for (size_t i = 0; i < 4; i++)
		buf_clear(bufs[i]);
	table_close(&q.table);
	ident_close(ident);
	return r == 0 ? tool_finish(&q.tool) : tool_refused(&q.tool, &err);
}
