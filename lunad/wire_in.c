#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "mem.h"
#include "query.h"
#include "text.h"

#define DEPTH 24

/* "A.member.2.B=x" is a path of nodes; a node has a value or children. */
struct node {
	const struct node *parent;
	const char *name, *value;
	size_t value_len;
	struct node *first, *last, *next;
};

/* All nodes of a form by parent and name, so that a long one takes no longer
 * than it is. */
static int
compare(const void *a, const void *b)
{
	const struct node *x = a, *y = b;
	if (x->parent != y->parent)
		return (uintptr_t)x->parent < (uintptr_t)y->parent ? -1 : 1;
	return strcmp(x->name, y->name);
}

static void
keep(void *node)
{
	(void)node; /* it is the request's */
}

static struct node *
child(struct request *r, void **index, struct node *parent, const char *name)
{
	/* Parameters come in order: the newest is nearly always the one. */
	if (parent->last != NULL && strcmp(parent->last->name, name) == 0)
		return parent->last;
	const struct node key = {.parent = parent, .name = name};
	struct node **found = tfind(&key, index, compare);
	if (found != NULL)
		return *found;
	struct node *n = request_alloc(r, sizeof(*n));
	n->parent = parent;
	n->name = name;
	if (tsearch(n, index, compare) == NULL)
		mem_die();
	if (parent->last == NULL)
		parent->first = n;
	else
		parent->last->next = n;
	parent->last = n;
	return n;
}

static void
add_pair(struct request *r, void **index, struct node *root,
    const struct buf *name, const struct buf *value)
{
	char *path = request_format(r, "%s", buf_text(name));
	struct node *n = root;
	for (int depth = 0; depth < DEPTH; depth++) {
		char *dot = strchr(path, '.');
		if (dot != NULL)
			*dot = '\0';
		n = child(r, index, n, path);
		if (dot == NULL)
			break;
		path = dot + 1;
	}
	char *text = request_alloc(r, value->len + 1);
	memcpy(text, buf_text(value), value->len);
	n->value = text;
	n->value_len = value->len;
}

static bool
numbered(const struct node *n)
{
	if (n->first == NULL)
		return false;
	for (const struct node *e = n->first; e != NULL; e = e->next)
		if (e->name[0] == '\0' ||
		    e->name[strspn(e->name, "0123456789")] != '\0')
			return false;
	return true;
}

static int
by_number(const void *a, const void *b)
{
	long x = strtol((*(struct node *const *)a)->name, NULL, 10);
	long y = strtol((*(struct node *const *)b)->name, NULL, 10);
	return x < y ? -1 : x > y;
}

/* The children of a numbered node in the order of their numbers. */
static struct node **
in_order(struct request *r, const struct node *list, size_t *count)
{
	size_t n = 0;
	for (struct node *e = list->first; e != NULL; e = e->next)
		n++;
	struct node **all = request_alloc(r, n * sizeof(struct node *));
	n = 0;
	for (struct node *e = list->first; e != NULL; e = e->next)
		all[n++] = e;
	qsort(all, n, sizeof(struct node *), by_number);
	*count = n;
	return all;
}

static const struct node *
find(const struct node *n, const char *name)
{
	const struct node *e = n->first;
	while (e != NULL && (name == NULL || strcmp(e->name, name) != 0))
		e = e->next;
	return e;
}

static void print(const struct wire_shape *shape, struct request *r,
    const char *name, const struct node *n, struct buf *out);

static void
print_list(const struct wire_shape *shape, struct request *r, const char *name,
    const struct node *list, struct buf *out)
{
	size_t count;
	struct node **all = in_order(r, list, &count);
	put_open(out, name, '[');
	for (size_t i = 0; i < count; i++)
		print(shape, r, NULL, all[i], out);
	put_close(out, ']');
}

static void
print_map(const struct wire_shape *shape, struct request *r, const char *name,
    const struct node *map, const char *key, const char *value, struct buf *out)
{
	size_t count;
	struct node **all = in_order(r, map, &count);
	put_open(out, name, '{');
	for (size_t i = 0; i < count; i++) {
		const struct node *k = find(all[i], key);
		const struct node *v = find(all[i], value);
		if (k == NULL || k->value == NULL)
			continue;
		if (v == NULL)
			put_text(out, k->value, "");
		else
			print(shape, r, k->value, v, out);
	}
	put_close(out, '}');
}

/* '*' in a shape's item is the operation's name. */
static bool
item_is(const struct wire_shape *s, const struct request *r, const char *name)
{
	size_t n = strlen(r->operation);
	if (s->item[0] != '*')
		return strcmp(s->item, name) == 0;
	return strncmp(name, r->operation, n) == 0 &&
	       strcmp(name + n, s->item + 1) == 0;
}

static void
print_members(const struct wire_shape *shape, struct request *r,
    const struct node *n, struct buf *out)
{
	for (const struct node *e = n->first; e != NULL; e = e->next)
		print(shape, r, e->name, e, out);
}

/* AWS writes lists as X.member.N, maps as X.entry.N.key and .value. */
static void
print(const struct wire_shape *shape, struct request *r, const char *name,
    const struct node *n, struct buf *out)
{
	if (n->first == NULL) {
		put_textn(out, name, n->value, n->value_len);
		return;
	}
	const struct wire_shape *s = shape;
	while (s != NULL && s->member != NULL &&
	       (name == NULL || !item_is(s, r, name)))
		s++;
	if (s != NULL && s->member == NULL)
		s = NULL;
	if (s != NULL && s->as == WIRE_FLAT_MAP && numbered(n)) {
		print_map(shape, r, s->member, n, s->key, s->value, out);
		return;
	}
	if (s != NULL && numbered(n)) {
		print_list(shape, r, s->member, n, out);
		return;
	}
	const struct node *only = n->first->next == NULL ? n->first : NULL;
	if (only != NULL && strcmp(only->name, "member") == 0 &&
	    numbered(only)) {
		print_list(shape, r, name, only, out);
	} else if (only != NULL && strcmp(only->name, "entry") == 0 &&
		   numbered(only)) {
		bool small = find(only->first, "key") != NULL;
		print_map(shape, r, name, only, small ? "key" : "Name",
		    small ? "value" : "Value", out);
	} else if (numbered(n)) {
		print_list(shape, r, name, n, out);
	} else {
		put_open(out, name, '{');
		print_members(shape, r, n, out);
		put_close(out, '}');
	}
}

void
wire_in(const struct wire_shape *shape, const char *form, size_t len,
    struct request *r, struct buf *out)
{
	struct node root = {0};
	void *index = NULL;
	struct buf name = {0}, value = {0};
	struct query_iter it;
	query_each(form, len, &it);
	while (query_next(&it, &name, &value))
		add_pair(r, &index, &root, &name, &value);
	tdestroy(index, keep);
	print_members(shape, r, &root, out);
	buf_clear(&name);
	buf_clear(&value);
}
