#include <string.h>

#include "ddb.h"
#include "digest.h"

#define TRANSACT_MAX 100
#define TRANSACT_BYTES ((size_t)4 * 1024 * 1024)
#define TOKEN_MS (10 * 60 * 1000)

/* Why one operation cancels the whole. */
struct reason {
	const char *code; /* NULL: it does not */
	const char *message;
	const struct ddb_value *item;
};

struct transaction {
	struct ddb_write *write;
	struct ddb_get *get;
	struct reason reason[TRANSACT_MAX];
	size_t count;
	bool cancelled;
};

static void
cancel(struct ddb_call *c, struct transaction *t, size_t i, const char *code,
    const char *message)
{
	t->reason[i].code = code;
	t->reason[i].message = ddb_copy(c->pool, message, strlen(message));
	t->cancelled = true;
}

/* What a failed check says about operation i. */
static void
cancel_invalid(struct ddb_call *c, struct transaction *t, size_t i)
{
	cancel(c, t, i, "ValidationError", c->err.message);
}

static int
cancelled(struct ddb_call *c, const struct transaction *t)
{
	struct buf codes = {.max = 380};
	struct buf *more = &c->r->error_more;
	put_open(more, "CancellationReasons", '[');
	for (size_t i = 0; i < t->count; i++) {
		const struct reason *r = &t->reason[i];
		const char *code = r->code == NULL ? "None" : r->code;
		buf_addf(&codes, "%s%s", i > 0 ? ", " : "", code);
		put_open(more, NULL, '{');
		put_text(more, "Code", code);
		if (r->message != NULL)
			put_text(more, "Message", r->message);
		if (r->item != NULL) {
			put_raw(more, "Item", "", 0);
			ddb_item_print(r->item, more);
		}
		put_close(more, '}');
	}
	put_close(more, ']');
	err_set(&c->err, ERR_REFUSED, "TransactionCanceledException",
	    "Transaction cancelled, please refer cancellation reasons for "
	    "specific reasons [%s]",
	    buf_text(&codes));
	put_text(more, "Message", c->err.message);
	buf_clear(&codes);
	return -1;
}

static int
check_distinct(struct ddb_call *c, const struct buf *keys, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < i && keys[i].len > 0; j++)
			if (keys[i].len == keys[j].len &&
			    memcmp(keys[i].data, keys[j].data, keys[i].len) ==
				0)
				return ddb_invalid(&c->err,
				    "Transaction request cannot include "
				    "multiple operations on one item");
	return 0;
}

/* The one member of an element that says what it is. */
static int
kind_of(struct ddb_call *c, struct json element, struct json *body)
{
	static const char *const names[] = {
	    [WRITE_PUT] = "Put",
	    [WRITE_UPDATE] = "Update",
	    [WRITE_DELETE] = "Delete",
	    [WRITE_CHECK] = "ConditionCheck",
	};
	int kind = -1;
	for (int i = 0; i <= WRITE_CHECK; i++) {
		struct json v = json_get(element, names[i]);
		if (v.type != JSON_OBJECT)
			continue;
		if (kind >= 0)
			return ddb_invalid(&c->err,
			    "TransactItems can only contain one of Check, Put, "
			    "Update or Delete");
		kind = i;
		*body = v;
	}
	if (kind < 0)
		return ddb_invalid(&c->err,
		    "Invalid Request: TransactWriteRequest should contain "
		    "Delete or Put or Update request");
	return kind;
}

static int
read_write(
    struct ddb_call *c, struct json element, size_t at, struct ddb_write *w)
{
	static const enum ddb_arg required[][4] = {
	    [WRITE_PUT] = {ARG_TABLE, ARG_ITEM, ARGS},
	    [WRITE_UPDATE] = {ARG_TABLE, ARG_KEY, ARG_UPDATE, ARGS},
	    [WRITE_DELETE] = {ARG_TABLE, ARG_KEY, ARGS},
	    [WRITE_CHECK] = {ARG_TABLE, ARG_KEY, ARG_CONDITION, ARGS},
	};
	static const char *const names[] = {
	    "put", "update", "delete", "conditionCheck"};
	struct json body;
	int kind = kind_of(c, element, &body);
	if (kind < 0)
		return -1;
	w->kind = (enum ddb_write_kind)kind;
	const char *path =
	    ddb_format(c, "transactItems.%zu.member.%s.", at + 1, names[kind]);
	if (ddb_args_read(c, body, path, required[kind], &w->args) != 0)
		return -1;
	return ddb_write_read(c, w);
}

static int
read_writes(struct ddb_call *c, struct transaction *t)
{
	struct json_iter it;
	struct json v;
	size_t bytes = 0;
	size_t most = json_count(c->args.v[ARG_TRANSACT_ITEMS]);
	t->write = ddb_alloc(c->pool, most * sizeof(*t->write));
	json_each(c->args.v[ARG_TRANSACT_ITEMS], &it);
	while (json_next(&it, NULL, &v)) {
		struct ddb_write *w = &t->write[t->count];
		if (read_write(c, v, t->count, w) != 0)
			return -1;
		bytes += w->size;
		t->count++;
	}
	if (bytes > TRANSACT_BYTES)
		return ddb_invalid(&c->err,
		    "The aggregate size of the items in the transaction "
		    "exceeds 4 MB");
	return 0;
}

/* Check every operation against its table, then that no two meet. */
static int
check_writes(struct ddb_call *c, struct transaction *t)
{
	struct buf *keys = ddb_alloc(c->pool, t->count * sizeof(*keys));
	for (size_t i = 0; i < t->count; i++)
		if (ddb_write_check(c, &t->write[i]) != 0)
			cancel_invalid(c, t, i);
		else
			ddb_key_item(
			    t->write[i].table, t->write[i].key, &keys[i]);
	int result = check_distinct(c, keys, t->count);
	for (size_t i = 0; i < t->count; i++)
		buf_clear(&keys[i]);
	return result;
}

static void
condition_failed(struct ddb_call *c, struct transaction *t, size_t i)
{
	struct ddb_write *w = &t->write[i];
	cancel(c, t, i, "ConditionalCheckFailed",
	    "The conditional request failed");
	ddb_metric(c, w->table, "ConditionalCheckFailedRequests", 1);
	if (ddb_arg_is(&w->args, ARG_RETURN_ON_FAILURE, "ALL_OLD"))
		t->reason[i].item = ddb_row_item(c, &w->row);
}

static int
run_writes(struct ddb_call *c, struct transaction *t)
{
	struct ddb_total *totals = NULL;
	for (size_t i = 0; i < t->count; i++)
		if (t->reason[i].code == NULL &&
		    ddb_write_try(c, &t->write[i]) != 0)
			condition_failed(c, t, i);
	for (size_t i = 0; i < t->count && !t->cancelled; i++) {
		struct ddb_write *w = &t->write[i];
		if (ddb_write_do(c, w) != 0)
			cancel_invalid(c, t, i);
		ddb_total_add(c, &totals, w->table, &w->units, 2);
	}
	for (size_t i = 0; i < t->count; i++)
		ddb_write_clear(&t->write[i]);
	if (t->cancelled)
		return cancelled(c, t);
	ddb_total_put(c, totals, true);
	return 0;
}

/*
 * A token that came before, less than ten minutes ago: 1 when it was for the
 * same operations, which then are not done again.
 */
static int
seen_before(struct ddb_call *c)
{
	char hash[2 * DIGEST_SHA256 + 1];
	struct store *s = c->r->store;
	struct buf items = {0};
	size_t len;
	const char *token = ddb_arg_text(c, &c->args, ARG_TOKEN, &len);
	const char *key =
	    ddb_format(c, "%s %s %s", c->r->account, c->r->region, token);
	json_compact(c->args.v[ARG_TRANSACT_ITEMS], &items);
	digest_sha256_hex(items.data, items.len, hash);
	buf_clear(&items);
	store_do(s, "DELETE FROM ddb_token WHERE at < ?", "i",
	    c->r->now_ms - TOKEN_MS);
	if (store_do(s,
		"INSERT INTO ddb_token (token, hash, at) VALUES (?, ?, ?) "
		"ON CONFLICT DO NOTHING",
		"tti", key, hash, c->r->now_ms) > 0)
		return 0;
	if (store_number(s, 0,
		"SELECT 1 FROM ddb_token WHERE token = ? AND hash = ?", "tt",
		key, hash) == 1)
		return 1;
	return err_set(&c->err, ERR_REFUSED,
	    "IdempotentParameterMismatchException",
	    "DynamoDB rejected the request because you retried a request with "
	    "a different payload but with an idempotent token that was already "
	    "used.");
}

/* A repeated transaction costs what reading its items costs. */
static int
answer_again(struct ddb_call *c, struct transaction *t)
{
	struct ddb_total *totals = NULL;
	for (size_t i = 0; i < t->count; i++) {
		struct ddb_row row = {0};
		ddb_row_find(
		    c, t->write[i].table, t->write[i].key, false, &row);
		struct ddb_units units = {
		    .table = ddb_read_units(row.size, true)};
		ddb_total_add(c, &totals, t->write[i].table, &units, 2);
		buf_clear(&row.key);
	}
	ddb_total_put(c, totals, false);
	return 0;
}

static const enum ddb_arg required[] = {ARG_TRANSACT_ITEMS, ARGS};

int
ddb_transact_write(struct ddb_call *c)
{
	struct transaction *t = ddb_alloc(c->pool, sizeof(*t));
	if (ddb_args_read(c, c->r->in, "", required, &c->args) != 0 ||
	    read_writes(c, t) != 0 || check_writes(c, t) != 0)
		return -1;
	c->capacity = ddb_capacity_asked(&c->args);
	c->transaction = true;
	int seen = ddb_arg_has(&c->args, ARG_TOKEN) ? seen_before(c) : 0;
	if (seen < 0)
		return -1;
	if (seen > 0 && !t->cancelled)
		return answer_again(c, t);
	return run_writes(c, t);
}

static int
read_gets(struct ddb_call *c, struct transaction *t)
{
	static const enum ddb_arg needed[] = {ARG_TABLE, ARG_KEY, ARGS};
	struct json_iter it;
	struct json v;
	size_t most = json_count(c->args.v[ARG_TRANSACT_ITEMS]);
	t->get = ddb_alloc(c->pool, most * sizeof(*t->get));
	json_each(c->args.v[ARG_TRANSACT_ITEMS], &it);
	while (json_next(&it, NULL, &v)) {
		struct ddb_get *g = &t->get[t->count];
		struct json body = json_get(v, "Get");
		const char *path =
		    ddb_format(c, "transactItems.%zu.member.", ++t->count);
		if (body.type != JSON_OBJECT)
			return ddb_constraint(c, path, "Get", (struct json){0},
			    "Member must not be null");
		path = ddb_format(c, "%sget.", path);
		if (ddb_args_read(c, body, path, needed, &g->args) != 0 ||
		    ddb_get_read(c, g) != 0)
			return -1;
	}
	return 0;
}

static int
check_gets(struct ddb_call *c, struct transaction *t)
{
	struct buf *keys = ddb_alloc(c->pool, t->count * sizeof(*keys));
	for (size_t i = 0; i < t->count; i++)
		if (ddb_get_check(c, &t->get[i]) != 0)
			cancel_invalid(c, t, i);
		else
			ddb_key_item(t->get[i].table, t->get[i].key, &keys[i]);
	int result = check_distinct(c, keys, t->count);
	for (size_t i = 0; i < t->count; i++)
		buf_clear(&keys[i]);
	if (result == 0 && t->cancelled)
		return cancelled(c, t);
	return result;
}

int
ddb_transact_get(struct ddb_call *c)
{
	struct transaction *t = ddb_alloc(c->pool, sizeof(*t));
	struct ddb_total *totals = NULL;
	if (ddb_args_read(c, c->r->in, "", required, &c->args) != 0 ||
	    read_gets(c, t) != 0 || check_gets(c, t) != 0)
		return -1;
	c->capacity = ddb_capacity_asked(&c->args);
	c->transaction = true;
	put_open(c->out, "Responses", '[');
	for (size_t i = 0; i < t->count; i++) {
		struct ddb_get *g = &t->get[i];
		put_open(c->out, NULL, '{');
		ddb_get_do(c, g, "Item");
		put_close(c->out, '}');
		struct ddb_units units = {
		    .table = ddb_read_units(g->size, true)};
		ddb_total_add(c, &totals, g->table, &units, 2);
	}
	put_close(c->out, ']');
	ddb_total_put(c, totals, false);
	return 0;
}
