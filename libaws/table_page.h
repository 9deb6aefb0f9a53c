#ifndef LUNA_TABLE_PAGE_H
#define LUNA_TABLE_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "call.h"
#include "err.h"
#include "json.h"

/*
 * A walk through the pages of a Query or Scan, or of one segment of a Scan.
 *
 * Source: DynamoDB API Reference, Query and Scan.
 */
struct table_page {
	struct call call; /* user: this */
	struct buf body, next;
};

struct table_page_about {
	bool scan;
	const char *fixed; /* the parameters that stay, without braces */
	int64_t segment, segments; /* 1 segment: all of it */
	int64_t limit;             /* 0: none */
};

/* Start the call for the next page. */
void table_page_ask(struct table_page *p, struct caller *caller,
    const struct table_page_about *about);
/*
 * The call is done: items of its reply, an array that lives as long as it.
 * Fails: as the call did; ERR_LATER "InvalidReply".
 */
int table_page_take(struct table_page *p, struct json *items, struct err *err);
/* Is there another page? */
bool table_page_more(const struct table_page *p);
void table_page_clear(struct table_page *p);

#endif
