#include <stdlib.h>
#include <string.h>

#include "cfn_stack.h"
#include "mem.h"
#include "text.h"

#define PAGE 100

static void
put_tree(struct buf *out, const char *name, const cJSON *tree)
{
	char *text = cfn_print(tree);
	put_raw(out, name, text, strlen(text));
	free(text);
}

/* Where a list goes on: the number of rows before. */
static int64_t
from_token(struct request *r)
{
	const char *token = param(r, "NextToken");
	int64_t from = 0;
	if (token != NULL)
		text_integer(token, 0, INT64_MAX, &from);
	return from;
}

static void
put_next(struct request *r, int64_t from, int64_t seen)
{
	if (seen > PAGE)
		put_text(r->out, "NextToken",
		    request_format(r, "%lld", (long long)(from + PAGE)));
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

static void
put_stack(struct request *r, const struct cfn_stack *s)
{
	struct cfn_template t = {0};
	struct buf why = {0};
	put_open(r->out, NULL, '{');
	put_text(r->out, "StackId", s->id);
	put_text(r->out, "StackName", s->name);
	if (s->body[0] != '\0' &&
	    cfn_template_read(&t, s->body, strlen(s->body), &why) == 0) {
		const char *v = cfn_get_text(t.root, "Description");
		if (v != NULL)
			put_text(r->out, "Description", v);
		cfn_parameter_show(&t, s->values, r->out);
	}
	put_time(r->out, "CreationTime", s->created_ms);
	if (s->updated_ms != 0)
		put_time(r->out, "LastUpdatedTime", s->updated_ms);
	if (s->deleted_ms != 0)
		put_time(r->out, "DeletionTime", s->deleted_ms);
	put_raw(r->out, "RollbackConfiguration", "{}", 2);
	put_text(r->out, "StackStatus", s->status);
	if (s->reason != NULL)
		put_text(r->out, "StackStatusReason", s->reason);
	put_about(r, s);
	if (s->outputs->child != NULL && s->deleted_ms == 0)
		put_tree(r->out, "Outputs", s->outputs);
	put_open(r->out, "DriftInformation", '{');
	put_text(r->out, "StackDriftStatus", "NOT_CHECKED");
	put_close(r->out, '}');
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
	put_stack(r, s);
	put_close(r->out, ']');
	put_close(r->out, '}');
	cfn_stack_free(s);
	return ANSWER;
}

int
cfn_describe_stacks(struct request *r)
{
	if (param(r, "StackName") != NULL)
		return describe_one(r);
	int64_t from = from_token(r), seen = 0;
	put_open(r->out, NULL, '{');
	put_open(r->out, "Stacks", '[');
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT id FROM cfn_stack WHERE region = ? AND deleted_ms = 0"
	    " ORDER BY created_ms DESC, rowid DESC LIMIT ? OFFSET ?",
	    "tii", r->region, (int64_t)PAGE + 1, from);
	while (store_next(q)) {
		if (++seen > PAGE)
			continue;
		struct cfn_stack *s = cfn_stack_find(r, store_text(q, 0));
		put_stack(r, s);
		cfn_stack_free(s);
	}
	store_end(q);
	put_close(r->out, ']');
	put_next(r, from, seen);
	put_close(r->out, '}');
	return ANSWER;
}

static bool
wanted(struct json filter, const char *status)
{
	struct json_iter it;
	struct json one;
	if (json_count(filter) == 0)
		return true;
	json_each(filter, &it);
	while (json_next(&it, NULL, &one))
		if (json_is(one, status))
			return true;
	return false;
}

static void
put_summary(struct request *r, const struct cfn_stack *s)
{
	struct cfn_template t = {0};
	struct buf why = {0};
	put_open(r->out, NULL, '{');
	put_text(r->out, "StackId", s->id);
	put_text(r->out, "StackName", s->name);
	if (s->body[0] != '\0' &&
	    cfn_template_read(&t, s->body, strlen(s->body), &why) == 0) {
		const char *v = cfn_get_text(t.root, "Description");
		if (v != NULL)
			put_text(r->out, "TemplateDescription", v);
	}
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
	put_close(r->out, '}');
	cfn_template_clear(&t);
	buf_clear(&why);
}

int
cfn_list_stacks(struct request *r)
{
	struct json filter = param_json(r, "StackStatusFilter");
	int64_t from = from_token(r), seen = 0;
	put_open(r->out, NULL, '{');
	put_open(r->out, "StackSummaries", '[');
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT id, status FROM cfn_stack WHERE region = ?"
	    " ORDER BY created_ms DESC, rowid DESC",
	    "t", r->region);
	while (store_next(q)) {
		if (!wanted(filter, store_text(q, 1)))
			continue;
		seen++;
		if (seen <= from || seen > from + PAGE)
			continue;
		struct cfn_stack *s = cfn_stack_find(r, store_text(q, 0));
		put_summary(r, s);
		cfn_stack_free(s);
	}
	store_end(q);
	put_close(r->out, ']');
	put_next(r, from, seen - from);
	put_close(r->out, '}');
	return ANSWER;
}

int
cfn_describe_events(struct request *r)
{
	struct cfn_stack *s = cfn_stack_asked(r, "Stack [NAME] does not exist");
	int64_t from = from_token(r), seen = 0;
	if (s == NULL)
		return ANSWER_ERROR;
	put_open(r->out, NULL, '{');
	put_open(r->out, "StackEvents", '[');
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT id, at_ms, logical, physical, type, status, reason,"
	    " properties, token FROM cfn_event WHERE stack = ?"
	    " ORDER BY seq DESC LIMIT ? OFFSET ?",
	    "tii", s->id, (int64_t)PAGE + 1, from);
	while (store_next(q)) {
		if (++seen > PAGE)
			continue;
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
	store_end(q);
	put_close(r->out, ']');
	put_next(r, from, seen);
	put_close(r->out, '}');
	cfn_stack_free(s);
	return ANSWER;
}

int
cfn_list_exports(struct request *r)
{
	int64_t from = from_token(r), seen = 0;
	put_open(r->out, NULL, '{');
	put_open(r->out, "Exports", '[');
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT stack, name, value FROM cfn_export WHERE region = ?"
	    " ORDER BY name LIMIT ? OFFSET ?",
	    "tii", r->region, (int64_t)PAGE + 1, from);
	while (store_next(q)) {
		if (++seen > PAGE)
			continue;
		put_open(r->out, NULL, '{');
		put_text(r->out, "ExportingStackId", store_text(q, 0));
		put_text(r->out, "Name", store_text(q, 1));
		put_text(r->out, "Value", store_text(q, 2));
		put_close(r->out, '}');
	}
	store_end(q);
	put_close(r->out, ']');
	put_next(r, from, seen);
	put_close(r->out, '}');
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
