/*
 * SplitShard, MergeShards and UpdateShardCount. A parent is closed and its
 * children are open when the request is answered.
 */
#include <string.h>

#include "kinesis.h"

#define SHARDS_MAX 10000

/* The same text for all three. */
static int
check_mode(struct request *r, const struct kinesis_stream *s)
{
	if (!s->on_demand)
		return 0;
	return fail(r, 400, "ValidationException",
	    "Request is invalid. Stream %s under account %s is in On-Demand "
	    "mode.",
	    s->name, r->account);
}

static void
close_shard(struct request *r, const struct kinesis_shard *d)
{
	store_do(r->store,
	    "UPDATE kinesis_shard SET closed_at = ? WHERE id = ?", "ii",
	    r->now_ms, d->id);
}

/* A child's numbers are above those of its parents, whatever the second. */
static void
open_child(struct request *r, struct kinesis_stream *s, uint32_t index,
    const struct kinesis_shard *parent, const struct kinesis_shard *adjacent,
    struct hash_key from, struct hash_key to)
{
	int64_t epoch_s = r->now_ms / 1000;
	if (epoch_s <= parent->epoch_s)
		epoch_s = parent->epoch_s;
	if (adjacent != NULL && epoch_s <= adjacent->epoch_s)
		epoch_s = adjacent->epoch_s;
	kinesis_shard_insert(r->store, s,
	    &(struct kinesis_shard){.index = index,
		.parent = parent->index,
		.adjacent = adjacent == NULL ? -1 : (int64_t)adjacent->index,
		.from = from,
		.to = to,
		.epoch_s = epoch_s + 1,
		.created_ms = r->now_ms});
}

/* The stream with its shards as they are now; they have moved in memory. */
static void
read_again(struct request *r, struct kinesis_stream *s)
{
	kinesis_stream_stale(s);
	kinesis_stream_find(r->store, s->region, s->name);
}

static uint32_t
next_index(const struct kinesis_stream *s)
{
	return s->shard[s->shards - 1].index + 1;
}

/* The upper child begins at this hash key. */
static void
split(struct request *r, struct kinesis_stream *s,
    const struct kinesis_shard *d, struct hash_key at)
{
	uint32_t index = next_index(s);
	open_child(r, s, index, d, NULL, d->from, hash_key_before(at));
	open_child(r, s, index + 1, d, NULL, at, d->to);
	close_shard(r, d);
	read_again(r, s);
}

static void
merge(struct request *r, struct kinesis_stream *s,
    const struct kinesis_shard *d, const struct kinesis_shard *upper,
    bool upper_first)
{
	open_child(r, s, next_index(s), upper_first ? upper : d,
	    upper_first ? d : upper, d->from, upper->to);
	close_shard(r, d);
	close_shard(r, upper);
	read_again(r, s);
}

/* An open shard. NULL: the request has failed. */
static struct kinesis_shard *
open_asked(struct request *r, const struct kinesis_stream *s, const char *what)
{
	struct kinesis_shard *d = kinesis_shard_asked(r, s, what);
	if (d == NULL || d->closed_ms == 0)
		return d;
	fail(r, 400, "InvalidArgumentException",
	    "Shard %s in stream %s under account %s has already been merged "
	    "or split, and thus is not eligible for merging or splitting.",
	    d->name, s->name, r->account);
	return NULL;
}

int
kinesis_split_shard(struct request *r)
{
	bool bad = false;
	struct hash_key at;
	char from[HASH_KEY], to[HASH_KEY];
	struct kinesis_stream *s = kinesis_stream_asked(r);
	if (s == NULL || check_mode(r, s) < 0)
		return ANSWER_ERROR;
	const struct kinesis_shard *d = open_asked(r, s, "ShardToSplit");
	const char *key =
	    d == NULL ? NULL
		      : kinesis_text(r,
			    &(struct kinesis_rule){.name = "NewStartingHashKey",
				.form = KINESIS_NUMBER,
				.required = true},
			    &bad);
	if (key == NULL)
		return ANSWER_ERROR;
	if (hash_key_parse(key, strlen(key), &at) == 0 &&
	    hash_key_compare(at, d->from) > 0 &&
	    hash_key_compare(at, hash_key_after(d->from)) > 0 &&
	    hash_key_compare(at, d->to) < 0) {
		split(r, s, d, at);
		return ANSWER;
	}
	hash_key_print(d->from, from);
	hash_key_print(d->to, to);
	return fail(r, 400, "InvalidArgumentException",
	    "NewStartingHashKey %s used in SplitShard() on shard %s in stream "
	    "%s under account %s is not both greater than one plus the "
	    "shard's StartingHashKey %s and less than the shard's "
	    "EndingHashKey %s.",
	    key, d->name, s->name, r->account, from, to);
}

static bool
adjoin(const struct kinesis_shard *d, const struct kinesis_shard *upper)
{
	return hash_key_compare(d->from, upper->from) < 0 &&
	       hash_key_compare(hash_key_after(d->to), upper->from) == 0;
}

int
kinesis_merge_shards(struct request *r)
{
	struct kinesis_stream *s = kinesis_stream_asked(r);
	if (s == NULL || check_mode(r, s) < 0)
		return ANSWER_ERROR;
	const struct kinesis_shard *a = open_asked(r, s, "ShardToMerge");
	const struct kinesis_shard *b =
	    a == NULL ? NULL : open_asked(r, s, "AdjacentShardToMerge");
	if (b == NULL)
		return ANSWER_ERROR;
	if (adjoin(a, b)) {
		merge(r, s, a, b, false);
		return ANSWER;
	}
	if (adjoin(b, a)) {
		merge(r, s, b, a, true);
		return ANSWER;
	}
	return fail(r, 400, "InvalidArgumentException",
	    "Shards %s and %s in stream %s under account %s are not an "
	    "adjacent pair of shards eligible for merging",
	    a->name, b->name, s->name, r->account);
}

/* Open shards get the bounds of `count` equal ranges by splits; then those
 * within one range are merged. Shards that live for no time come of it, as
 * on AWS. */
static void
reshape(struct request *r, struct kinesis_stream *s, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++) {
		struct hash_key at = hash_key_part(i, count);
		const struct kinesis_shard *d = kinesis_shard_of(s, at);
		if (hash_key_compare(d->from, at) != 0)
			split(r, s, d, at);
	}
	for (uint32_t i = 0; i < count; i++) {
		struct hash_key from = hash_key_part(i, count);
		struct hash_key to =
		    hash_key_before(hash_key_part(i + 1, count));
		const struct kinesis_shard *d = kinesis_shard_of(s, from);
		while (hash_key_compare(d->to, to) != 0) {
			merge(r, s, d,
			    kinesis_shard_of(s, hash_key_after(d->to)), false);
			d = kinesis_shard_of(s, from);
		}
	}
}

/* As AWS's default limits: at most twice as many, at least half. */
static int
check_target(struct request *r, const struct kinesis_stream *s, int64_t target)
{
	int64_t now = (int64_t)s->opens;
	const char *what =
	    target > SHARDS_MAX ? "Target shard count or number of open shards "
				  "cannot be greater than 10000"
	    : target > 2 * now  ? "UpdateShardCount cannot scale up over "
				  "double your current open shard count"
	    : 2 * target < now  ? "UpdateShardCount cannot scale down below "
				  "half your current open shard count"
				: NULL;
	if (what == NULL)
		return 0;
	return fail(r, 400, "LimitExceededException",
	    "%s. Current open shard count: %lld, Target shard count: %lld",
	    what, (long long)now, (long long)target);
}

int
kinesis_update_shard_count(struct request *r)
{
	bool bad = false;
	struct kinesis_stream *s = kinesis_stream_asked(r);
	if (s == NULL || check_mode(r, s) < 0)
		return ANSWER_ERROR;
	const char *type = kinesis_text(r,
	    &(struct kinesis_rule){.name = "ScalingType",
		.among = "UNIFORM_SCALING",
		.required = true},
	    &bad);
	int64_t target = type == NULL ? 0
				      : kinesis_integer(r, "TargetShardCount",
					    1, INT32_MAX, 0, &bad);
	if (bad)
		return ANSWER_ERROR;
	if (target == 0)
		return kinesis_required(r, "TargetShardCount");
	if (check_target(r, s, target) < 0)
		return ANSWER_ERROR;
	put_open(r->out, NULL, '{');
	put_text(r->out, "StreamName", s->name);
	put_text(r->out, "StreamARN", kinesis_stream_arn(r, s));
	put_int(r->out, "CurrentShardCount", (int64_t)s->opens);
	put_int(r->out, "TargetShardCount", target);
	put_close(r->out, '}');
	reshape(r, s, (uint32_t)target);
	return ANSWER;
}
