#ifndef LUNA_QUERY_H
#define LUNA_QUERY_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

/*
 * application/x-www-form-urlencoded, as AWS's query protocol writes it.
 */

/* Append "&name=value" ('&' only when out has something), both encoded. */
void query_add(struct buf *out, const char *name, const char *value);
void query_add_bytes(
    struct buf *out, const char *name, const char *value, size_t len);

/* Reading: walk the pairs; name and value are appended decoded to bufs that
 * are reset first. Returns false at the end; a malformed pair is skipped. */
struct query_iter {
	const char *at, *end;
};
void query_each(const char *text, size_t len, struct query_iter *it);
bool query_next(struct query_iter *it, struct buf *name, struct buf *value);

#endif
