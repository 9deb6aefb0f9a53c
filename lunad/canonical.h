#ifndef LUNAD_CANONICAL_H
#define LUNAD_CANONICAL_H

#include "auth.h"
#include "buf.h"

/*
 * The canonical form of a request as it came, for auth.
 */

/* Lower-case names separated by ';'. */
struct canonical_list {
	const char *at;
	size_t len;
};
bool canonical_list_has(struct canonical_list list, const char *name);

/* The decoded value of a parameter in a target's query; out is reset. */
bool canonical_parameter(const char *target, const char *name, struct buf *out);

/*
 * Append the canonical request.
 *
 * presigned: X-Amz-Signature is left out of the query.
 * plain:     dot segments and doubled slashes of the path are removed and
 *            the path as sent is encoded once more: for all but S3.
 * payload:   what the body is signed as.
 */
void canonical_request(const struct auth_request *q,
    struct canonical_list signed_headers, bool presigned, bool plain,
    const char *payload, struct buf *out);

#endif
