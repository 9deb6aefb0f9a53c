#ifndef LUNA_TABLE_NUMBER_H
#define LUNA_TABLE_NUMBER_H

#include <stddef.h>

#include "buf.h"
#include "err.h"

/*
 * Numbers as DynamoDB keeps them: 38 digits, from 1E-130 to 9.99…E+125. text
 * is a JSON number's source.
 */

/* Fails: ERR_RECORD "NumberTooLong", "NumberOutOfRange". */
int table_number_check(const char *text, size_t len, struct err *err);
/* Append what is the same for equal numbers: for 1 and 1.0. */
void table_number_key(const char *text, size_t len, struct buf *out);

#endif
