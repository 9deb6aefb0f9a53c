/*
 * Drives opt: parses its arguments against a table with one of each type and
 * prints what came of them; --usage prints the help.
 */
#include <stdio.h>
#include <string.h>

#include "opt.h"

static bool flag, usage;
static int count;
static const char *text;
static struct opt_list list;
static int64_t integer = -1, bounded = -1, duration = -2, millis = -2;
static size_t size;
static double rate;

static const struct opt one[] = {
    {'f', "flag", OPT_FLAG, &flag, NULL, "a flag", 0, 0},
    {'c', "count", OPT_COUNT, &count, NULL, "one more each time", 0, 0},
    {'t', "text", OPT_TEXT, &text, "TPL", "a text", 0, 0},
    {'l', "list", OPT_LIST, &list, "TPL", "may be repeated", 0, 0}, {0}};

static const struct opt two[] = {
    {'i', "integer", OPT_INTEGER, &integer, "N", "a number", 0, 0},
    {0, "bounded", OPT_INTEGER, &bounded, "N", "a number of 1 to 20", 1, 20},
    {0, "duration", OPT_DURATION, &duration, "S", "a time", 0, 0},
    {0, "millis", OPT_MILLIS, &millis, "MS", "a time", 0, 0},
    {0, "size", OPT_SIZE, &size, "SIZE", "a size", 0, 0},
    {0, "rate", OPT_RATE, &rate, "N[/s|/m]", "a rate", 0, 0},
    {0, "usage", OPT_FLAG, &usage, NULL, "show this", 0, 0}, {0}};

int
main(int argc, char **argv)
{
	const struct opt *const tables[] = {one, two, NULL};
	struct err err;
	int first;
	bool stop = argc > 1 && strcmp(argv[1], "stop") == 0;
	if (opt_parse(argc - stop, argv + stop, tables, stop, &first, &err) !=
	    0) {
		printf("%s: %s\n", err.code, err.message);
		return 0;
	}
	if (usage)
		opt_help("opt [-f] [OPERAND...]", tables);
	if (flag || count > 0)
		printf("flag %d, count %d\n", flag, count);
	if (text != NULL)
		printf("text %s\n", text);
	for (size_t i = 0; i < list.count; i++)
		printf("item %s\n", list.item[i]);
	if (integer != -1 || bounded != -1)
		printf("integer %lld, bounded %lld\n", (long long)integer,
		    (long long)bounded);
	if (duration != -2 || millis != -2)
		printf("duration %lld ms, millis %lld ms\n",
		    (long long)duration, (long long)millis);
	if (size != 0)
		printf("size %zu\n", size);
	if (rate > 0)
		printf("rate %g\n", rate);
	for (int i = first + stop; i < argc; i++)
		printf("operand %s\n", argv[i]);
	opt_list_free(&list);
	return 0;
}
