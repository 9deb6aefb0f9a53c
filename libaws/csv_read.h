#ifndef LUNA_CSV_READ_H
#define LUNA_CSV_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "csv.h"
#include "tool.h"

/*
 * Rows of CSV from a tool's stdin. What is no row fails on the way, with the
 * number of its line; blank lines and a byte order mark are skipped.
 */
struct csv_read {
	struct csv row; /* the last one given */
	/* the module's */
	struct tool *tool;
	struct buf bytes;
	size_t at, held; /* of the row last given: where, and how long */
	uint64_t line;   /* its number */
	bool ended;      /* no more comes */
	bool cut;        /* ... although the end of stdin was not seen */
};

void csv_read_init(struct csv_read *in, struct tool *tool, char delimiter);
void csv_read_clear(struct csv_read *in);

/*
 * The first row, as csv_read_next.
 * text: NULL when there is none.
 * Fails: ERR_SETUP "MalformedCsv", "BadHeader": the first row is none.
 */
int csv_read_header(struct csv_read *in, const char **text, struct err *err);
/* The text of the next row, until the next call; NULL at the end. */
const char *csv_read_next(struct csv_read *in);
/* Fail the row last given. */
void csv_read_fail(struct csv_read *in, const struct err *err);

/*
 * The set-up is refused: no row is taken, what is left of stdin goes to
 * --failed if there is one.
 */
void csv_read_refuse(struct csv_read *in, const struct err *err);

/* Is it a file that --failed has written, which no CSV begins like? Its
 * records are passed on, lines that were no rows fail again. */
bool csv_read_replay(struct csv_read *in);

#endif
