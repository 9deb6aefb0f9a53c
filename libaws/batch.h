#ifndef LUNA_BATCH_H
#define LUNA_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/*
 * Entries put together into calls, by count and bytes, in lanes. Entries of
 * one key belong to one lane; a lane has one call in flight, and its refused
 * entries lead its next call. Entries without a key go wherever there is
 * room. Pure: the time is an argument.
 */
struct batch_entry {
	void *user;                          /* the slot */
	size_t at, len;                      /* encoding, in bytes */
	size_t size;                         /* as the service counts */
	size_t key, key_len, note, note_len; /* in bytes, too */
	uint64_t hash;                       /* of the key; 0: none */
	uint64_t group;
	int64_t since_ms; /* first refused for now; 0: never */
};

struct batch {
	struct batch_entry *entry;
	size_t count;
	struct buf bytes; /* what entries point into */
	size_t size;      /* of all entries, with overhead */
	int64_t opened_ms;
	int64_t not_before_ms; /* back-off */
	int round;             /* refusals in a row */
	/* the module's */
	size_t lane, cap;
	bool sealed;
	struct batch *next;
};

struct batch_limits {
	size_t max_entries;
	size_t max_bytes;      /* 0: no limit */
	size_t entry_overhead; /* added to each entry's size */
	bool one_of_a_key;     /* never two entries of one key in a call */
	size_t jobs;
	int64_t linger_ms;
};

struct batcher;
struct batcher *batch_open(const struct batch_limits *limits);
void batch_close(struct batcher *b);

/* What batch_add copies; key_len 0: no key. An entry that is larger than
 * max_bytes goes alone. */
struct batch_item {
	void *user;
	const void *bytes, *key, *note;
	size_t len, key_len, note_len;
	size_t size;    /* as the service counts */
	uint64_t group; /* a call holds entries of one group only */
};
/* Returns: a call is full by now, so that batch_take may give one. */
bool batch_add(
    struct batcher *b, const struct batch_item *item, int64_t now_ms);

/*
 * The next batch that may be sent now, or NULL; its lane is then in flight
 * until batch_done or batch_back. flush: do not wait for full or linger;
 * hurry: nor for back-offs.
 */
struct batch *batch_take(
    struct batcher *b, int64_t now_ms, bool flush, bool hurry);
/* ms until batch_take may give something; -1: not before an event. */
int64_t batch_due(const struct batcher *b, int64_t now_ms, bool flush);

/* The call is settled: free the batch, the lane is idle. */
void batch_done(struct batcher *b, struct batch *batch);
/*
 * Give a batch back: entries i with keep[i] lead the lane's next call, not
 * before not_before_ms; the rest is dropped. keep NULL: all of them.
 */
void batch_back(struct batcher *b, struct batch *batch, const bool *keep,
    int64_t not_before_ms, int round);
/* Give it back as two calls of half its entries each. */
void batch_halve(struct batcher *b, struct batch *batch);

size_t batch_flying(const struct batcher *b);
size_t batch_waiting(const struct batcher *b); /* entries not in flight */
/* Take everything that waits, lane by lane, to fail it: NULL at the end. */
struct batch *batch_drain(struct batcher *b);

uint64_t batch_hash(const void *key, size_t len); /* never 0 */

#endif
