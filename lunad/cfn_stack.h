#ifndef LUNAD_CFN_STACK_H
#define LUNAD_CFN_STACK_H

#include "cfn.h"
#include "cfn_type.h"

/*
 * Stacks, their resources and events, as they are kept; and one run that
 * creates, changes or deletes a stack. A run ends within its request.
 */
struct cfn_stack {
	char *id, *region, *name, *status, *reason, *body;
	int64_t created_ms, updated_ms, deleted_ms; /* 0: not yet */
	cJSON *values;                              /* of parameters, as text */
	cJSON *outputs; /* as DescribeStacks has them */
	/* Tags, Capabilities, NotificationARNs, DisableRollback, … */
	cJSON *about;
};

struct cfn_resource {
	char *logical, *physical, *name, *status, *reason;
	const struct cfn_type *type;
	cJSON *properties, *attributes;
	cJSON *metadata;              /* or NULL */
	char *deletion, *replacement; /* policies, or NULL */
	int64_t at_ms, position;
};

struct cfn_set {
	struct cfn_resource *at;
	size_t count;
};

/* cfn_event.c */
struct cfn_event {
	const char *id, *logical, *physical, *type, *status;
	const char *reason, *properties; /* or NULL */
};
void cfn_event(
    struct request *r, const struct cfn_stack *s, const struct cfn_event *e);

/* cfn_stack.c */
/* Makes a new one's id; body and values are copied. */
struct cfn_stack *cfn_stack_new(
    struct request *r, const char *name, const char *status);
/* By name (those not deleted) or id; NULL: there is none. */
struct cfn_stack *cfn_stack_find(struct request *r, const char *name);
void cfn_stack_save(struct request *r, const struct cfn_stack *s);
void cfn_stack_free(struct cfn_stack *s);
void cfn_stack_set(struct cfn_stack *s, const char *body, cJSON *values);
/* Its new status, as an event. reason: NULL: none. */
void cfn_stack_status(struct request *r, struct cfn_stack *s,
    const char *status, const char *reason);
/* May it be changed? -1 after fail(). */
int cfn_stack_ready(struct request *r, const struct cfn_stack *s);
bool cfn_stack_is(const struct cfn_stack *s, const char *status);
const char *cfn_uuid(struct request *r);

/* cfn_resource.c */
void cfn_set_load(struct request *r, const char *stack, struct cfn_set *set);
void cfn_set_clear(struct cfn_set *set);
struct cfn_resource *cfn_set_find(
    const struct cfn_set *set, const char *logical);
/* With room for one more: earlier pointers into set are void. */
struct cfn_resource *cfn_set_add(
    struct cfn_set *set, const char *logical, const struct cfn_type *type);
void cfn_resource_clear(struct cfn_resource *x);
struct cfn_resource cfn_resource_copy(const struct cfn_resource *x);
/* Its new status, kept and as an event. */
void cfn_resource_status(struct request *r, const struct cfn_stack *s,
    struct cfn_resource *x, const char *status, const char *reason);
/* Only as an event, without properties: what is cleaned up. */
void cfn_resource_event(struct request *r, const struct cfn_stack *s,
    const struct cfn_resource *x, const char *status, const char *reason);
void cfn_resource_save(
    struct request *r, const char *stack, const struct cfn_resource *x);
/* Does its policy keep what is to be deleted? made_now: by the operation that
 * is rolled back, which RetainExceptOnCreate does not cover. */
bool cfn_kept(const char *policy, bool made_now);
void cfn_resource_forget(
    struct request *r, const char *stack, const char *logical);

/* cfn_run.c */
struct cfn_run {
	struct request *r;
	struct cfn_stack *stack;
	struct cfn_template t;
	cJSON *typed, *met, *imports;
	struct cfn_scope scope;
	const char **order;
	size_t ordered;
	struct cfn_set set;
	const struct cfn_set *later; /* planning: these will be other ones */
	struct buf why;
};
/*
 * Read the stack's body with its values. -1 and run->why: cfn_run_close also
 * then.
 */
int cfn_run_open(
    struct cfn_run *run, struct request *r, struct cfn_stack *stack);
void cfn_run_close(struct cfn_run *run);
/* The properties of a resource, resolved, with the stack's tags. NULL and
 * run->why. */
cJSON *cfn_run_properties(struct cfn_run *run, const char *logical);
/* status: what its events begin with: CREATE or UPDATE. */
int cfn_run_create(struct cfn_run *run, struct cfn_resource *x,
    cJSON *properties, const char *what);
int cfn_run_change(
    struct cfn_run *run, struct cfn_resource *x, cJSON *properties);
/* forget: it is no longer the stack's. kept: its policy says so. */
int cfn_run_delete(struct cfn_run *run, struct cfn_resource *x, bool cleanup);
void cfn_run_policies(struct cfn_run *run, struct cfn_resource *x);

/* cfn_output.c */
/* Outputs as they would be. NULL and run->why. */
cJSON *cfn_outputs(struct cfn_run *run);
/* Put them and their exports into effect. -1 and run->why. */
int cfn_outputs_keep(struct cfn_run *run);
/* Exports of a stack that others import: -1 and why. */
int cfn_exports_free(struct request *r, const struct cfn_stack *s,
    const cJSON *but, struct buf *why);
void cfn_exports_drop(struct request *r, const struct cfn_stack *s);

/* cfn_create.c, cfn_update.c, cfn_delete.c: the stack's status tells how it
 * went. */
void cfn_create(struct cfn_run *run);
/* was: the stack before the request, which a failure brings back. */
void cfn_update(struct cfn_run *run, const struct cfn_stack *was);
void cfn_delete(struct request *r, struct cfn_stack *s, const cJSON *retain);
/* Delete a set's resources, the last made first. Returns how many stayed;
 * names: appended to. */
size_t cfn_delete_set(
    struct cfn_run *run, struct cfn_set *set, bool rollback, struct buf *names);

/* cfn_plan.c */
struct cfn_plan {
	cJSON *changes; /* as DescribeChangeSet has them */
	bool any;       /* also of outputs and tags */
};
/*
 * What run's template would change in the stack as it is.
 *
 * old:  the stack's own template, or NULL where there are no resources yet.
 * was:  values of its parameters. tags: the stack's new tags.
 */
int cfn_plan(struct cfn_run *run, const struct cfn_template *old,
    const cJSON *was, struct cfn_plan *plan);

/* cfn_change_set.c */
int cfn_create_change_set(struct request *r);
int cfn_describe_change_set(struct request *r);
int cfn_execute_change_set(struct request *r);
int cfn_delete_change_set(struct request *r);
int cfn_list_change_sets(struct request *r);
void cfn_change_sets_obsolete(struct request *r, const char *stack);

/*
 * A reply that is a list, in pages; the token is the number of what came
 * before. A query takes rows as its LIMIT and from as its OFFSET.
 */
struct cfn_page {
	int64_t from, rows, seen;
};
void cfn_page_open(struct request *r, struct cfn_page *p, const char *list);
/* Is there one more, and room for it? next: of a query, which it ends. */
bool cfn_page_room(struct cfn_page *p);
bool cfn_page_next(struct cfn_page *p, sqlite3_stmt *q);
void cfn_page_close(struct request *r, const struct cfn_page *p);

/* cfn_request.c: what requests have in common. */
int cfn_invalid(struct request *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* fail() with why, a ValidationError, and clear it. */
int cfn_fail(struct request *r, struct buf *why);
/* The stack that StackName names; NULL after fail(). */
struct cfn_stack *cfn_stack_asked(struct request *r, const char *format);
/* TemplateBody, or previous where UsePreviousTemplate allows it; NULL after
 * fail(). */
const char *cfn_body(struct request *r, const char *previous);
int cfn_name_check(struct request *r, const char *name, const char *member);
int cfn_capability_check(struct request *r, const struct cfn_template *t);
/* Tags, Capabilities, NotificationARNs, … of the request into about. */
int cfn_about_take(struct request *r, cJSON *about);
/* Read body, values and about of the request into s. -1 after fail(). */
int cfn_stack_take(struct request *r, struct cfn_stack *s);

/* cfn_describe.c, cfn_describe_resource.c, cfn_summary.c */
int cfn_describe_stacks(struct request *r);
int cfn_list_stacks(struct request *r);
int cfn_get_template(struct request *r);
int cfn_describe_events(struct request *r);
int cfn_describe_resources(struct request *r);
int cfn_describe_resource(struct request *r);
int cfn_list_resources(struct request *r);
int cfn_list_exports(struct request *r);
int cfn_list_imports(struct request *r);
int cfn_get_summary(struct request *r);
int cfn_validate_template(struct request *r);

#endif
