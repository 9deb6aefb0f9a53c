/*
 * tumble - count, add and compare records in windows of time
 *
 * In:  records that have a time
 * Out: a record a window and group: {"window_start":…,"window_end":…,…}
 * API: none
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aggregate.h"
#include "group.h"
#include "hash.h"
#include "mem.h"
#include "moment.h"
#include "session.h"
#include "text.h"
#include "tool.h"
#include "tumbling.h"
#include "watermark.h"

static int64_t every_ms, gap_ms, lateness_ms, idle_ms;
static const char *time_path, *late_path;
static struct opt_list by;
static bool complete;

static const struct opt options[] = {
    {'e', "every", OPT_DURATION, &every_ms, "T", "length of a window", 0, 0},
    {'t', "time", OPT_TEXT, &time_path, "FIELD", "the time of a record", 0, 0},
    {'b', "by", OPT_LIST, &by, "FIELD,...", "what tells groups apart", 0, 0},
    {0, "complete", OPT_FLAG, &complete, NULL,
	"at the end of a stream, too, close all windows", 0, 0},
    {0, "idle", OPT_DURATION, &idle_ms, "T",
	"do not wait for a source that is silent for so long", 0, 0},
    {0, "late", OPT_TEXT, &late_path, "FILE", "append late records to FILE", 0,
	0},
    {0, "lateness", OPT_DURATION, &lateness_ms, "T",
	"keep windows open for so long (0)", 0, 0},
    {0, "session", OPT_DURATION, &gap_ms, "T",
	"windows that end after so long without a record", 0, 0},
    {0}};

static const struct tool_about about = {.name = "tumble",
    .synopsis = "-e T -t FIELD [-b FIELD,...] [--lateness T] [--late FILE]\n"
		"[--idle T] [--complete] NAME=count | NAME=sum:FIELD ...\n"
		"tumble --session T -t FIELD ...",
    .options = options,
    .kind = TOOL_READS,
    .min_operands = 1,
    .max_operands = -1};

struct run {
	struct tool tool;
	struct template_field *time;
	struct moment *moment;
	struct template_fields *read; /* the time, the groups', the inputs' */
	struct group_fields fields;
	struct aggregates aggregates;
	struct aggregate_value *value;
	struct tumbling *tumbling; /* or */
	struct session_windows *sessions;
	struct watermark *watermark;
	struct buf key, line;
	struct buf window; /* as it is printed */
	int64_t window_start, window_end;
	int late_fd;
	bool late_unsynced;
};

static bool
next_closed(struct run *run, int64_t low, struct tumbling_closed *out)
{
	return run->sessions != NULL ? session_close(run->sessions, low, out)
				     : tumbling_close(run->tumbling, low, out);
}

static int64_t
first_end(const struct run *run)
{
	return run->sessions != NULL ? session_first_end(run->sessions)
				     : tumbling_first_end(run->tumbling);
}

/* What is late must be kept before a position after it can be marked. */
static void
sync_late(struct run *run)
{
	if (run->late_unsynced && fdatasync(run->late_fd) != 0 &&
	    errno != EINVAL && errno != EROFS) {
		struct err err;
		err_set(&err, ERR_LATER, "LateFile", "%s: %s", late_path,
		    strerror(errno));
		tool_report(&run->tool, 0, &err);
		run->tool.keep_failed = true;
	}
	run->late_unsynced = false;
}

static void
spell_window(struct run *run, const struct tumbling_closed *c)
{
	char start[TEXT_ISO], end[TEXT_ISO];
	text_iso(c->start, start);
	text_iso(c->end, end);
	buf_reset(&run->window);
	buf_addf(&run->window, "{\"window_start\":\"%s\",\"window_end\":\"%s\"",
	    start, end);
	run->window_start = c->start;
	run->window_end = c->end;
}

static void
print(struct run *run, const struct tumbling_closed *c)
{
	struct buf *out = &run->tool.out;
	if (c->start != run->window_start || c->end != run->window_end)
		spell_window(run, c);
	buf_add(out, run->window.data, run->window.len);
	group_print(&run->fields, c->key, c->key_len, out);
	aggregate_print(&run->aggregates, c->state, c->count, out);
	if (watermark_streams(run->watermark))
		watermark_print(
		    run->watermark, c->end, c->key, c->key_len, out);
	tool_print(&run->tool, "}", 1);
}

/* Print the windows that are over at the watermark low. */
static void
close_windows(struct run *run, int64_t low)
{
	struct tumbling_closed c;
	if (first_end(run) == INT64_MAX || low < first_end(run) + lateness_ms)
		return;
	if (watermark_streams(run->watermark))
		sync_late(run);
	while (!run->tool.out_failed && next_closed(run, low, &c)) {
		watermark_release(run->watermark, c.mark);
		if (watermark_done(run->watermark, c.end, c.key, c.key_len))
			continue;
		print(run, &c);
		if (tool_pending(&run->tool) > 65536)
			tool_flush(&run->tool);
	}
}

static void
keep_late(struct run *run, const struct record *r, int64_t at)
{
	struct err err;
	char time[TEXT_ISO];
	if (run->late_fd < 0) {
		text_iso(at, time);
		err_set(&err, ERR_RECORD, "Late",
		    "the window of %s is closed; --late FILE keeps such "
		    "records",
		    time);
		tool_fail(&run->tool, r, true, &err);
		return;
	}
	buf_reset(&run->line);
	record_emit(r, NULL, NULL, 0, &run->line);
	if (tool_append(run->late_fd, &run->line) != 0) {
		err_set(&err, ERR_LATER, "LateFile", "%s: %s", late_path,
		    strerror(errno));
		tool_fail(&run->tool, r, true, &err);
		return;
	}
	run->late_unsynced = true;
	run->tool.accepted++;
}

/* The record's group in its window, or NULL when that is closed. */
static struct group *
find_group(struct run *run, int64_t at, int64_t watermark)
{
	struct watermark_mark **mark, *joined = NULL;
	struct group *g =
	    run->sessions == NULL
		? tumbling_group(run->tumbling, at, watermark, run->key.data,
		      run->key.len, &mark)
		: session_group(run->sessions, at, watermark, run->key.data,
		      run->key.len, &mark, &joined);
	if (g == NULL)
		return NULL;
	if (*mark == NULL)
		*mark = watermark_hold(run->watermark, run->sessions != NULL);
	if (joined != NULL)
		*mark = watermark_join(run->watermark, *mark, joined);
	return g;
}

/* Put a record where it belongs. */
static void
take(struct run *run, const struct record *r, size_t source)
{
	struct err err;
	int64_t at;
	const struct json *field = template_fields_get(run->read, r);
	const struct json *group = field + 1;
	const struct json *input = group + run->fields.count;
	buf_reset(&run->key);
	if (moment_read(run->moment, field[0], &at, &err) != 0 ||
	    group_key(&run->fields, group, &run->key, &err) != 0 ||
	    aggregate_read(&run->aggregates, input, run->value, &err) != 0) {
		tool_fail(&run->tool, r, true, &err);
		watermark_pass(run->watermark, source, WATERMARK_NONE);
		return;
	}
	struct group *g =
	    find_group(run, at, watermark_of(run->watermark, source));
	if (g != NULL) {
		aggregate_fold(&run->aggregates, group_state(g), g->count == 0,
		    run->value);
		g->count++;
		run->tool.accepted++;
	} else {
		keep_late(run, r, at);
	}
	watermark_pass(run->watermark, source, at);
}

static void
take_all(struct run *run)
{
	for (;;) {
		bool timeout;
		int64_t tick = idle_ms > 0 ? text_tick() : 0;
		const struct record *r = tool_next_until(
		    &run->tool, watermark_wake(run->watermark, tick), &timeout);
		if (idle_ms > 0)
			tick = text_tick();
		if (r == NULL && !timeout)
			break;
		if (r != NULL)
			take(run, r, watermark_hear(run->watermark, r, tick));
		close_windows(run, watermark_low(run->watermark, tick));
	}
	if (complete || !watermark_streams(run->watermark))
		close_windows(run, INT64_MAX);
}

/* No member of what is printed may have the name of another. */
static void
check_names(struct run *run)
{
	static const char *const ours[] = {
	    ",\"window_start\":", ",\"window_end\":", ",\"@metadata\":"};
	for (size_t i = 0; i < 3; i++) {
		bool taken = aggregate_named(&run->aggregates, ours[i]);
		for (size_t j = 0; j < run->fields.count; j++)
			taken |= strcmp(run->fields.item[j].before.data,
				     ours[i]) == 0;
		if (taken)
			tool_usage(&run->tool, "the name%.*s is tumble's own",
			    (int)strlen(ours[i]) - 2, ours[i] + 1);
	}
	for (size_t j = 0; j < run->fields.count; j++) {
		const char *before = run->fields.item[j].before.data;
		if (aggregate_named(&run->aggregates, before))
			tool_usage(&run->tool, "the name %.*s is there twice",
			    (int)strlen(before) - 2, before + 1);
	}
}

static void
compile(struct run *run)
{
	struct err err;
	struct tool *t = &run->tool;
	if (time_path == NULL)
		tool_usage(t, "-t FIELD is missing: the time of a record");
	if ((every_ms > 0) == (gap_ms > 0))
		tool_usage(t, "it takes either -e T or --session T");
	if (lateness_ms < 0 || idle_ms < 0)
		tool_usage(t, "--lateness and --idle are times, not 'inf'");
	run->time = template_field_new(time_path, &err);
	if (run->time == NULL)
		tool_usage(t, "-t %s: %s", time_path, err.message);
	for (size_t i = 0; i < by.count; i++)
		if (group_fields_add(&run->fields, by.item[i], &err) != 0)
			tool_usage(t, "-b %s: %s", by.item[i], err.message);
	for (int i = 0; i < t->operand_count; i++)
		if (aggregate_add(&run->aggregates, t->operand[i], &err) != 0)
			tool_usage(t, "%s", err.message);
	check_names(run);
}

static void
open_windows(struct run *run)
{
	size_t inputs = run->aggregates.inputs;
	run->moment = moment_new(time_path);
	run->read = template_fields_new();
	template_fields_add(run->read, run->time);
	for (size_t i = 0; i < run->fields.count; i++)
		template_fields_add(run->read, run->fields.item[i].field);
	for (size_t i = 0; i < inputs; i++)
		template_fields_add(
		    run->read, aggregate_field(&run->aggregates, i));
	run->value = mem_alloc((inputs + 1) * sizeof(*run->value));
	run->watermark = watermark_new(idle_ms);
	if (gap_ms > 0)
		run->sessions = session_new(
		    gap_ms, lateness_ms, &run->aggregates, hash_seed());
	else
		run->tumbling = tumbling_new(
		    every_ms, lateness_ms, &run->aggregates, hash_seed());
	if (late_path != NULL)
		run->late_fd =
		    tool_open_append(&run->tool, "--late", late_path);
}

int
main(int argc, char **argv)
{
	struct run run = {.late_fd = -1};
	tool_start(&run.tool, &about, argc, argv);
	compile(&run);
	open_windows(&run);
	take_all(&run);
	sync_late(&run);
	tumbling_free(run.tumbling);
	session_free(run.sessions);
	watermark_free(run.watermark);
	moment_free(run.moment);
	template_fields_free(run.read);
	template_field_free(run.time);
	group_fields_clear(&run.fields);
	aggregate_clear(&run.aggregates);
	free(run.value);
	buf_clear(&run.key);
	buf_clear(&run.line);
	buf_clear(&run.window);
	opt_list_free(&by);
	return tool_finish(&run.tool);
}
