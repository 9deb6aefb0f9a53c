#include "call_inner.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "text.h"

#define RENEW_MS (15 * 60 * 1000)
#define STOP_MS 5000 /* for what runs when a signal came */

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
	c->stop_fd = -1;
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
	for (struct call_site *next, *s = c->sites; s != NULL; s = next) {
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

static bool
is_site(const struct request_site *at, const struct service *service,
    const char *region)
{
	if (at->service != service)
		return false;
	if (at->region == NULL || region == NULL)
		return at->region == region;
	return strcmp(at->region, region) == 0;
}

static struct request_site *
find_site(struct caller *c, const struct service *service, const char *region,
    struct err *err)
{
	for (struct call_site *s = c->sites; s != NULL; s = s->next)
		if (is_site(&s->at, service, region))
			return &s->at;
	struct call_site *s = mem_alloc(sizeof(*s));
	if (request_site_init(&s->at, service, region, c->conf, err) != 0) {
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

void
call_finish(struct caller *c, struct call_run *run)
{
	run->next = NULL;
	*c->done_end = run;
	c->done_end = &run->next;
}

void
call_attempt(struct caller *c, struct call_run *run)
{
	struct request *q = &run->request;
	struct call *call = run->call;
	const struct cred *cred = NULL;
	int64_t now_ms = text_now();
	if (q->site != NULL) {
		cred = find_cred(c, now_ms, &call->err);
		if (cred == NULL) {
			call_finish(c, run);
			return;
		}
	}
	run->skew_ms = c->skew.ms;
	run->sent_ms = now_ms;
	run->renewal = c->renewal;
	run->moved = false;
	call->attempts++;
	request_sign(q, cred, now_ms + c->skew.ms, call->attempts,
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
		site = find_site(c, call->service, call->region, &call->err);
		if (site == NULL)
			return -1;
	}
	struct request_about about = {.operation = call->operation,
	    .url = call->url,
	    .method = call->method,
	    .path = call->path,
	    .bucket = call->bucket,
	    .content_type = call->content_type,
	    .header = call->header,
	    .header_count = call->header_count,
	    .body = call->body,
	    .body_len = call->body_len,
	    .gzip = call->gzip,
	    .unsigned_body = call->unsigned_body};
	return request_encode(&run->request, site, &about, &call->err);
}

void
call_again(struct caller *c, struct call_run *run)
{
	struct call *call = run->call;
	if (call->again != NULL) {
		call->again(call);
		if (encode(c, run) != 0) {
			call_finish(c, run);
			return;
		}
	}
	call_attempt(c, run);
}

static bool
on_body(void *user, const char *bytes, size_t len)
{
	struct call_run *run = user;
	run->moved = true;
	return run->call->sink(run->call, bytes, len);
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
	r->sink = call->sink != NULL ? on_body : NULL;
	r->max_reply = call->max_reply;
	r->idle = call->idle;
	r->timeout_ms =
	    call->timeout_ms != 0 ? call->timeout_ms : c->conf->timeout_ms;
	c->running++;
	if (encode(c, run) != 0)
		call_finish(c, run);
	else
		call_attempt(c, run);
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
			call_finish(c, run);
		else
			call_again(c, run);
	}
}

void
call_hurry(struct caller *c)
{
	c->hurry = true;
}

/* The time until a call that waits is due, if it is less. */
static int
until_due(const struct caller *c, int timeout_ms)
{
	if (c->waiting == NULL)
		return timeout_ms;
	if (c->hurry)
		return 0;
	int64_t now = text_tick();
	int64_t least = timeout_ms < 0 ? INT_MAX : timeout_ms;
	for (const struct call_run *run = c->waiting; run; run = run->next)
		if (run->due_ms - now < least)
			least = run->due_ms > now ? run->due_ms - now : 0;
	return (int)least;
}

static void
step(struct caller *c, struct pollfd *extra, size_t extra_count, int timeout_ms)
{
	http_poll(c->http, extra, extra_count, until_due(c, timeout_ms));
	for (struct http_request *r; (r = http_next(c->http)) != NULL;)
		call_answered(c, r->user);
	wake(c);
}

void
call_poll(
    struct caller *c, struct pollfd *extra, size_t extra_count, int timeout_ms)
{
	step(c, extra, extra_count, c->done != NULL ? 0 : timeout_ms);
}

static void
swap(struct buf *a, struct buf *b)
{
	struct buf was = *a;
	*a = *b;
	*b = was;
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
	swap(&call->reply, &run->request.http.reply);
	if (call->reply_header != NULL)
		swap(call->reply_header, &run->request.http.reply_header);
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

/* The place of a call in the queue of what is finished, or NULL. */
static struct call_run **
find_done(struct caller *c, const struct call *call)
{
	struct call_run **p = &c->done;
	while (*p != NULL && (*p)->call != call)
		p = &(*p)->next;
	return *p != NULL ? p : NULL;
}

int
call_run_until(
    struct caller *c, struct call *call, int stop_fd, struct err *err)
{
	struct pollfd stop = {.fd = stop_fd, .events = POLLIN};
	int64_t end_ms = INT64_MAX;
	call_start(c, call);
	for (struct call_run **p; call->run != NULL;) {
		int64_t left_ms = end_ms - text_tick();
		if ((p = find_done(c, call)) != NULL) {
			take_done(c, p);
			break;
		}
		if (left_ms <= 0) {
			call_cancel(c, call);
			err_set(&call->err, ERR_LATER, "Interrupted",
			    "a signal came before the answer");
			break;
		}
		step(c, &stop, 1, end_ms == INT64_MAX ? -1 : (int)left_ms);
		if (stop.revents != 0) {
			stop.fd = -1; /* it stays readable */
			end_ms = text_tick() + STOP_MS;
			call_hurry(c);
		}
	}
	if (call->err.kind == ERR_NONE)
		return 0;
	if (err != NULL)
		*err = call->err;
	return -1;
}

void
call_stop_on(struct caller *c, int stop_fd)
{
	c->stop_fd = stop_fd;
}

int
call_run(struct caller *c, struct call *call, struct err *err)
{
	return call_run_until(c, call, c->stop_fd, err);
}

void
call_clear(struct call *call)
{
	buf_clear(&call->reply);
}

const char *
call_header(const struct call *call, const char *name, size_t *len)
{
	if (call->run != NULL)
		return http_header(&call->run->request.http, name, len);
	return http_find(call->reply_header, name, len);
}

int
call_presign(struct caller *c, struct call *call, int64_t expires_s,
    struct buf *url, struct err *err)
{
	struct call_run run = {.call = call};
	int64_t now_ms = text_now();
	const struct cred *cred = NULL;
	int status = encode(c, &run);
	if (status == 0 && (cred = find_cred(c, now_ms, &call->err)) == NULL)
		status = -1;
	if (status == 0)
		request_presign(&run.request, cred, expires_s, now_ms, url);
	else
		*err = call->err;
	request_clear(&run.request);
	return status;
}
