#ifndef LUNA_STREAM_WORK_H
#define LUNA_STREAM_WORK_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "position.h"
#include "shards.h"
#include "tool.h"

/*
 * The source runs the rest: records in batches on the stdin of the tool's
 * COMMAND, one batch of a shard at a time, several shards side by side. Exit
 * 0 marks a batch; otherwise its records, and those that wait behind them,
 * are run one at a time, and the one that fails alone holds up its shard: it
 * is run again after a back-off when following, else the shard is left there.
 */
struct stream_work;

#define STREAM_WORK_JOBS 256                   /* at most */
#define STREAM_WORK_FDS (STREAM_WORK_JOBS + 1) /* pollfds it needs at most */

/* path: where positions are written as they are marked, or NULL. */
struct stream_work *stream_work_open(struct tool *t,
    struct positions *positions, const char *path, size_t jobs, bool follow);
void stream_work_close(struct stream_work *w);

/* line: a record of kinesis-get, copied. */
void stream_work_add(
    struct stream_work *w, const char *shard, const struct buf *line);
/* How it stands with the records of a shard. */
enum shards_work stream_work_of(const struct stream_work *w, const char *shard);

size_t stream_work_fds(struct stream_work *w, struct pollfd *fd);
/* Feed commands, see which ended, start others. */
void stream_work_move(struct stream_work *w);
/* ms until stream_work_move has something to do; -1: an event. */
int64_t stream_work_due(const struct stream_work *w, int64_t now_ms);
/* Nothing runs, nothing waits that may still be run. */
bool stream_work_idle(const struct stream_work *w);
/* COMMAND cannot be started, or positions cannot be written; the tool has been
 * told. */
bool stream_work_broken(const struct stream_work *w);
void stream_work_end(struct stream_work *w);  /* start no more */
void stream_work_kill(struct stream_work *w); /* SIGTERM to what runs */

#endif
