#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mem.h"
#include "s3_private.h"
#include "text.h"

/* Is the name among those between commas? */
static bool
lists(const char *names, const char *name)
{
	size_t n = strlen(name);
	while (names != NULL && *names != '\0') {
		names += strspn(names, ", ");
		size_t len = strcspn(names, ", ");
		if (len == n && strncasecmp(names, name, n) == 0)
			return true;
		names += len;
	}
	return false;
}

const struct s3_sum *
s3_told(struct request *r)
{
	const char *trailer = raw_header(r, "x-amz-trailer");
	const char *named = raw_header(r, "x-amz-sdk-checksum-algorithm");
	for (size_t i = 0; i < S3_SUMS; i++)
		if (raw_header(r, s3_sums[i].header) != NULL ||
		    lists(trailer, s3_sums[i].header))
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
check_sums(struct request *r, const struct s3_sum *told)
{
	const char *md5 = raw_header(r, "content-md5");
	const char *trailer = raw_header(r, "x-amz-trailer");
	if (md5 != NULL && !decodes_to(md5, sum_size(SUM_MD5))) {
		s3_more(r, "Content-MD5", md5);
		return fail(r, 400, "InvalidDigest",
		    "The Content-MD5 you specified was invalid.");
	}
	size_t n = 0;
	for (size_t i = 0; i < S3_SUMS; i++)
		n += raw_header(r, s3_sums[i].header) != NULL ||
		     lists(trailer, s3_sums[i].header);
	if (n > 1)
		return fail(r, 400, "InvalidRequest",
		    "Expecting a single x-amz-checksum- header. Multiple "
		    "checksum Types are not allowed.");
	const char *sum = told == NULL ? NULL : raw_header(r, told->header);
	if (sum != NULL && !decodes_to(sum, sum_size(told->kind)))
		return fail(r, 400, "InvalidRequest",
		    "Value for %s header is invalid.", told->header);
	return 0;
}

int
s3_incoming_check(struct request *r, const struct s3_sum *told)
{
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
	return check_sums(r, told);
}

void
s3_incoming_begin(
    struct request *r, const struct s3_sum *told, const struct s3_sum *kept)
{
	struct s3_incoming *in = mem_alloc(sizeof(*in));
	in->blob = s3_blob_new(r->lunad);
	in->md5 = sum_new(SUM_MD5);
	in->kept_how = kept;
	in->kept = sum_new(kept->kind);
	in->told_how = told;
	if (told != NULL && told != kept)
		in->told = sum_new(told->kind);
	s3_of(r)->incoming = in;
}

int
s3_incoming_take(struct request *r, const char *bytes, size_t len)
{
	struct s3_incoming *in = s3_of(r)->incoming;
	in->size += (int64_t)len;
	sum_add(in->md5, bytes, len);
	sum_add(in->kept, bytes, len);
	if (in->told != NULL)
		sum_add(in->told, bytes, len);
	return s3_blob_add(in->blob, bytes, len) < 0 ? s3_broken(r) : 0;
}

void
s3_incoming_free(struct s3_incoming *in)
{
	if (in == NULL)
		return;
	s3_blob_drop(in->blob);
	sum_free(in->md5);
	sum_free(in->kept);
	sum_free(in->told);
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

static const char *
text_of(struct request *r, struct sum *s)
{
	uint8_t raw[SUM_MAX];
	size_t len = sum_end(s, raw);
	return s3_sum_text(r, raw, len);
}

static int
check_md5(struct request *r, const char *is)
{
	const char *want = raw_header(r, "content-md5");
	if (want == NULL || strcmp(want, is) == 0)
		return 0;
	s3_more(r, "ExpectedDigest", want);
	s3_more(r, "CalculatedDigest", is);
	return fail(r, 400, "BadDigest",
	    "The Content-MD5 you specified did not match what we received.");
}

static int
check_told(struct request *r, const struct s3_sum *told, const char *is)
{
	const char *want = raw_header(r, told->header);
	if (want == NULL || strcmp(want, is) == 0)
		return 0;
	return fail(r, 400, "BadDigest",
	    "The %s you specified did not match the calculated checksum.",
	    told->name);
}

int
s3_incoming_end(struct request *r)
{
	struct s3_incoming *in = s3_of(r)->incoming;
	uint8_t raw[SUM_MAX];
	size_t len = sum_end(in->md5, raw);
	in->etag = hex_of(r, raw, len);
	if (check_md5(r, s3_sum_text(r, raw, len)) < 0)
		return -1;
	in->kept_text = text_of(r, in->kept);
	in->told_text = in->told == NULL ? in->kept_text : text_of(r, in->told);
	return in->told_how == NULL
		   ? 0
		   : check_told(r, in->told_how, in->told_text);
}

int64_t
s3_incoming_keep(struct request *r)
{
	struct s3_incoming *in = s3_of(r)->incoming;
	int64_t id = s3_blob_keep(in->blob);
	in->blob = NULL;
	return id < 0 ? s3_broken(r) : id;
}

static const char *
sum_of_body(struct request *r, enum sum_kind kind)
{
	size_t len;
	const char *body = raw_body(r, &len);
	struct sum *s = sum_new(kind);
	sum_add(s, body, len);
	const char *text = text_of(r, s);
	sum_free(s);
	return text;
}

int
s3_body_check(struct request *r, bool must)
{
	const struct s3_sum *told = s3_told(r);
	bool md5 = raw_header(r, "content-md5") != NULL;
	if (must && told == NULL && !md5)
		return fail(r, 400, "InvalidRequest",
		    "Missing required header for this request: Content-MD5 OR "
		    "x-amz-checksum-*");
	if (check_sums(r, told) < 0 ||
	    (md5 && check_md5(r, sum_of_body(r, SUM_MD5)) < 0))
		return -1;
	return told == NULL ? 0
			    : check_told(r, told, sum_of_body(r, told->kind));
}
