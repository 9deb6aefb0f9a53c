#include "queue_work.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch.h"
#include "err.h"
#include "mem.h"
#include "run.h"

enum { BATCH = 10, BACKOFF_MS = 1000, MAX_DOUBLINGS = 6 };

struct item {
	char *id, *line;
	size_t len;
	uint64_t group; /* of a FIFO queue; 0: none */
	bool alone;     /* to be run by itself */
	struct item *next;
};

struct job {
	struct run run;
	struct item *item; /* what it was given */
	bool busy;
};

struct queue_work {
	struct tool *tool;
	struct lease *lease;
	struct job *job;
	size_t jobs, busy;
	struct item *first, **last; /* not started yet */
	int watch, failures;        /* runs of one that failed in a row */
	bool fifo, ending, broken, killed;
};

struct queue_work *
queue_work_open(struct tool *t, struct lease *lease, size_t jobs, bool fifo)
{
	struct queue_work *w = mem_alloc(sizeof(*w));
	*w = (struct queue_work){.tool = t,
	    .lease = lease,
	    .jobs = jobs,
	    .watch = run_watch(),
	    .fifo = fifo};
	w->last = &w->first;
	w->job = mem_alloc(jobs * sizeof(*w->job));
	return w;
}

static struct item *
item_free(struct item *item)
{
	struct item *next = item->next;
	free(item->id);
	free(item->line);
	free(item);
	return next;
}

void
queue_work_close(struct queue_work *w)
{
	if (w == NULL)
		return;
	for (size_t i = 0; i < w->jobs; i++) {
		run_clear(&w->job[i].run);
		while (w->job[i].item != NULL)
			w->job[i].item = item_free(w->job[i].item);
	}
	while (w->first != NULL)
		w->first = item_free(w->first);
	if (w->watch >= 0)
		close(w->watch);
	free(w->job);
	free(w);
}

void
queue_work_add(struct queue_work *w, const char *id, struct json message,
    const struct buf *line)
{
	struct item *item = mem_alloc(sizeof(*item));
	struct json group =
	    json_get(json_get(message, "Attributes"), "MessageGroupId");
	if (w->fifo && group.type == JSON_STRING)
		item->group = batch_hash(group.at, group.len);
	item->id = mem_text(id);
	item->line = mem_text_of(line->data, line->len);
	item->len = line->len;
	*w->last = item;
	w->last = &item->next;
}

/* The next run's items: up to ten, or one that must go alone. */
static struct item *
take(struct queue_work *w)
{
	struct item *items = w->first, **end = &items;
	size_t n = 0;
	while (*end != NULL && n < BATCH && !(n > 0 && (*end)->alone)) {
		bool alone = (*end)->alone;
		end = &(*end)->next;
		n++;
		if (alone)
			break;
	}
	w->first = *end;
	if (w->first == NULL)
		w->last = &w->first;
	*end = NULL;
	return items;
}

static void
release(struct queue_work *w, struct item *item, int64_t delay_ms)
{
	for (; item != NULL; item = item_free(item))
		lease_release(w->lease, item->id, delay_ms);
}

static void
start(struct queue_work *w, struct job *job)
{
	struct buf input = {0};
	struct err err;
	job->item = take(w);
	for (struct item *i = job->item; i != NULL; i = i->next) {
		buf_add(&input, i->line, i->len);
		buf_add_char(&input, '\n');
	}
	if (run_start(&job->run, w->tool->command, &input, &err) == 0) {
		job->busy = true;
		w->busy++;
		return;
	}
	tool_report(w->tool, 0, &err);
	w->tool->set_up_failed |= err.kind == ERR_SETUP;
	w->tool->later |= err.kind == ERR_LATER;
	w->broken = w->ending = true;
	release(w, job->item, 0);
	job->item = NULL;
	run_clear(&job->run);
}

/* One bad message must not take nine good ones along: each of them, and all
 * that were received before, now goes alone. */
static void
put_back_alone(struct queue_work *w, struct job *job)
{
	struct item **end = &job->item;
	for (; *end != NULL; end = &(*end)->next)
		(*end)->alone = true;
	for (struct item *i = w->first; i != NULL; i = i->next)
		i->alone = true;
	*end = w->first;
	if (w->first == NULL)
		w->last = end;
	w->first = job->item;
	job->item = NULL;
}

/* What waits of the group goes back with the message that failed. */
static void
let_group_go(struct queue_work *w, uint64_t group)
{
	struct item **p = &w->first, *item;
	while ((item = *p) != NULL) {
		if (item->group != group) {
			p = &item->next;
			continue;
		}
		lease_release(w->lease, item->id, 0);
		*p = item_free(item);
	}
	w->last = p;
}

static void
failed_alone(struct queue_work *w, struct job *job)
{
	int doublings =
	    w->failures < MAX_DOUBLINGS ? w->failures : MAX_DOUBLINGS;
	uint64_t group = job->item->group;
	w->failures++;
	w->tool->failed++;
	release(w, job->item, (int64_t)BACKOFF_MS << doublings);
	job->item = NULL;
	if (group != 0)
		let_group_go(w, group);
}

static void
failed(struct queue_work *w, struct job *job)
{
	struct buf how = {0};
	struct err err;
	bool alone = job->item->alone || job->item->next == NULL;
	run_describe(&job->run, &how);
	err_set(&err, ERR_REFUSED, "CommandFailed", "%s: %s%s%s",
	    w->tool->command[0], buf_text(&how),
	    alone ? "; message " : "; its messages are run one at a time",
	    alone ? job->item->id : "");
	tool_report(w->tool, 0, &err);
	buf_clear(&how);
	w->tool->other_failed = true;
	if (alone)
		failed_alone(w, job);
	else
		put_back_alone(w, job);
}

static void
ended(struct queue_work *w, struct job *job)
{
	job->busy = false;
	w->busy--;
	if (run_succeeded(&job->run)) {
		w->failures = 0;
		for (struct item *i = job->item; i != NULL; i = item_free(i)) {
			lease_delete(w->lease, i->id);
			w->tool->accepted++;
		}
		job->item = NULL;
	} else if (w->killed) {
		release(w, job->item, 0);
		job->item = NULL;
	} else {
		failed(w, job);
	}
	run_clear(&job->run);
}

size_t
queue_work_fds(struct queue_work *w, struct pollfd *fd)
{
	size_t n = 0;
	fd[n++] = (struct pollfd){.fd = w->watch, .events = POLLIN};
	for (size_t i = 0; i < w->jobs; i++)
		if (w->job[i].busy && w->job[i].run.fd >= 0)
			fd[n++] = (struct pollfd){
			    .fd = w->job[i].run.fd, .events = POLLOUT};
	return n;
}

void
queue_work_move(struct queue_work *w)
{
	run_drain(w->watch);
	for (size_t i = 0; i < w->jobs; i++) {
		struct job *job = &w->job[i];
		if (job->busy)
			run_feed(&job->run);
		if (job->busy && run_ended(&job->run))
			ended(w, job);
		if (!job->busy && w->first != NULL && !w->ending)
			start(w, job);
	}
	if (w->ending)
		queue_work_end(w); /* what was put back, too */
}

bool
queue_work_idle(const struct queue_work *w)
{
	return w->busy == 0 && w->first == NULL;
}

bool
queue_work_broken(const struct queue_work *w)
{
	return w->broken;
}

void
queue_work_end(struct queue_work *w)
{
	w->ending = true;
	release(w, w->first, 0);
	w->first = NULL;
	w->last = &w->first;
}

void
queue_work_kill(struct queue_work *w)
{
	w->killed = true;
	for (size_t i = 0; i < w->jobs; i++)
		if (w->job[i].busy)
			run_kill(&w->job[i].run);
}
