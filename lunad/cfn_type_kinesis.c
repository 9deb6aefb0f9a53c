/*
 * Source: CloudFormation Template Reference, AWS::Kinesis.
 */
#include <stdlib.h>
#include <string.h>

#include "cfn_type.h"
#include "mem.h"

static const struct cfn_property stream[] = {
    {"Name", "StreamName", CFN_TEXT, CFN_NEW, NULL},
    {"ShardCount", NULL, CFN_NUMBER, CFN_ONCE, NULL},
    {"StreamModeDetails", NULL, CFN_ANY, CFN_ONCE, NULL},
    {"MaxRecordSizeInKiB", NULL, CFN_NUMBER, CFN_ONCE, NULL},
    {"Tags", NULL, CFN_TAG_MAP, CFN_ONCE, NULL},
    {"RetentionPeriodHours", "", CFN_NUMBER, 0, NULL},
    {"StreamEncryption", "", CFN_ANY, 0, NULL},
    {"DesiredShardLevelMetrics", "", CFN_ANY, 0, NULL},
    {NULL, NULL, CFN_ANY, 0, NULL},
};

static const struct cfn_attribute stream_attributes[] = {
    {"Arn", "StreamDescriptionSummary.StreamARN"},
    {NULL, NULL},
};

static const struct cfn_property consumer[] = {
    {"ConsumerName", NULL, CFN_TEXT, CFN_NEW | CFN_MUST, NULL},
    {"StreamARN", NULL, CFN_TEXT, CFN_NEW | CFN_MUST, NULL},
    {"Tags", NULL, CFN_TAG_MAP, CFN_ONCE, NULL},
    {NULL, NULL, CFN_ANY, 0, NULL},
};

static const struct cfn_attribute consumer_attributes[] = {
    {"ConsumerARN", "="},
    {"ConsumerCreationTimestamp",
	"ConsumerDescription.ConsumerCreationTimestamp"},
    {"ConsumerName", "ConsumerDescription.ConsumerName"},
    {"ConsumerStatus", "ConsumerDescription.ConsumerStatus"},
    {"StreamARN", "ConsumerDescription.StreamARN"},
    {NULL, NULL},
};

static const struct cfn_property policy[] = {
    {"ResourceArn", "ResourceARN", CFN_TEXT, CFN_NEW | CFN_MUST, NULL},
    {"ResourcePolicy", "Policy", CFN_JSON, CFN_MUST, NULL},
    {NULL, NULL, CFN_ANY, 0, NULL},
};

static int
on_stream(
    struct cfn_act *a, const char *operation, const char *name, cJSON *value)
{
	cJSON *params = cfn_one("StreamName", a->id);
	cfn_put(params, name, value);
	return cfn_call(a, "kinesis", operation, params, NULL);
}

/* The same for an operation that wants the ARN. */
static int
on_arn(struct cfn_act *a, const char *operation, const char *name, cJSON *value)
{
	cJSON *params =
	    cfn_one("StreamARN", cfn_get_text(a->attributes, "Arn"));
	cfn_put(params, name, value);
	return cfn_call(a, "kinesis", operation, params, NULL);
}

/* A property of a template, number or text; otherwise when it is absent. */
static long
number(const cJSON *properties, const char *name, long otherwise)
{
	const char *text = cfn_get_text(properties, name);
	return text == NULL ? otherwise : strtol(text, NULL, 10);
}

static bool
differs(const struct cfn_act *a, const char *name)
{
	return !cfn_same(cfn_get(a->now, name), cfn_get(a->before, name));
}

static int
change(struct cfn_act *a)
{
	const cJSON *mode = cfn_get(a->now, "StreamModeDetails");
	long shards = number(a->now, "ShardCount", 0);
	long kib = number(a->now, "MaxRecordSizeInKiB", 1024);
	if (mode != NULL && differs(a, "StreamModeDetails") &&
	    on_arn(a, "UpdateStreamMode", "StreamModeDetails",
		cfn_copy(mode)) != 0)
		return -1;
	if (kib != number(a->before, "MaxRecordSizeInKiB", 1024) &&
	    on_arn(a, "UpdateMaxRecordSize", "MaxRecordSizeInKiB",
		cJSON_CreateNumber((double)kib)) != 0)
		return -1;
	if (shards == 0 || !differs(a, "ShardCount"))
		return 0;
	cJSON *params = cfn_one("StreamName", a->id);
	cfn_put_text(params, "ScalingType", "UNIFORM_SCALING");
	cfn_put(params, "TargetShardCount", cJSON_CreateNumber((double)shards));
	return cfn_call(a, "kinesis", "UpdateShardCount", params, NULL);
}

/* Metrics that are in one list and not in the other are switched. */
static int
switch_metrics(struct cfn_act *a, const char *operation, const cJSON *before,
    const cJSON *now)
{
	cJSON *list = cfn_dropped(before, now);
	if (list->child != NULL)
		return on_stream(a, operation, "ShardLevelMetrics", list);
	cJSON_Delete(list);
	return 0;
}

static int
set_encryption(struct cfn_act *a)
{
	const cJSON *now = cfn_get(a->now, "StreamEncryption");
	const cJSON *before = cfn_get(a->before, "StreamEncryption");
	const cJSON *v = now == NULL ? before : now;
	if (cfn_same(now, before))
		return 0;
	cJSON *params = cfn_copy(v);
	cfn_put_text(params, "StreamName", a->id);
	return cfn_call(a, "kinesis",
	    now == NULL ? "StopStreamEncryption" : "StartStreamEncryption",
	    params, NULL);
}

/* What is set after the stream is there, and what differs of it later. */
static int
settle(struct cfn_act *a)
{
	static const char levels[] = "DesiredShardLevelMetrics";
	const cJSON *now = cfn_get(a->now, levels);
	const cJSON *before = cfn_get(a->before, levels);
	long hours = number(a->now, "RetentionPeriodHours", 24);
	long was = number(a->before, "RetentionPeriodHours", 24);
	if (hours != was &&
	    on_stream(a,
		hours > was ? "IncreaseStreamRetentionPeriod"
			    : "DecreaseStreamRetentionPeriod",
		"RetentionPeriodHours", cJSON_CreateNumber((double)hours)) != 0)
		return -1;
	if (set_encryption(a) != 0 ||
	    switch_metrics(a, "DisableEnhancedMonitoring", before, now) != 0)
		return -1;
	return switch_metrics(a, "EnableEnhancedMonitoring", now, before);
}

const struct cfn_type cfn_types_kinesis[] = {
    {.name = "AWS::Kinesis::Stream",
	.service = "kinesis",
	.property = stream,
	.attribute = stream_attributes,
	.named = "Name",
	.name_max = 128,
	.create = "CreateStream",
	.id = "$",
	.remove = "DeleteStream",
	.key = "StreamName",
	.read = "DescribeStreamSummary",
	.tag = "AddTagsToStream",
	.untag = "RemoveTagsFromStream",
	.tag_key = "StreamName",
	.tag_of = "=",
	.change = change,
	.settle = settle},
    {.name = "AWS::Kinesis::StreamConsumer",
	.service = "kinesis",
	.property = consumer,
	.attribute = consumer_attributes,
	.named = "ConsumerName",
	.name_max = 128,
	.create = "RegisterStreamConsumer",
	.id = "Consumer.ConsumerARN",
	.remove = "DeregisterStreamConsumer",
	.key = "ConsumerARN",
	.read = "DescribeStreamConsumer",
	.tag = "TagResource",
	.untag = "UntagResource",
	.tag_key = "ResourceARN",
	.tag_of = "="},
    {.name = "AWS::Kinesis::ResourcePolicy",
	.service = "kinesis",
	.property = policy,
	.named = "ResourceArn",
	.create = "PutResourcePolicy",
	.id = "$",
	.update = "PutResourcePolicy",
	.remove = "DeleteResourcePolicy",
	.key = "ResourceARN"},
    {.name = NULL},
};
