#include <string.h>

#include "ddb.h"
#include "fault.h"

#define WRITES_MAX 25
#define GETS_MAX 100

/* One entry of a batch. */
struct entry {
	struct json from; /* {"PutRequest":…}, or a key */
	struct ddb_write write;
	struct ddb_get get;
	bool later; /* not done now, by a fault or for its size */
};

/* The entries of one table. */
struct part {
	struct json name, from;
	size_t first, count;
};

struct batch {
	struct part part[GETS_MAX];
	struct entry *entry[GETS_MAX];
	size_t parts, entries;
};

static int
too_many(struct ddb_call *c, const char *operation)
{
	return ddb_invalid(
	    &c->err, "Too many items requested for the %s call", operation);
}

static int
not_one(struct ddb_call *c)
{
	return ddb_invalid(&c->err,
	    "Supplied AttributeValue has more than one datatypes set, must "
	    "contain exactly one of the supported datatypes");
}

/* A batch does not say what is wrong with a key, as AWS's does not. */
static int
key_refused(struct ddb_call *c)
{
	const char *text = c->err.message;
	if (strstr(text, "Missing the key") == NULL &&
	    strstr(text, "Type mismatch for key") == NULL)
		return -1;
	return ddb_invalid(
	    &c->err, "The provided key element does not match the schema");
}

static int
same_key(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static int
check_duplicates(struct ddb_call *c, const struct batch *b, bool writes)
{
	struct buf keys[GETS_MAX] = {0};
	int result = 0;
	for (size_t i = 0; i < b->entries && result == 0; i++) {
		const struct entry *e = b->entry[i];
		ddb_key_item(writes ? e->write.table : e->get.table,
		    writes ? e->write.key : e->get.key, &keys[i]);
		for (size_t j = 0; j < i && result == 0; j++)
			if (same_key(&keys[i], &keys[j]))
				result = ddb_invalid(&c->err,
				    "Provided list of item keys contains "
				    "duplicates");
	}
	for (size_t i = 0; i < b->entries; i++)
		buf_clear(&keys[i]);
	return result;
}

static int
ask_faults(struct ddb_call *c, struct batch *b)
{
	for (size_t i = 0; i < b->entries; i++) {
		struct entry *e = b->entry[i];
		switch (fault_entry(c->r, e->from.at, e->from.len)) {
		case FAULT_NEVER:
			return ddb_invalid(&c->err,
			    "One or more parameter values were invalid: "
			    "refused on purpose");
		case FAULT_LATER:
			e->later = true;
			break;
		case FAULT_NONE:
			break;
		}
	}
	return 0;
}

static bool
any_later(const struct batch *b, const struct part *p)
{
	for (size_t i = p->first; i < p->first + p->count; i++)
		if (b->entry[i]->later)
			return true;
	return false;
}

static struct entry *
add_entry(struct ddb_call *c, struct batch *b)
{
	struct entry *e = ddb_alloc(c->pool, sizeof(*e));
	b->entry[b->entries++] = e;
	return e;
}

static int
read_write(struct ddb_call *c, const struct part *p, struct entry *e)
{
	struct json put = json_get(e->from, "PutRequest");
	struct json delete = json_get(e->from, "DeleteRequest");
	bool is_put = put.type == JSON_OBJECT;
	if (is_put == (delete.type == JSON_OBJECT))
		return not_one(c);
	e->write.kind = is_put ? WRITE_PUT : WRITE_DELETE;
	enum ddb_arg arg = is_put ? ARG_ITEM : ARG_KEY;
	struct json v =
	    json_get(is_put ? put : delete, is_put ? "Item" : "Key");
	if (v.type != JSON_OBJECT)
		return ddb_constraint(c,
		    is_put ? "requestItems.member.putRequest."
			   : "requestItems.member.deleteRequest.",
		    is_put ? "Item" : "Key", (struct json){0},
		    "Member must not be null");
	e->write.args.v[arg] = v;
	e->write.args.v[ARG_TABLE] = p->name;
	return ddb_write_read(c, &e->write);
}

static int
add_write_part(struct ddb_call *c, struct batch *b, struct part *p)
{
	struct json_iter it;
	struct json v;
	p->first = b->entries;
	if (p->from.type != JSON_ARRAY || json_count(p->from) == 0)
		return ddb_constraint(c, "", "RequestItems",
		    c->args.v[ARG_REQUEST_ITEMS],
		    "Map value must satisfy constraint: [Member must have "
		    "length less than or equal to 25, Member must have length "
		    "greater than or equal to 1]");
	json_each(p->from, &it);
	while (json_next(&it, NULL, &v)) {
		if (b->entries == WRITES_MAX)
			return too_many(c, "BatchWriteItem");
		struct entry *e = add_entry(c, b);
		e->from = v;
		if (read_write(c, p, e) != 0)
			return -1;
		p->count++;
	}
	return 0;
}

static int
read_parts(struct ddb_call *c, struct batch *b, const char *operation,
    int (*add)(struct ddb_call *, struct batch *, struct part *))
{
	static const enum ddb_arg required[] = {ARG_REQUEST_ITEMS, ARGS};
	struct json_iter it;
	struct json name, v;
	if (ddb_args_read(c, c->r->in, "", required, &c->args) != 0)
		return -1;
	c->capacity = ddb_capacity_asked(&c->args);
	json_members(c->args.v[ARG_REQUEST_ITEMS], &it);
	while (json_next(&it, &name, &v)) {
		if (b->parts == GETS_MAX)
			return too_many(c, operation);
		struct part *p = &b->part[b->parts++];
		p->name = name;
		p->from = v;
		if (add(c, b, p) != 0)
			return -1;
	}
	return 0;
}

/* The member of a table within a map: its name as it came. */
static void
put_member(struct ddb_call *c, struct json name)
{
	size_t len;
	put_raw(c->out, ddb_text(c, name, &len), "", 0);
}

static void
put_unprocessed_writes(struct ddb_call *c, const struct batch *b)
{
	put_open(c->out, "UnprocessedItems", '{');
	for (size_t n = 0; n < b->parts; n++) {
		const struct part *p = &b->part[n];
		if (!any_later(b, p))
			continue;
		put_member(c, p->name);
		buf_add_char(c->out, '[');
		for (size_t i = p->first; i < p->first + p->count; i++)
			if (b->entry[i]->later)
				put_raw(c->out, NULL, b->entry[i]->from.at,
				    b->entry[i]->from.len);
		put_close(c->out, ']');
	}
	put_close(c->out, '}');
}

static int
write_all(struct ddb_call *c, struct batch *b)
{
	struct ddb_total *totals = NULL;
	for (size_t i = 0; i < b->entries; i++)
		if (ddb_write_check(c, &b->entry[i]->write) != 0)
			return key_refused(c);
	if (check_duplicates(c, b, true) != 0 || ask_faults(c, b) != 0)
		return -1;
	for (size_t i = 0; i < b->entries; i++) {
		struct ddb_write *w = &b->entry[i]->write;
		if (b->entry[i]->later)
			continue;
		int result = ddb_write_try(c, w);
		if (result == 0)
			result = ddb_write_do(c, w);
		ddb_write_clear(w);
		if (result != 0)
			return -1;
		ddb_total_add(c, &totals, w->table, &w->units, 1);
	}
	put_unprocessed_writes(c, b);
	ddb_total_put(c, totals, true);
	return 0;
}

int
ddb_batch_write(struct ddb_call *c)
{
	struct batch *b = ddb_alloc(c->pool, sizeof(*b));
	if (read_parts(c, b, "BatchWriteItem", add_write_part) != 0)
		return -1;
	return write_all(c, b);
}

static int
read_get(struct ddb_call *c, struct entry *e, const struct entry *first)
{
	if (first != e) { /* the projection is that of the first */
		e->get = first->get;
		e->get.key = ddb_item_read(c->pool, e->from, false, &c->err);
		return e->get.key == NULL ? -1 : 0;
	}
	e->get.args.v[ARG_KEY] = e->from;
	return ddb_get_read(c, &e->get);
}

static int
add_get_part(struct ddb_call *c, struct batch *b, struct part *p)
{
	static const enum ddb_arg none[] = {ARGS};
	struct json keys = json_get(p->from, "Keys"), v;
	struct json_iter it;
	struct ddb_args args = {0};
	p->first = b->entries;
	if (ddb_args_read(c, p->from, "requestItems.member.", none, &args) != 0)
		return -1;
	if (keys.type != JSON_ARRAY || json_count(keys) == 0)
		return ddb_constraint(c, "requestItems.member.", "Keys",
		    keys.type == JSON_ARRAY ? keys : (struct json){0},
		    keys.type == JSON_ARRAY
			? "Member must have length greater than or equal to 1"
			: "Member must not be null");
	args.v[ARG_TABLE] = p->name;
	json_each(keys, &it);
	while (json_next(&it, NULL, &v)) {
		if (b->entries == GETS_MAX)
			return too_many(c, "BatchGetItem");
		struct entry *e = add_entry(c, b);
		e->from = v;
		e->get.args = args;
		if (read_get(c, e, b->entry[p->first]) != 0)
			return -1;
		p->count++;
	}
	return 0;
}

/* The keys not read, with all else that the table was asked for. */
static void
put_unprocessed_keys(struct ddb_call *c, const struct batch *b)
{
	put_open(c->out, "UnprocessedKeys", '{');
	for (size_t n = 0; n < b->parts; n++) {
		const struct part *p = &b->part[n];
		struct json_iter it;
		struct json name, v;
		if (!any_later(b, p))
			continue;
		put_member(c, p->name);
		buf_add_char(c->out, '{');
		json_each(p->from, &it);
		while (json_next(&it, &name, &v))
			if (!json_is(name, "Keys")) {
				put_member(c, name);
				buf_add(c->out, v.at, v.len);
			}
		put_open(c->out, "Keys", '[');
		for (size_t i = p->first; i < p->first + p->count; i++)
			if (b->entry[i]->later)
				put_raw(c->out, NULL, b->entry[i]->from.at,
				    b->entry[i]->from.len);
		put_close(c->out, ']');
		put_close(c->out, '}');
	}
	put_close(c->out, '}');
}

/* Items up to 16 MB; the size of what is read last decides, as on AWS. */
static void
get_part(struct ddb_call *c, struct batch *b, const struct part *p,
    size_t *bytes, struct ddb_total **totals)
{
	put_member(c, p->name);
	buf_add_char(c->out, '[');
	for (size_t i = p->first; i < p->first + p->count; i++) {
		struct entry *e = b->entry[i];
		size_t before = c->out->len;
		if (e->later || *bytes >= DDB_BATCH_MAX) {
			e->later = true;
			continue;
		}
		ddb_get_do(c, &e->get, NULL);
		if (*bytes + e->get.size > DDB_BATCH_MAX && *bytes > 0) {
			c->out->len = before;
			e->later = true;
			*bytes = DDB_BATCH_MAX;
			continue;
		}
		*bytes += e->get.size;
		struct ddb_units units = {
		    .table = ddb_read_units(e->get.size,
			ddb_arg_flag(&e->get.args, ARG_CONSISTENT, false))};
		ddb_total_add(c, totals, e->get.table, &units, 1);
	}
	put_close(c->out, ']');
}

int
ddb_batch_get(struct ddb_call *c)
{
	struct batch *b = ddb_alloc(c->pool, sizeof(*b));
	struct ddb_total *totals = NULL;
	size_t bytes = 0;
	if (read_parts(c, b, "BatchGetItem", add_get_part) != 0)
		return -1;
	for (size_t i = 0; i < b->entries; i++)
		if (ddb_get_check(c, &b->entry[i]->get) != 0)
			return -1;
	if (check_duplicates(c, b, false) != 0 || ask_faults(c, b) != 0)
		return -1;
	put_open(c->out, "Responses", '{');
	for (size_t n = 0; n < b->parts; n++)
		get_part(c, b, &b->part[n], &bytes, &totals);
	put_close(c->out, '}');
	put_unprocessed_keys(c, b);
	ddb_total_put(c, totals, false);
	return 0;
}
