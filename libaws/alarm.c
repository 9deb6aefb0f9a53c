#include "alarm.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "text.h"

static char *
member(struct json object, const char *name)
{
	struct json v = json_get(object, name);
	char *text = v.type == JSON_STRING ? json_dup(v) : NULL;
	if (text == NULL && v.type == JSON_NUMBER)
		text = json_source(v);
	return text == NULL ? mem_text("") : text;
}

static const char *
sign_of(const char *operator)
{
	static const struct {
		const char *name, *sign;
	} all[] = {{"GreaterThanOrEqualToThreshold", "≥"},
	    {"GreaterThanThreshold", ">"}, {"LessThanThreshold", "<"},
	    {"LessThanOrEqualToThreshold", "≤"}};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i].name, operator) == 0)
			return all[i].sign;
	return operator;
}

/* "1.0" as 1, "0.50" as 0.5. */
static void
trim_number(char *text)
{
	size_t n = strlen(text);
	if (strchr(text, '.') == NULL || strpbrk(text, "eE") != NULL)
		return;
	while (n > 0 && text[n - 1] == '0')
		text[--n] = '\0';
	if (n > 0 && text[n - 1] == '.')
		text[n - 1] = '\0';
}

static void
read_trigger(struct json trigger, struct alarm *a)
{
	char *space = member(trigger, "Namespace");
	char *name = member(trigger, "MetricName");
	char *stat = member(trigger, "Statistic");
	char *operator= member(trigger, "ComparisonOperator");
	char *threshold = member(trigger, "Threshold");
	char *periods = member(trigger, "EvaluationPeriods");
	char *period = member(trigger, "Period");
	if (name[0] == '\0')
		a->metric = mem_text("");
	else
		a->metric = mem_format("%s %s %s", space, name, stat);
	trim_number(threshold);
	if (threshold[0] == '\0')
		a->bound = mem_text("");
	else
		a->bound = mem_format("%s %s for %s × %s s", sign_of(operator),
		    threshold, periods, period);
	char *all[] = {space, name, stat, operator, threshold, periods, period};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		free(all[i]);
}

/* "… [0.5 (20/11/26 22:00:00)] was …": the number. */
static char *
value_of(const char *reason)
{
	const char *open = strchr(reason, '[');
	const char *end = open == NULL ? NULL : strpbrk(open, " ],");
	if (end == NULL || end == open + 1)
		return mem_text("");
	char *value = mem_text_of(open + 1, (size_t)(end - open - 1));
	trim_number(value);
	return value;
}

/* arn:aws:cloudwatch:REGION:ACCOUNT:alarm:NAME */
static char *
region_of(const char *arn)
{
	for (int colons = 0; colons < 3 && arn != NULL; colons++) {
		arn = strchr(arn, ':');
		arn = arn == NULL ? NULL : arn + 1;
	}
	return arn == NULL ? mem_text("") : mem_text_of(arn, strcspn(arn, ":"));
}

/* What is no region's code cannot be part of a host's name. */
static char *
link_of(const char *region, const char *name)
{
	struct buf link = {0};
	size_t len = strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-");
	if (len == 0 || region[len] != '\0')
		return mem_text("");
	buf_addf(&link,
	    "https://%s.console.aws.amazon.com/cloudwatch/home?region=%s"
	    "#alarmsV2:alarm/",
	    region, region);
	text_percent(name, strlen(name), false, &link);
	return buf_take(&link);
}

static bool
read_alarm(struct json root, struct alarm *a)
{
	if (json_get(root, "AlarmName").type != JSON_STRING ||
	    json_get(root, "NewStateValue").type != JSON_STRING)
		return false;
	char *arn = member(root, "AlarmArn");
	a->name = member(root, "AlarmName");
	a->was = member(root, "OldStateValue");
	a->now = member(root, "NewStateValue");
	a->reason = member(root, "NewStateReason");
	a->time = member(root, "StateChangeTime");
	a->region = region_of(arn);
	free(arn);
	if (a->region[0] == '\0') {
		free(a->region);
		a->region = member(root, "Region");
	}
	a->value = value_of(a->reason);
	a->link = link_of(a->region, a->name);
	read_trigger(json_get(root, "Trigger"), a);
	return true;
}

/* The Message of an SNS notification: an alarm, or text. */
static bool
read_message(struct json sns, struct alarm *a, struct buf *text)
{
	struct buf inner = {0};
	struct json root;
	bool is = json_text(json_get(sns, "Message"), &inner, NULL) == 0 &&
		  json_scan(inner.data, inner.len, &root, NULL) == 0 &&
		  read_alarm(root, a);
	struct json subject = json_get(sns, "Subject");
	if (!is && subject.type == JSON_STRING &&
	    json_text(subject, text, NULL) == 0)
		buf_add_char(text, '\n');
	if (!is)
		buf_add(text, inner.data, inner.len);
	buf_clear(&inner);
	return is;
}

bool
alarm_read(struct json root, size_t part, struct alarm *a, struct buf *text,
    bool *more)
{
	*a = (struct alarm){0};
	*more = false;
	struct json records = json_get(root, "Records");
	struct json sns = json_get(json_at(records, part), "Sns");
	if (records.type == JSON_ARRAY && sns.type == JSON_OBJECT) {
		*more = part + 1 < json_count(records);
		return read_message(sns, a, text);
	}
	if (json_is(json_get(root, "Type"), "Notification") &&
	    json_get(root, "Message").type == JSON_STRING)
		return read_message(root, a, text);
	return read_alarm(root, a);
}

void
alarm_clear(struct alarm *a)
{
	char *all[] = {a->name, a->was, a->now, a->reason, a->metric, a->bound,
	    a->value, a->time, a->region, a->link};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		free(all[i]);
	*a = (struct alarm){0};
}
