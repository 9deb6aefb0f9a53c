/*
 * Change sets: what a template would change, kept until it is executed.
 */
#include <stdlib.h>
#include <string.h>

#include "cfn_stack.h"
#include "mem.h"

#define COLUMNS "id, stack, name, created_ms, status, reason, execution, record"

struct change_set {
	char *id, *stack, *name, *status, *reason, *execution;
	int64_t created_ms;
	cJSON *record; /* Type, Body, Values, About, Description, Changes */
};

static void
read_row(sqlite3_stmt *q, struct change_set *c)
{
	*c = (struct change_set){.id = mem_text(store_text(q, 0)),
	    .stack = mem_text(store_text(q, 1)),
	    .name = mem_text(store_text(q, 2)),
	    .created_ms = store_int(q, 3),
	    .status = mem_text(store_text(q, 4)),
	    .reason = mem_text(store_null(q, 5) ? NULL : store_text(q, 5)),
	    .execution = mem_text(store_text(q, 6)),
	    .record = cfn_tree_of(store_text(q, 7))};
}

static void
clear(struct change_set *c)
{
	free(c->id);
	free(c->stack);
	free(c->name);
	free(c->status);
	free(c->reason);
	free(c->execution);
	cJSON_Delete(c->record);
	*c = (struct change_set){0};
}

static void
save(struct request *r, const struct change_set *c)
{
	char *record = cfn_print(c->record);
	store_do(r->store,
	    "INSERT INTO cfn_change_set (" COLUMNS ")"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
	    " ON CONFLICT (id) DO UPDATE SET status = excluded.status,"
	    " reason = excluded.reason, execution = excluded.execution",
	    "tttitttt", c->id, c->stack, c->name, c->created_ms, c->status,
	    c->reason, c->execution, record);
	free(record);
}

static bool
find(struct request *r, const char *id, const char *stack, const char *name,
    struct change_set *c)
{
	sqlite3_stmt *q =
	    id != NULL
		? store_query(r->store,
		      "SELECT " COLUMNS " FROM cfn_change_set WHERE id = ?",
		      "t", id)
		: store_query(r->store,
		      "SELECT " COLUMNS " FROM cfn_change_set"
		      " WHERE stack = ? AND name = ?"
		      " ORDER BY execution = 'OBSOLETE', seq DESC LIMIT 1",
		      "tt", stack, name);
	bool found = store_next(q);
	*c = (struct change_set){0};
	if (found)
		read_row(q, c);
	store_end(q);
	return found;
}

/* The change set that the request names. -1 after fail(). */
static int
asked(struct request *r, struct change_set *c)
{
	const char *name = param(r, "ChangeSetName");
	*c = (struct change_set){0};
	if (name == NULL)
		return cfn_name_check(r, NULL, "changeSetName");
	bool found;
	if (strncmp(name, "arn:", 4) == 0) {
		found = find(r, name, NULL, NULL, c);
	} else if (param(r, "StackName") == NULL) {
		return cfn_invalid(r, "StackName must be specified if "
				      "ChangeSetName is not specified as an "
				      "ARN.");
	} else {
		struct cfn_stack *s =
		    cfn_stack_asked(r, "Stack [NAME] does not exist");
		if (s == NULL)
			return -1;
		found = find(r, NULL, s->id, name, c);
		cfn_stack_free(s);
	}
	if (found)
		return 0;
	return fail(r, 404, "ChangeSetNotFound",
	    "ChangeSet [%.300s] does not exist", name);
}

void
cfn_change_sets_obsolete(struct request *r, const char *stack)
{
	store_do(r->store,
	    "UPDATE cfn_change_set SET execution = 'OBSOLETE' WHERE stack = ?"
	    " AND execution IN ('AVAILABLE', 'UNAVAILABLE')",
	    "t", stack);
}

/* The stack that it is for: a new one in review, or one that is there. */
static struct cfn_stack *
stack_for(struct request *r, const char *set_name, bool creates)
{
	const char *name = param(r, "StackName");
	struct cfn_stack *s;
	if (!creates) {
		s = cfn_stack_asked(r, "Stack [NAME] does not exist");
		if (s == NULL || cfn_stack_ready(r, s) == 0)
			return s;
		cfn_stack_free(s);
		return NULL;
	}
	if (name == NULL || strncmp(name, "arn:", 4) != 0)
		if (cfn_name_check(r, name, "stackName") < 0)
			return NULL;
	s = cfn_stack_find(r, name);
	if (s != NULL && !cfn_stack_is(s, "REVIEW_IN_PROGRESS")) {
		cfn_stack_free(s);
		cfn_invalid(r,
		    "Stack [%.300s] already exists and cannot be created again "
		    "with the changeSet [%s].",
		    name, set_name);
		return NULL;
	}
	return s != NULL ? s : cfn_stack_new(r, name, "REVIEW_IN_PROGRESS");
}

/* Find out the changes. -1 after fail(). */
static int
plan(struct request *r, struct cfn_stack *s, const struct cfn_stack *was,
    struct change_set *c)
{
	struct cfn_run run;
	struct cfn_plan found = {.changes = NULL};
	struct cfn_template old = {0};
	struct buf why = {0};
	int status = cfn_run_open(&run, r, s);
	if (status == 0 && was != NULL)
		status =
		    cfn_template_read(&old, was->body, strlen(was->body), &why);
	if (status == 0)
		status = cfn_plan(&run, was == NULL ? NULL : &old,
		    was == NULL ? NULL : was->values, &found);
	if (status != 0)
		cfn_invalid(r, "%s",
		    run.why.len > 0 ? buf_text(&run.why) : buf_text(&why));
	else if (!found.any && cfn_same(cfn_get(s->about, "Tags"),
				   cfn_get(was->about, "Tags")))
		c->reason = mem_text(
		    "The submitted information didn't contain changes. Submit "
		    "different information to create a change set.");
	c->status = mem_text(c->reason == NULL ? "CREATE_COMPLETE" : "FAILED");
	c->execution =
	    mem_text(c->reason == NULL ? "AVAILABLE" : "UNAVAILABLE");
	cfn_put(c->record, "Changes", found.changes);
	cfn_template_clear(&old);
	cfn_run_close(&run);
	buf_clear(&why);
	return status;
}

static int
check_name(struct request *r, const struct cfn_stack *s, const char *name)
{
	int64_t n = store_number(r->store, 0,
	    "SELECT count(*) FROM cfn_change_set WHERE stack = ? AND name = ?"
	    " AND execution IN ('AVAILABLE', 'UNAVAILABLE')",
	    "tt", s->id, name);
	if (n == 0)
		return 0;
	return fail(r, 400, "AlreadyExistsException",
	    "ChangeSet %s already exists", name);
}

/* Work on a copy of the stack, which stays as it is until execution. */
static int
make(struct request *r, struct cfn_stack *s, const char *name, bool creates)
{
	struct cfn_stack *was = creates ? NULL : cfn_stack_find(r, s->id);
	struct change_set c = {
	    .id = mem_format("arn:aws:cloudformation:%s:%s:changeSet/%s/%s",
		r->region, r->account, name, cfn_uuid(r)),
	    .stack = mem_text(s->id),
	    .name = mem_text(name),
	    .created_ms = r->now_ms,
	    .record = cfn_one("Type", creates ? "CREATE" : "UPDATE")};
	bool fresh =
	    creates && s->body[0] == '\0' && cfn_get(s->about, "Tags") == NULL;
	cJSON *about = cfn_copy(s->about);
	int status = cfn_stack_take(r, s);
	if (status == 0)
		status = plan(r, s, was, &c);
	if (status == 0) {
		cfn_put_text(c.record, "Body", s->body);
		cfn_put(c.record, "Values", cfn_copy(s->values));
		cfn_put(c.record, "About", cfn_copy(s->about));
		cfn_put_text(c.record, "Description", param(r, "Description"));
		cfn_put_text(
		    c.record, "OnStackFailure", param(r, "OnStackFailure"));
		save(r, &c);
		put_open(r->out, NULL, '{');
		put_text(r->out, "Id", c.id);
		put_text(r->out, "StackId", s->id);
		put_close(r->out, '}');
	}
	if (status == 0 && fresh) {
		/* Nothing of the template is the stack's yet. */
		cfn_stack_set(s, "", cJSON_CreateObject());
		cJSON_Delete(s->about);
		s->about = about;
		about = NULL;
		cfn_stack_status(r, s, "REVIEW_IN_PROGRESS", "User Initiated");
	}
	cJSON_Delete(about);
	clear(&c);
	cfn_stack_free(was);
	return status;
}

int
cfn_create_change_set(struct request *r)
{
	const char *name = param(r, "ChangeSetName");
	const char *type = param(r, "ChangeSetType");
	bool creates = type != NULL && strcmp(type, "CREATE") == 0;
	if (cfn_name_check(r, name, "changeSetName") < 0)
		return ANSWER_ERROR;
	if (type != NULL && !creates && strcmp(type, "UPDATE") != 0)
		return cfn_invalid(
		    r, "lunad does not have change sets of type %.64s.", type);
	struct cfn_stack *s = stack_for(r, name, creates);
	if (s == NULL)
		return ANSWER_ERROR;
	int status = check_name(r, s, name);
	if (status == 0)
		status = make(r, s, name, creates);
	cfn_stack_free(s);
	return status;
}

/* Property values are shown when they are asked for. */
static void
hide_values(cJSON *changes)
{
	for (cJSON *c = changes->child; c != NULL; c = c->next) {
		cJSON *what =
		    cJSON_GetObjectItemCaseSensitive(c, "ResourceChange");
		cJSON_DeleteItemFromObjectCaseSensitive(what, "BeforeContext");
		cJSON_DeleteItemFromObjectCaseSensitive(what, "AfterContext");
		const cJSON *details = cfn_get(what, "Details");
		for (const cJSON *d = details->child; d != NULL; d = d->next) {
			cJSON *target =
			    cJSON_GetObjectItemCaseSensitive(d, "Target");
			cJSON_DeleteItemFromObjectCaseSensitive(
			    target, "BeforeValue");
			cJSON_DeleteItemFromObjectCaseSensitive(
			    target, "AfterValue");
		}
	}
}

static void
put_tree(struct buf *out, const char *name, const cJSON *tree)
{
	if (tree == NULL)
		return;
	char *text = cfn_print(tree);
	put_raw(out, name, text, strlen(text));
	free(text);
}

static void
put_head(struct request *r, const struct change_set *c, const char *stack_name)
{
	put_text(r->out, "ChangeSetName", c->name);
	put_text(r->out, "ChangeSetId", c->id);
	put_text(r->out, "StackId", c->stack);
	put_text(r->out, "StackName", stack_name);
	put_tree(r->out, "Description", cfn_get(c->record, "Description"));
	put_time(r->out, "CreationTime", c->created_ms);
	put_text(r->out, "ExecutionStatus", c->execution);
	put_text(r->out, "Status", c->status);
	if (c->reason != NULL)
		put_text(r->out, "StatusReason", c->reason);
	put_bool(r->out, "IncludeNestedStacks", false);
}

int
cfn_describe_change_set(struct request *r)
{
	struct change_set c;
	struct cfn_template t = {0};
	struct buf why = {0};
	if (asked(r, &c) < 0)
		return ANSWER_ERROR;
	struct cfn_stack *s = cfn_stack_find(r, c.stack);
	const char *body = cfn_get_text(c.record, "Body");
	const cJSON *about = cfn_get(c.record, "About");
	cJSON *changes = cJSON_GetObjectItemCaseSensitive(c.record, "Changes");
	if (!param_bool(r, "IncludePropertyValues", false))
		hide_values(changes);
	put_open(r->out, NULL, '{');
	put_head(r, &c, s == NULL ? "" : s->name);
	if (cfn_template_read(&t, body, strlen(body), &why) == 0)
		cfn_parameter_show(&t, cfn_get(c.record, "Values"), r->out);
	put_tree(
	    r->out, "NotificationARNs", cfn_get(about, "NotificationARNs"));
	put_raw(r->out, "RollbackConfiguration", "{}", 2);
	put_tree(r->out, "Capabilities", cfn_get(about, "Capabilities"));
	const cJSON *tags = cfn_get(about, "Tags");
	if (tags != NULL && tags->child != NULL)
		put_tree(r->out, "Tags", tags);
	put_tree(r->out, "OnStackFailure", cfn_get(c.record, "OnStackFailure"));
	put_tree(r->out, "Changes", changes);
	put_close(r->out, '}');
	cfn_template_clear(&t);
	buf_clear(&why);
	cfn_stack_free(s);
	clear(&c);
	return ANSWER;
}

/* s becomes what the change set says. */
static void
adopt(struct request *r, struct cfn_stack *s, const struct change_set *c)
{
	bool protected =
	    cfn_true(cfn_get(s->about, "EnableTerminationProtection"));
	const char *on_failure = cfn_get_text(c->record, "OnStackFailure");
	struct json disable = param_json(r, "DisableRollback");
	cfn_stack_set(s, cfn_get_text(c->record, "Body"),
	    cfn_copy(cfn_get(c->record, "Values")));
	cJSON_Delete(s->about);
	s->about = cfn_copy(cfn_get(c->record, "About"));
	cfn_put_text(s->about, "ChangeSetId", c->id);
	cfn_put(s->about, "EnableTerminationProtection",
	    cJSON_CreateBool(protected));
	cfn_put_text(s->about, "OnFailure", on_failure);
	if (disable.type != JSON_NONE)
		cfn_put(s->about, "DisableRollback",
		    cJSON_CreateBool(json_true(disable)));
	cfn_put_text(
	    s->about, "ClientRequestToken", param(r, "ClientRequestToken"));
	s->updated_ms = r->now_ms;
}

static int
execute(struct request *r, struct change_set *c, struct cfn_stack *s,
    const struct cfn_stack *was)
{
	struct cfn_run run;
	bool creates = strcmp(cfn_get_text(c->record, "Type"), "CREATE") == 0;
	adopt(r, s, c);
	int status = cfn_run_open(&run, r, s);
	if (status != 0) {
		cfn_invalid(r, "%s", buf_text(&run.why));
	} else {
		if (creates)
			cfn_create(&run);
		else
			cfn_update(&run, was);
		bool good = cfn_stack_is(
		    s, creates ? "CREATE_COMPLETE" : "UPDATE_COMPLETE");
		free(c->execution);
		c->execution =
		    mem_text(good ? "EXECUTE_COMPLETE" : "EXECUTE_FAILED");
		save(r, c);
		cfn_change_sets_obsolete(r, s->id);
	}
	cfn_run_close(&run);
	return status;
}

int
cfn_execute_change_set(struct request *r)
{
	struct change_set c;
	if (asked(r, &c) < 0)
		return ANSWER_ERROR;
	int status;
	struct cfn_stack *s = cfn_stack_find(r, c.stack);
	struct cfn_stack *was = cfn_stack_find(r, c.stack);
	if (strcmp(c.execution, "AVAILABLE") != 0)
		status = fail(r, 400, "InvalidChangeSetStatus",
		    "ChangeSet [%s] cannot be executed in its current %sstatus "
		    "of [%s]",
		    c.id,
		    strcmp(c.execution, "UNAVAILABLE") == 0 ? "" : "execution ",
		    strcmp(c.execution, "UNAVAILABLE") == 0 ? c.status
							    : c.execution);
	else
		status = execute(r, &c, s, was);
	cfn_stack_free(s);
	cfn_stack_free(was);
	clear(&c);
	return status;
}

int
cfn_delete_change_set(struct request *r)
{
	struct change_set c;
	if (asked(r, &c) < 0) {
		if (strcmp(r->error_code, "ChangeSetNotFound") != 0)
			return ANSWER_ERROR;
		r->error_status = 0; /* as AWS: it is gone */
		return ANSWER;
	}
	store_do(
	    r->store, "DELETE FROM cfn_change_set WHERE id = ?", "t", c.id);
	clear(&c);
	return ANSWER;
}

int
cfn_list_change_sets(struct request *r)
{
	struct cfn_stack *s = cfn_stack_asked(r, "Stack [NAME] does not exist");
	if (s == NULL)
		return ANSWER_ERROR;
	put_open(r->out, NULL, '{');
	put_open(r->out, "Summaries", '[');
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT " COLUMNS " FROM cfn_change_set WHERE stack = ?"
	    " AND execution NOT LIKE 'EXECUTE\\_%' ESCAPE '\\' ORDER BY seq",
	    "t", s->id);
	while (store_next(q)) {
		struct change_set c;
		read_row(q, &c);
		put_open(r->out, NULL, '{');
		put_head(r, &c, s->name);
		put_close(r->out, '}');
		clear(&c);
	}
	store_end(q);
	put_close(r->out, ']');
	put_close(r->out, '}');
	cfn_stack_free(s);
	return ANSWER;
}
