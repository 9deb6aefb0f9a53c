#include "call.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "diag.h"
#include "digest.h"
#include "http.h"
#include "mem.h"
#include "reply.h"
#include "request.h"
#include "retry.h"
#include "text.h"

#define SKEW_MS (4 * 60 * 1000)
#define LATE_MS (15 * 60 * 1000)
#define RENEW_MS (15 * 60 * 1000)

struct site {
	struct request_site at;
	struct site *next;
};

/* A call under way. */
struct call_run {
	struct call *call;
	struct request request;
	struct retry retry;
	int64_t skew_ms;        /* what the attempt was signed with, */
	unsigned renewal;       /* … and which credentials */
	bool skewed, renewed;   /* corrected once already */
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
	int64_t skew_ms; /* to be added to our clock */
	bool hurry;
	struct site *sites;
	struct call_run *runs; /* all, for their life */
	struct call_run *spare, *waiting, *done, **done_end;
	size_t running;
};

/* "luna/0.1 md/sns-pub os/linux lang/c app/ID" */
static char *
user_agent(const struct conf *conf, const char *tool)
{
	const char *app = conf_env_get(conf, "AWS_SDK_UA_APP_ID");
	if (app == NULL)
		app = conf_get(conf, "sdk_ua_app_id");
	char *text =
	    mem_format("luna/%s md/%s os/linux lang/c%s%s", LUNA_VERSION, tool,
		app != NULL ? " app/" : "", app != NULL ? app : "");
	for (char *p = text; *p != '\0'; p++)
		if (*p < ' ' || *p >= 0x7f)
			*p = '-';
	return text;
}

struct caller *
call_open(const struct conf *conf, struct call_cred cred, const char *tool,
    size_t connections)
{
	struct caller *c = mem_alloc(sizeof(*c));
	char *agent = user_agent(conf, tool);
	c->conf = conf;
	c->source = cred;
	c->quota.tokens = RETRY_QUOTA;
	c->done_end = &c->done;
	c->http = http_open(&(struct http_options){
	    .user_agent = agent,
	    .ca_bundle = conf->ca_bundle,
	    .connections = connections,
	});
	free(agent);
	return c;
}

void
call_close(struct caller *c)
{
	if (c == NULL)
		return;
	http_close(c->http);
	for (struct call_run *older, *run = c->runs; run != NULL; run = older) {
		older = run->older;
		if (run->call != NULL)
			run->call->run = NULL;
		request_clear(&run->request);
		free(run);
	}
	for (struct site *next, *s = c->sites; s != NULL; s = next) {
		next = s->next;
		request_site_clear(&s->at);
		free(s);
	}
	free(c);
}

const struct conf *
call_conf(const struct caller *c)
{
	return c->conf;
}

size_t
call_running(const struct caller *c)
{
	return c->running;
}

static struct request_site *
find_site(struct caller *c, const struct service *service, struct err *err)
{
	for (struct site *s = c->sites; s != NULL; s = s->next)
		if (s->at.service == service)
			return &s->at;
	struct site *s = mem_alloc(sizeof(*s));
	if (request_site_init(&s->at, service, c->conf, err) != 0) {
		free(s);
		return NULL;
	}
	s->next = c->sites;
	c->sites = s;
	return &s->at;
}

/* The credentials, asked for once and again when they are about to expire. */
static const struct cred *
find_cred(struct caller *c, int64_t now_ms, struct err *err)
{
	if (c->cred == NULL || (c->cred->expires_ms != 0 &&
				   c->cred->expires_ms - now_ms < RENEW_MS))
		c->cred = c->source.get(c->source.ctx, false, err);
	return c->cred;
}

static void
finish(struct caller *c, struct call_run *run)
{
	run->next = NULL;
	*c->done_end = run;
	c->done_end = &run->next;
}

static void
attempt(struct caller *c, struct call_run *run)
{
	struct request *q = &run->request;
	struct call *call = run->call;
	const struct cred *cred = NULL;
	int64_t now_ms = text_now();
	if (q->site != NULL) {
		cred = find_cred(c, now_ms, &call->err);
		if (cred == NULL) {
			finish(c, run);
			return;
		}
	}
	run->skew_ms = c->skew_ms;
	run->renewal = c->renewal;
	call->attempts++;
	request_sign(q, cred, now_ms + c->skew_ms, call->attempts,
	    call->once ? 1 : run->retry.max_attempts);
	http_start(c->http, &q->http);
}

static struct call_run *
take_run(struct caller *c)
{
	struct call_run *run = c->spare;
	if (run != NULL) {
		c->spare = run->next;
		return run;
	}
	run = mem_alloc(sizeof(*run));
	run->older = c->runs;
	c->runs = run;
	return run;
}

static int
encode(struct caller *c, struct call_run *run)
{
	struct call *call = run->call;
	struct request_site *site = NULL;
	if (call->service != NULL) {
		site = find_site(c, call->service, &call->err);
		if (site == NULL)
			return -1;
	}
	struct request_about about = {.operation = call->operation,
	    .url = call->url,
	    .method = call->method,
	    .path = call->path,
	    .content_type = call->content_type,
	    .body = call->body,
	    .body_len = call->body_len,
	    .gzip = call->gzip};
	return request_encode(&run->request, site, &about, &call->err);
}

void
call_start(struct caller *c, struct call *call)
{
	struct call_run *run = take_run(c);
	struct http_request *r = &run->request.http;
	call->run = run;
	err_clear(&call->err);
	buf_reset(&call->reply);
	call->status = 0;
	call->request_id[0] = '\0';
	call->retry_after_ms = -1;
	call->attempts = 0;
	call->took_ms = 0;
	call->sent = false;
	run->call = call;
	run->skewed = run->renewed = false;
	bool dynamodb = call->service != NULL &&
			strcmp(call->service->signing, "dynamodb") == 0;
	retry_init(&run->retry, c->conf->retries_2026, dynamodb,
	    call->long_poll, c->conf->max_attempts);
	r->user = run;
	r->max_reply = call->max_reply;
	r->timeout_ms =
	    call->timeout_ms != 0 ? call->timeout_ms : c->conf->timeout_ms;
	c->running++;
	if (encode(c, run) != 0)
		finish(c, run);
	else
		attempt(c, run);
}

/*
 * A line an attempt; no path, which in a webhook is a secret, and no header.
 */
static void
report(const struct caller *c, const struct call_run *run)
{
	const struct call *call = run->call;
	const struct request *q = &run->request;
	const char *name = "http", *action = q->http.method;
	if (c->conf->verbose == 0)
		return;
	if (call->service != NULL)
		name = call->service->name;
	if (call->operation != NULL)
		action = call->operation;
	diag_plain("%s %s %d %lld ms, attempt %d of %d%s%s", name, action,
	    q->http.status, (long long)q->http.took_ms, call->attempts,
	    call->once ? 1 : run->retry.max_attempts,
	    call->err.kind != ERR_NONE ? ": " : "", call->err.code);
	if (c->conf->verbose < 2)
		return;
	diag_plain("  host %s, %zu bytes out, %zu in, request id %s",
	    call->url == NULL ? q->site->host : buf_text(&q->host),
	    q->http.body_len, q->http.reply.len,
	    call->request_id[0] != '\0' ? call->request_id : "none");
	if (q->site != NULL)
		diag_plain(
		    "  signed at %s with the key of %s, signature %.8s...",
		    q->sig.date,
		    c->cred != NULL && c->cred->source != NULL ? c->cred->source
							       : "unknown",
		    q->sig.signature);
}

/* What an answer that is no success means, by its code, else its status. */
static enum err_kind
kind_of(const struct call *call, enum retry_class class)
{
	if (class != RETRY_NO || call->status == 408)
		return ERR_LATER;
	if (call_is_setup(call->err.code))
		return ERR_SETUP;
	/* reply_error's own: there was no code in the answer */
	if (strncmp(call->err.code, "HTTP", 4) != 0)
		return ERR_REFUSED;
	switch (call->status) {
	case 401:
	case 403:
	case 404:
	case 405:
	case 407:
	case 410:
		return ERR_SETUP;
	default:
		break;
	}
	if (call->status < 400)
		return ERR_SETUP; /* a redirect: the address is wrong */
	return call->status < 500 ? ERR_REFUSED : ERR_LATER;
}

/* Read the answer of an attempt into the call. RETRY_NO: it is final. */
static enum retry_class
judge(struct call_run *run)
{
	struct call *call = run->call;
	const struct http_request *r = &run->request.http;
	call->status = r->status;
	call->took_ms += r->took_ms;
	if (r->err.kind != ERR_NONE) {
		call->err = r->err;
		call->sent = call->sent || r->sent;
		/* As large it would come again. */
		if (r->err.kind == ERR_SETUP ||
		    strcmp(r->err.code, "ReplyTooLarge") == 0)
			return RETRY_NO;
		return retry_classify(0, r->err.code);
	}
	call->sent = call->sent || r->status < 400 || r->status >= 500;
	call->retry_after_ms = reply_number(r, "retry-after");
	if (call->retry_after_ms > 0)
		call->retry_after_ms *= 1000;
	reply_request_id(r, call->request_id);
	if (!reply_intact(r)) {
		err_set(&call->err, ERR_LATER, "ChecksumMismatch",
		    "the reply is not what its x-amz-crc32 says");
		return RETRY_TRANSIENT;
	}
	err_clear(&call->err);
	if (r->status >= 200 && r->status < 300)
		return RETRY_NO;
	enum retry_class class = reply_error(r, &call->err);
	call->err.kind = kind_of(call, class);
	call->err.throttled = class == RETRY_THROTTLED;
	memcpy(
	    call->request_id, call->err.request_id, sizeof(call->request_id));
	return class;
}

static bool
is_among(const char *code, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcmp(code, *list) == 0)
			return true;
	return false;
}

/*
 * Was it refused because our clock is wrong? Then learn by how much. The
 * service's clock is taken to be that of the middle of the request.
 */
static bool
correct_skew(struct caller *c, struct call_run *run)
{
	static const char *const codes[] = {"RequestTimeTooSkewed",
	    "RequestExpired", "RequestInTheFuture", "InvalidSignatureException",
	    "SignatureDoesNotMatch", "AuthFailure", NULL};
	const struct http_request *r = &run->request.http;
	if (run->skewed || !is_among(run->call->err.code, codes))
		return false;
	int64_t theirs = reply_date(r);
	if (theirs < 0 || r->took_ms > LATE_MS)
		return false;
	int64_t skew_ms = theirs - (text_now() - r->took_ms / 2);
	if (llabs(skew_ms - run->skew_ms) <= SKEW_MS)
		return false;
	c->skew_ms = skew_ms;
	run->skewed = true;
	return true;
}

/* Had the credentials expired, and are there newer ones? */
static bool
renew(struct caller *c, struct call_run *run)
{
	static const char *const codes[] = {
	    "ExpiredToken", "ExpiredTokenException", NULL};
	if (run->renewed || run->request.site == NULL ||
	    !is_among(run->call->err.code, codes))
		return false;
	run->renewed = true;
	if (run->renewal != c->renewal)
		return true; /* another call has asked since */
	struct err err = {0};
	c->cred = c->source.get(c->source.ctx, true, &err);
	c->renewal++;
	if (c->cred == NULL)
		run->call->err = err;
	return c->cred != NULL;
}

static double
uniform(void)
{
	uint32_t n;
	digest_random(&n, sizeof(n));
	return n / 4294967296.0;
}

static void
attempt_done(struct caller *c, struct call_run *run)
{
	struct call *call = run->call;
	enum retry_class class = judge(run);
	report(c, run);
	if (call->err.kind == ERR_NONE) {
		retry_succeeded(&run->retry, &c->quota);
		finish(c, run);
		return;
	}
	/* Neither counts as a retry: the service has not looked at the call. */
	if (!c->hurry && (correct_skew(c, run) || renew(c, run))) {
		attempt(c, run);
		return;
	}
	if (class == RETRY_NO || call->once || c->hurry) {
		finish(c, run);
		return;
	}
	int64_t delay_ms = retry_next(&run->retry, &c->quota, class, uniform(),
	    reply_number(&run->request.http, "x-amz-retry-after"));
	if (delay_ms < 0) {
		finish(c, run);
		return;
	}
	run->due_ms = text_tick() + delay_ms;
	run->next = c->waiting;
	c->waiting = run;
}

/* Send again what has waited long enough. */
static void
wake(struct caller *c)
{
	if (c->waiting == NULL)
		return;
	int64_t now = text_tick();
	for (struct call_run *run, **p = &c->waiting; (run = *p) != NULL;) {
		if (run->due_ms > now && !c->hurry) {
			p = &run->next;
			continue;
		}
		*p = run->next;
		if (run->retry.give_up || c->hurry)
			finish(c, run);
		else
			attempt(c, run);
	}
}

void
call_hurry(struct caller *c)
{
	c->hurry = true;
}

static int
shorter(const struct caller *c, int timeout_ms)
{
	if (c->done != NULL || (c->hurry && c->waiting != NULL))
		return 0;
	if (c->waiting == NULL)
		return timeout_ms;
	int64_t now = text_tick(),
		least = timeout_ms < 0 ? INT_MAX : timeout_ms;
	for (const struct call_run *run = c->waiting; run; run = run->next)
		if (run->due_ms - now < least)
			least = run->due_ms > now ? run->due_ms - now : 0;
	return (int)least;
}

void
call_poll(
    struct caller *c, struct pollfd *extra, size_t extra_count, int timeout_ms)
{
	http_poll(c->http, extra, extra_count, shorter(c, timeout_ms));
	for (struct http_request *r; (r = http_next(c->http)) != NULL;)
		attempt_done(c, r->user);
	wake(c);
}

/* Take a finished run off the queue, its reply to the call. */
static struct call *
take_done(struct caller *c, struct call_run **p)
{
	struct call_run *run = *p;
	struct call *call = run->call;
	*p = run->next;
	if (*p == NULL)
		c->done_end = p;
	struct buf reply = call->reply;
	call->reply = run->request.http.reply;
	run->request.http.reply = reply;
	call->run = NULL;
	run->call = NULL;
	run->next = c->spare;
	c->spare = run;
	c->running--;
	return call;
}

static bool
unlink_run(struct call_run **p, const struct call_run *run)
{
	while (*p != NULL && *p != run)
		p = &(*p)->next;
	if (*p == NULL)
		return false;
	*p = run->next;
	return true;
}

void
call_cancel(struct caller *c, struct call *call)
{
	struct call_run *run = call->run;
	if (run == NULL)
		return;
	if (unlink_run(&c->done, run)) {
		c->done_end = &c->done;
		while (*c->done_end != NULL)
			c->done_end = &(*c->done_end)->next;
	} else if (!unlink_run(&c->waiting, run)) {
		http_cancel(c->http, &run->request.http);
	}
	call->run = NULL;
	run->call = NULL;
	run->next = c->spare;
	c->spare = run;
	c->running--;
}

struct call *
call_next(struct caller *c)
{
	return c->done != NULL ? take_done(c, &c->done) : NULL;
}

int
call_run(struct caller *c, struct call *call, struct err *err)
{
	call_start(c, call);
	while (call->run != NULL) {
		struct call_run **p = &c->done;
		while (*p != NULL && (*p)->call != call)
			p = &(*p)->next;
		if (*p != NULL)
			take_done(c, p);
		else
			call_poll(c, NULL, 0, -1);
	}
	if (call->err.kind == ERR_NONE)
		return 0;
	if (err != NULL)
		*err = call->err;
	return -1;
}

void
call_clear(struct call *call)
{
	buf_clear(&call->reply);
}

bool
call_is_setup(const char *code)
{
	static const char *const codes[] = {/* who asks */
	    "AccountSendingPausedException", "AccountSuspendedException",
	    "AuthFailure", "AuthorizationError", "AuthorizationErrorException",
	    "AuthorizationHeaderMalformed", "ExpiredToken",
	    "ExpiredTokenException", "IncompleteSignature",
	    "IncompleteSignatureException", "InvalidAccessKeyId",
	    "InvalidClientTokenId", "InvalidSignatureException", "InvalidToken",
	    "MissingAuthenticationToken", "MissingAuthenticationTokenException",
	    "NotAuthorized", "OptInRequired", "RequestExpired",
	    "RequestInTheFuture", "RequestTimeTooSkewed",
	    "SendingPausedException", "SignatureDoesNotMatch",
	    "SubscriptionRequiredException", "UnauthorizedOperation",
	    "UnrecognizedClientException",
	    /* what for */
	    "InvalidAction", "UnknownOperation", "UnknownOperationException",
	    /* of what */
	    "AWS.SimpleQueueService.NonExistentQueue",
	    "ConfigurationSetDoesNotExist", "NoSuchBucket", "NotFound",
	    "NotFoundException", "PermanentRedirect", "QueueDoesNotExist",
	    "ResourceNotFound", "ResourceNotFoundException",
	    "TableNotFoundException", "TemplateDoesNotExist",
	    /* the key that it is encrypted with */
	    "KMS.DisabledException", "KMS.KMSInvalidStateException",
	    "KMS.NotFoundException", "KMSDisabled", "KMSDisabledException",
	    "KMSInvalidState", "KMSInvalidStateException", "KMSNotFound",
	    "KMSNotFoundException", "KMSOptInRequired", "KmsDisabled",
	    "KmsInvalidKeyUsage", "KmsInvalidState", "KmsKeyDisabledException",
	    "KmsKeyNotFoundException", "KmsNotFound", "KmsOptInRequired", NULL};
	/* AccessDenied, AccessDeniedException, KMSAccessDenied, … */
	return strstr(code, "AccessDenied") != NULL || is_among(code, codes);
}
