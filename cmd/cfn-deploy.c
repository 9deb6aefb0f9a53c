/*
 * cfn-deploy - create or update a CloudFormation stack
 *
 * In:  nothing; the template is a file
 * Out: an event of the stack a record, then an output a record, with
 *      @metadata.from.cloudformation = {StackName, StackId}
 * API: DescribeStacks, GetTemplateSummary, CreateChangeSet,
 *      DescribeChangeSet, ExecuteChangeSet, DeleteChangeSet,
 *      DescribeStackEvents, DeleteStack
 */
#include "diag.h"
#include "ident.h"
#include "stack.h"
#include "tool.h"

static struct opt_list capability;
static bool delete, dry_run;

static const struct opt options[] = {
    {0, "capability", OPT_LIST, &capability, "C",
	"allow what the template needs: CAPABILITY_IAM, ...", 0, 0},
    {0, "delete", OPT_FLAG, &delete, NULL, "delete the stack", 0, 0},
    {0, "dry-run", OPT_FLAG, &dry_run, NULL,
	"print what would change, change nothing", 0, 0},
    {0}};

static const struct tool_about about = {.name = "cfn-deploy",
    .synopsis = "[--capability C]... [--dry-run] STACK TEMPLATE"
		" [NAME=VALUE...]\n"
		"       cfn-deploy --delete STACK",
    .options = options,
    .kind = TOOL_CALLS,
    .min_operands = 1,
    .max_operands = -1};

struct deploy {
	struct tool tool;
	struct stack stack;
	struct stack_plan plan;
	struct buf body, fields, line;
};

/* Print those members of v that are there, as a record of the stack. */
static void
print(struct deploy *d, struct json v, const char *const *members)
{
	buf_reset(&d->body);
	buf_reset(&d->fields);
	buf_reset(&d->line);
	buf_add_char(&d->body, '{');
	for (; *members != NULL; members++) {
		struct json value = json_get(v, *members);
		if (value.type == JSON_NONE || value.type == JSON_NULL)
			continue;
		buf_addf(&d->body, "%s\"%s\":", d->body.len > 1 ? "," : "",
		    *members);
		json_compact(value, &d->body);
	}
	buf_add_char(&d->body, '}');
	stack_origin(&d->stack, &d->fields);
	record_from(d->body.data, d->body.len, "cloudformation", d->fields.data,
	    d->fields.len, &d->line);
	tool_print(&d->tool, d->line.data, d->line.len);
}

static void
print_event(void *user, struct json event)
{
	static const char *const members[] = {"Timestamp", "LogicalResourceId",
	    "ResourceType", "ResourceStatus", "ResourceStatusReason",
	    "PhysicalResourceId", NULL};
	struct deploy *d = user;
	print(d, event, members);
	tool_flush(&d->tool);
}

static void
print_change(void *user, struct json change)
{
	static const char *const members[] = {"Action", "LogicalResourceId",
	    "ResourceType", "Replacement", "PolicyAction", "PhysicalResourceId",
	    "Scope", "Details", NULL};
	print(user, json_get(change, "ResourceChange"), members);
}

static void
print_outputs(struct deploy *d)
{
	static const char *const members[] = {
	    "OutputKey", "OutputValue", "Description", "ExportName", NULL};
	struct json list = stack_member(&d->stack, "Outputs");
	for (size_t i = 0; i < json_count(list); i++)
		print(d, json_at(list, i), members);
}

/* Follow what was begun to its end. */
static void
follow(struct deploy *d, const char *verb)
{
	struct err err = {0};
	struct stack *s = &d->stack;
	if (stack_wait(s, print_event, d, &err) != 0) {
		tool_report(&d->tool, 0, &err);
		d->tool.later = err.kind == ERR_LATER;
		d->tool.input_failed = !d->tool.later;
		return;
	}
	if (stack_good(s)) {
		if (!delete)
			print_outputs(d);
		return;
	}
	diag("stack %s was not %s, it is in %s: %s", s->name, verb,
	    buf_text(&s->status),
	    s->fault.len > 0 ? s->fault.data : buf_text(&s->reason));
	d->tool.input_failed = true;
}

/* One that is not there is as wanted. */
static int
delete_stack(struct deploy *d, struct err *err)
{
	struct stack *s = &d->stack;
	if (s->id.len == 0)
		return 0;
	if (stack_events(s, NULL, NULL, err) != 0 || stack_delete(s, err) != 0)
		return -1;
	follow(d, "deleted");
	return 0;
}

static int
show_changes(struct deploy *d, struct err *err)
{
	struct buf rest = {0};
	buf_addf(&rest, ",\"ChangeSetName\":\"%s\"", d->plan.set.data);
	int status = d->plan.empty
			 ? 0
			 : stack_each(&d->stack, "DescribeChangeSet", "Changes",
			       buf_text(&rest), print_change, d, err);
	buf_clear(&rest);
	return status;
}

static int
deploy(struct deploy *d, struct err *err)
{
	struct stack *s = &d->stack;
	struct err dropped;
	int status = stack_plan_check(s, &d->plan, err);
	if (status == 0)
		status = stack_plan_make(s, &d->plan, err);
	if (status == 0 && dry_run)
		status = show_changes(d, err);
	else if (status == 0 && d->plan.empty)
		print_outputs(d);
	else if (status == 0 && (status = stack_look(s, err)) == 0 &&
		 (status = stack_events(s, NULL, NULL, err)) == 0 &&
		 (status = stack_plan_execute(s, &d->plan, err)) == 0)
		follow(d, d->plan.creates ? "created" : "updated");
	/* What was not executed is not left behind. */
	if (stack_plan_drop(s, &d->plan, &dropped) != 0)
		tool_report(&d->tool, 0, &dropped);
	return status;
}

int
main(int argc, char **argv)
{
	struct deploy d = {0};
	struct err err = {0};
	tool_start(&d.tool, &about, argc, argv);
	int count = d.tool.operand_count;
	if (delete &&(dry_run || count != 1))
		tool_usage(&d.tool, "--delete wants STACK and nothing else");
	if (!delete &&count < 2)
		tool_usage(&d.tool, "STACK and TEMPLATE are wanted");
	d.plan.template_path = delete ? NULL : d.tool.operand[1];
	d.plan.value = d.tool.operand + 2;
	d.plan.values = delete ? 0 : (size_t)count - 2;
	d.plan.capability = capability.item;
	d.plan.capabilities = capability.count;
	struct ident *ident = ident_open(&d.tool.conf, about.name, 1, &err);
	if (ident == NULL)
		return tool_refused(&d.tool, &err);
	stack_init(
	    &d.stack, ident_caller(ident), d.tool.operand[0], d.tool.stop_fd);
	int status = stack_look(&d.stack, &err);
	if (status == 0)
		status = delete ? delete_stack(&d, &err) : deploy(&d, &err);
	stack_plan_clear(&d.plan);
	stack_clear(&d.stack);
	buf_clear(&d.body);
	buf_clear(&d.fields);
	buf_clear(&d.line);
	opt_list_free(&capability);
	ident_close(ident);
	return status == 0 ? tool_finish(&d.tool) : tool_refused(&d.tool, &err);
}
