#include <stdlib.h>
#include <string.h>

#include "cfn_stack.h"

size_t
cfn_delete_set(
    struct cfn_run *run, struct cfn_set *set, bool rollback, struct buf *names)
{
	size_t stayed = 0;
	for (size_t i = set->count; i-- > 0;) {
		struct cfn_resource *x = &set->at[i];
		if (strcmp(x->status, "DELETE_COMPLETE") == 0 ||
		    strcmp(x->status, "DELETE_SKIPPED") == 0)
			continue;
		if (cfn_kept(x->deletion, rollback) && x->physical[0] != '\0') {
			cfn_resource_status(
			    run->r, run->stack, x, "DELETE_SKIPPED", NULL);
			continue;
		}
		if (cfn_run_delete(run, x, false) != 0) {
			buf_addf(
			    names, "%s%s", stayed == 0 ? "" : ", ", x->logical);
			stayed++;
		}
	}
	return stayed;
}

/* The resources that the request wants to keep. */
static void
skip(struct cfn_run *run, const cJSON *retain)
{
	const cJSON *c = retain == NULL ? NULL : retain->child;
	for (; c != NULL; c = c->next) {
		struct cfn_resource *x = cfn_set_find(&run->set, cfn_text(c));
		if (x != NULL)
			cfn_resource_status(
			    run->r, run->stack, x, "DELETE_SKIPPED", NULL);
	}
}

void
cfn_delete(struct request *r, struct cfn_stack *s, const cJSON *retain)
{
	struct cfn_run run = {.r = r, .stack = s};
	struct buf names = {0};
	bool empty = cfn_stack_is(s, "REVIEW_IN_PROGRESS");
	if (!empty)
		cfn_stack_status(r, s, "DELETE_IN_PROGRESS", "User Initiated");
	cfn_set_load(r, s->id, &run.set);
	skip(&run, retain);
	if (cfn_delete_set(&run, &run.set, false, &names) > 0) {
		cfn_stack_status(r, s, "DELETE_FAILED",
		    request_format(r,
			"The following resource(s) failed to delete: [%s]. ",
			buf_text(&names)));
	} else {
		cfn_exports_drop(r, s);
		cfn_change_sets_obsolete(r, s->id);
		s->deleted_ms = r->now_ms;
		cfn_put(s->about, "EnableTerminationProtection",
		    cJSON_CreateFalse());
		cfn_stack_status(r, s, "DELETE_COMPLETE", NULL);
	}
	buf_clear(&names);
	cfn_set_clear(&run.set);
	buf_clear(&run.why);
}
