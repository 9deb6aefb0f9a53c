#include <string.h>

#include "s3_private.h"
#include "text.h"

/* A copy gives way to others after each slice. */
#define SLICE ((int64_t)4 << 20)
#define PIECE ((size_t)256 << 10)

/* "/bucket/key?versionId=null", the key percent-encoded. */
static int
read_source(
    struct request *r, const char **bucket, const char **key, size_t *key_len)
{
	const char *said = raw_header(r, "x-amz-copy-source");
	size_t len = strcspn(said, "?");
	struct buf plain = {0};
	bool good = text_unpercent(said, len, false, &plain) == 0;
	const char *at = request_copy(r, buf_text(&plain), plain.len);
	const char *end = at + plain.len;
	buf_clear(&plain);
	at += at < end && *at == '/';
	const char *slash = memchr(at, '/', (size_t)(end - at));
	if (!good || slash == NULL || slash == at || slash + 1 == end)
		return s3_invalid(r, "x-amz-copy-source", said,
		    "Copy Source must mention the source bucket and key: "
		    "sourcebucket/sourcekey");
	const char *version = strstr(said + len, "versionId=");
	if (version != NULL && strcmp(version + 10, "null") != 0)
		return s3_invalid(r, "versionId", version + 10,
		    "Invalid version id specified");
	*bucket = request_copy(r, at, (size_t)(slash - at));
	*key = slash + 1;
	*key_len = (size_t)(end - *key);
	return 0;
}

int
s3_source(struct request *r, struct s3_object *o)
{
	struct s3 *q = s3_of(r);
	const char *bucket = NULL, *key = NULL;
	size_t key_len = 0;
	if (q->from != NULL) {
		*o = *q->from;
		return 0;
	}
	if (read_source(r, &bucket, &key, &key_len) < 0 ||
	    s3_bucket_named(r, bucket) < 0)
		return -1;
	if (!s3_object_get(r, bucket, key, key_len, o)) {
		s3_more(r, "Key", key);
		return fail(
		    r, 404, "NoSuchKey", "The specified key does not exist.");
	}
	if (s3_condition_source(r, o) < 0)
		return -1;
	q->from = request_alloc(r, sizeof(*o));
	*q->from = *o;
	q->is_self = strcmp(bucket, q->bucket) == 0 && key_len == q->key_len &&
		     memcmp(key, q->key, key_len) == 0;
	q->source = s3_reader_new(r->lunad, o);
	return 0;
}

int
s3_copy_slice(struct request *r, int64_t from, int64_t size)
{
	static char piece[PIECE];
	struct s3 *q = s3_of(r);
	int64_t stop = size - q->copied > SLICE ? q->copied + SLICE : size;
	while (q->copied < stop) {
		int64_t left = stop - q->copied;
		ssize_t n =
		    s3_reader_read(q->source, (uint64_t)(from + q->copied),
			piece, left < (int64_t)PIECE ? (size_t)left : PIECE);
		if (n <= 0)
			return s3_broken(r);
		if (s3_incoming_take(r, piece, (size_t)n) < 0)
			return -1;
		q->copied += n;
	}
	return q->copied == size ? 0 : park(r, "s3", text_now() + 1);
}

/* The copy's own headers where a directive says so; -1 after fail(). */
static int
read_kept(struct request *r, struct s3_object *o)
{
	const struct s3_object *from = s3_of(r)->from;
	const char *meta = raw_header(r, "x-amz-metadata-directive");
	const char *tags = raw_header(r, "x-amz-tagging-directive");
	bool own = meta != NULL && strcmp(meta, "REPLACE") == 0;
	bool own_tags = tags != NULL && strcmp(tags, "REPLACE") == 0;
	if (meta != NULL && !own && strcmp(meta, "COPY") != 0)
		return s3_invalid(r, "x-amz-metadata-directive", meta,
		    "Unknown metadata directive.");
	if (tags != NULL && !own_tags && strcmp(tags, "COPY") != 0)
		return s3_invalid(r, "x-amz-tagging-directive", tags,
		    "Unknown tagging directive.");
	o->meta = from->meta;
	o->tags = from->tags;
	if ((own && s3_meta_read(r, &o->meta) < 0) ||
	    (own_tags && s3_tags_header(r, &o->tags) < 0) ||
	    s3_class_read(r, &o->class) < 0)
		return -1;
	if (!s3_of(r)->is_self || own || strcmp(o->class, from->class) != 0)
		return 0;
	return fail(r, 400, "InvalidRequest",
	    "This copy request is illegal because it is trying to copy an "
	    "object to itself without changing the object's metadata, storage "
	    "class, website redirect location or encryption attributes.");
}

static const struct s3_sum *
sum_of_copy(struct request *r)
{
	const char *name = raw_header(r, "x-amz-checksum-algorithm");
	const struct s3_sum *asked = name == NULL ? NULL : s3_sum_named(name);
	const struct s3_object *from = s3_of(r)->from;
	return asked != NULL       ? asked
	       : from->sum != NULL ? from->sum
				   : s3_sum_named("CRC64NVME");
}

static void
answer_copy(struct request *r, const struct s3_object *o)
{
	s3_begin(r, "CopyObjectResult");
	s3_tag_time(r->out, "LastModified", o->modified_ms);
	s3_tag(r->out, "ETag", request_format(r, "\"%s\"", o->etag));
	s3_tag(r->out, o->sum->element, o->sum_text);
	s3_tag(r->out, "ChecksumType", o->sum_type);
	s3_finish(r, "CopyObjectResult");
	s3_answer_encryption(r, o->meta);
}

int
s3_copy_object(struct request *r)
{
	struct s3 *q = s3_of(r);
	struct s3_object from, old, o = {.sum_type = "FULL_OBJECT"};
	if (s3_bucket(r) < 0 || s3_put_check(r) < 0 ||
	    s3_source(r, &from) < 0 || read_kept(r, &o) < 0)
		return -1;
	if (from.size > S3_OBJECT_MAX)
		return fail(r, 400, "InvalidRequest",
		    "The specified copy source is larger than the maximum "
		    "allowable size for a copy source: 5368709120");
	if (q->incoming == NULL)
		s3_incoming_begin(r, NULL, sum_of_copy(r));
	int more = s3_copy_slice(r, 0, from.size);
	if (more != 0)
		return more;
	bool there = s3_object_get(r, q->bucket, q->key, q->key_len, &old);
	if (s3_condition_write(r, there ? &old : NULL) < 0 ||
	    s3_incoming_end(r) < 0 || (o.id = s3_incoming_keep(r)) < 0)
		return -1;
	o.size = from.size;
	o.modified_ms = r->now_ms;
	o.etag = q->incoming->etag;
	o.sum = q->incoming->kept_how;
	o.sum_text = q->incoming->kept_text;
	s3_object_put(r->lunad, q->bucket, q->key, q->key_len, &o);
	answer_copy(r, &o);
	return 0;
}
