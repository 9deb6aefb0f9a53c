#ifndef LUNA_RECEIVE_H
#define LUNA_RECEIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "call.h"
#include "err.h"
#include "json.h"

/*
 * ReceiveMessage, several at once where the queue is rich: messages out one
 * by one. It ends at the first empty reply (a drain), at a limit, or never
 * (follow).
 */
struct receive;

struct receive_about {
	const char *queue_url;
	bool follow;
	int64_t wait_s;       /* of a long poll, 0 to 20 */
	int64_t visibility_s; /* of what is received; 0: the queue's */
	int64_t max;          /* messages in all; -1: no limit */
	size_t parallel;      /* receives in flight */
	bool fifo; /* one at a time; empty while groups are held is no end */
	size_t inflight; /* messages held unsettled at most */
};

/* The queue's visibility timeout, in seconds. Fails: ERR_SETUP, ERR_LATER. */
int receive_visibility(struct caller *caller, const char *queue_url,
    int64_t *seconds, struct err *err);

struct receive *receive_open(
    struct caller *caller, const struct receive_about *about);
void receive_close(struct receive *r);

/* Start what may be started; unsettled: messages out now. */
void receive_move(struct receive *r, size_t unsettled);
/* How long until receive_move has something to do (-1: an event). */
int64_t receive_due(const struct receive *r, int64_t now_ms);
/* Take a finished call if it is the receiver's. err.kind is ERR_NONE, or why
 * receiving went wrong: ERR_LATER is tried again when following, and ends a
 * drain as any other does. */
bool receive_landed(struct receive *r, struct call *call, struct err *err);
/* The next message, or type JSON_NONE; valid until the next call of
 * receive_next. received_ms: the tick when it came. */
struct json receive_next(struct receive *r, int64_t *received_ms);

/* The queue is read, or none is wanted: ask for no more, take what comes. */
void receive_enough(struct receive *r);
/* Ask for no more; what is in flight is dropped. */
void receive_stop(struct receive *r);
/* How long a receive in flight may last yet: what becomes visible until then
 * may be given to it. 0: none is in flight. */
int64_t receive_lasts(const struct receive *r, int64_t now_ms);
/* Nothing in flight, nothing left to give, nothing more to come. */
bool receive_ended(const struct receive *r);

#endif
