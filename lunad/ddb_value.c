#include "ddb_value.h"

#include <string.h>

#include "ddb_number.h"
#include "text.h"

const char *const ddb_type_name[DDB_TYPES] = {
    "S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M"};

enum ddb_type
ddb_type_of(const char *name, size_t len)
{
	for (int i = 0; i < DDB_TYPES; i++)
		if (strlen(ddb_type_name[i]) == len &&
		    memcmp(ddb_type_name[i], name, len) == 0)
			return (enum ddb_type)i;
	return DDB_TYPES;
}

bool
ddb_ordered(enum ddb_type type)
{
	return type == DDB_S || type == DDB_N || type == DDB_B;
}

struct ddb_value *
ddb_value_new(struct ddb_pool *pool, enum ddb_type type)
{
	struct ddb_value *v = ddb_alloc(pool, sizeof(*v));
	v->type = type;
	return v;
}

struct ddb_value *
ddb_value_text(
    struct ddb_pool *pool, enum ddb_type type, const char *text, size_t len)
{
	struct ddb_value *v = ddb_value_new(pool, type);
	v->text = text;
	v->len = len;
	return v;
}

struct ddb_value *
ddb_value_copy(struct ddb_pool *pool, const struct ddb_value *v)
{
	struct ddb_value *to = ddb_alloc(pool, sizeof(*to));
	*to = *v;
	to->next = NULL;
	struct ddb_value **end = &to->first;
	for (const struct ddb_value *c = v->first; c != NULL; c = c->next) {
		*end = ddb_value_copy(pool, c);
		end = &(*end)->next;
	}
	return to;
}

struct ddb_value *
ddb_member(const struct ddb_value *map, const char *name, size_t len)
{
	for (struct ddb_value *v = map->first; v != NULL; v = v->next)
		if (v->name_len == len && memcmp(v->name, name, len) == 0)
			return v;
	return NULL;
}

static int
compare_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t both = a_len < b_len ? a_len : b_len;
	int order = both == 0 ? 0 : memcmp(a, b, both);
	if (order != 0 || a_len == b_len)
		return order;
	return a_len < b_len ? -1 : 1;
}

void
ddb_assign(struct ddb_value *v, const struct ddb_value *content)
{
	struct ddb_value *next = v->next;
	const char *name = v->name;
	size_t len = v->name_len;
	*v = *content;
	v->next = next;
	v->name = name;
	v->name_len = len;
}

void
ddb_member_set(struct ddb_pool *pool, struct ddb_value *map, const char *name,
    size_t len, const struct ddb_value *v)
{
	struct ddb_value **at = &map->first;
	int order = -1;
	while (*at != NULL && (order = compare_bytes((*at)->name,
				   (*at)->name_len, name, len)) < 0)
		at = &(*at)->next;
	if (*at == NULL || order != 0) {
		struct ddb_value *added = ddb_alloc(pool, sizeof(*added));
		added->next = *at;
		added->name = name;
		added->name_len = len;
		*at = added;
		map->len++;
	}
	ddb_assign(*at, v);
}

struct ddb_value *
ddb_element(const struct ddb_value *list, size_t index)
{
	struct ddb_value *v = list->first;
	while (v != NULL && index-- > 0)
		v = v->next;
	return v;
}

void
ddb_unlink(struct ddb_value *parent, const struct ddb_value *child)
{
	struct ddb_value **at = &parent->first;
	while (*at != NULL && *at != child)
		at = &(*at)->next;
	if (*at != NULL) {
		*at = child->next;
		parent->len--;
	}
}

static int
compare_numbers(const struct ddb_value *a, const struct ddb_value *b)
{
	struct ddb_number left, right;
	if (ddb_number_read(a->text, a->len, &left, NULL) != 0 ||
	    ddb_number_read(b->text, b->len, &right, NULL) != 0)
		return compare_bytes(a->text, a->len, b->text, b->len);
	return ddb_number_compare(&left, &right);
}

int
ddb_value_compare(const struct ddb_value *a, const struct ddb_value *b)
{
	if (a->type == DDB_N)
		return compare_numbers(a, b);
	return compare_bytes(a->text, a->len, b->text, b->len);
}

bool
ddb_value_equal(const struct ddb_value *a, const struct ddb_value *b)
{
	if (a->type != b->type || a->len != b->len || a->truth != b->truth)
		return false;
	if (ddb_ordered(a->type))
		return compare_bytes(a->text, a->len, b->text, b->len) == 0;
	const struct ddb_value *x = a->first, *y = b->first;
	for (; x != NULL && y != NULL; x = x->next, y = y->next) {
		if (a->type == DDB_M && compare_bytes(x->name, x->name_len,
					    y->name, y->name_len) != 0)
			return false;
		if (!ddb_value_equal(x, y))
			return false;
	}
	return x == y;
}

static void
append(struct ddb_pool *pool, struct ddb_value *set, struct ddb_value ***end,
    const struct ddb_value *v)
{
	struct ddb_value *added =
	    ddb_value_text(pool, v->type, v->text, v->len);
	**end = added;
	*end = &added->next;
	set->len++;
}

struct ddb_value *
ddb_set_union(
    struct ddb_pool *pool, const struct ddb_value *a, const struct ddb_value *b)
{
	struct ddb_value *set = ddb_value_new(pool, a->type);
	struct ddb_value **end = &set->first;
	const struct ddb_value *x = a->first, *y = b->first;
	while (x != NULL || y != NULL) {
		int order = x == NULL   ? 1
			    : y == NULL ? -1
					: ddb_value_compare(x, y);
		append(pool, set, &end, order <= 0 ? x : y);
		if (order <= 0)
			x = x->next;
		if (order >= 0)
			y = y->next;
	}
	return set;
}

struct ddb_value *
ddb_set_minus(
    struct ddb_pool *pool, const struct ddb_value *a, const struct ddb_value *b)
{
	struct ddb_value *set = ddb_value_new(pool, a->type);
	struct ddb_value **end = &set->first;
	const struct ddb_value *y = b->first;
	for (const struct ddb_value *x = a->first; x != NULL; x = x->next) {
		while (y != NULL && ddb_value_compare(y, x) < 0)
			y = y->next;
		if (y == NULL || ddb_value_compare(y, x) != 0)
			append(pool, set, &end, x);
	}
	return set;
}

static size_t
number_size(const struct ddb_value *v)
{
	struct ddb_number n;
	if (ddb_number_read(v->text, v->len, &n, NULL) != 0)
		return v->len;
	return ddb_number_size(&n);
}

static size_t
value_size(const struct ddb_value *v)
{
	size_t size = 0;
	switch (v->type) {
	case DDB_N:
		return number_size(v);
	case DDB_S:
	case DDB_B:
		return v->len;
	case DDB_BOOL:
	case DDB_NULL:
	case DDB_TYPES:
		return 1;
	case DDB_L:
	case DDB_M:
		size = 3 + v->len;
		break;
	case DDB_SS:
	case DDB_NS:
	case DDB_BS:
		break;
	}
	for (const struct ddb_value *c = v->first; c != NULL; c = c->next)
		size += c->name_len + value_size(c);
	return size;
}

size_t
ddb_item_size(const struct ddb_value *item)
{
	size_t size = 0;
	for (const struct ddb_value *v = item->first; v != NULL; v = v->next)
		size += v->name_len + value_size(v);
	return size;
}

static bool
deeper(const struct ddb_value *v, int levels)
{
	if (v->type != DDB_L && v->type != DDB_M)
		return levels < 0;
	for (const struct ddb_value *c = v->first; c != NULL; c = c->next)
		if (deeper(c, levels - 1))
			return true;
	return levels < 0;
}

bool
ddb_item_too_deep(const struct ddb_value *item)
{
	return deeper(item, DDB_DEPTH);
}
