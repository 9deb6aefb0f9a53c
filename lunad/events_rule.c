#include <stdlib.h>
#include <string.h>

#include "events.h"
#include "pattern.h"
#include "schedule.h"
#include "store.h"

#define PATTERN_MAX 4096

static const char states[] =
    "ENABLED, DISABLED, ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS";

static int
refuse_pattern(struct request *r, const char *pattern)
{
	struct buf why = {0};
	int status = pattern_check(pattern, strlen(pattern), &why);
	if (status != 0)
		fail(r, 400, "InvalidEventPatternException",
		    "Event pattern is not valid. Reason: %s", buf_text(&why));
	buf_clear(&why);
	return status;
}

static int
check_rule(struct request *r, const char *bus, struct schedule *schedule)
{
	const char *name = param(r, "Name");
	const char *pattern = param(r, "EventPattern");
	const char *expression = param(r, "ScheduleExpression");
	const char *state = param(r, "State");
	if (check_there(r, name, "name") != 0 ||
	    check_length(r, name, "name", 1, 64) != 0 ||
	    check_word(r, name, "name") != 0)
		return -1;
	if (state != NULL && check_enum(r, state, "state", states) != 0)
		return -1;
	if (!events_bus_exists(r->store, r->region, bus))
		return events_no_bus(r, bus);
	if (pattern == NULL && expression == NULL)
		return fail(r, 400, "ValidationException",
		    "Parameter(s) EventPattern or ScheduleExpression must be "
		    "specified.");
	if (expression != NULL && strcmp(bus, "default") != 0)
		return fail(r, 400, "ValidationException",
		    "ScheduleExpression is supported only on the default "
		    "event bus.");
	if (expression != NULL && schedule_parse(expression, schedule) != 0)
		return fail(r, 400, "ValidationException",
		    "Parameter ScheduleExpression is not valid.");
	if (pattern != NULL &&
	    check_length(r, pattern, "eventPattern", 0, PATTERN_MAX) != 0)
		return -1;
	return pattern == NULL ? 0 : refuse_pattern(r, pattern);
}

/* An int64_t, or null where there is no next time. */
static void
set_next(struct store *s, const char *region, const char *bus, const char *name,
    int64_t next_ms)
{
	store_do(s,
	    "update ev_rule set next_ms = nullif(?, ?) where region = ? and"
	    " bus = ? and name = ?",
	    "iittt", next_ms, INT64_MAX, region, bus, name);
}

int
events_put_rule(struct request *r)
{
	const char *bus = events_bus(r), *name = param(r, "Name");
	const char *expression = param(r, "ScheduleExpression");
	const char *state = param(r, "State");
	struct schedule schedule;
	struct buf arn = {0};
	if (check_rule(r, bus, &schedule) != 0)
		return ANSWER_ERROR;
	if (state == NULL)
		state = "ENABLED";
	bool there = store_number(r->store, 0,
			 "select 1 from ev_rule where region = ? and"
			 " bus = ? and name = ?",
			 "ttt", r->region, bus, name) != 0;
	store_do(r->store,
	    "insert into ev_rule (region, bus, name, pattern, schedule, state,"
	    " description, role, since_ms)"
	    " values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do update set"
	    " since_ms = iif(schedule is excluded.schedule and"
	    " state is excluded.state, since_ms, excluded.since_ms),"
	    " pattern = excluded.pattern, schedule = excluded.schedule,"
	    " state = excluded.state, description = excluded.description,"
	    " role = excluded.role",
	    "tttttttti", r->region, bus, name, param(r, "EventPattern"),
	    expression, state, param(r, "Description"), param(r, "RoleArn"),
	    r->now_ms);
	int64_t since = store_number(r->store, 0,
	    "select since_ms from ev_rule where region = ? and bus = ? and"
	    " name = ?",
	    "ttt", r->region, bus, name);
	bool runs = expression != NULL && strcmp(state, "DISABLED") != 0;
	set_next(r->store, r->region, bus, name,
	    runs ? schedule_next(&schedule, since, r->now_ms) : INT64_MAX);
	events_rule_arn(r->region, bus, name, &arn);
	if (!there)
		events_tag(r, buf_text(&arn), param_json(r, "Tags"));
	put_open(r->out, NULL, '{');
	put_text(r->out, "RuleArn", buf_text(&arn));
	put_close(r->out, '}');
	buf_clear(&arn);
	return ANSWER;
}

/* name, pattern, schedule, state, description, role */
static void
put_rule(struct request *r, const char *bus, sqlite3_stmt *q)
{
	static const char *const members[] = {NULL, "EventPattern",
	    "ScheduleExpression", "State", "Description", "RoleArn"};
	struct buf arn = {0};
	events_rule_arn(r->region, bus, store_text(q, 0), &arn);
	put_text(r->out, "Name", store_text(q, 0));
	put_text(r->out, "Arn", buf_text(&arn));
	for (int i = 1; i < 6; i++)
		if (!store_null(q, i))
			put_text(r->out, members[i], store_text(q, i));
	put_text(r->out, "EventBusName", bus);
	buf_clear(&arn);
}

int
events_describe_rule(struct request *r)
{
	const char *bus = events_bus(r), *name = param(r, "Name");
	if (events_need_rule(r, bus, name) != 0)
		return ANSWER_ERROR;
	sqlite3_stmt *q = store_query(r->store,
	    "select name, pattern, schedule, state, description, role"
	    " from ev_rule where region = ? and bus = ? and name = ?",
	    "ttt", r->region, bus, name);
	put_open(r->out, NULL, '{');
	if (store_next(q))
		put_rule(r, bus, q);
	store_end(q);
	put_text(r->out, "CreatedBy", LUNAD_ACCOUNT);
	put_close(r->out, '}');
	return ANSWER;
}

int
events_list_rules(struct request *r)
{
	const char *bus = events_bus(r), *prefix = param(r, "NamePrefix");
	const char *after = param(r, "NextToken"), *last = NULL;
	int64_t limit, n = 0;
	if (events_limit(r, &limit) != 0)
		return ANSWER_ERROR;
	if (!events_bus_exists(r->store, r->region, bus))
		return events_no_bus(r, bus);
	put_open(r->out, NULL, '{');
	put_open(r->out, "Rules", '[');
	sqlite3_stmt *q = store_query(r->store,
	    "select name, pattern, schedule, state, description, role"
	    " from ev_rule where region = ? and bus = ? and name > ?"
	    " order by name",
	    "ttt", r->region, bus, after == NULL ? "" : after);
	while (n <= limit && store_next(q)) {
		if ((prefix != NULL && strncmp(store_text(q, 0), prefix,
					   strlen(prefix)) != 0) ||
		    ++n > limit)
			continue;
		put_open(r->out, NULL, '{');
		put_rule(r, bus, q);
		put_close(r->out, '}');
		last = request_format(r, "%s", store_text(q, 0));
	}
	store_end(q);
	put_close(r->out, ']');
	if (n > limit)
		put_text(r->out, "NextToken", last);
	put_close(r->out, '}');
	return ANSWER;
}

int
events_delete_rule(struct request *r)
{
	const char *bus = events_bus(r), *name = param(r, "Name");
	struct buf arn = {0};
	if (check_there(r, name, "name") != 0)
		return ANSWER_ERROR;
	if (!events_bus_exists(r->store, r->region, bus))
		return events_no_bus(r, bus);
	if (store_number(r->store, 0,
		"select 1 from ev_target where region = ? and bus = ? and"
		" rule = ? limit 1",
		"ttt", r->region, bus, name) != 0)
		return fail(r, 400, "ValidationException",
		    "Rule can't be deleted since it has targets.");
	store_do(r->store,
	    "delete from ev_rule where region = ? and bus = ? and name = ?",
	    "ttt", r->region, bus, name);
	events_rule_arn(r->region, bus, name, &arn);
	store_do(
	    r->store, "delete from ev_tag where arn = ?", "t", buf_text(&arn));
	buf_clear(&arn);
	return ANSWER;
}

/* Enabled anew, a rate begins anew. */
static int
set_state(struct request *r, const char *state)
{
	const char *bus = events_bus(r), *name = param(r, "Name");
	struct schedule schedule;
	int64_t next = INT64_MAX;
	if (events_need_rule(r, bus, name) != 0)
		return ANSWER_ERROR;
	sqlite3_stmt *q = store_query(r->store,
	    "select schedule, state from ev_rule where region = ? and"
	    " bus = ? and name = ?",
	    "ttt", r->region, bus, name);
	bool same = store_next(q) && strcmp(store_text(q, 1), state) == 0;
	bool runs = !store_null(q, 0) &&
		    schedule_parse(store_text(q, 0), &schedule) == 0;
	store_end(q);
	if (same)
		return ANSWER;
	if (runs && strcmp(state, "ENABLED") == 0)
		next = schedule_next(&schedule, r->now_ms, r->now_ms);
	store_do(r->store,
	    "update ev_rule set state = ?, since_ms = ? where region = ? and"
	    " bus = ? and name = ?",
	    "tittt", state, r->now_ms, r->region, bus, name);
	set_next(r->store, r->region, bus, name, next);
	return ANSWER;
}

int
events_enable_rule(struct request *r)
{
	return set_state(r, "ENABLED");
}

int
events_disable_rule(struct request *r)
{
	return set_state(r, "DISABLED");
}

int
events_test_pattern(struct request *r)
{
	static const char *const needed[] = {
	    "id", "account", "source", "time", "region", "detail-type"};
	const char *pattern = param(r, "EventPattern");
	const char *text = param(r, "Event");
	struct json event, want;
	if (check_there(r, pattern, "eventPattern") != 0 ||
	    check_there(r, text, "event") != 0 ||
	    refuse_pattern(r, pattern) != 0)
		return ANSWER_ERROR;
	if (json_scan(text, strlen(text), &event, NULL) != 0 ||
	    event.type != JSON_OBJECT)
		return fail(r, 400, "ValidationException",
		    "Parameter Event is not valid.");
	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++)
		if (json_get(event, needed[i]).type == JSON_NONE)
			return fail(r, 400, "ValidationException",
			    "Parameter Event is not valid.");
	json_scan(pattern, strlen(pattern), &want, NULL);
	put_open(r->out, NULL, '{');
	put_bool(r->out, "Result", pattern_match(want, event));
	put_close(r->out, '}');
	return ANSWER;
}
