#ifndef LUNA_OBJECT_H
#define LUNA_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "call.h"
#include "conf.h"
#include "err.h"

/*
 * An S3 address, s3://BUCKET/KEY, and the calls to it.
 *
 * Source: S3 User Guide, "General purpose bucket naming rules", "Naming
 *         Amazon S3 objects".
 */
struct object {
	char *bucket;
	char *key;    /* or a prefix of keys */
	char *path;   /* '/' and the key, percent-encoded */
	char *region; /* where the bucket was found; NULL: conf's */
};

/*
 * keyed: an object is wanted, not a bucket or a prefix.
 * Fails: ERR_SETUP "BadAddress".
 */
int object_init(struct object *o, const char *url, bool keyed, struct err *err);
void object_clear(struct object *o);

/*
 * Prepare call, zeroed or used before, for the bucket; its reply's header is
 * kept in header.
 *
 * path: of the object or of the bucket ("/"), with any query; borrowed.
 */
void object_call(const struct object *o, const char *method, const char *path,
    struct buf *header, struct call *call);

/*
 * Was the call refused because the bucket is in another region? Then o and
 * call know which, and the call can be started again. Never where an endpoint
 * is configured: it has no regions that luna knows.
 */
bool object_moved(struct object *o, struct call *call, const struct conf *conf);

/* A cyclic checksum as S3 writes it: base64 of its 4 or 8 bytes. */
#define OBJECT_SUM 13
void object_sum_text(uint64_t sum, size_t bytes, char out[static OBJECT_SUM]);
/* -1: it is none of a whole object: "…-3" is of three parts' checksums. */
int object_sum_read(const char *text, size_t len, size_t bytes, uint64_t *sum);

#endif
