#ifndef LUNA_CALL_INNER_H
#define LUNA_CALL_INNER_H

#include "call.h"
#include "http.h"
#include "reply.h"
#include "request.h"
#include "retry.h"
#include "skew.h"

/*
 * What call.c, which moves calls along, and call_answer.c, which judges
 * answers, share.
 */
struct call_site {
	struct request_site at;
	struct call_site *next;
};

/* A call under way. */
struct call_run {
	struct call *call;
	struct request request;
	struct retry retry;
	int64_t skew_ms;        /* what the attempt was signed with, */
	int64_t sent_ms;        /* … and when, */
	unsigned renewal;       /* … and which credentials */
	bool skewed, renewed;   /* corrected once already */
	bool moved;             /* the sink took something of the attempt */
	int64_t due_ms;         /* when to send, or to fail */
	struct call_run *next;  /* in a queue */
	struct call_run *older; /* of all */
};

struct caller {
	const struct conf *conf;
	struct call_cred source;
	struct http *http;
	const struct cred *cred; /* lives until the next ask */
	unsigned renewal;        /* how often they were refreshed */
	struct retry_quota quota;
	struct skew skew;
	struct reply_date date; /* the last */
	bool hurry;
	int stop_fd; /* of call_run */
	struct call_site *sites;
	struct call_run *runs; /* all, for their life */
	struct call_run *spare, *waiting, *done, **done_end;
	size_t running;
};

/* call.c: make the next attempt now; call_again: of a call that failed. */
void call_attempt(struct caller *c, struct call_run *run);
void call_again(struct caller *c, struct call_run *run);
/* The call has what it will get. */
void call_finish(struct caller *c, struct call_run *run);

/* call_answer.c: an attempt is over: finish the call, make another attempt,
 * or let it wait for one. */
void call_answered(struct caller *c, struct call_run *run);

#endif
