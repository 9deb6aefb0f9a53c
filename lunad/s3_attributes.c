#include <string.h>
#include <strings.h>

#include "s3_private.h"
#include "text.h"

/* Is it one of those that the header lists? The header may come often. */
static bool
wants(struct request *r, const char *attribute)
{
	const char *name, *value;
	size_t n = strlen(attribute);
	for (size_t i = 0; raw_header_at(r, i, &name, &value); i++) {
		if (strcasecmp(name, "x-amz-object-attributes") != 0)
			continue;
		while (*value != '\0') {
			value += strspn(value, ", ");
			size_t len = strcspn(value, ", ");
			if (len == n && memcmp(value, attribute, n) == 0)
				return true;
			value += len;
		}
	}
	return false;
}

static void
put_checksum(struct request *r, const struct s3_object *o)
{
	if (o->sum == NULL)
		return;
	size_t len = strcspn(o->sum_text, "-");
	buf_add_text(r->out, "<Checksum>");
	s3_tag(r->out, o->sum->element, request_copy(r, o->sum_text, len));
	s3_tag(r->out, "ChecksumType", o->sum_type);
	buf_add_text(r->out, "</Checksum>");
}

/* A header's whole number, or otherwise. */
static int64_t
number_of(struct request *r, const char *name, int64_t otherwise)
{
	const char *text = raw_header(r, name);
	int64_t n;
	return text != NULL && text_integer(text, 0, S3_PARTS_MAX, &n) == 0
		   ? n
		   : otherwise;
}

/* The parts themselves only where their checksums are known. */
static void
put_parts(struct request *r, const struct s3_object *o)
{
	int64_t max = number_of(r, "x-amz-max-parts", S3_PAGE);
	int64_t marker = number_of(r, "x-amz-part-number-marker", 0);
	int64_t n = 0, last = marker;
	bool more = false;
	struct buf parts = {0};
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT number, size, sum_text FROM s3_piece"
	    " WHERE object = ? AND number > ? AND sum_text IS NOT NULL"
	    " ORDER BY number",
	    "ii", o->id, marker);
	bool known = false;
	while (!more && store_next(q)) {
		known = true;
		more = n == max;
		if (more)
			break;
		n++;
		last = store_int(q, 0);
		buf_add_text(&parts, "<Part>");
		s3_tag_int(&parts, "PartNumber", last);
		s3_tag_int(&parts, "Size", store_int(q, 1));
		s3_tag(&parts, o->sum->element, store_text(q, 2));
		buf_add_text(&parts, "</Part>");
	}
	store_end(q);
	buf_add_text(r->out, "<ObjectParts>");
	s3_tag_int(r->out, "PartsCount", o->parts);
	if (known) {
		s3_tag_int(r->out, "PartNumberMarker", marker);
		s3_tag_int(r->out, "NextPartNumberMarker", last);
		s3_tag_int(r->out, "MaxParts", max);
		s3_tag_bool(r->out, "IsTruncated", more);
		buf_add(r->out, buf_text(&parts), parts.len);
	}
	buf_clear(&parts);
	buf_add_text(r->out, "</ObjectParts>");
}

int
s3_get_object_attributes(struct request *r)
{
	const struct s3 *q = s3_of(r);
	struct s3_object o;
	if (s3_bucket(r) < 0 || s3_version(r) < 0)
		return -1;
	if (!s3_object_get(r, q->bucket, q->key, q->key_len, &o))
		return s3_no_key(r);
	raw_answer(r, "Last-Modified", s3_date(r, o.modified_ms));
	s3_begin(r, "GetObjectAttributesResponse");
	if (wants(r, "ETag"))
		s3_tag(r->out, "ETag", o.etag);
	if (wants(r, "Checksum"))
		put_checksum(r, &o);
	if (wants(r, "ObjectParts") && o.parts > 0)
		put_parts(r, &o);
	if (wants(r, "StorageClass"))
		s3_tag(r->out, "StorageClass", o.class);
	if (wants(r, "ObjectSize"))
		s3_tag_int(r->out, "ObjectSize", o.size);
	s3_finish(r, "GetObjectAttributesResponse");
	return 0;
}
