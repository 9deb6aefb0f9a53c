#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "template.h"

enum { BY_PATH = -1 };

struct template_fields {
	const struct template_field **field;
	int *name_of; /* each field's among the names, or BY_PATH */
	size_t count;
	const char **name; /* of the plain ones, each once */
	int names;
	struct json *picked; /* the names' values */
	struct json *value;
};

struct template_fields *
template_fields_new(void)
{
	return mem_alloc(sizeof(struct template_fields));
}

void
template_fields_free(struct template_fields *set)
{
	if (set == NULL)
		return;
	free(set->field);
	free(set->name_of);
	free(set->name);
	free(set->picked);
	free(set->value);
	free(set);
}

static int
add_name(struct template_fields *set, const char *name)
{
	int i = 0;
	for (; i < set->names; i++)
		if (strcmp(set->name[i], name) == 0)
			return i;
	size_t count = (size_t)++set->names;
	set->name = mem_grow(set->name, count, sizeof(*set->name));
	set->picked = mem_grow(set->picked, count, sizeof(*set->picked));
	set->name[i] = name;
	return i;
}

size_t
template_fields_add(struct template_fields *set, const struct template_field *f)
{
	const char *name = template_field_plain(f);
	size_t i = set->count++;
	set->field = mem_grow(set->field, i + 1, sizeof(*set->field));
	set->name_of = mem_grow(set->name_of, i + 1, sizeof(*set->name_of));
	set->value = mem_grow(set->value, i + 1, sizeof(*set->value));
	set->field[i] = f;
	set->name_of[i] = name == NULL ? BY_PATH : add_name(set, name);
	return i;
}

const struct json *
template_fields_get(struct template_fields *set, const struct record *r)
{
	if (set->names > 0)
		json_pick(r->root, set->name, (size_t)set->names, set->picked);
	for (size_t i = 0; i < set->count; i++)
		set->value[i] = set->name_of[i] == BY_PATH
				    ? template_field_get(set->field[i], r)
				    : set->picked[set->name_of[i]];
	return set->value;
}
