/*
 * ListShards.
 */
#include <string.h>

#include "kinesis.h"

#define LISTED 1000 /* at most, whatever MaxResults says */
#define TOKEN_LIFE_MS 300000

enum filter {
	FROM_TRIM_HORIZON, /* all that are not expired */
	AFTER_SHARD_ID,
	AT_TRIM_HORIZON,
	AT_LATEST,
	AT_TIMESTAMP,
	FROM_TIMESTAMP
};

/* What is listed: a token carries it, and the stream's name after it. */
struct list {
	int64_t made_ms, stream, after, filter, at_ms;
};

static const char *const names[] = {
    [FROM_TRIM_HORIZON] = "FROM_TRIM_HORIZON",
    [AFTER_SHARD_ID] = "AFTER_SHARD_ID",
    [AT_TRIM_HORIZON] = "AT_TRIM_HORIZON",
    [AT_LATEST] = "AT_LATEST",
    [AT_TIMESTAMP] = "AT_TIMESTAMP",
    [FROM_TIMESTAMP] = "FROM_TIMESTAMP",
};

static int
read_filter(struct request *r, struct list *list)
{
	struct json filter = param_json(r, "ShardFilter");
	bool bad = false;
	if (filter.type == JSON_NONE || filter.type == JSON_NULL)
		return 0;
	const char *type = param_text(r, json_get(filter, "Type"), NULL);
	const char *id = param_text(r, json_get(filter, "ShardId"), NULL);
	size_t i = 0;
	if (type == NULL)
		return kinesis_constraint(
		    r, "shardFilter.type", NULL, "Member must not be null");
	while (
	    i < sizeof(names) / sizeof(names[0]) && strcmp(names[i], type) != 0)
		i++;
	if (i == sizeof(names) / sizeof(names[0]))
		return kinesis_constraint(r, "shardFilter.type", type,
		    "Member must satisfy enum value set: [AFTER_SHARD_ID, "
		    "AT_TRIM_HORIZON, FROM_TRIM_HORIZON, AT_LATEST, "
		    "AT_TIMESTAMP, FROM_TIMESTAMP]");
	list->filter = (int64_t)i;
	list->at_ms = kinesis_time(r, filter, "Timestamp", &bad);
	if (bad)
		return -1;
	if ((i == AFTER_SHARD_ID) != (id != NULL))
		return fail(r, 400, "InvalidArgumentException",
		    "ShardId in ShardFilter belongs to AFTER_SHARD_ID, and "
		    "to no other Type.");
	if ((i == AT_TIMESTAMP || i == FROM_TIMESTAMP) != (list->at_ms >= 0))
		return fail(r, 400, "InvalidArgumentException",
		    "Timestamp in ShardFilter belongs to AT_TIMESTAMP and "
		    "FROM_TIMESTAMP, and to no other Type.");
	if (id != NULL)
		list->after = kinesis_shard_index(id);
	return 0;
}

static bool
wanted(const struct list *list, const struct kinesis_stream *s,
    const struct kinesis_shard *d, int64_t now_ms)
{
	int64_t at_ms = list->at_ms;
	bool was_open = d->created_ms <= at_ms &&
			(d->closed_ms == 0 || d->closed_ms >= at_ms);
	if ((int64_t)d->index <= list->after ||
	    kinesis_shard_expired(s, d, now_ms))
		return false;
	switch ((enum filter)list->filter) {
	case AT_LATEST:
		return d->closed_ms == 0;
	case AT_TIMESTAMP:
		return was_open;
	case FROM_TIMESTAMP:
		return d->closed_ms == 0 || d->closed_ms >= at_ms;
	case AT_TRIM_HORIZON:
		at_ms = kinesis_stream_horizon(s, now_ms);
		if (at_ms < s->created_ms)
			at_ms = s->created_ms;
		return d->created_ms <= at_ms;
	case FROM_TRIM_HORIZON:
	case AFTER_SHARD_ID:
		break;
	}
	return true;
}

static int
read_token(struct request *r, const char *token, struct list *list,
    struct kinesis_stream **s)
{
	struct buf bytes = {0};
	if (param(r, "StreamName") != NULL)
		return fail(r, 400, "InvalidArgumentException",
		    "NextToken and StreamName cannot be provided together.");
	if (kinesis_untoken(token, &bytes) < 0 || bytes.len <= sizeof(*list)) {
		buf_clear(&bytes);
		return fail(
		    r, 400, "InvalidArgumentException", "Invalid NextToken.");
	}
	memcpy(list, bytes.data, sizeof(*list));
	const char *name = request_copy(
	    r, bytes.data + sizeof(*list), bytes.len - sizeof(*list));
	buf_clear(&bytes);
	if (r->now_ms - list->made_ms > TOKEN_LIFE_MS)
		return fail(r, 400, "ExpiredNextTokenException",
		    "The NextToken is older than 300 seconds.");
	*s = kinesis_stream_find(r->store, r->region, name);
	if (*s == NULL || (*s)->id != list->stream)
		return kinesis_stream_missing(r, name);
	return 0;
}

static int
read_asked(struct request *r, struct list *list, struct kinesis_stream **s)
{
	bool bad = false;
	if (param(r, "StreamName") == NULL && param(r, "StreamARN") == NULL)
		return fail(r, 400, "InvalidArgumentException",
		    "Either NextToken or StreamName should be provided.");
	*s = kinesis_stream_asked(r);
	if (*s == NULL || read_filter(r, list) < 0)
		return -1;
	const char *after = kinesis_text(r,
	    &(struct kinesis_rule){.name = "ExclusiveStartShardId",
		.form = KINESIS_NAME,
		.most = 128},
	    &bad);
	if (after != NULL)
		list->after = kinesis_shard_index(after);
	return bad ? -1 : 0;
}

static void
put_token(struct request *r, struct list *list, const struct kinesis_stream *s)
{
	struct buf bytes = {0}, token = {0};
	list->stream = s->id;
	list->made_ms = r->now_ms;
	buf_add(&bytes, list, sizeof(*list));
	buf_add_text(&bytes, s->name);
	kinesis_token(bytes.data, bytes.len, &token);
	put_text(r->out, "NextToken", buf_text(&token));
	buf_clear(&bytes);
	buf_clear(&token);
}

int
kinesis_list_shards(struct request *r)
{
	bool bad = false;
	struct list list = {.after = -1, .at_ms = -1};
	struct kinesis_stream *s = NULL;
	const char *token = param(r, "NextToken");
	int64_t most = kinesis_integer(r, "MaxResults", 1, 10000, LISTED, &bad);
	if (bad || (token != NULL ? read_token(r, token, &list, &s)
				  : read_asked(r, &list, &s)) < 0)
		return ANSWER_ERROR;
	most = most > LISTED ? LISTED : most;
	put_open(r->out, NULL, '{');
	put_open(r->out, "Shards", '[');
	int64_t last = -1;
	for (size_t i = 0; i < s->shards; i++) {
		const struct kinesis_shard *d = &s->shard[i];
		if (!wanted(&list, s, d, r->now_ms))
			continue;
		if (most-- == 0)
			break;
		kinesis_shard_put(r->out, d);
		last = d->index;
	}
	put_close(r->out, ']');
	if (most < 0) {
		list.after = last;
		put_token(r, &list, s);
	}
	put_close(r->out, '}');
	return ANSWER;
}
