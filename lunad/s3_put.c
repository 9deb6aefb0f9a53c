#include <string.h>
#include <strings.h>

#include "s3_private.h"

/* Of every object that tells none, S3 makes this checksum itself. */
#define OWN_SUM "CRC64NVME"

int
s3_put_begin(struct request *r)
{
	const struct s3_sum *told = s3_told(r);
	if (s3_bucket(r) < 0 || s3_put_check(r) < 0 ||
	    s3_incoming_check(r, told) < 0)
		return -1;
	s3_incoming_begin(r, told, told != NULL ? told : s3_sum_named(OWN_SUM));
	return 0;
}

static int
no_lists(struct request *r)
{
	return fail(r, 400, "AccessControlListNotSupported",
	    "The bucket does not allow ACLs");
}

int
s3_put_check(struct request *r)
{
	const struct s3 *q = s3_of(r);
	const char *acl = raw_header(r, "x-amz-acl"), *name, *value;
	for (size_t i = 0; raw_header_at(r, i, &name, &value); i++) {
		if (strncasecmp(name, "x-amz-grant-", 12) == 0)
			return no_lists(r);
		if (strncasecmp(name, "x-amz-object-lock-", 18) == 0)
			return fail(r, 400, "InvalidRequest",
			    "Bucket is missing Object Lock Configuration");
	}
	if (q->key_len > S3_KEY_MAX) {
		s3_more_int(r, "Size", (int64_t)q->key_len);
		s3_more_int(r, "MaxSizeAllowed", S3_KEY_MAX);
		return fail(r, 400, "KeyTooLongError", "Your key is too long");
	}
	if (acl != NULL && strcmp(acl, "private") != 0 &&
	    strcmp(acl, "bucket-owner-full-control") != 0)
		return no_lists(r);
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
	struct s3_incoming *in = q->incoming;
	struct s3_object old, o = {.sum_type = "FULL_OBJECT"};
	bool there = s3_object_get(r, q->bucket, q->key, q->key_len, &old);
	if (s3_bucket(r) < 0 ||
	    s3_condition_write(r, there ? &old : NULL) < 0 ||
	    s3_meta_read(r, &o.meta) < 0 || s3_class_read(r, &o.class) < 0 ||
	    s3_tags_header(r, &o.tags) < 0 || s3_incoming_end(r) < 0 ||
	    (o.id = s3_incoming_keep(r)) < 0)
		return -1;
	o.size = in->size;
	o.modified_ms = r->now_ms;
	o.etag = in->etag;
	o.sum = in->kept_how;
	o.sum_text = in->kept_text;
	s3_object_put(r->lunad, q->bucket, q->key, q->key_len, &o);
	raw_answer(r, "ETag", request_format(r, "\"%s\"", o.etag));
	s3_answer_encryption(r, o.meta);
	raw_answer(r, o.sum->header, o.sum_text);
	raw_answer(r, "x-amz-checksum-type", o.sum_type);
	return 0;
}
