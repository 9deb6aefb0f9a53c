#include <string.h>

#include "ddb_schema.h"

/*
 * UpdateTable. The table in memory is changed in place; when anything is
 * refused it is forgotten, and read again from the store.
 */
static int
set_throughput(struct ddb_call *c, struct ddb_throughput *to, struct json units)
{
	struct ddb_throughput asked = {0, 0};
	json_integer(json_get(units, "ReadCapacityUnits"), &asked.read);
	json_integer(json_get(units, "WriteCapacityUnits"), &asked.write);
	if (asked.read == to->read && asked.write == to->write)
		return ddb_invalid(&c->err,
		    "The provisioned throughput for the table will not change. "
		    "The requested value equals the current value. Current "
		    "ReadCapacityUnits provisioned for the table: %lld. "
		    "Requested ReadCapacityUnits: %lld. Current "
		    "WriteCapacityUnits provisioned for the table: %lld. "
		    "Requested WriteCapacityUnits: %lld. Refer to the Amazon "
		    "DynamoDB Developer Guide for current limits and how to "
		    "request higher limits.",
		    (long long)to->read, (long long)asked.read,
		    (long long)to->write, (long long)asked.write);
	*to = asked;
	return 0;
}

static int
alter_billing(struct ddb_call *c, struct ddb_table *t)
{
	struct json mode = json_get(c->r->in, "BillingMode");
	struct json units = json_get(c->r->in, "ProvisionedThroughput");
	bool before = t->on_demand;
	if (schema_enum(c, "", "BillingMode", mode,
		"PROVISIONED, PAY_PER_REQUEST") != 0)
		return -1;
	if (mode.type == JSON_STRING)
		t->on_demand = json_is(mode, "PAY_PER_REQUEST");
	if (t->on_demand && !before) {
		t->on_demand_ms = c->r->now_ms;
		t->throughput = (struct ddb_throughput){0, 0};
		for (size_t i = 0; i < t->indexes; i++)
			t->index[i].throughput = t->throughput;
	}
	if (before && !t->on_demand && units.type != JSON_OBJECT)
		return ddb_invalid(&c->err,
		    SCHEMA_WRONG "ProvisionedThroughput must be specified when "
				 "BillingMode is PROVISIONED");
	if (units.type != JSON_OBJECT)
		return 0;
	if (schema_throughput(c, "", units, t->on_demand) != 0)
		return -1;
	return set_throughput(c, &t->throughput, units);
}

static struct json
keep(struct ddb_table *t, struct json v)
{
	v.at = ddb_copy(&t->pool, v.at, v.len);
	return v;
}

static int
alter_stream(struct ddb_call *c, struct ddb_table *t)
{
	struct json stream = json_get(c->r->in, "StreamSpecification");
	if (stream.type != JSON_OBJECT)
		return 0;
	if (schema_stream(c, stream) != 0)
		return -1;
	bool before = json_true(json_get(t->stream, "StreamEnabled"));
	bool after = json_true(json_get(stream, "StreamEnabled"));
	if (before == after)
		return ddb_invalid(
		    &c->err, before ? "Table already has an enabled stream"
				    : "Table has no stream to disable");
	t->stream = keep(t, stream);
	if (after)
		t->stream_ms = c->r->now_ms;
	return 0;
}

/* Settings that are only kept. */
static int
alter_settings(struct ddb_call *c, struct ddb_table *t)
{
	struct json in = c->r->in, v = json_get(in, "TableClass");
	if (schema_enum(c, "", "TableClass", v,
		"STANDARD, STANDARD_INFREQUENT_ACCESS") != 0)
		return -1;
	if (v.type == JSON_STRING)
		t->class = keep(t, v);
	v = json_get(in, "DeletionProtectionEnabled");
	if (v.type != JSON_NONE)
		t->protected = json_true(v);
	v = json_get(in, "OnDemandThroughput");
	if (v.type == JSON_OBJECT)
		t->on_demand_limits = keep(t, v);
	v = json_get(in, "WarmThroughput");
	if (v.type == JSON_OBJECT)
		t->warm = keep(t, v);
	v = json_get(in, "SSESpecification");
	if (v.type == JSON_OBJECT) {
		t->sse = keep(t, v);
		t->sse_changed = true;
	}
	return 0;
}

/* The definitions that the table has and those that the request adds. */
static void
add_definitions(struct ddb_call *c, struct ddb_table *t)
{
	struct json sources[] = {
	    t->attributes, json_get(c->r->in, "AttributeDefinitions")};
	struct buf all = {0};
	struct json_iter it;
	struct json v;
	struct json seen = t->attributes;
	put_open(&all, NULL, '[');
	for (size_t n = 0; n < 2; n++) {
		json_each(sources[n], &it);
		while (json_next(&it, NULL, &v)) {
			struct json_iter other;
			struct json o;
			bool known = false;
			const char *name = schema_text(c, v, "AttributeName");
			json_each(seen, &other);
			while (n == 1 && json_next(&other, NULL, &o))
				known |=
				    json_is(json_get(o, "AttributeName"), name);
			if (!known)
				put_raw(&all, NULL, v.at, v.len);
		}
	}
	put_close(&all, ']');
	t->attributes = keep(t, (struct json){JSON_ARRAY, all.data, all.len});
	buf_clear(&all);
}

static bool
is_used(const struct ddb_table *t, struct json name)
{
	if (json_is(name, t->hash.name) ||
	    (t->range.name != NULL && json_is(name, t->range.name)))
		return true;
	for (size_t i = 0; i < t->indexes; i++)
		if (json_is(name, t->index[i].hash.name) ||
		    (t->index[i].range.name != NULL &&
			json_is(name, t->index[i].range.name)))
			return true;
	return false;
}

/* Definitions that no key needs any more go. */
static void
drop_definitions(struct ddb_table *t)
{
	struct buf used = {0};
	struct json_iter it;
	struct json v;
	put_open(&used, NULL, '[');
	json_each(t->attributes, &it);
	while (json_next(&it, NULL, &v))
		if (is_used(t, json_get(v, "AttributeName")))
			put_raw(&used, NULL, v.at, v.len);
	put_close(&used, ']');
	t->attributes = keep(t, (struct json){JSON_ARRAY, used.data, used.len});
	buf_clear(&used);
}

static int
create_index(
    struct ddb_call *c, struct ddb_table *t, const char *path, struct json v)
{
	path = ddb_format(c, "%screate.", path);
	if (schema_index(c, path, v, t->attributes) != 0)
		return -1;
	const char *name = schema_text(c, v, "IndexName");
	struct json units = json_get(v, "ProvisionedThroughput");
	if (ddb_table_index(t, name, strlen(name)) != NULL)
		return ddb_invalid(&c->err,
		    "Attempting to create an index which already exists");
	if (!t->on_demand && schema_throughput(c, path, units, false) != 0)
		return -1;
	if (t->on_demand && units.type == JSON_OBJECT)
		return ddb_invalid(&c->err,
		    SCHEMA_WRONG "ProvisionedThroughput should not be "
				 "specified for index: %s when BillingMode is "
				 "PAY_PER_REQUEST",
		    name);
	if (t->indexes == DDB_INDEXES)
		return ddb_invalid(&c->err,
		    SCHEMA_WRONG "GlobalSecondaryIndex count exceeds the "
				 "per-table limit of 20");
	struct ddb_index *i = &t->index[t->indexes++];
	*i = (struct ddb_index){.global = true};
	ddb_index_define(t, i, v, false);
	ddb_row_fill(c, t, i);
	return 0;
}

static struct ddb_index *
find_global(struct ddb_call *c, struct ddb_table *t, const char *name)
{
	for (size_t i = 0; i < t->indexes; i++)
		if (t->index[i].global && strcmp(t->index[i].name, name) == 0)
			return &t->index[i];
	err_set(&c->err, ERR_REFUSED, "ResourceNotFoundException",
	    "Requested resource not found");
	return NULL;
}

static int
delete_index(struct ddb_call *c, struct ddb_table *t, struct json v)
{
	struct ddb_index *i = find_global(c, t, schema_text(c, v, "IndexName"));
	if (i == NULL)
		return -1;
	ddb_row_clear(c, t, i);
	struct ddb_index *end = &t->index[--t->indexes];
	memmove(i, i + 1, (size_t)(end - i) * sizeof(*i));
	drop_definitions(t);
	return 0;
}

static int
update_index(
    struct ddb_call *c, struct ddb_table *t, const char *path, struct json v)
{
	struct ddb_index *i = find_global(c, t, schema_text(c, v, "IndexName"));
	struct json units = json_get(v, "ProvisionedThroughput");
	path = ddb_format(c, "%supdate.", path);
	if (i == NULL || schema_throughput(c, path, units, t->on_demand) != 0)
		return -1;
	return set_throughput(c, &i->throughput, units);
}

static int
alter_indexes(struct ddb_call *c, struct ddb_table *t)
{
	struct json list = json_get(c->r->in, "GlobalSecondaryIndexUpdates");
	struct json_iter it;
	struct json v;
	size_t n = 0, online = 0;
	int result = 0;
	json_each(list, &it);
	while (result == 0 && json_next(&it, NULL, &v)) {
		struct json create = json_get(v, "Create");
		struct json update = json_get(v, "Update");
		struct json delete = json_get(v, "Delete");
		const char *path = ddb_format(
		    c, "globalSecondaryIndexUpdates.%zu.member.", ++n);
		online += update.type != JSON_OBJECT;
		if (online > 1)
			return err_set(&c->err, ERR_REFUSED,
			    "LimitExceededException",
			    "Subscriber limit exceeded: Only 1 online index "
			    "can be created or deleted simultaneously per "
			    "table");
		if (create.type == JSON_OBJECT)
			result = create_index(c, t, path, create);
		else if (update.type == JSON_OBJECT)
			result = update_index(c, t, path, update);
		else if (delete.type == JSON_OBJECT)
			result = delete_index(c, t, delete);
		else
			result = ddb_invalid(&c->err, SCHEMA_WRONG
			    "One of GlobalSecondaryIndexUpdate.Update, "
			    "GlobalSecondaryIndexUpdate.Create, "
			    "GlobalSecondaryIndexUpdate.Delete must not be "
			    "null");
	}
	return result;
}

static bool
anything(struct json in)
{
	static const char *const names[] = {"ProvisionedThroughput",
	    "BillingMode", "StreamSpecification", "SSESpecification",
	    "TableClass", "DeletionProtectionEnabled", "OnDemandThroughput",
	    "WarmThroughput"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (json_get(in, names[i]).type != JSON_NONE)
			return true;
	return json_count(json_get(in, "GlobalSecondaryIndexUpdates")) > 0;
}

static int
alter(struct ddb_call *c, struct ddb_table *t)
{
	if (schema_definitions(c, json_get(c->r->in, "AttributeDefinitions")) !=
		0 ||
	    alter_billing(c, t) != 0 || alter_stream(c, t) != 0 ||
	    alter_settings(c, t) != 0)
		return -1;
	add_definitions(c, t);
	if (alter_indexes(c, t) != 0)
		return -1;
	drop_definitions(t);
	return 0;
}

int
ddb_update_table(struct ddb_call *c)
{
	struct ddb_table *t =
	    ddb_table_find(c, json_get(c->r->in, "TableName"), true);
	if (t == NULL)
		return -1;
	if (!anything(c->r->in))
		return ddb_invalid(&c->err,
		    "At least one of ProvisionedThroughput, BillingMode, "
		    "UpdateStreamEnabled, GlobalSecondaryIndexUpdates or "
		    "SSESpecification or ReplicaUpdates is required");
	int result = alter(c, t);
	if (result == 0) {
		ddb_table_save(c, t);
		ddb_table_describe(c, t, "TableDescription", "UPDATING");
	}
	c->table = NULL;
	ddb_table_forget();
	return result;
}
