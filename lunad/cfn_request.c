#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cfn_stack.h"

int
cfn_invalid(struct request *r, const char *format, ...)
{
	char text[2048];
	va_list ap;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	return fail(r, 400, "ValidationError", "%s", text);
}

int
cfn_fail(struct request *r, struct buf *why)
{
	fail(r, 400, "ValidationError", "%s", buf_text(why));
	buf_clear(why);
	return ANSWER_ERROR;
}

int
cfn_name_check(struct request *r, const char *name, const char *member)
{
	size_t n = 0;
	if (name == NULL)
		return cfn_invalid(r,
		    "1 validation error detected: Value null at '%s' failed to "
		    "satisfy constraint: Member must not be null",
		    member);
	while (isalnum((unsigned char)name[n]) || name[n] == '-')
		n++;
	if (isalpha((unsigned char)name[0]) && name[n] == '\0' && n <= 128)
		return 0;
	if (n > 128)
		return cfn_invalid(r,
		    "1 validation error detected: Value '%.300s' at '%s' "
		    "failed to satisfy constraint: Member must have length "
		    "less than or equal to 128",
		    name, member);
	return cfn_invalid(r,
	    "1 validation error detected: Value '%.300s' at '%s' failed to "
	    "satisfy constraint: Member must satisfy regular expression "
	    "pattern: [a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/._+]*",
	    name, member);
}

struct cfn_stack *
cfn_stack_asked(struct request *r, const char *said)
{
	const char *name = param(r, "StackName");
	if (name == NULL) {
		cfn_invalid(r,
		    "1 validation error detected: Value null at 'stackName' "
		    "failed to satisfy constraint: Member must not be null");
		return NULL;
	}
	struct cfn_stack *s = cfn_stack_find(r, name);
	if (s == NULL) {
		const char *at = strstr(said, "NAME");
		cfn_invalid(
		    r, "%.*s%.300s%s", (int)(at - said), said, name, at + 4);
	}
	return s;
}

const char *
cfn_body(struct request *r, const char *previous)
{
	const char *body = param(r, "TemplateBody");
	const char *url = param(r, "TemplateURL");
	if (previous != NULL && param_bool(r, "UsePreviousTemplate", false)) {
		if (body == NULL && url == NULL)
			return previous;
		cfn_invalid(r, "Specify either a template or "
			       "UsePreviousTemplate, not both.");
		return NULL;
	}
	if (url != NULL) {
		cfn_invalid(r, "TemplateURL must be a supported URL.");
		return NULL;
	}
	if (body == NULL || body[0] == '\0') {
		cfn_invalid(r, "Either Template URL or Template Body must be "
			       "specified.");
		return NULL;
	}
	if (strlen(body) > CFN_BODY) {
		fail(r, 400, "ValidationError",
		    "1 validation error detected: Value '%s' at 'templateBody' "
		    "failed to satisfy constraint: Member must have length "
		    "less than or equal to 51200",
		    body);
		return NULL;
	}
	return body;
}

static bool
listed(struct json list, const char *text)
{
	struct json_iter it;
	struct json one;
	json_each(list, &it);
	while (json_next(&it, NULL, &one))
		if (json_is(one, text))
			return true;
	return false;
}

int
cfn_capability_check(struct request *r, const struct cfn_template *t)
{
	const char *type = NULL;
	const char *need = cfn_template_capability(t, &type);
	struct json has = param_json(r, "Capabilities");
	if (need == NULL || listed(has, "CAPABILITY_NAMED_IAM") ||
	    listed(has, need))
		return 0;
	return fail(r, 400, "InsufficientCapabilitiesException",
	    "Requires capabilities : [%s]", need);
}

/* "AWS::SNS::*" and the like. */
static int
check_types(struct request *r, const struct cfn_template *t)
{
	struct json list = param_json(r, "ResourceTypes"), one;
	struct json_iter it;
	struct buf names = {0};
	if (list.type != JSON_ARRAY || json_count(list) == 0)
		return 0;
	const cJSON *c = t->resources->child;
	bool good = true;
	const char *type = NULL;
	for (; c != NULL && good; c = c->next) {
		type = cfn_get_text(c, "Type");
		good = false;
		json_each(list, &it);
		while (json_next(&it, NULL, &one)) {
			const char *allowed = param_text(r, one, NULL);
			size_t n = strcspn(allowed, "*");
			good = good || strcmp(allowed, type) == 0 ||
			       (allowed[n] == '*' && n > 1 &&
				   strncmp(allowed + n - 2, "::", 2) == 0 &&
				   strncmp(allowed, type, n) == 0);
		}
	}
	if (good)
		return 0;
	json_each(list, &it);
	while (json_next(&it, NULL, &one))
		buf_addf(&names, "%s%.200s", names.len > 0 ? ", " : "",
		    param_text(r, one, NULL));
	cfn_invalid(r,
	    "Resource type %s is not allowed by parameter ResourceTypes [%s]",
	    type, buf_text(&names));
	buf_clear(&names);
	return ANSWER_ERROR;
}

static int
check_tags(struct request *r, const cJSON *tags)
{
	for (const cJSON *c = tags->child; c != NULL; c = c->next) {
		const char *key = cfn_get_text(c, "Key");
		if (key == NULL || key[0] == '\0' ||
		    cfn_get_text(c, "Value") == NULL)
			return cfn_invalid(
			    r, "Tags must have a Key and a Value.");
		if (strncmp(key, "aws:", 4) == 0)
			return cfn_invalid(r, "aws: prefixed tag key names are "
					      "not allowed for external use.");
	}
	return 0;
}

/* What lunad has not is refused, lest it seem to be in force. */
static int
check_unserved(struct request *r)
{
	static const char *const none[] = {"StackPolicyBody", "StackPolicyURL",
	    "StackPolicyDuringUpdateBody", "StackPolicyDuringUpdateURL",
	    "ResourcesToImport", NULL};
	for (size_t i = 0; none[i] != NULL; i++)
		if (param_json(r, none[i]).type != JSON_NONE)
			return cfn_invalid(
			    r, "lunad does not have %s.", none[i]);
	struct json triggers = json_get(
	    param_json(r, "RollbackConfiguration"), "RollbackTriggers");
	if (json_count(triggers) > 0)
		return cfn_invalid(r, "lunad does not watch RollbackTriggers.");
	if (param_bool(r, "ImportExistingResources", false))
		return cfn_invalid(
		    r, "lunad does not have ImportExistingResources.");
	return 0;
}

static int
check_role(struct request *r)
{
	const char *arn = param(r, "RoleARN");
	const char *name = arn == NULL ? NULL : strrchr(arn, '/');
	struct buf out = {0};
	if (arn == NULL)
		return 0;
	cJSON *params = cfn_one("RoleName", name == NULL ? arn : name + 1);
	char *text = cfn_print(params);
	cJSON_Delete(params);
	int status = lunad_call(r->lunad, r->region, "iam", "GetRole", text,
	    strlen(text), &out, NULL);
	free(text);
	buf_clear(&out);
	if (status == 0)
		return 0;
	return cfn_invalid(
	    r, "Role %.300s is invalid or cannot be assumed", arn);
}

int
cfn_about_take(struct request *r, cJSON *about)
{
	static const char *const lists[] = {
	    "Tags", "Capabilities", "NotificationARNs", NULL};
	static const char *const words[] = {
	    "OnFailure", "RoleARN", "TimeoutInMinutes", NULL};
	if (check_unserved(r) < 0 || check_role(r) < 0)
		return -1;
	for (size_t i = 0; lists[i] != NULL; i++) {
		struct json v = param_json(r, lists[i]);
		if (v.type == JSON_ARRAY)
			cfn_put(about, lists[i], cfn_tree(v));
		else if (v.type == JSON_STRING ||
			 cfn_get(about, lists[i]) == NULL)
			cfn_put(about, lists[i], cJSON_CreateArray());
	}
	if (check_tags(r, cfn_get(about, "Tags")) < 0)
		return -1;
	for (size_t i = 0; words[i] != NULL; i++)
		cfn_put_text(about, words[i], param(r, words[i]));
	struct json v = param_json(r, "DisableRollback");
	if (v.type != JSON_NONE)
		cfn_put(
		    about, "DisableRollback", cJSON_CreateBool(json_true(v)));
	v = param_json(r, "EnableTerminationProtection");
	if (v.type != JSON_NONE)
		cfn_put(about, "EnableTerminationProtection",
		    cJSON_CreateBool(json_true(v)));
	cJSON_DeleteItemFromObjectCaseSensitive(about, "ClientRequestToken");
	cfn_put_text(
	    about, "ClientRequestToken", param(r, "ClientRequestToken"));
	return 0;
}

int
cfn_stack_take(struct request *r, struct cfn_stack *s)
{
	struct buf why = {0};
	struct cfn_template t;
	const char *body = cfn_body(r, s->body[0] == '\0' ? NULL : s->body);
	if (body == NULL)
		return -1;
	if (cfn_template_read(&t, body, strlen(body), &why) != 0)
		return cfn_fail(r, &why);
	int status = cfn_capability_check(r, &t);
	if (status == 0)
		status = check_types(r, &t);
	if (status == 0)
		status = cfn_about_take(r, s->about);
	cJSON *values =
	    status != 0 ? NULL
			: cfn_parameter_values(&t, param_json(r, "Parameters"),
			      s->body[0] == '\0' ? NULL : s->values, &why);
	if (values != NULL)
		cfn_stack_set(s, body, values);
	cfn_template_clear(&t);
	if (status == 0 && values == NULL)
		return cfn_fail(r, &why);
	buf_clear(&why);
	return status;
}

/* AWS's list of states in which a stack may be changed. */
int
cfn_stack_ready(struct request *r, const struct cfn_stack *s)
{
	static const char *const ready[] = {"CREATE_COMPLETE",
	    "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE",
	    "IMPORT_ROLLBACK_COMPLETE", NULL};
	size_t i = 0;
	while (ready[i] != NULL && strcmp(ready[i], s->status) != 0)
		i++;
	if (ready[i] != NULL && s->deleted_ms == 0)
		return 0;
	return cfn_invalid(r, "Stack:%s is in %s state and can not be updated.",
	    s->id, s->status);
}
