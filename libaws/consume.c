#include "consume.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "ident.h"
#include "lease.h"
#include "message.h"
#include "queue_work.h"
#include "receive.h"
#include "received.h"
#include "text.h"

enum {
	BACKLOG = 65536,    /* bytes for stdout, with which none is asked */
	PARALLEL = 8,       /* receives in flight */
	CONNECTIONS = 16,   /* those, and renewals */
	LOOK_MS = 1000,     /* how often to see whether an sqs-ack is there */
	OVERTIME_MS = 1000, /* after a signal's grace, to let messages go */
	OWN_VISIBILITY = 30 /* seconds, for a queue that gives none */
};

struct consume {
	struct tool *tool;
	const struct consume_about *about;
	struct ident *ident;
	struct caller *caller;
	struct receive *receive;
	struct lease *lease;
	struct queue_work *work; /* with COMMAND */
	struct buf url, line;
	int64_t visibility_ms;
	uint64_t printed; /* bytes given to stdout, and waiting for it */
	size_t
	    lost; /* messages that ceased to be ours before they were settled */
	bool ending; /* what comes now is let go */
};

/* When what is let go shall be visible again: past our own receives in flight,
 * since each would count as one more towards the dead-letter queue. */
static int64_t
let_go_ms(const struct consume *c)
{
	return receive_lasts(c->receive, text_tick());
}

/* One message to stdout or to the work of COMMAND. In a drain, what comes
 * round again is let go: the queue is read. If COMMAND still has it, its run
 * decides; if somebody behind stdout has, they settle a receipt that is void. */
static void
hand_on(struct consume *c, struct json message, int64_t received_ms)
{
	char *id = json_dup(json_get(message, "MessageId"));
	char *handle = json_dup(json_get(message, "ReceiptHandle"));
	struct received_about how = {.queue_url = buf_text(&c->url),
	    .lease = lease_name(c->lease),
	    .hold_until_ms =
		text_now() - text_tick() + received_ms + c->about->hold_ms,
	    .raw = c->about->raw};
	buf_reset(&c->line);
	received_record(&how, message, &c->line);
	if (id != NULL && handle != NULL) {
		uint64_t end = c->printed + c->line.len + 1;
		enum lease_was was =
		    lease_add(c->lease, id, handle, received_ms, end);
		if (was == LEASE_HELD && c->work != NULL) {
			receive_enough(c->receive);
		} else if (was != LEASE_NEW || c->ending) {
			c->lost += was == LEASE_HELD;
			receive_enough(c->receive);
			lease_release(c->lease, id, let_go_ms(c));
		} else if (c->work != NULL) {
			queue_work_add(c->work, id, message, &c->line);
		} else {
			tool_print(c->tool, c->line.data, c->line.len);
			c->printed = end;
		}
	}
	free(id);
	free(handle);
}

static void
take_messages(struct consume *c)
{
	struct json message;
	int64_t received_ms;
	while ((message = receive_next(c->receive, &received_ms)).type !=
	       JSON_NONE)
		hand_on(c, message, received_ms);
}

static void
take_calls(struct consume *c)
{
	struct tool *t = c->tool;
	struct call *call;
	while ((call = call_next(c->caller)) != NULL) {
		struct err err = {0};
		bool received = receive_landed(c->receive, call, &err);
		if (received)
			take_messages(c);
		else
			lease_landed(c->lease, call, &err);
		if (err.kind == ERR_NONE)
			continue;
		tool_report(t, 0, &err);
		if (err.kind != ERR_LATER)
			t->set_up_failed = true;
		else if (!received || !c->about->follow)
			t->later = true;
	}
}

static int64_t
sooner(int64_t a, int64_t b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

/* How long to wait; that somebody reads, or does not, is told by no event. */
static int
wait_ms(const struct consume *c, int64_t now)
{
	int64_t due =
	    sooner(lease_due(c->lease, now), receive_due(c->receive, now));
	if (c->tool->stop_ms != 0 || lease_count(c->lease) > 0)
		due = sooner(due, LOOK_MS);
	return (int)due;
}

/* One turn: start what may start, wait, take what came. */
static void
turn(struct consume *c)
{
	struct tool *t = c->tool;
	bool prints = c->work == NULL && !t->out_failed && !t->out_ended;
	struct pollfd fd[3 + QUEUE_WORK_FDS] = {
	    {.fd = prints ? STDOUT_FILENO : -1,
		.events = tool_pending(t) > 0 ? POLLOUT : 0},
	    {.fd = t->stop_ms != 0 ? -1 : t->stop_fd, .events = POLLIN},
	    {.fd = lease_fd(c->lease), .events = POLLIN}};
	size_t fds = c->work == NULL ? 3 : 3 + queue_work_fds(c->work, fd + 3);
	if (tool_pending(t) < BACKLOG)
		receive_move(c->receive, lease_count(c->lease));
	lease_move(c->lease, text_tick());
	call_poll(c->caller, fd, fds, wait_ms(c, text_tick()));
	take_calls(c);
	lease_news(c->lease);
	if (c->work != NULL)
		queue_work_move(c->work);
	else
		c->lost += lease_expire(c->lease, text_tick());
	if (fd[0].revents & POLLOUT)
		tool_flush_some(t);
	else if (fd[0].revents & POLLERR)
		t->out_failed = t->out_closed = true;
	tool_stopping(t);
}

static void
receive_all(struct consume *c)
{
	struct tool *t = c->tool;
	while (!t->out_failed && !tool_stopping(t)) {
		if (c->work != NULL && queue_work_broken(c->work))
			return;
		if (receive_ended(c->receive) && tool_pending(t) == 0 &&
		    (c->work == NULL || queue_work_idle(c->work)))
			return;
		/* Without an sqs-ack behind, a drain must not wait for ever. */
		if (c->work == NULL && !c->about->follow &&
		    tool_pending(t) == 0 && lease_count(c->lease) > 0 &&
		    lease_silent(c->lease, text_tick()))
			return;
		turn(c);
	}
}

/* Nothing more is waited for: a signal's grace is over. */
static bool
late(const struct consume *c)
{
	return c->tool->stop_ms != 0 && tool_grace_ms(c->tool) == 0;
}

/* Is there somebody who may still settle what is not? */
static bool
waits(struct consume *c)
{
	if (c->work != NULL)
		return !queue_work_idle(c->work) || lease_busy(c->lease);
	return lease_count(c->lease) > 0 && !lease_left(c->lease) &&
	       !lease_silent(c->lease, text_tick());
}

/* Let all go that nobody settled. A receive in flight may be given what others
 * sent just now: it is waited for a little, since what comes to a receive that
 * was given up is hidden from everybody. */
static void
release_rest(struct consume *c, bool any)
{
	int64_t now = text_tick(), limit = now + c->visibility_ms;
	if (c->tool->stop_ms != 0)
		limit = now + OVERTIME_MS;
	lease_release_all(c->lease, let_go_ms(c));
	while (lease_busy(c->lease) && text_tick() < limit)
		turn(c);
	limit = text_tick() + OVERTIME_MS;
	while (any && text_tick() < limit &&
	       (lease_busy(c->lease) || !receive_ended(c->receive)))
		turn(c);
	receive_stop(c->receive);
}

/* What was printed is settled by others, or let go; what was not printed is
 * let go at once. */
static void
settle_rest(struct consume *c)
{
	struct tool *t = c->tool;
	bool any = lease_count(c->lease) > 0;
	c->ending = true;
	receive_enough(c->receive);
	if (c->work != NULL)
		queue_work_end(c->work);
	while (tool_pending(t) > 0 && !t->out_failed && !late(c))
		turn(c);
	if (c->work == NULL)
		lease_release_after(c->lease, t->written, let_go_ms(c));
	tool_close_stdout(t);
	while (waits(c) && !late(c))
		turn(c);
	if (c->lost + lease_count(c->lease) > 0 && !t->out_closed)
		t->later = true;
	if (c->work != NULL)
		queue_work_kill(c->work);
	release_rest(c, any);
}

static struct receive *
open_receive(const struct consume *c, bool own, bool fifo)
{
	const struct consume_about *a = c->about;
	struct receive_about what = {.queue_url = buf_text(&c->url),
	    .follow = a->follow,
	    .wait_s = a->wait_s,
	    .visibility_s = own ? OWN_VISIBILITY : 0,
	    .max = a->max,
	    .parallel = fifo ? 1 : PARALLEL,
	    .fifo = fifo,
	    .inflight = (size_t)a->inflight};
	if (what.wait_s < 0)
		what.wait_s = a->follow ? 20 : 1;
	return receive_open(c->caller, &what);
}

static int
open_queue(struct consume *c, struct err *err)
{
	struct tool *t = c->tool;
	int64_t visibility_s;
	c->ident = ident_open(&t->conf, t->about->name, CONNECTIONS, err);
	if (c->ident == NULL)
		return -1;
	c->caller = ident_caller(c->ident);
	call_stop_on(c->caller, t->stop_fd);
	if (ident_queue(c->ident, c->about->queue, true, &c->url, err) != 0 ||
	    receive_visibility(
		c->caller, buf_text(&c->url), &visibility_s, err) != 0)
		return -1;
	bool own = visibility_s == 0, fifo = message_fifo(buf_text(&c->url));
	c->visibility_ms = (own ? OWN_VISIBILITY : visibility_s) * 1000;
	struct lease_about leases = {.queue_url = buf_text(&c->url),
	    .visibility_ms = c->visibility_ms,
	    .hold_ms = c->about->hold_ms,
	    .remembers = !c->about->follow};
	c->lease = lease_open(c->caller, &leases, err);
	if (c->lease == NULL)
		return -1;
	c->receive = open_receive(c, own, fifo);
	if (t->command != NULL)
		c->work = queue_work_open(
		    t, c->lease, fifo ? 1 : (size_t)c->about->jobs, fifo);
	return 0;
}

int
consume_queue(
    struct tool *t, const struct consume_about *about, struct err *err)
{
	struct consume c = {.tool = t, .about = about};
	int r = open_queue(&c, err);
	if (r == 0) {
		receive_all(&c);
		settle_rest(&c);
	}
	queue_work_close(c.work);
	receive_close(c.receive);
	lease_close(c.lease);
	ident_close(c.ident);
	buf_clear(&c.url);
	buf_clear(&c.line);
	return r;
}
