#ifndef LUNA_DOWNLOAD_H
#define LUNA_DOWNLOAD_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "ident.h"
#include "object.h"
#include "tool.h"

/*
 * S3 objects to stdout, one after the other. A small one costs one request;
 * of a larger one that request brings the first part, and ranges the others,
 * several at a time. A range that is cut goes on where it was, as long as the
 * object is the same (If-Match). What arrives in turn is written at once, what
 * arrives before its turn is kept.
 *
 * A CRC of the whole object (CRC-32, CRC-32C, CRC-64/NVME), where S3 keeps
 * one, is compared at its end: the bytes are written by then, and only the
 * status can tell. Where S3 has those of parts they are compared part by part.
 *
 * Memory: as given, but at least two parts of 8 MiB.
 *
 * Source: S3 API Reference, GetObject, GetObjectAttributes; S3 User Guide,
 *         "Checking object integrity".
 */
#define DOWNLOAD_PART ((int64_t)8 << 20)

struct download_about {
	struct object *object; /* whose regions may be found */
	size_t count;
	int64_t jobs; /* requests in flight */
	size_t memory;
};

/*
 * Write all objects to t's stdout.
 *
 * Returns: 0: all are written and as S3 has them, or stdout failed (t knows).
 * Fails:   as S3; ERR_REFUSED "ChecksumMismatch"; ERR_LATER "ObjectChanged",
 *          "Interrupted" (a signal). No object after one that failed is begun.
 */
int download_run(struct tool *t, struct ident *ident,
    const struct download_about *about, struct err *err);

#endif
