#include "cfn_stack.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

#define COLUMNS                                                           \
	"id, region, name, status, reason, body, created_ms, updated_ms," \
	" deleted_ms, vals, outputs, about"

const char *
cfn_uuid(struct request *r)
{
	uint64_t a = lunad_random64(r->lunad), b = lunad_random64(r->lunad);
	return request_format(r, "%08x-%04x-4%03x-%04x-%012llx",
	    (unsigned)(a >> 32), (unsigned)(a >> 16) & 0xffff,
	    (unsigned)a & 0xfff, ((unsigned)(b >> 48) & 0x3fff) | 0x8000,
	    (unsigned long long)(b & 0xffffffffffff));
}

struct cfn_stack *
cfn_stack_new(struct request *r, const char *name, const char *status)
{
	struct cfn_stack *s = mem_alloc(sizeof(*s));
	*s = (struct cfn_stack){
	    .id = mem_format("arn:aws:cloudformation:%s:%s:stack/%s/%s",
		r->region, r->account, name, cfn_uuid(r)),
	    .region = mem_text(r->region),
	    .name = mem_text(name),
	    .status = mem_text(status),
	    .body = mem_text(""),
	    .created_ms = r->now_ms,
	    .values = cJSON_CreateObject(),
	    .outputs = cJSON_CreateArray(),
	    .about = cJSON_CreateObject()};
	return s;
}

static cJSON *
tree_or(const char *text, cJSON *otherwise)
{
	cJSON *tree = cfn_tree_of(text);
	if (tree == NULL)
		return otherwise;
	cJSON_Delete(otherwise);
	return tree;
}

struct cfn_stack *
cfn_stack_find(struct request *r, const char *name)
{
	struct cfn_stack *s = NULL;
	bool arn = strncmp(name, "arn:", 4) == 0;
	sqlite3_stmt *q = store_query(r->store,
	    arn ? "SELECT " COLUMNS " FROM cfn_stack"
		  " WHERE region = ? AND id = ?"
		: "SELECT " COLUMNS " FROM cfn_stack"
		  " WHERE region = ? AND name = ? AND deleted_ms = 0",
	    "tt", r->region, name);
	if (store_next(q)) {
		s = mem_alloc(sizeof(*s));
		*s = (struct cfn_stack){.id = mem_text(store_text(q, 0)),
		    .region = mem_text(store_text(q, 1)),
		    .name = mem_text(store_text(q, 2)),
		    .status = mem_text(store_text(q, 3)),
		    .reason =
			mem_text(store_null(q, 4) ? NULL : store_text(q, 4)),
		    .body = mem_text(store_text(q, 5)),
		    .created_ms = store_int(q, 6),
		    .updated_ms = store_int(q, 7),
		    .deleted_ms = store_int(q, 8),
		    .values = tree_or(store_text(q, 9), cJSON_CreateObject()),
		    .outputs = tree_or(store_text(q, 10), cJSON_CreateArray()),
		    .about = tree_or(store_text(q, 11), cJSON_CreateObject())};
	}
	store_end(q);
	return s;
}

void
cfn_stack_save(struct request *r, const struct cfn_stack *s)
{
	char *values = cfn_print(s->values), *outputs = cfn_print(s->outputs);
	char *about = cfn_print(s->about);
	store_do(r->store,
	    "INSERT INTO cfn_stack (" COLUMNS ")"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	    " ON CONFLICT (id) DO UPDATE SET status = excluded.status,"
	    " reason = excluded.reason, body = excluded.body,"
	    " updated_ms = excluded.updated_ms,"
	    " deleted_ms = excluded.deleted_ms, vals = excluded.vals,"
	    " outputs = excluded.outputs, about = excluded.about",
	    "ttttttiiittt", s->id, s->region, s->name, s->status, s->reason,
	    s->body, s->created_ms, s->updated_ms, s->deleted_ms, values,
	    outputs, about);
	free(values);
	free(outputs);
	free(about);
}

void
cfn_stack_free(struct cfn_stack *s)
{
	if (s == NULL)
		return;
	free(s->id);
	free(s->region);
	free(s->name);
	free(s->status);
	free(s->reason);
	free(s->body);
	cJSON_Delete(s->values);
	cJSON_Delete(s->outputs);
	cJSON_Delete(s->about);
	free(s);
}

void
cfn_stack_set(struct cfn_stack *s, const char *body, cJSON *values)
{
	char *copy = mem_text(body);
	free(s->body);
	s->body = copy;
	cJSON_Delete(s->values);
	s->values = values;
}

bool
cfn_stack_is(const struct cfn_stack *s, const char *status)
{
	return strcmp(s->status, status) == 0;
}

void
cfn_stack_status(struct request *r, struct cfn_stack *s, const char *status,
    const char *reason)
{
	char *copy = mem_text(status), *why = mem_text(reason);
	free(s->status);
	free(s->reason);
	s->status = copy;
	s->reason = why;
	cfn_stack_save(r, s);
	cfn_event(r, s,
	    &(struct cfn_event){.id = cfn_uuid(r),
		.logical = s->name,
		.physical = s->id,
		.type = CFN_STACK_TYPE,
		.status = status,
		.reason = reason});
}
