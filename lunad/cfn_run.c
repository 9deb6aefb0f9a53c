#include <stdlib.h>
#include <string.h>

#include "cfn_stack.h"
#include "mem.h"

static bool
is_later(const struct cfn_run *run, const char *logical)
{
	return run->later != NULL && cfn_set_find(run->later, logical) != NULL;
}

static cJSON *
ref(struct cfn_scope *s, const char *logical)
{
	struct cfn_run *run = s->user;
	const struct cfn_resource *x = cfn_set_find(&run->set, logical);
	if (s->planning && (x == NULL || is_later(run, logical)))
		return cfn_string(CFN_LATER);
	return x == NULL ? NULL : cfn_string(x->physical);
}

static cJSON *
attribute(struct cfn_scope *s, const char *logical, const char *name)
{
	struct cfn_run *run = s->user;
	const struct cfn_resource *x = cfn_set_find(&run->set, logical);
	if (s->planning && (x == NULL || is_later(run, logical)))
		return cfn_string(CFN_LATER);
	cJSON *v = x == NULL ? NULL : cfn_copy(cfn_get(x->attributes, name));
	if (v == NULL)
		cfn_refuse(s->why,
		    "Template error: resource %.255s does not support "
		    "attribute type %.255s in Fn::GetAtt",
		    logical, name);
	return v;
}

static cJSON *
import(struct cfn_scope *s, const char *name)
{
	struct cfn_run *run = s->user;
	cJSON *value = NULL;
	sqlite3_stmt *q = store_query(run->r->store,
	    "SELECT value FROM cfn_export WHERE region = ? AND name = ?", "tt",
	    run->r->region, name);
	if (store_next(q))
		value = cfn_string(store_text(q, 0));
	store_end(q);
	if (value != NULL)
		cfn_put(run->imports, name, cJSON_CreateTrue());
	return value;
}

int
cfn_run_open(struct cfn_run *run, struct request *r, struct cfn_stack *stack)
{
	*run = (struct cfn_run){.r = r, .stack = stack};
	run->met = cJSON_CreateObject();
	run->imports = cJSON_CreateObject();
	if (cfn_template_read(
		&run->t, stack->body, strlen(stack->body), &run->why) != 0)
		return -1;
	run->typed = cfn_parameter_typed(&run->t, stack->values);
	run->scope = (struct cfn_scope){.t = &run->t,
	    .values = run->typed,
	    .met = run->met,
	    .region = r->region,
	    .account = r->account,
	    .stack_name = stack->name,
	    .stack_id = stack->id,
	    .topics = cfn_get(stack->about, "NotificationARNs"),
	    .ref = ref,
	    .attribute = attribute,
	    .import = import,
	    .user = run,
	    .why = &run->why};
	run->order = cfn_graph(&run->scope, &run->ordered);
	return run->order == NULL ? -1 : 0;
}

void
cfn_run_close(struct cfn_run *run)
{
	cfn_set_clear(&run->set);
	cJSON_Delete(run->typed);
	cJSON_Delete(run->met);
	cJSON_Delete(run->imports);
	cfn_template_clear(&run->t);
	free(run->order);
	buf_clear(&run->why);
}

/* The stack's tags, but for those that the resource has itself. */
static void
add_tags(
    const struct cfn_run *run, const struct cfn_type *type, cJSON *properties)
{
	const cJSON *tags = cfn_get(run->stack->about, "Tags");
	cJSON *own = cJSON_GetObjectItemCaseSensitive(properties, "Tags");
	if (tags == NULL || tags->child == NULL ||
	    cfn_type_property(type, "Tags") == NULL)
		return;
	if (own == NULL) {
		own = cJSON_CreateArray();
		cfn_put(properties, "Tags", own);
	}
	for (const cJSON *c = tags->child; c != NULL; c = c->next) {
		const cJSON *o = own->child;
		while (o != NULL &&
		       !cfn_same(cfn_get(o, "Key"), cfn_get(c, "Key")))
			o = o->next;
		if (o == NULL)
			cfn_add(own, cfn_copy(c));
	}
}

cJSON *
cfn_run_properties(struct cfn_run *run, const char *logical)
{
	const cJSON *of = cfn_get(run->t.resources, logical);
	const cJSON *properties = cfn_get(of, "Properties");
	cJSON *out = cJSON_CreateObject(), *value;
	const cJSON *c = properties == NULL ? NULL : properties->child;
	buf_reset(&run->why);
	for (; c != NULL; c = c->next) {
		if (cfn_resolve(&run->scope, c, &value) != 0) {
			cJSON_Delete(out);
			return NULL;
		}
		cfn_put(out, c->string, value);
	}
	add_tags(run, cfn_type_find(cfn_get_text(of, "Type")), out);
	return out;
}

void
cfn_run_policies(struct cfn_run *run, struct cfn_resource *x)
{
	const cJSON *of = cfn_get(run->t.resources, x->logical);
	free(x->deletion);
	free(x->replacement);
	cJSON_Delete(x->metadata);
	x->deletion = mem_text(cfn_get_text(of, "DeletionPolicy"));
	x->replacement = mem_text(cfn_get_text(of, "UpdateReplacePolicy"));
	x->metadata = cfn_copy(cfn_get(of, "Metadata"));
}

static struct cfn_act
act_of(struct cfn_run *run, const struct cfn_resource *x)
{
	return (struct cfn_act){.lunad = run->r->lunad,
	    .region = run->r->region,
	    .account = run->r->account,
	    .stack = run->stack->name,
	    .logical = x->logical,
	    .type = x->type,
	    .why = &run->why};
}

int
cfn_run_create(struct cfn_run *run, struct cfn_resource *x, cJSON *properties,
    const char *what)
{
	struct request *r = run->r;
	const char *begun = request_format(r, "%s_IN_PROGRESS", what);
	struct cfn_act a = act_of(run, x);
	buf_reset(&run->why);
	a.now = properties;
	cJSON_Delete(x->properties);
	x->properties = properties;
	int status = cfn_type_create(&a);
	free(x->name);
	x->name = a.name;
	cJSON_Delete(x->attributes);
	x->attributes = a.attributes;
	free(x->physical);
	x->physical = a.id == NULL ? mem_text("") : a.id;
	if (a.id != NULL)
		cfn_resource_status(
		    r, run->stack, x, begun, "Resource creation Initiated");
	if (status == 0)
		cfn_resource_status(r, run->stack, x,
		    request_format(r, "%s_COMPLETE", what), NULL);
	else
		cfn_resource_status(r, run->stack, x,
		    request_format(r, "%s_FAILED", what), buf_text(&run->why));
	return status;
}

int
cfn_run_change(struct cfn_run *run, struct cfn_resource *x, cJSON *properties)
{
	cJSON *before = x->properties;
	struct cfn_act a = act_of(run, x);
	buf_reset(&run->why);
	x->properties = properties;
	cfn_resource_status(run->r, run->stack, x, "UPDATE_IN_PROGRESS", NULL);
	a.now = properties;
	a.before = before;
	a.name = x->name;
	a.id = x->physical;
	a.attributes = x->attributes;
	int status = cfn_type_update(&a);
	x->name = a.name;
	x->physical = a.id;
	x->attributes = a.attributes;
	cfn_resource_status(run->r, run->stack, x,
	    status == 0 ? "UPDATE_COMPLETE" : "UPDATE_FAILED",
	    status == 0 ? NULL : buf_text(&run->why));
	cJSON_Delete(before);
	return status;
}

/* Removes what is there. cleanup: x is no longer the stack's resource of its
 * name: only events tell of it. */
int
cfn_run_delete(struct cfn_run *run, struct cfn_resource *x, bool cleanup)
{
	struct cfn_act a = act_of(run, x);
	const char *end = "DELETE_COMPLETE";
	int status = 0;
	buf_reset(&run->why);
	if (cleanup)
		cfn_resource_event(
		    run->r, run->stack, x, "DELETE_IN_PROGRESS", NULL);
	else
		cfn_resource_status(
		    run->r, run->stack, x, "DELETE_IN_PROGRESS", NULL);
	if (x->physical[0] != '\0') {
		a.before = x->properties;
		a.name = x->name;
		a.id = x->physical;
		a.attributes = x->attributes;
		status = cfn_type_remove(&a);
	}
	if (status != 0)
		end = "DELETE_FAILED";
	const char *why = status == 0 ? NULL : buf_text(&run->why);
	if (cleanup)
		cfn_resource_event(run->r, run->stack, x, end, why);
	else
		cfn_resource_status(run->r, run->stack, x, end, why);
	return status;
}
