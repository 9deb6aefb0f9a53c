#ifndef LUNA_CSV_COLUMNS_H
#define LUNA_CSV_COLUMNS_H

#include <stddef.h>

#include "buf.h"
#include "csv.h"
#include "err.h"

/*
 * The columns of a CSV text: their names from its header, their types, and
 * rows as JSON objects. A typed value keeps its text; an empty one is null.
 */
enum csv_type {
	CSV_TEXT, /* a string */
	CSV_INT,  /* a JSON number without point and exponent */
	CSV_NUM,  /* a JSON number */
	CSV_BOOL  /* true or false, in any case */
};

struct csv_column {
	char *name;
	struct buf before; /* what is printed before its value */
	enum csv_type type;
};

/* A zeroed struct has neither names nor types. */
struct csv_columns {
	struct csv_column *column;
	size_t count;
	struct csv_column *typed; /* as csv_columns_type was told */
	size_t typed_count;
};

/*
 * Note the types "NAME:int|num|bool,…" for the header to come.
 * Fails: ERR_SETUP "Usage".
 */
int csv_columns_type(struct csv_columns *c, const char *list, struct err *err);
/*
 * Take the names from a row.
 * Fails: ERR_SETUP "BadHeader": a name twice, "@metadata", no UTF-8, or a
 *        typed column that is not there.
 */
int csv_columns_header(struct csv_columns *c, const struct csv *row,
    const char *text, struct err *err);
/*
 * Append a row as one line of JSON; nothing when it fails.
 * Fails: ERR_RECORD "WrongWidth", "WrongType", "InvalidUtf8".
 */
int csv_columns_row(const struct csv_columns *c, const struct csv *row,
    const char *text, struct buf *out, struct err *err);
void csv_columns_clear(struct csv_columns *c);

#endif
