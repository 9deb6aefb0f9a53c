#include <errno.h>
#include <fcntl.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "diag.h"
#include "mem.h"
#include "s3.h"
#include "s3_private.h"

struct s3_view {
	char *dir;
	sqlite3 *db;
	struct s3_hold *hold;
	sqlite3_stmt *walk;
	char *prefix;
};

struct s3_stream {
	struct s3_view *view;
	sqlite3_stmt *pieces; /* the row is the piece being read */
	bool more;            /* there is one */
	int fd;
	int64_t at, size; /* in the piece */
};

static sqlite3_stmt *
prepare(struct s3_view *v, const char *sql)
{
	sqlite3_stmt *q = NULL;
	if (sqlite3_prepare_v2(v->db, sql, -1, &q, NULL) != SQLITE_OK)
		diag("s3: %s: %s", sqlite3_errmsg(v->db), sql);
	return q;
}

/* The snapshot is taken by its first reading, files are held before it: so
 * none of those that it knows is gone. */
struct s3_view *
s3_view_open(struct lunad *l)
{
	struct s3_view *v = mem_alloc(sizeof(*v));
	char *path = mem_format("%s/lunad.db", lunad_dir(l));
	v->dir = mem_text(lunad_dir(l));
	v->hold = s3_hold_new();
	int rc = sqlite3_open_v2(
	    path, &v->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(v->db,
		    "BEGIN; SELECT count(*) FROM s3_bucket", NULL, NULL, NULL);
	free(path);
	if (rc == SQLITE_OK)
		return v;
	diag("s3: %s: %s", v->dir, sqlite3_errmsg(v->db));
	s3_view_close(v);
	return NULL;
}

void
s3_view_close(struct s3_view *v)
{
	if (v == NULL)
		return;
	sqlite3_finalize(v->walk);
	sqlite3_close(v->db);
	s3_hold_free(v->hold);
	free(v->prefix);
	free(v->dir);
	free(v);
}

bool
s3_view_bucket(struct s3_view *v, const char *bucket)
{
	sqlite3_stmt *q = prepare(v, "SELECT 1 FROM s3_bucket WHERE name = ?");
	sqlite3_bind_text(q, 1, bucket, -1, SQLITE_STATIC);
	bool there = sqlite3_step(q) == SQLITE_ROW;
	sqlite3_finalize(q);
	return there;
}

void
s3_view_list(struct s3_view *v, const char *bucket, const char *prefix)
{
	sqlite3_finalize(v->walk);
	free(v->prefix);
	v->prefix = mem_text(prefix);
	v->walk =
	    prepare(v, "SELECT key, size, modified_ms, etag FROM s3_object"
		       " WHERE bucket = ? AND key >= ? ORDER BY key");
	sqlite3_bind_text(v->walk, 1, bucket, -1, SQLITE_TRANSIENT);
	sqlite3_bind_blob(
	    v->walk, 2, v->prefix, (int)strlen(v->prefix), SQLITE_STATIC);
}

bool
s3_view_next(struct s3_view *v, struct s3_entry *e)
{
	size_t n = strlen(v->prefix);
	if (sqlite3_step(v->walk) != SQLITE_ROW)
		return false;
	/* As text it ends with a NUL. */
	e->key = (const char *)sqlite3_column_text(v->walk, 0);
	e->key_len = (size_t)sqlite3_column_bytes(v->walk, 0);
	e->size = sqlite3_column_int64(v->walk, 1);
	e->modified_ms = sqlite3_column_int64(v->walk, 2);
	e->etag = (const char *)sqlite3_column_text(v->walk, 3);
	return e->key != NULL && e->key_len >= n &&
	       memcmp(e->key, v->prefix, n) == 0;
}

static void
next_piece(struct s3_stream *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
	t->at = 0;
	t->more = sqlite3_step(t->pieces) == SQLITE_ROW;
	t->size = t->more ? sqlite3_column_int64(t->pieces, 1) : 0;
}

struct s3_stream *
s3_stream_open(
    struct s3_view *v, const char *bucket, const char *key, size_t key_len)
{
	struct s3_stream *t = NULL;
	sqlite3_stmt *q = prepare(
	    v, "SELECT id, parts FROM s3_object WHERE bucket = ? AND key = ?");
	sqlite3_bind_text(q, 1, bucket, -1, SQLITE_STATIC);
	sqlite3_bind_blob(q, 2, key, (int)key_len, SQLITE_STATIC);
	if (sqlite3_step(q) == SQLITE_ROW) {
		t = mem_alloc(sizeof(*t));
		t->view = v;
		t->fd = -1;
		t->pieces = prepare(
		    v, sqlite3_column_int64(q, 1) == 0
			   ? "SELECT id, size, bytes FROM s3_blob WHERE id = ?"
			   : "SELECT b.id, b.size, b.bytes FROM s3_piece p"
			     " JOIN s3_blob b ON b.id = p.blob"
			     " WHERE p.object = ? ORDER BY p.number");
		sqlite3_bind_int64(t->pieces, 1, sqlite3_column_int64(q, 0));
		next_piece(t);
	}
	sqlite3_finalize(q);
	return t;
}

void
s3_stream_free(struct s3_stream *t)
{
	if (t == NULL)
		return;
	if (t->fd >= 0)
		close(t->fd);
	sqlite3_finalize(t->pieces);
	free(t);
}

static int
open_piece(struct s3_stream *t)
{
	char *path = mem_format("%s/s3/%lld", t->view->dir,
	    (long long)sqlite3_column_int64(t->pieces, 0));
	t->fd = open(path, O_RDONLY | O_CLOEXEC);
	free(path);
	return t->fd < 0 ? -1 : 0;
}

ssize_t
s3_stream_read(struct s3_stream *t, char *to, size_t max)
{
	while (t->more && t->at == t->size)
		next_piece(t);
	if (!t->more || max == 0)
		return 0;
	int64_t left = t->size - t->at;
	size_t n = left < (int64_t)max ? (size_t)left : max;
	if (sqlite3_column_type(t->pieces, 2) != SQLITE_NULL) {
		const char *bytes = sqlite3_column_blob(t->pieces, 2);
		memcpy(to, bytes + t->at, n);
		t->at += (int64_t)n;
		return (ssize_t)n;
	}
	if (t->fd < 0 && open_piece(t) < 0)
		return -1;
	ssize_t got = read(t->fd, to, n);
	if (got == 0)
		errno = EIO; /* shorter than it was */
	t->at += got > 0 ? got : 0;
	return got > 0 ? got : -1;
}
