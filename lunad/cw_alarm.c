#include "cw_alarm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cw.h"
#include "cw_metric.h"
#include "mem.h"
#include "store.h"
#include "text.h"

#define PAGE 50
#define PAGE_MAX 100

void
cw_stamp(int64_t ms, char out[static CW_STAMP])
{
	char iso[TEXT_ISO];
	text_iso(ms, iso);
	snprintf(out, CW_STAMP, "%.23s+0000", iso);
}

struct sqlite3_stmt *
cw_alarm_query(
    struct store *s, const char *region, const char *name, const char *after)
{
	static const char one[] =
	    "select region, name, config, enabled, state, reason,"
	    " reason_data, config_ms, state_ms, transition_ms from cw_alarm"
	    " where region = ? and name = ?";
	static const char all[] =
	    "select region, name, config, enabled, state, reason,"
	    " reason_data, config_ms, state_ms, transition_ms from cw_alarm"
	    " where region = ? and name > ? order by name";
	if (name != NULL)
		return store_query(s, one, "tt", region, name);
	return store_query(s, all, "tt", region, after);
}

bool
cw_alarm_next(struct sqlite3_stmt *q, struct cw_alarm *a)
{
	if (!store_next(q))
		return false;
	*a = (struct cw_alarm){.region = mem_text(store_text(q, 0)),
	    .name = mem_text(store_text(q, 1)),
	    .text = mem_text(store_text(q, 2)),
	    .enabled = store_int(q, 3) != 0,
	    .state = (enum cw_state)store_int(q, 4),
	    .reason = mem_text(store_text(q, 5)),
	    .reason_data = mem_text(store_text(q, 6)),
	    .config_ms = store_int(q, 7),
	    .state_ms = store_int(q, 8),
	    .transition_ms = store_int(q, 9)};
	json_scan(a->text, strlen(a->text), &a->config, NULL);
	return true;
}

void
cw_alarm_clear(struct cw_alarm *a)
{
	free(a->region);
	free(a->name);
	free(a->text);
	free(a->reason);
	free(a->reason_data);
	*a = (struct cw_alarm){0};
}

bool
cw_alarm_find(
    struct store *s, const char *region, const char *name, struct cw_alarm *a)
{
	struct sqlite3_stmt *q = cw_alarm_query(s, region, name, NULL);
	bool found = cw_alarm_next(q, a);
	store_end(q);
	return found;
}

char *
cw_alarm_text(const struct cw_alarm *a, const char *member)
{
	return json_dup(json_get(a->config, member));
}

int64_t
cw_alarm_int(const struct cw_alarm *a, const char *member)
{
	int64_t value = 0;
	json_integer(json_get(a->config, member), &value);
	return value;
}

struct cw_rule
cw_alarm_rule(const struct cw_alarm *a)
{
	struct cw_rule rule = {.periods = cw_alarm_int(a, "EvaluationPeriods"),
	    .to_alarm = cw_alarm_int(a, "DatapointsToAlarm"),
	    .missing = CW_MISSING};
	char *comparison = cw_alarm_text(a, "ComparisonOperator");
	char *missing = cw_alarm_text(a, "TreatMissingData");
	json_double(json_get(a->config, "Threshold"), &rule.threshold);
	if (comparison != NULL)
		cw_comparison_parse(comparison, &rule.comparison);
	/* Of DynamoDB's metrics missing data is ignored unless said. */
	if (missing != NULL)
		cw_missing_parse(missing, &rule.missing);
	else if (json_is(json_get(a->config, "Namespace"), "AWS/DynamoDB"))
		rule.missing = CW_IGNORE;
	free(comparison);
	free(missing);
	return rule;
}

static void
put_alarm(struct buf *out, const struct cw_alarm *a)
{
	put_open(out, NULL, '{');
	buf_add(out, a->config.at + 1, a->config.len - 2);
	put_bool(out, "ActionsEnabled", a->enabled);
	put_text(out, "StateValue", cw_state_name(a->state));
	put_text(out, "StateReason", a->reason);
	if (a->reason_data[0] != '\0')
		put_text(out, "StateReasonData", a->reason_data);
	put_time(out, "AlarmConfigurationUpdatedTimestamp", a->config_ms);
	put_time(out, "StateUpdatedTimestamp", a->state_ms);
	put_time(out, "StateTransitionedTimestamp", a->transition_ms);
	put_close(out, '}');
}

/* What DescribeAlarms is asked for. */
struct filter {
	struct json names;
	const char *prefix, *action_prefix;
	bool by_state;
	enum cw_state state;
};

static bool
acts_on(const struct cw_alarm *a, const char *prefix)
{
	static const char *const members[] = {
	    "OKActions", "AlarmActions", "InsufficientDataActions"};
	struct json_iter it;
	struct json one;
	bool found = false;
	for (size_t i = 0; i < 3; i++) {
		json_each(json_get(a->config, members[i]), &it);
		while (!found && json_next(&it, NULL, &one)) {
			char *arn = json_dup(one);
			found = arn != NULL &&
				strncmp(arn, prefix, strlen(prefix)) == 0;
			free(arn);
		}
	}
	return found;
}

static bool
wanted(const struct filter *f, const struct cw_alarm *a)
{
	if (f->names.type == JSON_ARRAY && !check_contains(f->names, a->name))
		return false;
	if (f->prefix != NULL &&
	    strncmp(a->name, f->prefix, strlen(f->prefix)) != 0)
		return false;
	if (f->action_prefix != NULL && !acts_on(a, f->action_prefix))
		return false;
	return !f->by_state || f->state == a->state;
}

static int
read_filter(struct request *r, struct filter *f)
{
	const char *state = param(r, "StateValue");
	*f = (struct filter){.names = param_json(r, "AlarmNames"),
	    .prefix = param(r, "AlarmNamePrefix"),
	    .action_prefix = param(r, "ActionPrefix")};
	if (f->names.type == JSON_ARRAY && f->prefix != NULL)
		return fail(r, 400, CW_VALIDATION,
		    "AlarmNamePrefix and AlarmNames are mutually exclusive.");
	if (state == NULL)
		return 0;
	f->by_state = true;
	if (cw_state_parse(state, &f->state) == 0)
		return 0;
	return check_refuse(r, state, "stateValue",
	    "Member must satisfy enum value set: "
	    "[INSUFFICIENT_DATA, ALARM, OK]");
}

static int
page_size(struct request *r, int64_t *most)
{
	*most = param_int(r, "MaxRecords", PAGE);
	if (*most >= 1 && *most <= PAGE_MAX)
		return 0;
	return check_refuse(r, param(r, "MaxRecords"), "maxRecords",
	    *most < 1 ? "Member must have value greater than or equal to 1"
		      : "Member must have value less than or equal to 100");
}

int
cw_describe_alarms(struct request *r)
{
	struct filter f;
	struct cw_alarm a;
	int64_t most, n = 0;
	const char *after = param(r, "NextToken"), *last = NULL;
	struct json types = param_json(r, "AlarmTypes");
	if (read_filter(r, &f) != 0 || page_size(r, &most) != 0)
		return ANSWER_ERROR;
	bool metric =
	    json_count(types) == 0 || check_contains(types, "MetricAlarm");
	bool more = false;
	put_open(r->out, NULL, '{');
	put_open(r->out, "CompositeAlarms", '[');
	put_close(r->out, ']');
	put_open(r->out, "MetricAlarms", '[');
	struct sqlite3_stmt *q = cw_alarm_query(
	    r->store, r->region, NULL, after == NULL ? "" : after);
	while (metric && !more && cw_alarm_next(q, &a)) {
		if (wanted(&f, &a) && n++ == most) {
			more = true;
		} else if (wanted(&f, &a)) {
			put_alarm(r->out, &a);
			last = request_format(r, "%s", a.name);
		}
		cw_alarm_clear(&a);
	}
	store_end(q);
	put_close(r->out, ']');
	if (more)
		put_text(r->out, "NextToken", last);
	put_close(r->out, '}');
	return ANSWER;
}

/* Does a member of an alarm equal a parameter, where that is given? */
static bool
same(struct request *r, const struct cw_alarm *a, const char *member)
{
	const char *want = param(r, member);
	if (want == NULL)
		return true;
	struct json v = json_get(a->config, member);
	char *have = v.type == JSON_STRING ? json_dup(v) : json_source(v);
	bool equal = have != NULL && strcmp(have, want) == 0;
	free(have);
	return equal;
}

static bool
same_metric(struct request *r, const struct cw_alarm *a)
{
	static const char *const members[] = {"MetricName", "Namespace",
	    "Statistic", "ExtendedStatistic", "Period", "Unit"};
	struct buf want = {0}, have = {0};
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		if (!same(r, a, members[i]))
			return false;
	if (json_get(a->config, "MetricName").type == JSON_NONE)
		return false;
	cw_dimensions(param_json(r, "Dimensions"), &want);
	cw_dimensions(json_get(a->config, "Dimensions"), &have);
	bool equal = strcmp(buf_text(&want), buf_text(&have)) == 0;
	buf_clear(&want);
	buf_clear(&have);
	return equal;
}

int
cw_describe_alarms_for_metric(struct request *r)
{
	struct cw_alarm a;
	if (cw_need(r, "MetricName") != 0 || cw_need(r, "Namespace") != 0)
		return ANSWER_ERROR;
	put_open(r->out, NULL, '{');
	put_open(r->out, "MetricAlarms", '[');
	struct sqlite3_stmt *q = cw_alarm_query(r->store, r->region, NULL, "");
	while (cw_alarm_next(q, &a)) {
		if (same_metric(r, &a))
			put_alarm(r->out, &a);
		cw_alarm_clear(&a);
	}
	store_end(q);
	put_close(r->out, ']');
	put_close(r->out, '}');
	return ANSWER;
}

int
cw_delete_alarms(struct request *r)
{
	struct json names = param_json(r, "AlarmNames"), one;
	struct json_iter it;
	struct cw_alarm a;
	if (json_count(names) == 0)
		return cw_need(r, "AlarmNames");
	json_each(names, &it);
	while (json_next(&it, NULL, &one)) {
		const char *name = param_text(r, one, NULL);
		if (name == NULL ||
		    !cw_alarm_find(r->store, r->region, name, &a))
			continue;
		char *arn = cw_alarm_text(&a, "AlarmArn");
		cw_history_config(r->lunad, &a, "Delete", r->now_ms);
		store_do(
		    r->store, "delete from cw_tag where arn = ?", "t", arn);
		store_do(r->store,
		    "delete from cw_alarm where region = ? and name = ?", "tt",
		    r->region, name);
		free(arn);
		cw_alarm_clear(&a);
	}
	return ANSWER;
}

static int
enable(struct request *r, bool enabled)
{
	struct json names = param_json(r, "AlarmNames"), one;
	struct json_iter it;
	if (json_count(names) == 0)
		return cw_need(r, "AlarmNames");
	json_each(names, &it);
	while (json_next(&it, NULL, &one))
		store_do(r->store,
		    "update cw_alarm set enabled = ? where region = ? and"
		    " name = ?",
		    "itt", (int64_t)enabled, r->region,
		    param_text(r, one, NULL));
	return ANSWER;
}

int
cw_enable_alarm_actions(struct request *r)
{
	return enable(r, true);
}

int
cw_disable_alarm_actions(struct request *r)
{
	return enable(r, false);
}

int
cw_set_alarm_state(struct request *r)
{
	const char *name = param(r, "AlarmName");
	const char *value = param(r, "StateValue");
	const char *reason = param(r, "StateReason");
	const char *data = param(r, "StateReasonData");
	enum cw_state state;
	struct cw_alarm a;
	if (cw_need(r, "AlarmName") != 0 || cw_need(r, "StateValue") != 0 ||
	    cw_need(r, "StateReason") != 0)
		return ANSWER_ERROR;
	if (cw_state_parse(value, &state) != 0)
		return check_refuse(r, value, "stateValue",
		    "Member must satisfy enum value set: "
		    "[INSUFFICIENT_DATA, ALARM, OK]");
	struct json v;
	if (data != NULL && json_scan(data, strlen(data), &v, NULL) != 0)
		return fail(r, 400, "InvalidFormatFault",
		    "StateReasonData was not valid JSON");
	if (!cw_alarm_find(r->store, r->region, name, &a))
		return fail(r, 404, "ResourceNotFound", "%s", "");
	cw_alarm_change(
	    r->lunad, &a, state, reason, data == NULL ? "" : data, r->now_ms);
	cw_watch_stir(r->lunad);
	cw_alarm_clear(&a);
	return ANSWER;
}
