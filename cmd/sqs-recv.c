/*
 * sqs-recv - receive the messages of an SQS queue
 *
 * In:  nothing
 * Out: a record a message, with @metadata.from.sqs; or to COMMAND's stdin
 * API: ReceiveMessage, ChangeMessageVisibilityBatch, DeleteMessageBatch,
 *      GetQueueAttributes, GetQueueUrl
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "envelope.h"
#include "ident.h"
#include "lease.h"
#include "queue_work.h"
#include "receive.h"
#include "text.h"
#include "tool.h"

enum { BACKLOG = 65536 /* bytes that wait for stdout */ };

static int64_t max = -1, wait_s = -1, hold_ms = 900000, inflight = 500;
static int64_t jobs = 1;
static bool follow, raw;

static const struct opt options[] = {
    {'n', "max", OPT_INTEGER, &max, "N", "so many messages in all", 1,
	INT32_MAX},
    {'f', "follow", OPT_FLAG, &follow, NULL, "do not end when it is empty", 0,
	0},
    {'w', "wait", OPT_INTEGER, &wait_s, "S", "of a long poll (1; with -f 20)",
	0, 20},
    {0, "hold", OPT_DURATION, &hold_ms, "S",
	"renew a lease for at most so long (900)", 0, 0},
    {0, "inflight", OPT_INTEGER, &inflight, "N",
	"messages held unsettled (500)", 1, 100000},
    {0, "jobs", OPT_INTEGER, &jobs, "N", "COMMANDs side by side (1)", 1, 256},
    {0, "raw", OPT_FLAG, &raw, NULL, "do not open SNS envelopes", 0, 0}, {0}};

static const struct tool_about about = {.name = "sqs-recv",
    .synopsis = "[-f] [-n N] [-w S] [--hold S] [--inflight N] [--raw]\n"
		"[--jobs N] QUEUE [-- COMMAND [ARG...]]",
    .options = options,
    .kind = TOOL_CALLS,
    .min_operands = 1,
    .max_operands = 1,
    .command = true};

struct receiving {
	struct tool tool;
	struct caller *caller;
	struct receive *receive;
	struct lease *lease;
	struct queue_work *work; /* with COMMAND */
	struct buf url, body, message, fields, line;
	uint64_t printed; /* bytes given to stdout, and waiting for it */
};

static void
add_text(struct buf *out, const char *name, const char *text)
{
	buf_addf(out, "%s\"%s\":", out->len > 0 ? "," : "", name);
	text_json_string(text, strlen(text), out);
}

static void
add_members(struct buf *out, struct json object)
{
	struct json_iter it;
	struct json name, value;
	json_each(object, &it);
	while (json_next(&it, &name, &value)) {
		buf_add_char(out, ',');
		buf_add(out, name.at, name.len);
		buf_add_char(out, ':');
		buf_add(out, value.at, value.len);
	}
}

/* from.sqs: the service's own names, and the lease. */
static void
make_fields(struct receiving *r, struct json message, int64_t received_ms)
{
	char until[TEXT_ISO];
	text_iso(text_now() + received_ms - text_tick() + hold_ms, until);
	buf_reset(&r->fields);
	add_text(&r->fields, "QueueUrl", buf_text(&r->url));
	static const char *const kept[] = {"MessageId", "ReceiptHandle"};
	for (size_t i = 0; i < 2; i++) {
		struct json v = json_get(message, kept[i]);
		buf_addf(&r->fields, ",\"%s\":", kept[i]);
		buf_add(&r->fields, v.at, v.len);
	}
	add_members(&r->fields, json_get(message, "Attributes"));
	struct json attributes = json_get(message, "MessageAttributes");
	if (json_count(attributes) > 0) {
		buf_add_text(&r->fields, ",\"MessageAttributes\":");
		json_compact(attributes, &r->fields);
	}
	add_text(&r->fields, "HoldUntil", until);
	add_text(&r->fields, "Lease", lease_name(r->lease));
}

static void
make_line(struct receiving *r, struct json message, int64_t received_ms)
{
	const struct buf *body = &r->body;
	buf_reset(&r->body);
	buf_reset(&r->message);
	buf_reset(&r->line);
	make_fields(r, message, received_ms);
	json_text(json_get(message, "Body"), &r->body, NULL);
	struct buf sns = {0};
	if (!raw &&
	    envelope_open(r->body.data, r->body.len, &r->message, &sns)) {
		buf_addf(&r->fields, ",%s", buf_text(&sns));
		body = &r->message;
	}
	buf_clear(&sns);
	record_from(buf_text(body), body->len, "sqs", r->fields.data,
	    r->fields.len, &r->line);
}

/* Hand on what was received: to stdout, or to the work of COMMAND. */
static void
hand_on(struct receiving *r)
{
	struct json message;
	int64_t received_ms;
	bool again;
	while (r->tool.out.len - r->tool.out_at < BACKLOG) {
		message = receive_next(r->receive, &received_ms, &again);
		char *id = json_dup(json_get(message, "MessageId"));
		char *handle = json_dup(json_get(message, "ReceiptHandle"));
		if (message.type == JSON_NONE)
			return;
		if (id != NULL && handle != NULL) {
			make_line(r, message, received_ms);
			r->printed += r->line.len + 1;
			lease_add(
			    r->lease, id, handle, received_ms, r->printed);
			if (again)
				lease_release(r->lease, id, 0);
			else if (r->work != NULL)
				queue_work_add(r->work, id, &r->line);
			else
				tool_print(&r->tool, r->line.data, r->line.len);
			if (again)
				r->printed -= r->line.len + 1;
		}
		free(id);
		free(handle);
	}
}

static void
landed(struct receiving *r)
{
	struct call *call;
	struct err err;
	while ((call = call_next(r->caller)) != NULL) {
		if (!receive_landed(r->receive, call, &err) &&
		    lease_landed(r->lease, call, &err) && err.kind != ERR_NONE)
			r->tool.failed++;
		if (err.kind == ERR_NONE)
			continue;
		tool_report(&r->tool, 0, &err);
		if (err.kind == ERR_LATER)
			r->tool.later |= !follow;
		else
			r->tool.set_up_failed = true;
	}
}

static int
least(int64_t a, int64_t b)
{
	int64_t n = a < 0 || (b >= 0 && b < a) ? b : a;
	return n > 60000 ? 60000 : (int)n;
}

/* One turn: start what may start, wait, take what came. */
static void
turn(struct receiving *r, int64_t until_ms)
{
	struct tool *t = &r->tool;
	int64_t now = text_tick();
	receive_move(r->receive, lease_count(r->lease));
	lease_move(r->lease, now);
	bool pending = t->out.len > t->out_at;
	struct pollfd fd[3 + QUEUE_WORK_FDS] = {
	    {.fd = t->out_failed || r->work ? -1 : 1,
		.events = pending ? POLLOUT : 0},
	    {.fd = t->stop_ms ? -1 : t->stop_fd, .events = POLLIN},
	    {.fd = lease_fd(r->lease), .events = POLLIN}};
	size_t fds = 3;
	if (r->work != NULL)
		fds += queue_work_fds(r->work, fd + 3);
	int64_t wait = until_ms < 0 ? -1 : until_ms > now ? until_ms - now : 0;
	wait = least(wait, receive_due(r->receive, now));
	call_poll(r->caller, fd, fds, least(wait, lease_due(r->lease, now)));
	landed(r);
	lease_news(r->lease);
	if (r->work != NULL)
		queue_work_move(r->work);
	if (fd[0].revents & POLLOUT)
		tool_flush_some(t);
	else if (fd[0].revents & POLLERR)
		t->out_failed = t->out_closed = true;
	tool_stopping(t);
}

static void
receive_all(struct receiving *r)
{
	struct tool *t = &r->tool;
	while (!t->out_failed && !tool_stopping(t)) {
		hand_on(r);
		if (receive_ended(r->receive) && t->out.len == t->out_at &&
		    (r->work == NULL || queue_work_idle(r->work)))
			return;
		/* Without an sqs-ack behind, a drain must not wait for ever. */
		if (r->work == NULL && !follow && lease_count(r->lease) > 0 &&
		    lease_quiet(r->lease, text_tick()))
			return;
		turn(r, text_tick() + 1000);
	}
}

/* What was printed is settled by others, or let go; what was not printed is
 * let go at once. */
static void
settle_rest(struct receiving *r)
{
	struct tool *t = &r->tool;
	receive_stop(r->receive);
	int64_t limit = t->stop_ms != 0 ? t->stop_ms + 5000 : INT64_MAX;
	if (r->work != NULL)
		queue_work_end(r->work);
	else
		while (t->out.len > t->out_at && !t->out_failed &&
		       text_tick() < limit)
			turn(r, text_tick() + 100);
	lease_release_after(r->lease, t->written);
	tool_close_stdout(t);
	while (lease_count(r->lease) > 0 && text_tick() < limit &&
	       !(r->work == NULL
		       ? lease_quiet(r->lease, text_tick())
		       : queue_work_idle(r->work) && !lease_busy(r->lease)))
		turn(r, text_tick() + 100);
	if (lease_count(r->lease) > 0 && !t->out_closed)
		t->later = true;
	lease_release_all(r->lease);
	while (lease_busy(r->lease) && text_tick() < limit)
		turn(r, text_tick() + 100);
}

static int
open_queue(struct receiving *r, struct ident *ident, struct err *err)
{
	int64_t visibility_s = 30;
	struct tool *t = &r->tool;
	r->caller = ident_caller(ident);
	if (ident_queue(ident, t->operand[0], true, &r->url, err) != 0 ||
	    receive_visibility(
		r->caller, buf_text(&r->url), &visibility_s, err) != 0)
		return -1;
	bool fifo = r->url.len > 5 &&
		    strcmp(r->url.data + r->url.len - 5, ".fifo") == 0;
	if (wait_s < 0)
		wait_s = follow ? 20 : 1;
	struct receive_about what = {.queue_url = buf_text(&r->url),
	    .follow = follow,
	    .wait_s = wait_s,
	    .max = max,
	    .parallel = fifo ? 1 : 8,
	    .fifo = fifo,
	    .inflight = (size_t)inflight};
	r->receive = receive_open(r->caller, &what);
	r->lease = lease_open(
	    r->caller, buf_text(&r->url), visibility_s * 1000, hold_ms, err);
	if (r->lease != NULL && t->command != NULL)
		r->work =
		    queue_work_open(t, t->command, r->lease, (size_t)jobs);
	return r->lease == NULL ? -1 : 0;
}

int
main(int argc, char **argv)
{
	struct receiving r = {0};
	struct err err;
	tool_start(&r.tool, &about, argc, argv);
	struct ident *ident = ident_open(&r.tool.conf, about.name, 10, &err);
	if (ident == NULL || open_queue(&r, ident, &err) != 0)
		return tool_refused(&r.tool, &err);
	receive_all(&r);
	settle_rest(&r);
	queue_work_close(r.work);
	receive_close(r.receive);
	lease_close(r.lease);
	ident_close(ident);
	struct buf *bufs[] = {&r.url, &r.body, &r.message, &r.fields, &r.line};
	for (size_t i = 0; i < 5; i++)
		buf_clear(bufs[i]);
	return tool_finish(&r.tool);
}
