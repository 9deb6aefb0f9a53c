#include <string.h>

#include "ddb.h"

static int
check_return(struct ddb_call *c, const struct ddb_write *w)
{
	if (w->kind == WRITE_UPDATE || !ddb_arg_has(&w->args, ARG_RETURN) ||
	    ddb_arg_is(&w->args, ARG_RETURN, "ALL_OLD") ||
	    ddb_arg_is(&w->args, ARG_RETURN, "NONE"))
		return 0;
	return ddb_invalid(&c->err, "ReturnValues can only be ALL_OLD or NONE");
}

static int
check_item_size(struct ddb_call *c, struct ddb_write *w)
{
	w->size = ddb_item_size(w->key);
	if (w->kind != WRITE_PUT || w->size <= DDB_ITEM_MAX)
		return 0;
	return ddb_invalid(
	    &c->err, "Item size has exceeded the maximum allowed size");
}

static bool
is_key(const struct ddb_key *key, const struct ddb_path *path)
{
	return key->name != NULL && path->first->len == key->len &&
	       memcmp(path->first->name, key->name, key->len) == 0;
}

static int
check_actions(struct ddb_call *c, const struct ddb_write *w)
{
	const struct ddb_table *t = w->table;
	for (const struct ddb_action *a = w->exprs.update; a != NULL;
	     a = a->next)
		if (is_key(&t->hash, a->path) || is_key(&t->range, a->path))
			return ddb_invalid(&c->err,
			    "One or more parameter values were invalid: Cannot "
			    "update attribute %.*s. This attribute is part of "
			    "the key",
			    (int)a->path->first->len, a->path->first->name);
	return 0;
}

int
ddb_write_read(struct ddb_call *c, struct ddb_write *w)
{
	enum ddb_arg arg = w->kind == WRITE_PUT ? ARG_ITEM : ARG_KEY;
	unsigned takes = TAKES_CONDITION;
	if (w->kind == WRITE_UPDATE)
		takes |= TAKES_UPDATE;
	w->key = ddb_item_read(c->pool, w->args.v[arg], false, &c->err);
	if (w->key == NULL || check_return(c, w) != 0 ||
	    check_item_size(c, w) != 0 ||
	    ddb_exprs_read(c, &w->args, takes, &w->exprs) != 0)
		return -1;
	w->table = ddb_table_find(c, w->args.v[ARG_TABLE], false);
	if (w->table == NULL)
		return -1;
	c->table = w->table;
	return 0;
}

int
ddb_write_check(struct ddb_call *c, struct ddb_write *w)
{
	int result = w->kind == WRITE_PUT ? ddb_check_item(c, w->table, w->key)
					  : ddb_check_key(c, w->table, w->key);
	if (result != 0 || check_actions(c, w) != 0)
		return -1;
	return ddb_exprs_check(c, w->table, &w->exprs);
}

int
ddb_write_try(struct ddb_call *c, struct ddb_write *w)
{
	bool text = w->exprs.condition != NULL || w->kind == WRITE_UPDATE ||
		    w->table->indexes > 0 ||
		    ddb_arg_is(&w->args, ARG_RETURN, "ALL_OLD");
	ddb_row_find(c, w->table, w->key, text, &w->row);
	if (w->exprs.condition == NULL)
		return 0;
	const struct ddb_value *item = ddb_row_item(c, &w->row);
	return ddb_matches(c->pool, w->exprs.condition, item) ? 0 : 1;
}

static int
make_update(struct ddb_call *c, struct ddb_write *w)
{
	const struct ddb_value *before = ddb_row_item(c, &w->row);
	struct ddb_value *item =
	    ddb_value_copy(c->pool, before == NULL ? w->key : before);
	w->after = item;
	if (ddb_update(c->pool, item, w->exprs.update, &c->err) != 0)
		return -1;
	if (ddb_item_size(item) > DDB_ITEM_MAX)
		return ddb_invalid(&c->err, "Item size to update has exceeded "
					    "the maximum allowed size");
	if (ddb_item_too_deep(item))
		return ddb_invalid(&c->err,
		    "Nesting Levels have exceeded supported limits: Attributes "
		    "in the item have nested levels beyond supported limit");
	return ddb_check_indexes(c, w->table, item);
}

int
ddb_write_do(struct ddb_call *c, struct ddb_write *w)
{
	if (w->kind == WRITE_UPDATE && make_update(c, w) != 0)
		return -1;
	if (w->kind == WRITE_PUT)
		w->after = w->key;
	if (w->kind == WRITE_CHECK)
		w->units.table = ddb_write_units(w->row.size);
	else
		ddb_row_write(c, w->table, &w->row, w->after, &w->units);
	return 0;
}

void
ddb_write_clear(struct ddb_write *w)
{
	buf_clear(&w->row.key);
}

static void
put_attributes(struct ddb_call *c, const struct ddb_value *item)
{
	if (item == NULL || item->len == 0)
		return;
	ddb_put_item(c, "Attributes", item);
}

/* Of the attributes that an update names, what they are in item. */
static struct ddb_value *
updated(
    struct ddb_call *c, const struct ddb_write *w, const struct ddb_value *item)
{
	struct ddb_path *paths = NULL;
	for (const struct ddb_action *a = w->exprs.update; a != NULL;
	     a = a->next) {
		struct ddb_path *p = ddb_alloc(c->pool, sizeof(*p));
		*p = *a->path;
		p->next = paths;
		paths = p;
	}
	return item == NULL ? NULL : ddb_project(c->pool, item, paths);
}

static void
put_returned(struct ddb_call *c, struct ddb_write *w)
{
	const struct ddb_args *args = &w->args;
	if (!ddb_arg_has(args, ARG_RETURN))
		return;
	if (ddb_arg_is(args, ARG_RETURN, "ALL_OLD"))
		put_attributes(c, ddb_row_item(c, &w->row));
	else if (ddb_arg_is(args, ARG_RETURN, "ALL_NEW"))
		put_attributes(c, w->after);
	else if (ddb_arg_is(args, ARG_RETURN, "UPDATED_OLD"))
		put_attributes(c, updated(c, w, ddb_row_item(c, &w->row)));
	else if (ddb_arg_is(args, ARG_RETURN, "UPDATED_NEW"))
		put_attributes(c, updated(c, w, w->after));
}

/* Tables with local indexes have item collections; ours are all small. */
static void
put_metrics(struct ddb_call *c, const struct ddb_write *w)
{
	bool local = false;
	for (size_t i = 0; i < w->table->indexes; i++)
		local |= !w->table->index[i].global;
	if (!local || !ddb_arg_is(&w->args, ARG_RETURN_METRICS, "SIZE"))
		return;
	const struct ddb_key *hash = &w->table->hash;
	put_open(c->out, "ItemCollectionMetrics", '{');
	put_open(c->out, "ItemCollectionKey", '{');
	put_raw(c->out, hash->name, "", 0);
	ddb_value_print(ddb_member(w->key, hash->name, hash->len), c->out);
	put_close(c->out, '}');
	put_open(c->out, "SizeEstimateRangeGB", '[');
	buf_add_text(c->out, "0.0,1.0");
	put_close(c->out, ']');
	put_close(c->out, '}');
}

static int
condition_failed(struct ddb_call *c, struct ddb_write *w)
{
	ddb_metric(c, w->table, "ConditionalCheckFailedRequests", 1);
	const struct ddb_value *item = ddb_row_item(c, &w->row);
	if (item != NULL &&
	    ddb_arg_is(&w->args, ARG_RETURN_ON_FAILURE, "ALL_OLD")) {
		buf_add_text(&c->r->error_more, "\"Item\":");
		ddb_item_print(item, &c->r->error_more);
	}
	return err_set(&c->err, ERR_REFUSED, "ConditionalCheckFailedException",
	    "The conditional request failed");
}

static int
write_item(
    struct ddb_call *c, enum ddb_write_kind kind, const enum ddb_arg *required)
{
	struct ddb_write w = {.kind = kind};
	int result = ddb_args_read(c, c->r->in, "", required, &w.args);
	if (result == 0)
		result = ddb_write_read(c, &w);
	if (result == 0)
		result = ddb_write_check(c, &w);
	if (result == 0 && ddb_write_try(c, &w) != 0)
		result = condition_failed(c, &w);
	if (result == 0)
		result = ddb_write_do(c, &w);
	if (result == 0) {
		put_returned(c, &w);
		c->capacity = ddb_capacity_asked(&w.args);
		ddb_consumed(c, w.table, &w.units, true, "ConsumedCapacity");
		put_metrics(c, &w);
	}
	ddb_write_clear(&w);
	return result;
}

int
ddb_do_put(struct ddb_call *c)
{
	static const enum ddb_arg required[] = {ARG_TABLE, ARG_ITEM, ARGS};
	return write_item(c, WRITE_PUT, required);
}

int
ddb_do_update(struct ddb_call *c)
{
	static const enum ddb_arg required[] = {ARG_TABLE, ARG_KEY, ARGS};
	return write_item(c, WRITE_UPDATE, required);
}

int
ddb_do_delete(struct ddb_call *c)
{
	static const enum ddb_arg required[] = {ARG_TABLE, ARG_KEY, ARGS};
	return write_item(c, WRITE_DELETE, required);
}
