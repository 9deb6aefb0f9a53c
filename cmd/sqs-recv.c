/*
 * sqs-recv - receive the messages of an SQS queue
 *
 * In:  nothing
 * Out: a record a message, with @metadata.from.sqs; or to COMMAND's stdin
 * API: ReceiveMessage, ChangeMessageVisibilityBatch, DeleteMessageBatch,
 *      GetQueueAttributes, GetQueueUrl
 */
#include "consume.h"
#include "queue_work.h"
#include "run.h"
#include "tool.h"

#define LONGEST_HOLD_MS 43200000 /* SQS hides a message for 12 hours */

static struct consume_about how = {
    .wait_s = -1, .max = -1, .hold_ms = 900000, .inflight = 500, .jobs = 1};

static const struct opt options[] = {
    {'n', "max", OPT_INTEGER, &how.max, "N", "so many messages in all", 1,
	INT32_MAX},
    {'f', "follow", OPT_FLAG, &how.follow, NULL, "do not end when it is empty",
	0, 0},
    {'w', "wait", OPT_INTEGER, &how.wait_s, "S",
	"of a long poll (1; with -f 20)", 0, 20},
    {0, "hold", OPT_DURATION, &how.hold_ms, "S",
	"renew a lease for at most so long (900)", 0, 0},
    {0, "inflight", OPT_INTEGER, &how.inflight, "N",
	"messages held unsettled (500)", 1, 100000},
    {0, "jobs", OPT_INTEGER, &how.jobs, "N", "COMMANDs side by side (1)", 1,
	QUEUE_WORK_JOBS},
    {0, "raw", OPT_FLAG, &how.raw, NULL, "do not open SNS envelopes", 0, 0},
    {0}};

static const struct tool_about about = {.name = "sqs-recv",
    .synopsis = "[-f] [-n N] [-w S] [--hold S] [--inflight N] [--raw]\n"
		"[--jobs N] QUEUE [-- COMMAND [ARG...]]",
    .options = options,
    .kind = TOOL_CALLS,
    .min_operands = 1,
    .max_operands = 1,
    .command = true};

int
main(int argc, char **argv)
{
	struct tool tool;
	struct err err;
	tool_start(&tool, &about, argc, argv);
	if (how.hold_ms < 1000 || how.hold_ms > LONGEST_HOLD_MS)
		tool_usage(&tool, "--hold wants 1 second to 12 hours");
	if (tool.command != NULL && run_check(tool.command[0], &err) != 0)
		tool_usage(&tool, "%s", err.message);
	how.queue = tool.operand[0];
	if (consume_queue(&tool, &how, &err) != 0)
		return tool_refused(&tool, &err);
	return tool_finish(&tool);
}
