/*
 * Source: CloudFormation Template Reference, AWS::IAM.
 */
#include <stdlib.h>
#include <string.h>

#include "cfn_type.h"
#include "mem.h"

static const struct cfn_property role[] = {
    {"RoleName", NULL, CFN_TEXT, CFN_NEW, NULL},
    {"Path", NULL, CFN_TEXT, CFN_NEW, NULL},
    {"AssumeRolePolicyDocument", NULL, CFN_JSON, CFN_MUST, NULL},
    {"Description", NULL, CFN_TEXT, 0, ""},
    {"MaxSessionDuration", NULL, CFN_NUMBER, 0, "3600"},
    {"PermissionsBoundary", NULL, CFN_TEXT, CFN_ONCE, NULL},
    {"Policies", "", CFN_ANY, 0, NULL},
    {"ManagedPolicyArns", "", CFN_ANY, 0, NULL},
    {"Tags", NULL, CFN_TAGS, CFN_ONCE, NULL},
    {NULL, NULL, CFN_ANY, 0, NULL},
};

static const struct cfn_attribute role_attributes[] = {
    {"Arn", "Role.Arn"},
    {"RoleId", "Role.RoleId"},
    {NULL, NULL},
};

static const struct cfn_property inline_policy[] = {
    {"PolicyName", "", CFN_TEXT, CFN_MUST, NULL},
    {"PolicyDocument", "", CFN_JSON, CFN_MUST, NULL},
    {"Roles", "", CFN_ANY, 0, NULL},
    {NULL, NULL, CFN_ANY, 0, NULL},
};

static const struct cfn_attribute inline_attributes[] = {
    {"Id", "="},
    {NULL, NULL},
};

static const struct cfn_property managed[] = {
    {"ManagedPolicyName", "PolicyName", CFN_TEXT, CFN_NEW, NULL},
    {"Description", NULL, CFN_TEXT, CFN_NEW, NULL},
    {"Path", NULL, CFN_TEXT, CFN_NEW, NULL},
    {"PolicyDocument", NULL, CFN_JSON, CFN_MUST, NULL},
    {"Roles", "", CFN_ANY, 0, NULL},
    {NULL, NULL, CFN_ANY, 0, NULL},
};

static const struct cfn_attribute managed_attributes[] = {
    {"PolicyArn", "="},
    {"PolicyId", "Policy.PolicyId"},
    {"DefaultVersionId", "Policy.DefaultVersionId"},
    {NULL, NULL},
};

/* operation of `name`: value, for the role. */
static int
on_role(struct cfn_act *a, const char *operation, const char *role_name,
    const char *name, const char *value)
{
	cJSON *params = cfn_one("RoleName", role_name);
	cfn_put_text(params, name, value);
	return cfn_call(a, "iam", operation, params, NULL);
}

static int
put_policy(struct cfn_act *a, const char *role_name, const cJSON *policy)
{
	cJSON *params = cfn_one("RoleName", role_name);
	cfn_put(params, "PolicyName", cfn_copy(cfn_get(policy, "PolicyName")));
	cfn_put(params, "PolicyDocument",
	    cfn_document(cfn_get(policy, "PolicyDocument")));
	return cfn_call(a, "iam", "PutRolePolicy", params, NULL);
}

/* One that is already gone is no failure. */
static int
gone(struct cfn_act *a, int status)
{
	if (status == 0 || !cfn_is_gone(a))
		return status;
	buf_reset(a->why);
	return 0;
}

static const cJSON *
policy_like(const cJSON *list, const cJSON *like)
{
	const cJSON *c = list == NULL ? NULL : list->child;
	while (c != NULL &&
	       !cfn_same(cfn_get(c, "PolicyName"), cfn_get(like, "PolicyName")))
		c = c->next;
	return c;
}

static int
set_policies(struct cfn_act *a)
{
	const cJSON *now = cfn_get(a->now, "Policies"), *c;
	const cJSON *before = cfn_get(a->before, "Policies");
	for (c = before == NULL ? NULL : before->child; c != NULL; c = c->next)
		if (policy_like(now, c) == NULL &&
		    gone(a, on_role(a, "DeleteRolePolicy", a->id, "PolicyName",
				cfn_get_text(c, "PolicyName"))) != 0)
			return -1;
	for (c = now == NULL ? NULL : now->child; c != NULL; c = c->next)
		if (!cfn_same(c, policy_like(before, c)) &&
		    put_policy(a, a->id, c) != 0)
			return -1;
	return 0;
}

/* Attach to and detach from as now's list and before's differ. */
static int
set_list(struct cfn_act *a, const char *list,
    int (*attach)(struct cfn_act *a, const char *one, bool on))
{
	const cJSON *now = cfn_get(a->now, list);
	const cJSON *before = cfn_get(a->before, list);
	cJSON *off = cfn_dropped(before, now), *on = cfn_dropped(now, before);
	int status = 0;
	const cJSON *c;
	for (c = off->child; c != NULL && status == 0; c = c->next)
		status = gone(a, attach(a, cfn_text(c), false));
	for (c = on->child; c != NULL && status == 0; c = c->next)
		status = attach(a, cfn_text(c), true);
	cJSON_Delete(off);
	cJSON_Delete(on);
	return status;
}

static int
attach_managed(struct cfn_act *a, const char *arn, bool on)
{
	return on_role(a, on ? "AttachRolePolicy" : "DetachRolePolicy", a->id,
	    "PolicyArn", arn);
}

static int
settle_role(struct cfn_act *a)
{
	return set_policies(a) != 0
		   ? -1
		   : set_list(a, "ManagedPolicyArns", attach_managed);
}

static int
change_role(struct cfn_act *a)
{
	const cJSON *trust = cfn_get(a->now, "AssumeRolePolicyDocument");
	const char *boundary = cfn_get_text(a->now, "PermissionsBoundary");
	if (!cfn_same(trust, cfn_get(a->before, "AssumeRolePolicyDocument"))) {
		cJSON *params = cfn_one("RoleName", a->id);
		cfn_put(params, "PolicyDocument", cfn_document(trust));
		if (cfn_call(
			a, "iam", "UpdateAssumeRolePolicy", params, NULL) != 0)
			return -1;
	}
	if (!cfn_same(cfn_get(a->now, "PermissionsBoundary"),
		cfn_get(a->before, "PermissionsBoundary")) &&
	    on_role(a,
		boundary == NULL ? "DeleteRolePermissionsBoundary"
				 : "PutRolePermissionsBoundary",
		a->id, "PermissionsBoundary", boundary) != 0)
		return -1;
	cJSON *params = cfn_params(a, false);
	cJSON_DeleteItemFromObjectCaseSensitive(
	    params, "AssumeRolePolicyDocument");
	cfn_put_text(params, "RoleName", a->id);
	return cfn_call(a, "iam", "UpdateRole", params, NULL);
}

static int
attach_inline(struct cfn_act *a, const char *role_name, bool on)
{
	return on ? put_policy(a, role_name, a->now)
		  : on_role(a, "DeleteRolePolicy", role_name, "PolicyName",
			cfn_get_text(a->before, "PolicyName"));
}

static int
settle_inline(struct cfn_act *a)
{
	const cJSON *roles = cfn_get(a->now, "Roles");
	if (a->now != NULL && (roles == NULL || roles->child == NULL))
		return cfn_fails(a, "At least one of [Groups,Roles,Users] must "
				    "be non-empty.");
	const char *before = cfn_get_text(a->before, "PolicyName");
	const char *name = cfn_get_text(a->now, "PolicyName");
	if (set_list(a, "Roles", attach_inline) != 0)
		return -1;
	/* Roles that stay: another document, perhaps by another name. */
	const cJSON *c =
	    roles == NULL || a->before == NULL ? NULL : roles->child;
	for (; c != NULL; c = c->next) {
		if (put_policy(a, cfn_text(c), a->now) != 0)
			return -1;
		if (strcmp(before, name) != 0 &&
		    gone(a, on_role(a, "DeleteRolePolicy", cfn_text(c),
				"PolicyName", before)) != 0)
			return -1;
	}
	return 0;
}

static int
attach_role(struct cfn_act *a, const char *role_name, bool on)
{
	return on_role(a, on ? "AttachRolePolicy" : "DetachRolePolicy",
	    role_name, "PolicyArn", a->id);
}

static int
settle_managed(struct cfn_act *a)
{
	return set_list(a, "Roles", attach_role);
}

/* A policy keeps five versions: the one before is dropped. */
static int
change_managed(struct cfn_act *a)
{
	const cJSON *document = cfn_get(a->now, "PolicyDocument");
	const char *old = cfn_get_text(a->attributes, "DefaultVersionId");
	if (cfn_same(document, cfn_get(a->before, "PolicyDocument")))
		return 0;
	cJSON *params = cfn_one("PolicyArn", a->id);
	cfn_put(params, "PolicyDocument", cfn_document(document));
	cfn_put(params, "SetAsDefault", cJSON_CreateTrue());
	if (cfn_call(a, "iam", "CreatePolicyVersion", params, NULL) != 0)
		return -1;
	if (old == NULL)
		return 0;
	params = cfn_one("PolicyArn", a->id);
	cfn_put_text(params, "VersionId", old);
	return gone(a, cfn_call(a, "iam", "DeletePolicyVersion", params, NULL));
}

const struct cfn_type cfn_types_iam[] = {
    {.name = "AWS::IAM::Role",
	.service = "iam",
	.property = role,
	.attribute = role_attributes,
	.named = "RoleName",
	.name_max = 64,
	.create = "CreateRole",
	.id = "$",
	.remove = "DeleteRole",
	.key = "RoleName",
	.read = "GetRole",
	.tag = "TagRole",
	.untag = "UntagRole",
	.tag_key = "RoleName",
	.tag_of = "=",
	.change = change_role,
	.settle = settle_role,
	.unmake = settle_role},
    {.name = "AWS::IAM::Policy",
	.service = "iam",
	.property = inline_policy,
	.attribute = inline_attributes,
	.settle = settle_inline,
	.unmake = settle_inline},
    {.name = "AWS::IAM::ManagedPolicy",
	.service = "iam",
	.property = managed,
	.attribute = managed_attributes,
	.named = "ManagedPolicyName",
	.name_max = 128,
	.create = "CreatePolicy",
	.id = "Policy.Arn",
	.remove = "DeletePolicy",
	.key = "PolicyArn",
	.read = "GetPolicy",
	.change = change_managed,
	.settle = settle_managed,
	.unmake = settle_managed},
    {.name = NULL},
};
