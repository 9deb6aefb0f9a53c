/*
 * Source: CloudFormation Template Reference, AWS::Events.
 */
#include <stdlib.h>
#include <string.h>

#include "cfn_type.h"
#include "mem.h"

static const struct cfn_property rule[] = {
    {"Name", NULL, CFN_TEXT, CFN_NEW, NULL},
    {"EventBusName", NULL, CFN_TEXT, CFN_NEW, NULL},
    {"Description", NULL, CFN_TEXT, 0, NULL},
    {"EventPattern", NULL, CFN_JSON, 0, NULL},
    {"ScheduleExpression", NULL, CFN_TEXT, 0, NULL},
    {"RoleArn", NULL, CFN_TEXT, 0, NULL},
    {"State", NULL, CFN_TEXT, 0, NULL},
    {"Targets", "", CFN_ANY, 0, NULL},
    {"Tags", NULL, CFN_TAGS, CFN_ONCE, NULL},
    {NULL, NULL, CFN_ANY, 0, NULL},
};

static const struct cfn_attribute rule_attributes[] = {
    {"Arn", NULL},
    {NULL, NULL},
};

static const struct cfn_property bus[] = {
    {"Name", NULL, CFN_TEXT, CFN_NEW | CFN_MUST, NULL},
    {"Description", NULL, CFN_TEXT, 0, ""},
    {"KmsKeyIdentifier", NULL, CFN_TEXT, 0, ""},
    {"DeadLetterConfig", NULL, CFN_ANY, 0, NULL},
    {"Tags", NULL, CFN_TAGS, CFN_ONCE, NULL},
    {NULL, NULL, CFN_ANY, 0, NULL},
};

static const struct cfn_attribute bus_attributes[] = {
    {"Arn", "Arn"},
    {"Name", "="},
    {NULL, NULL},
};

/* The rule, by the parameter that an operation calls it. */
static cJSON *
of_rule(const struct cfn_act *a, const char *name)
{
	const char *bus_name =
	    cfn_get_text(a->now == NULL ? a->before : a->now, "EventBusName");
	cJSON *params = cfn_one(name, a->name);
	cfn_put_text(params, "EventBusName", bus_name);
	return params;
}

static int
put_rule(struct cfn_act *a)
{
	cJSON *params = cfn_params(a, true), *reply = NULL;
	if (a->before != NULL)
		cJSON_DeleteItemFromObjectCaseSensitive(params, "Tags");
	if (cfn_call(a, "events", "PutRule", params, &reply) != 0)
		return -1;
	cfn_put(a->attributes, "Arn", cfn_copy(cfn_get(reply, "RuleArn")));
	cJSON_Delete(reply);
	return 0;
}

static int
make_rule(struct cfn_act *a)
{
	const char *bus_name = cfn_get_text(a->now, "EventBusName");
	cJSON *reply = NULL;
	int found =
	    cfn_call(a, "events", "DescribeRule", of_rule(a, "Name"), &reply);
	cJSON_Delete(reply);
	if (found == 0)
		return cfn_fails(a,
		    "Resource of type 'AWS::Events::Rule' with identifier "
		    "'%.300s' already exists.",
		    a->name);
	if (!cfn_is_gone(a))
		return -1;
	buf_reset(a->why);
	if (put_rule(a) != 0)
		return -1;
	a->id = bus_name == NULL || strcmp(bus_name, "default") == 0
		    ? mem_text(a->name)
		    : mem_format("%s|%s", bus_name, a->name);
	return 0;
}

/* Calls about targets answer 200 and tell what failed inside. */
static int
call_targets(struct cfn_act *a, const char *operation, cJSON *params)
{
	cJSON *reply = NULL;
	if (cfn_call(a, "events", operation, params, &reply) != 0)
		return -1;
	const cJSON *failed = cfn_path(reply, "FailedEntries.0");
	int status = 0;
	if (failed != NULL) {
		const char *id = cfn_get_text(failed, "TargetId");
		const char *message = cfn_get_text(failed, "ErrorMessage");
		status =
		    cfn_fails(a, "%s of target %.64s failed: %.512s", operation,
			id == NULL ? "" : id, message == NULL ? "" : message);
	}
	cJSON_Delete(reply);
	return status;
}

static int
remove_targets(struct cfn_act *a, const cJSON *targets)
{
	cJSON *ids = cJSON_CreateArray();
	const cJSON *c = targets == NULL ? NULL : targets->child;
	for (; c != NULL; c = c->next)
		cfn_add(ids, cfn_copy(cfn_get(c, "Id")));
	if (ids->child == NULL) {
		cJSON_Delete(ids);
		return 0;
	}
	cJSON *params = of_rule(a, "Rule");
	cfn_put(params, "Ids", ids);
	return call_targets(a, "RemoveTargets", params);
}

static int
settle_rule(struct cfn_act *a)
{
	const cJSON *now = cfn_get(a->now, "Targets");
	cJSON *gone = cJSON_CreateArray();
	const cJSON *before = cfn_get(a->before, "Targets");
	const cJSON *c = before == NULL ? NULL : before->child;
	for (; c != NULL; c = c->next) {
		const cJSON *d = now == NULL ? NULL : now->child;
		while (
		    d != NULL && !cfn_same(cfn_get(c, "Id"), cfn_get(d, "Id")))
			d = d->next;
		if (d == NULL)
			cfn_add(gone, cfn_copy(c));
	}
	int status = remove_targets(a, gone);
	cJSON_Delete(gone);
	if (status != 0 || now == NULL || now->child == NULL)
		return status;
	cJSON *params = of_rule(a, "Rule");
	cfn_put(params, "Targets", cfn_copy(now));
	return call_targets(a, "PutTargets", params);
}

static int
unmake_rule(struct cfn_act *a)
{
	if (remove_targets(a, cfn_get(a->before, "Targets")) != 0)
		return -1;
	return cfn_call(a, "events", "DeleteRule", of_rule(a, "Name"), NULL);
}

const struct cfn_type cfn_types_events[] = {
    {.name = "AWS::Events::Rule",
	.service = "events",
	.property = rule,
	.attribute = rule_attributes,
	.named = "Name",
	.name_max = 64,
	.tag = "TagResource",
	.untag = "UntagResource",
	.tag_key = "ResourceARN",
	.tag_of = "Arn",
	.make = make_rule,
	.change = put_rule,
	.settle = settle_rule,
	.unmake = unmake_rule},
    {.name = "AWS::Events::EventBus",
	.service = "events",
	.property = bus,
	.attribute = bus_attributes,
	.named = "Name",
	.create = "CreateEventBus",
	.id = "$",
	.update = "UpdateEventBus",
	.remove = "DeleteEventBus",
	.key = "Name",
	.read = "DescribeEventBus",
	.tag = "TagResource",
	.untag = "UntagResource",
	.tag_key = "ResourceARN",
	.tag_of = "Arn"},
    {.name = NULL},
};
