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
#define S3_PART_NUMBER \
	"Part number must be an integer between 1 and 10000, inclusive"
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
	/* of a copy on its way */
	struct s3_reader *source;
	struct s3_object *from;
	bool is_self; /* it is copied onto itself */
	int64_t copied;
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
/* Is the version that the query names the only one there is? -1. */
int s3_version(struct request *r);

/* s3_sum.c: checksums by their names: "CRC32", header, element. */
#define S3_SUMS 5
struct s3_sum {
	enum sum_kind kind;
	const char *name, *header, *element;
	bool composite, full; /* types it can have of several parts */
};
extern const struct s3_sum s3_sums[S3_SUMS];
const struct s3_sum *s3_sum_named(const char *name); /* NULL: none */
/* "crc32", as messages write it. */
const char *s3_sum_word(const struct s3_sum *sum);
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
/* From any thread: files that are there now stay until the release. */
struct s3_hold;
struct s3_hold *s3_hold_new(void);
void s3_hold_free(struct s3_hold *h);
/* The bytes, the caller's to free, of a blob that is in its row; else NULL. */
char *s3_blob_bytes(struct lunad *l, int64_t id, size_t *len);
/* The descriptor of one that is in a file, or -1. */
int s3_blob_file(struct lunad *l, int64_t id);

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
void s3_object_put(struct lunad *l, const char *bucket, const char *key,
    size_t key_len, const struct s3_object *o);
bool s3_object_remove(
    struct lunad *l, const char *bucket, const char *key, size_t key_len);

/* Somebody else wrote or removed the key: what was begun before then cannot
 * be completed on a condition. */
struct s3_upload {
	int64_t id, started_ms;
	bool touched;
	const char *token, *class, *tags, *meta;
	const struct s3_sum *sum; /* NULL: none was chosen */
	const char *sum_type;
};

/* s3_reader.c: an object's bytes, wherever they are. They stay, whatever
 * becomes of the object, until it is freed. NULL: they cannot be read. */
struct s3_reader *s3_reader_new(struct lunad *l, const struct s3_object *o);
void s3_reader_free(struct s3_reader *d);
/* From pos on, at most max; 0 or less: it cannot be read. */
ssize_t s3_reader_read(struct s3_reader *d, uint64_t pos, char *to, size_t max);
/* The range of a part; false: there is none of that number. */
bool s3_piece(struct request *r, const struct s3_object *o, int64_t number,
    int64_t *start, int64_t *size, const char **sum_text);

/* s3_meta.c: the headers that an object keeps. -1 after fail(). */
int s3_meta_read(struct request *r, const char **meta);
void s3_meta_answer(struct request *r, const char *meta);
void s3_answer_encryption(struct request *r, const char *meta);
int s3_class_read(struct request *r, const char **class);

/* s3_condition.c: If-Match and its kin; -1 after fail(). o NULL: none. */
int s3_condition_read(struct request *r, const struct s3_object *o);
/* The same with the headers of a copy's source. */
int s3_condition_source(struct request *r, const struct s3_object *o);
int s3_condition_write(struct request *r, const struct s3_object *o);

/* s3_incoming.c: bytes on their way into a blob. */
struct s3_incoming {
	struct s3_blob *blob;
	int64_t size;
	struct sum *md5;
	/* The checksum that the object keeps, and the one that its sender
	 * told, where that is another. */
	const struct s3_sum *kept_how, *told_how;
	struct sum *kept, *told;
	/* of what came */
	const char *etag, *kept_text, *told_text;
};
/* The checksum that the sender tells, in a header or a trailer; or NULL. */
const struct s3_sum *s3_told(struct request *r);
/* Checks of a payload's headers; -1 after fail(). */
int s3_incoming_check(struct request *r, const struct s3_sum *told);
void s3_incoming_begin(
    struct request *r, const struct s3_sum *told, const struct s3_sum *kept);
int s3_incoming_take(struct request *r, const char *bytes, size_t len);
void s3_incoming_free(struct s3_incoming *in);
/* Is what came what was told? -1 after fail(). */
int s3_incoming_end(struct request *r);
/* The blob's id, or -1 after fail(). */
int64_t s3_incoming_keep(struct request *r);
/* Is the body that was collected what Content-MD5 and checksum headers say?
 * must: one of them has to be there. */
int s3_body_check(struct request *r, bool must);

/* s3_copy.c: what x-amz-copy-source names, as it was when it was first asked
 * for; -1 after fail(). */
int s3_source(struct request *r, struct s3_object *o);
/* Take size bytes of it from `from` on, a slice at a run. ANSWER_WAIT: that
 * is not yet all. */
int s3_copy_slice(struct request *r, int64_t from, int64_t size);

/* s3_tag.c: tags of an object, from a header's or a document's. */
int s3_tags_header(struct request *r, const char **tags);
int64_t s3_tags_count(const char *tags);
int s3_tags_add(
    struct request *r, struct buf *tags, const char *key, const char *value);
int s3_tags_document(
    struct request *r, const char *text, size_t len, struct buf *tags);
void s3_tags_put(struct request *r, const char *tags);

/* s3_upload.c: the upload that the query names, or -1 after fail(). */
int s3_upload_get(struct request *r, struct s3_upload *u);
void s3_upload_remove(struct lunad *l, int64_t id, bool blobs);

/* May what is to be written be written so: its key, its headers? */
int s3_put_check(struct request *r);

/* s3_setting.c: what a new bucket has. */
void s3_setting_begin(struct request *r, const char *bucket);

/* s3_lifecycle.c */
void s3_lifecycle_begin(struct lunad *l, int64_t now_ms);
int64_t s3_lifecycle_due(struct lunad *l);
void s3_lifecycle_run_due(struct lunad *l, int64_t now_ms);

/* The operations. */
int s3_get_setting(struct request *r);
int s3_put_setting(struct request *r);
int s3_delete_setting(struct request *r);
int s3_get_policy(struct request *r);
int s3_get_policy_status(struct request *r);
int s3_put_policy(struct request *r);
int s3_delete_policy(struct request *r);
int s3_get_acl(struct request *r);
int s3_put_acl(struct request *r);
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
int s3_delete_objects(struct request *r);
int s3_copy_object(struct request *r);
int s3_get_object_attributes(struct request *r);
int s3_create_upload(struct request *r);
int s3_abort_upload(struct request *r);
int s3_list_uploads(struct request *r);
int s3_part_begin(struct request *r);
int s3_upload_part(struct request *r);
int s3_upload_part_copy(struct request *r);
int s3_list_parts(struct request *r);
int s3_complete_upload(struct request *r);
int s3_get_object_tagging(struct request *r);
int s3_put_object_tagging(struct request *r);
int s3_delete_object_tagging(struct request *r);

#endif
