#include "sink.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"
#include "retry.h"
#include "sink_inner.h"
#include "text.h"

enum {
	BACKLOG = 256 * 1024, /* bytes that wait for stdout */
	WINDOWS = 2,          /* times jobs times batch: records held */
	LONGEST_MS = 60000    /* that the loop sleeps */
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
	call_stop_on(ident_caller(ident), t->stop_fd);
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

struct tool *
sink_tool(struct sink *s)
{
	return s->tool;
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
		if (s->flight[i].batch != NULL) /* its call was dropped */
			batch_done(s->batcher, s->flight[i].batch);
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
	lookup_clear(&s->blocked);
	free(s);
}

/* Wait between two attempts to set up; false: a signal came, or the reader of
 * stdout went away. */
static bool
pause_for(struct tool *t, int64_t ms)
{
	struct pollfd fd[] = {{.fd = t->stop_fd, .events = POLLIN},
	    {.fd = t->quiet ? -1 : STDOUT_FILENO, .events = 0}};
	return poll(fd, 2, (int)ms) == 0;
}

/* What calls need, with the patience that calls have. */
static int
set_up(struct sink *s, struct err *err)
{
	struct tool *t = s->tool;
	int64_t began = text_tick();
	for (int round = 0; s->about->open != NULL; round++) {
		if (s->about->open(s->ctx, s, err) == 0)
			break;
		if (err->kind != ERR_LATER)
			err->kind = ERR_SETUP;
		int64_t wait =
		    retry_backoff(RETRY_TRANSIENT, round, sink_random());
		int64_t left = began + t->patience_ms - text_tick();
		if (t->patience_ms >= 0 && wait > left)
			wait = left;
		if (err->kind != ERR_LATER || wait <= 0 || !pause_for(t, wait))
			return -1;
	}
	return 0;
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
	/* A call holds no more than may be sent in a second. */
	if (s->rate != 0 && s->rate < (double)limits.max_entries)
		limits.max_entries = s->rate < 1 ? 1 : (size_t)s->rate;
	s->batcher = batch_open(&limits);
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

/* Hand on what is settled, in order, while few bytes wait for stdout. */
static void
release(struct sink *s, size_t backlog)
{
	struct tool *t = s->tool;
	struct window_slot *slot;
	while (tool_pending(t) < backlog &&
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

/* May more be read, if there is room? */
static bool
reads(const struct sink *s)
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
	if (window_ended(s->window) || s->hurry || s->away_ms != 0)
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
	s->full = false;
	while (!s->stopped && rate_wait(s) == 0) {
		if (s->away_ms != 0 &&
		    (batch_flying(s->batcher) > 0 || now < s->probe_ms))
			return;
		struct batch *batch = batch_take(
		    s->batcher, now, flush, s->hurry || s->away_ms != 0);
		if (batch == NULL)
			return;
		if (!sink_may_fly(s, batch))
			continue;
		s->tokens -= (double)batch->count;
		if (s->tool->dry_run)
			sink_show(s, batch);
		else
			sink_fly(s, batch);
	}
}

/* How long until a call may start; -1: not before something happens. */
static int64_t
next_call_ms(struct sink *s, int64_t now)
{
	if (s->stopped || batch_waiting(s->batcher) == 0)
		return -1;
	int64_t due = batch_due(s->batcher, now, flushes(s));
	if (s->away_ms != 0 && batch_flying(s->batcher) > 0)
		return -1;
	if (s->away_ms != 0)
		due = s->probe_ms > now ? s->probe_ms - now : 0;
	int64_t rate = rate_wait(s);
	return due >= 0 && due < rate ? rate : due;
}

/* Lines that have come are taken, or wait while the service is away. */
static bool
takes(const struct sink *s)
{
	return s->stopped || s->away_ms == 0;
}

/* How long the loop may sleep. */
static int
sleep_ms(struct sink *s)
{
	if (takes(s) && window_has_line(s->window) && !window_full(s->window))
		return 0; /* there is room again */
	int64_t wait = next_call_ms(s, text_tick());
	if (s->hurry && (wait < 0 || wait > tool_grace_ms(s->tool)))
		wait = tool_grace_ms(s->tool);
	return wait < 0 || wait > LONGEST_MS ? LONGEST_MS : (int)wait;
}

static void
wait_and_move(struct sink *s)
{
	struct tool *t = s->tool;
	bool pending = tool_pending(t) > 0;
	bool prints = !t->quiet || t->dry_run;
	struct pollfd fd[] = {
	    {.fd = reads(s) && window_wants(s->window) ? STDIN_FILENO : -1,
		.events = POLLIN},
	    {.fd = prints ? STDOUT_FILENO : -1,
		.events = pending ? POLLOUT : 0},
	    {.fd = s->hurry ? -1 : t->stop_fd, .events = POLLIN}};
	call_poll(ident_caller(s->ident), fd, 3, sleep_ms(s));
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

/* Nothing is left to do, or nothing can be done any more. */
static bool
finished(const struct sink *s)
{
	const struct tool *t = s->tool;
	if (t->out_failed || (s->hurry && tool_grace_ms(t) == 0))
		return true;
	if (window_held(s->window) > 0 || tool_pending(t) > 0 ||
	    window_has_line(s->window))
		return false;
	return window_ended(s->window) || (s->stopped && !reads(s));
}

static void
loop(struct sink *s)
{
	struct window_slot *slot;
	struct call *call;
	for (;;) {
		s->now_ms = text_tick();
		while (takes(s) && (slot = window_next(s->window)) != NULL) {
			sink_admit(s, slot);
			if (s->full)
				start_calls(s);
		}
		while ((call = call_next(ident_caller(s->ident))) != NULL)
			sink_landed(s, call);
		start_calls(s);
		release(s, BACKLOG);
		if (finished(s))
			return;
		wait_and_move(s);
	}
}

/* The run ends before all is settled: what was read is failed, to be tried
 * again, and nothing that was read is forgotten. */
static void
fail_rest(struct sink *s)
{
	const struct tool *t = s->tool;
	struct window_slot *slot;
	struct err err;
	if (t->out_failed)
		err_set(&err, ERR_LATER, "OutputFailed",
		    "stdout failed before the record was printed");
	else
		err_set(&err, ERR_LATER, "Interrupted",
		    "a signal came before the service had answered");
	for (size_t i = 0; i < window_held(s->window); i++) {
		slot = window_slot(s->window, i);
		if (slot->state == WINDOW_OPEN ||
		    (t->out_failed && slot->state == WINDOW_ACCEPTED &&
			!slot->dropped))
			window_fail(slot, &err);
		slot->parts = 0;
	}
	window_end(s->window);
	if (!s->stopped) {
		s->stopped = true;
		s->why = err;
		if (!t->out_failed &&
		    (window_held(s->window) > 0 || window_has_line(s->window)))
			tool_report(s->tool, 0, &err);
	}
	release(s, SIZE_MAX);
	while ((slot = window_next(s->window)) != NULL) {
		sink_admit(s, slot);
		release(s, SIZE_MAX);
	}
}

int
sink_run(struct sink *s)
{
	struct tool *t = s->tool;
	struct err err;
	int refused = set_up(s, &err);
	open_batcher(s);
	if (refused != 0)
		sink_stop(s, &err);
	loop(s);
	ident_close(s->ident); /* drops what still runs */
	if (t->out_failed && !t->dry_run)
		tool_fail_unwritten(t);
	if (window_held(s->window) > 0 || !window_ended(s->window))
		if (t->out_failed || s->hurry)
			fail_rest(s);
	sink_free(s);
	return tool_finish(t);
}
