/*
 * Source: CloudFormation Template Reference, AWS::KMS.
 */
#include <string.h>

#include "cfn_type.h"

static const struct cfn_property key[] = {
    {"KeyPolicy", "Policy", CFN_JSON, 0, NULL},
    {"Description", NULL, CFN_TEXT, 0, NULL},
    {"KeySpec", NULL, CFN_TEXT, 0, NULL},
    {"KeyUsage", NULL, CFN_TEXT, 0, NULL},
    {"MultiRegion", NULL, CFN_BOOL, 0, NULL},
    {"Origin", NULL, CFN_TEXT, 0, NULL},
    {"BypassPolicyLockoutSafetyCheck", NULL, CFN_BOOL, 0, NULL},
    {"Enabled", "", CFN_BOOL, 0, NULL},
    {"EnableKeyRotation", "", CFN_BOOL, 0, NULL},
    {"RotationPeriodInDays", "", CFN_NUMBER, 0, NULL},
    {"PendingWindowInDays", "", CFN_NUMBER, 0, NULL},
    {"Tags", NULL, CFN_TAG_KMS, CFN_ONCE, NULL},
    {NULL, NULL, CFN_ANY, 0, NULL},
};

static const struct cfn_attribute key_attributes[] = {
    {"Arn", "KeyMetadata.Arn"},
    {"KeyId", "="},
    {NULL, NULL},
};

static const struct cfn_property alias[] = {
    {"AliasName", NULL, CFN_TEXT, CFN_NEW | CFN_MUST, NULL},
    {"TargetKeyId", NULL, CFN_TEXT, CFN_MUST, NULL},
    {NULL, NULL, CFN_ANY, 0, NULL},
};

static bool
differs(const struct cfn_act *a, const char *name)
{
	return !cfn_same(cfn_get(a->now, name), cfn_get(a->before, name));
}

static int
on_key(struct cfn_act *a, const char *operation, const char *name, cJSON *value)
{
	cJSON *params = cfn_one("KeyId", a->id);
	if (name != NULL)
		cfn_put(params, name, value);
	return cfn_call(a, "kms", operation, params, NULL);
}

static int
change_key(struct cfn_act *a)
{
	static const char *const fixed[] = {
	    "KeySpec", "KeyUsage", "MultiRegion", "Origin"};
	for (size_t i = 0; i < 4; i++)
		if (differs(a, fixed[i]))
			return cfn_fails(a,
			    "You cannot change the %s property of an existing "
			    "KMS key",
			    fixed[i]);
	const char *description = cfn_get_text(a->now, "Description");
	const cJSON *policy = cfn_get(a->now, "KeyPolicy");
	if (differs(a, "Description") &&
	    on_key(a, "UpdateKeyDescription", "Description",
		cfn_string(description == NULL ? "" : description)) != 0)
		return -1;
	if (policy == NULL || !differs(a, "KeyPolicy"))
		return 0;
	return on_key(a, "PutKeyPolicy", "Policy", cfn_document(policy));
}

/* A new key is enabled and does not rotate. */
static int
settle_key(struct cfn_act *a)
{
	const cJSON *enabled = cfn_get(a->now, "Enabled");
	const cJSON *was = cfn_get(a->before, "Enabled");
	const cJSON *period = cfn_get(a->now, "RotationPeriodInDays");
	bool on = enabled == NULL || cfn_true(enabled);
	bool rotate = cfn_true(cfn_get(a->now, "EnableKeyRotation"));
	bool rotated = cfn_true(cfn_get(a->before, "EnableKeyRotation"));
	if (on && was != NULL && !cfn_true(was) &&
	    on_key(a, "EnableKey", NULL, NULL) != 0)
		return -1;
	if (rotate && (!rotated || differs(a, "RotationPeriodInDays")) &&
	    on_key(a, "EnableKeyRotation",
		period == NULL ? NULL : "RotationPeriodInDays",
		period == NULL ? NULL : cJSON_CreateRaw(cfn_text(period))) != 0)
		return -1;
	if (!rotate && rotated &&
	    on_key(a, "DisableKeyRotation", NULL, NULL) != 0)
		return -1;
	if (!on && (was == NULL || cfn_true(was)))
		return on_key(a, "DisableKey", NULL, NULL);
	return 0;
}

/* Keys are not deleted, only on a day. One that waits for it is gone. */
static int
unmake_key(struct cfn_act *a)
{
	const char *days = cfn_get_text(a->before, "PendingWindowInDays");
	if (on_key(a, "ScheduleKeyDeletion", "PendingWindowInDays",
		cJSON_CreateRaw(days == NULL ? "30" : days)) == 0)
		return 0;
	if (strstr(buf_text(a->why), "pending deletion") == NULL)
		return -1;
	buf_reset(a->why);
	return 0;
}

const struct cfn_type cfn_types_kms[] = {
    {.name = "AWS::KMS::Key",
	.service = "kms",
	.property = key,
	.attribute = key_attributes,
	.create = "CreateKey",
	.id = "KeyMetadata.KeyId",
	.key = "KeyId",
	.read = "DescribeKey",
	.tag = "TagResource",
	.untag = "UntagResource",
	.tag_key = "KeyId",
	.tag_of = "=",
	.change = change_key,
	.settle = settle_key,
	.unmake = unmake_key},
    {.name = "AWS::KMS::Alias",
	.service = "kms",
	.property = alias,
	.named = "AliasName",
	.create = "CreateAlias",
	.id = "$",
	.update = "UpdateAlias",
	.remove = "DeleteAlias",
	.key = "AliasName"},
    {.name = NULL},
};
