#ifndef LUNAD_H
#define LUNAD_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "json.h"

/*
 * What a service of lunad sees: a request's parameters as a JSON object
 * (whatever protocol they came in), a buf for the reply's JSON (whatever
 * protocol it leaves in), the store, the clock, and the other services
 * through their own small headers. No HTTP, no XML, no signature.
 *
 * One thread runs everything. A handler never waits: it answers, fails, or
 * parks its request.
 */
struct lunad;
struct store;

/* The documented key pair that every lunad knows, and its account. */
#define LUNAD_KEY_ID "AKIALUNADEXAMPLE0000"
#define LUNAD_SECRET "lunad-example-secret-not-a-key"
#define LUNAD_ACCOUNT "000000000000"

struct request {
	struct lunad *lunad;
	struct store *store;
	const struct api *api;
	const char *operation;
	const char *region;
	const char *account;
	const char *principal; /* ARN of who signed; NULL: nobody */
	const char *key_id;
	const char *id;       /* request id */
	const char *base_url; /* "http://127.0.0.1:4566", by which it came */
	const char *path;     /* of the URL, raw: SQS's query form uses it */
	bool query;           /* came as query protocol */
	bool internal;        /* lunad_call: by another service */
	int64_t now_ms;       /* virtual */
	struct json in;       /* an object */
	struct buf *out;      /* append one JSON object; empty means {} */
	int status;           /* 0: 200 */
	const char *type;     /* out is no JSON but this, e.g. "text/plain" */
	void *state;          /* the service's own, until the request ends */
	/* parking: kept between runs of one request */
	int64_t wait_until_ms; /* 0 on the first run */
	/* set by fail() */
	int error_status;
	char error_code[96];
	struct buf error_message;
	struct buf error_more; /* further members of an error's body */
};

enum answer {
	ANSWER = 0,
	ANSWER_ERROR = -1, /* fail() was called; nothing was changed */
	ANSWER_WAIT = 1    /* park() was called */
};

/*
 * Fail the request and return ANSWER_ERROR; what it changed is rolled back.
 * code: the service's name of the error, as in JSON; see api.error.
 */
int fail(struct request *r, int status, const char *code, const char *format,
    ...) __attribute__((format(printf, 4, 5)));

/*
 * Run this request again when lunad_wake is called with key, or at until_ms
 * (real clock, text_now); then wait_until_ms says which wait it was. What it
 * changed so far is kept. Returns ANSWER_WAIT.
 */
int park(struct request *r, const char *key, int64_t until_ms);
void lunad_wake(struct lunad *l, const char *key);

struct operation {
	const char *name;
	int (*run)(struct request *r);
	bool writes; /* runs inside a savepoint */
	bool open;   /* unsigned too: a link in a mail; principal is NULL */
	/* REST only: */
	const char *method, *path; /* "/v2/email/identities/{EmailIdentity}" */
	/* Only for a service that speaks HTTP itself (raw.h): take the
	 * body as it comes, before run. Without them it is collected. */
	int (*begin)(struct request *r);
	int (*take)(struct request *r, const char *bytes, size_t len);
};

/* How JSON replies become XML where the query protocol wants it. */
struct wire_shape {
	const char *member; /* of the reply, at any depth */
	enum {
		WIRE_LIST, /* <Member><member>…</member></Member>: default */
		WIRE_FLAT_LIST, /* <item>…</item> again and again, item named */
		WIRE_MAP, /* <Member><entry><key/><value/></entry></Member> */
		WIRE_FLAT_MAP, /* <item><Name/><Value/></item> (SQS attributes) */
		WIRE_TIME      /* a number of seconds, written as ISO 8601 */
	} as;
	/* '*' that begins item stands for the operation's name. */
	const char *item, *key, *value;
};

struct api_error {
	const char *code;  /* as fail() says it */
	const char *query; /* Code in XML and x-amzn-query-error */
};

struct api {
	const char *name;         /* signing name: "sqs" */
	const char *alias;        /* another signing name, or NULL */
	const char *target;       /* X-Amz-Target prefix, or NULL */
	const char *json_version; /* "1.0" */
	const char *error_prefix; /* of __type: "com.amazonaws.sqs#" or "" */
	const char *version;      /* query: "2012-11-05", or NULL */
	const char *xmlns;
	const struct operation *operation; /* ends with a zeroed row */
	const struct wire_shape *shape;    /* ends with a zeroed row, or NULL */
	const struct api_error *error;     /* ends with a zeroed row, or NULL */
	/* Query parameters that are flattened lists or maps, as their JSON
	 * name and query name ("Attributes", "Attribute", map of Name/Value);
	 * AWS's default form (X.member.N, X.entry.N.key) needs no row. */
	const struct wire_shape *input;
	const char *schema; /* SQL run at start, idempotent */
	/* Virtual time of the next event this service wants to run, or
	 * INT64_MAX; and run exactly that one event, at its own time. */
	int64_t (*due)(struct lunad *l);
	void (*run_due)(struct lunad *l, int64_t now_ms);
	/* For a service with transfers of its own (deliveries): wait as
	 * poll(2) does and for them too; false when it has none running.
	 * What came of them is due work of the service. NULL for all others. */
	bool (*wait)(
	    struct lunad *l, struct pollfd *fds, size_t count, int timeout_ms);
	/* Called once after the schema; called after /_luna/reset too. */
	void (*open)(struct lunad *l);
	const struct raw_api *raw; /* raw.h, or NULL */
};

/* The table of services, in main's order; ends with NULL. */
extern const struct api *const lunad_apis[];

/*
 * Call an operation of a service from another one, as itself: inside the
 * caller's savepoint, without a signature.
 *
 * params: JSON text of an object.
 * out:    the reply's JSON.
 * Returns 0, or the HTTP status of the error with code and message filled.
 */
struct lunad_failure {
	char code[96];
	char message[512];
};
int lunad_call(struct lunad *l, const char *region, const char *service,
    const char *operation, const char *params, size_t params_len,
    struct buf *out, struct lunad_failure *failure);

struct store *lunad_store(struct lunad *l);
/* Virtual time, ms. Never goes back. */
int64_t lunad_now(struct lunad *l);
/* "http://127.0.0.1:PORT" of the first listener. */
const char *lunad_base_url(struct lunad *l);
/* The directory of the data: the store, and mail/ below it. */
const char *lunad_dir(struct lunad *l);
/* A pair of keys that verifies from now on, and one that does no more. */
void lunad_key_add(struct lunad *l, const char *id, const char *secret,
    const char *arn, const char *user_id);
void lunad_key_drop(struct lunad *l, const char *id);
/* --smtp URL, or NULL. */
const char *lunad_smtp(struct lunad *l);
/* --sync: what is written has to be on the disk. */
bool lunad_sync(struct lunad *l);
/* --limits: rates that AWS holds its clients to are held here too. */
bool lunad_limits(struct lunad *l);
/* A number in [0, 1) from --seed, for faults and jitter. */
double lunad_random(struct lunad *l);
uint64_t lunad_random64(struct lunad *l);

/* Parameters, read in place. NULL or a default when absent; text is valid
 * until the request ends. */
const char *param(struct request *r, const char *name);
int64_t param_int(struct request *r, const char *name, int64_t otherwise);
bool param_bool(struct request *r, const char *name, bool otherwise);
struct json param_json(struct request *r, const char *name);
/* A view's text decoded, valid until the request ends; len may be NULL. */
const char *param_text(struct request *r, struct json string, size_t *len);
/* Memory that lives until the request ends. */
void *request_alloc(struct request *r, size_t size);
char *request_copy(struct request *r, const char *text, size_t len);
char *request_format(struct request *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Writing replies: "name":"text", with a comma before it where needed (the
 * last byte of out tells). */
void put_text(struct buf *out, const char *name, const char *text);
void put_textn(struct buf *out, const char *name, const char *text, size_t len);
void put_int(struct buf *out, const char *name, int64_t value);
void put_double(struct buf *out, const char *name, double value);
void put_bool(struct buf *out, const char *name, bool value);
void put_raw(struct buf *out, const char *name, const char *json, size_t len);
/* Open and close: put_open(out, "Failed", '[') … put_close(out, ']');
 * name NULL inside arrays and at the top. */
void put_open(struct buf *out, const char *name, char bracket);
void put_close(struct buf *out, char bracket);
/* A time as JSON services write it: seconds with three decimals. */
void put_time(struct buf *out, const char *name, int64_t ms);

#endif
