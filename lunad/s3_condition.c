/*
 * Source: RFC 9110, 13.2.2, and Amazon S3 User Guide, "Conditional requests".
 */
#include <string.h>
#include <strings.h>

#include "s3_private.h"
#include "text.h"

/* Is it "*", the ETag, or the ETag without its quotes? */
static bool
matches(const char *said, const struct s3_object *o)
{
	size_t len = strlen(said), n = strlen(o->etag);
	if (strcmp(said, "*") == 0)
		return true;
	if (len == n + 2 && said[0] == '"' && said[len - 1] == '"') {
		said++;
		len -= 2;
	}
	return len == n && memcmp(said, o->etag, n) == 0;
}

static int
failed(struct request *r, const char *which)
{
	s3_more(r, "Condition", which);
	return fail(r, 412, "PreconditionFailed",
	    "At least one of the pre-conditions you specified did not hold");
}

/* A time in the future says nothing. Whole seconds count. */
static bool
is_later(struct request *r, const char *since, const struct s3_object *o)
{
	int64_t ms;
	return !s3_read_date(since, &ms) || ms > r->now_ms ||
	       o->modified_ms / 1000 > ms / 1000;
}

static bool
is_earlier(const char *since, const struct s3_object *o)
{
	int64_t ms;
	return !s3_read_date(since, &ms) || o->modified_ms / 1000 <= ms / 1000;
}

/* The four headers, and how a condition that the object is unchanged is
 * answered: to a reader that is no failure. */
struct names {
	const char *match, *none, *modified, *unmodified;
	bool fails;
};

static int
unchanged(struct request *r, const struct names *n, const char *which)
{
	return n->fails ? failed(r, which)
			: fail(r, 304, "NotModified", "Not Modified");
}

static int
check(struct request *r, const struct s3_object *o, const struct names *n)
{
	const char *match = raw_header(r, n->match);
	const char *none = raw_header(r, n->none);
	const char *modified = raw_header(r, n->modified);
	const char *unmodified = raw_header(r, n->unmodified);
	if (match != NULL && !matches(match, o))
		return failed(r, n->match);
	if (match == NULL && unmodified != NULL && !is_earlier(unmodified, o))
		return failed(r, n->unmodified);
	if (none != NULL && matches(none, o))
		return unchanged(r, n, n->none);
	if (none == NULL && modified != NULL && !is_later(r, modified, o))
		return unchanged(r, n, n->modified);
	return 0;
}

int
s3_condition_read(struct request *r, const struct s3_object *o)
{
	static const struct names names = {"If-Match", "If-None-Match",
	    "If-Modified-Since", "If-Unmodified-Since", false};
	return check(r, o, &names);
}

int
s3_condition_source(struct request *r, const struct s3_object *o)
{
	static const struct names names = {"x-amz-copy-source-If-Match",
	    "x-amz-copy-source-If-None-Match",
	    "x-amz-copy-source-If-Modified-Since",
	    "x-amz-copy-source-If-Unmodified-Since", true};
	return check(r, o, &names);
}

static int
refuse_value(struct request *r, const char *name)
{
	return s3_missing_feature(r, name,
	    request_format(r,
		"We don't accept the provided value of %s header for this API",
		name));
}

int
s3_condition_write(struct request *r, const struct s3_object *o)
{
	const char *match = raw_header(r, "if-match");
	const char *none = raw_header(r, "if-none-match");
	if (match != NULL && none != NULL)
		return s3_missing_feature(r, "If-Match,If-None-Match",
		    "Multiple conditional request headers present in the "
		    "request");
	if (none != NULL && strcmp(none, "*") != 0)
		return refuse_value(r, "If-None-Match");
	if (match != NULL && strcmp(match, "*") == 0)
		return refuse_value(r, "If-Match");
	if (none != NULL && o != NULL)
		return failed(r, "If-None-Match");
	if (match != NULL && o == NULL)
		return s3_no_key(r);
	if (match != NULL && !matches(match, o))
		return failed(r, "If-Match");
	return 0;
}
