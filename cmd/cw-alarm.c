/*
 * cw-alarm - print CloudWatch alarms, or their history
 *
 * In:  nothing
 * Out: an alarm, or an item of the history, a record; as the service says it
 * API: DescribeAlarms, DescribeAlarmHistory
 */
#include <string.h>

#include "ident.h"
#include "text.h"
#include "tool.h"

static const char *state;
static bool history;

static const struct opt options[] = {
    {0, "state", OPT_TEXT, &state, "S",
	"only those that are OK, ALARM or INSUFFICIENT_DATA", 0, 0},
    {0, "history", OPT_FLAG, &history, NULL,
	"what happened to them, oldest first", 0, 0},
    {0}};

static const struct tool_about about = {.name = "cw-alarm",
    .synopsis = "[--state S] [--history] [NAME...]",
    .options = options,
    .kind = TOOL_CALLS,
    .max_operands = -1};

/* Alarms are asked for by name together; the history of each by itself. */
static void
make_body(
    const struct tool *t, int name, const struct buf *next, struct buf *out)
{
	buf_reset(out);
	buf_add_char(out, '{');
	if (history) {
		if (name < t->operand_count)
			text_json_member("AlarmName", t->operand[name], out);
		text_json_member("ScanBy", "TimestampAscending", out);
	} else {
		buf_add_text(
		    out, "\"AlarmTypes\":[\"MetricAlarm\",\"CompositeAlarm\"]");
		if (state != NULL)
			text_json_member("StateValue", state, out);
		for (int i = 0; i < t->operand_count; i++) {
			buf_add_text(out, i == 0 ? ",\"AlarmNames\":[" : ",");
			text_json_string(
			    t->operand[i], strlen(t->operand[i]), out);
		}
		if (t->operand_count > 0)
			buf_add_char(out, ']');
	}
	if (next->len > 0)
		text_json_member("NextToken", next->data, out);
	buf_add_char(out, '}');
}

static void
print_list(struct tool *t, struct json list)
{
	struct json_iter it;
	struct json v;
	json_each(list, &it);
	while (json_next(&it, NULL, &v)) {
		struct buf body = {0}, line = {0};
		json_compact(v, &body);
		record_from(body.data, body.len, "cw", "", 0, &line);
		tool_print(t, line.data, line.len);
		buf_clear(&body);
		buf_clear(&line);
	}
}

static int
take_page(
    struct tool *t, const struct call *call, struct buf *next, struct err *err)
{
	static const char *const lists[] = {
	    "MetricAlarms", "CompositeAlarms", "AlarmHistoryItems"};
	struct json reply = {0}, token;
	bool any = false;
	json_scan(call->reply.data, call->reply.len, &reply, NULL);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct json list = json_get(reply, lists[i]);
		any |= list.type == JSON_ARRAY;
		print_list(t, list);
	}
	if (!any)
		return err_set(err, ERR_LATER, "InvalidReply",
		    "the reply to %s has no list", call->operation);
	buf_reset(next);
	token = json_get(reply, "NextToken");
	return token.type == JSON_STRING ? json_text(token, next, err) : 0;
}

static int
get_pages(struct tool *t, struct ident *ident, int name, struct err *err)
{
	struct buf body = {0}, next = {0}, reply = {0};
	int r;
	do {
		if (tool_stopping(t)) {
			r = err_set(err, ERR_LATER, "Interrupted",
			    "a signal came before the last page");
			break;
		}
		make_body(t, name, &next, &body);
		struct call call = {.service = service_find("cloudwatch"),
		    .operation =
			history ? "DescribeAlarmHistory" : "DescribeAlarms",
		    .body = body.data,
		    .body_len = body.len,
		    .reply = reply};
		r = call_run(ident_caller(ident), &call, err);
		if (r == 0)
			r = take_page(t, &call, &next, err);
		reply = call.reply;
	} while (r == 0 && next.len > 0 && tool_flush(t) == 0);
	buf_clear(&body);
	buf_clear(&next);
	buf_clear(&reply);
	return r;
}

int
main(int argc, char **argv)
{
	struct tool tool;
	struct err err;
	tool_start(&tool, &about, argc, argv);
	if (state != NULL && strcmp(state, "OK") != 0 &&
	    strcmp(state, "ALARM") != 0 &&
	    strcmp(state, "INSUFFICIENT_DATA") != 0)
		tool_usage(&tool,
		    "--state wants OK, ALARM or "
		    "INSUFFICIENT_DATA, not '%s'",
		    state);
	if (state != NULL && history)
		tool_usage(&tool, "--state and --history exclude each other");
	struct ident *ident = ident_open(&tool.conf, about.name, 1, &err);
	int name = 0, r = ident == NULL ? -1 : 0;
	if (r == 0)
		call_stop_on(ident_caller(ident), tool.stop_fd);
	do
		if (r == 0)
			r = get_pages(&tool, ident, name, &err);
	while (r == 0 && history && ++name < tool.operand_count);
	ident_close(ident);
	return r == 0 ? tool_finish(&tool) : tool_refused(&tool, &err);
}
