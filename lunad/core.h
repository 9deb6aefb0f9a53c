#ifndef LUNAD_CORE_H
#define LUNAD_CORE_H

#include <sys/types.h>

#include "auth.h"
#include "err.h"
#include "lunad.h"
#include "store.h"

/*
 * What the parts of the core share; no service includes it.
 */
#define CORE_BODY_MAX ((size_t)64 << 20)

enum protocol {
	PROTOCOL_JSON,  /* X-Amz-Target, JSON 1.0 or 1.1 */
	PROTOCOL_QUERY, /* Action, a form in, XML out */
	PROTOCOL_REST,  /* method and path, JSON in and out */
	PROTOCOL_RAW    /* as the service likes it: raw.h */
};

struct call;
struct clock;
struct payload;
struct faults;
struct server;

struct lunad {
	struct store *store;
	struct keys *keys;
	struct auth *auth;
	struct clock *clock;
	struct faults *faults;
	struct server *server;
	const char *dir;
	char *base_url;
	const char *smtp;
	bool sync, limits;
	uint64_t random[2];
	int lock;
};

/* lunad.c */
struct opt_list;
struct server_options;
struct lunad_options {
	const char *dir, *smtp, *clock, *credentials;
	const struct opt_list *fault;
	int64_t seed;
	bool limits;
	enum store_sync sync;
	const struct server_options *server;
};
/* Fails: ERR_SETUP; lunad_close also then. */
int lunad_open(
    struct lunad *l, const struct lunad_options *options, struct err *err);
void lunad_close(struct lunad *l);
/* As it was when it was new, but for the clock. */
int lunad_empty(struct lunad *l, struct err *err);

/* What --fault asks for in this call: drawn once, when it arrives. */
struct mischief {
	bool reset, lost; /* before it is done; after */
	bool truncate, garbage, missing_entry, wrong_md5;
	int64_t slow_ms;  /* between two bytes of the body */
	int64_t delay_ms; /* before the answer */
	int64_t skew_ms;  /* how far off the clock seems to the client */
	double partial;
	const char *error; /* the kind of failure, or NULL */
	const char *refuse;
};

struct call_header {
	const char *name, *value;
};

/* An answer's bytes that are in no buf. */
struct source {
	ssize_t (*read)(void *user, uint64_t pos, char *to, size_t max);
	void (*done)(void *user);
	void *user;
	int fd; /* instead of read; -1: none */
	uint64_t offset, len;
};

/* A request on its way, from its first byte to the last of its answer. */
struct call {
	struct request r; /* first: a handler's request is its call */

	/* as it came; borrowed from the server until the answer is gone */
	struct auth_request as;
	struct buf body;
	struct payload *payload; /* of one that is no mere body */
	/* what it is */
	enum protocol protocol;
	const struct operation *op;
	struct auth_result signer;
	struct buf in; /* parameters, when made from something else */
	bool known;    /* dispatched before: this is another run */
	bool headed;   /* raw_head was here: its body is not collected */
	/* The failure is of AWS at large, not of the service, and this is how
	 * the query protocol calls it; else NULL. */
	const char *common;

	/* what is answered */
	struct buf out; /* the handler's JSON */
	struct buf xml;
	int status;
	const char *type;
	struct call_header *header; /* in the call's memory */
	size_t headers, header_room;
	struct buf *reply;    /* out or xml */
	struct source source; /* its len > 0: instead of reply */

	struct mischief mischief;
	struct chunk *memory;
	struct link *link; /* the server's */
};

/* request.c */
void call_init(struct call *c, struct lunad *l);
void call_clear(struct call *c);
/* Forget what the handler wrote; what it was asked stays. */
void call_again(struct call *c);
void call_header(struct call *c, const char *name, const char *value);
const struct auth_header *call_asked(const struct call *c, const char *name);

/*
 * dispatch.c: find out what a request wants, check who signed it, run it in
 * a savepoint, and make its reply. ANSWER_WAIT: park() was called; call it
 * again when the wait is over. Any other answer: the reply is ready.
 */
int dispatch(struct lunad *l, struct call *c);
/* The reply of a request whose transaction could not be kept. */
void dispatch_lost(struct call *c);
const struct api *dispatch_api(const char *service);

/* What an operation asks, and who signed it: all that is done once,
 * whatever its number of runs. */
int dispatch_arrive(struct lunad *l, struct call *c);

/*
 * raw.c: services that speak HTTP themselves. raw_head: is the request for
 * one? Then it was taken as far as its headers go, and raw_take gets the
 * pieces of its body, whether it has failed already or not.
 */
bool raw_head(struct lunad *l, struct call *c);
void raw_take(struct call *c, const char *bytes, size_t len);
/* All of the body was there. -1: it is not what it was to be. */
int raw_end(struct call *c);
const struct operation *raw_route(struct call *c);
/* Whose signature was verified: is all signed that has to be? */
int raw_admit(struct lunad *l, struct call *c);
/* The refusal of an auth_error, as S3 says it. */
int raw_refuse(struct lunad *l, struct call *c, int error);
void raw_reply(struct call *c);
void raw_error(struct call *c);
void raw_clear(struct call *c);
void source_close(struct source *s);

/* payload.c: what is in a body, by x-amz-content-sha256. */
int payload_open(struct lunad *l, struct call *c);
int payload_add(struct call *c, const char *bytes, size_t len);
int payload_end(struct call *c);
void payload_free(struct payload *p);

/* reply.c: make c->reply, type, status and headers of what the handler
 * wrote, or of the failure in c->r. */
void reply_answer(struct call *c);
void reply_error(struct call *c);

/* wire_in.c: append a form's pairs as members of a JSON object. */
void wire_in(const struct wire_shape *shape, const char *form, size_t len,
    struct request *r, struct buf *out);
/* wire_out.c: a JSON object's members as XML elements. */
void wire_out(const struct wire_shape *shape, const char *operation,
    struct json v, struct buf *out);

/* route.c: the operation of api that a REST request names, or NULL. */
const struct operation *route(const struct call *c, const struct api *api);
/* Append the parameters of its path and query as members of an object. */
void route_input(struct call *c, struct buf *out);

/* clock.c */
struct clock *clock_open(struct lunad *l, const char *start, struct err *err);
void clock_free(struct clock *clock);
/* Run what is due by now, at most `most` events and not for long; returns how
 * many ran. */
int clock_run(struct lunad *l, int most);
/* Milliseconds (real) until the next event, at most `limit`. */
int clock_wait(struct lunad *l, int limit_ms);
/* Something was written: what is due may have changed. */
void clock_dirty(struct lunad *l);
/* By how much virtual time is ahead of real time. */
int64_t clock_ahead(const struct lunad *l);
/* Move virtual time from now_ms, which lunad_now was, to to_ms, event by
 * event, and commit; returns how many events ran, or -1: one could not be
 * stored, or stays due whatever is done, and time stands there. */
int clock_advance(
    struct lunad *l, int64_t now_ms, int64_t to_ms, struct err *err);

/* fault.c */
struct faults *faults_new(void);
void faults_free(struct faults *f);
/* Fails: ERR_SETUP, naming what is wrong with spec. */
int faults_add(struct faults *f, const char *spec, struct err *err);
void faults_reset(struct faults *f);
void faults_print(const struct faults *f, struct buf *out);
/* Draw for a call whose api and operation are known. */
void faults_draw(struct call *c);
/* -1: this call is to be refused; the failure is set. */
int faults_refuse(struct call *c);
/* After the handler ran, before its reply is made. */
void faults_edit(struct call *c);

/* admin.c: /_luna/…, a reply of its own. */
bool admin_wants(const struct call *c);
void admin(struct lunad *l, struct call *c, bool loopback);

/* server.c */
struct server_options {
	const char *listen; /* "127.0.0.1:4566" */
	bool expose;
	int signals; /* a descriptor to watch besides, and what to do then: */
	bool (*on_signal)(void *user); /* true: stop */
	void *user;
};
int server_open(
    struct lunad *l, const struct server_options *options, struct err *err);
void server_run(struct lunad *l);
void server_close(struct lunad *l);
/* Commit what is pending and let its answers go. */
void server_commit(struct lunad *l);
void server_park(struct call *c, const char *key, int64_t until_ms);
void server_wake_all(struct lunad *l);

#endif
