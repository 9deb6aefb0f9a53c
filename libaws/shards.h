#ifndef LUNA_SHARDS_H
#define LUNA_SHARDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "call.h"
#include "err.h"
#include "position.h"

/*
 * The shards of a Kinesis stream, read side by side, each in its order. A
 * shard that a split or merge made begins when its parents are read to their
 * end.
 */
struct shards;

enum shards_from { SHARDS_HORIZON, SHARDS_LATEST, SHARDS_TIME };

struct shards_about {
	const char *stream; /* "StreamName":"x", as ident_stream says it */
	enum shards_from from;
	int64_t from_ms;                   /* SHARDS_TIME */
	const struct positions *positions; /* go before from */
	bool follow;                       /* do not end at the tip */
	bool settle; /* shards_hold says when what was read is settled */
};

/* Lists them. Fails: ERR_SETUP, ERR_LATER. */
struct shards *shards_open(
    struct caller *caller, const struct shards_about *about, struct err *err);
void shards_close(struct shards *s);

/* Start what may be started. */
void shards_move(struct shards *s);
/* How long until shards_move has something to do (-1: an event). */
int64_t shards_due(const struct shards *s, int64_t now_ms);
/* Take a finished call. err.kind is ERR_NONE, or why reading went wrong: after
 * ERR_LATER it is tried again when following, and else ends. */
void shards_landed(struct shards *s, struct call *call, struct err *err);

/* A record that was read; views are valid until the next call. */
struct shards_record {
	const char *shard;
	struct json sequence; /* a string */
	int64_t sub;          /* in an aggregated record; -1: none */
	struct json arrival;  /* seconds since the epoch */
	const char *key, *data;
	size_t key_len, data_len;
};
bool shards_next(struct shards *s, struct shards_record *out);

/* What is to be done with the records that were read of a shard: nothing is
 * left; some, and what comes of the shard waits for them; so much that no more
 * should be read of it. */
enum shards_work { SHARDS_SETTLED, SHARDS_UNSETTLED, SHARDS_FULL };
void shards_hold(struct shards *s,
    enum shards_work (*work)(const void *ctx, const char *shard),
    const void *ctx);

/* Have the shards that are read changed since it was asked? At first, yes. */
bool shards_changed(struct shards *s);
/* An object from each shard that is read, or was to its tip, to what about's positions have of it;
 * since_ms: the time to give those of which they have nothing, or -1. */
void shards_print(const struct shards *s, int64_t since_ms, struct buf *out);

/* How far the slowest lies behind the tip, in ms; -1: not known yet. */
int64_t shards_behind(const struct shards *s);
void shards_stop(struct shards *s); /* what is in flight is dropped */
/* Nothing in flight, nothing left to give, nothing more to come. */
bool shards_ended(const struct shards *s);

#endif
