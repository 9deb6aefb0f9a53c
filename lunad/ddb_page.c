#include "ddb_page.h"

const struct ddb_key *
page_hash(const struct ddb_page *p)
{
	return p->index == NULL ? &p->table->hash : &p->index->hash;
}

const struct ddb_key *
page_range(const struct ddb_page *p)
{
	return p->index == NULL ? &p->table->range : &p->index->range;
}

/* A row as the walk finds it; the tree is made when it is first needed. */
struct found {
	const char *text;
	size_t len, size;
	struct ddb_value *item;
};

static struct ddb_value *
item_of(struct ddb_call *c, struct found *f)
{
	if (f->item == NULL) {
		struct json v = {
		    JSON_OBJECT, ddb_copy(c->pool, f->text, f->len), f->len};
		f->item = ddb_item_read(c->pool, v, true, &c->err);
	}
	return f->item;
}

/* The whole item of a row in a local index. */
static void
fetch(struct ddb_call *c, struct ddb_page *p, struct found *f)
{
	struct ddb_row row = {0};
	ddb_row_find(c, p->table, item_of(c, f), true, &row);
	buf_clear(&row.key);
	if (!row.exists)
		return;
	p->fetched_units += ddb_read_units(row.size, p->consistent);
	*f = (struct found){.text = row.text, .len = row.len};
}

static void
print(struct ddb_call *c, const struct ddb_page *p, struct found *f)
{
	if (p->exprs.projection == NULL)
		put_raw(c->out, NULL, f->text, f->len);
	else
		ddb_put_item(c, NULL,
		    ddb_project(c->pool, item_of(c, f), p->exprs.projection));
}

static void
take(struct ddb_call *c, struct ddb_page *p, struct found *f)
{
	p->scanned++;
	p->bytes += f->size;
	if (p->exprs.filter != NULL &&
	    !ddb_matches(c->pool, p->exprs.filter, item_of(c, f)))
		return;
	p->matched++;
	if (p->count_only)
		return;
	struct found whole = *f;
	if (p->fetch)
		fetch(c, p, &whole);
	print(c, p, &whole);
}

static bool
in_segment(const struct ddb_page *p, sqlite3_stmt *q)
{
	if (p->place_to - p->place_from == (uint64_t)1 << 32 ||
	    p->place_to == 0)
		return true;
	size_t len;
	const char *key = store_bytes(q, 0, &len);
	uint32_t place = ddb_key_place(key, len, page_hash(p)->type);
	return place >= p->place_from && place < p->place_to;
}

static void
walk(struct ddb_call *c, struct ddb_page *p)
{
	sqlite3_stmt *q = store_query(c->r->store,
	    p->forward ? "SELECT k, size, item FROM ddb_row "
			 "WHERE k >= ? AND k < ? ORDER BY k"
		       : "SELECT k, size, item FROM ddb_row "
			 "WHERE k >= ? AND k < ? ORDER BY k DESC",
	    "bb", p->from.data, p->from.len, p->to.data, p->to.len);
	while (store_next(q)) {
		struct found f = {.size = (size_t)store_int(q, 1)};
		if (!in_segment(p, q))
			continue;
		f.text = store_bytes(q, 2, &f.len);
		take(c, p, &f);
		if (p->scanned == p->limit || p->bytes >= DDB_PAGE_MAX) {
			p->last = item_of(c, &f);
			store_end(q);
			break;
		}
	}
}

/* The attributes of an item that say where it stands. */
static void
put_last(struct ddb_call *c, const struct ddb_page *p)
{
	const struct ddb_key *keys[] = {
	    &p->table->hash, &p->table->range, page_hash(p), page_range(p)};
	struct ddb_path *paths = NULL;
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (keys[i]->name != NULL) {
			struct ddb_path *path =
			    ddb_path_of(c->pool, keys[i]->name, keys[i]->len);
			path->next = paths;
			paths = path;
		}
	ddb_put_item(
	    c, "LastEvaluatedKey", ddb_project(c->pool, p->last, paths));
}

static void
put_consumed(struct ddb_call *c, const struct ddb_page *p)
{
	struct ddb_units units = {.table = p->fetched_units};
	double own = ddb_read_units(p->bytes, p->consistent);
	if (p->index == NULL)
		units.table += own;
	else
		units.index[p->index - p->table->index] = own;
	c->capacity = ddb_capacity_asked(&p->args);
	ddb_consumed(c, p->table, &units, false, "ConsumedCapacity");
}

void
page_run(struct ddb_call *c, struct ddb_page *p)
{
	if (!p->count_only)
		put_open(c->out, "Items", '[');
	walk(c, p);
	if (!p->count_only)
		put_close(c->out, ']');
	put_int(c->out, "Count", p->matched);
	put_int(c->out, "ScannedCount", p->scanned);
	if (p->last != NULL)
		put_last(c, p);
	put_consumed(c, p);
	ddb_metric(c, p->table, "ReturnedItemCount", (double)p->matched);
}

void
page_clear(struct ddb_page *p)
{
	buf_clear(&p->from);
	buf_clear(&p->to);
}
