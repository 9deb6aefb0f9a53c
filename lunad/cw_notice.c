#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cw_alarm.h"
#include "cw_stat.h"
#include "lunad.h"
#include "text.h"

#define SUBJECT_MAX 100

/* Regions as CloudWatch names them to people. */
static const char *
region_name(const char *region)
{
	static const struct {
		const char *code, *name;
	} regions[] = {{"us-east-1", "US East (N. Virginia)"},
	    {"us-east-2", "US East (Ohio)"},
	    {"us-west-1", "US West (N. California)"},
	    {"us-west-2", "US West (Oregon)"},
	    {"ca-central-1", "Canada (Central)"},
	    {"sa-east-1", "South America (Sao Paulo)"},
	    {"eu-west-1", "EU (Ireland)"}, {"eu-west-2", "EU (London)"},
	    {"eu-west-3", "EU (Paris)"}, {"eu-central-1", "EU (Frankfurt)"},
	    {"eu-north-1", "EU (Stockholm)"}, {"eu-south-1", "EU (Milan)"},
	    {"ap-south-1", "Asia Pacific (Mumbai)"},
	    {"ap-southeast-1", "Asia Pacific (Singapore)"},
	    {"ap-southeast-2", "Asia Pacific (Sydney)"},
	    {"ap-northeast-1", "Asia Pacific (Tokyo)"},
	    {"ap-northeast-2", "Asia Pacific (Seoul)"},
	    {"ap-northeast-3", "Asia Pacific (Osaka)"},
	    {"ap-east-1", "Asia Pacific (Hong Kong)"},
	    {"me-south-1", "Middle East (Bahrain)"},
	    {"af-south-1", "Africa (Cape Town)"}};
	for (size_t i = 0; i < sizeof(regions) / sizeof(*regions); i++)
		if (strcmp(region, regions[i].code) == 0)
			return regions[i].name;
	return region;
}

/* "Friday 20 November, 2026 22:29:22 UTC" */
static void
add_long_time(struct buf *out, int64_t ms)
{
	struct tm tm;
	char text[64];
	time_t at = (time_t)(ms / 1000);
	gmtime_r(&at, &tm);
	strftime(text, sizeof(text), "%A %d %B, %Y %H:%M:%S UTC", &tm);
	buf_add_text(out, text);
}

static void
add_text(struct buf *out, const struct cw_alarm *a, const char *member,
    const char *otherwise)
{
	char *text = cw_alarm_text(a, member);
	buf_add_text(out, text == NULL ? otherwise : text);
	free(text);
}

/* ALARM: "name" in US East (N. Virginia); a long name is cut. */
static void
write_subject(struct buf *out, const struct cw_alarm *a)
{
	const char *region = region_name(a->region);
	size_t other = strlen(cw_state_name(a->state)) + strlen(region) + 8;
	size_t room = SUBJECT_MAX - other, n = 0;
	buf_addf(out, "%s: \"", cw_state_name(a->state));
	for (const char *p = a->name; *p != '\0' && n < room; p++, n++)
		buf_add_char(out, *p >= ' ' && *p <= '~' ? *p : '_');
	if (strlen(a->name) > room) {
		out->len -= 3;
		buf_add_text(out, "...");
	}
	buf_addf(out, "\" in %s", region);
}

static void
put_list(struct buf *out, const struct cw_alarm *a, const char *member)
{
	struct json v = json_get(a->config, member);
	if (v.type == JSON_ARRAY)
		put_raw(out, member, v.at, v.len);
}

/* Dimensions with small letters, the value first. */
static void
put_dimensions(struct buf *out, struct json list)
{
	struct json_iter it;
	struct json one;
	put_open(out, "Dimensions", '[');
	json_each(list, &it);
	while (json_next(&it, NULL, &one)) {
		struct json name = json_get(one, "Name");
		struct json value = json_get(one, "Value");
		put_open(out, NULL, '{');
		put_raw(out, "value", value.at, value.len);
		put_raw(out, "name", name.at, name.len);
		put_close(out, '}');
	}
	put_close(out, ']');
}

static void
put_statistic(struct buf *out, const struct cw_alarm *a)
{
	static const char *const names[][2] = {{"SampleCount", "SAMPLE_COUNT"},
	    {"Average", "AVERAGE"}, {"Sum", "SUM"}, {"Minimum", "MINIMUM"},
	    {"Maximum", "MAXIMUM"}};
	char *simple = cw_alarm_text(a, "Statistic");
	char *extended = cw_alarm_text(a, "ExtendedStatistic");
	put_text(out, "StatisticType",
	    simple != NULL ? "Statistic" : "ExtendedStatistic");
	for (size_t i = 0; simple != NULL && i < 5; i++)
		if (strcmp(simple, names[i][0]) == 0)
			put_text(out, "Statistic", names[i][1]);
	if (extended != NULL)
		put_text(out, "Statistic", extended);
	free(simple);
	free(extended);
}

/* The queries of an alarm on an expression, in the notice's form. */
static void
put_queries(struct buf *out, struct json list)
{
	static const char *const texts[] = {
	    "Expression", "Id", "Label", "Period"};
	struct json_iter it;
	struct json one, v;
	put_open(out, "Metrics", '[');
	json_each(list, &it);
	while (json_next(&it, NULL, &one)) {
		struct json stat = json_get(one, "MetricStat");
		struct json metric = json_get(stat, "Metric");
		put_open(out, NULL, '{');
		for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
			v = json_get(one, texts[i]);
			if (v.type != JSON_NONE)
				put_raw(out, texts[i], v.at, v.len);
		}
		if (stat.type == JSON_OBJECT) {
			put_open(out, "MetricStat", '{');
			put_open(out, "Metric", '{');
			put_dimensions(out, json_get(metric, "Dimensions"));
			v = json_get(metric, "MetricName");
			put_raw(out, "MetricName", v.at, v.len);
			v = json_get(metric, "Namespace");
			put_raw(out, "Namespace", v.at, v.len);
			put_close(out, '}');
			v = json_get(stat, "Period");
			put_raw(out, "Period", v.at, v.len);
			v = json_get(stat, "Stat");
			put_raw(out, "Stat", v.at, v.len);
			put_close(out, '}');
		}
		v = json_get(one, "ReturnData");
		put_bool(
		    out, "ReturnData", v.type == JSON_NONE || json_true(v));
		put_close(out, '}');
	}
	put_close(out, ']');
}

static int64_t
period_of(const struct cw_alarm *a)
{
	struct json_iter it;
	struct json one;
	int64_t most = cw_alarm_int(a, "Period"), p;
	json_each(json_get(a->config, "Metrics"), &it);
	while (json_next(&it, NULL, &one)) {
		struct json stat = json_get(one, "MetricStat");
		if (json_integer(json_get(stat, "Period"), &p) == 0 && p > most)
			most = p;
	}
	return most;
}

static void
put_trigger(struct buf *out, const struct cw_alarm *a)
{
	struct json v, metrics = json_get(a->config, "Metrics");
	struct buf text = {0};
	put_open(out, "Trigger", '{');
	if (metrics.type != JSON_ARRAY) {
		v = json_get(a->config, "MetricName");
		put_raw(out, "MetricName", v.at, v.len);
		v = json_get(a->config, "Namespace");
		put_raw(out, "Namespace", v.at, v.len);
		put_statistic(out, a);
		v = json_get(a->config, "Unit");
		if (v.type == JSON_NONE)
			put_raw(out, "Unit", "null", 4);
		else
			put_raw(out, "Unit", v.at, v.len);
		put_dimensions(out, json_get(a->config, "Dimensions"));
	}
	put_int(out, "Period", period_of(a));
	put_int(out, "EvaluationPeriods", cw_alarm_int(a, "EvaluationPeriods"));
	if (cw_alarm_int(a, "DatapointsToAlarm") > 0)
		put_int(out, "DatapointsToAlarm",
		    cw_alarm_int(a, "DatapointsToAlarm"));
	v = json_get(a->config, "ComparisonOperator");
	put_raw(out, "ComparisonOperator", v.at, v.len);
	cw_number(cw_alarm_rule(a).threshold, &text);
	put_raw(out, "Threshold", buf_text(&text), text.len);
	buf_reset(&text);
	add_text(&text, a, "TreatMissingData", "");
	put_text(out, "TreatMissingData", buf_text(&text));
	buf_reset(&text);
	add_text(&text, a, "EvaluateLowSampleCountPercentile", "");
	put_text(out, "EvaluateLowSampleCountPercentile", buf_text(&text));
	if (metrics.type == JSON_ARRAY)
		put_queries(out, metrics);
	put_close(out, '}');
	buf_clear(&text);
}

static void
write_json(struct buf *out, const struct cw_alarm *a, enum cw_state old,
    const char *account)
{
	char stamp[CW_STAMP];
	struct json v = json_get(a->config, "AlarmDescription");
	put_open(out, NULL, '{');
	put_text(out, "AlarmName", a->name);
	if (v.type == JSON_NONE)
		put_raw(out, "AlarmDescription", "null", 4);
	else
		put_raw(out, "AlarmDescription", v.at, v.len);
	put_text(out, "AWSAccountId", account);
	cw_stamp(a->config_ms, stamp);
	put_text(out, "AlarmConfigurationUpdatedTimestamp", stamp);
	put_text(out, "NewStateValue", cw_state_name(a->state));
	put_text(out, "NewStateReason", a->reason);
	cw_stamp(a->state_ms, stamp);
	put_text(out, "StateChangeTime", stamp);
	put_text(out, "Region", region_name(a->region));
	v = json_get(a->config, "AlarmArn");
	put_raw(out, "AlarmArn", v.at, v.len);
	put_text(out, "OldStateValue", cw_state_name(old));
	put_bool(out, "ActionExecutedAfterMuteWindow", false);
	put_list(out, a, "OKActions");
	put_list(out, a, "AlarmActions");
	put_list(out, a, "InsufficientDataActions");
	put_trigger(out, a);
	put_close(out, '}');
}

static void
add_list(struct buf *out, const struct cw_alarm *a, const char *member)
{
	struct json_iter it;
	struct json one;
	bool first = true;
	json_each(json_get(a->config, member), &it);
	while (json_next(&it, NULL, &one)) {
		char *text = json_dup(one);
		buf_addf(out, "%s%s", first ? "[" : ", ", text);
		free(text);
		first = false;
	}
	buf_add_text(out, first ? "\n" : "]\n");
}

static void
add_metric(struct buf *out, const struct cw_alarm *a)
{
	struct json_iter it;
	struct json one;
	bool first = true;
	buf_add_text(out, "\nMonitored Metric:\n- MetricNamespace:"
			  "                     ");
	add_text(out, a, "Namespace", "");
	buf_add_text(out, "\n- MetricName:                          ");
	add_text(out, a, "MetricName", "");
	buf_add_text(out, "\n- Dimensions:                          ");
	json_each(json_get(a->config, "Dimensions"), &it);
	while (json_next(&it, NULL, &one)) {
		char *name = json_dup(json_get(one, "Name"));
		char *value = json_dup(json_get(one, "Value"));
		buf_addf(out, "%s[%s = %s]", first ? "" : ", ", name, value);
		free(name);
		free(value);
		first = false;
	}
	buf_addf(out, "\n- Period:                              %lld seconds",
	    (long long)period_of(a));
	buf_add_text(out, "\n- Statistic:                           ");
	add_text(out, a, "Statistic", "");
	add_text(out, a, "ExtendedStatistic", "");
	buf_add_text(out, "\n- Unit:                                ");
	add_text(out, a, "Unit", "not specified");
	buf_add_text(out, "\n- TreatMissingData:                    ");
	add_text(out, a, "TreatMissingData", "");
	buf_add_text(out, "\n");
}

static void
add_expressions(struct buf *out, const struct cw_alarm *a)
{
	struct json_iter it;
	struct json one;
	buf_add_text(out, "\nMonitored Metrics:\n");
	json_each(json_get(a->config, "Metrics"), &it);
	while (json_next(&it, NULL, &one)) {
		struct json returned = json_get(one, "ReturnData");
		char *text = json_dup(json_get(one, "Expression"));
		char *label = json_dup(json_get(one, "Label"));
		bool shown = returned.type == JSON_NONE || json_true(returned);
		if (shown && text != NULL)
			buf_addf(
			    out, "- MetricExpression:           %s\n", text);
		if (shown && label != NULL)
			buf_addf(
			    out, "- MetricLabel:                %s\n", label);
		free(text);
		free(label);
	}
}

static void
add_details(struct buf *out, const struct cw_alarm *a, enum cw_state old,
    const char *account)
{
	buf_addf(out, "\nAlarm Details:\n- Name:                       %s\n",
	    a->name);
	buf_add_text(out, "- Description:                ");
	add_text(out, a, "AlarmDescription", "");
	buf_addf(out, "\n- State Change:               %s -> %s\n",
	    cw_state_name(old), cw_state_name(a->state));
	buf_addf(out, "- Reason for State Change:    %s\n", a->reason);
	buf_add_text(out, "- Timestamp:                  ");
	add_long_time(out, a->state_ms);
	buf_addf(out, "\n- AWS Account:                %s\n", account);
	buf_add_text(out, "- Alarm Arn:                  ");
	add_text(out, a, "AlarmArn", "");
	buf_add_text(out, "\n");
}

static void
write_mail(struct buf *out, const struct cw_alarm *a, enum cw_state old,
    const char *account)
{
	struct cw_rule rule = cw_alarm_rule(a);
	buf_addf(out,
	    "You are receiving this email because your Amazon CloudWatch "
	    "Alarm \"%s\" in the %s region has entered the %s state, because "
	    "\"%s\" at \"",
	    a->name, region_name(a->region), cw_state_name(a->state),
	    a->reason);
	add_long_time(out, a->state_ms);
	buf_addf(out,
	    "\".\n\nView this alarm in the AWS Management Console:\n"
	    "https://%s.console.aws.amazon.com/cloudwatch/deeplink.js?"
	    "region=%s#alarmsV2:alarm/",
	    a->region, a->region);
	text_percent(a->name, strlen(a->name), false, out);
	buf_add_char(out, '\n');
	add_details(out, a, old, account);
	buf_addf(out,
	    "\nThreshold:\n- The alarm is in the ALARM state when the metric "
	    "is %s ",
	    cw_comparison_name(rule.comparison));
	cw_number(rule.threshold, out);
	buf_addf(out,
	    " for at least %lld of the last %lld period(s) of %lld "
	    "seconds.\n",
	    (long long)(rule.to_alarm > 0 ? rule.to_alarm : rule.periods),
	    (long long)rule.periods, (long long)period_of(a));
	if (json_get(a->config, "Metrics").type == JSON_ARRAY)
		add_expressions(out, a);
	else
		add_metric(out, a);
	buf_add_text(out, "\nState Change Actions:\n- OK: ");
	add_list(out, a, "OKActions");
	buf_add_text(out, "- ALARM: ");
	add_list(out, a, "AlarmActions");
	buf_add_text(out, "- INSUFFICIENT_DATA: ");
	add_list(out, a, "InsufficientDataActions");
}

void
cw_notice_write(struct cw_notice *n, const struct cw_alarm *a,
    enum cw_state old, const char *account)
{
	*n = (struct cw_notice){0};
	write_subject(&n->subject, a);
	write_json(&n->json, a, old, account);
	write_mail(&n->mail, a, old, account);
}

void
cw_notice_clear(struct cw_notice *n)
{
	buf_clear(&n->subject);
	buf_clear(&n->json);
	buf_clear(&n->mail);
}
