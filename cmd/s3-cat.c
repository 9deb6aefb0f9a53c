/*
 * s3-cat - write S3 objects to stdout
 *
 * In:  nothing
 * Out: the bytes of the objects, one after the other
 * API: GetObject, GetObjectAttributes
 */
#include <stdlib.h>

#include "download.h"
#include "ident.h"
#include "mem.h"
#include "object.h"
#include "tool.h"

static int64_t jobs = 8;
static size_t memory = (size_t)64 << 20;

static const struct opt options[] = {
    {0, "jobs", OPT_INTEGER, &jobs, "N", "requests in flight (8)", 1, 1024},
    {0, "memory", OPT_SIZE, &memory, "SIZE",
	"most bytes held before their turn (64M)", 0, 0},
    {0}};

static const struct tool_about about = {.name = "s3-cat",
    .synopsis = "[--jobs N] [--memory SIZE] s3://BUCKET/KEY...",
    .options = options,
    .kind = TOOL_CALLS,
    .min_operands = 1,
    .max_operands = -1};

static int
cat(struct tool *t, struct object *object, size_t count, struct err *err)
{
	struct ident *ident =
	    ident_open(&t->conf, about.name, (size_t)jobs, err);
	if (ident == NULL)
		return -1;
	struct download_about what = {
	    .object = object, .count = count, .jobs = jobs, .memory = memory};
	int status = download_run(t, ident, &what, err);
	ident_close(ident);
	return status;
}

int
main(int argc, char **argv)
{
	struct tool t;
	struct err err;
	tool_start(&t, &about, argc, argv);
	size_t count = (size_t)t.operand_count;
	struct object *object = mem_alloc(count * sizeof(*object));
	for (size_t i = 0; i < count; i++)
		if (object_init(&object[i], t.operand[i], true, &err) != 0)
			tool_usage(&t, "%s", err.message);
	if (cat(&t, object, count, &err) != 0)
		tool_end(&t, &err);
	for (size_t i = 0; i < count; i++)
		object_clear(&object[i]);
	free(object);
	return tool_finish(&t);
}
