/*
 * CloudFormation's own types.
 *
 * Source: CloudFormation Template Reference, AWS::CloudFormation.
 */
#include <string.h>

#include "cfn_type.h"
#include "mem.h"

static const struct cfn_property none[] = {
    {NULL, NULL, CFN_ANY, 0, NULL},
};

/* Where signals would be sent. A wait condition, which lunad has not, would
 * be what listens. */
static int
make_handle(struct cfn_act *a)
{
	a->id = mem_format(
	    "https://cloudformation-waitcondition-%s.s3.amazonaws.com/"
	    "arn%%3Aaws%%3Acloudformation%%3A%s%%3A%s%%3Astack/%s/%s",
	    a->region, a->region, a->account, a->stack, a->name);
	return 0;
}

const struct cfn_type cfn_types_own[] = {
    {.name = "AWS::CloudFormation::WaitConditionHandle",
	.service = "cloudformation",
	.property = none,
	.make = make_handle},
    {.name = NULL},
};
