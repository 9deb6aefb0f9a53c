#ifndef LUNA_LEASE_H
#define LUNA_LEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* name: of the socket, for from.sqs.Lease; lives as long as the lease. */
struct lease *lease_open(struct caller *caller, const char *queue_url,
    int64_t visibility_ms, int64_t hold_ms, struct err *err);
void lease_close(struct lease *l);
const char *lease_name(const struct lease *l);
int lease_fd(const struct lease *l); /* readable: lease_news */

/* A message came; mark is the caller's (see lease_release_after). Both texts
 * are copied. */
void lease_add(struct lease *l, const char *id, const char *handle,
    int64_t received_ms, uint64_t mark);
size_t lease_count(const struct lease *l); /* not settled */

/* What becomes of it: forget, delete from the queue, make visible again. */
void lease_settled(struct lease *l, const char *id);
void lease_delete(struct lease *l, const char *id);
void lease_release(struct lease *l, const char *id, int64_t delay_ms);
void lease_release_all(struct lease *l);
/* Those whose mark is past `mark`: they were never printed. */
void lease_release_after(struct lease *l, uint64_t mark);

/* Read what sqs-acks say. */
void lease_news(struct lease *l);
/* Every sqs-ack that reported is at its end, or one visibility period
 * brought no news. */
bool lease_quiet(const struct lease *l, int64_t now_ms);

/* Start the calls that are due; how long until the next is (-1: none). */
void lease_move(struct lease *l, int64_t now_ms);
int64_t lease_due(const struct lease *l, int64_t now_ms);
/* Take a finished call if it is the lease's. err: set when the service
 * refused in a way the user must hear of; kind ERR_NONE otherwise. */
bool lease_landed(struct lease *l, struct call *call, struct err *err);
/* Deletes and releases that are still to be done or in flight. */
bool lease_busy(const struct lease *l);

/*
 * The other side: what sqs-ack tells. Nothing fails: a reader that is gone
 * has nothing to renew.
 */
struct lease_teller;
struct lease_teller *lease_teller_new(void);
/* Message id of the lease called name is settled. Sent in datagrams of
 * several; flush sends what waits. */
void lease_tell(struct lease_teller *t, const char *name, const char *id);
void lease_tell_flush(struct lease_teller *t);
/* Say to every lease that was told anything that this is the end. */
void lease_teller_end(struct lease_teller *t);

#endif
