/*
 * Source: CloudFormation Template Reference, AWS::CloudWatch.
 */
#include "cfn_type.h"

static const struct cfn_property alarm[] = {
    {"AlarmName", NULL, CFN_TEXT, CFN_NEW, NULL},
    {"AlarmDescription", NULL, CFN_TEXT, 0, NULL},
    {"ActionsEnabled", NULL, CFN_BOOL, 0, NULL},
    {"AlarmActions", NULL, CFN_ANY, 0, NULL},
    {"OKActions", NULL, CFN_ANY, 0, NULL},
    {"InsufficientDataActions", NULL, CFN_ANY, 0, NULL},
    {"MetricName", NULL, CFN_TEXT, 0, NULL},
    {"Namespace", NULL, CFN_TEXT, 0, NULL},
    {"Statistic", NULL, CFN_TEXT, 0, NULL},
    {"ExtendedStatistic", NULL, CFN_TEXT, 0, NULL},
    {"Dimensions", NULL, CFN_ANY, 0, NULL},
    {"Period", NULL, CFN_NUMBER, 0, NULL},
    {"Unit", NULL, CFN_TEXT, 0, NULL},
    {"EvaluationPeriods", NULL, CFN_NUMBER, 0, NULL},
    {"DatapointsToAlarm", NULL, CFN_NUMBER, 0, NULL},
    {"Threshold", NULL, CFN_NUMBER, 0, NULL},
    {"ThresholdMetricId", NULL, CFN_TEXT, 0, NULL},
    {"ComparisonOperator", NULL, CFN_TEXT, 0, NULL},
    {"TreatMissingData", NULL, CFN_TEXT, 0, NULL},
    {"EvaluateLowSampleCountPercentile", NULL, CFN_TEXT, 0, NULL},
    {"Metrics", NULL, CFN_ANY, 0, NULL},
    {"Tags", NULL, CFN_TAGS, CFN_ONCE, NULL},
    {NULL, NULL, CFN_ANY, 0, NULL},
};

static const struct cfn_attribute alarm_attributes[] = {
    {"Arn", "MetricAlarms.0.AlarmArn"},
    {NULL, NULL},
};

static const struct cfn_property dashboard[] = {
    {"DashboardName", NULL, CFN_TEXT, CFN_NEW, NULL},
    {"DashboardBody", NULL, CFN_TEXT, CFN_MUST, NULL},
    {NULL, NULL, CFN_ANY, 0, NULL},
};

const struct cfn_type cfn_types_cloudwatch[] = {
    {.name = "AWS::CloudWatch::Alarm",
	.service = "monitoring",
	.property = alarm,
	.attribute = alarm_attributes,
	.named = "AlarmName",
	.name_max = 255,
	.find = "DescribeAlarms",
	.find_key = "AlarmNames[]",
	.find_path = "MetricAlarms.0",
	.create = "PutMetricAlarm",
	.id = "$",
	.update = "PutMetricAlarm",
	.remove = "DeleteAlarms",
	.key = "AlarmNames[]",
	.read = "DescribeAlarms",
	.tag = "TagResource",
	.untag = "UntagResource",
	.tag_key = "ResourceARN",
	.tag_of = "Arn"},
    {.name = "AWS::CloudWatch::Dashboard",
	.service = "monitoring",
	.property = dashboard,
	.named = "DashboardName",
	.name_max = 255,
	.find = "GetDashboard",
	.find_key = "DashboardName",
	.create = "PutDashboard",
	.id = "$",
	.update = "PutDashboard",
	.remove = "DeleteDashboards",
	.key = "DashboardNames[]"},
    {.name = NULL},
};
