#ifndef LUNA_UPLOAD_H
#define LUNA_UPLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "ident.h"
#include "object.h"
#include "sigv4.h"
#include "tool.h"

/*
 * Stdin to an S3 object. What fits into one part is one PutObject; more is
 * sent in parts, several at a time, each kept until S3 has it. The object is
 * there when stdin has ended well and S3 has compared the CRC-32 of the whole;
 * after anything else (a refusal, a read error, a signal) the upload is
 * aborted and nothing is.
 *
 * A part is 8 MiB or a thousandth of what has been sent, whichever is more,
 * so that 10,000 parts hold 19 TB of unknown length; of a known one (a file,
 * or as said) it is 8 MiB or what gives 9,500 parts.
 *
 * Memory: as given, but at least two parts.
 *
 * Source: S3 User Guide, "Multipart upload overview", "multipart upload
 *         limits", "Checking object integrity".
 */
#define UPLOAD_PART ((int64_t)8 << 20)
#define UPLOAD_MOST_PARTS 10000
#define UPLOAD_LARGEST_PART ((int64_t)5 << 30)

struct upload_about {
	struct object *object; /* whose region may be found */
	const char *content_type;
	const struct sigv4_header *header; /* more of the object's, borrowed */
	size_t header_count;
	bool only_new; /* refused if there is such an object */
	int64_t size;  /* expected; 0: not known */
	int64_t jobs;  /* requests in flight */
	size_t memory;
};

/*
 * The size of a part, when sent bytes went before it.
 * expected: 0: not known.
 */
int64_t upload_part_size(int64_t sent, int64_t expected);

/*
 * out: one record of what is there now: {"Bucket","Key","Size","ETag",
 *      "ChecksumCRC32"[,"VersionId"]}.
 * Fails: as S3; ERR_SETUP "ReadFailed": stdin; ERR_REFUSED "TooLarge";
 *        ERR_LATER "Interrupted" (a signal).
 */
int upload_run(struct tool *t, struct ident *ident,
    const struct upload_about *about, struct buf *out, struct err *err);

#endif
