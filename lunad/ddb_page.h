#ifndef LUNAD_DDB_PAGE_H
#define LUNAD_DDB_PAGE_H

#include "ddb.h"

/*
 * What Query and Scan share: a range of rows, read to the end of a page.
 * Private to ddb_query.c, ddb_range.c and ddb_page.c.
 */
struct ddb_page {
	struct ddb_args args;
	struct ddb_exprs exprs;
	struct ddb_table *table;
	const struct ddb_index *index; /* NULL: the table itself */
	const struct ddb_value *start; /* ExclusiveStartKey, or NULL */
	const struct ddb_key_condition *hash, *range;
	struct buf from, to; /* keys: from <= k < to */
	bool forward, consistent, count_only;
	bool fetch; /* what a local index lacks comes from the table */
	uint64_t place_from, place_to; /* of a segment, in 0 … 2^32 */
	int64_t limit;
	/* found */
	int64_t scanned, matched;
	size_t bytes;
	double fetched_units;
	const struct ddb_value *last; /* where a next page begins, or NULL */
};

/* The hash key and the range key of what is read. */
const struct ddb_key *page_hash(const struct ddb_page *p);
const struct ddb_key *page_range(const struct ddb_page *p);

/* ddb_range.c: set from and to. */
int page_query_range(struct ddb_call *c, struct ddb_page *p);
int page_scan_range(struct ddb_call *c, struct ddb_page *p);
/* The start key's parts are there, typed, and no more than these. */
int page_check_start(struct ddb_call *c, const struct ddb_page *p,
    const char *refusal, const char *untyped);

/* ddb_page.c: read, filter, print; then the counts. */
void page_run(struct ddb_call *c, struct ddb_page *p);
void page_clear(struct ddb_page *p);

#endif
