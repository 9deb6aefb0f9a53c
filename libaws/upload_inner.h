#ifndef LUNA_UPLOAD_INNER_H
#define LUNA_UPLOAD_INNER_H

#include "upload.h"

/*
 * What upload.c (stdin, parts and their order) and upload_call.c (requests and
 * replies) share.
 */

/* A part that is being filled, waits, or is on its way. */
struct upload_part {
	struct call call;
	char *data;
	size_t len, size, cap;
	uint32_t crc;
	int number; /* from 1 */
	char checksum[OBJECT_SUM];
	struct sigv4_header header;
	struct buf path, reply_header;
	struct upload_part *next;
};

/* What S3 has of a part. */
struct upload_sent {
	char etag[64];
	char checksum[OBJECT_SUM];
};

struct upload {
	struct tool *tool;
	struct caller *caller;
	const struct upload_about *about;
	struct err *err;

	/* stdin */
	int64_t expected; /* bytes; 0: not known */
	int64_t total;    /* read so far */
	uint32_t crc;     /* of the parts cut off so far */
	int parts;        /* so far */
	bool ended;
	struct upload_part *filling;
	struct upload_part *ready, **ready_end; /* full, not yet sent */
	struct upload_part *sending;
	struct upload_part *spare;
	size_t allocated; /* bytes in all parts */

	/* the upload */
	struct call create;
	bool creating;
	char *id; /* of the multipart upload; NULL: none (yet) */
	struct upload_sent *sent;
	size_t sent_cap;

	struct sigv4_header *header;
	struct buf path, body, reply_header;
	char checksum[OBJECT_SUM]; /* of the whole */
};

/* Begin a multipart upload; upload_created takes the answer. */
void upload_create(struct upload *u);
void upload_created(struct upload *u);
/* Send a part. */
void upload_send(struct upload *u, struct upload_part *p);
void upload_landed(struct upload *u, struct upload_part *p);
/* Make the object of the one part, or of all that were sent. */
int upload_put(struct upload *u, struct upload_part *p, struct buf *out);
int upload_complete(struct upload *u, struct buf *out);
/* Leave nothing behind. */
void upload_abort(struct upload *u);

#endif
