#ifndef LUNAD_S3_PRIVATE_H
#define LUNAD_S3_PRIVATE_H

#include "lunad.h"
#include "raw.h"
#include "store.h"
#include "sum.h"

/*
 * What the files of S3 share.
 *
 * A bucket's objects are rows in the order of their keys' bytes; an object's
 * bytes are a blob (s3_blob.c) or, of a multipart upload, its parts' blobs
 * one after the other: completing one moves no byte.
 */
#define S3_KEY_MAX 1024
#define S3_PARTS_MAX 10000
#define S3_PART_LEAST (5 << 20)
#define S3_OBJECT_MAX (INT64_C(5) << 30) /* by one PutObject, and a part */
#define S3_PAGE 1000
#define S3_XMLNS "http://s3.amazonaws.com/doc/2006-03-01/"
#define S3_HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

struct s3_pair {
	const char *name, *value; /* decoded */
	size_t value_len;
};

/* A request: what its path, host and query say. */
struct s3 {
	const char *bucket; /* NULL: of none */
	const char *key;    /* NULL: of none */
	size_t key_len;
	struct s3_pair *query;
	size_t queries;
	struct s3_incoming *incoming;
};

/* s3_route.c */
bool s3_wants(struct request *r);
const struct operation *s3_route(struct request *r);
/* Also of a request that is another service's call. */
struct s3 *s3_of(struct request *r);
/* NULL when it is not there. */
const char *s3_query(struct request *r, const char *name);
/* A whole number of the query; -1 after fail(). Above high it is high. */
int s3_query_int(struct request *r, const char *name, int64_t otherwise,
    int64_t high, int64_t *out);

/* s3_error.c: a failure's own members come first. */
void s3_more(struct request *r, const char *name, const char *value);
void s3_more_int(struct request *r, const char *name, int64_t value);
int s3_no_bucket(struct request *r, const char *bucket);
int s3_no_key(struct request *r);
int s3_malformed(struct request *r);
int s3_invalid(struct request *r, const char *name, const char *value,
    const char *message);
int s3_broken(struct request *r); /* a file could not be read or written */
int s3_missing_feature(
    struct request *r, const char *header, const char *message);

/* s3_xml.c: elements of replies. */
void s3_tag(struct buf *out, const char *name, const char *text);
void s3_tag_int(struct buf *out, const char *name, int64_t value);
void s3_tag_bool(struct buf *out, const char *name, bool value);
void s3_tag_time(struct buf *out, const char *name, int64_t ms);
/* A key, as it is or percent-encoded. */
void s3_tag_key(struct buf *out, const char *name, const char *key, size_t len,
    bool encoded);
void s3_begin(struct request *r, const char *root);
void s3_finish(struct request *r, const char *root);
/* "Sat, 21 Nov 2026 01:43:07 GMT" in the request's memory, and back. */
const char *s3_date(struct request *r, int64_t ms);
bool s3_read_date(const char *text, int64_t *ms);

/* s3_bucket.c: the request's bucket is there and its caller's, or -1. */
int s3_bucket(struct request *r);
/* The same of any bucket. */
int s3_bucket_named(struct request *r, const char *name);

/* s3_sum.c: checksums by their names: "CRC32", header, element. */
#define S3_SUMS 5
struct s3_sum {
	enum sum_kind kind;
	const char *name, *header, *element;
	bool composite, full; /* types it can have of several parts */
};
extern const struct s3_sum s3_sums[S3_SUMS];
const struct s3_sum *s3_sum_named(const char *name); /* NULL: none */
const char *s3_sum_text(struct request *r, const uint8_t *sum, size_t len);

/* s3_blob.c */
struct s3_blob;
void s3_blob_open_all(struct lunad *l);
int64_t s3_blob_due(struct lunad *l);
void s3_blob_run_due(struct lunad *l);
int64_t s3_new_id(void);
struct s3_blob *s3_blob_new(struct lunad *l);
/* -1: could not be written. */
int s3_blob_add(struct s3_blob *b, const char *bytes, size_t len);
/* In a savepoint: the blob's id, or -1; b is kept or not, and freed. */
int64_t s3_blob_keep(struct s3_blob *b);
void s3_blob_drop(struct s3_blob *b); /* freed, and nothing is left of it */
/* In a savepoint: remove a kept blob. */
void s3_blob_remove(struct lunad *l, int64_t id);
/* A file's descriptor, or -1 with bytes and *len when it is in the row;
 * NULL bytes: it cannot be read. */
int s3_blob_read(
    struct request *r, int64_t id, const char **bytes, size_t *len);

/* s3_object.c: objects as rows. */
struct s3_object {
	int64_t id; /* of its blob, or of its parts */
	int64_t size, modified_ms, parts;
	const char *etag; /* without quotes */
	const char *meta; /* lines "name:value" */
	const char *tags; /* lines "key=value", both percent-encoded; "" */
	const char *class;
	const struct s3_sum *sum; /* or NULL */
	const char *sum_text, *sum_type;
};
/* false: there is none. What it points to lives as long as the request. */
bool s3_object_get(struct request *r, const char *bucket, const char *key,
    size_t key_len, struct s3_object *o);
/* In place of the one that is there. */
void s3_object_put(struct request *r, const char *bucket, const char *key,
    size_t key_len, const struct s3_object *o);
bool s3_object_remove(
    struct request *r, const char *bucket, const char *key, size_t key_len);

/* s3_meta.c: the headers that an object keeps. -1 after fail(). */
int s3_meta_read(struct request *r, const char **meta);
void s3_meta_answer(struct request *r, const char *meta);
int s3_class_read(struct request *r, const char **class);

/* s3_condition.c: If-Match and its kin; -1 after fail(). o NULL: none. */
int s3_condition_read(struct request *r, const struct s3_object *o);
int s3_condition_write(struct request *r, const struct s3_object *o);

/* s3_put.c: a payload on its way into a blob. */
struct s3_incoming {
	struct s3_blob *blob;
	struct sum *md5, *sum;
	const struct s3_sum *how;
	int64_t size;
};
int s3_incoming_begin(struct request *r);
int s3_incoming_take(struct request *r, const char *bytes, size_t len);
void s3_incoming_free(struct s3_incoming *in);
/* What came is what was announced: its ETag and checksum, or -1. */
int s3_incoming_end(
    struct request *r, const char **etag, const char **sum_text);

/* May what is to be written be written so: its key, its headers? */
int s3_put_check(struct request *r);
/* The checksum that is made when none was announced; NULL: none. */
void s3_incoming_sum(struct request *r, const struct s3_sum *otherwise);

/* The operations. */
int s3_list_buckets(struct request *r);
int s3_create_bucket(struct request *r);
int s3_head_bucket(struct request *r);
int s3_delete_bucket(struct request *r);
int s3_get_bucket_location(struct request *r);
int s3_list_objects(struct request *r);
int s3_list_objects_v2(struct request *r);
int s3_put_begin(struct request *r);
int s3_put_object(struct request *r);
int s3_get_object(struct request *r);
int s3_delete_object(struct request *r);

#endif
