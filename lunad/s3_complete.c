#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "mem.h"
#include "s3_private.h"
#include "text.h"
#include "xml.h"

/* What is made of the parts, one after the other. */
struct whole {
	const struct s3_upload *u;
	struct sum *md5; /* of the parts' MD5s */
	struct sum *sum; /* of the parts' checksums; composite only */
	uint64_t joined; /* the CRC of all */
	int64_t size, count, last_number, last_size;
	const char *last_etag;
};

static bool
is_composite(const struct s3_upload *u)
{
	return u->sum_type != NULL && strcmp(u->sum_type, "COMPOSITE") == 0;
}

static const struct s3_sum *
sum_of(const struct s3_upload *u)
{
	return u->sum != NULL ? u->sum : s3_sum_named("CRC64NVME");
}

static int
no_part(
    struct request *r, const struct whole *w, int64_t number, const char *etag)
{
	s3_more(r, "UploadId", w->u->token);
	s3_more_int(r, "PartNumber", number);
	s3_more(r, "ETag", etag);
	return fail(r, 400, "InvalidPart",
	    "One or more of the specified parts could not be found.  The part "
	    "may not have been uploaded, or the specified entity tag may not "
	    "match the part's entity tag.");
}

static int
check_small(struct request *r, const struct whole *w)
{
	if (w->count == 0 || w->last_size >= S3_PART_LEAST)
		return 0;
	s3_more_int(r, "ProposedSize", w->last_size);
	s3_more_int(r, "MinSizeAllowed", S3_PART_LEAST);
	s3_more_int(r, "PartNumber", w->last_number);
	s3_more(r, "ETag", w->last_etag);
	return fail(r, 400, "EntityTooSmall",
	    "Your proposed upload is smaller than the minimum allowed size");
}

/* The checksum that the request tells of a part. */
static int
check_told(struct request *r, const struct whole *w, const struct xml *part,
    int64_t number, const char *etag, const char *is)
{
	const struct s3_sum *mine = w->u->sum;
	bool told = false;
	for (size_t i = 0; i < S3_SUMS; i++) {
		const char *text = xml_text(part, s3_sums[i].element);
		if (text == NULL)
			continue;
		told = true;
		if (mine != NULL && mine != &s3_sums[i])
			return fail(r, 400, "BadDigest",
			    "The %s you specified for part %" PRId64
			    " did not match what we received.",
			    s3_sum_word(&s3_sums[i]), number);
		if (mine == NULL || strcmp(text, is) != 0)
			return no_part(r, w, number, etag);
	}
	if (told || !is_composite(w->u))
		return 0;
	return fail(r, 400, "InvalidRequest",
	    "The upload was created using a %s checksum. The complete request "
	    "must include the checksum for each part. It was missing for part "
	    "%" PRId64 " in the request.",
	    s3_sum_word(mine), number);
}

static void
add_hex(struct sum *to, const char *hex)
{
	for (; hex[0] != '\0' && hex[1] != '\0'; hex += 2) {
		unsigned byte = 0;
		for (int i = 0; i < 2; i++)
			byte = byte << 4 |
			       (unsigned)(hex[i] <= '9' ? hex[i] - '0'
							: hex[i] - 'a' + 10);
		uint8_t one = (uint8_t)byte;
		sum_add(to, &one, 1);
	}
}

static void
add_sum(struct whole *w, const char *text, int64_t size)
{
	struct buf raw = {0};
	text_unbase64(text, strlen(text), &raw);
	if (w->sum != NULL) {
		sum_add(w->sum, buf_text(&raw), raw.len);
	} else {
		uint64_t crc = 0;
		for (size_t i = 0; i < raw.len; i++)
			crc = crc << 8 | (uint8_t)raw.data[i];
		w->joined = sum_join(
		    sum_of(w->u)->kind, w->joined, crc, (uint64_t)size);
	}
	buf_clear(&raw);
}

/* An ETag as it was told, without its quotes. */
static const char *
plain_etag(struct request *r, const char *told)
{
	size_t len = told == NULL ? 0 : strlen(told);
	if (len >= 2 && told[0] == '"' && told[len - 1] == '"')
		return request_copy(r, told + 1, len - 2);
	return request_copy(r, told == NULL ? "" : told, len);
}

static int
add_part(struct request *r, struct whole *w, const struct xml *part)
{
	const char *text = xml_text(part, "PartNumber");
	const char *told = xml_text(part, "ETag");
	int64_t number;
	if (strcmp(part->name, "Part") != 0 || text == NULL || told == NULL ||
	    text_integer(text, 1, S3_PARTS_MAX, &number) < 0)
		return s3_malformed(r);
	if (number <= w->last_number) {
		s3_more(r, "UploadId", w->u->token);
		return fail(r, 400, "InvalidPartOrder",
		    "The list of parts was not in ascending order. Parts must "
		    "be ordered by part number.");
	}
	const char *etag = plain_etag(r, told);
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT blob, size, etag, sum_text FROM s3_part"
	    " WHERE upload = ? AND number = ?",
	    "ii", w->u->id, number);
	if (!store_next(q))
		return no_part(r, w, number, etag);
	int64_t blob = store_int(q, 0), size = store_int(q, 1);
	const char *is = request_format(r, "%s", store_text(q, 2));
	const char *sum = request_format(r, "%s", store_text(q, 3));
	store_end(q);
	if (strcmp(is, etag) != 0)
		return no_part(r, w, number, etag);
	if (check_told(r, w, part, number, etag, sum) < 0 ||
	    check_small(r, w) < 0)
		return -1;
	add_hex(w->md5, is);
	add_sum(w, sum, size);
	store_do(r->store,
	    "INSERT INTO s3_piece (object, number, start, size, blob, sum_text)"
	    " VALUES (?, ?, ?, ?, ?, ?)",
	    "iiiiit", w->u->id, number, w->size, size, blob,
	    w->u->sum == NULL ? NULL : sum);
	w->size += size;
	w->count++;
	w->last_number = number;
	w->last_size = size;
	w->last_etag = is;
	return 0;
}

static int
add_parts(struct request *r, struct whole *w)
{
	struct err err;
	size_t len;
	const char *body = raw_body(r, &len);
	struct xml *x = xml_parse(body, len, &err);
	int rc = 0;
	if (x == NULL || strcmp(x->name, "CompleteMultipartUpload") != 0 ||
	    x->child == NULL)
		rc = s3_malformed(r);
	for (const struct xml *part = rc < 0 ? NULL : x->child;
	     part != NULL && rc == 0; part = part->next)
		rc = add_part(r, w, part);
	xml_free(x);
	return rc;
}

/* "crc", or "crc of crcs-N". */
static const char *
sum_text(struct request *r, struct whole *w)
{
	uint8_t raw[SUM_MAX];
	if (w->sum != NULL) {
		size_t len = sum_end(w->sum, raw);
		return request_format(
		    r, "%s-%" PRId64, s3_sum_text(r, raw, len), w->count);
	}
	size_t len = sum_size(sum_of(w->u)->kind);
	for (size_t i = 0; i < len; i++)
		raw[i] = (uint8_t)(w->joined >> 8 * (len - 1 - i));
	return s3_sum_text(r, raw, len);
}

static const char *
etag_of(struct request *r, struct whole *w)
{
	uint8_t raw[SUM_MAX];
	struct buf hex = {0};
	sum_end(w->md5, raw);
	text_hex(raw, sum_size(SUM_MD5), &hex);
	const char *etag = request_format(r, "%s-%" PRId64, hex.data, w->count);
	buf_clear(&hex);
	return etag;
}

static int
check_type(struct request *r, const struct s3_upload *u)
{
	const char *type = raw_header(r, "x-amz-checksum-type");
	if (type == NULL ||
	    (u->sum_type != NULL && strcmp(type, u->sum_type) == 0))
		return 0;
	return fail(r, 400, "InvalidRequest",
	    "The upload was created using the %s checksum mode. The complete "
	    "request must use the same checksum mode.",
	    u->sum_type == NULL ? "null" : u->sum_type);
}

/* What the request tells of the whole. */
static int
check_whole(struct request *r, const struct whole *w, const struct s3_object *o)
{
	const char *size = raw_header(r, "x-amz-mp-object-size");
	int64_t said;
	for (size_t i = 0; i < S3_SUMS; i++) {
		const char *told = raw_header(r, s3_sums[i].header);
		if (told != NULL &&
		    (o->sum != &s3_sums[i] || strcmp(told, o->sum_text) != 0))
			return fail(r, 400, "BadDigest",
			    "The %s you specified did not match the "
			    "calculated checksum.",
			    s3_sum_word(o->sum));
	}
	if (size == NULL ||
	    (text_integer(size, 0, INT64_MAX, &said) == 0 && said == w->size))
		return 0;
	return fail(r, 400, "InvalidRequest",
	    "The provided 'x-amz-mp-object-size' header value %s does not "
	    "match what was computed: %" PRId64,
	    size, w->size);
}

/* The key was written or removed after the upload began: its condition may
 * hold, but not by what its sender knows. */
static int
check_touched(struct request *r, const struct s3_upload *u)
{
	const char *which = raw_header(r, "if-match") != NULL ? "If-Match"
			    : raw_header(r, "if-none-match") != NULL
				? "If-None-Match"
				: NULL;
	if (which == NULL || !u->touched)
		return 0;
	s3_more(r, "Condition", which);
	s3_more(r, "Key", s3_of(r)->key);
	return fail(r, 409, "ConditionalRequestConflict",
	    "The conditional request cannot succeed due to a conflicting "
	    "operation against this resource.");
}

/* Parts that the request does not name go. */
static void
drop_rest(struct request *r, const struct s3_upload *u)
{
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT blob FROM s3_part WHERE upload = ?1 AND number NOT IN"
	    " (SELECT number FROM s3_piece WHERE object = ?1)",
	    "i", u->id);
	while (store_next(q))
		s3_blob_remove(r->lunad, store_int(q, 0));
	s3_upload_remove(r->lunad, u->id, false);
}

static void
answer(struct request *r, const struct s3_object *o)
{
	const struct s3 *q = s3_of(r);
	const char *host = raw_header(r, "host");
	struct buf path = {0};
	text_percent(q->key, q->key_len, false, &path);
	s3_begin(r, "CompleteMultipartUploadResult");
	s3_tag(r->out, "Location",
	    request_format(r, "http://%s/%s/%s", host == NULL ? "" : host,
		q->bucket, buf_text(&path)));
	buf_clear(&path);
	s3_tag(r->out, "Bucket", q->bucket);
	s3_tag_key(r->out, "Key", q->key, q->key_len, false);
	s3_tag(r->out, "ETag", request_format(r, "\"%s\"", o->etag));
	s3_tag(r->out, o->sum->element, o->sum_text);
	s3_tag(r->out, "ChecksumType", o->sum_type);
	s3_finish(r, "CompleteMultipartUploadResult");
	s3_answer_encryption(r, o->meta);
}

static int
complete(struct request *r, struct whole *w)
{
	const struct s3 *q = s3_of(r);
	const struct s3_upload *u = w->u;
	struct s3_object old;
	bool there = s3_object_get(r, q->bucket, q->key, q->key_len, &old);
	if (s3_condition_write(r, there ? &old : NULL) < 0 ||
	    check_touched(r, u) < 0 || check_type(r, u) < 0 ||
	    add_parts(r, w) < 0)
		return -1;
	struct s3_object o = {.id = u->id,
	    .size = w->size,
	    .modified_ms = r->now_ms,
	    .parts = w->count,
	    .etag = etag_of(r, w),
	    .meta = u->meta,
	    .tags = u->tags,
	    .class = u->class,
	    .sum = sum_of(u),
	    .sum_text = sum_text(r, w),
	    .sum_type = u->sum_type == NULL ? "FULL_OBJECT" : u->sum_type};
	if (check_whole(r, w, &o) < 0)
		return -1;
	drop_rest(r, u);
	s3_object_put(r->lunad, q->bucket, q->key, q->key_len, &o);
	answer(r, &o);
	return 0;
}

int
s3_complete_upload(struct request *r)
{
	struct s3_upload u;
	if (s3_bucket(r) < 0 || s3_upload_get(r, &u) < 0)
		return -1;
	struct whole w = {.u = &u, .md5 = sum_new(SUM_MD5)};
	if (is_composite(&u))
		w.sum = sum_new(u.sum->kind);
	int rc = complete(r, &w);
	sum_free(w.md5);
	sum_free(w.sum);
	return rc;
}
