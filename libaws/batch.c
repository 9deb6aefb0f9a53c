#include "batch.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

/*
 * A lane holds batches in order: the first may fly, the last may be open.
 * Entries without a key share one more lane, whose batches fly side by side.
 */
struct lane {
	struct batch *first, *last;
	size_t flying;
};

struct batcher {
	struct batch_limits limits;
	struct lane *lane; /* jobs of them, then the shared one */
	size_t flying;     /* calls */
	size_t waiting;    /* entries */
	size_t turn;       /* the lane to look at first */
};

uint64_t
batch_hash(const void *key, size_t len)
{
	/* FNV-1a with a final mix: lanes take the low bits. */
	const unsigned char *p = key;
	uint64_t h = 14695981039346656037u;
	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 1099511628211u;
	h ^= h >> 32;
	h *= 0x9e3779b97f4a7c15u;
	h ^= h >> 29;
	return h == 0 ? 1 : h;
}

struct batcher *
batch_open(const struct batch_limits *limits)
{
	struct batcher *b = mem_alloc(sizeof(*b));
	b->limits = *limits;
	b->lane = mem_alloc((limits->jobs + 1) * sizeof(*b->lane));
	return b;
}

static void
batch_free(struct batch *batch)
{
	free(batch->entry);
	buf_clear(&batch->bytes);
	free(batch);
}

void
batch_close(struct batcher *b)
{
	if (b == NULL)
		return;
	for (size_t i = 0; i <= b->limits.jobs; i++)
		while (b->lane[i].first != NULL) {
			struct batch *next = b->lane[i].first->next;
			batch_free(b->lane[i].first);
			b->lane[i].first = next;
		}
	free(b->lane);
	free(b);
}

static void
push(struct batcher *b, struct batch *batch, bool front)
{
	struct lane *lane = &b->lane[batch->lane];
	b->waiting += batch->count;
	if (front || lane->first == NULL) {
		batch->next = lane->first;
		lane->first = batch;
		if (batch->next == NULL)
			lane->last = batch;
		return;
	}
	batch->next = NULL;
	lane->last->next = batch;
	lane->last = batch;
}

static void
pull(struct batcher *b, struct batch *batch)
{
	struct lane *lane = &b->lane[batch->lane];
	struct batch *before = NULL;
	for (struct batch *at = lane->first; at != batch; at = at->next)
		before = at;
	if (before == NULL)
		lane->first = batch->next;
	else
		before->next = batch->next;
	if (lane->last == batch)
		lane->last = before;
	batch->next = NULL;
	b->waiting -= batch->count;
}

static bool
has_key(const struct batch *batch, uint64_t hash)
{
	for (size_t i = 0; i < batch->count; i++)
		if (batch->entry[i].hash == hash)
			return true;
	return false;
}

/* May an entry of this size, key and group join the batch? */
static bool
fits(const struct batcher *b, const struct batch *batch, size_t size,
    uint64_t hash, uint64_t group)
{
	const struct batch_limits *l = &b->limits;
	if (batch->count >= l->max_entries ||
	    (batch->count > 0 && batch->entry[0].group != group))
		return false;
	if (l->max_bytes != 0 &&
	    batch->size + size + l->entry_overhead > l->max_bytes)
		return false;
	return !(l->one_of_a_key && hash != 0 && has_key(batch, hash));
}

static size_t
keep_bytes(struct batch *batch, const void *bytes, size_t len)
{
	size_t at = batch->bytes.len;
	buf_add(&batch->bytes, bytes, len);
	return at;
}

static struct batch_entry *
entry_new(struct batch *batch)
{
	if (batch->count == batch->cap) {
		batch->cap = batch->cap == 0 ? 16 : batch->cap * 2;
		batch->entry =
		    mem_grow(batch->entry, batch->cap, sizeof(*batch->entry));
	}
	return &batch->entry[batch->count++];
}

/* Copy an entry, whose bytes lie in `from`, to the end of batch. */
static void
append(struct batcher *b, struct batch *batch, const struct batch_entry *e,
    const char *from)
{
	struct batch_entry *to = entry_new(batch);
	*to = *e;
	to->at = keep_bytes(batch, from + e->at, e->len);
	to->key = keep_bytes(batch, from + e->key, e->key_len);
	to->note = keep_bytes(batch, from + e->note, e->note_len);
	batch->size += e->size + b->limits.entry_overhead;
}

static struct batch *
batch_new(size_t lane, int64_t now_ms)
{
	struct batch *batch = mem_alloc(sizeof(*batch));
	batch->lane = lane;
	batch->opened_ms = now_ms;
	return batch;
}

bool
batch_add(struct batcher *b, const struct batch_item *item, int64_t now_ms)
{
	bool full = false;
	uint64_t hash =
	    item->key_len == 0 ? 0 : batch_hash(item->key, item->key_len);
	size_t lane = hash == 0 ? b->limits.jobs : hash % b->limits.jobs;
	struct batch *batch = b->lane[lane].last;
	if (batch == NULL || batch->sealed ||
	    !fits(b, batch, item->size, hash, item->group)) {
		if (batch != NULL)
			full = batch->sealed = true;
		batch = batch_new(lane, now_ms);
		push(b, batch, false);
	}
	struct batch_entry *e = entry_new(batch);
	*e = (struct batch_entry){.user = item->user,
	    .len = item->len,
	    .size = item->size,
	    .key_len = item->key_len,
	    .note_len = item->note_len,
	    .hash = hash,
	    .group = item->group};
	e->at = keep_bytes(batch, item->bytes, item->len);
	e->key = keep_bytes(batch, item->key, item->key_len);
	e->note = keep_bytes(batch, item->note, item->note_len);
	batch->size += item->size + b->limits.entry_overhead;
	b->waiting++;
	if (batch->count >= b->limits.max_entries)
		full = batch->sealed = true;
	return full;
}

/* When this batch may be sent: 0 now, INT64_MAX never by itself. */
static int64_t
ready_at(
    const struct batcher *b, const struct batch *batch, bool flush, bool hurry)
{
	int64_t at = hurry ? 0 : batch->not_before_ms;
	if (batch->sealed || flush)
		return at;
	/* Linger 0: as soon as no complete line waits, which the caller
	 * says by flush. */
	if (b->limits.linger_ms == 0)
		return INT64_MAX;
	int64_t lingered = batch->opened_ms + b->limits.linger_ms;
	return at > lingered ? at : lingered;
}

static struct batch *
lane_ready(const struct batcher *b, const struct lane *lane, int64_t now_ms,
    bool flush, bool hurry)
{
	bool shared = lane == &b->lane[b->limits.jobs];
	if (!shared && lane->flying > 0)
		return NULL;
	for (struct batch *at = lane->first; at != NULL; at = at->next) {
		if (ready_at(b, at, flush, hurry) <= now_ms)
			return at;
		if (!shared)
			return NULL;
	}
	return NULL;
}

struct batch *
batch_take(struct batcher *b, int64_t now_ms, bool flush, bool hurry)
{
	size_t lanes = b->limits.jobs + 1;
	if (b->flying >= b->limits.jobs || b->waiting == 0)
		return NULL;
	for (size_t i = 0; i < lanes; i++) {
		size_t n = (b->turn + i) % lanes;
		struct batch *batch =
		    lane_ready(b, &b->lane[n], now_ms, flush, hurry);
		if (batch == NULL)
			continue;
		pull(b, batch);
		batch->sealed = true;
		b->lane[n].flying++;
		b->flying++;
		b->turn = n + 1;
		return batch;
	}
	return NULL;
}

int64_t
batch_due(const struct batcher *b, int64_t now_ms, bool flush)
{
	int64_t soonest = INT64_MAX;
	if (b->flying >= b->limits.jobs)
		return -1;
	for (size_t i = 0; i <= b->limits.jobs; i++) {
		const struct lane *lane = &b->lane[i];
		bool shared = i == b->limits.jobs;
		if (!shared && lane->flying > 0)
			continue;
		for (struct batch *at = lane->first; at != NULL;
		     at = at->next) {
			int64_t ready = ready_at(b, at, flush, false);
			if (ready < soonest)
				soonest = ready;
			if (!shared)
				break;
		}
	}
	if (soonest == INT64_MAX)
		return -1;
	return soonest <= now_ms ? 0 : soonest - now_ms;
}

static void
land(struct batcher *b, const struct batch *batch)
{
	b->lane[batch->lane].flying--;
	b->flying--;
}

void
batch_done(struct batcher *b, struct batch *batch)
{
	land(b, batch);
	batch_free(batch);
}

/* Let what waits behind the refused entries fill up their call. */
static void
top_up(struct batcher *b, struct batch *batch)
{
	struct lane *lane = &b->lane[batch->lane];
	struct batch *from = lane->first;
	if (from == NULL || from->round > 0 || batch->lane == b->limits.jobs)
		return;
	size_t n = 0;
	while (
	    n < from->count && fits(b, batch, from->entry[n].size,
				   from->entry[n].hash, from->entry[n].group))
		append(b, batch, &from->entry[n++], from->bytes.data);
	if (n == 0)
		return;
	pull(b, from);
	if (n < from->count) {
		struct batch *rest = batch_new(from->lane, from->opened_ms);
		rest->sealed = from->sealed;
		for (; n < from->count; n++)
			append(b, rest, &from->entry[n], from->bytes.data);
		push(b, rest, true);
	}
	batch_free(from);
}

void
batch_back(struct batcher *b, struct batch *batch, const bool *keep,
    int64_t not_before_ms, int round)
{
	land(b, batch);
	struct batch *again = batch;
	if (keep != NULL) {
		again = batch_new(batch->lane, batch->opened_ms);
		for (size_t i = 0; i < batch->count; i++)
			if (keep[i])
				append(b, again, &batch->entry[i],
				    batch->bytes.data);
		batch_free(batch);
		if (again->count == 0) {
			batch_free(again);
			return;
		}
		top_up(b, again);
	}
	again->sealed = true;
	again->not_before_ms = not_before_ms;
	again->round = round;
	push(b, again, true);
}

void
batch_halve(struct batcher *b, struct batch *batch)
{
	land(b, batch);
	struct batch *half[2];
	size_t middle = batch->count / 2;
	for (size_t h = 0; h < 2; h++) {
		half[h] = batch_new(batch->lane, batch->opened_ms);
		half[h]->sealed = true;
	}
	for (size_t i = 0; i < batch->count; i++)
		append(
		    b, half[i >= middle], &batch->entry[i], batch->bytes.data);
	push(b, half[1], true);
	push(b, half[0], true);
	batch_free(batch);
}

size_t
batch_flying(const struct batcher *b)
{
	return b->flying;
}

size_t
batch_waiting(const struct batcher *b)
{
	return b->waiting;
}

struct batch *
batch_drain(struct batcher *b)
{
	for (size_t i = 0; i <= b->limits.jobs; i++) {
		struct batch *batch = b->lane[i].first;
		if (batch == NULL)
			continue;
		pull(b, batch);
		b->lane[i].flying++;
		b->flying++;
		return batch;
	}
	return NULL;
}
