#ifndef LUNA_RUN_H
#define LUNA_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

/*
 * Runs of a COMMAND with records on its stdin: the source runs the rest.
 * Executed without a shell; its stdout and stderr are ours; exit 0 means
 * that all of its records are done.
 */
struct run {
	struct buf input;
	size_t written;
	int fd;     /* write end; -1: closed */
	int pid;    /* 0: not running */
	int status; /* of waitpid, once run_ended */
};

/* Is there such a program? Fails: ERR_SETUP "NoCommand". */
int run_check(const char *program, struct err *err);

/* input: taken over. Fails: ERR_SETUP "NoCommand": it cannot be started. */
int run_start(
    struct run *r, char *const *command, struct buf *input, struct err *err);
/* Write what the command takes, after POLLOUT on fd (non-blocking). */
void run_feed(struct run *r);
/* Send it SIGTERM. */
void run_kill(const struct run *r);
/* Has it ended? Does not wait. */
bool run_ended(struct run *r);
bool run_succeeded(const struct run *r);
/* "exit 3", "signal 9", appended. */
void run_describe(const struct run *r, struct buf *out);
void run_clear(struct run *r);

/* A descriptor that becomes readable when a child ends; -1 if impossible.
 * Read it empty with run_drain. */
int run_watch(void);
void run_drain(int fd);

#endif
