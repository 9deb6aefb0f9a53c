#include <stdlib.h>
#include <string.h>

#include "cfn_stack.h"

static void
put_tree(struct buf *out, const char *name, const cJSON *tree)
{
	char *text = cfn_print(tree);
	put_raw(out, name, text, strlen(text));
	free(text);
}

static void
put_about(struct request *r, const struct cfn_stack *s)
{
	static const char *const lists[] = {
	    "NotificationARNs", "Capabilities", "Tags", NULL};
	for (size_t i = 0; lists[i] != NULL; i++) {
		const cJSON *v = cfn_get(s->about, lists[i]);
		if (v == NULL)
			put_raw(r->out, lists[i], "[]", 2);
		else if (v->child != NULL || i != 1)
			put_tree(r->out, lists[i], v);
	}
	static const char *const words[] = {
	    "ChangeSetId", "RoleARN", "TimeoutInMinutes", NULL};
	for (size_t i = 0; words[i] != NULL; i++) {
		const char *v = cfn_get_text(s->about, words[i]);
		if (v != NULL)
			put_text(r->out, words[i], v);
	}
	put_bool(r->out, "DisableRollback",
	    cfn_true(cfn_get(s->about, "DisableRollback")));
	if (s->deleted_ms == 0)
		put_bool(r->out, "EnableTerminationProtection",
		    cfn_true(cfn_get(s->about, "EnableTerminationProtection")));
}

/* What a stack's description and its summary both begin with. */
static void
put_head(struct request *r, const struct cfn_stack *s,
    const struct cfn_template *t, const char *description)
{
	const char *v = t == NULL ? NULL : cfn_get_text(t->root, "Description");
	put_open(r->out, NULL, '{');
	put_text(r->out, "StackId", s->id);
	put_text(r->out, "StackName", s->name);
	if (v != NULL)
		put_text(r->out, description, v);
	put_time(r->out, "CreationTime", s->created_ms);
	if (s->updated_ms != 0)
		put_time(r->out, "LastUpdatedTime", s->updated_ms);
	if (s->deleted_ms != 0)
		put_time(r->out, "DeletionTime", s->deleted_ms);
	put_text(r->out, "StackStatus", s->status);
	if (s->reason != NULL)
		put_text(r->out, "StackStatusReason", s->reason);
	put_open(r->out, "DriftInformation", '{');
	put_text(r->out, "StackDriftStatus", "NOT_CHECKED");
	put_close(r->out, '}');
}

static void
put_stack(struct request *r, const struct cfn_stack *s, bool whole)
{
	struct cfn_template t = {0};
	struct buf why = {0};
	bool read = s->body[0] != '\0' &&
		    cfn_template_read(&t, s->body, strlen(s->body), &why) == 0;
	put_head(r, s, read ? &t : NULL,
	    whole ? "Description" : "TemplateDescription");
	if (whole) {
		if (read)
			cfn_parameter_show(&t, s->values, r->out);
		put_raw(r->out, "RollbackConfiguration", "{}", 2);
		put_about(r, s);
		if (s->outputs->child != NULL && s->deleted_ms == 0)
			put_tree(r->out, "Outputs", s->outputs);
	}
	put_close(r->out, '}');
	cfn_template_clear(&t);
	buf_clear(&why);
}

static int
describe_one(struct request *r)
{
	struct cfn_stack *s =
	    cfn_stack_asked(r, "Stack with id NAME does not exist");
	if (s == NULL)
		return ANSWER_ERROR;
	put_open(r->out, NULL, '{');
	put_open(r->out, "Stacks", '[');
	put_stack(r, s, true);
	put_close(r->out, ']');
	put_close(r->out, '}');
	cfn_stack_free(s);
	return ANSWER;
}

int
cfn_describe_stacks(struct request *r)
{
	struct cfn_page page;
	if (param(r, "StackName") != NULL)
		return describe_one(r);
	cfn_page_open(r, &page, "Stacks");
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT id FROM cfn_stack WHERE region = ? AND deleted_ms = 0"
	    " ORDER BY created_ms DESC, rowid DESC LIMIT ? OFFSET ?",
	    "tii", r->region, page.rows, page.from);
	while (cfn_page_next(&page, q)) {
		struct cfn_stack *s = cfn_stack_find(r, store_text(q, 0));
		put_stack(r, s, true);
		cfn_stack_free(s);
	}
	cfn_page_close(r, &page);
	return ANSWER;
}

int
cfn_list_stacks(struct request *r)
{
	struct json filter = param_json(r, "StackStatusFilter");
	int64_t all = json_count(filter) == 0;
	struct cfn_page page;
	if (all)
		filter = (struct json){JSON_ARRAY, "[]", 2};
	cfn_page_open(r, &page, "StackSummaries");
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT id FROM cfn_stack WHERE region = ? AND (? OR status IN"
	    " (SELECT value FROM json_each(?)))"
	    " ORDER BY created_ms DESC, rowid DESC LIMIT ? OFFSET ?",
	    "tisii", r->region, all, filter.at, filter.len, page.rows,
	    page.from);
	while (cfn_page_next(&page, q)) {
		struct cfn_stack *s = cfn_stack_find(r, store_text(q, 0));
		put_stack(r, s, false);
		cfn_stack_free(s);
	}
	cfn_page_close(r, &page);
	return ANSWER;
}

int
cfn_describe_events(struct request *r)
{
	struct cfn_stack *s = cfn_stack_asked(r, "Stack [NAME] does not exist");
	struct cfn_page page;
	if (s == NULL)
		return ANSWER_ERROR;
	cfn_page_open(r, &page, "StackEvents");
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT id, at_ms, logical, physical, type, status, reason,"
	    " properties, token FROM cfn_event WHERE stack = ?"
	    " ORDER BY seq DESC LIMIT ? OFFSET ?",
	    "tii", s->id, page.rows, page.from);
	while (cfn_page_next(&page, q)) {
		put_open(r->out, NULL, '{');
		put_text(r->out, "StackId", s->id);
		put_text(r->out, "EventId", store_text(q, 0));
		put_text(r->out, "StackName", s->name);
		put_text(r->out, "LogicalResourceId", store_text(q, 2));
		put_text(r->out, "PhysicalResourceId", store_text(q, 3));
		put_text(r->out, "ResourceType", store_text(q, 4));
		put_time(r->out, "Timestamp", store_int(q, 1));
		put_text(r->out, "ResourceStatus", store_text(q, 5));
		if (!store_null(q, 6))
			put_text(
			    r->out, "ResourceStatusReason", store_text(q, 6));
		if (!store_null(q, 7))
			put_text(
			    r->out, "ResourceProperties", store_text(q, 7));
		if (!store_null(q, 8))
			put_text(
			    r->out, "ClientRequestToken", store_text(q, 8));
		put_close(r->out, '}');
	}
	cfn_page_close(r, &page);
	cfn_stack_free(s);
	return ANSWER;
}

int
cfn_list_exports(struct request *r)
{
	struct cfn_page page;
	cfn_page_open(r, &page, "Exports");
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT stack, name, value FROM cfn_export WHERE region = ?"
	    " ORDER BY name LIMIT ? OFFSET ?",
	    "tii", r->region, page.rows, page.from);
	while (cfn_page_next(&page, q)) {
		put_open(r->out, NULL, '{');
		put_text(r->out, "ExportingStackId", store_text(q, 0));
		put_text(r->out, "Name", store_text(q, 1));
		put_text(r->out, "Value", store_text(q, 2));
		put_close(r->out, '}');
	}
	cfn_page_close(r, &page);
	return ANSWER;
}

int
cfn_list_imports(struct request *r)
{
	const char *name = param(r, "ExportName");
	int64_t n = 0;
	if (name == NULL)
		return cfn_name_check(r, NULL, "exportName");
	put_open(r->out, NULL, '{');
	put_open(r->out, "Imports", '[');
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT t.name FROM cfn_import i JOIN cfn_stack t ON t.id = i.stack"
	    " WHERE i.region = ? AND i.name = ? ORDER BY t.name",
	    "tt", r->region, name);
	for (; store_next(q); n++)
		put_text(r->out, NULL, store_text(q, 0));
	store_end(q);
	put_close(r->out, ']');
	put_close(r->out, '}');
	if (n > 0)
		return ANSWER;
	buf_reset(r->out);
	return cfn_invalid(
	    r, "Export '%.255s' is not imported by any stack.", name);
}
