/*
 * Shards: their ranges, their names, and whether they are still there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kinesis.h"
#include "kinesis_sequence.h"
#include "mem.h"
#include "text.h"

static void
shards_free(struct kinesis_shard *shard, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_clear(&shard[i].body);
	free(shard);
}

void
kinesis_shard_free(struct kinesis_stream *s)
{
	shards_free(s->shard, s->shards);
	free(s->open);
	s->shard = NULL;
	s->open = NULL;
	s->shards = s->opens = 0;
}

/* What no row knows of a shard outlives a reading of the rows. */
static void
keep_rates(
    struct kinesis_stream *s, const struct kinesis_shard *old, size_t count)
{
	for (size_t i = 0, k = 0; i < s->shards; i++) {
		while (k < count && old[k].id < s->shard[i].id)
			k++;
		if (k < count && old[k].id == s->shard[i].id)
			s->shard[i].rate = old[k].rate;
	}
}

static struct hash_key
hash_at(sqlite3_stmt *q, int column)
{
	struct hash_key h = {0};
	const char *text = store_text(q, column);
	hash_key_parse(text, strlen(text), &h);
	return h;
}

static int
by_range(const void *a, const void *b)
{
	const struct kinesis_shard *const *x = a, *const *y = b;
	return hash_key_compare((*x)->from, (*y)->from);
}

static void
find_open(struct kinesis_stream *s)
{
	s->open = mem_alloc((s->shards + 1) * sizeof(*s->open));
	for (size_t i = 0; i < s->shards; i++)
		if (s->shard[i].closed_ms == 0)
			s->open[s->opens++] = &s->shard[i];
	qsort(s->open, s->opens, sizeof(*s->open), by_range);
}

void
kinesis_shard_read(struct store *store, struct kinesis_stream *s)
{
	struct kinesis_shard *old = s->shard;
	size_t count = s->shards;
	s->shard = NULL;
	s->shards = 0;
	kinesis_shard_free(s);
	sqlite3_stmt *q = store_query(store,
	    "SELECT id, ix, parent, adjacent, hash_from, hash_to, epoch,"
	    " created_at, closed_at, next FROM kinesis_shard WHERE stream = ?"
	    " ORDER BY ix",
	    "i", s->id);
	while (store_next(q)) {
		s->shard = mem_grow(s->shard, s->shards + 1, sizeof(*s->shard));
		s->shard[s->shards++] =
		    (struct kinesis_shard){.id = store_int(q, 0),
			.index = (uint32_t)store_int(q, 1),
			.parent = store_int(q, 2),
			.adjacent = store_int(q, 3),
			.from = hash_at(q, 4),
			.to = hash_at(q, 5),
			.epoch_s = store_int(q, 6),
			.created_ms = store_int(q, 7),
			.closed_ms = store_int(q, 8),
			.next = store_int(q, 9)};
		struct kinesis_shard *d = &s->shard[s->shards - 1];
		kinesis_shard_name(d->index, d->name);
	}
	s->trim_at = KINESIS_NEVER;
	for (size_t i = 0; i < s->shards; i++) {
		struct kinesis_shard *d = &s->shard[i];
		int64_t kept_ms = s->retention_h * KINESIS_HOUR_MS;
		kinesis_block_read(store, d);
		if (d->oldest_ms != 0 && d->oldest_ms + kept_ms < s->trim_at)
			s->trim_at = d->oldest_ms + kept_ms;
		if (d->closed_ms != 0 && d->closed_ms + kept_ms < s->trim_at)
			s->trim_at = d->closed_ms + kept_ms;
	}
	find_open(s);
	keep_rates(s, old, count);
	shards_free(old, count);
}

void
kinesis_shard_insert(struct store *store, const struct kinesis_stream *s,
    const struct kinesis_shard *d)
{
	char from[HASH_KEY], to[HASH_KEY];
	hash_key_print(d->from, from);
	hash_key_print(d->to, to);
	store_do(store,
	    "INSERT INTO kinesis_shard (stream, ix, parent, adjacent,"
	    " hash_from, hash_to, epoch, created_at, closed_at, next)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 1)",
	    "iiiittii", s->id, (int64_t)d->index, d->parent, d->adjacent, from,
	    to, d->epoch_s, d->created_ms);
}

void
kinesis_shard_name(uint32_t index, char out[static KINESIS_SHARD_ID])
{
	snprintf(out, KINESIS_SHARD_ID, "shardId-%012u", index);
}

int64_t
kinesis_shard_index(const char *id)
{
	int64_t index;
	const char *dash = strchr(id, '-');
	const char *digits = dash == NULL ? id : dash + 1;
	if (*digits < '0' || *digits > '9' ||
	    text_integer(digits, 0, INT32_MAX, &index) < 0)
		return -1;
	return index;
}

bool
kinesis_shard_expired(const struct kinesis_stream *s,
    const struct kinesis_shard *d, int64_t now_ms)
{
	return d->closed_ms != 0 &&
	       d->closed_ms + s->retention_h * KINESIS_HOUR_MS <= now_ms;
}

struct kinesis_shard *
kinesis_shard_find(
    const struct kinesis_stream *s, int64_t index, int64_t now_ms)
{
	size_t low = 0, high = s->shards;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (s->shard[middle].index < index)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == s->shards || s->shard[low].index != index ||
	    kinesis_shard_expired(s, &s->shard[low], now_ms))
		return NULL;
	return &s->shard[low];
}

struct kinesis_shard *
kinesis_shard_asked(
    struct request *r, const struct kinesis_stream *s, const char *what)
{
	bool bad = false;
	const char *id = kinesis_text(r,
	    &(struct kinesis_rule){.name = what,
		.form = KINESIS_NAME,
		.most = 128,
		.required = true},
	    &bad);
	if (id == NULL)
		return NULL;
	struct kinesis_shard *d =
	    kinesis_shard_find(s, kinesis_shard_index(id), r->now_ms);
	if (d == NULL)
		fail(r, 400, "ResourceNotFoundException",
		    "Could not find shard %s in stream %s under account %s.",
		    id, s->name, r->account);
	return d;
}

struct kinesis_shard *
kinesis_shard_of(const struct kinesis_stream *s, struct hash_key key)
{
	size_t low = 0, high = s->opens;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (hash_key_compare(s->open[middle]->from, key) <= 0)
			low = middle;
		else
			high = middle;
	}
	return s->open[low];
}

void
kinesis_shard_sequence(const struct kinesis_shard *d, int64_t position,
    int64_t at_ms, char *digits)
{
	kinesis_sequence_print(&(struct kinesis_sequence){.epoch_s = d->epoch_s,
				   .shard = d->index,
				   .position = position,
				   .at_s = at_ms / 1000},
	    digits);
}

void
kinesis_shard_put(struct buf *out, const struct kinesis_shard *d)
{
	char id[KINESIS_SHARD_ID], hash[HASH_KEY];
	char sequence[KINESIS_SEQUENCE];
	put_open(out, NULL, '{');
	put_text(out, "ShardId", d->name);
	if (d->parent >= 0) {
		kinesis_shard_name((uint32_t)d->parent, id);
		put_text(out, "ParentShardId", id);
	}
	if (d->adjacent >= 0) {
		kinesis_shard_name((uint32_t)d->adjacent, id);
		put_text(out, "AdjacentParentShardId", id);
	}
	put_open(out, "HashKeyRange", '{');
	hash_key_print(d->from, hash);
	put_text(out, "StartingHashKey", hash);
	hash_key_print(d->to, hash);
	put_text(out, "EndingHashKey", hash);
	put_close(out, '}');
	put_open(out, "SequenceNumberRange", '{');
	kinesis_shard_sequence(d, 0, d->epoch_s * 1000, sequence);
	put_text(out, "StartingSequenceNumber", sequence);
	if (d->closed_ms != 0) {
		kinesis_shard_sequence(
		    d, KINESIS_SEQUENCE_END, d->closed_ms, sequence);
		put_text(out, "EndingSequenceNumber", sequence);
	}
	put_close(out, '}');
	put_close(out, '}');
}
