#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diag.h"
#include "mem.h"
#include "tool_inner.h"

/* What the command line says besides the members of struct tool. */
struct said {
	bool help, version;
	const char *when, *unless;
};

#define ROWS 12 /* of a table of common options, with its end */

static void
every_tool(struct said *said, struct opt row[static ROWS])
{
	const struct opt rows[] = {{'h', "help", OPT_FLAG, &said->help, NULL,
				       "show this and end", 0, 0},
	    {'V', "version", OPT_FLAG, &said->version, NULL,
		"show the version and end", 0, 0}};
	memcpy(row, rows, sizeof(rows));
}

static void
readers(struct tool *t, struct opt row[static ROWS])
{
	const struct opt rows[] = {
	    {0, "failed", OPT_TEXT, &t->failed_path, "FILE",
		"append records that failed to FILE", 0, 0},
	    {0, "max-line", OPT_SIZE, &t->max_line, "SIZE",
		"longest line taken (16M)", 0, 0}};
	memcpy(row, rows, sizeof(rows));
}

static void
callers(struct tool *t, struct opt row[static ROWS])
{
	const struct opt rows[] = {{0, "region", OPT_TEXT, &t->conf.region,
				       "REGION", "instead of AWS_REGION", 0, 0},
	    {0, "profile", OPT_TEXT, &t->conf.profile, "NAME",
		"instead of AWS_PROFILE", 0, 0},
	    {0, "endpoint-url", OPT_TEXT, &t->conf.endpoint_url, "URL",
		"instead of the service's endpoint", 0, 0},
	    {0, "timeout", OPT_DURATION, &t->conf.timeout_ms, "S",
		"of one attempt (30)", 0, 0},
	    {'v', "verbose", OPT_COUNT, &t->conf.verbose, NULL,
		"a line a request on stderr", 0, 0}};
	memcpy(row, rows, sizeof(rows));
}

static void
sinks(struct tool *t, struct said *said, struct opt row[static ROWS])
{
	const struct opt rows[] = {{0, "jobs", OPT_INTEGER, &t->jobs, "N",
				       "requests in flight (8)", 1, 1024},
	    {0, "linger", OPT_MILLIS, &t->linger_ms, "MS",
		"longest wait for a full call (100)", 0, 0},
	    {0, "rate", OPT_RATE, &t->rate, "N[/s|/m]",
		"at most so many records", 0, 0},
	    {0, "patience", OPT_DURATION, &t->patience_ms, "S",
		"how long to wait for a service that is away (60)", 0, 0},
	    {0, "memory", OPT_SIZE, &t->memory, "SIZE",
		"most bytes held unsettled (64M)", 0, 0},
	    {0, "strict", OPT_FLAG, &t->strict, NULL,
		"never two records of one key in a call", 0, 0},
	    {0, "when", OPT_TEXT, &said->when, "FIELD[=VALUE]",
		"send only these; pass the others through", 0, 0},
	    {0, "unless", OPT_TEXT, &said->unless, "FIELD[=VALUE]",
		"pass these through unsent", 0, 0},
	    {0, "dry-run", OPT_FLAG, &t->dry_run, NULL,
		"print the calls, make none", 0, 0},
	    {0, "quiet", OPT_FLAG, &t->quiet, NULL,
		"do not print accepted records", 0, 0}};
	memcpy(row, rows, sizeof(rows));
}

static void
take_operands(struct tool *t, int argc, char **argv, int first)
{
	const struct tool_about *about = t->about;
	int end = argc;
	for (int i = first; about->command && i < argc; i++)
		if (strcmp(argv[i], "--") == 0) {
			end = i;
			t->command = argv + i + 1;
			break;
		}
	t->operand = argv + first;
	t->operand_count = end - first;
	if (t->command != NULL && t->command[0] == NULL)
		tool_usage(t, "no command after --; see --help");
	if (t->operand_count < about->min_operands)
		tool_usage(t, "an operand is missing; see --help");
	if (about->max_operands >= 0 && t->operand_count > about->max_operands)
		tool_usage(t,
		    "what is '%s'? There is no operand for it; see "
		    "--help",
		    t->operand[about->max_operands]);
}

/* "--" before COMMAND must survive getopt, which would swallow it. */
static int
options_end(const struct tool_about *about, int argc, char **argv)
{
	for (int i = 1; about->command && i < argc; i++)
		if (strcmp(argv[i], "--") == 0)
			return i;
	return argc;
}

static struct template_test *
compile_test(struct tool *t, const char *option, const char *text)
{
	struct err err;
	if (text == NULL)
		return NULL;
	struct template_test *test = template_test_new(text, &err);
	if (test == NULL)
		tool_usage(t, "%s %s: %s", option, text, err.message);
	return test;
}

/* --help and --version end here. */
static void
answer(const struct tool_about *about, const struct said *said,
    const struct opt *const tables[])
{
	if (!said->help && !said->version)
		return;
	if (said->help) {
		char *usage = mem_format("%s %s", about->name, about->synopsis);
		opt_help(usage, tables);
		free(usage);
	}
	if (said->version)
		printf("%s %s\n", about->name, LUNA_VERSION);
	exit(fflush(stdout) == 0 ? TOOL_OK : TOOL_FAILED);
}

void
tool_parse(struct tool *t, int argc, char **argv)
{
	const struct tool_about *about = t->about;
	struct said said = {0};
	struct opt own[] = {{0}}, sink[ROWS] = {0}, read[ROWS] = {0},
		   call[ROWS] = {0}, every[ROWS] = {0};
	if (about->kind & TOOL_SINKS)
		sinks(t, &said, sink);
	if (about->kind & TOOL_READS)
		readers(t, read);
	if (about->kind & TOOL_CALLS)
		callers(t, call);
	every_tool(&said, every);
	const struct opt *const tables[] = {
	    about->options == NULL ? own : about->options, sink, read, call,
	    every, NULL};

	struct err err;
	int first, end = options_end(about, argc, argv);
	/* getopt stops at argv[end], which is "--" or the final NULL. */
	if (opt_parse(end, argv, tables, false, &first, &err) != 0)
		tool_usage(t, "%s", err.message);
	answer(about, &said, tables);
	take_operands(t, argc, argv, first);
	t->when = compile_test(t, "--when", said.when);
	t->unless = compile_test(t, "--unless", said.unless);
}
