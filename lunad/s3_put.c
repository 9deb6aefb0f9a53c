#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mem.h"
#include "s3_private.h"
#include "text.h"

/* A checksum is told in a header, or will be in a trailer; else it is the
 * one that S3 itself makes of every object. */
static const struct s3_sum *
announced(struct request *r)
{
	const char *trailer = raw_header(r, "x-amz-trailer");
	const char *named = raw_header(r, "x-amz-sdk-checksum-algorithm");
	for (size_t i = 0; i < S3_SUMS; i++)
		if (raw_header(r, s3_sums[i].header) != NULL ||
		    (trailer != NULL &&
			strcasecmp(trailer, s3_sums[i].header) == 0))
			return &s3_sums[i];
	return named == NULL ? NULL : s3_sum_named(named);
}

static bool
decodes_to(const char *text, size_t size)
{
	struct buf b = {0};
	bool good = text_unbase64(text, strlen(text), &b) == 0 && b.len == size;
	buf_clear(&b);
	return good;
}

static int
check_headers(struct request *r, const struct s3_sum *how)
{
	const char *md5 = raw_header(r, "content-md5");
	if (md5 != NULL && !decodes_to(md5, sum_size(SUM_MD5))) {
		s3_more(r, "Content-MD5", md5);
		return fail(r, 400, "InvalidDigest",
		    "The Content-MD5 you specified was invalid.");
	}
	size_t told = 0;
	for (size_t i = 0; i < S3_SUMS; i++)
		told += raw_header(r, s3_sums[i].header) != NULL;
	if (told > 1)
		return fail(r, 400, "InvalidRequest",
		    "Expecting a single x-amz-checksum- header. Multiple "
		    "checksum Types are not allowed.");
	const char *sum = how == NULL ? NULL : raw_header(r, how->header);
	if (sum != NULL && !decodes_to(sum, sum_size(how->kind)))
		return fail(r, 400, "InvalidRequest",
		    "Value for %s header is invalid.", how->header);
	return 0;
}

int
s3_incoming_begin(struct request *r)
{
	struct s3 *q = s3_of(r);
	const struct s3_sum *how = announced(r);
	int64_t size = raw_length(r);
	if (size < 0)
		return fail(r, 411, "MissingContentLength",
		    "You must provide the Content-Length HTTP header.");
	if (size > S3_OBJECT_MAX) {
		s3_more_int(r, "ProposedSize", size);
		s3_more_int(r, "MaxSizeAllowed", S3_OBJECT_MAX);
		return fail(r, 400, "EntityTooLarge",
		    "Your proposed upload exceeds the maximum allowed size");
	}
	if (check_headers(r, how) < 0)
		return -1;
	struct s3_incoming *in = mem_alloc(sizeof(*in));
	in->blob = s3_blob_new(r->lunad);
	in->how = how;
	in->md5 = sum_new(SUM_MD5);
	q->incoming = in;
	return 0;
}

void
s3_incoming_sum(struct request *r, const struct s3_sum *otherwise)
{
	struct s3_incoming *in = s3_of(r)->incoming;
	if (in->how == NULL)
		in->how = otherwise;
	if (in->how != NULL)
		in->sum = sum_new(in->how->kind);
}

int
s3_incoming_take(struct request *r, const char *bytes, size_t len)
{
	struct s3_incoming *in = s3_of(r)->incoming;
	in->size += (int64_t)len;
	sum_add(in->md5, bytes, len);
	if (in->sum != NULL)
		sum_add(in->sum, bytes, len);
	return s3_blob_add(in->blob, bytes, len) < 0 ? s3_broken(r) : 0;
}

void
s3_incoming_free(struct s3_incoming *in)
{
	if (in == NULL)
		return;
	s3_blob_drop(in->blob);
	sum_free(in->md5);
	sum_free(in->sum);
	free(in);
}

static const char *
hex_of(struct request *r, const uint8_t *bytes, size_t len)
{
	struct buf b = {0};
	text_hex(bytes, len, &b);
	char *text = request_copy(r, b.data, b.len);
	buf_clear(&b);
	return text;
}

int
s3_incoming_end(struct request *r, const char **etag, const char **sum_text)
{
	struct s3_incoming *in = s3_of(r)->incoming;
	uint8_t raw[SUM_MAX];
	size_t len = sum_end(in->md5, raw);
	const char *want = raw_header(r, "content-md5");
	const char *is = s3_sum_text(r, raw, len);
	*etag = hex_of(r, raw, len);
	if (want != NULL && strcmp(want, is) != 0) {
		s3_more(r, "ExpectedDigest", want);
		s3_more(r, "CalculatedDigest", is);
		return fail(r, 400, "BadDigest",
		    "The Content-MD5 you specified did not match what we "
		    "received.");
	}
	*sum_text = NULL;
	if (in->sum == NULL)
		return 0;
	len = sum_end(in->sum, raw);
	*sum_text = s3_sum_text(r, raw, len);
	want = raw_header(r, in->how->header);
	if (want != NULL && strcmp(want, *sum_text) != 0)
		return fail(r, 400, "BadDigest",
		    "The %s you specified did not match the calculated "
		    "checksum.",
		    in->how->name);
	return 0;
}

int
s3_put_begin(struct request *r)
{
	if (s3_bucket(r) < 0 || s3_put_check(r) < 0 || s3_incoming_begin(r) < 0)
		return -1;
	s3_incoming_sum(r, s3_sum_named("CRC64NVME"));
	return 0;
}

int
s3_put_check(struct request *r)
{
	const struct s3 *q = s3_of(r);
	const char *acl = raw_header(r, "x-amz-acl");
	if (q->key_len > S3_KEY_MAX) {
		s3_more_int(r, "Size", (int64_t)q->key_len);
		s3_more_int(r, "MaxSizeAllowed", S3_KEY_MAX);
		return fail(r, 400, "KeyTooLongError", "Your key is too long");
	}
	if (acl != NULL && strcmp(acl, "private") != 0 &&
	    strcmp(acl, "bucket-owner-full-control") != 0)
		return fail(r, 400, "AccessControlListNotSupported",
		    "The bucket does not allow ACLs");
	if (raw_header(r, "x-amz-server-side-encryption-customer-algorithm") !=
	    NULL)
		return s3_missing_feature(
		    r, "x-amz-server-side-encryption-customer-algorithm", NULL);
	return 0;
}

int
s3_put_object(struct request *r)
{
	struct s3 *q = s3_of(r);
	struct s3_object old, o = {.tags = "", .sum_type = "FULL_OBJECT"};
	bool there = s3_object_get(r, q->bucket, q->key, q->key_len, &old);
	if (s3_bucket(r) < 0 ||
	    s3_condition_write(r, there ? &old : NULL) < 0 ||
	    s3_meta_read(r, &o.meta) < 0 || s3_class_read(r, &o.class) < 0 ||
	    s3_incoming_end(r, &o.etag, &o.sum_text) < 0)
		return -1;
	o.size = q->incoming->size;
	o.modified_ms = r->now_ms;
	o.sum = q->incoming->how;
	o.id = s3_blob_keep(q->incoming->blob);
	q->incoming->blob = NULL;
	if (o.id < 0)
		return s3_broken(r);
	s3_object_put(r, q->bucket, q->key, q->key_len, &o);
	raw_answer(r, "ETag", request_format(r, "\"%s\"", o.etag));
	raw_answer(r, "x-amz-server-side-encryption", "AES256");
	raw_answer(r, o.sum->header, o.sum_text);
	raw_answer(r, "x-amz-checksum-type", o.sum_type);
	return 0;
}
