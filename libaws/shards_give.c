#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "shards_inner.h"
#include "text.h"

void
shards_give(struct shards *s, struct shard *shard, struct json reply)
{
	(void)s;
	json_each(json_get(reply, "Records"), &shard->it);
	shard->state = SHARD_LANDED;
}

/* The next shard whose reply is to be given out: one at a time. */
static struct shard *
landed(struct shards *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->shard[i]->state == SHARD_LANDED)
			return s->shard[i];
	return NULL;
}

static void
forget_kpl(struct shards *s)
{
	if (s->in_kpl)
		kpl_clear(&s->kpl);
	s->in_kpl = false;
}

/* The shard has been read so far: where the next iterator begins. */
static void
came_to(struct shard *shard, struct json sequence)
{
	free(shard->sequence);
	shard->sequence = json_dup(sequence);
	shard->sub = -1;
}

static bool
is_sequence(const struct shard *shard, struct json sequence)
{
	return shard->sequence != NULL && json_is(sequence, shard->sequence);
}

/* A producer that did not know of a split yet has put records here that belong
 * elsewhere, and has put them there, too, when it learnt of it. */
static bool
is_ours(const struct shard *shard, const struct kpl_record *r)
{
	struct hash_key hash = hash_key_of(r->key.at, r->key.len);
	if (r->hash_key.at != NULL &&
	    hash_key_parse(r->hash_key.at, r->hash_key.len, &hash) != 0)
		return true;
	if (hash_key_compare(shard->low, shard->high) > 0)
		return true;
	return hash_key_compare(shard->low, hash) <= 0 &&
	       hash_key_compare(hash, shard->high) <= 0;
}

/* The next of the records in the one at hand; those at or before the position
 * that was marked in it are left out. */
static bool
next_in_kpl(struct shards *s, struct shards_record *out)
{
	struct shard *shard = s->giving;
	struct json sequence = json_get(s->record, "SequenceNumber");
	struct kpl_record one;
	while (kpl_next(&s->kpl, &one)) {
		int64_t sub = s->sub++;
		if ((is_sequence(shard, sequence) && sub <= shard->sub) ||
		    !is_ours(shard, &one))
			continue;
		out->sub = sub;
		out->key = one.key.at;
		out->key_len = one.key.len;
		out->data = one.data.at;
		out->data_len = one.data.len;
		return true;
	}
	came_to(shard, sequence);
	forget_kpl(s);
	return false;
}

/* A record's fields that do not depend on what is in it. */
static void
fill(const struct shards *s, struct shards_record *out)
{
	*out = (struct shards_record){.shard = s->giving->id,
	    .sequence = json_get(s->record, "SequenceNumber"),
	    .sub = -1,
	    .arrival = json_get(s->record, "ApproximateArrivalTimestamp"),
	    .key = buf_text(&s->key),
	    .key_len = s->key.len,
	    .data = buf_text(&s->data),
	    .data_len = s->data.len};
}

/* Decode the record at hand: true if it is one by itself. */
static bool
open_record(struct shards *s)
{
	struct json data = json_get(s->record, "Data");
	buf_reset(&s->key);
	buf_reset(&s->data);
	json_text(json_get(s->record, "PartitionKey"), &s->key, NULL);
	if (data.type == JSON_STRING)
		text_unbase64(data.at + 1, data.len - 2, &s->data);
	s->sub = 0;
	s->in_kpl = kpl_open(&s->kpl, s->data.data, s->data.len);
	return !s->in_kpl;
}

bool
shards_next(struct shards *s, struct shards_record *out)
{
	for (;;) {
		if (s->in_kpl) {
			fill(s, out);
			if (next_in_kpl(s, out))
				return true;
		}
		if (s->giving == NULL)
			s->giving = landed(s);
		if (s->giving == NULL)
			return false;
		if (!json_next(&s->giving->it, NULL, &s->record)) {
			shards_given(s, s->giving);
			s->giving = NULL;
			continue;
		}
		if (!open_record(s))
			continue;
		fill(s, out);
		came_to(s->giving, out->sequence);
		return true;
	}
}
