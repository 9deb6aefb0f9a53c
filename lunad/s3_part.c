#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "s3_private.h"
#include "text.h"

static int
read_number(struct request *r, int64_t *number)
{
	const char *text = s3_query(r, "partNumber");
	return text_integer(text, 1, S3_PARTS_MAX, number) == 0
		   ? 0
		   : s3_invalid(r, "partNumber", text, S3_PART_NUMBER);
}

/* Parts of an upload that chose no checksum are summed all the same: the
 * whole is to have one. */
static const struct s3_sum *
kept_by(const struct s3_upload *u)
{
	return u->sum != NULL ? u->sum : s3_sum_named("CRC64NVME");
}

int
s3_part_begin(struct request *r)
{
	struct s3_upload u;
	int64_t number;
	const struct s3_sum *told = s3_told(r);
	if (s3_bucket(r) < 0 || read_number(r, &number) < 0 ||
	    s3_upload_get(r, &u) < 0 || s3_incoming_check(r, told) < 0)
		return -1;
	if (u.sum != NULL && told != NULL && told != u.sum)
		return fail(r, 400, "InvalidRequest",
		    "Checksum Type mismatch occurred, expected checksum Type: "
		    "%s, actual checksum Type: %s",
		    s3_sum_word(u.sum), s3_sum_word(told));
	s3_incoming_begin(r, told, kept_by(&u));
	return 0;
}

/* In place of the one of this number that may be there. */
static int
store_part(struct request *r, const struct s3_upload *u, int64_t number)
{
	const struct s3_incoming *in = s3_of(r)->incoming;
	int64_t blob = s3_incoming_keep(r);
	if (blob < 0)
		return -1;
	int64_t old = store_number(r->store, 0,
	    "SELECT blob FROM s3_part WHERE upload = ? AND number = ?", "ii",
	    u->id, number);
	if (old != 0)
		s3_blob_remove(r->lunad, old);
	store_do(r->store,
	    "INSERT OR REPLACE INTO s3_part (upload, number, blob, size, etag,"
	    " sum_text, modified_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
	    "iiiitti", u->id, number, blob, in->size, in->etag, in->kept_text,
	    r->now_ms);
	return 0;
}

int
s3_upload_part(struct request *r)
{
	const struct s3_incoming *in = s3_of(r)->incoming;
	struct s3_upload u;
	int64_t number;
	if (s3_bucket(r) < 0 || read_number(r, &number) < 0 ||
	    s3_upload_get(r, &u) < 0 || s3_incoming_end(r) < 0 ||
	    store_part(r, &u, number) < 0)
		return -1;
	raw_answer(r, "ETag", request_format(r, "\"%s\"", in->etag));
	s3_answer_encryption(r, u.meta);
	if (in->told_how != NULL)
		raw_answer(r, in->told_how->header, in->told_text);
	else if (u.sum != NULL)
		raw_answer(r, u.sum->header, in->kept_text);
	return 0;
}

/* "bytes=first-last", both there: a copy's only form. */
static int
read_source_range(struct request *r, int64_t size, int64_t *from, int64_t *len)
{
	const char *text = raw_header(r, "x-amz-copy-source-range");
	char first[24], last[24];
	int64_t a, b;
	*from = 0;
	*len = size;
	if (text == NULL)
		return 0;
	if (sscanf(text, "bytes=%20[0-9]-%20[0-9]", first, last) != 2 ||
	    text_integer(first, 0, INT64_MAX, &a) < 0 ||
	    text_integer(last, 0, INT64_MAX, &b) < 0 || b < a)
		return s3_invalid(r, "x-amz-copy-source-range", text,
		    "The x-amz-copy-source-range value must be of the form "
		    "bytes=first-last where first and last are the zero-based "
		    "offsets of the first and last bytes to copy");
	if (b >= size)
		return s3_invalid(r, "x-amz-copy-source-range", text,
		    request_format(r,
			"Range specified is not valid for source object of "
			"size: %" PRId64,
			size));
	*from = a;
	*len = b - a + 1;
	return 0;
}

int
s3_upload_part_copy(struct request *r)
{
	struct s3 *q = s3_of(r);
	struct s3_upload u;
	struct s3_object o;
	int64_t number, from, len;
	if (s3_bucket(r) < 0 || read_number(r, &number) < 0 ||
	    s3_upload_get(r, &u) < 0 || s3_source(r, &o) < 0 ||
	    read_source_range(r, o.size, &from, &len) < 0)
		return -1;
	if (len > S3_OBJECT_MAX)
		return fail(r, 400, "InvalidRequest",
		    "The specified copy source is larger than the maximum "
		    "allowable size for a copy source: 5368709120");
	if (q->incoming == NULL)
		s3_incoming_begin(r, NULL, kept_by(&u));
	int more = s3_copy_slice(r, from, len);
	if (more != 0)
		return more;
	if (s3_incoming_end(r) < 0 || store_part(r, &u, number) < 0)
		return -1;
	s3_begin(r, "CopyPartResult");
	s3_tag_time(r->out, "LastModified", r->now_ms);
	s3_tag(r->out, "ETag", request_format(r, "\"%s\"", q->incoming->etag));
	if (u.sum != NULL)
		s3_tag(r->out, u.sum->element, q->incoming->kept_text);
	s3_finish(r, "CopyPartResult");
	s3_answer_encryption(r, u.meta);
	return 0;
}
