#ifndef LUNA_QUEUE_WORK_H
#define LUNA_QUEUE_WORK_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "lease.h"
#include "tool.h"

/*
 * The source runs the rest: messages in batches on the stdin of a COMMAND,
 * several side by side. Exit 0 deletes a batch; otherwise its messages, and
 * those received before, are run one at a time, and those that fail alone
 * are let go after a back-off.
 */
struct queue_work;

#define QUEUE_WORK_FDS 257 /* pollfds it needs at most */

struct queue_work *queue_work_open(
    struct tool *t, char *const *command, struct lease *lease, size_t jobs);
void queue_work_close(struct queue_work *w);

/* line: copied. */
void queue_work_add(
    struct queue_work *w, const char *id, const struct buf *line);
/* Descriptors to wait for; returns how many. */
size_t queue_work_fds(struct queue_work *w, struct pollfd *fd);
/* Feed commands, see which ended, start others. */
void queue_work_move(struct queue_work *w);
bool queue_work_idle(const struct queue_work *w);
/* Start no more; what was not started is let go. */
void queue_work_end(struct queue_work *w);

#endif
