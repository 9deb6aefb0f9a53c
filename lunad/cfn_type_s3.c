/*
 * Source: CloudFormation Template Reference, AWS::S3.
 */
#include <stdlib.h>
#include <string.h>

#include "cfn_type.h"
#include "mem.h"

/* VersioningConfiguration: a bucket that is not versioned can be no more
 * suspended than it is; one that is to be is refused by the service. */
static const struct cfn_property bucket[] = {
    {"BucketName", NULL, CFN_TEXT, CFN_NEW, NULL},
    {"AccessControl", "", CFN_TEXT, 0, NULL},
    {"BucketEncryption", "", CFN_ANY, 0, NULL},
    {"LifecycleConfiguration", "", CFN_ANY, 0, NULL},
    {"NotificationConfiguration", "", CFN_ANY, 0, NULL},
    {"OwnershipControls", "", CFN_ANY, 0, NULL},
    {"PublicAccessBlockConfiguration", "", CFN_ANY, 0, NULL},
    {"Tags", "", CFN_TAGS, 0, NULL},
    {"VersioningConfiguration", "", CFN_ANY, 0, NULL},
    {NULL, NULL, CFN_ANY, 0, NULL},
};

static const struct cfn_attribute bucket_attributes[] = {
    {"Arn", NULL},
    {"DomainName", NULL},
    {"DualStackDomainName", NULL},
    {"RegionalDomainName", NULL},
    {"WebsiteURL", NULL},
    {NULL, NULL},
};

/* By which operations a property is set and taken back. */
static const struct {
	const char *property, *put, *drop;
} settings[] = {
    {"BucketEncryption", "PutBucketEncryption", "DeleteBucketEncryption"},
    {"LifecycleConfiguration", "PutBucketLifecycleConfiguration",
	"DeleteBucketLifecycle"},
    {"NotificationConfiguration", "PutBucketNotificationConfiguration", NULL},
    {"OwnershipControls", "PutBucketOwnershipControls",
	"DeleteBucketOwnershipControls"},
    {"PublicAccessBlockConfiguration", "PutPublicAccessBlock",
	"DeletePublicAccessBlock"},
    {"Tags", "PutBucketTagging", "DeleteBucketTagging"},
};

static void
lower(char *text)
{
	for (; *text != '\0'; text++)
		if (*text >= 'A' && *text <= 'Z')
			*text = (char)(*text + 32);
}

static void
put_attribute(struct cfn_act *a, const char *name, char *value)
{
	cfn_put_text(a->attributes, name, value);
	free(value);
}

static int
make_bucket(struct cfn_act *a)
{
	if (cfn_get(a->now, "BucketName") == NULL)
		lower(a->name);
	if (cfn_call(
		a, "s3", "CreateBucket", cfn_one("Bucket", a->name), NULL) != 0)
		return strncmp(a->code, "BucketAlready", 13) == 0
			   ? cfn_fails(a, "%.63s already exists", a->name)
			   : -1;
	a->id = mem_text(a->name);
	put_attribute(a, "Arn", mem_format("arn:aws:s3:::%s", a->name));
	put_attribute(
	    a, "DomainName", mem_format("%s.s3.amazonaws.com", a->name));
	put_attribute(a, "DualStackDomainName",
	    mem_format("%s.s3.dualstack.%s.amazonaws.com", a->name, a->region));
	put_attribute(a, "RegionalDomainName",
	    mem_format("%s.s3.%s.amazonaws.com", a->name, a->region));
	put_attribute(a, "WebsiteURL",
	    mem_format(
		"http://%s.s3-website-%s.amazonaws.com", a->name, a->region));
	return 0;
}

static int
check_others(struct cfn_act *a)
{
	const cJSON *versioning = cfn_get(a->now, "VersioningConfiguration");
	const char *status = cfn_get_text(versioning, "Status");
	const char *acl = cfn_get_text(a->now, "AccessControl");
	if (acl != NULL && strcmp(acl, "Private") != 0)
		return cfn_fails(a, "Bucket cannot have ACLs set with "
				    "ObjectOwnership's BucketOwnerEnforced "
				    "setting");
	if (status == NULL || strcmp(status, "Enabled") != 0)
		return 0;
	return cfn_call(
	    a, "s3", "PutBucketVersioning", cfn_one("Bucket", a->id), NULL);
}

static int
settle_bucket(struct cfn_act *a)
{
	int status = check_others(a);
	for (size_t i = 0;
	     status == 0 && i < sizeof(settings) / sizeof(settings[0]); i++) {
		const cJSON *now = cfn_get(a->now, settings[i].property);
		const cJSON *before = cfn_get(a->before, settings[i].property);
		if (now == before || cfn_same(now, before))
			continue;
		cJSON *params = cfn_one("Bucket", a->id);
		cfn_put(params, "Configuration",
		    now == NULL ? cJSON_CreateObject() : cfn_copy(now));
		status = cfn_call(a, "s3",
		    now != NULL || settings[i].drop == NULL ? settings[i].put
							    : settings[i].drop,
		    params, NULL);
	}
	return status;
}

static const struct cfn_property policy[] = {
    {"Bucket", "", CFN_TEXT, CFN_MUST | CFN_NEW, NULL},
    {"PolicyDocument", "", CFN_JSON, CFN_MUST, NULL},
    {NULL, NULL, CFN_ANY, 0, NULL},
};

static int
settle_policy(struct cfn_act *a)
{
	cJSON *params = cfn_one("Bucket", cfn_get_text(a->now, "Bucket"));
	cfn_put(
	    params, "Policy", cfn_document(cfn_get(a->now, "PolicyDocument")));
	return cfn_call(a, "s3", "PutBucketPolicy", params, NULL);
}

static int
unmake_policy(struct cfn_act *a)
{
	return cfn_call(a, "s3", "DeleteBucketPolicy",
	    cfn_one("Bucket", cfn_get_text(a->before, "Bucket")), NULL);
}

static int
make_policy(struct cfn_act *a)
{
	const char *name = cfn_get_text(a->now, "Bucket");
	int status =
	    cfn_call(a, "s3", "GetBucketPolicy", cfn_one("Bucket", name), NULL);
	if (status == 0)
		return cfn_fails(
		    a, "The bucket policy already exists on bucket %s.", name);
	if (strcmp(a->code, "NoSuchBucketPolicy") != 0)
		return -1;
	buf_reset(a->why);
	a->id = mem_text(name);
	return 0;
}

const struct cfn_type cfn_types_s3[] = {
    {.name = "AWS::S3::Bucket",
	.service = "s3",
	.property = bucket,
	.attribute = bucket_attributes,
	.named = "BucketName",
	.name_max = 63,
	.make = make_bucket,
	.remove = "DeleteBucket",
	.key = "Bucket",
	.settle = settle_bucket},
    {.name = "AWS::S3::BucketPolicy",
	.service = "s3",
	.property = policy,
	.make = make_policy,
	.settle = settle_policy,
	.unmake = unmake_policy},
    {.name = NULL},
};
