/*
 * stamp - add the time to each record
 *
 * In:  records
 * Out: the same with FIELD, ISO 8601 in UTC with milliseconds
 * API: none
 */
#include <string.h>

#include "text.h"
#include "tool.h"

static const char *at;

static const struct opt options[] = {
    {0, "at", OPT_TEXT, &at, "TIME", "this time instead of now", 0, 0}, {0}};

static const struct tool_about about = {.name = "stamp",
    .synopsis = "[--at TIME] FIELD",
    .options = options,
    .kind = TOOL_READS,
    .min_operands = 1,
    .max_operands = 1};

int
main(int argc, char **argv)
{
	struct tool tool;
	const struct record *r;
	struct buf line = {0};
	char value[TEXT_ISO + 2] = "\"";
	int64_t fixed = 0;
	tool_start(&tool, &about, argc, argv);
	if (strcmp(tool.operand[0], "@metadata") == 0)
		tool_usage(&tool, "@metadata is no field of the payload");
	if (at != NULL && text_when(at, text_now(), &fixed) != 0)
		tool_usage(&tool, "--at wants a time, not '%s'", at);
	while ((r = tool_next(&tool)) != NULL) {
		text_iso(at == NULL ? text_now() : fixed, value + 1);
		value[TEXT_ISO] = '"';
		buf_reset(&line);
		record_set(r, tool.operand[0], value, TEXT_ISO + 1, &line);
		tool_pass(&tool, line.data, line.len);
	}
	buf_clear(&line);
	return tool_finish(&tool);
}
