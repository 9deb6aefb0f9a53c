/*
 * lunad_store DIR: a service of its own on a store in DIR; each line of stdin
 * names an operation that is called, and its answer and what is then in the
 * table are printed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../lunad/core.h"
#include "mem.h"
#include "opt.h"

static void
add(struct request *r, int64_t n)
{
	store_do(r->store, "INSERT INTO toy (n) VALUES (?)", "i", n);
}

static int
put(struct request *r)
{
	add(r, param_int(r, "n", 1));
	return ANSWER;
}

static int
put_and_fail(struct request *r)
{
	add(r, 2);
	return fail(r, 400, "No", "on purpose");
}

/* What another service fails at is undone, what this one did is kept. */
static int
put_around(struct request *r)
{
	struct lunad_failure failure;
	struct buf out = {0};
	add(r, 10);
	int status = lunad_call(
	    r->lunad, r->region, "toy", "PutAndFail", "{}", 2, &out, &failure);
	add(r, 11);
	put_open(r->out, NULL, '{');
	put_int(r->out, "inner", status);
	put_text(r->out, "code", failure.code);
	put_close(r->out, '}');
	buf_clear(&out);
	return ANSWER;
}

/* SQL that fails is not the handler's to notice. */
static int
put_wrong(struct request *r)
{
	add(r, 20);
	store_do(r->store, "INSERT INTO toy (n) VALUES (NULL)", "");
	return ANSWER;
}

static int
put_miscounted(struct request *r)
{
	add(r, 21);
	store_do(r->store, "INSERT INTO toy (n) VALUES (?)", "ii", (int64_t)1,
	    (int64_t)2);
	return ANSWER;
}

/* As a disk's error does it: SQLite ends the whole transaction. */
static int
put_lost(struct request *r)
{
	add(r, 30);
	store_do(r->store, "INSERT OR ROLLBACK INTO toy (n) VALUES (NULL)", "");
	return ANSWER;
}

/* What was before it is gone too, whatever goes well after it. */
static int
put_around_lost(struct request *r)
{
	struct buf out = {0};
	add(r, 40);
	lunad_call(r->lunad, r->region, "toy", "PutLost", "{}", 2, &out, NULL);
	lunad_call(r->lunad, r->region, "toy", "Put", "{}", 2, &out, NULL);
	buf_clear(&out);
	return ANSWER;
}

/* The same query inside a walk over it, and one left in the middle. */
static int
walk(struct request *r)
{
	static const char sql[] = "SELECT n FROM toy ORDER BY n";
	int64_t pairs = 0;
	sqlite3_stmt *a = store_query(r->store, sql, "");
	while (store_next(a)) {
		sqlite3_stmt *b = store_query(r->store, sql, "");
		while (store_next(b))
			pairs++;
	}
	a = store_query(r->store, sql, "");
	store_next(a);
	put_open(r->out, NULL, '{');
	put_int(r->out, "pairs", pairs);
	put_close(r->out, '}');
	return ANSWER;
}

static const struct operation operations[] = {
    {.name = "Put", .run = put, .writes = true},
    {.name = "PutAndFail", .run = put_and_fail, .writes = true},
    {.name = "PutAround", .run = put_around, .writes = true},
    {.name = "PutWrong", .run = put_wrong, .writes = true},
    {.name = "PutMiscounted", .run = put_miscounted, .writes = true},
    {.name = "PutLost", .run = put_lost, .writes = true},
    {.name = "PutAroundLost", .run = put_around_lost, .writes = true},
    {.name = "Walk", .run = walk, .writes = true},
    {0},
};

static const struct api toy = {.name = "toy",
    .operation = operations,
    .schema = "CREATE TABLE IF NOT EXISTS toy (n INTEGER NOT NULL)"};

const struct api *const lunad_apis[] = {&toy, NULL};

static void
call(struct lunad *l, const char *name)
{
	struct lunad_failure failure = {0};
	struct buf out = {0};
	uint64_t undone = store_undone(l->store);
	store_clear(l->store);
	int status = lunad_call(l, "r", "toy", name, "{}", 2, &out, &failure);
	printf("%s: %d %s%s", name, status, failure.code, buf_text(&out));
	if (store_pending(l->store) && store_commit(l->store) < 0)
		printf(" lost");
	printf(" |");
	sqlite3_stmt *q =
	    store_query(l->store, "SELECT n FROM toy ORDER BY rowid", "");
	while (store_next(q))
		printf(" %lld", (long long)store_int(q, 0));
	puts(store_undone(l->store) != undone ? " (undone)" : "");
	buf_clear(&out);
}

int
main(int argc, char **argv)
{
	struct lunad l;
	struct err err;
	struct opt_list none = {0};
	const struct server_options server = {
	    .listen = "127.0.0.1:0", .signals = -1};
	if (argc != 2)
		return 2;
	if (lunad_open(&l,
		&(struct lunad_options){.dir = argv[1],
		    .fault = &none,
		    .sync = STORE_SYNC_NORMAL,
		    .server = &server},
		&err) < 0) {
		puts(err.message);
		return 1;
	}
	char name[64];
	while (scanf("%63s", name) == 1)
		call(&l, name);
	lunad_close(&l);
	return 0;
}
