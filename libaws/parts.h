#ifndef LUNA_PARTS_H
#define LUNA_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

/*
 * The parts that an S3 object was uploaded in, where its checksum is one of
 * their checksums (COMPOSITE): each is compared by itself. Pure.
 *
 * Source: S3 API Reference, GetObjectAttributes.
 */
struct part {
	int64_t size;
	uint64_t sum;
};

struct parts {
	struct part *part;
	size_t count, cap;
	int64_t size;    /* of all */
	struct buf next; /* the marker of the next page; empty: no more */
	int64_t marker;  /* the same as a number; 0: none yet */

	size_t at;    /* the part that is being read */
	int64_t left; /* of it */
};

void parts_clear(struct parts *p);

/*
 * Add a page of ObjectParts.
 *
 * name:  of the checksum, "ChecksumCRC32"; bytes: in it.
 * etag:  of the object, with its quotes.
 * Fails: ERR_LATER "InvalidReply": it is not what it should be, or of
 *        another object.
 */
int parts_add(struct parts *p, const char *reply, size_t len, const char *name,
    size_t bytes, const char *etag, struct err *err);

/* How many of the next len bytes are of the part that is being read. */
size_t parts_run(const struct parts *p, size_t len);
/* So many have been read, and their sum is that. 1: the part is whole and is
 * what was stored, begin the next; 0: it goes on; -1: it is not. */
int parts_read(struct parts *p, size_t len, uint64_t sum);

#endif
