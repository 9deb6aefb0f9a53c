/*
 * kinesis-mark - record how far a stream's records have come
 *
 * In:  records with @metadata.from.kinesis
 * Out: the records, once the file says that they have come
 * API: none
 */
#include <string.h>

#include "position.h"
#include "text.h"
#include "tool.h"

enum { EVERY_MS = 1000 }; /* while records come without a pause */

static bool quiet;

static const struct opt options[] = {
    {0, "quiet", OPT_FLAG, &quiet, NULL, "do not print records", 0, 0}, {0}};

static const struct tool_about about = {.name = "kinesis-mark",
    .synopsis = "[--quiet] FILE",
    .options = options,
    .kind = TOOL_READS,
    .min_operands = 1,
    .max_operands = 1};

struct marking {
	struct positions positions;
	const char *path;
	int64_t written_ms; /* tick */
	struct buf lines;   /* of records that the file does not have yet */
	size_t count;
};

/* The file has them: they go on. */
static void
pass_on(struct tool *t, struct marking *m)
{
	if (m->count > 0 && !quiet)
		tool_print(t, m->lines.data, m->lines.len - 1);
	t->accepted += m->count;
	m->count = 0;
	buf_reset(&m->lines);
}

static void
fail_all(struct tool *t, struct marking *m, const struct err *err)
{
	const char *at = m->lines.data;
	for (size_t i = 0; i < m->count; i++) {
		const char *end = strchr(at, '\n');
		struct record r;
		record_parse(&r, at, (size_t)(end - at), 0, NULL);
		tool_keep(t, &r, true, err);
		at = end + 1;
	}
	m->count = 0;
	buf_reset(&m->lines);
}

static int
write_file(struct tool *t, struct marking *m, struct err *err)
{
	if (m->positions.changed &&
	    position_write(&m->positions, m->path, err) != 0)
		return -1;
	m->written_ms = text_tick();
	pass_on(t, m);
	return 0;
}

static void
mark(struct tool *t, struct marking *m, const struct record *r)
{
	struct err err;
	if (position_mark(&m->positions, record_origin(r, "kinesis"), &err) !=
	    0) {
		tool_fail(t, r, true, &err);
		return;
	}
	record_emit(r, NULL, NULL, 0, &m->lines);
	buf_add_char(&m->lines, '\n');
	m->count++;
}

/* Until the input ends, or the file cannot be written: then what is not
 * marked yet will be read from the stream again. */
static int
mark_all(struct tool *t, struct marking *m, struct err *err)
{
	const struct record *r;
	while ((r = tool_next(t)) != NULL) {
		mark(t, m, r);
		bool pause = !window_has_line(t->window);
		if ((pause || text_tick() - m->written_ms >= EVERY_MS) &&
		    write_file(t, m, err) != 0)
			return -1;
	}
	return write_file(t, m, err);
}

/* The file cannot be written: all that comes fails with that. */
static void
give_up(struct tool *t, struct marking *m, const struct err *err)
{
	const struct record *r;
	tool_report(t, 0, err);
	t->later = true;
	fail_all(t, m, err);
	while (t->failed_fd >= 0 && (r = tool_next(t)) != NULL)
		tool_keep(t, r, true, err);
}

int
main(int argc, char **argv)
{
	struct tool tool;
	struct marking m = {0};
	struct err err;
	tool_start(&tool, &about, argc, argv);
	m.path = tool.operand[0];
	if (position_read(&m.positions, m.path, &err) != 0 ||
	    position_may_write(m.path, &err) != 0)
		return tool_refused(&tool, &err);
	if (mark_all(&tool, &m, &err) != 0)
		give_up(&tool, &m, &err);
	position_clear(&m.positions);
	buf_clear(&m.lines);
	return tool_finish(&tool);
}
