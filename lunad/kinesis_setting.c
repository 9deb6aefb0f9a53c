/*
 * What of a stream can be changed: retention, mode, size of records,
 * encryption, monitoring.
 */
#include <string.h>

#include "kinesis.h"

#define RETENTION_LEAST 24
#define RETENTION_MOST 8760

static void
set(struct request *r, struct kinesis_stream *s, const char *sql, int64_t value)
{
	store_do(r->store, sql, "ii", value, s->id);
	kinesis_stream_stale(s);
}

/* The hours asked for; 0: the request has failed. */
static int64_t
hours_asked(struct request *r)
{
	bool bad = false;
	int64_t hours = kinesis_integer(
	    r, "RetentionPeriodHours", INT32_MIN, INT32_MAX, 0, &bad);
	if (bad)
		return 0;
	if (param_json(r, "RetentionPeriodHours").type != JSON_NUMBER)
		kinesis_required(r, "RetentionPeriodHours");
	else if (hours < RETENTION_LEAST)
		fail(r, 400, "InvalidArgumentException",
		    "Minimum allowed retention period is %d hours. Requested "
		    "retention period (%lld hours) is too short.",
		    RETENTION_LEAST, (long long)hours);
	else if (hours > RETENTION_MOST)
		fail(r, 400, "InvalidArgumentException",
		    "Maximum allowed retention period is %d hours. Requested "
		    "retention period (%lld hours) is too long.",
		    RETENTION_MOST, (long long)hours);
	else
		return hours;
	return 0;
}

static int
set_retention(struct request *r, int sign)
{
	struct kinesis_stream *s = kinesis_stream_asked(r);
	int64_t hours = s == NULL ? 0 : hours_asked(r);
	if (hours == 0)
		return ANSWER_ERROR;
	if (sign * (hours - s->retention_h) < 0)
		return fail(r, 400, "InvalidArgumentException",
		    "Requested retention period (%lld hours) for stream %s can "
		    "not be %s than existing retention period (%lld hours). "
		    "Use %sRetentionPeriod API.",
		    (long long)hours, s->name, sign > 0 ? "shorter" : "longer",
		    (long long)s->retention_h,
		    sign > 0 ? "Decrease" : "Increase");
	set(r, s, "UPDATE kinesis_stream SET retention = ? WHERE id = ?",
	    hours);
	return ANSWER;
}

int
kinesis_increase_retention(struct request *r)
{
	return set_retention(r, 1);
}

/* What is older is gone at once, even if the period grows again. */
int
kinesis_decrease_retention(struct request *r)
{
	int answer = set_retention(r, -1);
	if (answer == ANSWER) {
		struct kinesis_stream *s = kinesis_stream_asked(r);
		if (s != NULL)
			kinesis_trim(r->store, s, r->now_ms);
	}
	return answer;
}

int
kinesis_mode(struct request *r, struct json details, bool *on_demand)
{
	if (details.type == JSON_NONE || details.type == JSON_NULL)
		return 0;
	const char *mode = param_text(r, json_get(details, "StreamMode"), NULL);
	if (mode == NULL)
		return kinesis_constraint(r, "streamModeDetails.streamMode",
		    NULL, "Member must not be null");
	*on_demand = strcmp(mode, "ON_DEMAND") == 0;
	if (*on_demand || strcmp(mode, "PROVISIONED") == 0)
		return 0;
	return kinesis_constraint(r, "streamModeDetails.streamMode", mode,
	    "Member must satisfy enum value set: [PROVISIONED, ON_DEMAND]");
}

int
kinesis_update_mode(struct request *r)
{
	bool on_demand = false;
	struct json mode = param_json(r, "StreamModeDetails");
	struct kinesis_stream *s = kinesis_stream_of_arn(r, "StreamARN");
	if (s == NULL)
		return ANSWER_ERROR;
	if (mode.type == JSON_NONE || mode.type == JSON_NULL)
		return kinesis_required(r, "StreamModeDetails");
	if (kinesis_mode(r, mode, &on_demand) < 0)
		return ANSWER_ERROR;
	set(r, s, "UPDATE kinesis_stream SET on_demand = ? WHERE id = ?",
	    on_demand);
	return ANSWER;
}

int
kinesis_update_max_size(struct request *r)
{
	bool bad = false;
	struct kinesis_stream *s = kinesis_stream_of_arn(r, "StreamARN");
	int64_t kib = s == NULL ? 0
				: kinesis_integer(r, "MaxRecordSizeInKiB", 1024,
				      10240, 0, &bad);
	if (s == NULL || bad)
		return ANSWER_ERROR;
	if (kib == 0)
		return kinesis_required(r, "MaxRecordSizeInKiB");
	set(r, s, "UPDATE kinesis_stream SET max_kib = ? WHERE id = ?", kib);
	return ANSWER;
}

/* What both parameters of encryption have to be. NULL: failed. */
static const char *
key_asked(struct request *r)
{
	bool bad = false;
	const char *type = kinesis_text(r,
	    &(struct kinesis_rule){.name = "EncryptionType",
		.among = "KMS, NONE",
		.required = true},
	    &bad);
	if (type == NULL)
		return NULL;
	if (strcmp(type, "KMS") != 0) {
		fail(r, 400, "InvalidArgumentException",
		    "EncryptionType %s is not KMS.", type);
		return NULL;
	}
	return kinesis_text(r,
	    &(struct kinesis_rule){
		.name = "KeyId", .least = 1, .most = 2048, .required = true},
	    &bad);
}

/* AWS's own key is there without being made; any other one is looked for. */
static int
check_key(struct request *r, const char *key)
{
	struct buf params = {0}, reply = {0};
	struct lunad_failure why;
	if (strstr(key, "alias/aws/kinesis") != NULL)
		return 0;
	put_open(&params, NULL, '{');
	put_text(&params, "KeyId", key);
	put_close(&params, '}');
	int status = lunad_call(r->lunad, r->region, "kms", "DescribeKey",
	    buf_text(&params), params.len, &reply, &why);
	bool off =
	    status == 0 && strstr(buf_text(&reply), "\"Enabled\":true") == NULL;
	buf_clear(&params);
	buf_clear(&reply);
	if (off)
		return fail(
		    r, 400, "KMSDisabledException", "%s is disabled.", key);
	return status == 0
		   ? 0
		   : fail(r, 400, "KMSNotFoundException", "%s", why.message);
}

int
kinesis_start_encryption(struct request *r)
{
	struct kinesis_stream *s = kinesis_stream_asked(r);
	const char *key = s == NULL ? NULL : key_asked(r);
	if (key == NULL || check_key(r, key) < 0)
		return ANSWER_ERROR;
	store_do(r->store, "UPDATE kinesis_stream SET key_id = ? WHERE id = ?",
	    "ti", key, s->id);
	kinesis_stream_stale(s);
	return ANSWER;
}

int
kinesis_stop_encryption(struct request *r)
{
	struct kinesis_stream *s = kinesis_stream_asked(r);
	if (s == NULL || key_asked(r) == NULL)
		return ANSWER_ERROR;
	store_do(r->store,
	    "UPDATE kinesis_stream SET key_id = NULL WHERE id = ?", "i", s->id);
	kinesis_stream_stale(s);
	return ANSWER;
}

/* By the bits of monitored, in kinesis_metric.h's order. */
static const char *const levels[] = {"IncomingBytes", "IncomingRecords",
    "OutgoingBytes", "OutgoingRecords", "WriteProvisionedThroughputExceeded",
    "ReadProvisionedThroughputExceeded", "IteratorAgeMilliseconds"};
#define LEVELS (sizeof(levels) / sizeof(levels[0]))
#define ALL ((1U << LEVELS) - 1)

void
kinesis_monitored_put(struct buf *out, const char *name, unsigned monitored)
{
	put_open(out, name, '[');
	for (size_t i = 0; i < LEVELS; i++)
		if ((monitored >> i & 1) != 0)
			put_text(out, NULL, levels[i]);
	put_close(out, ']');
}

static int
levels_asked(struct request *r, unsigned *bits)
{
	struct json list = param_json(r, "ShardLevelMetrics"), one;
	struct json_iter it;
	*bits = 0;
	if (list.type != JSON_ARRAY)
		return kinesis_required(r, "ShardLevelMetrics");
	json_each(list, &it);
	while (json_next(&it, NULL, &one)) {
		const char *name = param_text(r, one, NULL);
		size_t i = 0;
		while (
		    name != NULL && i < LEVELS && strcmp(levels[i], name) != 0)
			i++;
		if (name != NULL && strcmp(name, "ALL") == 0)
			*bits |= ALL;
		else if (name != NULL && i < LEVELS)
			*bits |= 1U << i;
		else
			return kinesis_constraint(r, "shardLevelMetrics",
			    request_format(r, "[%s]", name == NULL ? "" : name),
			    "Member must satisfy constraint: [Member must "
			    "satisfy enum value set: [IncomingBytes, "
			    "OutgoingRecords, IteratorAgeMilliseconds, "
			    "IncomingRecords, ALL, "
			    "ReadProvisionedThroughputExceeded, "
			    "WriteProvisionedThroughputExceeded, "
			    "OutgoingBytes]]");
	}
	return 0;
}

static int
set_monitoring(struct request *r, bool on)
{
	unsigned bits;
	struct kinesis_stream *s = kinesis_stream_asked(r);
	if (s == NULL || levels_asked(r, &bits) < 0)
		return ANSWER_ERROR;
	unsigned now = on ? s->monitored | bits : s->monitored & ~bits;
	put_open(r->out, NULL, '{');
	put_text(r->out, "StreamName", s->name);
	put_text(r->out, "StreamARN", kinesis_stream_arn(r, s));
	kinesis_monitored_put(r->out, "CurrentShardLevelMetrics", s->monitored);
	kinesis_monitored_put(r->out, "DesiredShardLevelMetrics", now);
	put_close(r->out, '}');
	set(r, s, "UPDATE kinesis_stream SET monitored = ? WHERE id = ?", now);
	return ANSWER;
}

int
kinesis_enable_monitoring(struct request *r)
{
	return set_monitoring(r, true);
}

int
kinesis_disable_monitoring(struct request *r)
{
	return set_monitoring(r, false);
}
