#ifndef LUNA_TABLE_BATCH_H
#define LUNA_TABLE_BATCH_H

#include "sink.h"
#include "table.h"

/*
 * What the batch calls of DynamoDB share: entries of one table, each with a
 * key of its own, and a reply that names what is left over.
 */
enum {
	TABLE_ITEM = 400 * 1024,       /* bytes of an item */
	TABLE_BATCH = 16 * 1024 * 1024 /* bytes of a call */
};

struct table_batch {
	struct table table;
	struct buf fields; /* of @metadata.to.ddb */
	struct buf bytes;  /* scratch */
};

/*
 * For a sink's open: read the schema of the table that is its tool's operand,
 * and set what stands around the entries: {"RequestItems":{"TABLE": open …
 * tail. t is zeroed, or was opened before.
 * Fails: as table_open.
 */
int table_batch_open(struct table_batch *t, struct sink *sink, const char *open,
    const char *tail, struct err *err);
void table_batch_clear(struct table_batch *t);

/* The entry whose key is that of a typed item, or SIZE_MAX. */
size_t table_batch_find(
    struct table_batch *t, const struct batch *b, struct json item);

/*
 * Settle a BatchWriteItem: what UnprocessedItems names ({request: {member:
 * item}}) is sent again, the rest is accepted. false: the call failed.
 */
bool table_batch_settle(struct table_batch *t, struct sink *s,
    const struct batch *b, const struct call *call, const char *request,
    const char *member);

/* Send entry i again: the service left it over. */
void table_batch_again(struct sink *s, size_t i);

#endif
