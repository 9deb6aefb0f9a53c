#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "s3_private.h"
#include "text.h"

/* The part of an object that is asked for. */
struct range {
	int64_t from, len;
	bool partial;       /* 206 */
	const char *header; /* what was asked; NULL: all */
	int64_t part;       /* its number, when that was asked; else 0 */
	const char *sum_text;
};

/* "bytes=0-8", "bytes=5-", "bytes=-2"; anything else is all of it, as HTTP
 * wants it. -1: it cannot be satisfied. */
static int
read_range(const char *text, int64_t size, struct range *g)
{
	char first[24], last[24];
	if (strncmp(text, "bytes=", 6) != 0)
		return 0;
	text += 6;
	size_t n = strspn(text, "0123456789");
	const char *dash = text + n;
	size_t m = *dash == '-' ? strspn(dash + 1, "0123456789") : 0;
	if (*dash != '-' || dash[1 + m] != '\0' || n + m == 0 ||
	    n >= sizeof(first) || m >= sizeof(last))
		return 0;
	memcpy(first, text, n);
	memcpy(last, dash + 1, m);
	first[n] = last[m] = '\0';
	int64_t a = 0, b = INT64_MAX;
	if (n > 0 && text_integer(first, 0, INT64_MAX, &a) < 0)
		return -1;
	if (m > 0 && text_integer(last, 0, INT64_MAX, &b) < 0)
		b = INT64_MAX; /* beyond any end is the end */
	if (n > 0 && m > 0 && b < a)
		return 0;
	if (n == 0) {
		a = b >= size ? 0 : size - b;
		if (b == 0 || size == 0)
			return -1;
		b = size - 1;
	}
	if (a >= size)
		return -1;
	g->from = a;
	g->len = (b >= size ? size - 1 : b) - a + 1;
	g->partial = true;
	return 0;
}

static int
unsatisfiable(struct request *r, const char *header, int64_t size)
{
	s3_more(r, "RangeRequested", header);
	s3_more_int(r, "ActualObjectSize", size);
	return fail(
	    r, 416, "InvalidRange", "The requested range is not satisfiable");
}

static ssize_t
read_on(void *user, uint64_t pos, char *to, size_t max)
{
	return s3_reader_read(user, pos, to, max);
}

static void
read_done(void *user)
{
	s3_reader_free(user);
}

static int
send(struct request *r, const struct s3_object *o, const struct range *g)
{
	size_t len;
	if (g->len == 0)
		return 0;
	if (o->parts > 0) {
		raw_send(r, (uint64_t)g->from, (uint64_t)g->len, read_on,
		    read_done, s3_reader_new(r->lunad, o));
		return 0;
	}
	char *bytes = s3_blob_bytes(r->lunad, o->id, &len);
	if (bytes != NULL) {
		buf_add(r->out, bytes + g->from, (size_t)g->len);
		free(bytes);
		return 0;
	}
	int fd = s3_blob_file(r->lunad, o->id);
	if (fd < 0)
		return s3_broken(r);
	raw_send_file(r, fd, (uint64_t)g->from, (uint64_t)g->len);
	return 0;
}

/* The checksum is of the whole object, or of a part as it was sent. */
static void
answer_sum(struct request *r, const struct s3_object *o, const struct range *g)
{
	const char *mode = raw_header(r, "x-amz-checksum-mode");
	const char *text = g->part > 0 && o->parts > 0 ? g->sum_text
			   : g->len == o->size         ? o->sum_text
						       : NULL;
	if (mode == NULL || strcasecmp(mode, "ENABLED") != 0 ||
	    o->sum == NULL || text == NULL)
		return;
	raw_answer(r, o->sum->header, text);
	raw_answer(r, "x-amz-checksum-type", o->sum_type);
}

static void
answer_headers(
    struct request *r, const struct s3_object *o, const struct range *g)
{
	s3_meta_answer(r, o->meta);
	raw_answer(r, "Last-Modified", s3_date(r, o->modified_ms));
	raw_answer(r, "ETag", request_format(r, "\"%s\"", o->etag));
	raw_answer(r, "Accept-Ranges", "bytes");
	s3_answer_encryption(r, o->meta);
	if (strcmp(o->class, "STANDARD") != 0)
		raw_answer(r, "x-amz-storage-class", o->class);
	if (*o->tags != '\0')
		raw_answer(r, "x-amz-tagging-count",
		    request_format(r, "%" PRId64, s3_tags_count(o->tags)));
	if (g->part > 0 && o->parts > 0)
		raw_answer(r, "x-amz-mp-parts-count",
		    request_format(r, "%" PRId64, o->parts));
	answer_sum(r, o, g);
	if (g->partial)
		raw_answer(r, "Content-Range",
		    request_format(r, "bytes %" PRId64 "-%" PRId64 "/%" PRId64,
			g->from, g->from + g->len - 1, o->size));
}

/* ?partNumber=N; an object that was not put in parts is its part 1. */
static int
read_part(struct request *r, const struct s3_object *o, struct range *g)
{
	const char *text = s3_query(r, "partNumber");
	if (text == NULL)
		return 0;
	if (g->header != NULL)
		return fail(r, 400, "InvalidRequest",
		    "Cannot specify both Range header and partNumber query "
		    "parameter");
	if (text_integer(text, 1, S3_PARTS_MAX, &g->part) < 0)
		return s3_invalid(r, "partNumber", text, S3_PART_NUMBER);
	g->partial = true;
	if ((o->parts == 0 && g->part == 1) ||
	    (o->parts > 0 &&
		s3_piece(r, o, g->part, &g->from, &g->len, &g->sum_text)))
		return 0;
	s3_more(r, "PartNumberRequested", text);
	s3_more_int(r, "ActualPartCount", o->parts == 0 ? 1 : o->parts);
	return fail(r, 416, "InvalidPartNumber",
	    "The requested partnumber is not satisfiable");
}

static bool
is_away(const struct s3_object *o)
{
	return strcmp(o->class, "GLACIER") == 0 ||
	       strcmp(o->class, "DEEP_ARCHIVE") == 0;
}

int
s3_get_object(struct request *r)
{
	struct s3 *q = s3_of(r);
	struct s3_object o;
	if (s3_bucket(r) < 0 || s3_version(r) < 0)
		return -1;
	if (!s3_object_get(r, q->bucket, q->key, q->key_len, &o))
		return s3_no_key(r);
	if (s3_condition_read(r, &o) < 0)
		return -1;
	if (strcmp(r->operation, "GetObject") == 0 && is_away(&o)) {
		s3_more(r, "StorageClass", o.class);
		return fail(r, 403, "InvalidObjectState",
		    "The operation is not valid for the object's storage "
		    "class");
	}
	struct range g = {.len = o.size, .header = raw_header(r, "range")};
	if (read_part(r, &o, &g) < 0)
		return -1;
	if (g.header != NULL && read_range(g.header, o.size, &g) < 0)
		return unsatisfiable(r, g.header, o.size);
	if (g.partial)
		r->status = 206;
	answer_headers(r, &o, &g);
	return send(r, &o, &g);
}
