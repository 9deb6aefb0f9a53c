/*
 * What a stream is like: in full, in short, and all of them by name.
 */
#include <string.h>

#include "kinesis.h"

#define DESCRIBED 100 /* shards in an answer, unless Limit says less */
#define SHARD_LIMIT 20000
#define STREAM_LIMIT 50

static void
put_mode(struct buf *out, bool on_demand)
{
	put_open(out, "StreamModeDetails", '{');
	put_text(out, "StreamMode", on_demand ? "ON_DEMAND" : "PROVISIONED");
	put_close(out, '}');
}

/* Members that the two descriptions have in common. */
static void
put_stream(struct request *r, const struct kinesis_stream *s)
{
	put_text(r->out, "StreamName", s->name);
	put_text(r->out, "StreamARN", kinesis_stream_arn(r, s));
	put_text(r->out, "StreamStatus", "ACTIVE");
	put_mode(r->out, s->on_demand);
	put_int(r->out, "RetentionPeriodHours", s->retention_h);
	put_time(r->out, "StreamCreationTimestamp", s->created_ms);
	put_open(r->out, "EnhancedMonitoring", '[');
	put_open(r->out, NULL, '{');
	kinesis_monitored_put(r->out, "ShardLevelMetrics", s->monitored);
	put_close(r->out, '}');
	put_close(r->out, ']');
	put_text(r->out, "EncryptionType", s->key_id == NULL ? "NONE" : "KMS");
	if (s->key_id != NULL)
		put_text(r->out, "KeyId", s->key_id);
}

int
kinesis_describe_stream(struct request *r)
{
	bool bad = false, more = false;
	struct kinesis_stream *s = kinesis_stream_asked(r);
	if (s == NULL)
		return ANSWER_ERROR;
	int64_t left = kinesis_integer(r, "Limit", 1, 10000, DESCRIBED, &bad);
	const char *after =
	    bad ? NULL
		: kinesis_text(r,
		      &(struct kinesis_rule){.name = "ExclusiveStartShardId",
			  .form = KINESIS_NAME,
			  .most = 128},
		      &bad);
	if (bad)
		return ANSWER_ERROR;
	int64_t index = after == NULL ? -1 : kinesis_shard_index(after);
	put_open(r->out, NULL, '{');
	put_open(r->out, "StreamDescription", '{');
	put_stream(r, s);
	put_open(r->out, "Shards", '[');
	for (size_t i = 0; i < s->shards && !more; i++) {
		const struct kinesis_shard *d = &s->shard[i];
		if ((int64_t)d->index <= index ||
		    kinesis_shard_expired(s, d, r->now_ms))
			continue;
		more = left-- == 0;
		if (!more)
			kinesis_shard_put(r->out, d);
	}
	put_close(r->out, ']');
	put_bool(r->out, "HasMoreShards", more);
	put_close(r->out, '}');
	put_close(r->out, '}');
	return ANSWER;
}

int
kinesis_describe_summary(struct request *r)
{
	struct kinesis_stream *s = kinesis_stream_asked(r);
	if (s == NULL)
		return ANSWER_ERROR;
	put_open(r->out, NULL, '{');
	put_open(r->out, "StreamDescriptionSummary", '{');
	put_stream(r, s);
	put_int(r->out, "OpenShardCount", (int64_t)s->opens);
	put_int(r->out, "ConsumerCount",
	    store_number(r->store, 0,
		"SELECT count(*) FROM kinesis_consumer WHERE stream = ?", "i",
		s->id));
	put_int(r->out, "MaxRecordSizeInKiB", s->max_kib);
	put_close(r->out, '}');
	put_close(r->out, '}');
	return ANSWER;
}

int
kinesis_describe_limits(struct request *r)
{
	put_open(r->out, NULL, '{');
	put_int(r->out, "ShardLimit", SHARD_LIMIT);
	put_int(r->out, "OpenShardCount",
	    store_number(r->store, 0,
		"SELECT count(*) FROM kinesis_shard JOIN kinesis_stream AS s"
		" ON s.id = stream WHERE closed_at = 0 AND region = ?",
		"t", r->region));
	put_int(r->out, "OnDemandStreamCount",
	    store_number(r->store, 0,
		"SELECT count(*) FROM kinesis_stream"
		" WHERE on_demand AND region = ?",
		"t", r->region));
	put_int(r->out, "OnDemandStreamCountLimit", STREAM_LIMIT);
	put_close(r->out, '}');
	return ANSWER;
}

/* The name after which the list begins, from either parameter. */
static const char *
list_after(struct request *r, bool *bad)
{
	struct buf name = {0};
	const char *after = kinesis_text(r,
	    &(struct kinesis_rule){.name = "ExclusiveStartStreamName",
		.form = KINESIS_NAME,
		.most = 128},
	    bad);
	const char *token = param(r, "NextToken");
	if (*bad || token == NULL)
		return after;
	*bad = kinesis_untoken(token, &name) < 0;
	if (*bad)
		fail(r, 400, "InvalidArgumentException", "Invalid NextToken.");
	after = request_copy(r, buf_text(&name), name.len);
	buf_clear(&name);
	return after;
}

static void
put_summary(
    struct request *r, struct buf *out, const char *name, sqlite3_stmt *q)
{
	const struct kinesis_stream s = {.region = (char *)(uintptr_t)r->region,
	    .name = (char *)(uintptr_t)name};
	put_open(out, NULL, '{');
	put_text(out, "StreamName", name);
	put_text(out, "StreamARN", kinesis_stream_arn(r, &s));
	put_text(out, "StreamStatus", "ACTIVE");
	put_mode(out, store_int(q, 2) != 0);
	put_time(out, "StreamCreationTimestamp", store_int(q, 1));
	put_close(out, '}');
}

int
kinesis_list_streams(struct request *r)
{
	bool bad = false, more = false;
	struct buf summary = {0}, token = {0};
	const char *last = "";
	int64_t left = kinesis_integer(r, "Limit", 1, 10000, 100, &bad);
	const char *after = bad ? NULL : list_after(r, &bad);
	if (bad)
		return ANSWER_ERROR;
	put_open(r->out, NULL, '{');
	put_open(r->out, "StreamNames", '[');
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT name, created_at, on_demand FROM kinesis_stream"
	    " WHERE region = ? AND name > ? ORDER BY name",
	    "tt", r->region, after == NULL ? "" : after);
	while (!more && store_next(q)) {
		more = left-- == 0;
		if (more)
			break;
		const char *name = store_text(q, 0);
		last = request_copy(r, name, strlen(name));
		put_text(r->out, NULL, last);
		put_summary(r, &summary, last, q);
	}
	store_end(q);
	put_close(r->out, ']');
	put_bool(r->out, "HasMoreStreams", more);
	if (more) {
		kinesis_token(last, strlen(last), &token);
		put_text(r->out, "NextToken", buf_text(&token));
	}
	put_open(r->out, "StreamSummaries", '[');
	buf_add(r->out, summary.data, summary.len);
	put_close(r->out, ']');
	put_close(r->out, '}');
	buf_clear(&summary);
	buf_clear(&token);
	return ANSWER;
}
