/*
 * What a template would change: the properties as they would be, against
 * those that the resources have.
 */
#include <stdlib.h>
#include <string.h>

#include "cfn_stack.h"

struct diff {
	struct cfn_run *run;
	const struct cfn_template *old;
	const cJSON *was; /* parameters' values */
	struct cfn_set later;
	cJSON *changes;
};

static bool
later(const char *text)
{
	return text != NULL && strstr(text, CFN_LATER) != NULL;
}

static bool
has_later(const cJSON *v)
{
	if (v == NULL || later(cfn_text(v)))
		return v != NULL;
	for (const cJSON *c = v->child; c != NULL; c = c->next)
		if (has_later(c))
			return true;
	return false;
}

static cJSON *
change_of(struct diff *d, const char *action, const struct cfn_resource *x,
    const char *logical, const char *type)
{
	cJSON *change = cJSON_CreateObject();
	cJSON *what = cfn_one("Action", action);
	cfn_put_text(what, "LogicalResourceId", logical);
	if (x != NULL)
		cfn_put_text(what, "PhysicalResourceId", x->physical);
	cfn_put_text(what, "ResourceType", type);
	cfn_put(what, "Scope", cJSON_CreateArray());
	cfn_put(what, "Details", cJSON_CreateArray());
	cfn_put_text(change, "Type", "Resource");
	cfn_put(change, "ResourceChange", what);
	cfn_add(d->changes, change);
	return what;
}

static void
put_context(cJSON *what, const char *name, const cJSON *properties)
{
	cJSON *context = cJSON_CreateObject();
	cfn_put(context, "Properties", cfn_copy(properties));
	char *text = cfn_print(context);
	cfn_put_text(what, name, text);
	free(text);
	cJSON_Delete(context);
}

static void
will_be_other(struct diff *d, const char *logical, const struct cfn_type *type)
{
	cfn_set_add(&d->later, logical, type);
	d->run->later = &d->later;
}

static int
add(struct diff *d, const char *logical, const char *type)
{
	cJSON *properties = cfn_run_properties(d->run, logical);
	if (properties == NULL)
		return -1;
	cJSON *what = change_of(d, "Add", NULL, logical, type);
	put_context(what, "AfterContext", properties);
	cJSON_Delete(properties);
	return 0;
}

/* A reason for a change of one attribute. */
struct detail {
	struct diff *d;
	cJSON *list;
	const char *attribute, *name, *recreation;
	const cJSON *before, *after;
	bool parameter, resource; /* is the reason */
};

static void
tell(struct detail *t, const char *source, bool dynamic, const char *entity)
{
	cJSON *detail = cJSON_CreateObject();
	cJSON *target = cfn_one("Attribute", t->attribute);
	cfn_put_text(target, "Name", t->name);
	cfn_put_text(target, "RequiresRecreation", t->recreation);
	const cJSON *const side[] = {t->before, t->after};
	for (int i = 0; i < 2; i++) {
		if (side[i] == NULL)
			continue;
		cJSON *text = cfn_document(side[i]);
		cfn_put(target, i == 0 ? "BeforeValue" : "AfterValue", text);
	}
	cfn_put(detail, "Target", target);
	cfn_put_text(detail, "Evaluation", dynamic ? "Dynamic" : "Static");
	cfn_put_text(detail, "ChangeSource", source);
	cfn_put_text(detail, "CausingEntity", entity);
	cfn_add(t->list, detail);
}

static int
reason(void *user, const struct cfn_reference *of)
{
	struct detail *t = user;
	struct cfn_run *run = t->d->run;
	if (of->condition || cfn_pseudo(of->name))
		return 0;
	if (cfn_get(run->t.parameters, of->name) != NULL) {
		if (!cfn_same(cfn_get(run->stack->values, of->name),
			cfn_get(t->d->was, of->name))) {
			tell(t, "ParameterReference", false, of->name);
			t->parameter = true;
		}
		return 0;
	}
	if (cfn_set_find(&run->set, of->name) != NULL &&
	    cfn_set_find(&t->d->later, of->name) == NULL)
		return 0;
	if (of->attribute == NULL) {
		tell(t, "ResourceReference", true, of->name);
	} else {
		const char *entity =
		    request_format(run->r, "%s.%s", of->name, of->attribute);
		tell(t, "ResourceAttribute", true, entity);
	}
	t->resource = true;
	return 0;
}

static void
put_scope(cJSON *what, const char *scope)
{
	cJSON *list = cJSON_GetObjectItemCaseSensitive(what, "Scope");
	for (const cJSON *c = list->child; c != NULL; c = c->next)
		if (strcmp(c->valuestring, scope) == 0)
			return;
	cfn_add(list, cfn_string(scope));
}

static void
explain(struct diff *d, cJSON *what, const struct cfn_resource *x,
    const char *name, const cJSON *before, const cJSON *after)
{
	const struct cfn_property *p = cfn_type_property(x->type, name);
	bool tags = strcmp(name, "Tags") == 0;
	bool recreates = p != NULL && (p->how & CFN_NEW) != 0;
	struct detail t = {.d = d,
	    .list = cJSON_GetObjectItemCaseSensitive(what, "Details"),
	    .attribute = tags ? "Tags" : "Properties",
	    .name = tags ? NULL : name,
	    .before = before,
	    .after = after,
	    .recreation = !recreates         ? "Never"
			  : has_later(after) ? "Conditionally"
					     : "Always"};
	const cJSON *now = cfn_get(
	    cfn_get(cfn_get(d->run->t.resources, x->logical), "Properties"),
	    name);
	const cJSON *was =
	    d->old == NULL
		? NULL
		: cfn_get(cfn_get(cfn_get(d->old->resources, x->logical),
			      "Properties"),
		      name);
	cfn_references(now, &d->run->scope, reason, &t);
	/* AWS gives a parameter's change twice: what it will come to is dynamic. */
	bool rewritten = !cfn_same(now, was);
	if (t.parameter || rewritten || !t.resource)
		tell(&t, "DirectModification", t.parameter && !rewritten, NULL);
	put_scope(what, t.attribute);
}

static void
explain_all(struct diff *d, cJSON *what, const struct cfn_resource *x,
    const cJSON *after)
{
	for (const cJSON *c = after->child; c != NULL; c = c->next) {
		const cJSON *before = cfn_get(x->properties, c->string);
		if (!cfn_same(c, before))
			explain(d, what, x, c->string, before, c);
	}
	const cJSON *c = x->properties == NULL ? NULL : x->properties->child;
	for (; c != NULL; c = c->next)
		if (cfn_get(after, c->string) == NULL)
			explain(d, what, x, c->string, c, NULL);
}

/* Is a new resource sure, or only where a value turns out another one? */
static const char *
replacement(const struct cfn_resource *x, const cJSON *after)
{
	const char *is = "False";
	const struct cfn_property *p = x->type->property;
	for (; p->name != NULL; p++) {
		const cJSON *v = cfn_get(after, p->name);
		if ((p->how & CFN_NEW) == 0 ||
		    cfn_same(v, cfn_get(x->properties, p->name)))
			continue;
		if (!has_later(v))
			return "True";
		is = "Conditional";
	}
	return is;
}

static void
put_policy_action(cJSON *what, const char *policy, bool replaced)
{
	bool keep = policy != NULL && strncmp(policy, "Retain", 6) == 0;
	if (replaced)
		cfn_put_text(what, "PolicyAction",
		    keep ? "ReplaceAndRetain" : "ReplaceAndDelete");
	else
		cfn_put_text(what, "PolicyAction", keep ? "Retain" : "Delete");
}

static void
check_attribute(struct diff *d, cJSON **what, const struct cfn_resource *x,
    const char *name, const cJSON *before)
{
	const cJSON *of = cfn_get(d->run->t.resources, x->logical);
	if (cfn_same(before, cfn_get(of, name)))
		return;
	if (*what == NULL) {
		*what = change_of(d, "Modify", x, x->logical, x->type->name);
		cfn_put_text(*what, "Replacement", "False");
	}
	struct detail t = {.d = d,
	    .list = cJSON_GetObjectItemCaseSensitive(*what, "Details"),
	    .attribute = name,
	    .before = before,
	    .after = cfn_get(of, name),
	    .recreation = "Never"};
	tell(&t, "DirectModification", false, NULL);
	put_scope(*what, name);
}

static int
modify(struct diff *d, const struct cfn_resource *x)
{
	const cJSON *of = cfn_get(d->run->t.resources, x->logical);
	const struct cfn_type *type = cfn_type_find(cfn_get_text(of, "Type"));
	cJSON *after = cfn_run_properties(d->run, x->logical), *what = NULL;
	if (after == NULL)
		return -1;
	bool same = cfn_same(after, x->properties) && type == x->type;
	if (!same) {
		what = change_of(d, "Modify", x, x->logical, type->name);
		const char *is =
		    type == x->type ? replacement(x, after) : "True";
		cfn_put_text(what, "Replacement", is);
		if (is[0] != 'F') {
			put_policy_action(what, x->replacement, true);
			will_be_other(d, x->logical, type);
		}
		explain_all(d, what, x, after);
		put_context(what, "BeforeContext", x->properties);
		put_context(what, "AfterContext", after);
	}
	cJSON *deletion = x->deletion == NULL ? NULL : cfn_string(x->deletion);
	cJSON *other =
	    x->replacement == NULL ? NULL : cfn_string(x->replacement);
	check_attribute(d, &what, x, "Metadata", x->metadata);
	check_attribute(d, &what, x, "DeletionPolicy", deletion);
	check_attribute(d, &what, x, "UpdateReplacePolicy", other);
	cJSON_Delete(deletion);
	cJSON_Delete(other);
	cJSON_Delete(after);
	return 0;
}

static void
plan_removals(struct diff *d)
{
	struct cfn_run *run = d->run;
	for (size_t i = 0; i < run->set.count; i++) {
		const struct cfn_resource *x = &run->set.at[i];
		size_t k = 0;
		while (
		    k < run->ordered && strcmp(run->order[k], x->logical) != 0)
			k++;
		if (k < run->ordered)
			continue;
		cJSON *what =
		    change_of(d, "Remove", x, x->logical, x->type->name);
		put_policy_action(what, x->deletion, false);
		put_context(what, "BeforeContext", x->properties);
	}
}

int
cfn_plan(struct cfn_run *run, const struct cfn_template *old, const cJSON *was,
    struct cfn_plan *plan)
{
	struct diff d = {
	    .run = run, .old = old, .was = was, .changes = cJSON_CreateArray()};
	int status = 0;
	run->scope.planning = true;
	if (old != NULL)
		cfn_set_load(run->r, run->stack->id, &run->set);
	for (size_t i = 0; i < run->ordered && status == 0; i++) {
		const struct cfn_resource *x =
		    cfn_set_find(&run->set, run->order[i]);
		status = x != NULL ? modify(&d, x)
				   : add(&d, run->order[i],
					 cfn_get_text(cfn_get(run->t.resources,
							  run->order[i]),
					     "Type"));
	}
	if (status == 0)
		plan_removals(&d);
	cJSON *outputs = status == 0 ? cfn_outputs(run) : NULL;
	plan->any =
	    d.changes->child != NULL || old == NULL ||
	    (outputs != NULL && !cfn_same(outputs, run->stack->outputs));
	plan->changes = d.changes;
	if (outputs == NULL)
		status = -1;
	cJSON_Delete(outputs);
	run->later = NULL;
	run->scope.planning = false;
	cfn_set_clear(&d.later);
	if (status == 0)
		return 0;
	cJSON_Delete(d.changes);
	plan->changes = NULL;
	return -1;
}
