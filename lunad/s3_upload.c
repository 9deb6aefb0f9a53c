#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "s3_private.h"
#include "text.h"

static const char *
copy(struct request *r, sqlite3_stmt *q, int column)
{
	size_t len;
	const char *text = store_bytes(q, column, &len);
	return request_copy(r, text, len);
}

int
s3_upload_get(struct request *r, struct s3_upload *u)
{
	const struct s3 *s = s3_of(r);
	const char *token = s3_query(r, "uploadId");
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT id, started_ms, touched, class, tags, meta, sum, sum_type"
	    " FROM s3_upload WHERE token = ? AND bucket = ? AND key = ?",
	    "ttb", token == NULL ? "" : token, s->bucket, s->key, s->key_len);
	if (!store_next(q)) {
		s3_more(r, "UploadId", token == NULL ? "" : token);
		return fail(r, 404, "NoSuchUpload",
		    "The specified upload does not exist. The upload ID may be "
		    "invalid, or the upload may have been aborted or "
		    "completed.");
	}
	*u = (struct s3_upload){
	    .id = store_int(q, 0),
	    .started_ms = store_int(q, 1),
	    .touched = store_int(q, 2) != 0,
	    .token = token,
	    .class = copy(r, q, 3),
	    .tags = copy(r, q, 4),
	    .meta = copy(r, q, 5),
	    .sum = s3_sum_named(store_text(q, 6)),
	    .sum_type = store_null(q, 7) ? NULL : copy(r, q, 7),
	};
	store_end(q);
	return 0;
}

void
s3_upload_remove(struct lunad *l, int64_t id, bool blobs)
{
	if (blobs) {
		sqlite3_stmt *q = store_query(lunad_store(l),
		    "SELECT blob FROM s3_part WHERE upload = ?", "i", id);
		while (store_next(q))
			s3_blob_remove(l, store_int(q, 0));
	}
	store_do(
	    lunad_store(l), "DELETE FROM s3_part WHERE upload = ?", "i", id);
	store_do(lunad_store(l), "DELETE FROM s3_upload WHERE id = ?", "i", id);
}

static int
refuse_type(struct request *r, const struct s3_sum *sum, const char *type)
{
	return fail(r, 400, "InvalidRequest",
	    "The %s checksum type cannot be used with the %s checksum "
	    "algorithm.",
	    type, s3_sum_word(sum));
}

/* What the parts and the whole are summed by. */
static int
read_sum(struct request *r, const struct s3_sum **sum, const char **type)
{
	const char *name = raw_header(r, "x-amz-checksum-algorithm");
	*type = raw_header(r, "x-amz-checksum-type");
	*sum = name == NULL ? NULL : s3_sum_named(name);
	if (name != NULL && *sum == NULL)
		return fail(r, 400, "InvalidRequest",
		    "Checksum algorithm provided is unsupported. Please try "
		    "again with any of the valid types: [CRC32, CRC32C, "
		    "CRC64NVME, SHA1, SHA256]");
	if (name == NULL && *type != NULL)
		return fail(r, 400, "InvalidRequest",
		    "The x-amz-checksum-type header can only be used with the "
		    "x-amz-checksum-algorithm header.");
	if (*sum != NULL && *type == NULL)
		*type = (*sum)->composite ? "COMPOSITE" : "FULL_OBJECT";
	if (*type == NULL)
		return 0;
	bool composite = strcmp(*type, "COMPOSITE") == 0;
	if (!composite && strcmp(*type, "FULL_OBJECT") != 0)
		return fail(r, 400, "InvalidRequest",
		    "Value for x-amz-checksum-type header is invalid.");
	return (composite ? (*sum)->composite : (*sum)->full)
		   ? 0
		   : refuse_type(r, *sum, *type);
}

int
s3_create_upload(struct request *r)
{
	const struct s3 *q = s3_of(r);
	const char *meta, *class, *tags, *type;
	const struct s3_sum *sum;
	if (s3_bucket(r) < 0 || s3_put_check(r) < 0 ||
	    s3_meta_read(r, &meta) < 0 || s3_class_read(r, &class) < 0 ||
	    s3_tags_header(r, &tags) < 0 || read_sum(r, &sum, &type) < 0)
		return -1;
	int64_t id = s3_new_id();
	/* In the order in which they were begun, and not to be guessed. */
	const char *token = request_format(
	    r, "%016" PRIx64 "%016" PRIx64, id, lunad_random64(r->lunad));
	store_do(r->store,
	    "INSERT INTO s3_upload (id, token, bucket, key, started_ms, class,"
	    " sum, sum_type, tags, meta) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	    "ittbittttb", id, token, q->bucket, q->key, q->key_len, r->now_ms,
	    class, sum == NULL ? NULL : sum->name, type, tags, meta,
	    strlen(meta));
	s3_answer_encryption(r, meta);
	if (sum != NULL) {
		raw_answer(r, "x-amz-checksum-algorithm", sum->name);
		raw_answer(r, "x-amz-checksum-type", type);
	}
	s3_begin(r, "InitiateMultipartUploadResult");
	s3_tag(r->out, "Bucket", q->bucket);
	s3_tag_key(r->out, "Key", q->key, q->key_len, false);
	s3_tag(r->out, "UploadId", token);
	s3_finish(r, "InitiateMultipartUploadResult");
	return 0;
}

int
s3_abort_upload(struct request *r)
{
	struct s3_upload u;
	if (s3_bucket(r) < 0 || s3_upload_get(r, &u) < 0)
		return -1;
	s3_upload_remove(r->lunad, u.id, true);
	r->status = 204;
	return 0;
}

static void
put_people(struct request *r, struct buf *out)
{
	buf_addf(out,
	    "<Initiator><ID>%s</ID><DisplayName>%s</DisplayName></Initiator>"
	    "<Owner><ID>%s</ID></Owner>",
	    r->account, r->account, r->account);
}

int
s3_list_parts(struct request *r)
{
	const struct s3 *s = s3_of(r);
	struct s3_upload u;
	int64_t max, marker, last = 0, n = 0;
	if (s3_bucket(r) < 0 || s3_upload_get(r, &u) < 0 ||
	    s3_query_int(r, "max-parts", S3_PAGE, S3_PAGE, &max) < 0 ||
	    s3_query_int(r, "part-number-marker", 0, INT32_MAX, &marker) < 0)
		return -1;
	struct buf parts = {0};
	bool more = false;
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT number, modified_ms, etag, size, sum_text FROM s3_part"
	    " WHERE upload = ? AND number > ? ORDER BY number",
	    "ii", u.id, marker);
	while (!more && store_next(q)) {
		more = n == max;
		if (more)
			break;
		n++;
		last = store_int(q, 0);
		buf_add_text(&parts, "<Part>");
		s3_tag_int(&parts, "PartNumber", last);
		s3_tag_time(&parts, "LastModified", store_int(q, 1));
		s3_tag(&parts, "ETag",
		    request_format(r, "\"%s\"", store_text(q, 2)));
		s3_tag_int(&parts, "Size", store_int(q, 3));
		if (u.sum != NULL)
			s3_tag(&parts, u.sum->element, store_text(q, 4));
		buf_add_text(&parts, "</Part>");
	}
	store_end(q);
	s3_begin(r, "ListPartsResult");
	s3_tag(r->out, "Bucket", s->bucket);
	s3_tag_key(r->out, "Key", s->key, s->key_len, false);
	s3_tag(r->out, "UploadId", u.token);
	put_people(r, r->out);
	s3_tag(r->out, "StorageClass", u.class);
	s3_tag_int(r->out, "PartNumberMarker", marker);
	s3_tag_int(r->out, "NextPartNumberMarker", last);
	s3_tag_int(r->out, "MaxParts", max);
	s3_tag_bool(r->out, "IsTruncated", more);
	if (u.sum != NULL) {
		s3_tag(r->out, "ChecksumAlgorithm", u.sum->name);
		s3_tag(r->out, "ChecksumType", u.sum_type);
	}
	buf_add(r->out, buf_text(&parts), parts.len);
	buf_clear(&parts);
	s3_finish(r, "ListPartsResult");
	return 0;
}

/* A page of uploads. */
struct uploads {
	const char *prefix, *delimiter, *key_marker, *id_marker;
	int64_t max, count, after; /* after: the upload that id_marker names */
	bool encoded, more;
	struct buf found, prefixes, last_prefix;
	const char *next_key, *next_id;
};

static const char *
said(struct request *r, const char *name)
{
	const char *text = s3_query(r, name);
	return text == NULL ? "" : text;
}

static int
read_uploads(struct request *r, struct uploads *p)
{
	const char *encoding = s3_query(r, "encoding-type");
	p->prefix = said(r, "prefix");
	p->delimiter = said(r, "delimiter");
	p->key_marker = said(r, "key-marker");
	p->id_marker = said(r, "upload-id-marker");
	p->encoded = encoding != NULL;
	p->next_key = p->next_id = "";
	if (encoding != NULL && strcmp(encoding, "url") != 0)
		return s3_invalid(r, "encoding-type", encoding,
		    "Invalid Encoding Method specified in Request");
	if (s3_query_int(r, "max-uploads", S3_PAGE, S3_PAGE, &p->max) < 0)
		return -1;
	if (*p->key_marker == '\0' || *p->id_marker == '\0') {
		p->after = INT64_MAX;
		return 0;
	}
	p->after = store_number(r->store, -1,
	    "SELECT id FROM s3_upload WHERE token = ? AND bucket = ?"
	    " AND key = ?",
	    "ttb", p->id_marker, s3_of(r)->bucket, p->key_marker,
	    strlen(p->key_marker));
	return p->after >= 0 ? 0
			     : s3_invalid(r, "upload-id-marker", p->id_marker,
				   "Invalid uploadId marker");
}

static void
put_upload(struct request *r, struct uploads *p, sqlite3_stmt *q,
    const char *key, size_t len)
{
	struct buf *out = &p->found;
	buf_add_text(out, "<Upload>");
	s3_tag_key(out, "Key", key, len, p->encoded);
	s3_tag(out, "UploadId", store_text(q, 1));
	put_people(r, out);
	s3_tag(out, "StorageClass", store_text(q, 3));
	s3_tag_time(out, "Initiated", store_int(q, 2));
	if (!store_null(q, 4)) {
		s3_tag(out, "ChecksumAlgorithm", store_text(q, 4));
		s3_tag(out, "ChecksumType", store_text(q, 5));
	}
	buf_add_text(out, "</Upload>");
	p->next_key = request_copy(r, key, len);
	p->next_id = request_format(r, "%s", store_text(q, 1));
}

/* Either an upload or, once, the common prefix of several. */
static void
put_found(struct request *r, struct uploads *p, sqlite3_stmt *q)
{
	size_t len, from = strlen(p->prefix), n = strlen(p->delimiter);
	const char *key = store_bytes(q, 0, &len);
	if (len < from || memcmp(key, p->prefix, from) != 0)
		return;
	const char *at =
	    n == 0 ? NULL : memmem(key + from, len - from, p->delimiter, n);
	size_t shared = at == NULL ? 0 : (size_t)(at - key) + n;
	if (shared > 0 && p->last_prefix.len == shared &&
	    memcmp(p->last_prefix.data, key, shared) == 0)
		return;
	if (shared > 0 && strlen(p->key_marker) >= shared &&
	    memcmp(p->key_marker, key, shared) == 0)
		return;
	p->more = p->count == p->max;
	if (p->more)
		return;
	p->count++;
	if (shared == 0) {
		put_upload(r, p, q, key, len);
		return;
	}
	buf_reset(&p->last_prefix);
	buf_add(&p->last_prefix, key, shared);
	buf_add_text(&p->prefixes, "<CommonPrefixes>");
	s3_tag_key(&p->prefixes, "Prefix", key, shared, p->encoded);
	buf_add_text(&p->prefixes, "</CommonPrefixes>");
}

static void
walk(struct request *r, struct uploads *p)
{
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT key, token, started_ms, class, sum, sum_type FROM s3_upload"
	    " WHERE bucket = ?1 AND key >= ?2 AND (key > ?2 OR id > ?3)"
	    " ORDER BY key, id",
	    "tbi", s3_of(r)->bucket, p->key_marker, strlen(p->key_marker),
	    *p->key_marker == '\0' ? -1 : p->after);
	while (!p->more && p->max > 0 && store_next(q))
		put_found(r, p, q);
	store_end(q);
}

int
s3_list_uploads(struct request *r)
{
	struct uploads p = {0};
	if (s3_bucket(r) < 0 || read_uploads(r, &p) < 0)
		return -1;
	walk(r, &p);
	struct buf *out = r->out;
	s3_begin(r, "ListMultipartUploadsResult");
	s3_tag(out, "Bucket", s3_of(r)->bucket);
	s3_tag_key(
	    out, "KeyMarker", p.key_marker, strlen(p.key_marker), p.encoded);
	s3_tag(out, "UploadIdMarker", *p.key_marker == '\0' ? "" : p.id_marker);
	s3_tag_key(
	    out, "NextKeyMarker", p.next_key, strlen(p.next_key), p.encoded);
	s3_tag(out, "NextUploadIdMarker", p.next_id);
	if (*p.prefix != '\0')
		s3_tag_key(
		    out, "Prefix", p.prefix, strlen(p.prefix), p.encoded);
	if (*p.delimiter != '\0')
		s3_tag_key(out, "Delimiter", p.delimiter, strlen(p.delimiter),
		    p.encoded);
	s3_tag_int(out, "MaxUploads", p.max);
	if (p.encoded)
		s3_tag(out, "EncodingType", "url");
	s3_tag_bool(out, "IsTruncated", p.more);
	buf_add(out, buf_text(&p.found), p.found.len);
	buf_add(out, buf_text(&p.prefixes), p.prefixes.len);
	s3_finish(r, "ListMultipartUploadsResult");
	buf_clear(&p.found);
	buf_clear(&p.prefixes);
	buf_clear(&p.last_prefix);
	return 0;
}
