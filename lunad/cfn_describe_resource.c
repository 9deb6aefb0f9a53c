#include <stdlib.h>
#include <string.h>

#include "cfn_stack.h"

enum form { FULL, DETAIL, SUMMARY };

static void
put_resource(struct request *r, const char *member, enum form form,
    const struct cfn_stack *s, const struct cfn_resource *x)
{
	put_open(r->out, member, '{');
	if (form != SUMMARY) {
		put_text(r->out, "StackName", s->name);
		put_text(r->out, "StackId", s->id);
	}
	put_text(r->out, "LogicalResourceId", x->logical);
	if (x->physical[0] != '\0')
		put_text(r->out, "PhysicalResourceId", x->physical);
	put_text(r->out, "ResourceType", x->type->name);
	put_time(r->out, form == FULL ? "Timestamp" : "LastUpdatedTimestamp",
	    x->at_ms);
	put_text(r->out, "ResourceStatus", x->status);
	if (x->reason != NULL)
		put_text(r->out, "ResourceStatusReason", x->reason);
	if (form == DETAIL && x->metadata != NULL) {
		char *text = cfn_print(x->metadata);
		put_text(r->out, "Metadata", text);
		free(text);
	}
	put_open(r->out, "DriftInformation", '{');
	put_text(r->out, "StackResourceDriftStatus", "NOT_CHECKED");
	put_close(r->out, '}');
	put_close(r->out, '}');
}

/* The stack whose resource has that physical id; NULL after fail(). */
static struct cfn_stack *
stack_of(struct request *r, const char *physical)
{
	struct cfn_stack *s = NULL;
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT t.id FROM cfn_resource x JOIN cfn_stack t"
	    " ON t.id = x.stack WHERE x.physical = ? AND t.region = ?"
	    " ORDER BY t.deleted_ms LIMIT 1",
	    "tt", physical, r->region);
	if (store_next(q))
		s = cfn_stack_find(r, store_text(q, 0));
	store_end(q);
	if (s == NULL)
		cfn_invalid(r, "Stack for %.300s does not exist", physical);
	return s;
}

int
cfn_describe_resources(struct request *r)
{
	const char *logical = param(r, "LogicalResourceId");
	const char *physical = param(r, "PhysicalResourceId");
	struct cfn_set set;
	if (physical != NULL && param(r, "StackName") != NULL)
		return cfn_invalid(r, "Only one of stackName and "
				      "physicalResourceId can be specified");
	struct cfn_stack *s =
	    physical != NULL
		? stack_of(r, physical)
		: cfn_stack_asked(r, "Stack with id NAME does not exist");
	if (s == NULL)
		return ANSWER_ERROR;
	cfn_set_load(r, s->id, &set);
	put_open(r->out, NULL, '{');
	put_open(r->out, "StackResources", '[');
	for (size_t i = 0; i < set.count; i++)
		if (logical == NULL || strcmp(set.at[i].logical, logical) == 0)
			put_resource(r, NULL, FULL, s, &set.at[i]);
	put_close(r->out, ']');
	put_close(r->out, '}');
	cfn_set_clear(&set);
	cfn_stack_free(s);
	return ANSWER;
}

int
cfn_describe_resource(struct request *r)
{
	const char *logical = param(r, "LogicalResourceId");
	struct cfn_set set;
	int status = ANSWER;
	struct cfn_stack *s = cfn_stack_asked(r, "Stack 'NAME' does not exist");
	if (s == NULL)
		return ANSWER_ERROR;
	cfn_set_load(r, s->id, &set);
	const struct cfn_resource *x =
	    logical == NULL ? NULL : cfn_set_find(&set, logical);
	if (x == NULL) {
		status = cfn_invalid(r,
		    "Resource %.255s does not exist for stack %s",
		    logical == NULL ? "null" : logical, s->name);
	} else {
		put_open(r->out, NULL, '{');
		put_resource(r, "StackResourceDetail", DETAIL, s, x);
		put_close(r->out, '}');
	}
	cfn_set_clear(&set);
	cfn_stack_free(s);
	return status;
}

int
cfn_list_resources(struct request *r)
{
	struct cfn_set set;
	struct cfn_page page;
	struct cfn_stack *s =
	    cfn_stack_asked(r, "Stack with id NAME does not exist");
	if (s == NULL)
		return ANSWER_ERROR;
	cfn_set_load(r, s->id, &set);
	cfn_page_open(r, &page, "StackResourceSummaries");
	for (size_t i = (size_t)page.from;
	     i < set.count && cfn_page_room(&page); i++)
		put_resource(r, NULL, SUMMARY, s, &set.at[i]);
	cfn_page_close(r, &page);
	cfn_set_clear(&set);
	cfn_stack_free(s);
	return ANSWER;
}
