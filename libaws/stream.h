#ifndef LUNA_STREAM_H
#define LUNA_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "shards.h"
#include "tool.h"

/*
 * The records of a Kinesis stream: read from all its shards, printed as
 * records or given to the tool's COMMAND.
 */
struct stream_about {
	const char *stream; /* name or ARN */
	enum shards_from from;
	int64_t from_ms;
	const char *state; /* a file of kinesis-mark, or NULL */
	bool follow;       /* does not end at the tip */
	int64_t max;       /* records in all; -1: no limit */
	int64_t jobs;      /* COMMANDs side by side */
};

/*
 * Returns: 0 when all is over; what went wrong on the way is t's to tell.
 * Fails:   the set-up: nothing was read.
 */
int stream_read(
    struct tool *t, const struct stream_about *about, struct err *err);

#endif
