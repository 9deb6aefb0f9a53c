#include "stream.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "diag.h"
#include "ident.h"
#include "stream_work.h"
#include "text.h"

enum {
	BACKLOG = 262144,  /* bytes for stdout, with which none is read */
	CONNECTIONS = 8,   /* calls side by side */
	PROGRESS_MS = 1000 /* how often a terminal is told */
};
#define LAST_SECOND 253402300799.0 /* of the year 9999 */

struct stream {
	struct tool *tool;
	const struct stream_about *about;
	struct ident *ident;
	struct caller *caller;
	struct positions positions;
	struct shards *shards;
	struct stream_work *work; /* with COMMAND */
	struct buf member, name;  /* of the stream: as calls want it, JSON */
	struct buf fields, shown;
	int64_t began_ms, told_ms; /* ticks */
	int64_t given;
	bool progress;
};

/* Seconds since the epoch to ms; 0 if there is none. */
static int64_t
arrived(const struct shards_record *r)
{
	double seconds;
	if (json_double(r->arrival, &seconds) != 0 || seconds < 0 ||
	    seconds > LAST_SECOND)
		return 0;
	return (int64_t)(seconds * 1000 + 0.5);
}

/*
 * What arrived since this run began: the first record's arrival less the time
 * that has passed, by the service's clock, and a second for its coarseness.
 */
static int64_t
began_at(const struct stream *s, int64_t arrival_ms)
{
	if (s->about->from == SHARDS_TIME)
		return s->about->from_ms;
	return arrival_ms - (text_tick() - s->began_ms) - 1000;
}

static void
describe(struct stream *s, const struct shards_record *r)
{
	struct buf *f = &s->fields;
	char time[TEXT_ISO];
	int64_t arrival = arrived(r);
	buf_reset(f);
	buf_addf(f, "\"StreamName\":%s,\"ShardId\":\"%s\"", buf_text(&s->name),
	    r->shard);
	buf_addf(f, ",\"SequenceNumber\":%.*s", (int)r->sequence.len,
	    r->sequence.at);
	if (r->sub >= 0)
		buf_addf(f, ",\"SubSequenceNumber\":%lld", (long long)r->sub);
	buf_add_text(f, ",\"PartitionKey\":");
	text_json_string(r->key, r->key_len, f);
	text_iso(arrival, time);
	buf_addf(f, ",\"ApproximateArrivalTimestamp\":\"%s\"", time);
	if (shards_changed(s->shards)) {
		buf_add_text(f, ",\"Shards\":");
		shards_print(s->shards, began_at(s, arrival), f);
	}
}

static void
print(struct stream *s, const struct shards_record *r)
{
	describe(s, r);
	buf_reset(&s->shown);
	record_from(r->data, r->data_len, "kinesis", buf_text(&s->fields),
	    s->fields.len, &s->shown);
	if (s->work != NULL)
		stream_work_add(s->work, r->shard, &s->shown);
	else
		tool_print(s->tool, s->shown.data, s->shown.len);
	s->given++;
}

/* Enough was given, or nobody reads. */
static bool
enough(const struct stream *s)
{
	return s->tool->out_failed ||
	       (s->about->max >= 0 && s->given >= s->about->max);
}

static void
take_calls(struct stream *s)
{
	struct tool *t = s->tool;
	struct call *call;
	while ((call = call_next(s->caller)) != NULL) {
		struct err err = {0};
		shards_landed(s->shards, call, &err);
		if (err.kind == ERR_NONE)
			continue;
		tool_report(t, 0, &err);
		if (err.kind != ERR_LATER)
			t->set_up_failed = true;
		else if (!s->about->follow)
			t->later = true;
	}
}

static void
tell(struct stream *s)
{
	int64_t now = text_tick(), behind = shards_behind(s->shards);
	if (!s->progress || now - s->told_ms < PROGRESS_MS || behind < 0)
		return;
	s->told_ms = now;
	buf_reset(&s->shown);
	buf_addf(&s->shown, "%lld records, %lld.%03d s behind",
	    (long long)s->given, (long long)(behind / 1000),
	    (int)(behind % 1000));
	diag_progress(s->shown.data);
}

static void
give(struct stream *s)
{
	struct shards_record r;
	while (tool_pending(s->tool) < BACKLOG && !enough(s) &&
	       shards_next(s->shards, &r))
		print(s, &r);
}

static enum shards_work
work_of(const void *ctx, const char *shard)
{
	return stream_work_of(ctx, shard);
}

static int64_t
sooner(int64_t a, int64_t b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

static int
wait_ms(const struct stream *s)
{
	int64_t now = text_tick(), due = -1;
	if (tool_pending(s->tool) < BACKLOG)
		due = shards_due(s->shards, now);
	if (s->work != NULL)
		due = sooner(due, stream_work_due(s->work, now));
	if (s->progress)
		due = sooner(due, PROGRESS_MS);
	if (s->tool->stop_ms != 0)
		due = sooner(due, tool_grace_ms(s->tool));
	return (int)due;
}

/* One turn: start what may start, wait, take what came. */
static void
turn(struct stream *s)
{
	struct tool *t = s->tool;
	if (enough(s))
		shards_stop(s->shards);
	else if (tool_pending(t) < BACKLOG)
		shards_move(s->shards);
	struct pollfd fd[2 + STREAM_WORK_FDS] = {
	    {.fd = s->work != NULL ? -1 : STDOUT_FILENO,
		.events = tool_pending(t) > 0 ? POLLOUT : 0},
	    {.fd = t->stop_ms != 0 ? -1 : t->stop_fd, .events = POLLIN}};
	size_t fds = s->work == NULL ? 2 : 2 + stream_work_fds(s->work, fd + 2);
	call_poll(s->caller, fd, fds, wait_ms(s));
	if (s->work != NULL)
		stream_work_move(s->work);
	take_calls(s);
	if (fd[0].revents & POLLOUT)
		tool_flush_some(t);
	else if (fd[0].revents & POLLERR)
		t->out_failed = t->out_closed = true;
	give(s);
	if (s->work != NULL)
		shards_hold(s->shards, work_of, s->work);
	tell(s);
}

static bool
over(const struct stream *s)
{
	if (tool_pending(s->tool) > 0 ||
	    (s->work != NULL && !stream_work_idle(s->work)))
		return false;
	return shards_ended(s->shards) || enough(s);
}

/* What COMMAND was given is waited for, for as long as a signal allows. */
static void
end_work(struct stream *s)
{
	stream_work_end(s->work);
	while (!stream_work_idle(s->work) &&
	       (!tool_stopping(s->tool) || tool_grace_ms(s->tool) > 0))
		turn(s);
	stream_work_kill(s->work);
}

static void
read_all(struct stream *s)
{
	struct tool *t = s->tool;
	while (!t->out_failed && !tool_stopping(t) && !over(s)) {
		if (s->work != NULL && stream_work_broken(s->work))
			break;
		turn(s);
	}
	shards_stop(s->shards);
	if (s->work != NULL)
		end_work(s);
	if (s->progress)
		diag_progress("");
}

/* The stream's name, of which an ARN is another form. */
static void
set_name(struct stream *s)
{
	const char *slash = strrchr(s->about->stream, '/');
	const char *name = slash == NULL ? s->about->stream : slash + 1;
	text_json_string(name, strlen(name), &s->name);
}

static int
open_stream(struct stream *s, struct err *err)
{
	struct tool *t = s->tool;
	if (ident_stream(s->about->stream, &s->member, err) != 0 ||
	    (s->about->state != NULL &&
		position_read(&s->positions, s->about->state, err) != 0))
		return -1;
	set_name(s);
	if (s->positions.stream != NULL &&
	    strncmp(s->positions.stream, s->name.data + 1, s->name.len - 2) !=
		0)
		return err_set(err, ERR_SETUP, "BadState",
		    "%s is of stream '%s'", s->about->state,
		    s->positions.stream);
	s->ident = ident_open(&t->conf, t->about->name, CONNECTIONS, err);
	if (s->ident == NULL)
		return -1;
	s->caller = ident_caller(s->ident);
	call_stop_on(s->caller, t->stop_fd);
	struct shards_about what = {.stream = buf_text(&s->member),
	    .from = s->about->from,
	    .from_ms = s->about->from_ms,
	    .positions = &s->positions,
	    .follow = s->about->follow,
	    .settle = t->command != NULL};
	s->began_ms = text_tick();
	s->shards = shards_open(s->caller, &what, err);
	if (s->shards == NULL)
		return -1;
	if (t->command != NULL)
		s->work = stream_work_open(t, &s->positions, s->about->state,
		    (size_t)s->about->jobs, s->about->follow);
	return 0;
}

int
stream_read(struct tool *t, const struct stream_about *about, struct err *err)
{
	struct stream s = {.tool = t,
	    .about = about,
	    .progress = isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO)};
	int r = open_stream(&s, err);
	if (r == 0)
		read_all(&s);
	stream_work_close(s.work);
	shards_close(s.shards);
	ident_close(s.ident);
	position_clear(&s.positions);
	buf_clear(&s.member);
	buf_clear(&s.name);
	buf_clear(&s.fields);
	buf_clear(&s.shown);
	return r;
}
