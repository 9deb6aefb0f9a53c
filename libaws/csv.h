#ifndef LUNA_CSV_H
#define LUNA_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

/*
 * Rows of CSV as views of their text (RFC 4180): lines end with LF or CR LF,
 * a field in quotes may hold delimiters, line ends and, doubled, quotes; a
 * quote elsewhere is malformed. Pure: text is put in as it comes, and may
 * have moved when the same row is looked at again with more of it.
 */
struct csv_field {
	size_t at; /* in the row's text, inside the quotes if it has any */
	size_t len;
	bool doubled; /* "" in it stands for " */
};

struct csv {
	struct csv_field *field; /* of the row */
	size_t count;
	size_t len;   /* of the row with its line end */
	size_t lines; /* that the row has: 1 and each line end in quotes */
	bool plain;   /* ASCII, and nothing that JSON escapes but quotes; if
			 false, maybe not */
	/* the module's */
	char delimiter;
	size_t cap, seen, begin, bad_field;
	uint64_t cr;
	int state;
	const char *bad;
};

enum csv_status {
	CSV_ROW,
	CSV_MORE,     /* the row does not end in this text */
	CSV_MALFORMED /* len is that of its first line: go on after it */
};

/* delimiter: ASCII, no quote, CR or LF. Clear it in the end. */
void csv_init(struct csv *c, char delimiter);
void csv_clear(struct csv *c);

/*
 * The row that text begins with; after CSV_MORE call again with the same row
 * and more of it. A blank line is a row of one empty field.
 *
 * end:   no more text comes; the last line may lack its end. CSV_MORE then
 *        says that nothing is left.
 * Fails: CSV_MALFORMED with ERR_RECORD "MalformedCsv" in err.
 */
enum csv_status csv_next(
    struct csv *c, const char *text, size_t len, bool end, struct err *err);
/* Give up the row that csv_next wants more of. */
void csv_forget(struct csv *c);

/* Append the field's text. */
void csv_text(const struct csv_field *f, const char *text, struct buf *out);
/* The same as a JSON string with its quotes; the row's text is UTF-8. */
void csv_json(const struct csv *c, const struct csv_field *f, const char *text,
    struct buf *out);

#endif
