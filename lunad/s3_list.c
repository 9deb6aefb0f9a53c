#include <stdlib.h>
#include <string.h>

#include "s3_private.h"
#include "text.h"

/* A page of a listing: what is asked, and what was found. */
struct page {
	bool owner, encoded, full;
	const char *prefix, *delimiter, *after; /* "" when not said */
	size_t prefix_len, delimiter_len, after_len;
	int64_t max, count;
	struct buf from;  /* the first key to look at, or just before it */
	bool from_is_out; /* that very key is not of the page */
	struct buf contents, prefixes;
	struct buf last; /* the last key or common prefix of the page */
};

/* The least text that is greater than all that begin with this one. */
static bool
successor(struct buf *b)
{
	while (b->len > 0 && (unsigned char)b->data[b->len - 1] == 0xff)
		buf_cut(b, b->len - 1);
	if (b->len == 0)
		return false;
	b->data[b->len - 1]++;
	return true;
}

static void
put_object(struct request *r, struct page *p, sqlite3_stmt *q)
{
	struct buf *out = &p->contents;
	size_t len;
	const char *key = store_bytes(q, 0, &len);
	buf_add_text(out, "<Contents>");
	s3_tag_key(out, "Key", key, len, p->encoded);
	s3_tag_time(out, "LastModified", store_int(q, 2));
	s3_tag(out, "ETag", request_format(r, "\"%s\"", store_text(q, 3)));
	if (!store_null(q, 5)) {
		s3_tag(out, "ChecksumAlgorithm", store_text(q, 5));
		s3_tag(out, "ChecksumType", store_text(q, 6));
	}
	s3_tag_int(out, "Size", store_int(q, 1));
	if (p->owner)
		buf_addf(out, "<Owner><ID>%s</ID></Owner>", r->account);
	s3_tag(out, "StorageClass", store_text(q, 4));
	buf_add_text(out, "</Contents>");
}

static void
put_prefix(struct page *p, const char *key, size_t len)
{
	buf_add_text(&p->prefixes, "<CommonPrefixes>");
	s3_tag_key(&p->prefixes, "Prefix", key, len, p->encoded);
	buf_add_text(&p->prefixes, "</CommonPrefixes>");
}

/* Where the key's common prefix ends, or 0. */
static size_t
common(const struct page *p, const char *key, size_t len)
{
	if (p->delimiter_len == 0)
		return 0;
	const char *at = memmem(key + p->prefix_len, len - p->prefix_len,
	    p->delimiter, p->delimiter_len);
	return at == NULL ? 0 : (size_t)(at - key) + p->delimiter_len;
}

/* Walk from p->from on until the page is full, a common prefix ends the walk,
 * or there is no more; true: go on from where p->from is now. */
static bool
walk(struct request *r, struct page *p, const char *bucket)
{
	static const char sql[] =
	    "SELECT key, size, modified_ms, etag, class, sum, sum_type"
	    " FROM s3_object WHERE bucket = ? AND key >= ? ORDER BY key";
	sqlite3_stmt *q = store_query(
	    r->store, sql, "tb", bucket, buf_text(&p->from), p->from.len);
	bool again = false;
	while (!again && !p->full && store_next(q)) {
		size_t len;
		const char *key = store_bytes(q, 0, &len);
		if (len < p->prefix_len ||
		    memcmp(key, p->prefix, p->prefix_len) != 0)
			break;
		if (p->from_is_out && len == p->from.len &&
		    memcmp(key, p->from.data, len) == 0)
			continue;
		size_t shared = common(p, key, len);
		if (p->count == p->max) {
			p->full = true;
			break;
		}
		p->count++;
		buf_reset(&p->last);
		buf_add(&p->last, key, shared > 0 ? shared : len);
		if (shared == 0) {
			put_object(r, p, q);
			continue;
		}
		put_prefix(p, key, shared);
		buf_reset(&p->from);
		buf_add(&p->from, p->last.data, p->last.len);
		p->from_is_out = false;
		again = successor(&p->from);
		if (!again)
			break;
	}
	store_end(q);
	return again;
}

/* Begin after a key, or after all that share a common prefix when the marker
 * is one; and not before the prefix. */
static void
set_from(struct page *p)
{
	size_t shared = p->after_len >= p->prefix_len &&
				memcmp(p->after, p->prefix, p->prefix_len) == 0
			    ? common(p, p->after, p->after_len)
			    : 0;
	buf_reset(&p->from);
	buf_add(&p->from, p->after, p->after_len);
	p->from_is_out = p->after_len > 0;
	if (shared == p->after_len && shared > 0 && successor(&p->from))
		p->from_is_out = false;
	size_t n = p->from.len < p->prefix_len ? p->from.len : p->prefix_len;
	int order = n == 0 ? 0 : memcmp(p->from.data, p->prefix, n);
	if (order < 0 || (order == 0 && p->from.len < p->prefix_len)) {
		buf_reset(&p->from);
		buf_add(&p->from, p->prefix, p->prefix_len);
		p->from_is_out = false;
	}
}

static int
read_encoding(struct request *r, bool *encoded)
{
	const char *said = s3_query(r, "encoding-type");
	*encoded = said != NULL;
	if (said == NULL || strcmp(said, "url") == 0)
		return 0;
	return s3_invalid(r, "encoding-type", said,
	    "Invalid Encoding Method specified in Request");
}

static const char *
text_of(struct request *r, const char *name, size_t *len)
{
	const char *text = s3_query(r, name);
	*len = text == NULL ? 0 : strlen(text);
	return text == NULL ? "" : text;
}

static int
read_page(struct request *r, struct page *p)
{
	p->prefix = text_of(r, "prefix", &p->prefix_len);
	p->delimiter = text_of(r, "delimiter", &p->delimiter_len);
	return read_encoding(r, &p->encoded) < 0
		   ? -1
		   : s3_query_int(r, "max-keys", S3_PAGE, S3_PAGE, &p->max);
}

static void
run_page(struct request *r, struct page *p)
{
	const char *bucket = s3_of(r)->bucket;
	set_from(p);
	if (p->max > 0)
		while (walk(r, p, bucket))
			;
}

static void
clear_page(struct page *p)
{
	buf_clear(&p->from);
	buf_clear(&p->contents);
	buf_clear(&p->prefixes);
	buf_clear(&p->last);
}

static void
put_asked(struct request *r, const struct page *p)
{
	struct buf *out = r->out;
	s3_tag(out, "Name", s3_of(r)->bucket);
	s3_tag_key(out, "Prefix", p->prefix, p->prefix_len, p->encoded);
	if (p->delimiter_len > 0)
		s3_tag_key(out, "Delimiter", p->delimiter, p->delimiter_len,
		    p->encoded);
	s3_tag_int(out, "MaxKeys", p->max);
	if (p->encoded)
		s3_tag(out, "EncodingType", "url");
	s3_tag_bool(out, "IsTruncated", p->full);
}

static void
put_found(struct request *r, const struct page *p)
{
	buf_add(r->out, buf_text(&p->contents), p->contents.len);
	buf_add(r->out, buf_text(&p->prefixes), p->prefixes.len);
	s3_finish(r, "ListBucketResult");
}

int
s3_list_objects(struct request *r)
{
	struct page p = {.owner = true};
	p.after = text_of(r, "marker", &p.after_len);
	if (s3_bucket(r) < 0 || read_page(r, &p) < 0)
		return -1;
	run_page(r, &p);
	s3_begin(r, "ListBucketResult");
	put_asked(r, &p);
	s3_tag_key(r->out, "Marker", p.after, p.after_len, p.encoded);
	if (p.full && p.delimiter_len > 0)
		s3_tag_key(r->out, "NextMarker", buf_text(&p.last), p.last.len,
		    p.encoded);
	put_found(r, &p);
	clear_page(&p);
	return 0;
}

/* A token is the last key, out of sight. */
static int
read_token(struct request *r, struct page *p, const char *token)
{
	struct buf b = {0};
	bool good = text_unbase64(token, strlen(token), &b) == 0 && b.len > 1 &&
		    b.data[0] == '1';
	if (good) {
		p->after_len = b.len - 1;
		p->after = request_copy(r, b.data + 1, p->after_len);
	}
	buf_clear(&b);
	return good ? 0
		    : s3_invalid(r, "continuation-token", token,
			  "The continuation token provided is incorrect");
}

static void
put_token(struct request *r, const char *name, const struct buf *last)
{
	struct buf plain = {0}, b = {0};
	buf_add_char(&plain, '1');
	buf_add(&plain, buf_text(last), last->len);
	text_base64(plain.data, plain.len, &b);
	s3_tag(r->out, name, b.data);
	buf_clear(&plain);
	buf_clear(&b);
}

int
s3_list_objects_v2(struct request *r)
{
	const char *fetch = s3_query(r, "fetch-owner");
	struct page p = {.owner = fetch != NULL && strcmp(fetch, "true") == 0};
	const char *token = s3_query(r, "continuation-token");
	const char *start = text_of(r, "start-after", &p.after_len);
	size_t start_len = p.after_len;
	p.after = start;
	if (s3_bucket(r) < 0 || read_page(r, &p) < 0 ||
	    (token != NULL && read_token(r, &p, token) < 0))
		return -1;
	run_page(r, &p);
	s3_begin(r, "ListBucketResult");
	put_asked(r, &p);
	s3_tag_int(r->out, "KeyCount", p.count);
	if (token != NULL)
		s3_tag(r->out, "ContinuationToken", token);
	if (start_len > 0)
		s3_tag_key(r->out, "StartAfter", start, start_len, p.encoded);
	if (p.full)
		put_token(r, "NextContinuationToken", &p.last);
	put_found(r, &p);
	clear_page(&p);
	return 0;
}

static void
put_bucket(struct request *r, sqlite3_stmt *q)
{
	buf_add_text(r->out, "<Bucket>");
	s3_tag(r->out, "Name", store_text(q, 0));
	s3_tag_time(r->out, "CreationDate", store_int(q, 1));
	s3_tag(r->out, "BucketRegion", store_text(q, 2));
	s3_tag(r->out, "BucketArn",
	    request_format(r, "arn:aws:s3:::%s", store_text(q, 0)));
	buf_add_text(r->out, "</Bucket>");
}

int
s3_list_buckets(struct request *r)
{
	struct page p = {.after = ""};
	size_t region_len;
	const char *region = text_of(r, "bucket-region", &region_len);
	const char *token = s3_query(r, "continuation-token");
	p.prefix = text_of(r, "prefix", &p.prefix_len);
	if (s3_query_int(r, "max-buckets", 10000, 10000, &p.max) < 0 ||
	    (token != NULL && *token != '\0' && read_token(r, &p, token) < 0))
		return -1;
	s3_begin(r, "ListAllMyBucketsResult");
	buf_addf(r->out, "<Owner><ID>%s</ID></Owner><Buckets>", r->account);
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT name, created_ms, region FROM s3_bucket"
	    " WHERE account = ?1 AND name > ?2"
	    " AND substr(name, 1, length(?3)) = ?3"
	    " AND (?4 = '' OR region = ?4) ORDER BY name",
	    "tttt", r->account, p.after, p.prefix, region);
	while (!p.full && store_next(q)) {
		p.full = p.count == p.max;
		if (p.full)
			break;
		p.count++;
		buf_reset(&p.last);
		buf_add_text(&p.last, store_text(q, 0));
		put_bucket(r, q);
	}
	store_end(q);
	buf_add_text(r->out, "</Buckets>");
	if (*p.prefix != '\0')
		s3_tag(r->out, "Prefix", p.prefix);
	if (p.full)
		put_token(r, "ContinuationToken", &p.last);
	s3_finish(r, "ListAllMyBucketsResult");
	clear_page(&p);
	return 0;
}
