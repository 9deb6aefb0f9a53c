/*
 * CloudFormation: stacks of resources from templates. A stack's work is done
 * within the request that asks for it.
 */
#include "cfn.h"

#include <stdlib.h>
#include <string.h>

#include "cfn_stack.h"
#include "mem.h"

extern const struct api cfn_api;

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS cfn_stack ("
    " id TEXT PRIMARY KEY, region TEXT NOT NULL, name TEXT NOT NULL,"
    " status TEXT NOT NULL, reason TEXT, body TEXT NOT NULL,"
    " created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL,"
    " deleted_ms INTEGER NOT NULL, vals TEXT NOT NULL,"
    " outputs TEXT NOT NULL, about TEXT NOT NULL);"
    "CREATE INDEX IF NOT EXISTS cfn_stack_name ON cfn_stack (region, name);"
    "CREATE TABLE IF NOT EXISTS cfn_resource ("
    " stack TEXT NOT NULL, logical TEXT NOT NULL, physical TEXT NOT NULL,"
    " type TEXT NOT NULL, status TEXT NOT NULL, reason TEXT,"
    " at_ms INTEGER NOT NULL, position INTEGER NOT NULL,"
    " record TEXT NOT NULL, PRIMARY KEY (stack, logical)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS cfn_resource_physical"
    " ON cfn_resource (physical);"
    "CREATE TABLE IF NOT EXISTS cfn_event ("
    " seq INTEGER PRIMARY KEY, stack TEXT NOT NULL, id TEXT NOT NULL,"
    " at_ms INTEGER NOT NULL, logical TEXT NOT NULL, physical TEXT NOT NULL,"
    " type TEXT NOT NULL, status TEXT NOT NULL, reason TEXT,"
    " properties TEXT, token TEXT);"
    "CREATE INDEX IF NOT EXISTS cfn_event_stack ON cfn_event (stack, seq);"
    "CREATE TABLE IF NOT EXISTS cfn_export ("
    " region TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,"
    " stack TEXT NOT NULL, PRIMARY KEY (region, name)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS cfn_import ("
    " region TEXT NOT NULL, name TEXT NOT NULL, stack TEXT NOT NULL,"
    " PRIMARY KEY (region, name, stack)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS cfn_change_set ("
    " seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, stack TEXT NOT NULL,"
    " name TEXT NOT NULL, created_ms INTEGER NOT NULL, status TEXT NOT NULL,"
    " reason TEXT, execution TEXT NOT NULL, record TEXT NOT NULL);"
    "CREATE INDEX IF NOT EXISTS cfn_change_set_stack"
    " ON cfn_change_set (stack, name);";

static void
answer_id(struct request *r, const struct cfn_stack *s)
{
	put_open(r->out, NULL, '{');
	put_text(r->out, "StackId", s->id);
	put_close(r->out, '}');
}

/* One that was only reviewed makes room; its id stays. */
static struct cfn_stack *
room_for(struct request *r, const char *name)
{
	struct cfn_stack *old = cfn_stack_find(r, name);
	if (old == NULL)
		return cfn_stack_new(r, name, "CREATE_IN_PROGRESS");
	if (cfn_stack_is(old, "REVIEW_IN_PROGRESS"))
		return old;
	cfn_stack_free(old);
	fail(r, 400, "AlreadyExistsException", "Stack [%s] already exists",
	    name);
	return NULL;
}

static int
create_stack(struct request *r)
{
	const char *name = param(r, "StackName");
	struct cfn_run run;
	if (cfn_name_check(r, name, "stackName") < 0)
		return ANSWER_ERROR;
	struct cfn_stack *s = room_for(r, name);
	if (s == NULL)
		return ANSWER_ERROR;
	if (cfn_stack_take(r, s) < 0) {
		cfn_stack_free(s);
		return ANSWER_ERROR;
	}
	int status = cfn_run_open(&run, r, s);
	if (status == 0) {
		cfn_change_sets_obsolete(r, s->id);
		cfn_create(&run);
		answer_id(r, s);
	} else {
		status = cfn_invalid(r, "%s", buf_text(&run.why));
	}
	cfn_run_close(&run);
	cfn_stack_free(s);
	return status;
}

/* What the new template and values would change; was is the stack as it is. */
static int
check_changes(
    struct request *r, struct cfn_stack *s, const struct cfn_stack *was)
{
	struct cfn_run run;
	struct cfn_plan plan = {.changes = NULL};
	struct cfn_template old = {0};
	struct buf why = {0};
	int status = cfn_run_open(&run, r, s);
	if (status == 0)
		status =
		    cfn_template_read(&old, was->body, strlen(was->body), &why);
	if (status == 0)
		status = cfn_plan(&run, &old, was->values, &plan);
	if (status != 0)
		cfn_invalid(r, "%s",
		    run.why.len > 0 ? buf_text(&run.why) : buf_text(&why));
	else if (!plan.any && cfn_same(cfn_get(s->about, "Tags"),
				  cfn_get(was->about, "Tags")))
		status = cfn_invalid(r, "No updates are to be performed.");
	cJSON_Delete(plan.changes);
	cfn_template_clear(&old);
	cfn_run_close(&run);
	buf_clear(&why);
	return status;
}

static int
update_stack(struct request *r)
{
	struct cfn_run run;
	struct cfn_stack *s = cfn_stack_asked(r, "Stack [NAME] does not exist");
	if (s == NULL)
		return ANSWER_ERROR;
	struct cfn_stack *was = cfn_stack_find(r, s->id);
	int status = cfn_stack_ready(r, s);
	if (status == 0)
		status = cfn_stack_take(r, s);
	if (status == 0)
		status = check_changes(r, s, was);
	if (status == 0) {
		status = cfn_run_open(&run, r, s);
		if (status == 0) {
			cfn_update(&run, was);
			answer_id(r, s);
		} else {
			status = cfn_invalid(r, "%s", buf_text(&run.why));
		}
		cfn_run_close(&run);
	}
	cfn_stack_free(was);
	cfn_stack_free(s);
	return status;
}

static int
delete_stack(struct request *r)
{
	const char *name = param(r, "StackName");
	struct buf why = {0};
	if (name == NULL)
		return cfn_name_check(r, NULL, "stackName");
	struct cfn_stack *s = cfn_stack_find(r, name);
	if (s == NULL || s->deleted_ms != 0) {
		cfn_stack_free(s);
		return ANSWER; /* as AWS: it is gone */
	}
	struct json retain = param_json(r, "RetainResources");
	cJSON *list = retain.type == JSON_ARRAY ? cfn_tree(retain) : NULL;
	int status = 0;
	if (cfn_true(cfn_get(s->about, "EnableTerminationProtection")))
		status = cfn_invalid(r,
		    "Stack [%s] cannot be deleted while TerminationProtection "
		    "is enabled",
		    s->name);
	else if (list != NULL && list->child != NULL &&
		 !cfn_stack_is(s, "DELETE_FAILED"))
		status = cfn_invalid(r,
		    "Invalid operation on stack [%s]. Specify which resources "
		    "to retain only when the stack is in the DELETE_FAILED "
		    "state.",
		    s->id);
	else if (cfn_exports_free(r, s, NULL, &why) != 0)
		status = cfn_fail(r, &why);
	else
		cfn_delete(r, s, list);
	cJSON_Delete(list);
	cfn_stack_free(s);
	buf_clear(&why);
	return status;
}

static int
protect(struct request *r)
{
	struct cfn_stack *s = cfn_stack_asked(r, "Stack [NAME] does not exist");
	if (s == NULL)
		return ANSWER_ERROR;
	cfn_put(s->about, "EnableTerminationProtection",
	    cJSON_CreateBool(
		param_bool(r, "EnableTerminationProtection", false)));
	cfn_stack_save(r, s);
	answer_id(r, s);
	cfn_stack_free(s);
	return ANSWER;
}

static const struct operation operations[] = {
    {.name = "CreateStack", .run = create_stack, .writes = true},
    {.name = "UpdateStack", .run = update_stack, .writes = true},
    {.name = "DeleteStack", .run = delete_stack, .writes = true},
    {.name = "UpdateTerminationProtection", .run = protect, .writes = true},
    {.name = "DescribeStacks", .run = cfn_describe_stacks},
    {.name = "ListStacks", .run = cfn_list_stacks},
    {.name = "GetTemplate", .run = cfn_get_template},
    {.name = "GetTemplateSummary", .run = cfn_get_summary},
    {.name = "ValidateTemplate", .run = cfn_validate_template},
    {.name = "DescribeStackEvents", .run = cfn_describe_events},
    {.name = "DescribeStackResources", .run = cfn_describe_resources},
    {.name = "DescribeStackResource", .run = cfn_describe_resource},
    {.name = "ListStackResources", .run = cfn_list_resources},
    {.name = "CreateChangeSet", .run = cfn_create_change_set, .writes = true},
    {.name = "DescribeChangeSet", .run = cfn_describe_change_set},
    {.name = "ExecuteChangeSet", .run = cfn_execute_change_set, .writes = true},
    {.name = "DeleteChangeSet", .run = cfn_delete_change_set, .writes = true},
    {.name = "ListChangeSets", .run = cfn_list_change_sets},
    {.name = "ListExports", .run = cfn_list_exports},
    {.name = "ListImports", .run = cfn_list_imports},
    {.name = NULL},
};

static const struct wire_shape shape[] = {
    {.member = "CreationTime", .as = WIRE_TIME},
    {.member = "LastUpdatedTime", .as = WIRE_TIME},
    {.member = "DeletionTime", .as = WIRE_TIME},
    {.member = "Timestamp", .as = WIRE_TIME},
    {.member = "LastUpdatedTimestamp", .as = WIRE_TIME},
    {.member = NULL},
};

const struct api cfn_api = {
    .name = "cloudformation",
    .version = "2010-05-15",
    .xmlns = "http://cloudformation.amazonaws.com/doc/2010-05-15/",
    .operation = operations,
    .shape = shape,
    .schema = schema,
};
