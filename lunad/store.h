#ifndef LUNAD_STORE_H
#define LUNAD_STORE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

/*
 * The one SQLite file: prepared statements kept by their text, a savepoint a
 * request, one COMMIT for many. A table belongs to one service.
 *
 * types: one letter an argument: t text (NULL is NULL), s text and size_t
 * length, b bytes and size_t length, i int64_t, d double.
 *
 * An error of SQLite (disk full, I/O) marks the store: the request that runs
 * is rolled back and answered as an internal error by the core; handlers
 * need not look.
 */
struct store;

/* sql: a literal or a text that lives as long as the store. */
sqlite3_stmt *store_query(
    struct store *s, const char *sql, const char *types, ...);
bool store_next(sqlite3_stmt *q); /* a row is there */
void store_end(sqlite3_stmt *q);  /* after the last row, or early */

/* Columns of the row; text "" for NULL, valid until store_next. */
const char *store_text(sqlite3_stmt *q, int column);
const char *store_bytes(sqlite3_stmt *q, int column, size_t *len);
int64_t store_int(sqlite3_stmt *q, int column);
double store_double(sqlite3_stmt *q, int column);
bool store_null(sqlite3_stmt *q, int column);

/* Run to the end; returns the number of rows changed. */
int64_t store_do(struct store *s, const char *sql, const char *types, ...);
/* The first column of the first row, or `otherwise`. */
int64_t store_number(struct store *s, int64_t otherwise, const char *sql,
    const char *types, ...);
int64_t store_last_id(struct store *s);
/* How often changes were rolled back so far: when it has moved, rows that a
 * service keeps in memory may never have been and are read again. */
uint64_t store_undone(const struct store *s);
/* How many commits there were: what was done before this moved is kept. */
uint64_t store_commits(const struct store *s);

/* How many rows were changed so far. */
int64_t store_changes(const struct store *s);

/*
 * The core's part; services need none of it.
 *
 * sync: what an answer survives besides kill -9.
 * Fails: ERR_SETUP.
 */
enum store_sync {
	STORE_SYNC_NEVER,  /* nothing: a temporary directory */
	STORE_SYNC_NORMAL, /* loss of power ends no more than the last ones */
	STORE_SYNC_FULL    /* loss of power */
};
struct store *store_open(
    const char *path, enum store_sync sync, struct err *err);
void store_close(struct store *s);
/* Run a schema's statements. */
int store_script(struct store *s, const char *sql, struct err *err);
/* Open a savepoint, and the transaction around it when none is open; then
 * keep or undo what was changed since. They nest. */
void store_save(struct store *s);
void store_keep(struct store *s);
void store_undo(struct store *s);
bool store_pending(struct store *s); /* is there something to commit? */
/* End the transaction. -1: nothing of it is there; so also when SQLite rolled
 * it back in its midst, whatever was done after that. */
int store_commit(struct store *s);
/* Has something failed since the last clear? */
bool store_failed(struct store *s);
void store_clear(struct store *s);

#endif
