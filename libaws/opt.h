#ifndef LUNA_OPT_H
#define LUNA_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

/*
 * Options as data: a tool's table says what getopt_long is told, what
 * --help prints and where a value goes. The one door to getopt_long.
 */
enum opt_type {
	OPT_FLAG,     /* bool *: set */
	OPT_COUNT,    /* int *: one more each time */
	OPT_TEXT,     /* const char **: points into argv */
	OPT_LIST,     /* struct opt_list *: may be repeated */
	OPT_INTEGER,  /* int64_t *: within [low, high] */
	OPT_DURATION, /* int64_t * in ms; bare numbers are seconds; "inf" = -1 */
	OPT_MILLIS,   /* int64_t * in ms; bare numbers are milliseconds */
	OPT_SIZE,     /* size_t * in bytes */
	OPT_RATE      /* double * per second: "5", "100/s", "60/m" */
};

struct opt_list {
	const char **item; /* into argv */
	size_t count;
};

struct opt {
	char letter; /* 0: none */
	const char *name;
	enum opt_type type;
	void *to;
	const char *arg;   /* as shown: "TPL"; NULL for flags */
	const char *help;  /* one line */
	int64_t low, high; /* OPT_INTEGER; both 0: 0 .. INT64_MAX */
};

/*
 * Parse argv against several tables (each ends with a zeroed row) and stop
 * at the first operand or "--" when stop_at_operand, else permute.
 *
 * first: index in argv of the first operand on return.
 * Fails: ERR_SETUP "Usage", naming the option and what it wants.
 */
int opt_parse(int argc, char **argv, const struct opt *const tables[],
    bool stop_at_operand, int *first, struct err *err);

/* Print "usage: SYNOPSIS" and every option to stdout. */
void opt_help(const char *synopsis, const struct opt *const tables[]);

void opt_list_free(struct opt_list *list);

#endif
