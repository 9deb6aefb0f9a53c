/*
 * CreateStream and DeleteStream. Both are done when they are answered: a
 * stream is never seen CREATING or DELETING.
 */
#include <string.h>

#include "kinesis.h"

#define ON_DEMAND_SHARDS 4 /* of a new stream, as AWS makes it */
#define SHARD_LIMIT 10000

static int
create_shards(struct request *r, struct kinesis_stream *s, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		kinesis_shard_insert(r->store, s,
		    &(struct kinesis_shard){.index = i,
			.parent = -1,
			.adjacent = -1,
			.from = hash_key_part(i, count),
			.to = hash_key_before(hash_key_part(i + 1, count)),
			.epoch_s = r->now_ms / 1000,
			.created_ms = r->now_ms});
	return ANSWER;
}

/* What lunad does not have is refused, not forgotten. */
static int
check_settings(struct request *r, bool *on_demand, int64_t *shards)
{
	bool bad = false;
	struct json mode = param_json(r, "StreamModeDetails");
	*shards = kinesis_integer(r, "ShardCount", 1, SHARD_LIMIT, 0, &bad);
	if (bad || kinesis_mode(r, mode, on_demand) < 0)
		return -1;
	if (mode.type == JSON_NONE)
		*on_demand = *shards == 0;
	if (*on_demand && *shards != 0)
		return fail(r, 400, "ValidationException",
		    "ShardCount is not expected when StreamMode=ON_DEMAND");
	if (!*on_demand && *shards == 0)
		return kinesis_required(r, "ShardCount");
	if (*on_demand)
		*shards = ON_DEMAND_SHARDS;
	if (param_int(r, "WarmThroughputMiBps", 0) != 0)
		return fail(r, 400, "ValidationException",
		    "lunad has no WarmThroughputMiBps: its shards are not "
		    "limited.");
	const char *spread = param(r, "RecordDistributionStrategy");
	if (spread != NULL && strcmp(spread, "USER_PARTITION_KEY") != 0)
		return fail(r, 400, "ValidationException",
		    "lunad has no RecordDistributionStrategy but "
		    "USER_PARTITION_KEY.");
	return 0;
}

int
kinesis_create_stream(struct request *r)
{
	bool bad = false, on_demand = false;
	int64_t shards;
	const char *name = kinesis_text(r,
	    &(struct kinesis_rule){.name = "StreamName",
		.form = KINESIS_NAME,
		.most = 128,
		.required = true},
	    &bad);
	if (name == NULL || check_settings(r, &on_demand, &shards) < 0)
		return ANSWER_ERROR;
	int64_t max_kib =
	    kinesis_integer(r, "MaxRecordSizeInKiB", 1024, 10240, 1024, &bad);
	if (bad)
		return ANSWER_ERROR;
	if (kinesis_stream_find(r->store, r->region, name) != NULL)
		return fail(r, 400, "ResourceInUseException",
		    "Stream %s under account %s already exists.", name,
		    r->account);
	store_do(r->store,
	    "INSERT INTO kinesis_stream (region, name, created_at, on_demand,"
	    " retention, max_kib, monitored) VALUES (?, ?, ?, ?, 24, ?, 0)",
	    "ttiii", r->region, name, r->now_ms, (int64_t)on_demand, max_kib);
	struct kinesis_stream *s =
	    kinesis_stream_find(r->store, r->region, name);
	if (s == NULL)
		return ANSWER; /* the store has failed: the core says so */
	create_shards(r, s, (uint32_t)shards);
	kinesis_stream_stale(s);
	return kinesis_tags_put(r, s->id, NULL, param_json(r, "Tags"));
}

int
kinesis_delete_stream(struct request *r)
{
	struct kinesis_stream *s = kinesis_stream_asked(r);
	if (s == NULL)
		return ANSWER_ERROR;
	if (!param_bool(r, "EnforceConsumerDeletion", false) &&
	    store_number(r->store, 0,
		"SELECT 1 FROM kinesis_consumer WHERE stream = ? LIMIT 1", "i",
		s->id) != 0)
		return fail(r, 400, "ResourceInUseException",
		    "Stream %s under account %s has registered consumers: "
		    "deregister them, or set EnforceConsumerDeletion.",
		    s->name, r->account);
	for (size_t i = 0; i < s->shards; i++)
		kinesis_block_delete(r->store, &s->shard[i]);
	store_do(
	    r->store, "DELETE FROM kinesis_shard WHERE stream = ?", "i", s->id);
	kinesis_resource_drop(r->store, s->id, NULL);
	store_do(r->store, "DELETE FROM kinesis_consumer WHERE stream = ?", "i",
	    s->id);
	store_do(
	    r->store, "DELETE FROM kinesis_stream WHERE id = ?", "i", s->id);
	kinesis_stream_stale(s);
	return ANSWER;
}
