#ifndef LUNA_POSITION_H
#define LUNA_POSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "json.h"
#include "lookup.h"

/*
 * How far a Kinesis stream was read: the file that kinesis-mark writes and
 * kinesis-get --state reads. One JSON object:
 *
 *	{"StreamName":S,"Shards":{SHARD:{"SequenceNumber":N
 *	    [,"SubSequenceNumber":K][,"Carry":…]},…}}
 *
 * SubSequenceNumber counts the records inside one that a producer had put
 * together. Carry is whatever the program that marked wants back. A shard of
 * which nothing has come has {"Timestamp":T}: what arrived since.
 */
struct position {
	char *shard;
	char *sequence; /* decimal digits; NULL: since_ms */
	int64_t sub;    /* -1: none */
	int64_t since_ms;
	char *carry; /* JSON, or NULL */
};

struct positions {
	char *stream; /* NULL: nothing was marked yet */
	struct position *position;
	size_t count, cap;
	struct lookup by_shard;
	bool changed; /* since it was read or written */
};

/*
 * A file that is not there, or is empty, gives no positions.
 * Fails: ERR_SETUP "BadState": it cannot be read, or is no such file.
 */
int position_read(struct positions *p, const char *path, struct err *err);
/*
 * By a new file beside it, synced and renamed, 0600: after a crash, or on a
 * full disk, the old one or the new one is there.
 * Fails: ERR_LATER "BadState".
 */
int position_write(struct positions *p, const char *path, struct err *err);
/* May it be written? Fails: ERR_SETUP "BadState": not in that folder. */
int position_may_write(const char *path, struct err *err);
void position_clear(struct positions *p);

/* That of a shard, or NULL. */
const struct position *position_find(
    const struct positions *p, const char *shard, size_t len);

/*
 * Take the position of a record: @metadata.from.kinesis, which is that of its
 * shard, or of all shards in its Positions; and of its Shards the times from
 * which they are read. One that lies before what is known changes nothing.
 *
 * Fails: ERR_RECORD "NotReceived": no such member; "OtherStream".
 */
int position_mark(struct positions *p, struct json from, struct err *err);

/* As JSON. */
void position_print(const struct position *p, struct buf *out);
/* As memcmp does; sub after sequence. */
int position_compare(const struct position *a, const struct position *b);

#endif
