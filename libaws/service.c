#include "service.h"

#include <arpa/inet.h>

#include <stdlib.h>
#include <string.h>

#include "mem.h"

static const struct service table[] = {
    {
	.name = "apigateway",
	.id = "API_GATEWAY",
	.protocol = SERVICE_REST_JSON,
	.host = "apigateway",
	.signing = "apigateway",
    },
    {
	.name = "athena",
	.id = "ATHENA",
	.protocol = SERVICE_JSON,
	.host = "athena",
	.signing = "athena",
	.json_version = "1.1",
	.target = "AmazonAthena",
    },
    {
	.name = "cloudformation",
	.id = "CLOUDFORMATION",
	.protocol = SERVICE_QUERY,
	.host = "cloudformation",
	.signing = "cloudformation",
	.version = "2010-05-15",
	.quirks = SERVICE_GOV_FIPS,
    },
    {
	.name = "cloudwatch",
	.id = "CLOUDWATCH",
	.protocol = SERVICE_JSON,
	.host = "monitoring",
	.signing = "monitoring",
	.json_version = "1.0",
	.target = "GraniteServiceVersion20100801",
	.version = "2010-08-01",
	.query_mode = true,
	.quirks = SERVICE_GOV_FIPS | SERVICE_GOV_FIPS_DUAL,
	.alias = "monitoring",
    },
    {
	.name = "dynamodb",
	.id = "DYNAMODB",
	.protocol = SERVICE_JSON,
	.host = "dynamodb",
	.signing = "dynamodb",
	.json_version = "1.0",
	.target = "DynamoDB_20120810",
	.quirks = SERVICE_GOV_FIPS,
	.alias = "ddb",
    },
    {
	.name = "dynamodb-streams",
	.id = "DYNAMODB_STREAMS",
	.protocol = SERVICE_JSON,
	.host = "streams.dynamodb",
	.signing = "dynamodb",
	.json_version = "1.0",
	.target = "DynamoDBStreams_20120810",
	.quirks = SERVICE_GOV_FIPS,
	.dual_host = "streams-dynamodb",
	.alias = "dynamodbstreams",
    },
    {
	.name = "ec2",
	.id = "EC2",
	.protocol = SERVICE_QUERY,
	.host = "ec2",
	.signing = "ec2",
	.version = "2016-11-15",
	.quirks = SERVICE_GOV_FIPS,
    },
    {
	.name = "events",
	.id = "EVENTBRIDGE",
	.protocol = SERVICE_JSON,
	.host = "events",
	.signing = "events",
	.json_version = "1.1",
	.target = "AWSEvents",
	.quirks = SERVICE_GOV_FIPS | SERVICE_GOV_FIPS_DUAL,
	.alias = "eventbridge",
    },
    {
	.name = "firehose",
	.id = "FIREHOSE",
	.protocol = SERVICE_JSON,
	.host = "firehose",
	.signing = "firehose",
	.json_version = "1.1",
	.target = "Firehose_20150804",
    },
    {
	.name = "glue",
	.id = "GLUE",
	.protocol = SERVICE_JSON,
	.host = "glue",
	.signing = "glue",
	.json_version = "1.1",
	.target = "AWSGlue",
    },
    {
	.name = "iam",
	.id = "IAM",
	.protocol = SERVICE_QUERY,
	.host = "iam",
	.signing = "iam",
	.version = "2010-05-08",
	.quirks = SERVICE_GLOBAL,
    },
    {
	.name = "kinesis",
	.id = "KINESIS",
	.protocol = SERVICE_JSON,
	.host = "kinesis",
	.signing = "kinesis",
	.json_version = "1.1",
	.target = "Kinesis_20131202",
	.quirks = SERVICE_GOV_FIPS,
    },
    {
	.name = "kinesisanalyticsv2",
	.id = "KINESIS_ANALYTICS_V2",
	.protocol = SERVICE_JSON,
	.host = "kinesisanalytics",
	.signing = "kinesisanalytics",
	.json_version = "1.1",
	.target = "KinesisAnalytics_20180523",
	.alias = "kinesisanalytics",
    },
    {
	.name = "kms",
	.id = "KMS",
	.protocol = SERVICE_JSON,
	.host = "kms",
	.signing = "kms",
	.json_version = "1.1",
	.target = "TrentService",
    },
    {
	.name = "lambda",
	.id = "LAMBDA",
	.protocol = SERVICE_REST_JSON,
	.host = "lambda",
	.signing = "lambda",
    },
    {
	.name = "logs",
	.id = "CLOUDWATCH_LOGS",
	.protocol = SERVICE_JSON,
	.host = "logs",
	.signing = "logs",
	.json_version = "1.1",
	.target = "Logs_20140328",
	.quirks = SERVICE_GOV_FIPS,
    },
    {
	.name = "s3",
	.id = "S3",
	.protocol = SERVICE_REST_XML,
	.host = "s3",
	.signing = "s3",
	.quirks = SERVICE_DUAL_WORD,
    },
    {
	.name = "scheduler",
	.id = "SCHEDULER",
	.protocol = SERVICE_REST_JSON,
	.host = "scheduler",
	.signing = "scheduler",
    },
    {
	.name = "secretsmanager",
	.id = "SECRETS_MANAGER",
	.protocol = SERVICE_JSON,
	.host = "secretsmanager",
	.signing = "secretsmanager",
	.json_version = "1.1",
	.target = "secretsmanager",
	.quirks = SERVICE_DUAL_SAME,
    },
    {
	.name = "ses",
	.id = "SES",
	.protocol = SERVICE_QUERY,
	.host = "email",
	.signing = "ses",
	.version = "2010-12-01",
    },
    {
	.name = "sesv2",
	.id = "SESV2",
	.protocol = SERVICE_REST_JSON,
	.host = "email",
	.signing = "ses",
    },
    {
	.name = "sns",
	.id = "SNS",
	.protocol = SERVICE_QUERY,
	.host = "sns",
	.signing = "sns",
	.version = "2010-03-31",
	.quirks = SERVICE_GOV_FIPS,
    },
    {
	.name = "sqs",
	.id = "SQS",
	.protocol = SERVICE_JSON,
	.host = "sqs",
	.signing = "sqs",
	.json_version = "1.0",
	.target = "AmazonSQS",
	.version = "2012-11-05",
	.query_mode = true,
	.quirks = SERVICE_GOV_FIPS,
    },
    {
	.name = "ssm",
	.id = "SSM",
	.protocol = SERVICE_JSON,
	.host = "ssm",
	.signing = "ssm",
	.json_version = "1.1",
	.target = "AmazonSSM",
	.quirks = SERVICE_GOV_FIPS,
    },
    {
	.name = "stepfunctions",
	.id = "SFN",
	.protocol = SERVICE_JSON,
	.host = "states",
	.signing = "states",
	.json_version = "1.0",
	.target = "AWSStepFunctions",
	.alias = "sfn",
    },
    {
	.name = "sts",
	.id = "STS",
	.protocol = SERVICE_QUERY,
	.host = "sts",
	.signing = "sts",
	.version = "2011-06-15",
	.quirks = SERVICE_GOV_FIPS,
    },
    {
	.name = "tagging",
	.id = "RESOURCE_GROUPS_TAGGING_API",
	.protocol = SERVICE_JSON,
	.host = "tagging",
	.signing = "tagging",
	.json_version = "1.1",
	.target = "ResourceGroupsTaggingAPI_20170126",
	.alias = "resourcegroupstaggingapi",
    },
};

/* By the beginning of a region's name; the last is for all others. */
static const struct partition {
	const char *region, *name, *suffix, *dual, *global;
} partition[] = {
    {"cn-", "aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn",
	"cn-north-1"},
    {"eu-isoe-", "aws-iso-e", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk",
	"eu-isoe-west-1"},
    {"eusc-", "aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu",
	"eusc-de-east-1"},
    {"us-gov-", "aws-us-gov", "amazonaws.com", "api.aws", "us-gov-west-1"},
    {"us-iso-", "aws-iso", "c2s.ic.gov", "api.aws.ic.gov", "us-iso-east-1"},
    {"us-isob-", "aws-iso-b", "sc2s.sgov.gov", "api.aws.scloud",
	"us-isob-east-1"},
    {"us-isof-", "aws-iso-f", "csp.hci.ic.gov", "api.aws.hci.ic.gov",
	"us-isof-south-1"},
    {"", "aws", "amazonaws.com", "api.aws", "us-east-1"},
};

const struct service *
service_find(const char *name)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct service *s = &table[i];
		if (strcmp(s->name, name) == 0 ||
		    (s->alias != NULL && strcmp(s->alias, name) == 0))
			return s;
	}
	return NULL;
}

static const struct partition *
partition_of(const char *region)
{
	const struct partition *p = partition;
	if (region == NULL)
		region = "";
	while (strncmp(region, p->region, strlen(p->region)) != 0)
		p++;
	return p;
}

const char *
service_partition(const char *region)
{
	return partition_of(region)->name;
}

const char *
service_region(const struct service *service, const struct conf *conf)
{
	if (service->quirks & SERVICE_GLOBAL)
		return partition_of(conf->region)->global;
	return conf->region;
}

/* 127.0.0.0/8, ::1, localhost. */
static bool
is_loopback(const char *host)
{
	struct in_addr four;
	struct in6_addr six;
	if (strcmp(host, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, host, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, host, &six) == 1 &&
	       memcmp(&six, &in6addr_loopback, sizeof(six)) == 0;
}

/* Is host an item of a list with commas? */
static bool
is_listed(const char *list, const char *host)
{
	size_t len = strlen(host);
	while (list != NULL && *list != '\0') {
		size_t item = strcspn(list, ",");
		if (item == len && memcmp(list, host, len) == 0)
			return true;
		list += item;
		list += *list == ',';
	}
	return false;
}

/* The host of HOST[:PORT], HOST a name, an address or [IPv6]; NULL: neither. */
static char *
host_of(const char *authority, size_t len)
{
	const char *end = authority + len;
	bool six = len > 0 && *authority == '[';
	const char *from = authority + six;
	size_t n = strspn(from, six ? "0123456789abcdefABCDEF:."
				    : "ABCDEFGHIJKLMNOPQRSTUVWXYZ-._"
				      "abcdefghijklmnopqrstuvwxyz0123456789");
	const char *at = from + n;
	if (n == 0 || (six && *at++ != ']'))
		return NULL;
	if (at < end && *at == ':') {
		size_t digits = strspn(at + 1, "0123456789");
		if (digits == 0 || digits > 5)
			return NULL;
		at += 1 + digits;
	}
	return at == end ? mem_text_of(from, n) : NULL;
}

bool
service_is_local(const char *url)
{
	if (strncmp(url, "http://", 7) != 0)
		return false;
	char *host = host_of(url + 7, strcspn(url + 7, "/"));
	bool local = host != NULL && is_loopback(host);
	free(host);
	return local;
}

static int
configured(const char *url, const struct service *service,
    const struct conf *conf, struct buf *out, struct err *err)
{
	bool plain = strncmp(url, "http://", 7) == 0;
	if (!plain && strncmp(url, "https://", 8) != 0)
		return err_set(err, ERR_SETUP, "BadEndpoint",
		    "the endpoint configured for %s does not begin with "
		    "http:// or https://",
		    service->name);
	const char *authority = url + (plain ? 7 : 8);
	size_t len = strcspn(authority, "/");
	char *host = host_of(authority, len);
	/* The URL is not printed: it may hold a password. */
	if (host == NULL ||
	    strspn(authority + len, "/") != strlen(authority + len)) {
		free(host);
		return err_set(err, ERR_SETUP, "BadEndpoint",
		    "the endpoint configured for %s is not a URL of scheme, "
		    "host and port only, as https://host:8443",
		    service->name);
	}
	if (plain && !is_loopback(host) &&
	    !is_listed(conf_env_get(conf, "LUNA_PLAIN_HTTP"), host)) {
		err_set(err, ERR_SETUP, "BadEndpoint",
		    "plain http to %s: use https, or allow it for this host "
		    "with LUNA_PLAIN_HTTP=%s",
		    host, host);
		free(host);
		return -1;
	}
	free(host);
	buf_add(out, url, (size_t)(authority - url) + len);
	return 0;
}

/* IAM's host: regional but in the two oldest partitions. */
static int
global(const struct service *service, const struct conf *conf, struct buf *out,
    struct err *err)
{
	const struct partition *p = partition_of(conf->region);
	bool aws = strcmp(p->name, "aws") == 0;
	bool gov = strcmp(p->name, "aws-us-gov") == 0;
	if ((conf->fips || conf->dualstack) && !aws && !gov)
		return err_set(err, ERR_SETUP, "BadEndpoint",
		    "no FIPS or dual-stack endpoint of %s is known in %s: "
		    "name one in AWS_ENDPOINT_URL_%s",
		    service->name, p->name, service->id);
	const char *place = p->global;
	if (gov)
		place = "us-gov";
	else if (aws)
		place = conf->dualstack ? "global" : NULL;
	buf_addf(out, "https://%s%s%s%s.%s", service->host,
	    conf->fips && !gov ? "-fips" : "", place == NULL ? "" : ".",
	    place == NULL ? "" : place, conf->dualstack ? p->dual : p->suffix);
	return 0;
}

static int
regional(const struct service *service, const struct conf *conf,
    struct buf *out, struct err *err)
{
	if (conf->region == NULL)
		return err_set(err, ERR_SETUP, "NoRegion",
		    "no region: set AWS_REGION, --region, or region in "
		    "[%s] of the config file",
		    conf->section);
	const struct partition *p = partition_of(conf->region);
	unsigned quirks = service->quirks;
	bool dual = conf->dualstack && !(quirks & SERVICE_DUAL_SAME);
	bool word = dual && (quirks & SERVICE_DUAL_WORD);
	const char *host = service->host;
	if (dual && service->dual_host != NULL)
		host = service->dual_host;
	bool fips = conf->fips;
	if (strcmp(p->name, "aws-us-gov") == 0 &&
	    (quirks & (dual ? SERVICE_GOV_FIPS_DUAL : SERVICE_GOV_FIPS)))
		fips = false;
	buf_addf(out, "https://%s%s%s.%s.%s", host, fips ? "-fips" : "",
	    word ? ".dualstack" : "", conf->region,
	    dual && !word ? p->dual : p->suffix);
	return 0;
}

int
service_endpoint(const struct service *service, const struct conf *conf,
    struct buf *out, struct err *err)
{
	const char *url = conf_endpoint(conf, service->id);
	if (url != NULL)
		return configured(url, service, conf, out, err);
	if (service->quirks & SERVICE_GLOBAL)
		return global(service, conf, out, err);
	return regional(service, conf, out, err);
}
