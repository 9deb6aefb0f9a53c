#include <stdlib.h>
#include <string.h>

#include "ddb.h"
#include "mem.h"

/* Items that expired this long ago are kept, as on AWS. */
#define EXPIRY_MAX_S ((int64_t)5 * 365 * 24 * 3600)

void
ddb_row_find(struct ddb_call *c, const struct ddb_table *t,
    const struct ddb_value *key, bool text, struct ddb_row *row)
{
	ddb_key_item(t, key, &row->key);
	sqlite3_stmt *q = store_query(c->r->store,
	    text ? "SELECT size, item FROM ddb_row WHERE k = ?"
		 : "SELECT size FROM ddb_row WHERE k = ?",
	    "b", row->key.data, row->key.len);
	row->exists = store_next(q);
	if (!row->exists)
		return;
	row->size = (size_t)store_int(q, 0);
	if (text) {
		const char *item = store_bytes(q, 1, &row->len);
		row->text = ddb_copy(c->pool, item, row->len);
	}
	store_end(q);
}

struct ddb_value *
ddb_row_item(struct ddb_call *c, struct ddb_row *row)
{
	if (row->exists && row->item == NULL) {
		struct json v = {JSON_OBJECT, row->text, row->len};
		row->item = ddb_item_read(c->pool, v, true, &c->err);
	}
	return row->item;
}

struct ddb_value *
ddb_row_projected(struct ddb_call *c, const struct ddb_table *t,
    const struct ddb_index *i, const struct ddb_value *item)
{
	if (i->projection == PROJECT_ALL)
		return ddb_value_copy(c->pool, item);
	const struct ddb_key *keys[] = {
	    &i->hash, &i->range, &t->hash, &t->range};
	struct ddb_path *paths = NULL;
	for (size_t n = 0; n < sizeof(keys) / sizeof(*keys); n++) {
		if (keys[n]->name == NULL)
			continue;
		struct ddb_path *p =
		    ddb_path_of(c->pool, keys[n]->name, keys[n]->len);
		p->next = paths;
		paths = p;
	}
	struct json_iter it;
	struct json v;
	json_each(i->others, &it);
	while (i->projection == PROJECT_SOME && json_next(&it, NULL, &v)) {
		size_t len;
		const char *name = ddb_text(c, v, &len);
		struct ddb_path *p = ddb_path_of(c->pool, name, len);
		p->next = paths;
		paths = p;
	}
	return ddb_project(c->pool, item, paths);
}

static void
count(struct ddb_call *c, const struct ddb_table *t, unsigned slot,
    int64_t items, int64_t bytes)
{
	if (items == 0 && bytes == 0)
		return;
	if (store_do(c->r->store,
		"UPDATE ddb_count SET items = items + ?, bytes = bytes + ? "
		"WHERE table_id = ? AND slot = ?",
		"iiii", items, bytes, t->id, (int64_t)slot) == 0)
		store_do(c->r->store,
		    "INSERT INTO ddb_count (table_id, slot, items, bytes) "
		    "VALUES (?, ?, ?, ?)",
		    "iiii", t->id, (int64_t)slot, items, bytes);
}

void
ddb_row_count(struct ddb_call *c, const struct ddb_table *t,
    const struct ddb_index *i, int64_t *items, int64_t *bytes)
{
	*items = *bytes = 0;
	sqlite3_stmt *q = store_query(c->r->store,
	    "SELECT items, bytes FROM ddb_count "
	    "WHERE table_id = ? AND slot = ?",
	    "ii", t->id, (int64_t)(i == NULL ? 0 : i->slot));
	if (store_next(q)) {
		*items = store_int(q, 0);
		*bytes = store_int(q, 1);
		store_end(q);
	}
}

/* When an item expires, in ms; 0: never. */
static int64_t
expiry(const struct ddb_call *c, const struct ddb_table *t,
    const struct ddb_value *item)
{
	if (t->ttl == NULL)
		return 0;
	const struct ddb_value *v = ddb_member(item, t->ttl, strlen(t->ttl));
	if (v == NULL || v->type != DDB_N || v->len > 12)
		return 0;
	char text[16] = "";
	memcpy(text, v->text, v->len);
	int64_t seconds = strtoll(text, NULL, 10);
	if (seconds <= 0 || seconds < c->r->now_ms / 1000 - EXPIRY_MAX_S)
		return 0;
	return seconds * 1000;
}

static void
write_row(struct ddb_call *c, const struct buf *key, bool exists, size_t size,
    int64_t expires_ms, const struct buf *item)
{
	if (!exists && expires_ms == 0)
		store_do(c->r->store,
		    "INSERT INTO ddb_row (k, size, item) VALUES (?, ?, ?)",
		    "bis", key->data, key->len, (int64_t)size, item->data,
		    item->len);
	else
		store_do(c->r->store,
		    "INSERT INTO ddb_row (k, size, expires, item) "
		    "VALUES (?1, ?2, nullif(?3, 0), ?4) ON CONFLICT (k) DO "
		    "UPDATE SET size = ?2, expires = nullif(?3, 0), item = ?4",
		    "biis", key->data, key->len, (int64_t)size, expires_ms,
		    item->data, item->len);
}

static void
delete_row(struct ddb_call *c, const struct buf *key)
{
	store_do(c->r->store, "DELETE FROM ddb_row WHERE k = ?", "b", key->data,
	    key->len);
}

/* What an index has of an item. */
struct entry {
	struct buf key, item;
	size_t size;
	bool there;
};

static void
make_entry(struct ddb_call *c, const struct ddb_table *t,
    const struct ddb_index *i, const struct ddb_value *item, struct entry *e)
{
	*e = (struct entry){0};
	if (item == NULL || ddb_key_index(t, i, item, &e->key) != 0)
		return;
	struct ddb_value *projected = ddb_row_projected(c, t, i, item);
	e->there = true;
	e->size = ddb_item_size(projected);
	ddb_item_print(projected, &e->item);
}

static void
clear_entry(struct entry *e)
{
	buf_clear(&e->key);
	buf_clear(&e->item);
}

static bool
same(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

/* Returns the units that it costs. */
static double
write_index(struct ddb_call *c, const struct ddb_table *t,
    const struct ddb_index *i, const struct ddb_value *before,
    const struct ddb_value *after)
{
	struct entry old, new;
	double units = 0;
	make_entry(c, t, i, before, &old);
	make_entry(c, t, i, after, &new);
	bool moved = !old.there || !new.there || !same(&old.key, &new.key);
	if (moved || !same(&old.item, &new.item)) {
		if (old.there && moved) {
			delete_row(c, &old.key);
			units += ddb_write_units(old.size);
		}
		if (new.there) {
			write_row(c, &new.key, !moved, new.size, 0, &new.item);
			units += ddb_write_units(new.size);
		}
		count(c, t, i->slot, (int64_t) new.there - old.there,
		    (int64_t) new.size - (int64_t)old.size);
	}
	clear_entry(&old);
	clear_entry(&new);
	return units;
}

void
ddb_row_write(struct ddb_call *c, const struct ddb_table *t,
    struct ddb_row *row, const struct ddb_value *item, struct ddb_units *units)
{
	struct buf text = {0};
	size_t size = item == NULL ? 0 : ddb_item_size(item);
	if (item != NULL) {
		ddb_item_print(item, &text);
		write_row(
		    c, &row->key, row->exists, size, expiry(c, t, item), &text);
	} else if (row->exists) {
		delete_row(c, &row->key);
	}
	buf_clear(&text);
	count(c, t, 0, (int64_t)(item != NULL) - row->exists,
	    (int64_t)size - (int64_t)row->size);
	units->table = ddb_write_units(size > row->size ? size : row->size);
	for (size_t i = 0; i < t->indexes; i++)
		units->index[i] =
		    write_index(c, t, &t->index[i], ddb_row_item(c, row), item);
}

/* A walk over all rows of a table or an index. */
struct walk {
	struct buf from, to;
	sqlite3_stmt *q;
};

static void
begin_walk(struct ddb_call *c, const struct ddb_table *t, struct walk *w)
{
	*w = (struct walk){0};
	ddb_key_space(t, NULL, &w->from);
	ddb_key_space(t, NULL, &w->to);
	ddb_key_after(&w->to);
	w->q = store_query(c->r->store,
	    "SELECT k, item FROM ddb_row WHERE k >= ? AND k < ?", "bb",
	    w->from.data, w->from.len, w->to.data, w->to.len);
}

/* The next item, in memory of its own. */
static struct ddb_value *
next_item(struct ddb_call *c, struct ddb_pool *pool, struct walk *w)
{
	size_t len;
	if (!store_next(w->q))
		return NULL;
	const char *text = store_bytes(w->q, 1, &len);
	ddb_pool_reset(pool);
	struct json v = {JSON_OBJECT, ddb_copy(pool, text, len), len};
	return ddb_item_read(pool, v, true, &c->err);
}

static void
end_walk(struct walk *w)
{
	buf_clear(&w->from);
	buf_clear(&w->to);
}

void
ddb_row_fill(
    struct ddb_call *c, const struct ddb_table *t, const struct ddb_index *i)
{
	struct ddb_pool own = {0}, *outer = c->pool;
	const struct ddb_value *item;
	struct walk w;
	begin_walk(c, t, &w);
	c->pool = &own;
	while ((item = next_item(c, &own, &w)) != NULL)
		write_index(c, t, i, NULL, item);
	c->pool = outer;
	ddb_pool_clear(&own);
	end_walk(&w);
}

void
ddb_row_expiry(struct ddb_call *c, const struct ddb_table *t)
{
	struct ddb_pool own = {0};
	const struct ddb_value *item;
	struct walk w;
	begin_walk(c, t, &w);
	store_do(c->r->store,
	    "UPDATE ddb_row SET expires = NULL "
	    "WHERE expires IS NOT NULL AND k >= ? AND k < ?",
	    "bb", w.from.data, w.from.len, w.to.data, w.to.len);
	while (t->ttl != NULL && (item = next_item(c, &own, &w)) != NULL) {
		struct buf key = {0};
		int64_t at = expiry(c, t, item);
		ddb_key_item(t, item, &key);
		if (at != 0)
			store_do(c->r->store,
			    "UPDATE ddb_row SET expires = ? WHERE k = ?", "ib",
			    at, key.data, key.len);
		buf_clear(&key);
	}
	if (t->ttl == NULL && w.q != NULL)
		store_end(w.q);
	ddb_pool_clear(&own);
	end_walk(&w);
}

void
ddb_row_clear(
    struct ddb_call *c, const struct ddb_table *t, const struct ddb_index *i)
{
	struct buf from = {0}, to = {0};
	ddb_key_space(t, i, &from);
	ddb_key_space(t, i, &to);
	if (i == NULL) /* its indexes too */
		from.len = to.len = 4;
	ddb_key_after(&to);
	store_do(c->r->store, "DELETE FROM ddb_row WHERE k >= ? AND k < ?",
	    "bb", from.data, from.len, to.data, to.len);
	if (i == NULL)
		store_do(c->r->store,
		    "DELETE FROM ddb_count WHERE table_id = ?", "i", t->id);
	else
		store_do(c->r->store,
		    "DELETE FROM ddb_count WHERE table_id = ? AND slot = ?",
		    "ii", t->id, (int64_t)i->slot);
	buf_clear(&from);
	buf_clear(&to);
}
