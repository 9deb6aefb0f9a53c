#ifndef LUNAD_DDB_VALUE_H
#define LUNAD_DDB_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "json.h"

/*
 * Memory that is given back all at once. A zeroed struct is an empty pool.
 */
struct ddb_pool {
	struct ddb_chunk *chunk;
	char *at;
	size_t left;
};

void *ddb_alloc(struct ddb_pool *pool, size_t size); /* zeroed */
char *ddb_copy(struct ddb_pool *pool, const void *bytes, size_t len);
char *ddb_print(struct ddb_pool *pool, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Forget all of it and keep one chunk; or give back all memory. */
void ddb_pool_reset(struct ddb_pool *pool);
void ddb_pool_clear(struct ddb_pool *pool);

#define DDB_DEPTH 32 /* of documents in items */

/*
 * Attribute values as a tree in a pool. The members of a map (and so an
 * item, which is a map) are in the order of their names, the elements of a
 * set in the order of their values, both without duplicates.
 */
enum ddb_type {
	DDB_S,
	DDB_N,
	DDB_B,
	DDB_BOOL,
	DDB_NULL,
	DDB_SS,
	DDB_NS,
	DDB_BS,
	DDB_L,
	DDB_M,
	DDB_TYPES
};

struct ddb_value {
	struct ddb_value *next;
	const char *name; /* as a member of a map */
	size_t name_len;
	enum ddb_type type;
	bool truth;       /* BOOL */
	const char *text; /* S: UTF-8, N: normal form, B: its bytes */
	size_t len;       /* of text; or how many elements or members */
	struct ddb_value *first;
};

extern const char *const ddb_type_name[DDB_TYPES];

/* The type of that name, or DDB_TYPES. */
enum ddb_type ddb_type_of(const char *name, size_t len);

/*
 * Read an attribute value ({"S":"…"}) or a map of them. Text without
 * escapes is borrowed from the JSON.
 *
 * stored: it was printed by ddb_value_print and needs no check.
 * Fails:  ERR_REFUSED "ValidationException" or "SerializationException",
 *         with DynamoDB's texts.
 */
struct ddb_value *ddb_value_read(
    struct ddb_pool *pool, struct json v, bool stored, struct err *err);
struct ddb_value *ddb_item_read(
    struct ddb_pool *pool, struct json v, bool stored, struct err *err);

/* Append as JSON: {"S":"…"}; and the members of a map without its type. */
void ddb_value_print(const struct ddb_value *v, struct buf *out);
void ddb_item_print(const struct ddb_value *item, struct buf *out);
/* As DynamoDB prints it in messages: {S:x}. */
void ddb_value_show(const struct ddb_value *v, struct buf *out);

struct ddb_value *ddb_value_copy(
    struct ddb_pool *pool, const struct ddb_value *v);
struct ddb_value *ddb_value_new(struct ddb_pool *pool, enum ddb_type type);
struct ddb_value *ddb_value_text(
    struct ddb_pool *pool, enum ddb_type type, const char *text, size_t len);

/* The member of that name, or NULL. */
struct ddb_value *ddb_member(
    const struct ddb_value *map, const char *name, size_t len);
/* Add a member, or replace the one of that name in place. */
void ddb_member_set(struct ddb_pool *pool, struct ddb_value *map,
    const char *name, size_t len, const struct ddb_value *v);
struct ddb_value *ddb_element(const struct ddb_value *list, size_t index);
/* Take one out of a list or a map. */
void ddb_unlink(struct ddb_value *parent, const struct ddb_value *child);
/* Give v the content of another, but keep its name and its place. */
void ddb_assign(struct ddb_value *v, const struct ddb_value *content);

/* Both are N, S or B, of the same type: their order as memcmp's. */
int ddb_value_compare(const struct ddb_value *a, const struct ddb_value *b);
/* Types that have an order. */
bool ddb_ordered(enum ddb_type type);
bool ddb_value_equal(const struct ddb_value *a, const struct ddb_value *b);

/* The elements of both sets, or of one without the other's; len may be 0. */
struct ddb_value *ddb_set_union(struct ddb_pool *pool,
    const struct ddb_value *a, const struct ddb_value *b);
struct ddb_value *ddb_set_minus(struct ddb_pool *pool,
    const struct ddb_value *a, const struct ddb_value *b);

/* Bytes, by DynamoDB's rules of item sizes. */
size_t ddb_item_size(const struct ddb_value *item);

/* Deeper than an item may be? */
bool ddb_item_too_deep(const struct ddb_value *item);

/* err_set for what DynamoDB calls a ValidationException. */
#define ddb_invalid(err, ...) \
	err_set(err, ERR_REFUSED, "ValidationException", __VA_ARGS__)

#endif
