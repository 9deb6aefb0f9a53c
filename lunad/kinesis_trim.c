/*
 * What has expired is no longer answered at once; here its rows go, when
 * time comes to it, at most once a minute.
 */
#include "kinesis.h"

#define MINUTE_MS 60000

void
kinesis_trim(struct store *store, struct kinesis_stream *s, int64_t now_ms)
{
	int64_t horizon = kinesis_stream_horizon(s, now_ms);
	for (size_t i = 0; i < s->shards; i++) {
		struct kinesis_shard *d = &s->shard[i];
		kinesis_block_trim(store, d, horizon);
		if (!kinesis_shard_expired(s, d, now_ms))
			continue;
		kinesis_block_delete(store, d);
		store_do(store, "DELETE FROM kinesis_shard WHERE id = ?", "i",
		    d->id);
	}
	kinesis_stream_stale(s);
}

static int64_t
due_of(const struct kinesis_stream *s)
{
	if (s->id == 0 || s->trim_at == KINESIS_NEVER)
		return KINESIS_NEVER;
	return (s->trim_at / MINUTE_MS + 1) * MINUTE_MS;
}

int64_t
kinesis_trim_due(struct store *store)
{
	int64_t due = KINESIS_NEVER;
	for (struct kinesis_stream *s = kinesis_stream_first(); s != NULL;
	     s = s->next) {
		if (s->id != 0 && s->stale)
			kinesis_stream_find(store, s->region, s->name);
		if (due_of(s) < due)
			due = due_of(s);
	}
	return due;
}

void
kinesis_trim_run_due(struct store *store, int64_t now_ms)
{
	struct kinesis_stream *s = kinesis_stream_first(), *found;
	while (s != NULL && due_of(s) > now_ms)
		s = s->next;
	if (s == NULL)
		return;
	found = kinesis_stream_find(store, s->region, s->name);
	if (found == NULL)
		return;
	kinesis_trim(store, found, now_ms);
}
