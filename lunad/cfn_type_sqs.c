/*
 * Source: CloudFormation Template Reference, AWS::SQS.
 */
#include <string.h>

#include "cfn_type.h"

static const struct cfn_property queue[] = {
    {"QueueName", NULL, CFN_TEXT, CFN_NEW, NULL},
    {"FifoQueue", "Attributes.FifoQueue", CFN_TEXT, CFN_NEW | CFN_TRUE, NULL},
    {"ContentBasedDeduplication", "Attributes.ContentBasedDeduplication",
	CFN_TEXT, 0, "false"},
    {"DeduplicationScope", "Attributes.DeduplicationScope", CFN_TEXT, 0,
	"queue"},
    {"FifoThroughputLimit", "Attributes.FifoThroughputLimit", CFN_TEXT, 0,
	"perQueue"},
    {"DelaySeconds", "Attributes.DelaySeconds", CFN_TEXT, 0, "0"},
    {"KmsDataKeyReusePeriodSeconds", "Attributes.KmsDataKeyReusePeriodSeconds",
	CFN_TEXT, 0, "300"},
    {"KmsMasterKeyId", "Attributes.KmsMasterKeyId", CFN_TEXT, 0, ""},
    {"MaximumMessageSize", "Attributes.MaximumMessageSize", CFN_TEXT, 0,
	"1048576"},
    {"MessageRetentionPeriod", "Attributes.MessageRetentionPeriod", CFN_TEXT, 0,
	"345600"},
    {"ReceiveMessageWaitTimeSeconds",
	"Attributes.ReceiveMessageWaitTimeSeconds", CFN_TEXT, 0, "0"},
    {"RedrivePolicy", "Attributes.RedrivePolicy", CFN_JSON, 0, ""},
    {"RedriveAllowPolicy", "Attributes.RedriveAllowPolicy", CFN_JSON, 0, ""},
    {"SqsManagedSseEnabled", "Attributes.SqsManagedSseEnabled", CFN_TEXT, 0,
	NULL},
    {"VisibilityTimeout", "Attributes.VisibilityTimeout", CFN_TEXT, 0, "30"},
    {"Tags", "tags", CFN_TAG_MAP, CFN_ONCE, NULL},
    {NULL, NULL, CFN_ANY, 0, NULL},
};

static const struct cfn_attribute queue_attributes[] = {
    {"Arn", "Attributes.QueueArn"},
    {"QueueName", "$"},
    {"QueueUrl", "="},
    {NULL, NULL},
};

static const struct cfn_property policy[] = {
    {"PolicyDocument", "", CFN_JSON, CFN_MUST, NULL},
    {"Queues", "", CFN_ANY, CFN_MUST, NULL},
    {NULL, NULL, CFN_ANY, 0, NULL},
};

static const struct cfn_attribute policy_attributes[] = {
    {"Id", "="},
    {NULL, NULL},
};

static int
set_policy(struct cfn_act *a, const char *url, cJSON *text)
{
	cJSON *params = cfn_one("QueueUrl", url);
	cJSON *attributes = cJSON_CreateObject();
	cfn_put(attributes, "Policy", text);
	cfn_put(params, "Attributes", attributes);
	return cfn_call(a, "sqs", "SetQueueAttributes", params, NULL);
}

static int
settle_policy(struct cfn_act *a)
{
	return cfn_policy_settle(a, "Queues", set_policy);
}

static int
unmake_policy(struct cfn_act *a)
{
	return cfn_policy_unmake(a, "Queues", set_policy);
}

const struct cfn_type cfn_types_sqs[] = {
    {.name = "AWS::SQS::Queue",
	.service = "sqs",
	.property = queue,
	.attribute = queue_attributes,
	.named = "QueueName",
	.name_max = 80,
	.fifo = "FifoQueue",
	.find = "GetQueueUrl",
	.find_key = "QueueName",
	.create = "CreateQueue",
	.id = "QueueUrl",
	.update = "SetQueueAttributes",
	.remove = "DeleteQueue",
	.key = "QueueUrl",
	.read = "GetQueueAttributes",
	.read_extra = "\"AttributeNames\":[\"QueueArn\"]",
	.tag = "TagQueue",
	.untag = "UntagQueue",
	.tag_key = "QueueUrl",
	.tag_of = "="},
    {.name = "AWS::SQS::QueuePolicy",
	.service = "sqs",
	.property = policy,
	.attribute = policy_attributes,
	.settle = settle_policy,
	.unmake = unmake_policy},
    {.name = NULL},
};
