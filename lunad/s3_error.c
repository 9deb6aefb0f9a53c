#include <inttypes.h>
#include <string.h>

#include "s3_private.h"
#include "xml.h"

void
s3_more(struct request *r, const char *name, const char *value)
{
	struct buf *out = &r->error_more;
	buf_addf(out, "<%s>", name);
	xml_escape(value, strlen(value), out);
	buf_addf(out, "</%s>", name);
}

void
s3_more_int(struct request *r, const char *name, int64_t value)
{
	buf_addf(&r->error_more, "<%s>%" PRId64 "</%s>", name, value, name);
}

int
s3_no_bucket(struct request *r, const char *bucket)
{
	s3_more(r, "BucketName", bucket);
	return fail(
	    r, 404, "NoSuchBucket", "The specified bucket does not exist");
}

int
s3_no_key(struct request *r)
{
	const struct s3 *q = s3_of(r);
	struct buf *out = &r->error_more;
	buf_add_text(out, "<Key>");
	xml_escape(q->key, q->key_len, out);
	buf_add_text(out, "</Key>");
	return fail(r, 404, "NoSuchKey", "The specified key does not exist.");
}

int
s3_malformed(struct request *r)
{
	return fail(r, 400, "MalformedXML",
	    "The XML you provided was not well-formed or did not validate "
	    "against our published schema");
}

int
s3_invalid(
    struct request *r, const char *name, const char *value, const char *message)
{
	s3_more(r, "ArgumentName", name);
	s3_more(r, "ArgumentValue", value);
	return fail(r, 400, "InvalidArgument", "%s", message);
}

int
s3_broken(struct request *r)
{
	return fail(r, 500, "InternalError",
	    "We encountered an internal error. Please try again.");
}

int
s3_missing_feature(struct request *r, const char *header, const char *message)
{
	s3_more(r, "Header", header);
	if (message != NULL)
		s3_more(r, "additionalMessage", message);
	return fail(r, 501, "NotImplemented",
	    "A header you provided implies functionality that is not "
	    "implemented");
}
