#include "cw.h"
#include "cw_metric.h"

extern const struct api cloudwatch_api;

int
cw_fail(struct request *r, const struct err *err)
{
	return fail(r, 400, err->code, "%s", err->message);
}

int
cw_need(struct request *r, const char *name)
{
	struct json v = param_json(r, name);
	bool scalar = v.type != JSON_ARRAY && v.type != JSON_OBJECT;
	if (v.type > JSON_NULL && scalar &&
	    !(v.type == JSON_STRING && v.len == 2))
		return 0;
	return fail(r, 400, CW_MISSING_PARAMETER,
	    "The parameter %s is required.", name);
}

/* cw_metric and cw_point: cw_metric.c. cw_alarm, cw_history and cw_tag: the
 * files of these names. Dashboards belong to the account, whatever the
 * region. */
static const char schema[] =
    "create table if not exists cw_metric ("
    " id integer primary key, region text not null,"
    " namespace text not null, name text not null,"
    " dimensions text not null,"
    " unique (region, namespace, name, dimensions));"
    "create table if not exists cw_point ("
    " metric integer not null, at_s integer not null, unit text not null,"
    " least real not null, greatest real not null,"
    " count real not null, sum real not null,"
    " primary key (metric, at_s, unit, least, greatest)) without rowid;"
    "create table if not exists cw_alarm ("
    " region text not null, name text not null, config text not null,"
    " enabled integer not null, state integer not null,"
    " reason text not null, reason_data text not null,"
    " config_ms integer not null, state_ms integer not null,"
    " transition_ms integer not null, step_s integer not null,"
    " settled integer not null default 0,"
    " primary key (region, name)) without rowid;"
    "create table if not exists cw_history ("
    " id integer primary key, region text not null, alarm text not null,"
    " at_ms integer not null, type text not null, summary text not null,"
    " data text not null);"
    "create index if not exists cw_history_by_alarm on cw_history"
    " (region, alarm, id);"
    "create table if not exists cw_tag ("
    " arn text not null, key text not null, value text not null,"
    " primary key (arn, key)) without rowid;"
    "create table if not exists cw_dashboard ("
    " name text primary key, body text not null,"
    " modified_ms integer not null) without rowid;";

static const struct operation operations[] = {
    {.name = "PutMetricData", .run = cw_put_metric_data, .writes = true},
    {.name = "ListMetrics", .run = cw_list_metrics, .writes = true},
    {.name = "GetMetricStatistics",
	.run = cw_get_metric_statistics,
	.writes = true},
    {.name = "GetMetricData", .run = cw_get_metric_data, .writes = true},
    {.name = "PutMetricAlarm", .run = cw_put_metric_alarm, .writes = true},
    {.name = "DescribeAlarms", .run = cw_describe_alarms},
    {.name = "DescribeAlarmsForMetric", .run = cw_describe_alarms_for_metric},
    {.name = "DescribeAlarmHistory", .run = cw_describe_alarm_history},
    {.name = "SetAlarmState", .run = cw_set_alarm_state, .writes = true},
    {.name = "DeleteAlarms", .run = cw_delete_alarms, .writes = true},
    {.name = "EnableAlarmActions",
	.run = cw_enable_alarm_actions,
	.writes = true},
    {.name = "DisableAlarmActions",
	.run = cw_disable_alarm_actions,
	.writes = true},
    {.name = "TagResource", .run = cw_tag_resource, .writes = true},
    {.name = "UntagResource", .run = cw_untag_resource, .writes = true},
    {.name = "ListTagsForResource", .run = cw_list_tags_for_resource},
    {.name = "PutDashboard", .run = cw_put_dashboard, .writes = true},
    {.name = "GetDashboard", .run = cw_get_dashboard},
    {.name = "ListDashboards", .run = cw_list_dashboards},
    {.name = "DeleteDashboards", .run = cw_delete_dashboards, .writes = true},
    {0},
};

static const struct wire_shape shapes[] = {
    {"Timestamp", WIRE_TIME, NULL, NULL, NULL},
    {"AlarmConfigurationUpdatedTimestamp", WIRE_TIME, NULL, NULL, NULL},
    {"StateUpdatedTimestamp", WIRE_TIME, NULL, NULL, NULL},
    {"StateTransitionedTimestamp", WIRE_TIME, NULL, NULL, NULL},
    {"LastModified", WIRE_TIME, NULL, NULL, NULL},
    {"ExtendedStatistics", WIRE_MAP, NULL, "key", "value"},
    {NULL, WIRE_LIST, NULL, NULL, NULL},
};

static const struct api_error errors[] = {
    {CW_VALIDATION, "ValidationError"},
    {CW_VALUE, "InvalidParameterValue"},
    {CW_COMBINATION, "InvalidParameterCombination"},
    {CW_MISSING_PARAMETER, "MissingParameter"},
    {"InvalidFormatFault", "InvalidFormat"},
    {"DashboardNotFoundError", "ResourceNotFound"},
    {"DashboardInvalidInputError", "InvalidParameterInput"},
    {NULL, NULL},
};

const struct api cloudwatch_api = {
    .name = "monitoring",
    .alias = "cloudwatch",
    .target = "GraniteServiceVersion20100801",
    .json_version = "1.0",
    .error_prefix = "com.amazonaws.cloudwatch.v2010_08_01#",
    .version = "2010-08-01",
    .xmlns = "http://monitoring.amazonaws.com/doc/2010-08-01/",
    .operation = operations,
    .shape = shapes,
    .error = errors,
    .schema = schema,
    .due = cw_watch_due,
    .run_due = cw_watch_run,
    .open = cw_watch_open,
};
