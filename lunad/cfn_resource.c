#include <stdlib.h>
#include <string.h>

#include "cfn_stack.h"
#include "mem.h"

struct cfn_resource *
cfn_set_add(
    struct cfn_set *set, const char *logical, const struct cfn_type *type)
{
	set->at = mem_grow(set->at, set->count + 1, sizeof(*set->at));
	struct cfn_resource *x = &set->at[set->count];
	*x = (struct cfn_resource){.logical = mem_text(logical),
	    .physical = mem_text(""),
	    .status = mem_text(""),
	    .type = type,
	    .position = (int64_t)set->count};
	set->count++;
	return x;
}

void
cfn_set_load(struct request *r, const char *stack, struct cfn_set *set)
{
	*set = (struct cfn_set){0};
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT logical, physical, type, status, reason, at_ms, position,"
	    " record FROM cfn_resource WHERE stack = ? ORDER BY position",
	    "t", stack);
	while (store_next(q)) {
		const struct cfn_type *type = cfn_type_find(store_text(q, 2));
		if (type == NULL)
			continue; /* of a lunad that knew more */
		cJSON *record = cfn_tree_of(store_text(q, 7));
		struct cfn_resource *x =
		    cfn_set_add(set, store_text(q, 0), type);
		free(x->physical);
		free(x->status);
		x->physical = mem_text(store_text(q, 1));
		x->status = mem_text(store_text(q, 3));
		x->reason =
		    mem_text(store_null(q, 4) ? NULL : store_text(q, 4));
		x->at_ms = store_int(q, 5);
		x->position = store_int(q, 6);
		x->name = mem_text(cfn_get_text(record, "Name"));
		x->deletion = mem_text(cfn_get_text(record, "DeletionPolicy"));
		x->replacement =
		    mem_text(cfn_get_text(record, "UpdateReplacePolicy"));
		x->properties = cfn_copy(cfn_get(record, "Properties"));
		x->attributes = cfn_copy(cfn_get(record, "Attributes"));
		x->metadata = cfn_copy(cfn_get(record, "Metadata"));
		cJSON_Delete(record);
	}
	store_end(q);
}

void
cfn_resource_clear(struct cfn_resource *x)
{
	free(x->logical);
	free(x->physical);
	free(x->name);
	free(x->status);
	free(x->reason);
	free(x->deletion);
	free(x->replacement);
	cJSON_Delete(x->properties);
	cJSON_Delete(x->attributes);
	cJSON_Delete(x->metadata);
	*x = (struct cfn_resource){0};
}

struct cfn_resource
cfn_resource_copy(const struct cfn_resource *x)
{
	struct cfn_resource copy = *x;
	copy.logical = mem_text(x->logical);
	copy.physical = mem_text(x->physical);
	copy.name = mem_text(x->name);
	copy.status = mem_text(x->status);
	copy.reason = mem_text(x->reason);
	copy.deletion = mem_text(x->deletion);
	copy.replacement = mem_text(x->replacement);
	copy.properties = cfn_copy(x->properties);
	copy.attributes = cfn_copy(x->attributes);
	copy.metadata = cfn_copy(x->metadata);
	return copy;
}

void
cfn_set_clear(struct cfn_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		cfn_resource_clear(&set->at[i]);
	free(set->at);
	*set = (struct cfn_set){0};
}

struct cfn_resource *
cfn_set_find(const struct cfn_set *set, const char *logical)
{
	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->at[i].logical, logical) == 0)
			return &set->at[i];
	return NULL;
}

bool
cfn_kept(const char *policy, bool made_now)
{
	if (policy == NULL)
		return false;
	return made_now ? strcmp(policy, "Retain") == 0
			: strncmp(policy, "Retain", 6) == 0;
}

void
cfn_resource_save(
    struct request *r, const char *stack, const struct cfn_resource *x)
{
	cJSON *record = cJSON_CreateObject();
	cfn_put_text(record, "Name", x->name);
	cfn_put_text(record, "DeletionPolicy", x->deletion);
	cfn_put_text(record, "UpdateReplacePolicy", x->replacement);
	cfn_put(record, "Properties", cfn_copy(x->properties));
	cfn_put(record, "Attributes", cfn_copy(x->attributes));
	cfn_put(record, "Metadata", cfn_copy(x->metadata));
	char *text = cfn_print(record);
	store_do(r->store,
	    "INSERT OR REPLACE INTO cfn_resource (stack, logical, physical,"
	    " type, status, reason, at_ms, position, record)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
	    "ttttttiit", stack, x->logical, x->physical, x->type->name,
	    x->status, x->reason, x->at_ms, x->position, text);
	free(text);
	cJSON_Delete(record);
}

void
cfn_resource_forget(struct request *r, const char *stack, const char *logical)
{
	store_do(r->store,
	    "DELETE FROM cfn_resource WHERE stack = ? AND logical = ?", "tt",
	    stack, logical);
}

static void
event(struct request *r, const struct cfn_stack *s,
    const struct cfn_resource *x, const char *status, const char *reason,
    const char *properties)
{
	cfn_event(r, s,
	    &(struct cfn_event){
		.id = request_format(r, "%s-%s", x->logical, cfn_uuid(r)),
		.logical = x->logical,
		.physical = x->physical,
		.type = x->type->name,
		.status = status,
		.reason = reason,
		.properties = properties});
}

void
cfn_resource_event(struct request *r, const struct cfn_stack *s,
    const struct cfn_resource *x, const char *status, const char *reason)
{
	event(r, s, x, status, reason, NULL);
}

void
cfn_resource_status(struct request *r, const struct cfn_stack *s,
    struct cfn_resource *x, const char *status, const char *reason)
{
	char *copy = mem_text(status), *why = mem_text(reason);
	free(x->status);
	free(x->reason);
	x->status = copy;
	x->reason = why;
	x->at_ms = r->now_ms;
	cfn_resource_save(r, s->id, x);
	char *properties =
	    x->properties == NULL ? NULL : cfn_print(x->properties);
	event(r, s, x, status, reason, properties);
	free(properties);
}
