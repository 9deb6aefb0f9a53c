#include "ddb.h"

/*
 * GetItem: the stored text is the answer, unless only some of it is wanted.
 */
int
ddb_get_read(struct ddb_call *c, struct ddb_get *g)
{
	g->key = ddb_item_read(c->pool, g->args.v[ARG_KEY], false, &c->err);
	if (g->key == NULL ||
	    ddb_exprs_read(c, &g->args, TAKES_PROJECTION, &g->exprs) != 0)
		return -1;
	g->table = ddb_table_find(c, g->args.v[ARG_TABLE], false);
	if (g->table == NULL)
		return -1;
	c->table = g->table;
	return 0;
}

int
ddb_get_check(struct ddb_call *c, struct ddb_get *g)
{
	if (ddb_check_key(c, g->table, g->key) != 0)
		return -1;
	return ddb_exprs_check(c, g->table, &g->exprs);
}

void
ddb_get_do(struct ddb_call *c, struct ddb_get *g, const char *name)
{
	struct ddb_row row = {0};
	ddb_row_find(c, g->table, g->key, true, &row);
	g->exists = row.exists;
	g->size = row.size;
	if (row.exists && g->exprs.projection != NULL)
		ddb_put_item(c, name,
		    ddb_project(
			c->pool, ddb_row_item(c, &row), g->exprs.projection));
	else if (row.exists)
		put_raw(c->out, name, row.text, row.len);
	buf_clear(&row.key);
}

int
ddb_do_get(struct ddb_call *c)
{
	static const enum ddb_arg required[] = {ARG_TABLE, ARG_KEY, ARGS};
	struct ddb_get g = {0};
	if (ddb_args_read(c, c->r->in, "", required, &g.args) != 0 ||
	    ddb_get_read(c, &g) != 0 || ddb_get_check(c, &g) != 0)
		return -1;
	ddb_get_do(c, &g, "Item");
	bool consistent = ddb_arg_flag(&g.args, ARG_CONSISTENT, false);
	struct ddb_units units = {.table = ddb_read_units(g.size, consistent)};
	c->capacity = ddb_capacity_asked(&g.args);
	ddb_consumed(c, g.table, &units, false, "ConsumedCapacity");
	return 0;
}
