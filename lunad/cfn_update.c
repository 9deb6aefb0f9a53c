/*
 * Change a stack: each resource in the order of the template, in place or by
 * another one; then what is no longer wanted goes. A failure takes all of it
 * back, the last step first.
 */
#include <stdlib.h>
#include <string.h>

#include "cfn_stack.h"
#include "mem.h"

enum kind { MADE, CHANGED, REPLACED };

struct step {
	enum kind kind;
	struct cfn_resource before; /* CHANGED, REPLACED */
	const char *logical;        /* the run's */
};

struct update {
	struct cfn_run *run;
	struct step *step;
	size_t steps;
	struct cfn_set old; /* to be removed at the end */
};

static void
note(struct update *u, enum kind kind, const struct cfn_resource *x,
    const char *logical)
{
	u->step = mem_grow(u->step, u->steps + 1, sizeof(*u->step));
	u->step[u->steps++] = (struct step){.kind = kind,
	    .logical = logical,
	    .before =
		kind == MADE ? (struct cfn_resource){0} : cfn_resource_copy(x)};
}

static void
discard(struct update *u, const struct cfn_resource *x)
{
	cfn_set_add(&u->old, "", x->type);
	struct cfn_resource *to = &u->old.at[u->old.count - 1];
	cfn_resource_clear(to);
	*to = cfn_resource_copy(x);
}

static int
fail_at(struct update *u, struct cfn_resource *x, const char *status)
{
	char *why = mem_text(buf_text(&u->run->why));
	cfn_resource_status(u->run->r, u->run->stack, x, status, why);
	free(why);
	return -1;
}

static int
make(struct update *u, const char *logical, const struct cfn_type *type)
{
	struct cfn_run *run = u->run;
	struct cfn_resource *x = cfn_set_add(&run->set, logical, type);
	note(u, MADE, x, logical);
	cfn_run_policies(run, x);
	cJSON *properties = cfn_run_properties(run, logical);
	if (properties == NULL)
		return fail_at(u, x, "CREATE_FAILED");
	x->properties = properties;
	cfn_resource_status(run->r, run->stack, x, "CREATE_IN_PROGRESS", NULL);
	x->properties = NULL;
	return cfn_run_create(run, x, properties, "CREATE");
}

/* A name that was given cannot be had twice. */
static bool
name_stays(const struct cfn_resource *x, const cJSON *properties)
{
	const char *named = x->type->named;
	return named != NULL && cfn_get(properties, named) != NULL &&
	       cfn_same(
		   cfn_get(properties, named), cfn_get(x->properties, named));
}

static int
replace(struct update *u, struct cfn_resource *x, cJSON *properties,
    const struct cfn_type *type)
{
	struct cfn_run *run = u->run;
	if (type == x->type && name_stays(x, properties)) {
		cfn_refuse(&run->why,
		    "CloudFormation cannot update a stack when a custom-named "
		    "resource requires replacing. Rename %.300s and update the "
		    "stack again.",
		    x->name);
		cJSON_Delete(properties);
		return fail_at(u, x, "UPDATE_FAILED");
	}
	cJSON *before = x->properties;
	x->properties = properties;
	cfn_resource_status(run->r, run->stack, x, "UPDATE_IN_PROGRESS",
	    "Requested update requires the creation of a new physical "
	    "resource; hence creating one.");
	x->properties = before;
	discard(u, x);
	x->type = type;
	cfn_run_policies(run, x);
	return cfn_run_create(run, x, properties, "UPDATE");
}

static int
one(struct update *u, const char *logical)
{
	struct cfn_run *run = u->run;
	const cJSON *of = cfn_get(run->t.resources, logical);
	const struct cfn_type *type = cfn_type_find(cfn_get_text(of, "Type"));
	struct cfn_resource *x = cfn_set_find(&run->set, logical);
	if (x == NULL)
		return make(u, logical, type);
	cJSON *properties = cfn_run_properties(run, logical);
	if (properties == NULL) {
		note(u, CHANGED, x, logical);
		return fail_at(u, x, "UPDATE_FAILED");
	}
	enum cfn_change how =
	    type != x->type ? CFN_REPLACED
			    : cfn_type_change(type, x->properties, properties);
	note(u, how == CFN_REPLACED ? REPLACED : CHANGED, x, logical);
	if (how == CFN_REPLACED)
		return replace(u, x, properties, type);
	int status = 0;
	if (how == CFN_IN_PLACE)
		status = cfn_run_change(run, x, properties);
	else
		cJSON_Delete(properties);
	cfn_run_policies(run, x);
	cfn_resource_save(run->r, run->stack->id, x);
	return status;
}

/* What the new template has no more. */
static void
drop(struct update *u)
{
	struct cfn_run *run = u->run;
	struct cfn_set left = {0};
	for (size_t i = 0; i < run->set.count; i++) {
		struct cfn_resource *x = &run->set.at[i];
		size_t k = 0;
		while (
		    k < run->ordered && strcmp(run->order[k], x->logical) != 0)
			k++;
		if (k < run->ordered)
			continue;
		cfn_set_add(&left, "", x->type);
		struct cfn_resource *to = &left.at[left.count - 1];
		cfn_resource_clear(to);
		*to = cfn_resource_copy(x);
		free(to->replacement);
		to->replacement = mem_text(to->deletion);
		cfn_resource_forget(run->r, run->stack->id, x->logical);
	}
	/* Replaced ones were used by dropped ones: they go last. */
	for (size_t i = 0; i < left.count; i++)
		discard(u, &left.at[i]);
	cfn_set_clear(&left);
}

static void
clean_up(struct update *u, bool rollback)
{
	struct cfn_run *run = u->run;
	for (size_t i = u->old.count; i-- > 0;) {
		struct cfn_resource *x = &u->old.at[i];
		if (x->physical[0] != '\0' &&
		    cfn_kept(rollback ? x->deletion : x->replacement, rollback))
			cfn_resource_event(
			    run->r, run->stack, x, "DELETE_SKIPPED", NULL);
		else
			cfn_run_delete(run, x, true);
	}
}

/* The order in which a deletion goes backwards. */
static void
renumber(struct cfn_run *run)
{
	for (size_t i = 0; i < run->ordered; i++) {
		struct cfn_resource *x = cfn_set_find(&run->set, run->order[i]);
		if (x == NULL)
			continue;
		x->position = (int64_t)i;
		cfn_resource_save(run->r, run->stack->id, x);
	}
}

static int
undo_change(struct cfn_run *run, struct cfn_resource *x, struct step *step)
{
	if (cfn_type_change(x->type, step->before.properties, x->properties) ==
		CFN_SAME &&
	    strcmp(x->status, "UPDATE_FAILED") != 0)
		return 0;
	return cfn_run_change(run, x, cfn_copy(step->before.properties));
}

static int
undo(struct update *u, struct step *step)
{
	struct cfn_run *run = u->run;
	struct cfn_resource *x = cfn_set_find(&run->set, step->logical);
	int status = 0;
	if (step->kind == MADE) {
		discard(u, x);
		cfn_resource_forget(run->r, run->stack->id, x->logical);
	} else if (step->kind == CHANGED) {
		status = undo_change(run, x, step);
	} else {
		if (strcmp(x->physical, step->before.physical) != 0)
			discard(u, x);
		cfn_resource_clear(x);
		*x = cfn_resource_copy(&step->before);
		cfn_resource_status(
		    run->r, run->stack, x, "UPDATE_COMPLETE", NULL);
	}
	if (step->kind != MADE) {
		free(x->deletion);
		free(x->replacement);
		x->deletion = mem_text(step->before.deletion);
		x->replacement = mem_text(step->before.replacement);
		cfn_resource_save(run->r, run->stack->id, x);
	}
	return status;
}

/* The stack is again what it was; its events go on. */
static void
restore(struct cfn_stack *s, const struct cfn_stack *was)
{
	cfn_stack_set(s, was->body, cfn_copy(was->values));
	cJSON_Delete(s->about);
	s->about = cfn_copy(was->about);
}

static void
roll_back(struct update *u, const struct cfn_stack *was, const char *reason)
{
	struct cfn_run *run = u->run;
	struct request *r = run->r;
	int status = 0;
	restore(run->stack, was);
	cfn_stack_status(r, run->stack, "UPDATE_ROLLBACK_IN_PROGRESS", reason);
	cfn_set_clear(&u->old);
	for (size_t i = u->steps; i-- > 0;)
		status |= undo(u, &u->step[i]);
	if (status != 0) {
		cfn_stack_status(r, run->stack, "UPDATE_ROLLBACK_FAILED",
		    "Some resources could not be changed back.");
		return;
	}
	cfn_stack_status(r, run->stack,
	    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", NULL);
	clean_up(u, true);
	cfn_stack_status(r, run->stack, "UPDATE_ROLLBACK_COMPLETE", NULL);
}

void
cfn_update(struct cfn_run *run, const struct cfn_stack *was)
{
	struct update u = {.run = run};
	struct request *r = run->r;
	const char *failed = NULL;
	run->stack->updated_ms = r->now_ms;
	cfn_stack_status(r, run->stack, "UPDATE_IN_PROGRESS", "User Initiated");
	cfn_set_load(r, run->stack->id, &run->set);
	for (size_t i = 0; i < run->ordered && failed == NULL; i++)
		if (one(&u, run->order[i]) != 0)
			failed = run->order[i];
	if (failed == NULL && cfn_outputs_keep(run) == 0) {
		drop(&u);
		renumber(run);
		cfn_stack_status(
		    r, run->stack, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", NULL);
		clean_up(&u, false);
		cfn_stack_status(r, run->stack, "UPDATE_COMPLETE", NULL);
	} else {
		roll_back(&u, was,
		    failed == NULL
			? request_format(r, "%s", buf_text(&run->why))
			: request_format(r,
			      "The following resource(s) failed to %s: [%s]. ",
			      u.step[u.steps - 1].kind == MADE ? "create"
							       : "update",
			      failed));
	}
	for (size_t i = 0; i < u.steps; i++)
		cfn_resource_clear(&u.step[i].before);
	free(u.step);
	cfn_set_clear(&u.old);
}
