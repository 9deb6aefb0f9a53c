#include <stdlib.h>
#include <string.h>

#include "ddb.h"
#include "mem.h"
#include "text.h"

/*
 * Tables as JSON: how they are stored, and how they are described.
 */
static void
put_view(struct buf *out, const char *name, struct json v)
{
	if (v.type != JSON_NONE)
		put_raw(out, name, v.at, v.len);
}

static void
put_key(struct buf *out, const struct ddb_key *key, const char *type)
{
	if (key->name == NULL)
		return;
	put_open(out, NULL, '{');
	put_text(out, "AttributeName", key->name);
	put_text(out, "KeyType", type);
	put_close(out, '}');
}

static void
put_schema(
    struct buf *out, const struct ddb_key *hash, const struct ddb_key *range)
{
	put_open(out, "KeySchema", '[');
	put_key(out, hash, "HASH");
	put_key(out, range, "RANGE");
	put_close(out, ']');
}

static void
put_throughput(
    struct buf *out, const struct ddb_throughput *units, bool described)
{
	put_open(out, "ProvisionedThroughput", '{');
	if (described)
		put_int(out, "NumberOfDecreasesToday", 0);
	put_int(out, "ReadCapacityUnits", units->read);
	put_int(out, "WriteCapacityUnits", units->write);
	put_close(out, '}');
}

static void
put_projection(struct buf *out, const struct ddb_index *i)
{
	static const char *const types[] = {"ALL", "KEYS_ONLY", "INCLUDE"};
	put_open(out, "Projection", '{');
	put_text(out, "ProjectionType", types[i->projection]);
	put_view(out, "NonKeyAttributes", i->others);
	put_close(out, '}');
}

static void
store_indexes(struct buf *out, const struct ddb_table *t, bool global)
{
	put_open(out,
	    global ? "GlobalSecondaryIndexes" : "LocalSecondaryIndexes", '[');
	for (size_t n = 0; n < t->indexes; n++) {
		const struct ddb_index *i = &t->index[n];
		if (i->global != global)
			continue;
		put_open(out, NULL, '{');
		put_text(out, "IndexName", i->name);
		put_schema(out, &i->hash, &i->range);
		put_projection(out, i);
		put_throughput(out, &i->throughput, false);
		put_int(out, "Slot", i->slot);
		put_close(out, '}');
	}
	put_close(out, ']');
}

static void
put_definition(struct buf *out, const struct ddb_table *t)
{
	put_open(out, NULL, '{');
	put_view(out, "AttributeDefinitions", t->attributes);
	put_schema(out, &t->hash, &t->range);
	put_int(out, "Slots", t->slots);
	store_indexes(out, t, false);
	store_indexes(out, t, true);
	put_text(out, "BillingMode",
	    t->on_demand ? "PAY_PER_REQUEST" : "PROVISIONED");
	put_throughput(out, &t->throughput, false);
	put_bool(out, "DeletionProtectionEnabled", t->protected);
	put_view(out, "StreamSpecification", t->stream);
	put_view(out, "SSESpecification", t->sse);
	put_view(out, "TableClass", t->class);
	put_view(out, "WarmThroughput", t->warm);
	put_view(out, "OnDemandThroughput", t->on_demand_limits);
	if (t->ttl != NULL)
		put_text(out, "TtlAttribute", t->ttl);
	put_int(out, "StreamMs", t->stream_ms);
	put_int(out, "OnDemandMs", t->on_demand_ms);
	put_int(out, "BackupMs", t->backup_ms);
	put_int(out, "BackupDays", t->backup_days);
	put_close(out, '}');
}

void
ddb_table_save(struct ddb_call *c, struct ddb_table *t)
{
	struct buf definition = {0};
	put_definition(&definition, t);
	if (t->id == 0) {
		store_do(c->r->store,
		    "INSERT INTO ddb_table (account, region, name, uuid, "
		    "created, definition) VALUES (?, ?, ?, ?, ?, ?)",
		    "ttttis", t->account, t->region, t->name, t->uuid,
		    t->created_ms, definition.data, definition.len);
		t->id = store_last_id(c->r->store);
	} else {
		store_do(c->r->store,
		    "UPDATE ddb_table SET definition = ? WHERE id = ?", "si",
		    definition.data, definition.len, t->id);
	}
	buf_clear(&definition);
}

static void
put_warm(struct buf *out, struct json asked, bool on_demand,
    const struct ddb_throughput *units, bool ready)
{
	int64_t read = on_demand ? 12000 : units->read;
	int64_t write = on_demand ? 4000 : units->write;
	json_integer(json_get(asked, "ReadUnitsPerSecond"), &read);
	json_integer(json_get(asked, "WriteUnitsPerSecond"), &write);
	put_open(out, "WarmThroughput", '{');
	put_int(out, "ReadUnitsPerSecond", read);
	put_text(out, "Status", ready ? "ACTIVE" : "UPDATING");
	put_int(out, "WriteUnitsPerSecond", write);
	put_close(out, '}');
}

static void
describe_index(struct ddb_call *c, const struct ddb_table *t,
    const struct ddb_index *i, const char *status, bool ready)
{
	struct buf *out = c->out;
	int64_t items, bytes;
	ddb_row_count(c, t, i, &items, &bytes);
	put_open(out, NULL, '{');
	put_text(out, "IndexName", i->name);
	put_text(
	    out, "IndexArn", ddb_format(c, "%s/index/%s", t->arn, i->name));
	put_int(out, "IndexSizeBytes", bytes);
	put_int(out, "ItemCount", items);
	put_schema(out, &i->hash, &i->range);
	put_projection(out, i);
	if (i->global) {
		put_text(out, "IndexStatus",
		    strcmp(status, "UPDATING") == 0 && !i->fresh ? "ACTIVE"
		    : i->fresh                                   ? "CREATING"
								 : status);
		put_throughput(out, &i->throughput, true);
		if (ready)
			put_warm(out, (struct json){0}, t->on_demand,
			    &i->throughput, true);
	}
	put_close(out, '}');
}

static void
describe_indexes(struct ddb_call *c, const struct ddb_table *t, bool global,
    const char *status, bool ready)
{
	bool any = false;
	for (size_t i = 0; i < t->indexes; i++) {
		if (t->index[i].global != global)
			continue;
		if (!any)
			put_open(c->out,
			    global ? "GlobalSecondaryIndexes"
				   : "LocalSecondaryIndexes",
			    '[');
		any = true;
		describe_index(c, t, &t->index[i], status, ready);
	}
	if (any)
		put_close(c->out, ']');
}

static void
describe_stream(struct ddb_call *c, const struct ddb_table *t)
{
	char label[TEXT_ISO];
	if (t->stream_ms == 0)
		return;
	text_iso(t->stream_ms, label);
	label[strlen(label) - 1] = '\0'; /* without the Z, as AWS does */
	if (json_true(json_get(t->stream, "StreamEnabled")))
		put_view(c->out, "StreamSpecification", t->stream);
	put_text(c->out, "LatestStreamLabel", label);
	put_text(c->out, "LatestStreamArn",
	    ddb_format(c, "%s/stream/%s", t->arn, label));
}

static void
describe_sse(struct ddb_call *c, const struct ddb_table *t)
{
	if (!json_true(json_get(t->sse, "Enabled")) && !t->sse_changed)
		return;
	size_t len;
	const char *key = ddb_text(c, json_get(t->sse, "KMSMasterKeyId"), &len);
	if (len == 0)
		key = "alias/aws/dynamodb";
	if (strncmp(key, "arn:", 4) != 0)
		key = ddb_format(c, "arn:aws:kms:%s:%s:%s%s", t->region,
		    t->account, strncmp(key, "alias/", 6) == 0 ? "" : "key/",
		    key);
	put_open(c->out, "SSEDescription", '{');
	put_text(c->out, "KMSMasterKeyArn", key);
	put_text(c->out, "SSEType", "KMS");
	put_text(c->out, "Status", t->sse_changed ? "UPDATING" : "ENABLED");
	put_close(c->out, '}');
}

static void
describe_billing(struct ddb_call *c, const struct ddb_table *t, bool ready)
{
	if (!t->on_demand && t->on_demand_ms == 0)
		return;
	put_open(c->out, "BillingModeSummary", '{');
	put_text(c->out, "BillingMode",
	    t->on_demand ? "PAY_PER_REQUEST" : "PROVISIONED");
	if (ready)
		put_time(c->out, "LastUpdateToPayPerRequestDateTime",
		    t->on_demand_ms);
	put_close(c->out, '}');
}

void
ddb_table_describe(struct ddb_call *c, const struct ddb_table *t,
    const char *name, const char *status)
{
	struct buf *out = c->out;
	bool ready = strcmp(status, "ACTIVE") == 0;
	int64_t items, bytes;
	ddb_row_count(c, t, NULL, &items, &bytes);
	put_open(out, name, '{');
	put_text(out, "TableName", t->name);
	put_text(out, "TableArn", t->arn);
	put_text(out, "TableId", t->uuid);
	put_text(out, "TableStatus", status);
	put_int(out, "ItemCount", items);
	put_int(out, "TableSizeBytes", bytes);
	put_throughput(out, &t->throughput, true);
	put_bool(out, "DeletionProtectionEnabled", t->protected);
	describe_billing(c, t, ready);
	describe_stream(c, t);
	describe_sse(c, t);
	if (t->class.type == JSON_STRING) {
		put_open(out, "TableClassSummary", '{');
		put_view(out, "TableClass", t->class);
		put_close(out, '}');
	}
	if (strcmp(status, "DELETING") != 0) {
		put_time(out, "CreationDateTime", t->created_ms);
		put_view(out, "AttributeDefinitions", t->attributes);
		put_schema(out, &t->hash, &t->range);
		describe_indexes(c, t, false, status, ready);
		describe_indexes(c, t, true, status, ready);
		put_view(out, "OnDemandThroughput", t->on_demand_limits);
		if (ready || t->warm.type != JSON_NONE)
			put_warm(
			    out, t->warm, t->on_demand, &t->throughput, ready);
	}
	put_close(out, '}');
}
