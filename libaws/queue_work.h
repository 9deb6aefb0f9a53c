#ifndef LUNA_QUEUE_WORK_H
#define LUNA_QUEUE_WORK_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "json.h"
#include "lease.h"
#include "tool.h"

/*
 * The source runs the rest: messages in batches on the stdin of the tool's
 * COMMAND, several side by side. Exit 0 deletes a batch; otherwise its
 * messages, and those received before, are run one at a time, and those that
 * fail alone are let go after a back-off. In a FIFO queue what waits of the
 * same group is let go with them, so that nothing overtakes.
 */
struct queue_work;

#define QUEUE_WORK_JOBS 256                  /* at most */
#define QUEUE_WORK_FDS (QUEUE_WORK_JOBS + 1) /* pollfds it needs at most */

struct queue_work *queue_work_open(
    struct tool *t, struct lease *lease, size_t jobs, bool fifo);
void queue_work_close(struct queue_work *w);

/* message: as ReceiveMessage gave it; line: its record; both are copied. */
void queue_work_add(struct queue_work *w, const char *id, struct json message,
    const struct buf *line);
/* Descriptors to wait for; returns how many. */
size_t queue_work_fds(struct queue_work *w, struct pollfd *fd);
/* Feed commands, see which ended, start others. */
void queue_work_move(struct queue_work *w);
bool queue_work_idle(const struct queue_work *w);
/* COMMAND could not be started; the tool has been told. */
bool queue_work_broken(const struct queue_work *w);
/* Start no more; what was not started is let go. */
void queue_work_end(struct queue_work *w);
/* Send SIGTERM to what still runs; its messages are let go. */
void queue_work_kill(struct queue_work *w);

#endif
