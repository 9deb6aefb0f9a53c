#ifndef LUNA_WATERMARK_H
#define LUNA_WATERMARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "record.h"

/*
 * How far the event time of each source has come, and where in it the
 * windows stand. A source is a shard, by @metadata.from.kinesis, or all
 * records without that together. Pure: ticks are arguments.
 *
 * A record's lateness is judged by its own source's watermark, so what is in
 * a window does not depend on how shards come interleaved; windows close by
 * the least one. The metadata are those of kinesis-get(1).
 */
struct watermark;
#define WATERMARK_NONE INT64_MIN

/* idle_ms: a source that sent nothing for so long is not waited for; 0: it
 * is, for ever. */
struct watermark *watermark_new(int64_t idle_ms);
void watermark_free(struct watermark *w);

/* The source of a record; then watermark_pass is called for it. */
size_t watermark_hear(
    struct watermark *w, const struct record *r, int64_t tick_ms);
int64_t watermark_of(const struct watermark *w, size_t source);
/* The record that was heard is dealt with. time_ms: its own, or
 * WATERMARK_NONE. */
void watermark_pass(struct watermark *w, size_t source, int64_t time_ms);

/* The least watermark of the sources that are waited for; WATERMARK_NONE:
 * one of them has none. INT64_MAX: all of them are idle. */
int64_t watermark_low(struct watermark *w, int64_t tick_ms);
/* When a source becomes idle, as a tick; -1: none will. */
int64_t watermark_wake(const struct watermark *w, int64_t tick_ms);

/* Did any record come from a stream, which a restart reads again? */
bool watermark_streams(const struct watermark *w);

/*
 * What is read of each shard before the record that was heard: a window is
 * rebuilt from there. shared: the last one made may do for another window.
 */
struct watermark_mark *watermark_hold(struct watermark *w, bool shared);
void watermark_release(struct watermark *w, struct watermark_mark *mark);
/* Of two windows that became one: the older mark, the other is released. */
struct watermark_mark *watermark_join(
    struct watermark *w, struct watermark_mark *a, struct watermark_mark *b);

/* Was this group of a window marked as done before the restart? */
bool watermark_done(
    const struct watermark *w, int64_t end_ms, const char *key, size_t len);
/* Append ,"@metadata":{...} of a window's group that is printed now. */
void watermark_print(const struct watermark *w, int64_t end_ms, const char *key,
    size_t len, struct buf *out);

#endif
