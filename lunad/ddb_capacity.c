#include <string.h>

#include "ddb.h"
#include "metric.h"

/* Source: DynamoDB Developer Guide, "Capacity unit consumption". */
#define READ_UNIT ((size_t)4096)
#define WRITE_UNIT ((size_t)1024)

double
ddb_read_units(size_t bytes, bool consistent)
{
	size_t units = (bytes + READ_UNIT - 1) / READ_UNIT;
	return (double)(units == 0 ? 1 : units) * (consistent ? 1 : 0.5);
}

double
ddb_write_units(size_t bytes)
{
	size_t units = (bytes + WRITE_UNIT - 1) / WRITE_UNIT;
	return (double)(units == 0 ? 1 : units);
}

void
ddb_metric(struct ddb_call *c, const struct ddb_table *t, const char *metric,
    double value)
{
	char dimension[sizeof("TableName=") + 255] = "TableName=";
	strncat(dimension, t->name, 255);
	metric_add(c->r->lunad, t->region, "AWS/DynamoDB", metric, dimension,
	    value, "Count", c->r->now_ms);
}

static void
index_metric(struct ddb_call *c, const struct ddb_table *t,
    const struct ddb_index *i, const char *metric, double value)
{
	metric_add(c->r->lunad, t->region, "AWS/DynamoDB", metric,
	    ddb_format(c, "GlobalSecondaryIndexName=%s\nTableName=%s", i->name,
		t->name),
	    value, "Count", c->r->now_ms);
}

static void
put_units(struct ddb_call *c, double units, bool writes)
{
	put_double(c->out, "CapacityUnits", units);
	if (c->transaction)
		put_double(c->out,
		    writes ? "WriteCapacityUnits" : "ReadCapacityUnits", units);
}

static void
put_indexes(struct ddb_call *c, const struct ddb_table *t,
    const struct ddb_units *units, bool writes, bool global)
{
	bool any = false;
	for (size_t i = 0; i < t->indexes; i++) {
		if (t->index[i].global != global || units->index[i] <= 0)
			continue;
		if (!any)
			put_open(c->out,
			    global ? "GlobalSecondaryIndexes"
				   : "LocalSecondaryIndexes",
			    '{');
		any = true;
		put_open(c->out, t->index[i].name, '{');
		put_units(c, units->index[i], writes);
		put_close(c->out, '}');
	}
	if (any)
		put_close(c->out, '}');
}

void
ddb_consumed(struct ddb_call *c, const struct ddb_table *t,
    const struct ddb_units *units, bool writes, const char *name)
{
	const char *metric =
	    writes ? "ConsumedWriteCapacityUnits" : "ConsumedReadCapacityUnits";
	double own = units->table, total = units->table;
	for (size_t i = 0; i < t->indexes; i++) {
		total += units->index[i];
		if (t->index[i].global && units->index[i] > 0)
			index_metric(
			    c, t, &t->index[i], metric, units->index[i]);
		else
			own += units->index[i];
	}
	if (own > 0)
		ddb_metric(c, t, metric, own);
	if (c->capacity == CAPACITY_NONE)
		return;
	put_open(c->out, name, '{');
	put_text(c->out, "TableName", t->name);
	put_units(c, total, writes);
	if (c->capacity == CAPACITY_INDEXES) {
		put_open(c->out, "Table", '{');
		put_units(c, units->table, writes);
		put_close(c->out, '}');
		put_indexes(c, t, units, writes, false);
		put_indexes(c, t, units, writes, true);
	}
	put_close(c->out, '}');
}

void
ddb_total_add(struct ddb_call *c, struct ddb_total **totals,
    const struct ddb_table *t, const struct ddb_units *units, double times)
{
	while (*totals != NULL && (*totals)->table != t)
		totals = &(*totals)->next;
	if (*totals == NULL) {
		*totals = ddb_alloc(c->pool, sizeof(**totals));
		(*totals)->table = t;
	}
	(*totals)->units.table += times * units->table;
	for (size_t i = 0; i < t->indexes; i++)
		(*totals)->units.index[i] += times * units->index[i];
}

void
ddb_total_put(struct ddb_call *c, const struct ddb_total *totals, bool writes)
{
	if (c->capacity != CAPACITY_NONE)
		put_open(c->out, "ConsumedCapacity", '[');
	for (; totals != NULL; totals = totals->next)
		ddb_consumed(c, totals->table, &totals->units, writes, NULL);
	if (c->capacity != CAPACITY_NONE)
		put_close(c->out, ']');
}
