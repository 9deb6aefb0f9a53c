#ifndef LUNA_QUERY_H
#define LUNA_QUERY_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "err.h"
#include "json.h"

/*
 * application/x-www-form-urlencoded, as AWS's query protocol writes it.
 */

/* Append "&name=value" ('&' only when out has something), both encoded. */
void query_add(struct buf *out, const char *name, const char *value);
void query_add_bytes(
    struct buf *out, const char *name, const char *value, size_t len);

/*
 * Append the members of a JSON object as parameters: an object's members as
 * "A.B", a list's elements as "A.member.1" or, flat, "A.1", true and false as
 * words, numbers by their source text; null is left out. A member whose name
 * has dots stands as it is. The few members that the services' models call
 * maps become "A.entry.1.key" and "A.entry.1.value".
 *
 * Fails: ERR_RECORD: a text that is no Unicode.
 * Source: Smithy, "AWS Query protocol" and "AWS EC2 query protocol" (flat).
 */
int query_flatten(
    struct json object, bool flat, struct buf *out, struct err *err);

/* Append a form as one JSON object of strings, for people. */
void query_show(const char *text, size_t len, struct buf *out);

/* Reading: walk the pairs; name and value are appended decoded to bufs that
 * are reset first. Returns false at the end; a malformed pair is skipped. */
struct query_iter {
	const char *at, *end;
};
void query_each(const char *text, size_t len, struct query_iter *it);
bool query_next(struct query_iter *it, struct buf *name, struct buf *value);

#endif
