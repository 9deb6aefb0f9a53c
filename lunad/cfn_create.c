#include <stdlib.h>
#include <string.h>

#include "cfn_stack.h"

static int
create_one(struct cfn_run *run, const char *logical)
{
	const char *type =
	    cfn_get_text(cfn_get(run->t.resources, logical), "Type");
	struct cfn_resource *x =
	    cfn_set_add(&run->set, logical, cfn_type_find(type));
	cJSON *properties = cfn_run_properties(run, logical);
	cfn_run_policies(run, x);
	if (properties == NULL) {
		cfn_resource_status(run->r, run->stack, x, "CREATE_FAILED",
		    buf_text(&run->why));
		return -1;
	}
	x->properties = properties;
	cfn_resource_status(run->r, run->stack, x, "CREATE_IN_PROGRESS", NULL);
	x->properties = NULL;
	return cfn_run_create(run, x, properties, "CREATE");
}

/* As OnFailure and DisableRollback want it. */
static const char *
on_failure(const struct cfn_run *run)
{
	const char *way = cfn_get_text(run->stack->about, "OnFailure");
	if (way != NULL)
		return way;
	return cfn_true(cfn_get(run->stack->about, "DisableRollback"))
		   ? "DO_NOTHING"
		   : "ROLLBACK";
}

static void
roll_back(struct cfn_run *run, const char *reason)
{
	const char *way = on_failure(run);
	const char *word = strcmp(way, "DELETE") == 0 ? "DELETE" : "ROLLBACK";
	struct request *r = run->r;
	struct buf names = {0};
	cfn_stack_status(r, run->stack,
	    request_format(r, "%s_IN_PROGRESS", word),
	    request_format(r, "%s%s requested by user.", reason,
		strcmp(way, "DELETE") == 0 ? "Delete" : "Rollback"));
	size_t stayed = cfn_delete_set(run, &run->set, true, &names);
	if (strcmp(way, "DELETE") == 0 && stayed == 0)
		run->stack->deleted_ms = r->now_ms;
	if (stayed > 0)
		cfn_stack_status(r, run->stack,
		    request_format(r, "%s_FAILED", word),
		    request_format(r,
			"The following resource(s) failed to delete: [%s]. ",
			buf_text(&names)));
	else
		cfn_stack_status(r, run->stack,
		    request_format(r, "%s_COMPLETE", word), NULL);
	buf_clear(&names);
}

void
cfn_create(struct cfn_run *run)
{
	struct request *r = run->r;
	const char *failed = NULL, *reason;
	cfn_stack_status(r, run->stack, "CREATE_IN_PROGRESS", "User Initiated");
	for (size_t i = 0; i < run->ordered && failed == NULL; i++)
		if (create_one(run, run->order[i]) != 0)
			failed = run->order[i];
	if (failed == NULL && cfn_outputs_keep(run) == 0) {
		cfn_stack_status(r, run->stack, "CREATE_COMPLETE", NULL);
		return;
	}
	reason = failed == NULL
		     ? request_format(r, "%s. ", buf_text(&run->why))
		     : request_format(r,
			   "The following resource(s) failed to create: "
			   "[%s]. ",
			   failed);
	if (strcmp(on_failure(run), "DO_NOTHING") == 0)
		cfn_stack_status(r, run->stack, "CREATE_FAILED", reason);
	else
		roll_back(run, reason);
}
