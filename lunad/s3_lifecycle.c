/*
 * Objects that expire, and uploads that were begun and left, as a bucket's
 * lifecycle wants it: once a day, at midnight UTC of virtual time.
 *
 * Source: Amazon S3 User Guide, "Lifecycle configuration elements".
 */
#include <inttypes.h>
#include <string.h>

#include "s3_private.h"
#include "text.h"
#include "xml.h"

#define DAY_MS INT64_C(86400000)

static int64_t
midnight_after(int64_t ms)
{
	return (ms / DAY_MS + 1) * DAY_MS;
}

static void
set_next(struct lunad *l, int64_t ms)
{
	store_do(lunad_store(l),
	    "INSERT OR REPLACE INTO s3_setting (bucket, name, document)"
	    " VALUES ('', 'lifecycle', ?)",
	    "i", ms);
}

void
s3_lifecycle_begin(struct lunad *l, int64_t now_ms)
{
	set_next(l, midnight_after(now_ms));
}

int64_t
s3_lifecycle_due(struct lunad *l)
{
	return store_number(lunad_store(l), INT64_MAX,
	    "SELECT CAST(document AS INTEGER) FROM s3_setting"
	    " WHERE bucket = '' AND name = 'lifecycle'",
	    "");
}

/* The days that a rule says, or 0. */
static int64_t
days(const struct xml *rule, const char *path)
{
	const char *text = xml_text(rule, path);
	int64_t n;
	return text != NULL && text_integer(text, 1, INT32_MAX, &n) == 0 ? n
									 : 0;
}

/* An age counts from the midnight after the day. */
static int64_t
begun_before(int64_t now_ms, int64_t n)
{
	return now_ms / DAY_MS * DAY_MS - n * DAY_MS;
}

static void
expire(
    struct lunad *l, const char *bucket, const char *prefix, int64_t before_ms)
{
	struct buf key = {0};
	buf_add_text(&key, prefix);
	for (;;) {
		/* On from the last: what stays is passed over once. */
		sqlite3_stmt *q = store_query(lunad_store(l),
		    "SELECT key FROM s3_object WHERE bucket = ?1"
		    " AND key >= ?2"
		    " AND substr(key, 1, length(CAST(?3 AS BLOB)))"
		    " = CAST(?3 AS BLOB) AND modified_ms < ?4"
		    " ORDER BY key LIMIT 1",
		    "tbti", bucket, buf_text(&key), key.len, prefix, before_ms);
		bool found = store_next(q);
		size_t len = 0;
		const char *at = found ? store_bytes(q, 0, &len) : "";
		buf_reset(&key);
		buf_add(&key, at, len);
		store_end(q);
		if (!found)
			break;
		s3_object_remove(l, bucket, buf_text(&key), key.len);
	}
	buf_clear(&key);
}

static void
abort_uploads(
    struct lunad *l, const char *bucket, const char *prefix, int64_t before_ms)
{
	int64_t id;
	while ((id = store_number(lunad_store(l), 0,
		    "SELECT id FROM s3_upload WHERE bucket = ?1"
		    " AND substr(key, 1, length(CAST(?2 AS BLOB)))"
		    " = CAST(?2 AS BLOB) AND started_ms < ?3 LIMIT 1",
		    "tti", bucket, prefix, before_ms)) != 0)
		s3_upload_remove(l, id, true);
}

static void
apply(
    struct lunad *l, const char *bucket, const struct xml *rule, int64_t now_ms)
{
	const char *prefix = xml_text(rule, "Filter/Prefix");
	int64_t old = days(rule, "Expiration/Days");
	int64_t left =
	    days(rule, "AbortIncompleteMultipartUpload/DaysAfterInitiation");
	if (prefix == NULL)
		prefix = xml_text(rule, "Prefix");
	if (prefix == NULL)
		prefix = "";
	if (strcmp(xml_text(rule, "Status"), "Enabled") != 0)
		return;
	if (old > 0)
		expire(l, bucket, prefix, begun_before(now_ms, old));
	if (left > 0)
		abort_uploads(l, bucket, prefix, begun_before(now_ms, left));
}

void
s3_lifecycle_run_due(struct lunad *l, int64_t now_ms)
{
	bool any = false;
	struct buf text = {0};
	struct err err;
	sqlite3_stmt *q = store_query(lunad_store(l),
	    "SELECT bucket, document FROM s3_setting"
	    " WHERE bucket <> '' AND name = 'lifecycle'",
	    "");
	while (store_next(q)) {
		any = true;
		buf_reset(&text);
		buf_addf(&text, "<L>%s</L>", store_text(q, 1));
		struct xml *x = xml_parse(text.data, text.len, &err);
		for (const struct xml *rule = x == NULL ? NULL : x->child;
		     rule != NULL; rule = rule->next)
			apply(l, store_text(q, 0), rule, now_ms);
		xml_free(x);
	}
	buf_clear(&text);
	if (any)
		set_next(l, midnight_after(now_ms));
	else
		store_do(lunad_store(l),
		    "DELETE FROM s3_setting WHERE bucket = ''", "");
}
