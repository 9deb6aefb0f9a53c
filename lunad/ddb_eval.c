#include <stdio.h>
#include <string.h>

#include "ddb_expr.h"

struct ddb_value *
ddb_path_find(const struct ddb_value *item, const struct ddb_path *path)
{
	const struct ddb_value *v = item;
	for (const struct ddb_step *s = path->first; v != NULL && s != NULL;
	     s = s->next) {
		if (v->type != (s->name != NULL ? DDB_M : DDB_L))
			return NULL;
		v = s->name != NULL ? ddb_member(v, s->name, s->len)
				    : ddb_element(v, s->index);
	}
	return (struct ddb_value *)v;
}

/* The length of UTF-8 text as DynamoDB counts it: in UTF-16 units. */
static size_t
text_length(const char *text, size_t len)
{
	size_t units = 0;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		units += (c & 0xc0) != 0x80;
		units += c >= 0xf0;
	}
	return units;
}

/* size(v) as a number; NULL for what has none. */
static const struct ddb_value *
size_of(struct ddb_pool *pool, const struct ddb_value *v)
{
	if (v == NULL || v->type == DDB_N || v->type == DDB_BOOL ||
	    v->type == DDB_NULL)
		return NULL;
	size_t size = v->type == DDB_S ? text_length(v->text, v->len) : v->len;
	char text[24];
	int len = snprintf(text, sizeof(text), "%zu", size);
	return ddb_value_text(
	    pool, DDB_N, ddb_copy(pool, text, (size_t)len), (size_t)len);
}

static const struct ddb_value *
operand(struct ddb_pool *pool, const struct ddb_expr *e,
    const struct ddb_value *item)
{
	if (e->op == DDB_VALUE)
		return e->value;
	if (e->op == DDB_PATH)
		return ddb_path_find(item, e->path);
	return size_of(pool, operand(pool, e->args, item));
}

static bool
same(const struct ddb_value *a, const struct ddb_value *b)
{
	return a != NULL && b != NULL && ddb_value_equal(a, b);
}

/* Both have one type, and it has an order. */
static bool
comparable(const struct ddb_value *a, const struct ddb_value *b)
{
	return a != NULL && b != NULL && a->type == b->type &&
	       ddb_ordered(a->type);
}

static bool
compare(enum ddb_op op, const struct ddb_value *a, const struct ddb_value *b)
{
	if (op == DDB_EQ || op == DDB_NE)
		return same(a, b) == (op == DDB_EQ);
	if (!comparable(a, b))
		return false;
	int order = ddb_value_compare(a, b);
	switch (op) {
	case DDB_LT:
		return order < 0;
	case DDB_LE:
		return order <= 0;
	case DDB_GT:
		return order > 0;
	default:
		return order >= 0;
	}
}

static bool
begins(const struct ddb_value *v, const struct ddb_value *with)
{
	return v != NULL && with != NULL && v->type == with->type &&
	       (v->type == DDB_S || v->type == DDB_B) && v->len >= with->len &&
	       memcmp(v->text, with->text, with->len) == 0;
}

static bool
contains(const struct ddb_value *v, const struct ddb_value *what)
{
	if (v == NULL || what == NULL)
		return false;
	if (v->type == DDB_S || v->type == DDB_B)
		return v->type == what->type &&
		       (what->len == 0 || memmem(v->text, v->len, what->text,
					      what->len) != NULL);
	if (v->type == DDB_M)
		return false;
	for (const struct ddb_value *e = v->first; e != NULL; e = e->next)
		if (ddb_value_equal(e, what))
			return true;
	return false;
}

static bool
is_type(const struct ddb_value *v, const struct ddb_value *type)
{
	return v != NULL && type != NULL && type->type == DDB_S &&
	       ddb_type_of(type->text, type->len) == v->type;
}

static bool
in_list(struct ddb_pool *pool, const struct ddb_expr *e,
    const struct ddb_value *item)
{
	const struct ddb_value *v = operand(pool, e->args, item);
	for (const struct ddb_expr *o = e->args->next; o != NULL; o = o->next)
		if (same(v, operand(pool, o, item)))
			return true;
	return false;
}

static bool
compared(struct ddb_pool *pool, const struct ddb_expr *e,
    const struct ddb_value *item)
{
	const struct ddb_value *a = operand(pool, e->args, item);
	const struct ddb_expr *second = e->args->next;
	const struct ddb_value *b =
	    second == NULL ? NULL : operand(pool, second, item);
	switch (e->op) {
	case DDB_BETWEEN:
		return compare(DDB_GE, a, b) &&
		       compare(DDB_LE, a, operand(pool, second->next, item));
	case DDB_EXISTS:
		return a != NULL;
	case DDB_NOT_EXISTS:
		return a == NULL;
	case DDB_TYPE_IS:
		return is_type(a, b);
	case DDB_BEGINS:
		return begins(a, b);
	case DDB_CONTAINS:
		return contains(a, b);
	case DDB_NOT_CONTAINS:
		return !contains(a, b);
	default:
		return compare(e->op, a, b);
	}
}

bool
ddb_matches(struct ddb_pool *pool, const struct ddb_expr *e,
    const struct ddb_value *item)
{
	if (e->op == DDB_NOT)
		return !ddb_matches(pool, e->args, item);
	if (e->op == DDB_IN)
		return in_list(pool, e, item);
	if (e->op != DDB_AND && e->op != DDB_OR)
		return compared(pool, e, item);
	for (const struct ddb_expr *o = e->args; o != NULL; o = o->next)
		if (ddb_matches(pool, o, item) == (e->op == DDB_OR))
			return e->op == DDB_OR;
	return e->op == DDB_AND;
}

/*
 * What of v is asked for by the paths that reach it: steps has what is left
 * of each, NULL where it ends here. NULL: nothing of it.
 */
static struct ddb_value *
pick(struct ddb_pool *pool, const struct ddb_value *v,
    const struct ddb_step *const *steps, size_t count)
{
	struct ddb_value *to = ddb_alloc(pool, sizeof(*to));
	for (size_t i = 0; i < count; i++)
		if (steps[i] == NULL) {
			*to = *v;
			to->next = NULL;
			return to;
		}
	if (v->type != DDB_M && v->type != DDB_L)
		return NULL;
	const struct ddb_step **below =
	    ddb_alloc(pool, count * sizeof(const struct ddb_step *));
	struct ddb_value **end = &to->first;
	size_t index = 0;
	to->type = v->type;
	to->name = v->name;
	to->name_len = v->name_len;
	for (struct ddb_value *c = v->first; c != NULL; c = c->next, index++) {
		size_t wanted = 0;
		for (size_t i = 0; i < count; i++) {
			const struct ddb_step *s = steps[i];
			bool is =
			    s->name == NULL
				? v->type == DDB_L && s->index == index
				: v->type == DDB_M && s->len == c->name_len &&
				      memcmp(s->name, c->name, s->len) == 0;
			if (is)
				below[wanted++] = s->next;
		}
		if (wanted > 0)
			*end = pick(pool, c, below, wanted);
		if (*end != NULL) {
			end = &(*end)->next;
			to->len++;
		}
	}
	return to->first == NULL ? NULL : to;
}

struct ddb_value *
ddb_project(struct ddb_pool *pool, const struct ddb_value *item,
    const struct ddb_path *paths)
{
	size_t count = 0;
	for (const struct ddb_path *p = paths; p != NULL; p = p->next)
		count++;
	const struct ddb_step **steps =
	    ddb_alloc(pool, (count + 1) * sizeof(const struct ddb_step *));
	count = 0;
	for (const struct ddb_path *p = paths; p != NULL; p = p->next)
		steps[count++] = p->first;
	struct ddb_value *picked =
	    count == 0 ? NULL : pick(pool, item, steps, count);
	return picked == NULL ? ddb_value_new(pool, DDB_M) : picked;
}
