#include <stdlib.h>
#include <string.h>

#include "cw.h"
#include "cw_alarm.h"
#include "cw_metric.h"
#include "cw_query.h"
#include "mem.h"
#include "store.h"

#define NAME_MAX_LEN 255
#define DAY_S 86400
#define WEEK_S (7 * DAY_S)

static const char *const actions[] = {
    "OKActions", "AlarmActions", "InsufficientDataActions"};

static int
refuse_value(struct request *r, const char *name, const char *value)
{
	return fail(r, 400, CW_VALUE,
	    "The value %s for parameter %s is invalid.", value, name);
}

static int
check_single(struct request *r)
{
	const char *statistic = param(r, "Statistic");
	const char *extended = param(r, "ExtendedStatistic");
	const char *unit = param(r, "Unit");
	struct cw_stat stat;
	struct buf dimensions = {0};
	if (cw_need(r, "MetricName") != 0 || cw_need(r, "Namespace") != 0 ||
	    cw_need(r, "Period") != 0)
		return -1;
	if ((statistic == NULL) == (extended == NULL))
		return fail(r, 400, CW_COMBINATION,
		    "Exactly one of Statistic and ExtendedStatistic must be "
		    "specified.");
	if (statistic != NULL && (cw_stat_parse(statistic, &stat) != 0 ||
				     stat.kind == CW_PERCENTILE))
		return check_refuse(r, statistic, "statistic",
		    "Member must satisfy enum value set: [Minimum, Maximum, "
		    "Average, Sum, SampleCount]");
	if (extended != NULL &&
	    (cw_stat_parse(extended, &stat) != 0 || stat.kind != CW_PERCENTILE))
		return refuse_value(r, "ExtendedStatistic", extended);
	if (unit != NULL && !cw_unit_ok(unit))
		return refuse_value(r, "Unit", unit);
	int status = cw_dimensions(param_json(r, "Dimensions"), &dimensions);
	buf_clear(&dimensions);
	if (status != 0)
		return refuse_value(r, "Dimensions", "given");
	return 0;
}

/* Metrics: *period_s is that of the one that returns data. */
static int
check_metrics(struct request *r, struct json metrics, int64_t *period_s)
{
	static const char *const others[] = {"MetricName", "Namespace",
	    "Statistic", "ExtendedStatistic", "Dimensions", "Period", "Unit"};
	struct cw_queries q;
	struct cw_grid grid;
	struct cw_value v = {0};
	struct err err = {0};
	size_t returned = 0, which = 0;
	int status;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (param_json(r, others[i]).type > JSON_NULL)
			return fail(r, 400, CW_COMBINATION,
			    "The parameters Metrics and %s are mutually "
			    "exclusive.",
			    others[i]);
	if (cw_queries_read(r->region, metrics, "Metrics", &q, &err) != 0) {
		status = cw_fail(r, &err);
		goto out;
	}
	for (size_t i = 0; i < q.count; i++)
		if (q.query[i].returned) {
			returned++;
			which = i;
		}
	if (returned != 1) {
		status = fail(r, 400, CW_VALIDATION,
		    "Exactly one element of the metrics list should return "
		    "data.");
		goto out;
	}
	*period_s = cw_query_period(&q, which);
	status = cw_query_run(NULL, &q, which, 0, 60, &grid, &v, NULL, 0, &err);
	if (status == 0 && v.kind != CW_SERIES)
		status = fail(r, 400, CW_VALIDATION,
		    "The expression of an alarm must return a single time "
		    "series.");
out:
	cw_value_clear(&v);
	cw_queries_clear(&q);
	return status;
}

static int
check_periods(struct request *r, int64_t period_s)
{
	int64_t periods = param_int(r, "EvaluationPeriods", 0);
	int64_t to_alarm = param_int(r, "DatapointsToAlarm", periods);
	if (periods < 1)
		return check_refuse(r, param(r, "EvaluationPeriods"),
		    "evaluationPeriods",
		    "Member must have value greater than or equal to 1");
	if (to_alarm < 1)
		return check_refuse(r, param(r, "DatapointsToAlarm"),
		    "datapointsToAlarm",
		    "Member must have value greater than or equal to 1");
	if (to_alarm > periods)
		return fail(r, 400, CW_VALIDATION,
		    "The parameter DatapointsToAlarm must be less than or "
		    "equal to the parameter EvaluationPeriods.");
	if (!cw_period_ok(period_s) || period_s < 10)
		return fail(r, 400, CW_VALUE,
		    "The parameter Period must be 10, 20, 30, or a multiple "
		    "of 60.");
	if (periods > WEEK_S || periods * period_s > WEEK_S)
		return fail(r, 400, CW_VALIDATION,
		    "Metrics cannot be checked across more than seven days "
		    "(EvaluationPeriods * Period must be <= 604800).");
	if (period_s < 3600 && periods * period_s > DAY_S)
		return fail(r, 400, CW_VALIDATION,
		    "Metrics cannot be checked across more than a day "
		    "(EvaluationPeriods * Period must be <= 86400).");
	return 0;
}

static int
check_actions(struct request *r)
{
	struct json_iter it;
	struct json one;
	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++) {
		struct json list = param_json(r, actions[i]);
		if (json_count(list) > 5)
			return fail(r, 400, CW_VALIDATION,
			    "The collection %s must not have a size greater "
			    "than 5.",
			    actions[i]);
		json_each(list, &it);
		while (json_next(&it, NULL, &one)) {
			const char *arn = param_text(r, one, NULL);
			if (arn == NULL || strncmp(arn, "arn:", 4) != 0)
				return fail(r, 400, CW_VALIDATION,
				    "Invalid arn syntax: %s",
				    arn == NULL ? "" : arn);
		}
	}
	return 0;
}

/* *period_s: that of what the alarm watches. */
static int
check(struct request *r, int64_t *period_s)
{
	const char *name = param(r, "AlarmName");
	const char *comparison = param(r, "ComparisonOperator");
	const char *missing = param(r, "TreatMissingData");
	const char *low = param(r, "EvaluateLowSampleCountPercentile");
	struct json metrics = param_json(r, "Metrics");
	enum cw_comparison c;
	enum cw_missing m;
	if (cw_need(r, "AlarmName") != 0 ||
	    cw_need(r, "ComparisonOperator") != 0 ||
	    cw_need(r, "EvaluationPeriods") != 0)
		return -1;
	if (strlen(name) > NAME_MAX_LEN)
		return check_refuse(r, name, "alarmName",
		    "Member must have length less than or equal to 255");
	if (param(r, "ThresholdMetricId") != NULL)
		return fail(
		    r, 400, CW_VALIDATION, "lunad has no anomaly detection.");
	if (cw_comparison_parse(comparison, &c) != 0)
		return check_refuse(r, comparison, "comparisonOperator",
		    "Member must satisfy enum value set: "
		    "[GreaterThanOrEqualToThreshold, GreaterThanThreshold, "
		    "LessThanThreshold, LessThanOrEqualToThreshold]");
	if (cw_need(r, "Threshold") != 0)
		return -1;
	if (missing != NULL && cw_missing_parse(missing, &m) != 0)
		return refuse_value(r, "TreatMissingData", missing);
	if (low != NULL && strcmp(low, "evaluate") != 0 &&
	    strcmp(low, "ignore") != 0)
		return refuse_value(r, "EvaluateLowSampleCountPercentile", low);
	*period_s = param_int(r, "Period", 0);
	int status = json_count(metrics) > 0
			 ? check_metrics(r, metrics, period_s)
			 : check_single(r);
	return status != 0 || check_periods(r, *period_s) != 0
		   ? -1
		   : check_actions(r);
}

static void
copy_text(struct request *r, const char *name)
{
	const char *text = param(r, name);
	if (text != NULL)
		put_text(r->out, name, text);
}

/* Numbers come as text by the query protocol, and are stored as numbers. */
static void
copy_int(struct request *r, struct json from, const char *name)
{
	int64_t value;
	if (json_integer(json_get(from, name), &value) == 0)
		put_int(r->out, name, value);
}

static void
copy_json(struct request *r, const char *name, struct json v)
{
	struct buf compact = {0};
	if (v.type > JSON_NULL) {
		json_compact(v, &compact);
		put_raw(r->out, name, buf_text(&compact), compact.len);
	}
	buf_clear(&compact);
}

static void
copy_metric(struct request *r, struct json v)
{
	static const char *const texts[] = {"Id", "Expression", "Label"};
	struct json stat = json_get(v, "MetricStat");
	struct json returned = json_get(v, "ReturnData");
	put_open(r->out, NULL, '{');
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		copy_json(r, texts[i], json_get(v, texts[i]));
	if (stat.type == JSON_OBJECT) {
		put_open(r->out, "MetricStat", '{');
		copy_json(r, "Metric", json_get(stat, "Metric"));
		copy_int(r, stat, "Period");
		copy_json(r, "Stat", json_get(stat, "Stat"));
		copy_json(r, "Unit", json_get(stat, "Unit"));
		put_close(r->out, '}');
	} else {
		copy_int(r, v, "Period");
	}
	if (returned.type > JSON_NULL)
		put_bool(r->out, "ReturnData", json_true(returned));
	put_close(r->out, '}');
}

/* The configuration, into r->out. */
static void
write_config(struct request *r)
{
	struct json metrics = param_json(r, "Metrics"), one;
	struct json_iter it;
	double threshold = 0;
	json_double(param_json(r, "Threshold"), &threshold);
	put_open(r->out, NULL, '{');
	copy_text(r, "AlarmName");
	put_text(r->out, "AlarmArn",
	    request_format(r, "arn:aws:cloudwatch:%s:%s:alarm:%s", r->region,
		r->account, param(r, "AlarmName")));
	copy_text(r, "AlarmDescription");
	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++) {
		struct json list = param_json(r, actions[i]);
		if (list.type == JSON_ARRAY)
			copy_json(r, actions[i], list);
		else
			put_raw(r->out, actions[i], "[]", 2);
	}
	if (json_count(metrics) == 0) {
		copy_text(r, "MetricName");
		copy_text(r, "Namespace");
		copy_text(r, "Statistic");
		copy_text(r, "ExtendedStatistic");
		struct json list = param_json(r, "Dimensions");
		if (list.type == JSON_ARRAY)
			copy_json(r, "Dimensions", list);
		else
			put_raw(r->out, "Dimensions", "[]", 2);
		copy_int(r, r->in, "Period");
		copy_text(r, "Unit");
	}
	copy_int(r, r->in, "EvaluationPeriods");
	copy_int(r, r->in, "DatapointsToAlarm");
	put_double(r->out, "Threshold", threshold);
	copy_text(r, "ComparisonOperator");
	copy_text(r, "TreatMissingData");
	copy_text(r, "EvaluateLowSampleCountPercentile");
	if (json_count(metrics) > 0) {
		put_open(r->out, "Metrics", '[');
		json_each(metrics, &it);
		while (json_next(&it, NULL, &one))
			copy_metric(r, one);
		put_close(r->out, ']');
	}
	put_close(r->out, '}');
}

static void
save(struct request *r, const char *name, const char *config, int64_t period_s)
{
	store_do(r->store,
	    "insert into cw_alarm (region, name, config, enabled, state,"
	    " reason, reason_data, config_ms, state_ms, transition_ms, step_s)"
	    " values (?, ?, ?, ?, ?, 'Unchecked: Initial alarm creation', '',"
	    " ?6, ?6, ?6, ?7) on conflict do update set config = "
	    "excluded.config,"
	    " enabled = excluded.enabled, config_ms = excluded.config_ms,"
	    " step_s = excluded.step_s, settled = 0",
	    "tttiiii", r->region, name, config,
	    (int64_t)param_bool(r, "ActionsEnabled", true),
	    (int64_t)CW_INSUFFICIENT_DATA, r->now_ms,
	    (int64_t)(period_s < 60 ? 10 : 60));
}

int
cw_put_metric_alarm(struct request *r)
{
	const char *name = param(r, "AlarmName");
	struct cw_alarm a;
	int64_t period_s = 0;
	if (check(r, &period_s) != 0)
		return ANSWER_ERROR;
	struct json tags = param_json(r, "Tags"), one;
	struct json_iter it;
	bool there = cw_alarm_find(r->store, r->region, name, &a);
	if (there)
		cw_alarm_clear(&a);
	write_config(r);
	char *config = mem_text_of(buf_text(r->out), r->out->len);
	buf_reset(r->out);
	save(r, name, config, period_s);
	free(config);
	if (cw_alarm_find(r->store, r->region, name, &a)) {
		char *arn = cw_alarm_text(&a, "AlarmArn");
		json_each(tags, &it);
		while (!there && json_next(&it, NULL, &one))
			store_do(r->store,
			    "insert or replace into cw_tag values (?, ?, ?)",
			    "ttt", arn,
			    param_text(r, json_get(one, "Key"), NULL),
			    param_text(r, json_get(one, "Value"), NULL));
		cw_history_config(
		    r->lunad, &a, there ? "Update" : "Create", r->now_ms);
		free(arn);
		cw_alarm_clear(&a);
	}
	return ANSWER;
}
