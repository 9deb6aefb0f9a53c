/*
 * Source: CloudFormation Template Reference, AWS::DynamoDB::Table.
 */
#include <string.h>

#include "cfn_type.h"
#include "mem.h"

static const struct cfn_property table[] = {
    {"TableName", NULL, CFN_TEXT, CFN_NEW, NULL},
    {"AttributeDefinitions", NULL, CFN_ANY, 0, NULL},
    {"KeySchema", NULL, CFN_ANY, CFN_NEW | CFN_MUST, NULL},
    {"LocalSecondaryIndexes", NULL, CFN_ANY, CFN_NEW, NULL},
    {"GlobalSecondaryIndexes", "", CFN_ANY, 0, NULL},
    {"BillingMode", NULL, CFN_TEXT, 0, "PROVISIONED"},
    {"ProvisionedThroughput", "", CFN_ANY, 0, NULL},
    {"OnDemandThroughput", "", CFN_ANY, 0, NULL},
    {"StreamSpecification", "", CFN_ANY, 0, NULL},
    {"SSESpecification", "", CFN_ANY, 0, NULL},
    {"TableClass", NULL, CFN_TEXT, 0, "STANDARD"},
    {"DeletionProtectionEnabled", NULL, CFN_BOOL, 0, NULL},
    {"TimeToLiveSpecification", "", CFN_ANY, 0, NULL},
    {"PointInTimeRecoverySpecification", "", CFN_ANY, 0, NULL},
    {"Tags", NULL, CFN_TAGS, CFN_ONCE, NULL},
    {NULL, NULL, CFN_ANY, 0, NULL},
};

static const struct cfn_attribute attributes[] = {
    {"Arn", "Table.TableArn"},
    {"StreamArn", "Table.LatestStreamArn"},
    {NULL, NULL},
};

/* Text where DynamoDB wants numbers and truth values; the template may have
 * them from parameters. */
static void
retype(cJSON *v)
{
	static const char *const numbers[] = {"ReadCapacityUnits",
	    "WriteCapacityUnits", "MaxReadRequestUnits", "MaxWriteRequestUnits",
	    "RecoveryPeriodInDays", NULL};
	for (cJSON *c = v->child, *next; c != NULL; c = next) {
		next = c->next;
		retype(c);
		if (!cJSON_IsString(c) || c->string == NULL)
			continue;
		size_t i = 0;
		while (numbers[i] != NULL && strcmp(numbers[i], c->string) != 0)
			i++;
		bool truth = strstr(c->string, "Enabled") != NULL;
		if (numbers[i] != NULL)
			cJSON_ReplaceItemInObjectCaseSensitive(
			    v, c->string, cJSON_CreateRaw(c->valuestring));
		else if (truth)
			cJSON_ReplaceItemInObjectCaseSensitive(
			    v, c->string, cJSON_CreateBool(cfn_true(c)));
	}
}

static cJSON *
retyped(const cJSON *v)
{
	cJSON *copy = cfn_copy(v);
	if (copy != NULL)
		retype(copy);
	return copy;
}

static cJSON *
stream(const cJSON *v, const cJSON *before)
{
	cJSON *out = v == NULL ? cJSON_CreateObject() : cfn_copy(v);
	if (v == NULL && before == NULL) {
		cJSON_Delete(out);
		return NULL;
	}
	cJSON_DeleteItemFromObjectCaseSensitive(out, "ResourcePolicy");
	cfn_put(out, "StreamEnabled", cJSON_CreateBool(v != NULL));
	return out;
}

static cJSON *
encryption(const cJSON *v, const cJSON *before)
{
	if (v == NULL && before == NULL)
		return NULL;
	cJSON *out = cJSON_CreateObject();
	cfn_put(out, "Enabled",
	    cJSON_CreateBool(cfn_true(cfn_get(v, "SSEEnabled"))));
	cfn_put(out, "SSEType", cfn_copy(cfn_get(v, "SSEType")));
	cfn_put(out, "KMSMasterKeyId", cfn_copy(cfn_get(v, "KMSMasterKeyId")));
	return out;
}

/* What another value than before's was given to. */
static const cJSON *
changed(const struct cfn_act *a, const char *name)
{
	const cJSON *v = cfn_get(a->now, name);
	if (a->before != NULL && cfn_same(v, cfn_get(a->before, name)))
		return NULL;
	return v;
}

static int
make(struct cfn_act *a)
{
	cJSON *params = cfn_params(a, true);
	cfn_put(params, "GlobalSecondaryIndexes",
	    retyped(cfn_get(a->now, "GlobalSecondaryIndexes")));
	cfn_put(params, "ProvisionedThroughput",
	    retyped(cfn_get(a->now, "ProvisionedThroughput")));
	cfn_put(params, "OnDemandThroughput",
	    retyped(cfn_get(a->now, "OnDemandThroughput")));
	cfn_put(params, "StreamSpecification",
	    stream(cfn_get(a->now, "StreamSpecification"), NULL));
	cfn_put(params, "SSESpecification",
	    encryption(cfn_get(a->now, "SSESpecification"), NULL));
	if (cfn_call(a, "dynamodb", "CreateTable", params, NULL) != 0)
		return -1;
	a->id = mem_text(a->name);
	return 0;
}

/* DynamoDB changes one index a call. */
static int
change_index(struct cfn_act *a, const char *how, cJSON *index)
{
	cJSON *params = cfn_one("TableName", a->id);
	cJSON *list = cJSON_CreateArray(), *one = cJSON_CreateObject();
	cfn_put(one, how, index);
	cfn_add(list, one);
	cfn_put(params, "GlobalSecondaryIndexUpdates", list);
	cfn_put(params, "AttributeDefinitions",
	    cfn_copy(cfn_get(a->now, "AttributeDefinitions")));
	return cfn_call(a, "dynamodb", "UpdateTable", params, NULL);
}

static const cJSON *
index_of(const cJSON *list, const cJSON *like)
{
	const cJSON *c = list == NULL ? NULL : list->child;
	while (c != NULL &&
	       !cfn_same(cfn_get(c, "IndexName"), cfn_get(like, "IndexName")))
		c = c->next;
	return c;
}

/* Is all but its throughput the same? */
static bool
same_keys(const cJSON *a, const cJSON *b)
{
	return cfn_same(cfn_get(a, "KeySchema"), cfn_get(b, "KeySchema")) &&
	       cfn_same(cfn_get(a, "Projection"), cfn_get(b, "Projection"));
}

static int
change_indexes(struct cfn_act *a)
{
	const cJSON *now = cfn_get(a->now, "GlobalSecondaryIndexes");
	const cJSON *before = cfn_get(a->before, "GlobalSecondaryIndexes");
	const cJSON *c = before == NULL ? NULL : before->child;
	for (; c != NULL; c = c->next) {
		const cJSON *same = index_of(now, c);
		if (same != NULL && same_keys(c, same))
			continue;
		if (change_index(a, "Delete",
			cfn_one("IndexName", cfn_get_text(c, "IndexName"))) !=
		    0)
			return -1;
	}
	for (c = now == NULL ? NULL : now->child; c != NULL; c = c->next) {
		const cJSON *same = index_of(before, c);
		int status = 0;
		if (same == NULL || !same_keys(c, same)) {
			status = change_index(a, "Create", retyped(c));
		} else if (!cfn_same(c, same)) {
			cJSON *one = retyped(c);
			cJSON_DeleteItemFromObjectCaseSensitive(
			    one, "KeySchema");
			cJSON_DeleteItemFromObjectCaseSensitive(
			    one, "Projection");
			status = change_index(a, "Update", one);
		}
		if (status != 0)
			return -1;
	}
	return 0;
}

static bool
differs(const struct cfn_act *a, const char *name)
{
	return !cfn_same(cfn_get(a->now, name), cfn_get(a->before, name));
}

/* UpdateTable refuses what is no change: pass on what differs. */
static int
change(struct cfn_act *a)
{
	cJSON *params = cJSON_CreateObject(), *all = cfn_params(a, false);
	const char *const plain[] = {
	    "BillingMode", "TableClass", "DeletionProtectionEnabled"};
	for (size_t i = 0; i < 3; i++)
		if (differs(a, plain[i]))
			cfn_put(
			    params, plain[i], cfn_copy(cfn_get(all, plain[i])));
	cJSON_Delete(all);
	cfn_put(params, "ProvisionedThroughput",
	    retyped(changed(a, "ProvisionedThroughput")));
	cfn_put(params, "OnDemandThroughput",
	    retyped(changed(a, "OnDemandThroughput")));
	if (differs(a, "StreamSpecification"))
		cfn_put(params, "StreamSpecification",
		    stream(cfn_get(a->now, "StreamSpecification"),
			cfn_get(a->before, "StreamSpecification")));
	if (differs(a, "SSESpecification"))
		cfn_put(params, "SSESpecification",
		    encryption(cfn_get(a->now, "SSESpecification"),
			cfn_get(a->before, "SSESpecification")));
	int status = 0;
	if (params->child != NULL) {
		cfn_put_text(params, "TableName", a->id);
		status = cfn_call(a, "dynamodb", "UpdateTable", params, NULL);
	} else {
		cJSON_Delete(params);
	}
	return status != 0 ? -1 : change_indexes(a);
}

static int
set_ttl(struct cfn_act *a)
{
	const cJSON *now = cfn_get(a->now, "TimeToLiveSpecification");
	const cJSON *before = cfn_get(a->before, "TimeToLiveSpecification");
	if (cfn_same(now, before))
		return 0;
	cJSON *params = cfn_one("TableName", a->id);
	cJSON *spec = retyped(now == NULL ? before : now);
	if (now == NULL)
		cfn_put(spec, "Enabled", cJSON_CreateFalse());
	else if (before == NULL && !cfn_true(cfn_get(spec, "Enabled"))) {
		cJSON_Delete(spec); /* as it is without one */
		cJSON_Delete(params);
		return 0;
	}
	cfn_put(params, "TimeToLiveSpecification", spec);
	return cfn_call(a, "dynamodb", "UpdateTimeToLive", params, NULL);
}

static int
set_backups(struct cfn_act *a)
{
	const cJSON *now = cfn_get(a->now, "PointInTimeRecoverySpecification");
	const cJSON *before =
	    cfn_get(a->before, "PointInTimeRecoverySpecification");
	if (cfn_same(now, before))
		return 0;
	cJSON *params = cfn_one("TableName", a->id);
	cJSON *spec = now == NULL ? cJSON_CreateObject() : retyped(now);
	if (now == NULL)
		cfn_put(
		    spec, "PointInTimeRecoveryEnabled", cJSON_CreateFalse());
	cfn_put(params, "PointInTimeRecoverySpecification", spec);
	return cfn_call(a, "dynamodb", "UpdateContinuousBackups", params, NULL);
}

static int
settle(struct cfn_act *a)
{
	return set_ttl(a) != 0 ? -1 : set_backups(a);
}

const struct cfn_type cfn_types_dynamodb[] = {
    {.name = "AWS::DynamoDB::Table",
	.service = "dynamodb",
	.property = table,
	.attribute = attributes,
	.named = "TableName",
	.name_max = 255,
	.create = "CreateTable",
	.remove = "DeleteTable",
	.key = "TableName",
	.read = "DescribeTable",
	.tag = "TagResource",
	.untag = "UntagResource",
	.tag_key = "ResourceArn",
	.tag_of = "Arn",
	.make = make,
	.change = change,
	.settle = settle},
    {.name = NULL},
};
