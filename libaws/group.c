#include "group.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "mem.h"
#include "text.h"

enum { UNIT = 16 /* groups begin at multiples of it */ };

struct group_slot {
	uint32_t hash;
	uint32_t at; /* where in bytes, in units, from 1; 0: empty */
};

struct group_order {
	uint64_t prefix; /* the key's first bytes: they mostly decide */
	uint32_t at;
};

/* Where the field at p ends: at a comma outside brackets. */
static const char *
field_end(const char *p)
{
	int depth = 0;
	for (; *p != '\0' && (*p != ',' || depth > 0); p++)
		depth += (*p == '[') - (*p == ']');
	return p;
}

static bool
is_taken(const struct group_fields *fields, const struct buf *before)
{
	for (size_t i = 0; i < fields->count; i++)
		if (strcmp(fields->item[i].before.data, before->data) == 0)
			return true;
	return false;
}

/* One FIELD or NAME=FIELD. */
static int
add_field(struct group_fields *fields, const char *text, struct err *err)
{
	const char *equals = strchr(text, '=');
	const char *path = equals == NULL ? text : equals + 1;
	struct group_field new = {.field = template_field_new(path, err)};
	if (new.field == NULL)
		return -1;
	const char *name = template_field_name(new.field);
	size_t len = name == NULL ? 0 : strlen(name);
	if (equals != NULL) {
		name = text;
		len = (size_t)(equals - text);
	}
	buf_add_char(&new.before, ',');
	text_json_string(name, len, &new.before);
	buf_add_char(&new.before, ':');
	if (len == 0)
		err_set(err, ERR_SETUP, "Usage",
		    "field '%s' needs a name: NAME=%s", text, path);
	else if (is_taken(fields, &new.before))
		err_set(err, ERR_SETUP, "Usage",
		    "two fields are called %.*s: say NAME=FIELD", (int)len,
		    name);
	else {
		fields->item =
		    mem_grow(fields->item, fields->count + 1, sizeof(new));
		fields->item[fields->count++] = new;
		return 0;
	}
	template_field_free(new.field);
	buf_clear(&new.before);
	return -1;
}

int
group_fields_add(struct group_fields *fields, const char *list, struct err *err)
{
	for (const char *p = list;; p++) {
		const char *end = field_end(p);
		char *text = mem_text_of(p, (size_t)(end - p));
		int result = add_field(fields, text, err);
		free(text);
		if (result != 0)
			return -1;
		p = end;
		if (*p == '\0')
			return 0;
	}
}

void
group_fields_clear(struct group_fields *fields)
{
	for (size_t i = 0; i < fields->count; i++) {
		template_field_free(fields->item[i].field);
		buf_clear(&fields->item[i].before);
	}
	free(fields->item);
	*fields = (struct group_fields){0};
}

int
group_value(struct json v, struct buf *out, struct err *err)
{
	if (v.type == JSON_NONE) {
		buf_add(out, "null", 4);
		return 0;
	}
	if (v.type != JSON_STRING || memchr(v.at, '\\', v.len) == NULL) {
		buf_add(out, v.at, v.len);
		return 0;
	}
	struct buf text = {0};
	int result = json_text(v, &text, err);
	if (result == 0)
		text_json_string(buf_text(&text), text.len, out);
	buf_clear(&text);
	return result;
}

int
group_key(const struct group_fields *fields, const struct json *value,
    struct buf *out, struct err *err)
{
	buf_add_char(out, '[');
	for (size_t i = 0; i < fields->count; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		if (group_value(value[i], out, err) != 0)
			return -1;
	}
	buf_add_char(out, ']');
	return 0;
}

void
group_print(const struct group_fields *fields, const char *key, size_t len,
    struct buf *out)
{
	struct json_iter it;
	struct json v;
	json_each((struct json){JSON_ARRAY, key, len}, &it);
	for (size_t i = 0; i < fields->count && json_next(&it, NULL, &v); i++) {
		const struct buf *before = &fields->item[i].before;
		buf_add(out, before->data, before->len);
		buf_add(out, v.at, v.len);
	}
}

void
group_clear(struct group_table *t)
{
	free(t->slot);
	free(t->order);
	buf_clear(&t->bytes);
	*t = (struct group_table){.state_size = t->state_size};
}

void
group_reset(struct group_table *t)
{
	if (t->cap > 0)
		memset(t->slot, 0, t->cap * sizeof(*t->slot));
	free(t->order);
	t->order = NULL;
	t->count = 0;
	buf_reset(&t->bytes);
}

static struct group *
at_unit(const struct group_table *t, uint32_t at)
{
	return (
	    struct group *)(void *)(t->bytes.data + (size_t)(at - 1) * UNIT);
}

void *
group_state(struct group *g)
{
	return g + 1;
}

const char *
group_key_of(const struct group_table *t, const struct group *g)
{
	return (const char *)(g + 1) + t->state_size;
}

static size_t
units(const struct group_table *t, size_t key_len)
{
	return (sizeof(struct group) + t->state_size + key_len + UNIT - 1) /
	       UNIT;
}

static void
grow(struct group_table *t)
{
	struct group_slot *old = t->slot;
	size_t was = t->cap;
	t->cap = was == 0 ? 64 : was * 2;
	t->slot = mem_alloc(t->cap * sizeof(*t->slot));
	for (size_t i = 0; i < was; i++) {
		size_t to = old[i].hash & (t->cap - 1);
		if (old[i].at == 0)
			continue;
		while (t->slot[to].at != 0)
			to = (to + 1) & (t->cap - 1);
		t->slot[to] = old[i];
	}
	free(old);
}

static uint32_t
append(struct group_table *t, const char *key, size_t len, uint32_t hash)
{
	size_t size = units(t, len) * UNIT;
	size_t at = t->bytes.len / UNIT + 1;
	char *room = buf_room(&t->bytes, size);
	if (at > UINT32_MAX || len > UINT32_MAX)
		mem_die(); /* 64 GiB of groups */
	memset(room, 0, size);
	struct group *g = (struct group *)(void *)room;
	g->hash = hash;
	g->key_len = (uint32_t)len;
	memcpy(room + sizeof(*g) + t->state_size, key, len);
	t->bytes.len += size;
	t->count++;
	return (uint32_t)at;
}

struct group *
group_of(struct group_table *t, const char *key, size_t len, uint64_t hash)
{
	if (t->count * 4 >= t->cap * 3)
		grow(t);
	uint32_t low = (uint32_t)hash;
	size_t i = low & (t->cap - 1);
	for (; t->slot[i].at != 0; i = (i + 1) & (t->cap - 1)) {
		if (t->slot[i].hash != low)
			continue;
		struct group *g = at_unit(t, t->slot[i].at);
		if (g->key_len == len &&
		    memcmp(group_key_of(t, g), key, len) == 0)
			return g;
	}
	t->slot[i] = (struct group_slot){low, append(t, key, len, low)};
	return at_unit(t, t->slot[i].at);
}

int
group_compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
	return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

static int
compare(const void *a, const void *b, void *table)
{
	const struct group_order *x = a, *y = b;
	const struct group_table *t = table;
	if (x->prefix != y->prefix)
		return x->prefix < y->prefix ? -1 : 1;
	const struct group *g = at_unit(t, x->at), *h = at_unit(t, y->at);
	return group_compare(
	    group_key_of(t, g), g->key_len, group_key_of(t, h), h->key_len);
}

void
group_sort(struct group_table *t)
{
	size_t n = 0;
	t->order = mem_grow(t->order, t->count + 1, sizeof(*t->order));
	for (size_t at = 0; at < t->bytes.len / UNIT;) {
		struct group *g = at_unit(t, (uint32_t)at + 1);
		const char *key = group_key_of(t, g);
		uint64_t prefix = 0;
		/* Every key begins with '[', so that need not be compared. */
		for (size_t i = 1; i <= sizeof(prefix); i++)
			prefix = prefix << 8 |
				 (i < g->key_len ? (unsigned char)key[i] : 0);
		t->order[n++] = (struct group_order){prefix, (uint32_t)at + 1};
		at += units(t, g->key_len);
	}
	qsort_r(t->order, n, sizeof(*t->order), compare, t);
}

struct group *
group_at(const struct group_table *t, size_t index)
{
	return at_unit(t, t->order[index].at);
}
