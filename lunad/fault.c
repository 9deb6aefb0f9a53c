#include "fault.h"

#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "mem.h"
#include "text.h"

enum kind {
	THROTTLE,
	STATUS_500,
	STATUS_503,
	RESET,
	SLOW,
	DELAY,
	TRUNCATE,
	GARBAGE,
	SKEW,
	EXPIRE,
	DENIED,
	REFUSE,
	PARTIAL,
	LOST_REPLY,
	MISSING_ENTRY,
	WRONG_MD5
};

/* What stands after "=", and what its argument is. */
static const struct {
	const char *name;
	enum { BARE, TIME, TEXT, FRACTION } arg;
	const char *otherwise;
} kinds[] = {
    [THROTTLE] = {"throttle", BARE, NULL},
    [STATUS_500] = {"500", BARE, NULL},
    [STATUS_503] = {"503", BARE, NULL},
    [RESET] = {"reset", BARE, NULL},
    [SLOW] = {"slow", TIME, "1s"},
    [DELAY] = {"delay", TIME, "1s"},
    [TRUNCATE] = {"truncate", BARE, NULL},
    [GARBAGE] = {"garbage", BARE, NULL},
    [SKEW] = {"skew", TIME, "15m"},
    [EXPIRE] = {"expire", BARE, NULL},
    [DENIED] = {"denied", BARE, NULL},
    [REFUSE] = {"refuse", TEXT, NULL},
    [PARTIAL] = {"partial", FRACTION, "0.5"},
    [LOST_REPLY] = {"lost-reply", BARE, NULL},
    [MISSING_ENTRY] = {"missing-entry", BARE, NULL},
    [WRONG_MD5] = {"wrong-md5", BARE, NULL},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

struct fault {
	char *spec;
	char *service, *operation; /* "*" is all */
	enum kind kind;
	char *arg;
	int64_t arg_ms;
	double fraction;
	double probability;
	int64_t left; /* calls; -1: no end */
	struct fault *next;
};

struct faults {
	struct fault *first, **last;
};

struct faults *
faults_new(void)
{
	struct faults *f = mem_alloc(sizeof(*f));
	f->last = &f->first;
	return f;
}

static void
fault_free(struct fault *f)
{
	free(f->spec);
	free(f->service);
	free(f->operation);
	free(f->arg);
	free(f);
}

void
faults_reset(struct faults *f)
{
	while (f->first != NULL) {
		struct fault *one = f->first;
		f->first = one->next;
		fault_free(one);
	}
	f->last = &f->first;
}

void
faults_free(struct faults *f)
{
	if (f != NULL)
		faults_reset(f);
	free(f);
}

static bool
fraction(const char *text, double *out)
{
	char *end;
	*out = strtod(text, &end);
	return end != text && *end == '\0' && *out >= 0 && *out <= 1;
}

/* "0.3": each call with that probability; "x2": the first two calls. */
static bool
read_often(struct fault *f, const char *text)
{
	if (text[0] == 'x')
		return text_integer(text + 1, 0, INT64_MAX, &f->left) == 0;
	return fraction(text, &f->probability);
}

static bool
read_arg(struct fault *f, const char *text)
{
	free(f->arg);
	f->arg = mem_text(text);
	switch (kinds[f->kind].arg) {
	case TIME:
		return text_duration(
			   text[0] == '-' ? text + 1 : text, &f->arg_ms) == 0 &&
		       (text[0] != '-' || (f->arg_ms = -f->arg_ms) <= 0);
	case FRACTION:
		return fraction(text, &f->fraction);
	case TEXT:
		return text[0] != '\0';
	case BARE:
		break;
	}
	return false;
}

/* What follows the kind: [arg][:often]; a text may hold colons. */
static bool
read_rest(struct fault *f, char *rest)
{
	const char *otherwise = kinds[f->kind].otherwise;
	if (otherwise != NULL && !read_arg(f, otherwise))
		return false;
	if (rest == NULL)
		return kinds[f->kind].arg != TEXT;
	if (kinds[f->kind].arg == BARE)
		return read_often(f, rest);
	char *colon = strrchr(rest, ':');
	if (colon != NULL && read_often(f, colon + 1))
		*colon = '\0';
	return read_arg(f, rest);
}

static int
wrong(struct fault *f, struct err *err)
{
	err_set(err, ERR_SETUP, "Usage",
	    "--fault %s: write SERVICE:OPERATION=KIND[:ARG][:OFTEN], as in "
	    "sqs:SendMessageBatch=partial:0.3, sns:*=throttle:x2; the kinds "
	    "are in lunad(8)",
	    f->spec);
	fault_free(f);
	return -1;
}

int
faults_add(struct faults *list, const char *spec, struct err *err)
{
	struct fault *f = mem_alloc(sizeof(*f));
	f->spec = mem_text(spec);
	f->left = -1;
	f->probability = 1;
	f->service = mem_text(spec);
	char *colon = strchr(f->service, ':');
	char *equals = colon == NULL ? NULL : strchr(colon, '=');
	if (equals == NULL)
		return wrong(f, err);
	*colon = *equals = '\0';
	f->operation = mem_text(colon + 1);
	char *rest = strchr(equals + 1, ':');
	if (rest != NULL)
		*rest++ = '\0';
	size_t k = 0;
	while (k < KINDS && strcmp(kinds[k].name, equals + 1) != 0)
		k++;
	f->kind = (enum kind)k;
	if (k == KINDS || !read_rest(f, rest))
		return wrong(f, err);
	*list->last = f;
	list->last = &f->next;
	return 0;
}

void
faults_print(const struct faults *f, struct buf *out)
{
	put_open(out, NULL, '[');
	for (const struct fault *one = f->first; one != NULL; one = one->next)
		put_text(out, NULL, one->spec);
	put_close(out, ']');
}

static bool
hits(struct fault *f, struct call *c)
{
	const struct api *api = c->r.api;
	if (strcmp(f->service, "*") != 0 &&
	    strcmp(f->service, api->name) != 0 &&
	    (api->alias == NULL || strcmp(f->service, api->alias) != 0))
		return false;
	if (strcmp(f->operation, "*") != 0 &&
	    strcmp(f->operation, c->r.operation) != 0)
		return false;
	if (f->left == 0 ||
	    (f->probability < 1 && lunad_random(c->r.lunad) >= f->probability))
		return false;
	f->left -= f->left > 0;
	return true;
}

void
faults_draw(struct call *c)
{
	struct mischief *m = &c->mischief;
	for (struct fault *f = c->r.lunad->faults->first; f != NULL;
	     f = f->next) {
		if (!hits(f, c))
			continue;
		m->reset |= f->kind == RESET;
		m->lost |= f->kind == LOST_REPLY;
		m->truncate |= f->kind == TRUNCATE;
		m->garbage |= f->kind == GARBAGE;
		m->missing_entry |= f->kind == MISSING_ENTRY;
		m->wrong_md5 |= f->kind == WRONG_MD5;
		if (f->kind == SLOW)
			m->slow_ms = f->arg_ms;
		if (f->kind == DELAY)
			m->delay_ms = f->arg_ms;
		if (f->kind == SKEW)
			m->skew_ms = f->arg_ms;
		if (f->kind == PARTIAL)
			m->partial = f->fraction;
		if (f->kind == REFUSE)
			m->refuse = request_format(&c->r, "%s", f->arg);
		if (f->kind == THROTTLE || f->kind == STATUS_500 ||
		    f->kind == STATUS_503 || f->kind == EXPIRE ||
		    f->kind == DENIED)
			m->error = kinds[f->kind].name;
	}
}

/* How a service says it, where that is not the way of its protocol. */
static const struct {
	const char *service, *kind;
	int status;
	const char *code;
	const char *message; /* NULL: as AWS at large */
} says[] = {
    {"dynamodb", "throttle", 400, "ProvisionedThroughputExceededException",
	NULL},
    {"kinesis", "throttle", 400, "ProvisionedThroughputExceededException",
	NULL},
    {"sqs", "throttle", 403, "RequestThrottled", NULL},
    {"sns", "throttle", 429, "Throttled", NULL},
    {"sns", "denied", 403, "AuthorizationError", NULL},
    {"s3", "throttle", 503, "SlowDown", "Please reduce your request rate."},
    {"s3", "500", 500, "InternalError",
	"We encountered an internal error. Please try again."},
    {"s3", "503", 503, "ServiceUnavailable",
	"Service is unable to handle request."},
    {"s3", "expire", 400, "ExpiredToken", "The provided token has expired."},
    {"s3", "denied", 403, "AccessDenied", NULL},
};

/* What AWS at large says: in JSON, by REST, and in the query protocol. */
static const struct {
	const char *kind;
	int json_status, rest_status, query_status;
	const char *json, *rest, *query;
	const char *message;
} at_large[] = {
    {"throttle", 400, 429, 400, "ThrottlingException",
	"TooManyRequestsException", "Throttling", "Rate exceeded"},
    {"500", 500, 500, 500, "InternalFailure", "InternalFailure",
	"InternalFailure",
	"The request processing has failed because of an unknown error, "
	"exception or failure."},
    {"503", 503, 503, 503, "ServiceUnavailableException",
	"ServiceUnavailableException", "ServiceUnavailable",
	"The request has failed due to a temporary failure of the server."},
    {"expire", 400, 403, 403, "ExpiredTokenException", "ExpiredTokenException",
	"ExpiredToken",
	"The security token included in the request is expired"},
    {"denied", 400, 403, 403, "AccessDeniedException", "AccessDeniedException",
	"AccessDenied", NULL},
    {"reset", 500, 500, 500, "InternalFailure", "InternalFailure",
	"InternalFailure", "reset"},
};

static int
refuse(struct call *c, const char *kind)
{
	size_t k = 0, own = 0;
	while (strcmp(at_large[k].kind, kind) != 0)
		k++;
	const char *message =
	    at_large[k].message != NULL
		? at_large[k].message
		: request_format(&c->r,
		      "User: %s is not authorized to "
		      "perform: %s:%s",
		      c->r.principal == NULL ? "anonymous" : c->r.principal,
		      c->r.api->name, c->r.operation);
	for (; own < sizeof(says) / sizeof(says[0]); own++)
		if (strcmp(says[own].service, c->r.api->name) == 0 &&
		    strcmp(says[own].kind, kind) == 0)
			return fail(&c->r, says[own].status, says[own].code,
			    "%s",
			    says[own].message != NULL ? says[own].message
						      : message);
	c->common = at_large[k].query;
	if (c->protocol == PROTOCOL_QUERY)
		return fail(&c->r, at_large[k].query_status, at_large[k].query,
		    "%s", message);
	if (c->protocol == PROTOCOL_REST)
		return fail(&c->r, at_large[k].rest_status, at_large[k].rest,
		    "%s", message);
	return fail(
	    &c->r, at_large[k].json_status, at_large[k].json, "%s", message);
}

int
faults_refuse(struct call *c)
{
	if (c->mischief.reset)
		return refuse(c, "reset");
	return c->mischief.error == NULL ? 0 : refuse(c, c->mischief.error);
}

enum fault_entry
fault_entry(struct request *r, const char *text, size_t len)
{
	struct mischief *m = &((struct call *)(void *)r)->mischief;
	if (m->refuse != NULL &&
	    memmem(text, len, m->refuse, strlen(m->refuse)) != NULL)
		return FAULT_NEVER;
	if (m->partial > 0 && lunad_random(r->lunad) < m->partial)
		return FAULT_LATER;
	return FAULT_NONE;
}

bool
fault_entries(struct request *r)
{
	const struct mischief *m = &((struct call *)(void *)r)->mischief;
	return m->refuse != NULL || m->partial > 0;
}

/* Drop the last entry of the reply's first list that has any. */
static void
drop_entry(struct buf *out)
{
	struct json v = {JSON_OBJECT, out->data, out->len};
	struct json_iter it, inner;
	struct json key, value, entry, last = {0}, before = {0};
	json_each(v, &it);
	while (last.at == NULL && json_next(&it, &key, &value)) {
		if (value.type != JSON_ARRAY)
			continue;
		json_each(value, &inner);
		while (json_next(&inner, NULL, &entry)) {
			before = last;
			last = entry;
		}
	}
	if (last.at == NULL)
		return;
	size_t from =
	    (size_t)(before.at == NULL ? last.at - out->data
				       : before.at + before.len - out->data);
	size_t to = (size_t)(last.at + last.len - out->data);
	memmove(out->data + from, out->data + to, out->len - to + 1);
	out->len -= to - from;
}

/* Turn the first digit of every "MD5Of…":"…"; a quote inside a string is
 * escaped, so the search finds members only. */
static void
turn_md5(struct buf *out)
{
	for (char *at = out->data; (at = strstr(at, "\"MD5Of")) != NULL; at++) {
		char *digit = strstr(at, "\":\"");
		if (at > out->data && at[-1] != '\\' && digit != NULL)
			digit[3] = digit[3] == '0' ? '1' : '0';
	}
}

/* The same of an answer whose digests are headers. */
static void
turn_headers(struct call *c)
{
	for (size_t i = 0; i < c->headers; i++) {
		struct call_header *h = &c->header[i];
		bool etag = strcmp(h->name, "ETag") == 0;
		if (!etag && (strncmp(h->name, "x-amz-checksum-", 15) != 0 ||
				 strcmp(h->name + 15, "type") == 0 ||
				 strcmp(h->name + 15, "algorithm") == 0))
			continue;
		char *value = request_copy(&c->r, h->value, strlen(h->value));
		char *first = value + (etag && value[0] == '"');
		*first = *first == '0' ? '1' : '0';
		h->value = value;
	}
}

void
faults_edit(struct call *c)
{
	if (c->protocol == PROTOCOL_RAW && c->mischief.wrong_md5)
		turn_headers(c);
	if (c->out.len == 0 || c->protocol == PROTOCOL_RAW)
		return;
	if (c->mischief.missing_entry)
		drop_entry(&c->out);
	if (c->mischief.wrong_md5)
		turn_md5(&c->out);
}
