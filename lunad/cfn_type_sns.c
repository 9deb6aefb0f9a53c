/*
 * Source: CloudFormation Template Reference, AWS::SNS.
 */
#include <stdlib.h>
#include <string.h>

#include "cfn_type.h"
#include "mem.h"

static const struct cfn_property topic[] = {
    {"TopicName", "Name", CFN_TEXT, CFN_NEW, NULL},
    {"FifoTopic", "Attributes.FifoTopic", CFN_TEXT, CFN_NEW | CFN_TRUE, NULL},
    {"ContentBasedDeduplication", "Attributes.ContentBasedDeduplication",
	CFN_TEXT, 0, "false"},
    {"DisplayName", "Attributes.DisplayName", CFN_TEXT, 0, ""},
    {"KmsMasterKeyId", "Attributes.KmsMasterKeyId", CFN_TEXT, 0, ""},
    {"SignatureVersion", "Attributes.SignatureVersion", CFN_TEXT, 0, "1"},
    {"TracingConfig", "Attributes.TracingConfig", CFN_TEXT, 0, "PassThrough"},
    {"FifoThroughputScope", "Attributes.FifoThroughputScope", CFN_TEXT, 0,
	NULL},
    {"Subscription", "", CFN_ANY, 0, NULL},
    {"Tags", NULL, CFN_TAGS, CFN_ONCE, NULL},
    {NULL, NULL, CFN_ANY, 0, NULL},
};

static const struct cfn_attribute topic_attributes[] = {
    {"TopicArn", "="},
    {"TopicName", "$"},
    {NULL, NULL},
};

static const struct cfn_property subscription[] = {
    {"TopicArn", NULL, CFN_TEXT, CFN_NEW | CFN_MUST, NULL},
    {"Protocol", NULL, CFN_TEXT, CFN_NEW | CFN_MUST, NULL},
    {"Endpoint", NULL, CFN_TEXT, CFN_NEW, NULL},
    {"DeliveryPolicy", "Attributes.DeliveryPolicy", CFN_JSON, 0, ""},
    {"FilterPolicy", "Attributes.FilterPolicy", CFN_JSON, 0, "{}"},
    {"FilterPolicyScope", "Attributes.FilterPolicyScope", CFN_TEXT, 0,
	"MessageAttributes"},
    {"RawMessageDelivery", "Attributes.RawMessageDelivery", CFN_TEXT, 0,
	"false"},
    {"RedrivePolicy", "Attributes.RedrivePolicy", CFN_JSON, 0, ""},
    {"Region", "", CFN_TEXT, 0, NULL},
    {"SubscriptionRoleArn", "Attributes.SubscriptionRoleArn", CFN_TEXT, 0,
	NULL},
    {NULL, NULL, CFN_ANY, 0, NULL},
};

static const struct cfn_attribute subscription_attributes[] = {
    {"Arn", "="},
    {NULL, NULL},
};

static const struct cfn_property policy[] = {
    {"PolicyDocument", "", CFN_JSON, CFN_MUST, NULL},
    {"Topics", "", CFN_ANY, CFN_MUST, NULL},
    {NULL, NULL, CFN_ANY, 0, NULL},
};

static const struct cfn_attribute policy_attributes[] = {
    {"Id", "="},
    {NULL, NULL},
};

static const char *
topic_arn(struct cfn_act *a)
{
	/* As CreateTopic will give it; freed with the act's name. */
	char *arn =
	    mem_format("arn:aws:sns:%s:%s:%s", a->region, a->account, a->name);
	cfn_put_text(a->attributes, "TopicArn", arn);
	cfn_put_text(a->attributes, "TopicName", a->name);
	free(arn);
	return cfn_get_text(a->attributes, "TopicArn");
}

/* Set one by one what a call that sets all would set. */
static int
set_each(struct cfn_act *a, const char *operation, const char *key)
{
	cJSON *params = cfn_params(a, false);
	const cJSON *attributes = cfn_get(params, "Attributes");
	int status = 0;
	for (const cJSON *c = attributes == NULL ? NULL : attributes->child;
	     c != NULL && status == 0; c = c->next) {
		cJSON *one = cfn_one(key, a->id);
		cfn_put_text(one, "AttributeName", c->string);
		cfn_put_text(one, "AttributeValue", cfn_text(c));
		status = cfn_call(a, "sns", operation, one, NULL);
	}
	cJSON_Delete(params);
	return status;
}

static int
change_topic(struct cfn_act *a)
{
	return set_each(a, "SetTopicAttributes", "TopicArn");
}

static int
change_subscription(struct cfn_act *a)
{
	return set_each(a, "SetSubscriptionAttributes", "SubscriptionArn");
}

static int
make_subscription(struct cfn_act *a)
{
	cJSON *params = cfn_params(a, true), *reply = NULL;
	cfn_put(params, "ReturnSubscriptionArn", cJSON_CreateTrue());
	if (cfn_call(a, "sns", "Subscribe", params, &reply) != 0)
		return -1;
	a->id = mem_text(cfn_get_text(reply, "SubscriptionArn"));
	cJSON_Delete(reply);
	return a->id == NULL ? cfn_fails(a, "Subscribe gave no ARN") : 0;
}

/* One that nobody has confirmed cannot be taken back: AWS forgets it after
 * two days. */
static int
unmake_subscription(struct cfn_act *a)
{
	if (cfn_call(a, "sns", "Unsubscribe", cfn_one("SubscriptionArn", a->id),
		NULL) == 0)
		return 0;
	if (strstr(buf_text(a->why), "pending confirmation") == NULL)
		return -1;
	buf_reset(a->why);
	return 0;
}

/* Subscriptions inside a topic: those in `of` that are not in `but`. */
static int
subscribe_new(struct cfn_act *a, const cJSON *of, const cJSON *but)
{
	cJSON *list = cfn_dropped(of, but);
	int status = 0;
	for (const cJSON *c = list->child; c != NULL && status == 0;
	     c = c->next) {
		cJSON *params = cfn_one("TopicArn", a->id);
		cfn_put_text(params, "Protocol", cfn_get_text(c, "Protocol"));
		cfn_put_text(params, "Endpoint", cfn_get_text(c, "Endpoint"));
		status = cfn_call(a, "sns", "Subscribe", params, NULL);
	}
	cJSON_Delete(list);
	return status;
}

static int
unsubscribe(struct cfn_act *a, const cJSON *one)
{
	cJSON *reply = NULL;
	int status = cfn_call(a, "sns", "ListSubscriptionsByTopic",
	    cfn_one("TopicArn", a->id), &reply);
	const cJSON *list = cfn_get(reply, "Subscriptions");
	const cJSON *s = list == NULL ? NULL : list->child;
	for (; s != NULL && status == 0; s = s->next)
		if (cfn_same(
			cfn_get(s, "Protocol"), cfn_get(one, "Protocol")) &&
		    cfn_same(
			cfn_get(s, "Endpoint"), cfn_get(one, "Endpoint")) &&
		    strncmp(cfn_get_text(s, "SubscriptionArn"), "arn:", 4) == 0)
			status = cfn_call(a, "sns", "Unsubscribe",
			    cfn_one("SubscriptionArn",
				cfn_get_text(s, "SubscriptionArn")),
			    NULL);
	cJSON_Delete(reply);
	return status;
}

static int
settle_topic(struct cfn_act *a)
{
	const cJSON *now = cfn_get(a->now, "Subscription");
	const cJSON *before = cfn_get(a->before, "Subscription");
	cJSON *dropped = cfn_dropped(before, now);
	int status = 0;
	for (const cJSON *c = dropped->child; c != NULL && status == 0;
	     c = c->next)
		status = unsubscribe(a, c);
	cJSON_Delete(dropped);
	return status != 0 ? -1 : subscribe_new(a, now, before);
}

/* "" is the default policy. */
static int
set_policy(struct cfn_act *a, const char *arn, cJSON *text)
{
	cJSON *params = cfn_one("TopicArn", arn);
	cfn_put_text(params, "AttributeName", "Policy");
	cfn_put(params, "AttributeValue", text);
	return cfn_call(a, "sns", "SetTopicAttributes", params, NULL);
}

static int
settle_policy(struct cfn_act *a)
{
	return cfn_policy_settle(a, "Topics", set_policy);
}

static int
unmake_policy(struct cfn_act *a)
{
	return cfn_policy_unmake(a, "Topics", set_policy);
}

const struct cfn_type cfn_types_sns[] = {
    {.name = "AWS::SNS::Topic",
	.service = "sns",
	.property = topic,
	.attribute = topic_attributes,
	.named = "TopicName",
	.name_max = 256,
	.fifo = "FifoTopic",
	.find = "GetTopicAttributes",
	.find_key = "TopicArn",
	.find_name = topic_arn,
	.create = "CreateTopic",
	.id = "TopicArn",
	.remove = "DeleteTopic",
	.key = "TopicArn",
	.tag = "TagResource",
	.untag = "UntagResource",
	.tag_key = "ResourceArn",
	.tag_of = "=",
	.change = change_topic,
	.settle = settle_topic},
    {.name = "AWS::SNS::Subscription",
	.service = "sns",
	.property = subscription,
	.attribute = subscription_attributes,
	.make = make_subscription,
	.change = change_subscription,
	.unmake = unmake_subscription},
    {.name = "AWS::SNS::TopicPolicy",
	.service = "sns",
	.property = policy,
	.attribute = policy_attributes,
	.settle = settle_policy,
	.unmake = unmake_policy},
    {.name = NULL},
};
