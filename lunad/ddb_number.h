#ifndef LUNAD_DDB_NUMBER_H
#define LUNAD_DDB_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "err.h"

/*
 * DynamoDB's numbers: decimals of up to 38 significant digits, exact, with a
 * magnitude of 1E-130 to 9.99…E+125, or zero.
 *
 * The value is d[0].d[1]d[2]… times ten to the exponent; no leading and no
 * trailing zero is kept, and zero has no digits at all.
 */
#define DDB_DIGITS 38

struct ddb_number {
	bool negative;
	int exponent;
	unsigned digits;
	unsigned char digit[DDB_DIGITS];
};

/*
 * Fails: ERR_REFUSED "ValidationException" with DynamoDB's text: no number,
 *        too large, too small, too many digits.
 */
int ddb_number_read(
    const char *text, size_t len, struct ddb_number *out, struct err *err);

/* Append the normal form, as DynamoDB returns it: no exponent, no plus. */
void ddb_number_print(const struct ddb_number *n, struct buf *out);
#define DDB_NUMBER_TEXT 176 /* its longest normal form, and then some */

/* Less than, equal to or greater than zero, as memcmp says it. */
int ddb_number_compare(const struct ddb_number *a, const struct ddb_number *b);

/* a + b, exactly. Fails: as ddb_number_read, when it has too many digits. */
int ddb_number_add(const struct ddb_number *a, const struct ddb_number *b,
    struct ddb_number *out, struct err *err);

/* Append bytes that memcmp orders as the numbers are, whatever follows. */
void ddb_number_key(const struct ddb_number *n, struct buf *out);

/* Bytes that count for the size of an item. */
size_t ddb_number_size(const struct ddb_number *n);

#endif
