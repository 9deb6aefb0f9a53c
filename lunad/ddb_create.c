#include <string.h>

#include "ddb_schema.h"
#include "digest.h"

#define LOCAL_MAX 5
#define GLOBAL_MAX 20

static int
check_name(struct ddb_call *c, const char *name)
{
	struct json v = json_get(c->r->in, "TableName");
	if (v.type != JSON_STRING)
		return ddb_invalid(&c->err,
		    "The parameter 'TableName' is required but was not present "
		    "in the request");
	if (strlen(name) < 3 || strlen(name) > 255)
		return ddb_invalid(&c->err,
		    "TableName must be at least 3 characters long and at most "
		    "255 characters long");
	if (!ddb_table_good_name(name))
		return ddb_constraint(c, "", "TableName", v,
		    "Member must satisfy regular expression pattern: "
		    "[a-zA-Z0-9_.-]+");
	return 0;
}

static int
check_basics(struct ddb_call *c, bool on_demand)
{
	struct json in = c->r->in;
	struct json definitions = json_get(in, "AttributeDefinitions");
	struct json schema = json_get(in, "KeySchema");
	if (definitions.type != JSON_ARRAY)
		return ddb_constraint(c, "", "AttributeDefinitions",
		    (struct json){0}, "Member must not be null");
	if (schema_enum(c, "", "BillingMode", json_get(in, "BillingMode"),
		"PROVISIONED, PAY_PER_REQUEST") != 0 ||
	    schema_enum(c, "", "TableClass", json_get(in, "TableClass"),
		"STANDARD, STANDARD_INFREQUENT_ACCESS") != 0 ||
	    schema_definitions(c, definitions) != 0 ||
	    schema_throughput(
		c, "", json_get(in, "ProvisionedThroughput"), on_demand) != 0 ||
	    schema_keys(c, "", schema, definitions) != 0 ||
	    schema_stream(c, json_get(in, "StreamSpecification")) != 0)
		return -1;
	if (json_get(in, "LocalSecondaryIndexes").type != JSON_ARRAY &&
	    json_get(in, "GlobalSecondaryIndexes").type != JSON_ARRAY &&
	    json_count(schema) != json_count(definitions))
		return ddb_invalid(&c->err,
		    SCHEMA_WRONG "Number of attributes in KeySchema does not "
				 "exactly match number of attributes defined "
				 "in AttributeDefinitions");
	return 0;
}

static int
check_local(struct ddb_call *c, struct json index, struct json table_schema)
{
	struct json schema = json_get(index, "KeySchema");
	const char *name = schema_text(c, index, "IndexName");
	if (json_count(schema) != 2)
		return ddb_invalid(&c->err,
		    SCHEMA_WRONG
		    "Index KeySchema does not have a range key for index: %s",
		    name);
	const char *own = schema_text(c, json_at(schema, 0), "AttributeName");
	const char *hash =
	    schema_text(c, json_at(table_schema, 0), "AttributeName");
	if (strcmp(own, hash) != 0)
		return ddb_invalid(&c->err,
		    SCHEMA_WRONG
		    "Index KeySchema does not have the same leading hash key "
		    "as table KeySchema for index: %s. index hash key: %s, "
		    "table hash key: %s",
		    name, own, hash);
	return 0;
}

static int
check_global(
    struct ddb_call *c, const char *path, struct json index, bool on_demand)
{
	struct json units = json_get(index, "ProvisionedThroughput");
	if (on_demand && units.type == JSON_OBJECT)
		return ddb_invalid(&c->err,
		    SCHEMA_WRONG "ProvisionedThroughput should not be "
				 "specified for index: %s when BillingMode is "
				 "PAY_PER_REQUEST",
		    schema_text(c, index, "IndexName"));
	return on_demand ? 0 : schema_throughput(c, path, units, false);
}

static int
check_unique(struct ddb_call *c, struct json list, size_t at, const char *name)
{
	struct json_iter it;
	struct json v;
	json_each(list, &it);
	while (at-- > 0 && json_next(&it, NULL, &v))
		if (strcmp(schema_text(c, v, "IndexName"), name) == 0)
			return ddb_invalid(&c->err,
			    SCHEMA_WRONG "Duplicate index name: %s", name);
	return 0;
}

static int
check_indexes(struct ddb_call *c, bool global, bool on_demand)
{
	const char *member =
	    global ? "GlobalSecondaryIndexes" : "LocalSecondaryIndexes";
	struct json in = c->r->in, list = json_get(in, member), v;
	struct json definitions = json_get(in, "AttributeDefinitions");
	struct json schema = json_get(in, "KeySchema");
	struct json locals = json_get(in, "LocalSecondaryIndexes");
	struct json_iter it;
	size_t n = 0;
	if (list.type != JSON_ARRAY)
		return 0;
	if (json_count(list) == 0)
		return ddb_invalid(
		    &c->err, SCHEMA_WRONG "List of %s is empty", member);
	if (!global && json_count(schema) != 2)
		return ddb_invalid(&c->err,
		    SCHEMA_WRONG "Table KeySchema does not have a range key, "
				 "which is required when specifying a "
				 "LocalSecondaryIndex");
	json_each(list, &it);
	while (json_next(&it, NULL, &v)) {
		const char *path =
		    ddb_format(c, "%sSecondaryIndexes.%zu.member.",
			global ? "global" : "local", n + 1);
		if (schema_index(c, path, v, definitions) != 0 ||
		    (global ? check_global(c, path, v, on_demand)
			    : check_local(c, v, schema)) != 0)
			return -1;
		const char *name = schema_text(c, v, "IndexName");
		if (check_unique(c, list, n++, name) != 0 ||
		    (global && check_unique(c, locals, SIZE_MAX, name) != 0))
			return -1;
	}
	if (!global && n > LOCAL_MAX)
		return ddb_invalid(&c->err,
		    SCHEMA_WRONG "Number of LocalSecondaryIndexes exceeds "
				 "per-table limit of %d",
		    LOCAL_MAX);
	if (global && n > GLOBAL_MAX)
		return ddb_invalid(&c->err,
		    SCHEMA_WRONG "GlobalSecondaryIndex count exceeds the "
				 "per-table limit of %d",
		    GLOBAL_MAX);
	return 0;
}

int
ddb_create_table(struct ddb_call *c)
{
	struct json in = c->r->in;
	bool on_demand =
	    json_is(json_get(in, "BillingMode"), "PAY_PER_REQUEST");
	const char *name = ddb_table_name(c, schema_text(c, in, "TableName"));
	if (check_name(c, name) != 0 || check_basics(c, on_demand) != 0 ||
	    check_indexes(c, false, on_demand) != 0 ||
	    check_indexes(c, true, on_demand) != 0)
		return -1;
	if (ddb_table_find(c, json_get(in, "TableName"), false) != NULL)
		return err_set(&c->err, ERR_REFUSED, "ResourceInUseException",
		    "Table already exists: %s", name);
	struct ddb_table *t = ddb_table_new(c, name);
	char uuid[37];
	digest_uuid(uuid);
	t->uuid = uuid;
	t->created_ms = c->r->now_ms;
	ddb_table_define(t, in, false);
	if (t->on_demand)
		t->on_demand_ms = t->created_ms;
	if (json_true(json_get(t->stream, "StreamEnabled")))
		t->stream_ms = t->created_ms;
	ddb_table_save(c, t);
	int result = ddb_tags_put(c, t, json_get(in, "Tags"));
	if (result == 0)
		ddb_table_describe(c, t, "TableDescription", "CREATING");
	ddb_table_free(t);
	return result;
}

int
ddb_delete_table(struct ddb_call *c)
{
	struct ddb_table *t =
	    ddb_table_find(c, json_get(c->r->in, "TableName"), true);
	if (t == NULL)
		return -1;
	if (t->protected)
		return ddb_invalid(&c->err,
		    "Resource cannot be deleted as it is currently protected "
		    "against deletion. Disable deletion protection first.");
	ddb_table_describe(c, t, "TableDescription", "DELETING");
	ddb_row_clear(c, t, NULL);
	ddb_table_drop(c, t);
	return 0;
}

int
ddb_describe_table(struct ddb_call *c)
{
	struct ddb_table *t =
	    ddb_table_find(c, json_get(c->r->in, "TableName"), true);
	if (t == NULL)
		return -1;
	ddb_table_describe(c, t, "Table", "ACTIVE");
	return 0;
}

int
ddb_list_tables(struct ddb_call *c)
{
	struct request *r = c->r;
	struct json limit = json_get(r->in, "Limit");
	struct json after = json_get(r->in, "ExclusiveStartTableName");
	const char *start = schema_text(c, r->in, "ExclusiveStartTableName");
	const char *last = NULL;
	int64_t most = 100, n = 0;
	if (limit.type == JSON_NUMBER) {
		json_integer(limit, &most);
		if (most < 1 || most > 100)
			return ddb_constraint(c, "", "Limit", limit,
			    most < 1 ? "Member must have value greater than or "
				       "equal to 1"
				     : "Member must have value less than or "
				       "equal to 100");
	}
	if (after.type == JSON_STRING && strlen(start) < 3)
		return ddb_constraint(c, "", "ExclusiveStartTableName", after,
		    "Member must have length greater than or equal to 3");
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT name FROM ddb_table WHERE account = ? AND region = ? "
	    "AND name > ? ORDER BY name LIMIT ?",
	    "ttti", r->account, r->region, start, most + 1);
	put_open(c->out, "TableNames", '[');
	while (store_next(q)) {
		if (n++ == most)
			continue;
		const char *name = store_text(q, 0);
		put_text(c->out, NULL, name);
		last = ddb_copy(c->pool, name, strlen(name));
	}
	put_close(c->out, ']');
	if (n > most)
		put_text(c->out, "LastEvaluatedTableName", last);
	return 0;
}
