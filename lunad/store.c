#include "store.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "diag.h"
#include "mem.h"

#define BUCKETS 1024
#define NESTED 64

/* A prepared statement, found by the address of its text. */
struct statement {
	const char *sql;
	sqlite3_stmt *q;
	struct statement *next;
};

struct store {
	sqlite3 *db;
	struct statement *bucket[BUCKETS];
	sqlite3_stmt *fresh; /* given out, not stepped yet */
	bool failed;
	bool open; /* a transaction was begun and not ended here */
	bool lost; /* but SQLite ended one of it */
	uint64_t undone, commits;
	/* What total_changes was at each open savepoint. */
	sqlite3_int64 changes[NESTED];
	size_t depth;
};

/* store_next knows only its statement; a process has one store. */
static struct store *the_store;

static void
complain(struct store *s, const char *sql)
{
	if (!s->failed)
		diag("store: %s: %s", sqlite3_errmsg(s->db), sql);
	s->failed = true;
}

static struct statement **
bucket_of(struct store *s, const char *sql)
{
	uintptr_t h = (uintptr_t)sql;
	h ^= h >> 12;
	return &s->bucket[(h >> 2) % BUCKETS];
}

/* A statement that is not in use; a query inside a walk over the same query
 * gets its own. */
static sqlite3_stmt *
prepare(struct store *s, const char *sql)
{
	struct statement **b = bucket_of(s, sql);
	for (struct statement *st = *b; st != NULL; st = st->next)
		if (st->sql == sql && st->q != s->fresh &&
		    !sqlite3_stmt_busy(st->q))
			return st->q;
	sqlite3_stmt *q = NULL;
	if (sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &q,
		NULL) != SQLITE_OK ||
	    q == NULL) {
		complain(s, sql);
		return NULL;
	}
	struct statement *st = mem_alloc(sizeof(*st));
	*st = (struct statement){.sql = sql, .q = q, .next = *b};
	*b = st;
	return q;
}

static int
bind_one(sqlite3_stmt *q, int i, char type, sqlite3_destructor_type life,
    va_list *ap)
{
	if (type == 'i')
		return sqlite3_bind_int64(q, i, va_arg(*ap, int64_t));
	if (type == 'd')
		return sqlite3_bind_double(q, i, va_arg(*ap, double));
	const char *p = va_arg(*ap, const char *);
	if (p == NULL && type == 't')
		return sqlite3_bind_null(q, i);
	if (type == 't')
		return sqlite3_bind_text(q, i, p, -1, life);
	size_t len = va_arg(*ap, size_t);
	if (p == NULL)
		return type == 'b' && len == 0 ? sqlite3_bind_zeroblob(q, i, 0)
					       : sqlite3_bind_null(q, i);
	if (type == 's')
		return sqlite3_bind_text64(q, i, p, len, life, SQLITE_UTF8);
	return sqlite3_bind_blob64(q, i, p, len, life);
}

static sqlite3_stmt *
query(struct store *s, const char *sql, const char *types,
    sqlite3_destructor_type life, va_list *ap)
{
	sqlite3_stmt *q = prepare(s, sql);
	if (q == NULL)
		return NULL;
	sqlite3_reset(q);
	int n = 0, rc = SQLITE_OK;
	for (; types[n] != '\0' && rc == SQLITE_OK; n++)
		rc = bind_one(q, n + 1, types[n], life, ap);
	if (rc != SQLITE_OK || n != sqlite3_bind_parameter_count(q)) {
		if (rc == SQLITE_OK)
			diag("store: %d arguments: %s", n, sql);
		complain(s, sql);
		return NULL;
	}
	s->fresh = q;
	return q;
}

sqlite3_stmt *
store_query(struct store *s, const char *sql, const char *types, ...)
{
	va_list ap;
	va_start(ap, types);
	sqlite3_stmt *q = query(s, sql, types, SQLITE_TRANSIENT, &ap);
	va_end(ap);
	return q;
}

bool
store_next(sqlite3_stmt *q)
{
	if (q == NULL)
		return false;
	if (the_store->fresh == q)
		the_store->fresh = NULL;
	int rc = sqlite3_step(q);
	if (rc == SQLITE_ROW)
		return true;
	if (rc != SQLITE_DONE)
		complain(the_store, sqlite3_sql(q));
	sqlite3_reset(q);
	return false;
}

void
store_end(sqlite3_stmt *q)
{
	if (the_store->fresh == q)
		the_store->fresh = NULL;
	sqlite3_reset(q);
}

const char *
store_text(sqlite3_stmt *q, int column)
{
	const unsigned char *text = sqlite3_column_text(q, column);
	return text == NULL ? "" : (const char *)text;
}

const char *
store_bytes(sqlite3_stmt *q, int column, size_t *len)
{
	const void *bytes = sqlite3_column_type(q, column) == SQLITE_BLOB
				? sqlite3_column_blob(q, column)
				: sqlite3_column_text(q, column);
	*len = (size_t)sqlite3_column_bytes(q, column);
	return bytes == NULL ? "" : bytes;
}

int64_t
store_int(sqlite3_stmt *q, int column)
{
	return sqlite3_column_int64(q, column);
}

double
store_double(sqlite3_stmt *q, int column)
{
	return sqlite3_column_double(q, column);
}

bool
store_null(sqlite3_stmt *q, int column)
{
	return sqlite3_column_type(q, column) == SQLITE_NULL;
}

int64_t
store_do(struct store *s, const char *sql, const char *types, ...)
{
	va_list ap;
	va_start(ap, types);
	sqlite3_stmt *q = query(s, sql, types, SQLITE_STATIC, &ap);
	va_end(ap);
	if (q == NULL)
		return 0;
	sqlite3_int64 before = sqlite3_total_changes64(s->db);
	while (store_next(q))
		;
	return sqlite3_total_changes64(s->db) == before
		   ? 0
		   : sqlite3_changes64(s->db);
}

int64_t
store_number(
    struct store *s, int64_t otherwise, const char *sql, const char *types, ...)
{
	va_list ap;
	va_start(ap, types);
	sqlite3_stmt *q = query(s, sql, types, SQLITE_STATIC, &ap);
	va_end(ap);
	if (!store_next(q))
		return otherwise;
	int64_t n = store_null(q, 0) ? otherwise : store_int(q, 0);
	store_end(q);
	return n;
}

int64_t
store_last_id(struct store *s)
{
	return sqlite3_last_insert_rowid(s->db);
}

struct store *
store_open(const char *path, enum store_sync sync, struct err *err)
{
	static const char *const pragma[] = {
	    [STORE_SYNC_NEVER] = "PRAGMA synchronous = OFF",
	    [STORE_SYNC_NORMAL] = "PRAGMA synchronous = NORMAL",
	    [STORE_SYNC_FULL] = "PRAGMA synchronous = FULL",
	};
	struct store *s = mem_alloc(sizeof(*s));
	the_store = s;
	if (sqlite3_open_v2(path, &s->db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
		    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
		NULL) != SQLITE_OK) {
		err_set(err, ERR_SETUP, "Store", "%s: %s", path,
		    sqlite3_errmsg(s->db));
		store_close(s);
		return NULL;
	}
	if (store_script(s,
		"PRAGMA journal_mode = WAL;"
		"PRAGMA temp_store = MEMORY;"
		"PRAGMA wal_autocheckpoint = 4000;",
		err) < 0 ||
	    store_script(s, pragma[sync], err) < 0) {
		err_prefix(err, "%s", path);
		store_close(s);
		return NULL;
	}
	return s;
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while (s->bucket[i] != NULL) {
			struct statement *st = s->bucket[i];
			s->bucket[i] = st->next;
			sqlite3_finalize(st->q);
			free(st);
		}
	sqlite3_close(s->db);
	the_store = NULL;
	free(s);
}

int
store_script(struct store *s, const char *sql, struct err *err)
{
	char *why = NULL;
	if (sqlite3_exec(s->db, sql, NULL, NULL, &why) == SQLITE_OK)
		return 0;
	err_set(err, ERR_SETUP, "Store", "%s", why);
	sqlite3_free(why);
	return -1;
}

/* SQLite ends a transaction by itself after some errors of the disk. */
static bool
ended(const struct store *s)
{
	return sqlite3_get_autocommit(s->db) != 0;
}

void
store_save(struct store *s)
{
	if (ended(s)) {
		s->lost |= s->open;
		s->open = true;
		store_do(s, "BEGIN IMMEDIATE", "");
	}
	store_do(s, "SAVEPOINT r", "");
	if (s->depth < NESTED)
		s->changes[s->depth] = sqlite3_total_changes64(s->db);
	s->depth++;
}

void
store_keep(struct store *s)
{
	s->depth--;
	store_do(s, "RELEASE r", "");
}

void
store_undo(struct store *s)
{
	s->depth--;
	if (s->failed || s->depth >= NESTED ||
	    s->changes[s->depth] != sqlite3_total_changes64(s->db))
		s->undone++;
	if (ended(s))
		return;
	store_do(s, "ROLLBACK TO r", "");
	store_do(s, "RELEASE r", "");
}

bool
store_pending(struct store *s)
{
	return s->open;
}

int
store_commit(struct store *s)
{
	sqlite3_stmt *q = NULL;
	while ((q = sqlite3_next_stmt(s->db, q)) != NULL)
		if (sqlite3_stmt_busy(q)) {
			diag("store: never ended: %s", sqlite3_sql(q));
			sqlite3_reset(q);
		}
	bool lost = s->lost || (s->open && ended(s));
	s->open = s->lost = false;
	store_clear(s);
	if (!lost)
		store_do(s, "COMMIT", "");
	if (!lost && !s->failed) {
		s->commits++;
		return 0;
	}
	if (!ended(s))
		store_do(s, "ROLLBACK", "");
	s->undone++;
	return -1;
}

int64_t
store_changes(const struct store *s)
{
	return sqlite3_total_changes64(s->db);
}

uint64_t
store_undone(const struct store *s)
{
	return s->undone;
}

uint64_t
store_commits(const struct store *s)
{
	return s->commits;
}

bool
store_failed(struct store *s)
{
	return s->failed;
}

void
store_clear(struct store *s)
{
	s->failed = false;
}
