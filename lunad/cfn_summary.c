/*
 * Templates by themselves: what they ask for and have.
 */
#include <stdlib.h>
#include <string.h>

#include "cfn_stack.h"

static void
put_list(struct buf *out, const char *name, const cJSON *values)
{
	put_open(out, name, '[');
	for (const cJSON *c = values->child; c != NULL; c = c->next)
		put_text(out, NULL, cfn_text(c) == NULL ? "" : cfn_text(c));
	put_close(out, ']');
}

static void
put_text_of(
    struct buf *out, const char *name, const cJSON *of, const char *member)
{
	const char *text = cfn_get_text(of, member);
	if (text != NULL)
		put_text(out, name, text);
}

static void
put_parameters(struct buf *out, const struct cfn_template *t, bool full)
{
	put_open(out, "Parameters", '[');
	const cJSON *c = t->parameters == NULL ? NULL : t->parameters->child;
	for (; c != NULL; c = c->next) {
		const cJSON *allowed = cfn_get(c, "AllowedValues");
		put_open(out, NULL, '{');
		put_text(out, "ParameterKey", c->string);
		put_text_of(out, "DefaultValue", c, "Default");
		if (full)
			put_text_of(out, "ParameterType", c, "Type");
		put_bool(out, "NoEcho", cfn_true(cfn_get(c, "NoEcho")));
		put_text_of(out, "Description", c, "Description");
		if (full) {
			put_open(out, "ParameterConstraints", '{');
			if (cJSON_IsArray(allowed))
				put_list(out, "AllowedValues", allowed);
			put_close(out, '}');
		}
		put_close(out, '}');
	}
	put_close(out, ']');
}

static void
put_capabilities(struct buf *out, const struct cfn_template *t)
{
	const char *type = NULL;
	const char *need = cfn_template_capability(t, &type);
	struct buf reason = {0};
	if (need == NULL)
		return;
	put_open(out, "Capabilities", '[');
	put_text(out, NULL, need);
	put_close(out, ']');
	buf_addf(&reason,
	    "The following resource(s) require capabilities: [%s]", type);
	put_text(out, "CapabilitiesReason", buf_text(&reason));
	buf_clear(&reason);
}

static bool
seen_before(const cJSON *c, const cJSON *first)
{
	for (; first != c; first = first->next)
		if (cfn_same(cfn_get(c, "Type"), cfn_get(first, "Type")))
			return true;
	return false;
}

static void
put_types(struct buf *out, const struct cfn_template *t)
{
	const cJSON *first = t->resources->child, *c, *d;
	put_open(out, "ResourceTypes", '[');
	for (c = first; c != NULL; c = c->next)
		if (!seen_before(c, first))
			put_text(out, NULL, cfn_get_text(c, "Type"));
	put_close(out, ']');
	put_open(out, "ResourceIdentifierSummaries", '[');
	for (c = first; c != NULL; c = c->next) {
		if (seen_before(c, first))
			continue;
		put_open(out, NULL, '{');
		put_text(out, "ResourceType", cfn_get_text(c, "Type"));
		put_open(out, "LogicalResourceIds", '[');
		for (d = c; d != NULL; d = d->next)
			if (cfn_same(cfn_get(c, "Type"), cfn_get(d, "Type")))
				put_text(out, NULL, d->string);
		put_close(out, ']');
		put_close(out, '}');
	}
	put_close(out, ']');
}

/* The body that is asked about: the request's, or its stack's. */
static char *
body_asked(struct request *r)
{
	if (param(r, "StackName") == NULL) {
		const char *body = cfn_body(r, NULL);
		return body == NULL ? NULL : request_format(r, "%s", body);
	}
	struct cfn_stack *s =
	    cfn_stack_asked(r, "Stack with id NAME does not exist");
	char *body = NULL;
	if (s != NULL && cfn_stack_is(s, "REVIEW_IN_PROGRESS"))
		cfn_invalid(r, "GetTemplateSummary cannot be called on "
			       "REVIEW_IN_PROGRESS stacks.");
	else if (s != NULL)
		body = request_format(r, "%s", s->body);
	cfn_stack_free(s);
	return body;
}

int
cfn_get_summary(struct request *r)
{
	struct cfn_template t;
	struct buf why = {0};
	const char *body = body_asked(r);
	if (body == NULL)
		return ANSWER_ERROR;
	if (cfn_template_read(&t, body, strlen(body), &why) != 0)
		return cfn_fail(r, &why);
	put_open(r->out, NULL, '{');
	put_parameters(r->out, &t, true);
	put_text_of(r->out, "Description", t.root, "Description");
	put_capabilities(r->out, &t);
	put_types(r->out, &t);
	put_text_of(r->out, "Version", t.root, "AWSTemplateFormatVersion");
	const cJSON *metadata = cfn_get(t.root, "Metadata");
	if (metadata != NULL) {
		char *text = cfn_print(metadata);
		put_text(r->out, "Metadata", text);
		free(text);
	}
	put_close(r->out, '}');
	cfn_template_clear(&t);
	return ANSWER;
}

int
cfn_validate_template(struct request *r)
{
	struct cfn_template t;
	struct buf why = {0};
	const char *body = cfn_body(r, NULL);
	if (body == NULL)
		return ANSWER_ERROR;
	if (cfn_template_read(&t, body, strlen(body), &why) != 0)
		return cfn_fail(r, &why);
	put_open(r->out, NULL, '{');
	put_parameters(r->out, &t, false);
	put_text_of(r->out, "Description", t.root, "Description");
	put_capabilities(r->out, &t);
	put_close(r->out, '}');
	cfn_template_clear(&t);
	return ANSWER;
}

static const char *
change_set_body(struct request *r, const char *name)
{
	const char *stack = "", *body = NULL;
	if (strncmp(name, "arn:", 4) != 0) {
		if (param(r, "StackName") == NULL) {
			cfn_invalid(r, "StackName is a required parameter.");
			return NULL;
		}
		struct cfn_stack *s =
		    cfn_stack_asked(r, "Stack with id NAME does not exist");
		if (s == NULL)
			return NULL;
		stack = request_format(r, "%s", s->id);
		cfn_stack_free(s);
	}
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT json_extract(record, '$.Body') FROM cfn_change_set"
	    " WHERE id = ? OR (stack = ? AND name = ?)"
	    " ORDER BY seq DESC LIMIT 1",
	    "ttt", name, stack, name);
	if (store_next(q))
		body = request_format(r, "%s", store_text(q, 0));
	store_end(q);
	if (body == NULL)
		fail(r, 404, "ChangeSetNotFound",
		    "ChangeSet [%.300s] does not exist", name);
	return body;
}

int
cfn_get_template(struct request *r)
{
	const char *set = param(r, "ChangeSetName"), *body;
	if (set != NULL) {
		body = change_set_body(r, set);
		if (body == NULL)
			return ANSWER_ERROR;
	} else {
		struct cfn_stack *s =
		    cfn_stack_asked(r, "Stack with id NAME does not exist");
		if (s == NULL)
			return ANSWER_ERROR;
		body = request_format(r, "%s", s->body);
		cfn_stack_free(s);
	}
	put_open(r->out, NULL, '{');
	put_text(r->out, "TemplateBody", body);
	put_open(r->out, "StagesAvailable", '[');
	put_text(r->out, NULL, "Original");
	put_text(r->out, NULL, "Processed");
	put_close(r->out, ']');
	put_close(r->out, '}');
	return ANSWER;
}
