/*
 * kinesis-get - print the records of a Kinesis stream
 *
 * In:  nothing
 * Out: a record a stream record, with @metadata.from.kinesis; or to COMMAND's
 *      stdin
 * API: ListShards, GetShardIterator, GetRecords
 */
#include <string.h>

#include "run.h"
#include "stream.h"
#include "stream_work.h"
#include "text.h"

static struct stream_about how = {.max = -1, .jobs = 1};
static const char *from;

static const struct opt options[] = {
    {'f', "follow", OPT_FLAG, &how.follow, NULL, "do not end at the tip", 0, 0},
    {'n', "max", OPT_INTEGER, &how.max, "N", "so many records in all", 1,
	INT64_MAX},
    {0, "from", OPT_TEXT, &from, "horizon|latest|TIME",
	"where to begin (horizon)", 0, 0},
    {0, "state", OPT_TEXT, &how.state, "FILE",
	"go on where kinesis-mark says that records have come", 0, 0},
    {0, "jobs", OPT_INTEGER, &how.jobs, "N",
	"COMMANDs side by side, each of another shard (1)", 1,
	STREAM_WORK_JOBS},
    {0}};

static const struct tool_about about = {.name = "kinesis-get",
    .synopsis = "[-f] [-n N] [--from horizon|latest|TIME] [--state FILE]\n"
		"[--jobs N] STREAM [-- COMMAND [ARG...]]",
    .options = options,
    .kind = TOOL_CALLS,
    .min_operands = 1,
    .max_operands = 1,
    .command = true};

static int
set_from(const char *text)
{
	if (text == NULL || strcmp(text, "horizon") == 0)
		how.from = SHARDS_HORIZON;
	else if (strcmp(text, "latest") == 0)
		how.from = SHARDS_LATEST;
	else if (text_when(text, text_now(), &how.from_ms) == 0)
		how.from = SHARDS_TIME;
	else
		return -1;
	return 0;
}

int
main(int argc, char **argv)
{
	struct tool tool;
	struct err err;
	tool_start(&tool, &about, argc, argv);
	if (set_from(from) != 0)
		tool_usage(&tool,
		    "--from wants horizon, latest or a time, not '%s'", from);
	if (tool.command != NULL && run_check(tool.command[0], &err) != 0)
		tool_usage(&tool, "%s", err.message);
	how.stream = tool.operand[0];
	if (stream_read(&tool, &how, &err) != 0)
		return tool_refused(&tool, &err);
	return tool_finish(&tool);
}
