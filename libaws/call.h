#ifndef LUNA_CALL_H
#define LUNA_CALL_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "conf.h"
#include "cred.h"
#include "err.h"
#include "service.h"
#include "sigv4.h"

/*
 * One call to a service: encoded for its protocol, signed, sent, sent again
 * by the standard retry rules, and its error read. Many may run at once.
 */
struct caller;

/*
 * Where credentials come from. refresh: the service said that the last ones
 * have expired. What is returned lives until the next ask.
 */
struct call_cred {
	const struct cred *(*get)(void *ctx, bool refresh, struct err *err);
	void *ctx;
};

struct call {
	/* Set by the caller, borrowed until the call is done. */
	const struct service *service; /* NULL: an unsigned request to url */
	const char *operation;         /* "SendMessageBatch" */
	const char *url;    /* instead of the endpoint: a webhook, or NULL */
	const char *method; /* REST and url; NULL: POST */
	const char *path;   /* REST: encoded path and query; NULL: "/" */
	const char *bucket; /* S3: path is below it; or NULL */
	const char *region; /* instead of conf's, or NULL */
	const char *content_type;          /* NULL: the protocol's */
	const struct sigv4_header *header; /* more of them, all signed */
	size_t header_count;
	/* JSON: the body. Query: the parameters after Action and Version. */
	const char *body;
	size_t body_len;
	bool gzip;          /* body is gzipped: say so */
	bool unsigned_body; /* S3: over TLS the body is not hashed */
	bool long_poll;
	bool once; /* make one attempt (a probe, a non-idempotent act) */
	int64_t timeout_ms; /* 0: conf's */
	bool idle;        /* it is for when nothing moves, not for the whole */
	size_t max_reply; /* 0: 16 MiB */
	/* NULL, or where the reply's header lines are kept; see call_header. */
	struct buf *reply_header;
	/*
	 * NULL, or takes the body of a success instead of reply, as it comes;
	 * false: enough. What an attempt brought before it failed stays taken:
	 * again is called before the next one, to ask for the rest by other
	 * headers or path. Attempts are counted anew once the body has moved.
	 */
	bool (*sink)(struct call *call, const char *bytes, size_t len);
	void (*again)(struct call *call);
	void *user;

	/* Filled when done. err.kind ERR_NONE: status is 2xx and reply is the
	 * body. ERR_REFUSED: the service's code and message. ERR_LATER: after
	 * the last attempt; throttled set if so. ERR_SETUP: denied, bad key,
	 * no such resource. */
	struct err err;
	int status;
	struct buf reply;
	char request_id[80];
	int64_t retry_after_ms; /* a Retry-After header, or -1 */
	int attempts;           /* since its body last moved */
	int64_t took_ms;        /* of all attempts */
	bool sent;              /* the service may have acted on it */

	struct call_run *run; /* the module's */
};

struct caller *call_open(const struct conf *conf, struct call_cred cred,
    const char *tool, size_t connections);
void call_close(struct caller *c); /* running calls are dropped */

void call_start(struct caller *c, struct call *call);
/* Stop it now; it never comes out of call_next. The service may have acted on
 * it. */
void call_cancel(struct caller *c, struct call *call);
/* Back-offs end at once and no attempt is repeated (a signal came). */
void call_hurry(struct caller *c);
/* As http_poll; timers of back-offs are kept here. */
void call_poll(
    struct caller *c, struct pollfd *extra, size_t extra_count, int timeout_ms);
struct call *call_next(struct caller *c); /* finished, or NULL */
size_t call_running(const struct caller *c);

/* Once stop_fd is readable (a signal came) call_run waits no longer than
 * call_run_until would. */
void call_stop_on(struct caller *c, int stop_fd);
/* Start, wait, return: 0, or -1 with call->err also in err (may be NULL). */
int call_run(struct caller *c, struct call *call, struct err *err);
/* The same, but for at most 5 s once stop_fd is readable (a signal came), and
 * without another attempt: then ERR_LATER "Interrupted". */
int call_run_until(
    struct caller *c, struct call *call, int stop_fd, struct err *err);
void call_clear(struct call *call); /* reply */

/* The value of a header of the reply and its length, or NULL: in sink, and
 * after the end where reply_header kept it. */
const char *call_header(const struct call *call, const char *name, size_t *len);

/* Append the URL that stands for the call for expires_s seconds, signed in
 * its query (see request_presign); nothing is sent. */
int call_presign(struct caller *c, struct call *call, int64_t expires_s,
    struct buf *url, struct err *err);

/* The conf that call_open was given. */
const struct conf *call_conf(const struct caller *c);

/*
 * Codes that mean "the set-up is wrong" whatever the service: access denied,
 * unknown key, no such queue, topic, table, stream, bucket.
 */
bool call_is_setup(const char *code);

#endif
