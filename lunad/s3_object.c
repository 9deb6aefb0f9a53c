#include <string.h>

#include "s3_private.h"

static const char *
copy(struct request *r, sqlite3_stmt *q, int column)
{
	size_t len;
	const char *text = store_bytes(q, column, &len);
	return request_copy(r, text, len);
}

bool
s3_object_get(struct request *r, const char *bucket, const char *key,
    size_t key_len, struct s3_object *o)
{
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT id, size, modified_ms, parts, etag, class, sum, sum_text,"
	    " sum_type, tags, meta FROM s3_object"
	    " WHERE bucket = ? AND key = ?",
	    "tb", bucket, key, key_len);
	if (!store_next(q))
		return false;
	*o = (struct s3_object){
	    .id = store_int(q, 0),
	    .size = store_int(q, 1),
	    .modified_ms = store_int(q, 2),
	    .parts = store_int(q, 3),
	    .etag = copy(r, q, 4),
	    .class = copy(r, q, 5),
	    .sum = s3_sum_named(store_text(q, 6)),
	    .sum_text = copy(r, q, 7),
	    .sum_type = copy(r, q, 8),
	    .tags = copy(r, q, 9),
	    .meta = copy(r, q, 10),
	};
	store_end(q);
	return true;
}

static void
remove_bytes(struct lunad *l, int64_t id, int64_t parts)
{
	if (parts == 0) {
		s3_blob_remove(l, id);
		return;
	}
	sqlite3_stmt *q = store_query(lunad_store(l),
	    "SELECT blob FROM s3_piece WHERE object = ?", "i", id);
	while (store_next(q))
		s3_blob_remove(l, store_int(q, 0));
	store_do(
	    lunad_store(l), "DELETE FROM s3_piece WHERE object = ?", "i", id);
}

/* What was begun before cannot be completed on a condition any more. */
static void
touch(struct lunad *l, const char *bucket, const char *key, size_t key_len)
{
	store_do(lunad_store(l),
	    "UPDATE s3_upload SET touched = 1 WHERE bucket = ? AND key = ?",
	    "tb", bucket, key, key_len);
}

bool
s3_object_remove(
    struct lunad *l, const char *bucket, const char *key, size_t key_len)
{
	sqlite3_stmt *q = store_query(lunad_store(l),
	    "SELECT id, parts FROM s3_object WHERE bucket = ? AND key = ?",
	    "tb", bucket, key, key_len);
	if (!store_next(q))
		return false;
	int64_t id = store_int(q, 0), parts = store_int(q, 1);
	store_end(q);
	remove_bytes(l, id, parts);
	touch(l, bucket, key, key_len);
	store_do(lunad_store(l),
	    "DELETE FROM s3_object WHERE bucket = ? AND key = ?", "tb", bucket,
	    key, key_len);
	return true;
}

void
s3_object_put(struct lunad *l, const char *bucket, const char *key,
    size_t key_len, const struct s3_object *o)
{
	if (!s3_object_remove(l, bucket, key, key_len))
		touch(l, bucket, key, key_len);
	store_do(lunad_store(l),
	    "INSERT INTO s3_object (bucket, key, id, size, modified_ms, parts,"
	    " etag, class, sum, sum_text, sum_type, tags, meta)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	    "tbiiiittttttb", bucket, key, key_len, o->id, o->size,
	    o->modified_ms, o->parts, o->etag, o->class,
	    o->sum == NULL ? NULL : o->sum->name, o->sum_text, o->sum_type,
	    o->tags, o->meta, strlen(o->meta));
}
