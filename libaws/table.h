#ifndef LUNA_TABLE_H
#define LUNA_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "err.h"
#include "ident.h"
#include "json.h"
#include "record.h"

/*
 * DynamoDB tables as tools see them: the key schema, plain JSON to typed
 * attribute values and back, keys compared as DynamoDB compares them.
 *
 * Source: DynamoDB Developer Guide, "Supported data types and naming rules".
 */
struct table_key {
	char *name; /* NULL: the table has no range key */
	char type;  /* 'S', 'N' or 'B' */
};

struct table {
	char *name; /* or ARN, as it was given */
	struct table_key hash, range;
	struct table_key *attribute; /* all that are in a key or an index */
	size_t attributes;
};

/*
 * DescribeTable, once. ask false (--dry-run): no call, and no schema is known.
 * Fails: ERR_SETUP, ERR_LATER.
 */
int table_open(struct table *t, struct ident *ident, const char *name, bool ask,
    struct err *err);
void table_close(struct table *t);
/* The type of an attribute that is in a key, or 0. */
char table_type_of(const struct table *t, const char *name);

/*
 * Append a plain value as a typed one: 2 → {"N":"2"}, with the number's own
 * text. size: DynamoDB's count of its bytes is added.
 * Fails: ERR_RECORD: a lone surrogate, more than 38 digits, a magnitude that
 *        DynamoDB does not store, two members of one name.
 */
int table_value(
    struct json plain, struct buf *out, size_t *size, struct err *err);
/* The payload of r as an item, {"name":{"S":…},…}. */
int table_item(
    const struct record *r, struct buf *out, size_t *size, struct err *err);

/*
 * Append the key of a typed item, {"id":{"S":…}}, and to bytes what is equal
 * exactly when DynamoDB's keys are equal (1 and 1.0 are).
 * Fails: ERR_RECORD: a key attribute is missing, empty or of another type.
 */
int table_key(const struct table *t, struct json typed, struct buf *out,
    struct buf *bytes, struct err *err);
/* The same from the plain members of a payload. */
int table_key_of(const struct table *t, const struct record *r, bool typed,
    struct buf *out, struct buf *bytes, struct err *err);

/* Append a typed value or item as plain JSON; sets become arrays, binary its
 * base64, a number its text. */
void table_plain(struct json typed, struct buf *out);
void table_plain_item(struct json item, struct buf *out);
/* Are two typed items equal, whatever the order of their members? */
bool table_same(struct json a, struct json b);

#endif
