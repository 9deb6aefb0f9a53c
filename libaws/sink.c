#include "sink.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"
#include "sink_inner.h"
#include "text.h"

enum {
	GRACE_MS = 5000,      /* after a signal */
	BACKLOG = 256 * 1024, /* bytes that wait for stdout */
	WINDOWS = 4           /* times jobs times batch: records held */
};

struct sink *
sink_open(
    struct tool *t, const struct sink_about *about, void *ctx, struct err *err)
{
	struct ident *ident =
	    ident_open(&t->conf, t->about->name, (size_t)t->jobs, err);
	if (ident == NULL)
		return NULL;
	struct sink *s = mem_alloc(sizeof(*s));
	size_t jobs = (size_t)t->jobs;
	*s = (struct sink){.tool = t,
	    .about = about,
	    .ctx = ctx,
	    .ident = ident,
	    .rate = t->rate,
	    .tokens = 1,
	    .rate_ms = text_tick()};
	s->window = window_new(
	    WINDOWS * jobs * about->max_entries, t->memory, t->max_line);
	s->flight = mem_alloc(jobs * sizeof(*s->flight));
	s->said = mem_alloc(about->max_entries * sizeof(*s->said));
	s->again = mem_alloc(about->max_entries * sizeof(*s->again));
	return s;
}

struct ident *
sink_ident(struct sink *s)
{
	return s->ident;
}

void
sink_wrap(struct sink *s, const char *head, const char *tail)
{
	buf_reset(&s->head);
	buf_reset(&s->tail);
	buf_add_text(&s->head, head);
	buf_add_text(&s->tail, tail);
}

void
sink_rate(struct sink *s, double per_second)
{
	if (per_second > 0 && (s->rate == 0 || per_second < s->rate))
		s->rate = per_second;
}

static void
sink_free(struct sink *s)
{
	for (size_t i = 0; i < (size_t)s->tool->jobs; i++) {
		buf_clear(&s->flight[i].body);
		call_clear(&s->flight[i].call);
	}
	batch_close(s->batcher);
	window_free(s->window);
	buf_clear(&s->entry.body);
	buf_clear(&s->entry.key);
	buf_clear(&s->entry.note);
	buf_clear(&s->head);
	buf_clear(&s->tail);
	free(s->flight);
	free(s->said);
	free(s->again);
	free(s->blocked.hash);
	free(s);
}

/* A message whose lease is over will be received again by another reader. */
static bool
lease_expired(const struct record *r, struct err *err)
{
	struct json until = json_get(record_origin(r, "sqs"), "HoldUntil");
	int64_t ms;
	if (until.type != JSON_STRING ||
	    text_time(until.at + 1, until.len - 2, &ms) != 0 || text_now() < ms)
		return false;
	err_set(err, ERR_LATER, "LeaseExpired",
	    "the message came back to its queue at %.*s before it was sent; "
	    "it will be received again (see --hold of sqs-recv)",
	    (int)until.len - 2, until.at + 1);
	return true;
}

static int
too_large(const struct sink *s, struct err *err)
{
	const struct sink_about *a = s->about;
	size_t most = a->max_entry_bytes;
	if (most == 0 && a->max_bytes != 0)
		most = a->max_bytes - a->entry_overhead;
	if (most == 0 || s->entry.size <= most)
		return 0;
	return err_set(err, ERR_RECORD, "TooLarge",
	    "%zu bytes as %s counts them; at most %zu are taken", s->entry.size,
	    a->operation, most);
}

/* Encode one part and put it into a batch. 1: another part follows. */
static int
admit_part(
    struct sink *s, struct window_slot *slot, size_t part, struct err *err)
{
	struct sink_entry *e = &s->entry;
	buf_reset(&e->body);
	buf_reset(&e->key);
	buf_reset(&e->note);
	e->more = e->skip = false;
	e->size = 0;
	e->group = 0;
	if (s->about->encode(s->ctx, &slot->rec, part, e, err) != 0)
		return -1;
	if (!e->skip) {
		if (e->size == 0)
			e->size = e->body.len;
		if (too_large(s, err) != 0)
			return -1;
		if (e->key.len > 0 && s->blocked.count > 0 &&
		    sink_is_blocked(s, batch_hash(e->key.data, e->key.len)))
			return err_set(err, ERR_LATER, "KeyBlocked",
			    "an earlier record of its key could not be "
			    "delivered for now");
		slot->parts++;
		struct batch_item item = {.user = slot,
		    .bytes = e->body.data,
		    .len = e->body.len,
		    .key = e->key.data,
		    .key_len = e->key.len,
		    .note = e->note.data,
		    .note_len = e->note.len,
		    .size = e->size,
		    .group = e->group};
		batch_add(s->batcher, &item, text_tick());
	}
	return e->more ? 1 : 0;
}

/* A line of text is as good as a record where the sink says so. */
static bool
take_text(const struct sink *s, struct window_slot *slot)
{
	if (!s->about->text_lines || slot->rec.replayed_raw ||
	    strcmp(slot->err->code, "LineTooLong") == 0 ||
	    text_utf8(slot->rec.line, slot->rec.len) < slot->rec.len)
		return false;
	slot->state = WINDOW_OPEN;
	slot->rec.root = slot->rec.meta = (struct json){0};
	buf_add(&slot->line, slot->rec.line, slot->rec.len);
	return true;
}

static void
admit(struct sink *s, struct window_slot *slot)
{
	const struct tool *t = s->tool;
	struct err err = {0};
	if (!slot->parsed && !take_text(s, slot))
		return;
	if ((t->when != NULL && !template_test_holds(t->when, &slot->rec)) ||
	    (t->unless != NULL && template_test_holds(t->unless, &slot->rec))) {
		slot->unsent = true;
		slot->state = WINDOW_ACCEPTED;
		return;
	}
	int more = -1;
	if (s->stopped)
		err = s->why;
	else if (slot->rec.meta.type == JSON_NONE ||
		 !lease_expired(&slot->rec, &err))
		more = 1;
	for (size_t part = 0; more == 1; part++)
		more = admit_part(s, slot, part, &err);
	if (more < 0)
		window_fail(slot, &err);
	else if (slot->parts == 0)
		slot->state = WINDOW_ACCEPTED;
}

static void
print(struct sink *s, struct window_slot *slot)
{
	struct tool *t = s->tool;
	t->accepted++;
	if (slot->dropped || t->quiet || t->dry_run)
		return;
	if (slot->line.len > 0)
		buf_add(&t->out, slot->line.data, slot->line.len);
	else
		record_emit(&slot->rec, slot->unsent ? NULL : s->about->to,
		    buf_text(&slot->fields), slot->fields.len, &t->out);
	buf_add_char(&t->out, '\n');
}

/* Hand on what is settled, in order, as fast as stdout takes it. */
static void
release(struct sink *s)
{
	struct tool *t = s->tool;
	struct window_slot *slot;
	while (t->out.len - t->out_at < BACKLOG &&
	       (slot = window_head(s->window)) != NULL) {
		if (slot->state == WINDOW_ACCEPTED)
			print(s, slot);
		else if (s->stopped &&
			 strcmp(slot->err->code, s->why.code) == 0)
			tool_keep(t, &slot->rec, slot->parsed, slot->err);
		else
			tool_fail(t, &slot->rec, slot->parsed, slot->err);
		window_release(s->window);
	}
}

/* May lines be taken in, or is there nothing to do with them? */
static bool
admits(const struct sink *s)
{
	if (s->stopped)
		return s->tool->failed_fd >= 0;
	return s->away_ms == 0;
}

/* How many ms until the rate allows a call; 0: now. */
static int64_t
rate_wait(struct sink *s)
{
	if (s->rate == 0)
		return 0;
	int64_t now = text_tick();
	s->tokens += (double)(now - s->rate_ms) * s->rate / 1000;
	if (s->tokens > 1)
		s->tokens = 1;
	s->rate_ms = now;
	if (s->tokens >= 1 - 1e-9)
		return 0;
	double wait = (1 - s->tokens) * 1000 / s->rate;
	return wait > 1000 ? 1000 : (int64_t)wait + 1;
}

/* Everything that can be sent is sent as it is, full or not. */
static bool
flushes(const struct sink *s)
{
	if (window_ended(s->window) || s->hurry)
		return true;
	if (s->tool->linger_ms == 0 && !window_has_line(s->window))
		return true;
	return batch_flying(s->batcher) == 0 && window_full(s->window);
}

static void
start_calls(struct sink *s)
{
	int64_t now = text_tick();
	bool flush = flushes(s);
	while (!s->stopped && rate_wait(s) == 0) {
		if (s->away_ms != 0 &&
		    (batch_flying(s->batcher) > 0 || now < s->probe_ms))
			return;
		struct batch *batch = batch_take(s->batcher, now,
		    flush || s->away_ms != 0, s->hurry || s->away_ms != 0);
		if (batch == NULL)
			return;
		s->tokens -= (double)batch->count;
		if (s->tool->dry_run)
			sink_show(s, batch);
		else
			sink_fly(s, batch);
	}
}

static int64_t
sooner(int64_t a, int64_t b)
{
	if (a < 0)
		return b;
	return b < 0 || a < b ? a : b;
}

/* How long the loop may sleep; -1: until something happens. */
static int64_t
sleep_ms(struct sink *s)
{
	int64_t now = text_tick(), wait = -1;
	if (s->hurry)
		wait = s->tool->stop_ms + GRACE_MS - now;
	if (!s->stopped && batch_waiting(s->batcher) > 0) {
		int64_t due = batch_due(s->batcher, now);
		if (s->away_ms != 0)
			due = batch_flying(s->batcher) > 0 ? -1
							   : s->probe_ms - now;
		int64_t rate = rate_wait(s);
		if (due >= 0)
			wait = sooner(wait, due > rate ? due : rate);
	}
	return wait < -1 ? 0 : wait;
}

static void
wait_and_move(struct sink *s)
{
	struct tool *t = s->tool;
	bool pending = t->out.len > t->out_at;
	bool reads = admits(s) && window_wants(s->window);
	struct pollfd fd[] = {
	    {.fd = reads ? STDIN_FILENO : -1, .events = POLLIN},
	    {.fd = STDOUT_FILENO, .events = pending ? POLLOUT : 0},
	    {.fd = s->hurry ? -1 : t->stop_fd, .events = POLLIN}};
	int64_t ms = sleep_ms(s);
	call_poll(ident_caller(s->ident), fd, 3, ms > 60000 ? 60000 : (int)ms);
	if (fd[0].revents != 0)
		tool_read(t, s->window);
	if (pending && fd[1].revents != 0)
		tool_flush_some(t);
	else if (fd[1].revents & POLLERR)
		t->out_failed = t->out_closed = true;
	if (!s->hurry && tool_stopping(t)) {
		s->hurry = true;
		call_hurry(ident_caller(s->ident));
	}
}

static bool
finished(const struct sink *s)
{
	const struct tool *t = s->tool;
	if (t->out_failed)
		return true;
	if (window_held(s->window) > 0 || t->out.len > t->out_at)
		return false;
	return window_ended(s->window) || (s->stopped && !admits(s));
}

/* 5 s after a signal: what is not settled is failed as retryable. */
static void
give_up(struct sink *s)
{
	struct err err;
	err_set(&err, ERR_LATER, "Interrupted",
	    "a signal came before the service had answered");
	for (size_t i = 0; i < window_held(s->window); i++) {
		struct window_slot *slot = window_slot(s->window, i);
		if (slot->state == WINDOW_OPEN)
			window_fail(slot, &err);
		slot->parts = 0;
	}
	s->tool->later = true;
	release(s);
}

static void
open_batcher(struct sink *s)
{
	const struct sink_about *a = s->about;
	struct batch_limits limits = {.max_entries = a->max_entries,
	    .max_bytes = a->max_bytes,
	    .entry_overhead = a->entry_overhead,
	    .one_of_a_key = a->one_of_a_key || s->tool->strict,
	    .jobs = (size_t)s->tool->jobs,
	    .linger_ms = s->tool->linger_ms};
	s->batcher = batch_open(&limits);
}

int
sink_run(struct sink *s)
{
	struct tool *t = s->tool;
	struct window_slot *slot;
	struct call *call;
	open_batcher(s);
	for (;;) {
		while (admits(s) && (slot = window_next(s->window)) != NULL) {
			admit(s, slot);
			start_calls(s);
		}
		while ((call = call_next(ident_caller(s->ident))) != NULL)
			sink_landed(s, call);
		start_calls(s);
		release(s);
		if (finished(s))
			break;
		if (s->hurry && text_tick() - t->stop_ms >= GRACE_MS) {
			give_up(s);
			break;
		}
		wait_and_move(s);
	}
	ident_close(s->ident); /* drops what still runs */
	sink_free(s);
	return tool_finish(t);
}
