#include <stdlib.h>
#include <string.h>

#include "ddb.h"
#include "mem.h"

/*
 * Tables are rows of JSON, as CreateTable gets it; what was read of them is
 * kept in memory until something is rolled back.
 */
static struct ddb_table *tables;
static uint64_t tables_undone;

static const char *
keep(struct ddb_table *t, const char *text)
{
	return ddb_copy(&t->pool, text, strlen(text));
}

struct ddb_table *
ddb_table_new(struct ddb_call *c, const char *name)
{
	struct ddb_table *t = mem_alloc(sizeof(*t));
	t->account = keep(t, c->r->account);
	t->region = keep(t, c->r->region);
	t->name = keep(t, name);
	t->arn = ddb_print(&t->pool, "arn:aws:dynamodb:%s:%s:table/%s",
	    t->region, t->account, name);
	return t;
}

void
ddb_table_free(struct ddb_table *t)
{
	if (t == NULL)
		return;
	ddb_pool_clear(&t->pool);
	free(t);
}

void
ddb_table_forget(void)
{
	while (tables != NULL) {
		struct ddb_table *t = tables;
		tables = t->next;
		ddb_table_free(t);
	}
}

static const char *
text_of(struct ddb_table *t, struct json v)
{
	char *text = json_dup(v);
	const char *kept = text == NULL ? NULL : keep(t, text);
	free(text);
	return kept;
}

/* A copy of a view in the table's own memory. */
static struct json
kept(struct ddb_table *t, struct json v)
{
	if (v.type == JSON_NONE || v.type == JSON_NULL)
		return (struct json){0};
	struct buf compact = {0};
	json_compact(v, &compact);
	v.at = ddb_copy(&t->pool, compact.data, compact.len);
	v.len = compact.len;
	buf_clear(&compact);
	return v;
}

static void
define_key(
    struct ddb_table *t, struct json schema, size_t at, struct ddb_key *key)
{
	struct json element = json_at(schema, at), name, v;
	struct json_iter it;
	name = json_get(element, "AttributeName");
	*key = (struct ddb_key){0};
	if (name.type != JSON_STRING)
		return;
	key->name = text_of(t, name);
	key->len = key->name == NULL ? 0 : strlen(key->name);
	json_each(t->attributes, &it);
	while (json_next(&it, NULL, &v))
		if (key->name != NULL &&
		    json_is(json_get(v, "AttributeName"), key->name)) {
			struct json type = json_get(v, "AttributeType");
			key->type = ddb_type_of(type.at + 1, type.len - 2);
		}
}

static struct ddb_throughput
define_throughput(struct json v)
{
	struct ddb_throughput units = {0, 0};
	json_integer(json_get(v, "ReadCapacityUnits"), &units.read);
	json_integer(json_get(v, "WriteCapacityUnits"), &units.write);
	return units;
}

void
ddb_index_define(
    struct ddb_table *t, struct ddb_index *i, struct json v, bool stored)
{
	struct json projection = json_get(v, "Projection");
	struct json type = json_get(projection, "ProjectionType");
	struct json schema = json_get(v, "KeySchema");
	int64_t slot = 0;
	i->name = text_of(t, json_get(v, "IndexName"));
	define_key(t, schema, 0, &i->hash);
	define_key(t, schema, 1, &i->range);
	i->projection = json_is(type, "ALL")         ? PROJECT_ALL
			: json_is(type, "KEYS_ONLY") ? PROJECT_KEYS
						     : PROJECT_SOME;
	i->others = kept(t, json_get(projection, "NonKeyAttributes"));
	i->throughput = define_throughput(json_get(v, "ProvisionedThroughput"));
	if (stored)
		json_integer(json_get(v, "Slot"), &slot);
	i->slot = stored ? (unsigned)slot : ++t->slots;
	i->fresh = !stored;
}

static void
define_indexes(struct ddb_table *t, struct json list, bool global, bool stored)
{
	struct json_iter it;
	struct json v;
	json_each(list, &it);
	while (t->indexes < DDB_INDEXES && json_next(&it, NULL, &v)) {
		struct ddb_index *i = &t->index[t->indexes++];
		i->global = global;
		ddb_index_define(t, i, v, stored);
	}
}

/* What only a stored definition has. */
static void
define_own(struct ddb_table *t, struct json d)
{
	int64_t slots = 0;
	json_integer(json_get(d, "Slots"), &slots);
	t->slots = (unsigned)slots;
	t->ttl = text_of(t, json_get(d, "TtlAttribute"));
	json_integer(json_get(d, "StreamMs"), &t->stream_ms);
	json_integer(json_get(d, "OnDemandMs"), &t->on_demand_ms);
	json_integer(json_get(d, "BackupMs"), &t->backup_ms);
	json_integer(json_get(d, "BackupDays"), &t->backup_days);
}

void
ddb_table_define(struct ddb_table *t, struct json d, bool stored)
{
	t->attributes = kept(t, json_get(d, "AttributeDefinitions"));
	define_key(t, json_get(d, "KeySchema"), 0, &t->hash);
	define_key(t, json_get(d, "KeySchema"), 1, &t->range);
	define_indexes(t, json_get(d, "LocalSecondaryIndexes"), false, stored);
	define_indexes(t, json_get(d, "GlobalSecondaryIndexes"), true, stored);
	t->on_demand = json_is(json_get(d, "BillingMode"), "PAY_PER_REQUEST");
	t->throughput = define_throughput(json_get(d, "ProvisionedThroughput"));
	t->protected = json_true(json_get(d, "DeletionProtectionEnabled"));
	t->stream = kept(t, json_get(d, "StreamSpecification"));
	t->sse = kept(t, json_get(d, "SSESpecification"));
	t->class = kept(t, json_get(d, "TableClass"));
	t->warm = kept(t, json_get(d, "WarmThroughput"));
	t->on_demand_limits = kept(t, json_get(d, "OnDemandThroughput"));
	if (stored)
		define_own(t, d);
}

static struct ddb_table *
load(struct ddb_call *c, const char *name)
{
	struct request *r = c->r;
	struct json d;
	size_t len;
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT id, uuid, created, definition FROM ddb_table "
	    "WHERE account = ? AND region = ? AND name = ?",
	    "ttt", r->account, r->region, name);
	if (!store_next(q))
		return NULL;
	struct ddb_table *t = ddb_table_new(c, name);
	t->id = store_int(q, 0);
	t->uuid = keep(t, store_text(q, 1));
	t->created_ms = store_int(q, 2);
	const char *text = store_bytes(q, 3, &len);
	if (json_scan(text, len, &d, NULL) == 0)
		ddb_table_define(t, d, true);
	store_end(q);
	t->next = tables;
	tables = t;
	return t;
}

/* The name within an ARN of this account and region, or the name itself. */
const char *
ddb_table_name(struct ddb_call *c, const char *name)
{
	const char *p = name;
	if (strncmp(p, "arn:", 4) != 0)
		return name;
	for (int colons = 0; colons < 5; colons++) {
		p = strchr(p, ':');
		if (p == NULL)
			return name;
		p++;
	}
	size_t head = (size_t)(p - name);
	char *mine = ddb_format(
	    c, "arn:aws:dynamodb:%s:%s:", c->r->region, c->r->account);
	if (strlen(mine) != head || strncmp(mine, name, head) != 0 ||
	    strncmp(p, "table/", 6) != 0)
		return name;
	return p + 6;
}

bool
ddb_table_good_name(const char *name)
{
	size_t len = strlen(name);
	return len >= 3 && len <= 255 &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == len;
}

static struct ddb_table *
remembered(struct ddb_call *c, const char *name)
{
	uint64_t undone = store_undone(c->r->store);
	if (undone != tables_undone)
		ddb_table_forget();
	tables_undone = undone;
	for (struct ddb_table *t = tables; t != NULL; t = t->next)
		if (strcmp(t->name, name) == 0 &&
		    strcmp(t->region, c->r->region) == 0 &&
		    strcmp(t->account, c->r->account) == 0)
			return t;
	return NULL;
}

struct ddb_table *
ddb_table_find(struct ddb_call *c, struct json v, bool told)
{
	size_t len;
	const char *name = ddb_table_name(c, ddb_text(c, v, &len));
	struct ddb_table *t = remembered(c, name);
	if (t == NULL)
		t = load(c, name);
	if (t != NULL)
		return t;
	if (strncmp(name, "arn:", 4) != 0 && !ddb_table_good_name(name))
		ddb_invalid(&c->err,
		    "Invalid table/index name.  Table/index names must be "
		    "between 3 and 255 characters long, and may contain only "
		    "the characters a-z, A-Z, 0-9, '_', '-', and '.'");
	else
		err_set(&c->err, ERR_REFUSED, "ResourceNotFoundException",
		    told ? "Requested resource not found: Table: %s not found"
			 : "Requested resource not found",
		    name);
	return NULL;
}

const struct ddb_index *
ddb_table_index(const struct ddb_table *t, const char *name, size_t len)
{
	for (size_t i = 0; i < t->indexes; i++)
		if (strlen(t->index[i].name) == len &&
		    memcmp(t->index[i].name, name, len) == 0)
			return &t->index[i];
	return NULL;
}

void
ddb_table_drop(struct ddb_call *c, struct ddb_table *t)
{
	struct store *s = c->r->store;
	store_do(s, "DELETE FROM ddb_table WHERE id = ?", "i", t->id);
	store_do(s, "DELETE FROM ddb_tag WHERE table_id = ?", "i", t->id);
	ddb_table_forget();
}

struct ddb_table *
ddb_table_by_id(struct ddb_call *c, int64_t id)
{
	struct ddb_table *t = NULL;
	sqlite3_stmt *q = store_query(c->r->store,
	    "SELECT account, region, name FROM ddb_table WHERE id = ?", "i",
	    id);
	if (!store_next(q))
		return NULL;
	c->r->account = ddb_format(c, "%s", store_text(q, 0));
	c->r->region = ddb_format(c, "%s", store_text(q, 1));
	const char *name = ddb_format(c, "%s", store_text(q, 2));
	store_end(q);
	t = remembered(c, name);
	return t == NULL ? load(c, name) : t;
}
