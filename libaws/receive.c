#include "receive.h"

#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "digest.h"
#include "mem.h"
#include "retry.h"
#include "text.h"

enum {
	BATCH = 10,
	SLACK_MS = 10000, /* a reply may come so long after the wait */
	AGAIN_MS = 20,    /* a FIFO queue whose groups are held is asked again */
	MAX_REPLY = 16 << 20
};

struct poll {
	struct call call;
	struct buf body;
	int64_t asked, landed_ms;
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
	uint64_t *seen; /* hashes of ids, open addressing, in a drain */
	size_t seen_count, seen_cap;
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
	free(r->seen);
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

bool
receive_landed(struct receive *r, struct call *call, struct err *err)
{
	struct poll *p = call->user;
	struct json reply = {0};
	if (p < r->poll || p >= r->poll + r->about.parallel)
		return false;
	err_clear(err);
	p->flying = false;
	p->landed_ms = text_tick();
	r->asked -= p->asked;
	*err = call->err;
	if (err->kind == ERR_NONE &&
	    json_scan(call->reply.data, call->reply.len, &reply, NULL) != 0)
		err_set(err, ERR_LATER, "InvalidReply",
		    "the reply to ReceiveMessage is no JSON");
	if (err->kind != ERR_NONE) {
		if (err->kind == ERR_LATER && r->about.follow)
			slow_down(r, err);
		else
			r->stopped = true;
		return true;
	}
	r->failures = 0;
	size_t n = json_count(json_get(reply, "Messages"));
	r->given += (int64_t)n;
	p->landed = n > 0;
	if (n == 0) {
		r->wanted = 1;
		if (r->about.fifo && r->unsettled > 0)
			r->not_before_ms = p->landed_ms + AGAIN_MS;
		else
			r->stopped |= !r->about.follow;
	} else if ((int64_t)n == p->asked && r->wanted < r->about.parallel) {
		r->wanted++;
	}
	if (r->about.max >= 0 && r->given >= r->about.max)
		r->stopped = true;
	return true;
}

/* Was this id received before? It is from now on. */
static bool
seen_before(struct receive *r, uint64_t hash)
{
	if (2 * r->seen_count >= r->seen_cap) {
		size_t cap = r->seen_cap == 0 ? 1024 : 2 * r->seen_cap;
		uint64_t *old = r->seen;
		size_t was = r->seen_cap;
		r->seen = mem_alloc(cap * sizeof(*r->seen));
		r->seen_cap = cap;
		r->seen_count = 0;
		for (size_t i = 0; i < was; i++)
			if (old[i] != 0)
				seen_before(r, old[i]);
		free(old);
	}
	size_t at = hash & (r->seen_cap - 1);
	while (r->seen[at] != 0) {
		if (r->seen[at] == hash)
			return true;
		at = (at + 1) & (r->seen_cap - 1);
	}
	r->seen[at] = hash;
	r->seen_count++;
	return false;
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
receive_next(struct receive *r, int64_t *received_ms, bool *again)
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
	struct json id = json_get(message, "MessageId");
	*again = !r->about.follow && seen_before(r, batch_hash(id.at, id.len));
	if (*again)
		r->stopped = true; /* it came round: the queue is read */
	return message;
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
