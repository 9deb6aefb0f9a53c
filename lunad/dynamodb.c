/*
 * DynamoDB: what it answers, and what it does by itself.
 */
#include <string.h>

#include "ddb.h"
#include "metric.h"
#include "text.h"

extern const struct api dynamodb_api;

static struct ddb_pool pool;

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS ddb_table ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL,"
    " region TEXT NOT NULL, name TEXT NOT NULL, uuid TEXT NOT NULL,"
    " created INTEGER NOT NULL, definition TEXT NOT NULL,"
    " UNIQUE (account, region, name));"
    /* k: ddb_key.c says what it is made of */
    "CREATE TABLE IF NOT EXISTS ddb_row ("
    " k BLOB PRIMARY KEY, size INTEGER NOT NULL, expires INTEGER,"
    " item TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS ddb_row_expires ON ddb_row (expires)"
    " WHERE expires IS NOT NULL;"
    "CREATE TABLE IF NOT EXISTS ddb_count ("
    " table_id INTEGER NOT NULL, slot INTEGER NOT NULL,"
    " items INTEGER NOT NULL, bytes INTEGER NOT NULL,"
    " PRIMARY KEY (table_id, slot)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS ddb_tag ("
    " table_id INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,"
    " PRIMARY KEY (table_id, key)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS ddb_token ("
    " token TEXT PRIMARY KEY, hash TEXT NOT NULL, at INTEGER NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS ddb_token_at ON ddb_token (at);";

static const struct {
	const char *name;
	int (*run)(struct ddb_call *c);
} runs[] = {
    {"PutItem", ddb_do_put},
    {"GetItem", ddb_do_get},
    {"UpdateItem", ddb_do_update},
    {"DeleteItem", ddb_do_delete},
    {"Query", ddb_query},
    {"Scan", ddb_scan},
    {"BatchWriteItem", ddb_batch_write},
    {"BatchGetItem", ddb_batch_get},
    {"TransactWriteItems", ddb_transact_write},
    {"TransactGetItems", ddb_transact_get},
    {"CreateTable", ddb_create_table},
    {"UpdateTable", ddb_update_table},
    {"DeleteTable", ddb_delete_table},
    {"DescribeTable", ddb_describe_table},
    {"ListTables", ddb_list_tables},
    {"TagResource", ddb_tag},
    {"UntagResource", ddb_untag},
    {"ListTagsOfResource", ddb_list_tags},
    {"UpdateTimeToLive", ddb_update_ttl},
    {"DescribeTimeToLive", ddb_describe_ttl},
    {"UpdateContinuousBackups", ddb_update_backups},
    {"DescribeContinuousBackups", ddb_describe_backups},
    {"DescribeLimits", ddb_describe_limits},
};

static void
count_success(struct ddb_call *c, int64_t ms)
{
	if (c->table == NULL)
		return;
	metric_add(c->r->lunad, c->r->region, "AWS/DynamoDB",
	    "SuccessfulRequestLatency",
	    ddb_format(c, "Operation=%s\nTableName=%s", c->r->operation,
		c->table->name),
	    (double)ms, "Milliseconds", c->r->now_ms);
}

/* Failures that AWS does not count as the user's. */
static bool
users_error(const char *code)
{
	return strcmp(code, "ConditionalCheckFailedException") != 0 &&
	       strcmp(code, "TransactionCanceledException") != 0;
}

static int
answer_failure(struct ddb_call *c)
{
	if (users_error(c->err.code))
		metric_add(c->r->lunad, c->r->region, "AWS/DynamoDB",
		    "UserErrors", "", 1, "Count", c->r->now_ms);
	return fail(c->r, 400, c->err.code, "%s", c->err.message);
}

static int
run(struct request *r)
{
	struct ddb_call c = {.r = r, .pool = &pool, .out = r->out};
	int64_t began = text_tick();
	size_t i = 0;
	while (strcmp(runs[i].name, r->operation) != 0)
		i++;
	ddb_pool_reset(&pool);
	put_open(r->out, NULL, '{');
	if (runs[i].run(&c) != 0)
		return answer_failure(&c);
	put_close(r->out, '}');
	count_success(&c, text_tick() - began);
	return ANSWER;
}

/* TTL: items whose time has come, one after the other. */
static int64_t
due(struct lunad *l)
{
	return store_number(lunad_store(l), INT64_MAX,
	    "SELECT min(expires) FROM ddb_row WHERE expires IS NOT NULL", "");
}

static void
expire(struct ddb_call *c, struct ddb_table *t, const struct ddb_value *item)
{
	struct ddb_row row = {0};
	struct ddb_units units = {0};
	ddb_row_find(c, t, item, true, &row);
	ddb_row_write(c, t, &row, NULL, &units);
	buf_clear(&row.key);
	ddb_metric(c, t, "TimeToLiveDeletedItemCount", 1);
}

static void
run_due(struct lunad *l, int64_t now_ms)
{
	struct request r = {
	    .lunad = l, .store = lunad_store(l), .now_ms = now_ms};
	struct ddb_call c = {.r = &r, .pool = &pool};
	size_t key_len, len;
	ddb_pool_reset(&pool);
	sqlite3_stmt *q = store_query(r.store,
	    "SELECT k, item FROM ddb_row WHERE expires <= ? "
	    "ORDER BY expires LIMIT 1",
	    "i", now_ms);
	if (!store_next(q))
		return;
	const char *bytes = store_bytes(q, 0, &key_len);
	const char *key = ddb_copy(&pool, bytes, key_len);
	const unsigned char *k = (const unsigned char *)key;
	int64_t id = (int64_t)k[0] << 24 | (int64_t)k[1] << 16 |
		     (int64_t)k[2] << 8 | (int64_t)k[3];
	const char *text = store_bytes(q, 1, &len);
	struct json v = {JSON_OBJECT, ddb_copy(&pool, text, len), len};
	store_end(q);
	struct ddb_table *t = ddb_table_by_id(&c, id);
	struct ddb_value *item = ddb_item_read(&pool, v, true, &c.err);
	if (t != NULL && item != NULL)
		expire(&c, t, item);
	else /* it would be due for ever */
		store_do(r.store, "DELETE FROM ddb_row WHERE k = ?", "b", key,
		    key_len);
}

static void
open_service(struct lunad *l)
{
	(void)l;
	ddb_table_forget();
}

static const struct operation operations[] = {
    {.name = "PutItem", .run = run, .writes = true},
    {.name = "GetItem", .run = run},
    {.name = "UpdateItem", .run = run, .writes = true},
    {.name = "DeleteItem", .run = run, .writes = true},
    {.name = "Query", .run = run},
    {.name = "Scan", .run = run},
    {.name = "BatchWriteItem", .run = run, .writes = true},
    {.name = "BatchGetItem", .run = run},
    {.name = "TransactWriteItems", .run = run, .writes = true},
    {.name = "TransactGetItems", .run = run},
    {.name = "CreateTable", .run = run, .writes = true},
    {.name = "UpdateTable", .run = run, .writes = true},
    {.name = "DeleteTable", .run = run, .writes = true},
    {.name = "DescribeTable", .run = run},
    {.name = "ListTables", .run = run},
    {.name = "TagResource", .run = run, .writes = true},
    {.name = "UntagResource", .run = run, .writes = true},
    {.name = "ListTagsOfResource", .run = run},
    {.name = "UpdateTimeToLive", .run = run, .writes = true},
    {.name = "DescribeTimeToLive", .run = run},
    {.name = "UpdateContinuousBackups", .run = run, .writes = true},
    {.name = "DescribeContinuousBackups", .run = run},
    {.name = "DescribeLimits", .run = run},
    {0},
};

const struct api dynamodb_api = {
    .name = "dynamodb",
    .target = "DynamoDB_20120810",
    .json_version = "1.0",
    .error_prefix = "com.amazonaws.dynamodb.v20120810#",
    .operation = operations,
    .schema = schema,
    .due = due,
    .run_due = run_due,
    .open = open_service,
};
