#ifndef LUNA_LEASE_H
#define LUNA_LEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "call.h"
#include "err.h"

/*
 * The leases of messages received from one SQS queue: each is renewed at half
 * its visibility until it is settled, for at most the hold; who settles it is
 * told by datagrams of sqs-ack, or by the program itself.
 *
 * Times are ticks (text_tick) unless they say otherwise.
 */
struct lease;

/* What lease_open calls its socket: the prefix and hexadecimal digits. */
#define LEASE_PREFIX "luna-lease-"
#define LEASE_DIGITS 16

struct lease_about {
	const char *queue_url;
	int64_t visibility_ms, hold_ms;
	bool remembers; /* lease_add says what was known of a message */
};

/* Fails: ERR_SETUP "NoSocket". */
struct lease *lease_open(
    struct caller *caller, const struct lease_about *about, struct err *err);
void lease_close(struct lease *l);
/* For from.sqs.Lease; lives as long as the lease. */
const char *lease_name(const struct lease *l);
int lease_fd(const struct lease *l); /* readable: lease_news */

/*
 * A message came; mark is the caller's (see lease_release_after). Both texts
 * are copied, and of a message that is held the new handle counts from now on.
 *
 * Returns: had it been received before, and not been deleted? And is it still
 *          held, so that its visibility ended in spite of the lease?
 */
enum lease_was { LEASE_NEW, LEASE_SETTLED, LEASE_HELD };
enum lease_was lease_add(struct lease *l, const char *id, const char *handle,
    int64_t received_ms, uint64_t mark);
size_t lease_count(const struct lease *l); /* not settled */

/* Delete it from the queue; or make it visible again, after a delay. */
void lease_delete(struct lease *l, const char *id);
void lease_release(struct lease *l, const char *id, int64_t delay_ms);
void lease_release_all(struct lease *l, int64_t delay_ms);
/* Those whose mark is past `mark`: they were never printed. */
void lease_release_after(struct lease *l, uint64_t mark, int64_t delay_ms);
/* Forget those whose hold is over: they are ours no longer. How many? */
size_t lease_expire(struct lease *l, int64_t now_ms);

/* Read what sqs-acks say. */
void lease_news(struct lease *l);
/* No sqs-ack is known to be there, and one visibility period brought neither
 * news nor messages. */
bool lease_silent(struct lease *l, int64_t now_ms);
/* Every sqs-ack that reported has said that it is at its end, or is gone. */
bool lease_left(struct lease *l);

/* Start the calls that are due; how long until the next is (-1: none). */
void lease_move(struct lease *l, int64_t now_ms);
int64_t lease_due(const struct lease *l, int64_t now_ms);
/* Take a finished call if it is the lease's. err: set when the user must hear
 * of it: ERR_SETUP: nothing can be renewed; otherwise a message was not
 * deleted. Its kind is ERR_NONE else. */
bool lease_landed(struct lease *l, struct call *call, struct err *err);
/* Deletes and releases that are still to be done or in flight. */
bool lease_busy(const struct lease *l);

/*
 * The other side: what sqs-ack tells. Nothing fails: a reader that is gone
 * has nothing to renew.
 */
struct lease_teller;
struct lease_teller *lease_teller_new(void);
/* There is a lease of this name, which is to hear of this teller. A name that
 * no lease has is ignored, here and by lease_tell. */
void lease_meet(struct lease_teller *t, const char *name);
/* Append what names one receipt of a message: another has another handle, and
 * what happened to this one says nothing of that. */
void lease_receipt(const char *id, const char *handle, struct buf *out);
/* A receipt of that lease is settled: deleted, or made visible again. Sent in
 * datagrams of several; flush sends what waits. */
void lease_tell(struct lease_teller *t, const char *name, const char *receipt,
    bool deleted);
void lease_tell_flush(struct lease_teller *t);
/* Say to every lease that was met that this is the end. */
void lease_teller_end(struct lease_teller *t);

#endif
