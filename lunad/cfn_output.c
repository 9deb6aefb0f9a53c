#include <stdlib.h>
#include <string.h>

#include "cfn_stack.h"

/* One output, or none where its condition is not met. */
static int
output(struct cfn_run *run, const cJSON *of, cJSON *list)
{
	struct cfn_scope *s = &run->scope;
	cJSON *hold = NULL, *export_hold = NULL;
	int active = cfn_active(s, of);
	if (active <= 0)
		return active;
	const cJSON *name = cfn_get(cfn_get(of, "Export"), "Name");
	const char *value =
	    cfn_resolve_text(s, cfn_get(of, "Value"), "Outputs", &hold);
	const char *exported =
	    name == NULL || value == NULL
		? NULL
		: cfn_resolve_text(s, name, "Export", &export_hold);
	int status = value == NULL || (name != NULL && exported == NULL);
	if (status == 0) {
		cJSON *one = cfn_one("OutputKey", of->string);
		cfn_put_text(one, "OutputValue", value);
		cfn_put_text(
		    one, "Description", cfn_get_text(of, "Description"));
		cfn_put_text(one, "ExportName", exported);
		cfn_add(list, one);
	}
	cJSON_Delete(hold);
	cJSON_Delete(export_hold);
	return status == 0 ? 0 : -1;
}

static int
in_outputs(void *user, const struct cfn_reference *of)
{
	struct cfn_run *run = user;
	if (of->condition || cfn_get(run->t.resources, of->name) == NULL)
		return 0;
	for (size_t i = 0; i < run->ordered; i++)
		if (strcmp(run->order[i], of->name) == 0)
			return 0;
	return cfn_refuse(&run->why,
	    "Unresolved resource dependencies [%.255s] in the Outputs block of "
	    "the template",
	    of->name);
}

cJSON *
cfn_outputs(struct cfn_run *run)
{
	cJSON *list = cJSON_CreateArray();
	const cJSON *c = run->t.outputs == NULL ? NULL : run->t.outputs->child;
	int status = 0;
	buf_reset(&run->why);
	for (; c != NULL && status == 0; c = c->next) {
		int active = cfn_active(&run->scope, c);
		if (active < 0 || (active > 0 && cfn_references(c, &run->scope,
						     in_outputs, run) != 0))
			status = -1;
		else
			status = output(run, c, list);
	}
	if (status == 0)
		return list;
	cJSON_Delete(list);
	return NULL;
}

/* Is name among what outputs export, with that value? */
static int
among(const cJSON *outputs, const char *name, const char *value)
{
	const cJSON *c = outputs == NULL ? NULL : outputs->child;
	for (; c != NULL; c = c->next) {
		const char *exported = cfn_get_text(c, "ExportName");
		if (exported != NULL && strcmp(exported, name) == 0)
			return strcmp(cfn_get_text(c, "OutputValue"), value) ==
			       0;
	}
	return -1;
}

int
cfn_exports_free(struct request *r, const struct cfn_stack *s, const cJSON *but,
    struct buf *why)
{
	int status = 0;
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT e.name, e.value, t.name FROM cfn_export e"
	    " JOIN cfn_import i ON i.region = e.region AND i.name = e.name"
	    " JOIN cfn_stack t ON t.id = i.stack"
	    " WHERE e.stack = ? AND t.id <> e.stack ORDER BY e.name, t.name",
	    "t", s->id);
	while (status == 0 && store_next(q)) {
		const char *name = store_text(q, 0);
		int is = among(but, name, store_text(q, 1));
		if (is <= 0)
			status = cfn_refuse(why,
			    "Export %.255s cannot be %s as it is in use by "
			    "%.255s",
			    name, is < 0 ? "deleted" : "updated",
			    store_text(q, 2));
	}
	store_end(q);
	return status;
}

void
cfn_exports_drop(struct request *r, const struct cfn_stack *s)
{
	store_do(
	    r->store, "DELETE FROM cfn_export WHERE stack = ?", "t", s->id);
	store_do(
	    r->store, "DELETE FROM cfn_import WHERE stack = ?", "t", s->id);
}

static int
check_export(struct cfn_run *run, const char *name)
{
	int status = 0;
	sqlite3_stmt *q = store_query(run->r->store,
	    "SELECT t.name FROM cfn_export e JOIN cfn_stack t ON t.id = e.stack"
	    " WHERE e.region = ? AND e.name = ? AND e.stack <> ?",
	    "ttt", run->r->region, name, run->stack->id);
	if (store_next(q))
		status = cfn_refuse(&run->why,
		    "Export with name %.255s is already exported by stack "
		    "%.255s",
		    name, store_text(q, 0));
	store_end(q);
	return status;
}

static void
keep(struct cfn_run *run, cJSON *outputs)
{
	struct store *db = run->r->store;
	const char *region = run->r->region;
	cfn_exports_drop(run->r, run->stack);
	for (const cJSON *c = outputs->child; c != NULL; c = c->next)
		if (cfn_get(c, "ExportName") != NULL)
			store_do(db,
			    "INSERT INTO cfn_export (region, name, value,"
			    " stack) VALUES (?, ?, ?, ?)",
			    "tttt", region, cfn_get_text(c, "ExportName"),
			    cfn_get_text(c, "OutputValue"), run->stack->id);
	for (const cJSON *c = run->imports->child; c != NULL; c = c->next)
		store_do(db,
		    "INSERT INTO cfn_import (region, name, stack)"
		    " VALUES (?, ?, ?)",
		    "ttt", region, c->string, run->stack->id);
	cJSON_Delete(run->stack->outputs);
	run->stack->outputs = outputs;
}

int
cfn_outputs_keep(struct cfn_run *run)
{
	cJSON *outputs = cfn_outputs(run);
	if (outputs == NULL)
		return -1;
	int status = cfn_exports_free(run->r, run->stack, outputs, &run->why);
	for (const cJSON *c = outputs->child; c != NULL && status == 0;
	     c = c->next)
		if (cfn_get(c, "ExportName") != NULL)
			status =
			    check_export(run, cfn_get_text(c, "ExportName"));
	if (status == 0)
		keep(run, outputs);
	else
		cJSON_Delete(outputs);
	return status;
}
