#include <string.h>

#include "ddb_page.h"

static const struct ddb_value *
member(const struct ddb_value *item, const struct ddb_key *key)
{
	return key->name == NULL ? NULL : ddb_member(item, key->name, key->len);
}

static bool
typed(const struct ddb_value *start, const struct ddb_key *key)
{
	const struct ddb_value *v = member(start, key);
	return key->name == NULL || (v != NULL && v->type == key->type);
}

static bool
same_key(const struct ddb_key *a, const struct ddb_key *b)
{
	return a->name != NULL && b->name != NULL && a->len == b->len &&
	       memcmp(a->name, b->name, a->len) == 0;
}

/* How many attributes a key of this index has in all. */
static size_t
parts(const struct ddb_page *p)
{
	const struct ddb_key *own[] = {&p->table->hash, &p->table->range};
	const struct ddb_key *others[] = {page_hash(p), page_range(p)};
	size_t count = p->table->range.name == NULL ? 1 : 2;
	for (size_t i = 0; i < 2 && p->index != NULL; i++)
		if (others[i]->name != NULL && !same_key(others[i], own[0]) &&
		    !same_key(others[i], own[1]))
			count++;
	return count;
}

int
page_check_start(struct ddb_call *c, const struct ddb_page *p,
    const char *refusal, const char *untyped)
{
	const struct ddb_table *t = p->table;
	const struct ddb_key *keys[] = {
	    &t->hash, &t->range, page_hash(p), page_range(p)};
	if (p->start == NULL)
		return 0;
	if (p->start->len != parts(p))
		return ddb_invalid(&c->err, "%s", refusal);
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (keys[i]->name != NULL && member(p->start, keys[i]) == NULL)
			return ddb_invalid(&c->err, "%s", refusal);
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (!typed(p->start, keys[i]))
			return ddb_invalid(&c->err, "%s", untyped);
	return 0;
}

static void
start_key(const struct ddb_page *p, struct buf *key)
{
	if (p->index == NULL)
		ddb_key_item(p->table, p->start, key);
	else
		ddb_key_index(p->table, p->index, p->start, key);
}

/* Begin behind the start key, in the direction of the walk. */
static void
begin_behind(struct ddb_page *p)
{
	if (p->start == NULL)
		return;
	struct buf *end = p->forward ? &p->from : &p->to;
	buf_reset(end);
	start_key(p, end);
	if (p->forward)
		buf_add_char(end, '\0');
}

/* Does the start key's own value satisfy the condition on the range key? */
static bool
start_matches(struct ddb_call *c, const struct ddb_page *p)
{
	const struct ddb_key_condition *k = p->range;
	struct ddb_expr args[3] = {0};
	struct ddb_expr e = {.op = k->op, .args = args};
	args[0].op = DDB_VALUE;
	args[0].value = member(p->start, page_range(p));
	args[0].next = &args[1];
	for (int i = 0; i < 2 && k->value[i] != NULL; i++) {
		args[i + 1].op = DDB_VALUE;
		args[i + 1].value = k->value[i];
		if (i == 0 && k->value[1] != NULL)
			args[1].next = &args[2];
	}
	return ddb_matches(c->pool, &e, NULL);
}

static int
check_start(struct ddb_call *c, const struct ddb_page *p)
{
	if (p->start == NULL)
		return 0;
	if (p->range != NULL && !start_matches(c, p))
		return ddb_invalid(&c->err, "The provided starting key does "
					    "not match the range key "
					    "predicate");
	if (ddb_value_compare(
		member(p->start, page_hash(p)), p->hash->value[0]) != 0)
		return ddb_invalid(&c->err,
		    "The provided starting key is outside query boundaries "
		    "based on provided conditions");
	return 0;
}

int
page_query_range(struct ddb_call *c, struct ddb_page *p)
{
	const struct ddb_key_condition *k = p->range;
	if (check_start(c, p) != 0)
		return -1;
	ddb_key_space(p->table, p->index, &p->from);
	ddb_key_hash(p->hash->value[0], &p->from);
	buf_add(&p->to, p->from.data, p->from.len);
	bool low = k != NULL && k->op != DDB_LT && k->op != DDB_LE;
	bool high = k != NULL && k->op != DDB_GT && k->op != DDB_GE;
	bool ended = k != NULL && k->op != DDB_BEGINS;
	if (low)
		ddb_key_value(k->value[0], ended, &p->from);
	if (low && k->op == DDB_GT)
		ddb_key_after(&p->from);
	if (high)
		ddb_key_value(
		    k->value[k->op == DDB_BETWEEN ? 1 : 0], ended, &p->to);
	if (k == NULL || k->op != DDB_LT)
		ddb_key_after(&p->to);
	begin_behind(p);
	return 0;
}

/* The keys of all buckets in which a segment has rows. */
static void
segment_range(struct ddb_page *p)
{
	buf_add_char(&p->from, (char)(p->place_from >> 28));
	buf_add_char(&p->to, (char)((p->place_to - 1) >> 28));
}

int
page_scan_range(struct ddb_call *c, struct ddb_page *p)
{
	int64_t segment = 0, segments = 1;
	json_integer(p->args.v[ARG_SEGMENT], &segment);
	json_integer(p->args.v[ARG_SEGMENTS], &segments);
	p->place_from = ((uint64_t)segment << 32) / (uint64_t)segments;
	p->place_to = ((uint64_t)(segment + 1) << 32) / (uint64_t)segments;
	ddb_key_space(p->table, p->index, &p->from);
	ddb_key_space(p->table, p->index, &p->to);
	segment_range(p);
	ddb_key_after(&p->to);
	if (p->start == NULL)
		return 0;
	struct buf key = {0};
	start_key(p, &key);
	uint32_t place = ddb_key_place(key.data, key.len, page_hash(p)->type);
	buf_clear(&key);
	if (place < p->place_from || place >= p->place_to)
		return ddb_invalid(&c->err,
		    "The provided starting key is invalid: Invalid "
		    "ExclusiveStartKey. Please use ExclusiveStartKey with "
		    "correct Segment. TotalSegments: %lld Segment: %lld",
		    (long long)segments, (long long)segment);
	begin_behind(p);
	return 0;
}
