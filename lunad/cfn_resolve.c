#include <stdlib.h>
#include <string.h>

#include "cfn.h"

bool
cfn_pseudo(const char *name)
{
	static const char *const known[] = {"AWS::AccountId", "AWS::Region",
	    "AWS::StackName", "AWS::StackId", "AWS::Partition",
	    "AWS::URLSuffix", "AWS::NoValue", "AWS::NotificationARNs", NULL};
	size_t i = 0;
	while (known[i] != NULL && strcmp(known[i], name) != 0)
		i++;
	return known[i] != NULL;
}

static const char *
partition_of(const char *region)
{
	if (strncmp(region, "cn-", 3) == 0)
		return "aws-cn";
	return strncmp(region, "us-gov-", 7) == 0 ? "aws-us-gov" : "aws";
}

static int
pseudo(struct cfn_scope *s, const char *name, cJSON **out)
{
	const char *text = NULL;
	*out = NULL;
	if (strcmp(name, "AWS::NoValue") == 0)
		return 0;
	if (strcmp(name, "AWS::NotificationARNs") == 0) {
		*out = s->topics == NULL ? cJSON_CreateArray()
					 : cfn_copy(s->topics);
		return 0;
	}
	if (strcmp(name, "AWS::AccountId") == 0)
		text = s->account;
	else if (strcmp(name, "AWS::Region") == 0)
		text = s->region;
	else if (strcmp(name, "AWS::StackName") == 0)
		text = s->stack_name;
	else if (strcmp(name, "AWS::StackId") == 0)
		text = s->stack_id;
	else if (strcmp(name, "AWS::Partition") == 0)
		text = partition_of(s->region);
	else
		text = strncmp(s->region, "cn-", 3) == 0 ? "amazonaws.com.cn"
							 : "amazonaws.com";
	*out = cfn_string(text == NULL ? "" : text);
	return 0;
}

static int
ref(struct cfn_scope *s, const cJSON *arg, cJSON **out)
{
	const char *name = cfn_text(arg);
	if (name == NULL)
		return cfn_refuse(s->why, "Template error: every Ref object "
					  "must have a single String value.");
	if (cfn_pseudo(name))
		return pseudo(s, name, out);
	*out = cfn_copy(cfn_get(s->values, name));
	if (*out == NULL && s->ref != NULL)
		*out = s->ref(s, name);
	if (*out == NULL && s->why->len == 0)
		cfn_refuse(s->why,
		    "Template format error: Unresolved resource dependencies "
		    "[%.255s] in the Resources block of the template",
		    name);
	return *out == NULL ? -1 : 0;
}

static int
object(struct cfn_scope *s, const cJSON *v, cJSON **out)
{
	const cJSON *only = v->child;
	if (only != NULL && only->next == NULL) {
		if (strcmp(only->string, "Ref") == 0)
			return ref(s, only, out);
		if (strncmp(only->string, "Fn::", 4) == 0)
			return cfn_function(s, only->string, only, out);
	}
	cJSON *made = cJSON_CreateObject();
	for (const cJSON *c = v->child; c != NULL; c = c->next) {
		cJSON *value = NULL;
		if (cfn_resolve(s, c, &value) != 0) {
			cJSON_Delete(made);
			return -1;
		}
		cfn_put(made, c->string, value);
	}
	*out = made;
	return 0;
}

static int
array(struct cfn_scope *s, const cJSON *v, cJSON **out)
{
	cJSON *made = cJSON_CreateArray();
	for (const cJSON *c = v->child; c != NULL; c = c->next) {
		cJSON *value = NULL;
		if (cfn_resolve(s, c, &value) != 0) {
			cJSON_Delete(made);
			return -1;
		}
		cfn_add(made, value);
	}
	*out = made;
	return 0;
}

int
cfn_resolve(struct cfn_scope *s, const cJSON *v, cJSON **out)
{
	int status = 0;
	*out = NULL;
	if (++s->depth > 2 * CFN_DEPTH)
		status = cfn_refuse(
		    s->why, "Template error: functions nested too deeply");
	else if (++s->work > CFN_WORK)
		status = cfn_refuse(s->why,
		    "Template error: more than %d values to resolve", CFN_WORK);
	else if (cJSON_IsObject(v))
		status = object(s, v, out);
	else if (cJSON_IsArray(v))
		status = array(s, v, out);
	else
		*out = cfn_copy(v);
	s->depth--;
	return status;
}

const char *
cfn_resolve_text(
    struct cfn_scope *s, const cJSON *v, const char *what, cJSON **hold)
{
	if (cfn_resolve(s, v, hold) != 0)
		return NULL;
	const char *text = *hold == NULL ? "" : cfn_text(*hold);
	if (text == NULL)
		cfn_refuse(s->why,
		    "Template error: %s wants a string where a list or an "
		    "object stands",
		    what);
	return text;
}

/* What stands where a condition is wanted. */
static int
met(struct cfn_scope *s, const cJSON *v)
{
	const cJSON *only = cJSON_IsObject(v) ? v->child : NULL;
	cJSON *value = NULL;
	if (only != NULL && only->next == NULL &&
	    strcmp(only->string, "Condition") == 0 && cJSON_IsString(only))
		return cfn_condition(s, only->valuestring);
	if (cfn_resolve(s, v, &value) != 0)
		return -1;
	const char *text = cfn_text(value);
	int is = text == NULL ? -1 : strcmp(text, "true") == 0;
	if (text == NULL || (is == 0 && strcmp(text, "false") != 0))
		is = cfn_refuse(s->why, "Template format error: Conditions "
					"can only be boolean operations on "
					"parameters and other conditions");
	cJSON_Delete(value);
	return is;
}

int
cfn_condition(struct cfn_scope *s, const char *name)
{
	const cJSON *known = cfn_get(s->met, name);
	const cJSON *v = cfn_get(s->t->conditions, name);
	if (known != NULL)
		return cJSON_IsNull(known)
			   ? cfn_refuse(s->why,
				 "Template format error: Circular dependency "
				 "of condition %.200s",
				 name)
			   : cJSON_IsTrue(known);
	if (v == NULL)
		return cfn_refuse(s->why,
		    "Template error: unresolved condition dependency %.200s",
		    name);
	cfn_put(s->met, name, cJSON_CreateNull()); /* being asked */
	int is = met(s, v);
	if (is >= 0)
		cfn_put(s->met, name, cJSON_CreateBool(is));
	return is;
}

int
cfn_active(struct cfn_scope *s, const cJSON *member)
{
	const char *name = cfn_get_text(member, "Condition");
	return name == NULL ? 1 : cfn_condition(s, name);
}
