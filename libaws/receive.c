#include "receive.h"

#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "mem.h"
#include "retry.h"
#include "text.h"

enum {
	BATCH = 10,
	SLACK_MS = 10000, /* a reply may come so long after the wait */
	WAY_MS = 500,     /* until a request has reached the service */
	AGAIN_MS = 100, /* a FIFO queue whose groups are held is asked again */
	MAX_REPLY = 16 << 20
};

struct poll {
	struct call call;
	struct buf body;
	int64_t asked, started_ms, landed_ms;
	bool flying, landed; /* landed: its messages are given out */
};

struct receive {
	struct caller *caller;
	struct receive_about about;
	struct poll *poll;
	size_t wanted; /* receives side by side: grows while replies are full */
	int64_t given, asked; /* messages: received, and asked for in flight */
	size_t unsettled;
	bool stopped;
	int failures;
	int64_t not_before_ms;
	struct poll *reading;
	struct json_iter it;
};

int
receive_visibility(struct caller *caller, const char *queue_url,
    int64_t *seconds, struct err *err)
{
	struct buf body = {0};
	buf_add_text(&body, "{\"QueueUrl\":");
	text_json_string(queue_url, strlen(queue_url), &body);
	buf_add_text(&body, ",\"AttributeNames\":[\"VisibilityTimeout\"]}");
	struct call call = {.service = service_find("sqs"),
	    .operation = "GetQueueAttributes",
	    .body = body.data,
	    .body_len = body.len};
	struct json reply = {0};
	int r = call_run(caller, &call, err);
	if (r == 0)
		r = json_scan(call.reply.data, call.reply.len, &reply, err);
	if (r == 0 && json_integer(json_get(json_get(reply, "Attributes"),
				       "VisibilityTimeout"),
			  seconds) != 0)
		r = err_set(err, ERR_LATER, "InvalidReply",
		    "GetQueueAttributes gave no VisibilityTimeout");
	call_clear(&call);
	buf_clear(&body);
	return r;
}

struct receive *
receive_open(struct caller *caller, const struct receive_about *about)
{
	struct receive *r = mem_alloc(sizeof(*r));
	r->caller = caller;
	r->about = *about;
	r->wanted = 1;
	r->poll = mem_alloc(about->parallel * sizeof(*r->poll));
	return r;
}

void
receive_close(struct receive *r)
{
	if (r == NULL)
		return;
	receive_stop(r);
	for (size_t i = 0; i < r->about.parallel; i++) {
		call_clear(&r->poll[i].call);
		buf_clear(&r->poll[i].body);
	}
	free(r->poll);
	free(r);
}

/* How many one more receive may ask for, so that no more come than are
 * wanted and held. */
static int64_t
may_ask(const struct receive *r, size_t unsettled)
{
	int64_t most = (int64_t)r->about.inflight - (int64_t)unsettled;
	if (r->about.max >= 0 && r->about.max - r->given < most)
		most = r->about.max - r->given;
	most -= r->asked;
	return most < BATCH ? most : BATCH;
}

static void
start(struct receive *r, struct poll *p, int64_t n)
{
	buf_reset(&p->body);
	buf_add_text(&p->body, "{\"QueueUrl\":");
	text_json_string(
	    r->about.queue_url, strlen(r->about.queue_url), &p->body);
	if (r->about.visibility_s > 0)
		buf_addf(&p->body, ",\"VisibilityTimeout\":%d",
		    (int)r->about.visibility_s);
	buf_addf(&p->body,
	    ",\"MaxNumberOfMessages\":%d,\"WaitTimeSeconds\":%d,"
	    "\"MessageSystemAttributeNames\":[\"All\"],"
	    "\"MessageAttributeNames\":[\"All\"]}",
	    (int)n, (int)r->about.wait_s);
	struct buf reply = p->call.reply;
	p->call = (struct call){.reply = reply,
	    .service = service_find("sqs"),
	    .operation = "ReceiveMessage",
	    .body = p->body.data,
	    .body_len = p->body.len,
	    .long_poll = true,
	    .timeout_ms = r->about.wait_s * 1000 + SLACK_MS,
	    .max_reply = MAX_REPLY,
	    .user = p};
	p->asked = n;
	p->started_ms = text_tick();
	p->flying = true;
	r->asked += n;
	call_start(r->caller, &p->call);
}

void
receive_move(struct receive *r, size_t unsettled)
{
	r->unsettled = unsettled;
	if (r->stopped || text_tick() < r->not_before_ms)
		return;
	for (size_t i = 0; i < r->wanted; i++) {
		struct poll *p = &r->poll[i];
		int64_t n = may_ask(r, unsettled);
		if (n <= 0)
			return;
		if (!p->flying && !p->landed)
			start(r, p, n);
	}
}

int64_t
receive_due(const struct receive *r, int64_t now_ms)
{
	if (r->stopped || r->not_before_ms <= now_ms)
		return -1;
	return r->not_before_ms - now_ms;
}

static void
slow_down(struct receive *r, const struct err *err)
{
	uint32_t n;
	digest_random(&n, sizeof(n));
	r->wanted = 1;
	r->not_before_ms =
	    text_tick() +
	    retry_backoff(err->throttled ? RETRY_THROTTLED : RETRY_TRANSIENT,
		r->failures++, 0.5 + (double)n / 8589934592.0);
}

/* How many messages a reply has; -1 and err: it is none. */
static int64_t
count(const struct call *call, struct err *err)
{
	struct json reply;
	if (json_scan(call->reply.data, call->reply.len, &reply, NULL) == 0)
		return (int64_t)json_count(json_get(reply, "Messages"));
	return err_set(err, ERR_LATER, "InvalidReply",
	    "the reply to ReceiveMessage is no JSON");
}

/* An empty reply ends a drain, unless it is a FIFO queue that keeps back what
 * follows messages that are held. */
static void
was_empty(struct receive *r, const struct poll *p)
{
	r->wanted = 1;
	if (r->about.fifo && r->unsettled > 0)
		r->not_before_ms = p->landed_ms + AGAIN_MS;
	else
		r->stopped |= !r->about.follow;
}

static struct poll *
find_poll(struct receive *r, const struct call *call)
{
	for (size_t i = 0; i < r->about.parallel; i++)
		if (call == &r->poll[i].call)
			return &r->poll[i];
	return NULL;
}

bool
receive_landed(struct receive *r, struct call *call, struct err *err)
{
	struct poll *p = find_poll(r, call);
	if (p == NULL)
		return false;
	p->flying = false;
	p->landed_ms = text_tick();
	r->asked -= p->asked;
	*err = call->err;
	int64_t n = err->kind == ERR_NONE ? count(call, err) : -1;
	if (n < 0) {
		if (err->kind == ERR_LATER && r->about.follow)
			slow_down(r, err);
		else
			r->stopped = true;
		return true;
	}
	r->failures = 0;
	r->given += n;
	p->landed = n > 0;
	if (n == 0)
		was_empty(r, p);
	else if (n == p->asked && r->wanted < r->about.parallel)
		r->wanted++;
	if (r->about.max >= 0 && r->given >= r->about.max)
		r->stopped = true;
	return true;
}

/* The next reply that has messages, in the order of the calls. */
static struct poll *
next_landed(struct receive *r)
{
	for (size_t i = 0; i < r->about.parallel; i++)
		if (r->poll[i].landed)
			return &r->poll[i];
	return NULL;
}

struct json
receive_next(struct receive *r, int64_t *received_ms)
{
	struct json message;
	for (;;) {
		if (r->reading != NULL && json_next(&r->it, NULL, &message))
			break;
		if (r->reading != NULL)
			r->reading->landed = false;
		r->reading = next_landed(r);
		if (r->reading == NULL)
			return (struct json){0};
		struct json reply;
		const struct buf *text = &r->reading->call.reply;
		json_scan(text->data, text->len, &reply, NULL);
		json_each(json_get(reply, "Messages"), &r->it);
	}
	*received_ms = r->reading->landed_ms;
	return message;
}

void
receive_enough(struct receive *r)
{
	r->stopped = true;
}

void
receive_stop(struct receive *r)
{
	r->stopped = true;
	for (size_t i = 0; i < r->about.parallel; i++)
		if (r->poll[i].flying) {
			call_cancel(r->caller, &r->poll[i].call);
			r->poll[i].flying = false;
			r->asked -= r->poll[i].asked;
		}
}

int64_t
receive_lasts(const struct receive *r, int64_t now_ms)
{
	int64_t longest = 0;
	for (size_t i = 0; i < r->about.parallel; i++) {
		const struct poll *p = &r->poll[i];
		int64_t left =
		    p->started_ms + r->about.wait_s * 1000 + WAY_MS - now_ms;
		if (p->flying && left < WAY_MS)
			left = WAY_MS;
		if (p->flying && left > longest)
			longest = left;
	}
	return longest;
}

bool
receive_ended(const struct receive *r)
{
	if (!r->stopped)
		return false;
	for (size_t i = 0; i < r->about.parallel; i++)
		if (r->poll[i].flying || r->poll[i].landed)
			return false;
	return true;
}
