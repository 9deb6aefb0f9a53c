#ifndef LUNAD_S3_H
#define LUNAD_S3_H

#include <sys/types.h>

#include "lunad.h"

/*
 * Objects of S3 for other services of lunad (Athena, Glue's crawlers): read
 * from a thread of their own, written in pieces from there too.
 *
 * A view is what was committed when it was opened. It has a connection of its
 * own, for reading alone, and is used by one thread at a time. What it shows
 * stays readable until it is closed, whatever becomes of the objects; so a
 * view is not kept for long.
 */
struct s3_view;
/* NULL: the store cannot be read; said on stderr. */
struct s3_view *s3_view_open(struct lunad *l);
void s3_view_close(struct s3_view *v);
/* Is there a bucket of this name? */
bool s3_view_bucket(struct s3_view *v, const char *bucket);

/* Objects in the order of their keys' bytes; valid until the next call. */
struct s3_entry {
	const char *key; /* NUL-terminated as well */
	size_t key_len;
	int64_t size, modified_ms;
	const char *etag; /* without quotes */
};
/* Begin with those whose keys begin with prefix; one walk at a time. */
void s3_view_list(struct s3_view *v, const char *bucket, const char *prefix);
bool s3_view_next(struct s3_view *v, struct s3_entry *e);

/* An object's bytes from first to last; also during a walk. NULL: there is
 * no such object. To be freed before the view is closed. */
struct s3_stream;
struct s3_stream *s3_stream_open(
    struct s3_view *v, const char *bucket, const char *key, size_t key_len);
/* At most max bytes; 0 at the end; -1: they cannot be read, and errno. */
ssize_t s3_stream_read(struct s3_stream *t, char *to, size_t max);
void s3_stream_free(struct s3_stream *t);

/*
 * Write an object: begun and ended by the main thread, in a handler or a due
 * event, so that it becomes visible with the rest of what that does; bytes
 * are added by any one thread. -1: they could not be written.
 */
struct s3_write;
struct s3_write *s3_write_new(struct lunad *l);
int s3_write_add(struct s3_write *w, const char *bytes, size_t len);
void s3_write_drop(struct s3_write *w); /* nothing is left of it */
/*
 * type:   the Content-Type.
 * etag:   the MD5 in hex; or NULL.
 * Returns 0, or the HTTP status of the error; w is freed either way.
 */
int s3_write_end(struct s3_write *w, const char *bucket, const char *key,
    size_t key_len, const char *type, char etag[33],
    struct lunad_failure *failure);

#endif
