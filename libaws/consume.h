#ifndef LUNA_CONSUME_H
#define LUNA_CONSUME_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "tool.h"

/*
 * The messages of an SQS queue: received, printed as records or given to the
 * tool's COMMAND, and held by their leases until they are settled.
 */
struct consume_about {
	const char *queue;         /* name, ARN or URL */
	bool follow;               /* does not end when the queue is empty */
	int64_t wait_s;            /* of a long poll; -1: 1, or 20 to follow */
	int64_t max;               /* messages in all; -1: no limit */
	int64_t hold_ms, inflight; /* of leases; messages unsettled */
	int64_t jobs;              /* COMMANDs side by side */
	bool raw;                  /* do not open SNS envelopes */
};

/*
 * Returns: 0 when all is over; what went wrong on the way is t's to tell.
 * Fails:   the set-up: nothing was received.
 */
int consume_queue(
    struct tool *t, const struct consume_about *about, struct err *err);

#endif
