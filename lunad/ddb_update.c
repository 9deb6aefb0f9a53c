#include "ddb_expr.h"

#include "ddb_number.h"

/*
 * Elements are added to lists and taken from them last, so that every index
 * in the expression means the list as it was.
 */
struct later {
	struct later *next;
	struct ddb_value *parent;
	const struct ddb_value *child; /* to take out; or NULL */
	size_t index;
	const struct ddb_value *added;
};

struct update {
	struct ddb_pool *pool;
	struct ddb_value *item;
	struct later *later;
	struct err *err;
};

static const struct ddb_value *
none(struct update *u, const char *text)
{
	ddb_invalid(u->err, "%s", text);
	return NULL;
}

static const struct ddb_value *
wrong_type(struct update *u)
{
	return none(u,
	    "An operand in the update expression has an incorrect data type");
}

static const struct ddb_value *
sum(struct update *u, const struct ddb_value *a, const struct ddb_value *b,
    bool minus)
{
	struct ddb_number left, right, total;
	if (ddb_number_read(a->text, a->len, &left, u->err) != 0 ||
	    ddb_number_read(b->text, b->len, &right, u->err) != 0)
		return NULL;
	if (minus)
		right.negative = !right.negative;
	if (ddb_number_add(&left, &right, &total, u->err) != 0)
		return NULL;
	char room[DDB_NUMBER_TEXT];
	struct buf text = {.data = room, .cap = sizeof(room)};
	ddb_number_print(&total, &text);
	return ddb_value_text(
	    u->pool, DDB_N, ddb_copy(u->pool, room, text.len), text.len);
}

static const struct ddb_value *
joined(struct update *u, const struct ddb_value *a, const struct ddb_value *b)
{
	struct ddb_value *list = ddb_value_copy(u->pool, a);
	struct ddb_value **end = &list->first;
	while (*end != NULL)
		end = &(*end)->next;
	*end = ddb_value_copy(u->pool, b)->first;
	list->len += b->len;
	return list;
}

static const struct ddb_value *
value_of(struct update *u, const struct ddb_expr *e)
{
	const struct ddb_value *a, *b;
	if (e->op == DDB_VALUE)
		return e->value;
	if (e->op == DDB_PATH || e->op == DDB_IF_NOT_EXISTS) {
		const struct ddb_expr *path = e->op == DDB_PATH ? e : e->args;
		a = ddb_path_find(u->item, path->path);
		if (a != NULL)
			return ddb_value_copy(u->pool, a);
		if (e->op == DDB_IF_NOT_EXISTS)
			return value_of(u, e->args->next);
		return none(u, "The provided expression refers to an "
			       "attribute that does not exist in the item");
	}
	a = value_of(u, e->args);
	b = a == NULL ? NULL : value_of(u, e->args->next);
	if (b == NULL)
		return NULL;
	enum ddb_type wanted = e->op == DDB_LIST_APPEND ? DDB_L : DDB_N;
	if (a->type != wanted || b->type != wanted)
		return wrong_type(u);
	return wanted == DDB_L ? joined(u, a, b)
			       : sum(u, a, b, e->op == DDB_MINUS);
}

static void
do_later(struct update *u, struct ddb_value *parent,
    const struct ddb_value *child, size_t index, const struct ddb_value *added)
{
	struct later *l = ddb_alloc(u->pool, sizeof(*l));
	struct later **at = &u->later;
	*l = (struct later){NULL, parent, child, index, added};
	while (*at != NULL && (*at)->index <= index)
		at = &(*at)->next;
	l->next = *at;
	*at = l;
}

static void
append(struct ddb_pool *pool, struct ddb_value *list, const struct ddb_value *v)
{
	struct ddb_value **end = &list->first;
	while (*end != NULL)
		end = &(*end)->next;
	*end = ddb_alloc(pool, sizeof(**end));
	ddb_assign(*end, v);
	list->len++;
}

/* What ADD makes of an attribute's value. */
static const struct ddb_value *
added(struct update *u, const struct ddb_action *a, const struct ddb_value *old,
    const struct ddb_value *v)
{
	if (old == NULL)
		return v;
	if (old->type != v->type)
		return a->legacy
			   ? none(u, "Type mismatch for attribute to update")
			   : wrong_type(u);
	if (v->type == DDB_N)
		return sum(u, old, v, false);
	if (v->type == DDB_L)
		return joined(u, old, v);
	return ddb_set_union(u->pool, old, v);
}

/* The parent of what a path leads to, and its last step. */
static struct ddb_value *
parent_of(
    struct update *u, const struct ddb_path *path, const struct ddb_step **last)
{
	struct ddb_value *v = u->item;
	const struct ddb_step *s = path->first;
	for (; v != NULL && s->next != NULL; s = s->next) {
		struct ddb_step one = *s;
		one.next = NULL;
		struct ddb_path step = {.first = &one};
		v = ddb_path_find(v, &step);
	}
	*last = s;
	if (v != NULL && v->type == (s->name != NULL ? DDB_M : DDB_L))
		return v;
	none(u, "The document path provided in the update expression is "
		"invalid for update");
	return NULL;
}

static int
apply(struct update *u, const struct ddb_action *a, const struct ddb_value *v)
{
	const struct ddb_step *last;
	struct ddb_value *parent = parent_of(u, a->path, &last);
	if (parent == NULL)
		return -1;
	struct ddb_value *old = last->name != NULL
				    ? ddb_member(parent, last->name, last->len)
				    : ddb_element(parent, last->index);
	if (a->act == DDB_ADD && (v = added(u, a, old, v)) == NULL)
		return -1;
	if (a->act == DDB_DELETE && old != NULL && v != NULL) {
		if (old->type != v->type) {
			if (a->legacy)
				none(
				    u, "Type mismatch for attribute to update");
			else
				wrong_type(u);
			return -1;
		}
		v = ddb_set_minus(u->pool, old, v);
	}
	if (a->act == DDB_REMOVE || a->act == DDB_DELETE) {
		bool all = a->act == DDB_REMOVE || v == NULL || v->len == 0;
		if (old != NULL && all)
			do_later(u, parent, old, 0, NULL);
		else if (old != NULL)
			ddb_assign(old, v);
		return 0;
	}
	if (last->name != NULL)
		ddb_member_set(u->pool, parent, last->name, last->len, v);
	else if (old != NULL)
		ddb_assign(old, v);
	else
		do_later(u, parent, NULL, last->index, v);
	return 0;
}

int
ddb_update(struct ddb_pool *pool, struct ddb_value *item,
    const struct ddb_action *actions, struct err *err)
{
	struct update u = {pool, item, NULL, err};
	size_t count = 0;
	for (const struct ddb_action *a = actions; a != NULL; a = a->next)
		count++;
	const struct ddb_value **values =
	    ddb_alloc(pool, (count + 1) * sizeof(const struct ddb_value *));
	count = 0;
	for (const struct ddb_action *a = actions; a != NULL; a = a->next) {
		if (a->value != NULL) {
			values[count] = value_of(&u, a->value);
			if (values[count] == NULL)
				return -1;
		}
		count++;
	}
	count = 0;
	for (const struct ddb_action *a = actions; a != NULL; a = a->next)
		if (apply(&u, a, values[count++]) != 0)
			return -1;
	for (struct later *l = u.later; l != NULL; l = l->next)
		if (l->child != NULL)
			ddb_unlink(l->parent, l->child);
		else
			append(pool, l->parent, l->added);
	return 0;
}
