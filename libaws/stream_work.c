#include "stream_work.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "err.h"
#include "mem.h"
#include "record.h"
#include "run.h"
#include "text.h"

enum {
	BATCH = 100,           /* records of a run */
	BATCH_BYTES = 1 << 20, /* … and bytes */
	FULL = 1000,           /* records of a shard that wait */
	BACKOFF_MS = 1000,
	MAX_DOUBLINGS = 6
};

struct item {
	char *line;
	size_t len;
	struct item *next;
};

/* The records of one shard that are not marked yet, in order. */
struct lane {
	char *shard;
	struct item *first, **last;
	size_t count;
	size_t given; /* of them, to the run at hand */
	size_t alone; /* of them, to be run one at a time */
	struct run run;
	bool busy;
	bool left;    /* it is not read on in this run */
	int failures; /* of one record in a row */
	int64_t not_before_ms;
	struct lane *next;
};

struct stream_work {
	struct tool *tool;
	struct positions *positions;
	const char *path;
	struct lane *lane;
	size_t jobs, busy;
	int watch;
	bool follow, ending, broken, killed;
};

struct stream_work *
stream_work_open(struct tool *t, struct positions *positions, const char *path,
    size_t jobs, bool follow)
{
	struct stream_work *w = mem_alloc(sizeof(*w));
	*w = (struct stream_work){.tool = t,
	    .positions = positions,
	    .path = path,
	    .jobs = jobs,
	    .watch = run_watch(),
	    .follow = follow};
	return w;
}

static void
drop(struct lane *lane, size_t n)
{
	while (n-- > 0) {
		struct item *item = lane->first;
		lane->first = item->next;
		lane->count--;
		free(item->line);
		free(item);
	}
	if (lane->first == NULL)
		lane->last = &lane->first;
}

void
stream_work_close(struct stream_work *w)
{
	if (w == NULL)
		return;
	while (w->lane != NULL) {
		struct lane *lane = w->lane;
		w->lane = lane->next;
		drop(lane, lane->count);
		run_clear(&lane->run);
		free(lane->shard);
		free(lane);
	}
	if (w->watch >= 0)
		close(w->watch);
	free(w);
}

static struct lane *
find(const struct stream_work *w, const char *shard)
{
	struct lane *lane = w->lane;
	while (lane != NULL && strcmp(lane->shard, shard) != 0)
		lane = lane->next;
	return lane;
}

void
stream_work_add(
    struct stream_work *w, const char *shard, const struct buf *line)
{
	struct lane *lane = find(w, shard);
	if (lane == NULL) {
		lane = mem_alloc(sizeof(*lane));
		lane->shard = mem_text(shard);
		lane->last = &lane->first;
		lane->run.fd = -1;
		lane->next = w->lane;
		w->lane = lane;
	}
	if (lane->left)
		return;
	struct item *item = mem_alloc(sizeof(*item));
	item->line = mem_text_of(line->data, line->len);
	item->len = line->len;
	*lane->last = item;
	lane->last = &item->next;
	lane->count++;
}

enum shards_work
stream_work_of(const struct stream_work *w, const char *shard)
{
	const struct lane *lane = find(w, shard);
	if (lane == NULL)
		return SHARDS_SETTLED;
	if (lane->left || lane->count >= FULL)
		return SHARDS_FULL;
	return lane->count > 0 ? SHARDS_UNSETTLED : SHARDS_SETTLED;
}

static void
start(struct stream_work *w, struct lane *lane)
{
	size_t most = lane->alone > 0 ? 1 : BATCH;
	struct buf input = {0};
	struct err err;
	lane->given = 0;
	for (const struct item *i = lane->first; i != NULL; i = i->next) {
		if (lane->given == most ||
		    (lane->given > 0 && input.len + i->len > BATCH_BYTES))
			break;
		buf_add(&input, i->line, i->len);
		buf_add_char(&input, '\n');
		lane->given++;
	}
	if (run_start(&lane->run, w->tool->command, &input, &err) == 0) {
		lane->busy = true;
		w->busy++;
		return;
	}
	tool_report(w->tool, 0, &err);
	w->tool->set_up_failed |= err.kind == ERR_SETUP;
	w->tool->later |= err.kind == ERR_LATER;
	w->broken = w->ending = true;
	run_clear(&lane->run);
}

/* The records given are done: their positions go to the file. */
static void
mark(struct stream_work *w, struct lane *lane)
{
	struct err err;
	const struct item *item = lane->first;
	for (size_t i = 0; i < lane->given; i++, item = item->next) {
		struct record r;
		record_parse(&r, item->line, item->len, 0, NULL);
		position_mark(w->positions, record_origin(&r, "kinesis"), NULL);
	}
	w->tool->accepted += lane->given;
	lane->alone -= lane->given < lane->alone ? lane->given : lane->alone;
	lane->failures = 0;
	drop(lane, lane->given);
	if (w->path == NULL || position_write(w->positions, w->path, &err) == 0)
		return;
	tool_report(w->tool, 0, &err);
	w->tool->later = true;
	w->broken = w->ending = true;
}

/* The one record at the shard's head fails by itself. */
static void
failed_alone(struct stream_work *w, struct lane *lane)
{
	int doublings =
	    lane->failures < MAX_DOUBLINGS ? lane->failures : MAX_DOUBLINGS;
	lane->failures++;
	lane->not_before_ms = text_tick() + ((int64_t)BACKOFF_MS << doublings);
	if (w->follow)
		return;
	w->tool->failed++;
	lane->left = true;
	drop(lane, lane->count);
}

static void
failed(struct stream_work *w, struct lane *lane)
{
	struct buf how = {0};
	struct err err;
	bool alone = lane->given == 1;
	run_describe(&lane->run, &how);
	err_set(&err, ERR_REFUSED, "CommandFailed", "%s: %s; %s of %s",
	    w->tool->command[0], buf_text(&how),
	    alone ? "a record" : "its records are run one at a time,",
	    lane->shard);
	tool_report(w->tool, 0, &err);
	buf_clear(&how);
	w->tool->other_failed = true;
	if (alone)
		failed_alone(w, lane);
	else
		lane->alone = lane->count;
}

static void
ended(struct stream_work *w, struct lane *lane)
{
	lane->busy = false;
	w->busy--;
	if (run_succeeded(&lane->run))
		mark(w, lane);
	else if (!w->killed)
		failed(w, lane);
	run_clear(&lane->run);
}

size_t
stream_work_fds(struct stream_work *w, struct pollfd *fd)
{
	size_t n = 0;
	fd[n++] = (struct pollfd){.fd = w->watch, .events = POLLIN};
	for (const struct lane *l = w->lane; l != NULL; l = l->next)
		if (l->busy && l->run.fd >= 0)
			fd[n++] =
			    (struct pollfd){.fd = l->run.fd, .events = POLLOUT};
	return n;
}

static bool
may_start(const struct stream_work *w, const struct lane *lane)
{
	return !lane->busy && lane->first != NULL && !w->ending;
}

void
stream_work_move(struct stream_work *w)
{
	int64_t now = text_tick();
	run_drain(w->watch);
	for (struct lane *lane = w->lane; lane != NULL; lane = lane->next) {
		if (lane->busy)
			run_feed(&lane->run);
		if (lane->busy && run_ended(&lane->run))
			ended(w, lane);
		if (may_start(w, lane) && w->busy < w->jobs &&
		    lane->not_before_ms <= now)
			start(w, lane);
	}
}

int64_t
stream_work_due(const struct stream_work *w, int64_t now_ms)
{
	int64_t soonest = -1;
	if (w->busy >= w->jobs)
		return -1;
	for (const struct lane *l = w->lane; l != NULL; l = l->next) {
		if (!may_start(w, l))
			continue;
		int64_t wait = l->not_before_ms - now_ms;
		if (wait < 0)
			wait = 0;
		if (soonest < 0 || wait < soonest)
			soonest = wait;
	}
	return soonest;
}

bool
stream_work_idle(const struct stream_work *w)
{
	if (w->busy > 0)
		return false;
	for (const struct lane *l = w->lane; l != NULL; l = l->next)
		if (may_start(w, l))
			return false;
	return true;
}

bool
stream_work_broken(const struct stream_work *w)
{
	return w->broken;
}

void
stream_work_end(struct stream_work *w)
{
	w->ending = true;
}

void
stream_work_kill(struct stream_work *w)
{
	w->killed = true;
	for (const struct lane *l = w->lane; l != NULL; l = l->next)
		if (l->busy)
			run_kill(&l->run);
}
