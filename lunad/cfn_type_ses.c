/*
 * Source: CloudFormation Template Reference, AWS::SES.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cfn_type.h"
#include "mem.h"

static const struct cfn_property identity[] = {
    {"EmailIdentity", NULL, CFN_TEXT, CFN_NEW | CFN_MUST, NULL},
    {"ConfigurationSetAttributes", "", CFN_ANY, 0, NULL},
    {"DkimAttributes", "", CFN_ANY, 0, NULL},
    {"FeedbackAttributes", "", CFN_ANY, 0, NULL},
    {"MailFromAttributes", "", CFN_ANY, 0, NULL},
    {"Tags", NULL, CFN_TAGS, CFN_ONCE, NULL},
    {NULL, NULL, CFN_ANY, 0, NULL},
};

static const struct cfn_attribute identity_attributes[] = {
    {"DkimDNSTokenName1", NULL},
    {"DkimDNSTokenName2", NULL},
    {"DkimDNSTokenName3", NULL},
    {"DkimDNSTokenValue1", NULL},
    {"DkimDNSTokenValue2", NULL},
    {"DkimDNSTokenValue3", NULL},
    {NULL, NULL},
};

static const struct cfn_property template[] = {
    {"Template", "", CFN_ANY, 0, NULL},
    {"Tags", NULL, CFN_TAGS, CFN_ONCE, NULL},
    {NULL, NULL, CFN_ANY, 0, NULL},
};

static const struct cfn_attribute template_attributes[] = {
    {"Id", "="},
    {NULL, NULL},
};

/* The property's object is what its operation takes. */
static int
put_identity(struct cfn_act *a, const char *name, const char *operation)
{
	const cJSON *now = cfn_get(a->now, name);
	if (now == NULL || cfn_same(now, cfn_get(a->before, name)))
		return 0;
	cJSON *params = cfn_copy(now);
	cfn_put_text(params, "EmailIdentity", a->id);
	return cfn_call(a, "ses", operation, params, NULL);
}

static int
settle_identity(struct cfn_act *a)
{
	if (put_identity(a, "ConfigurationSetAttributes",
		"PutEmailIdentityConfigurationSetAttributes") != 0 ||
	    put_identity(
		a, "DkimAttributes", "PutEmailIdentityDkimAttributes") != 0 ||
	    put_identity(a, "FeedbackAttributes",
		"PutEmailIdentityFeedbackAttributes") != 0 ||
	    put_identity(a, "MailFromAttributes",
		"PutEmailIdentityMailFromAttributes") != 0)
		return -1;
	cJSON *reply = NULL;
	if (cfn_call(a, "ses", "GetEmailIdentity",
		cfn_one("EmailIdentity", a->id), &reply) != 0)
		return -1;
	const cJSON *tokens = cfn_path(reply, "DkimAttributes.Tokens");
	for (int i = 0; i < cJSON_GetArraySize(tokens) && i < 3; i++) {
		const char *token = cfn_text(cJSON_GetArrayItem(tokens, i));
		char name[32];
		char *dns = mem_format("%s._domainkey.%s", token, a->id);
		snprintf(name, sizeof(name), "DkimDNSTokenName%d", i + 1);
		cfn_put_text(a->attributes, name, dns);
		free(dns);
		dns = mem_format("%s.dkim.amazonses.com", token);
		snprintf(name, sizeof(name), "DkimDNSTokenValue%d", i + 1);
		cfn_put_text(a->attributes, name, dns);
		free(dns);
	}
	cJSON_Delete(reply);
	return 0;
}

static cJSON *
template_params(const struct cfn_act *a)
{
	const cJSON *v = cfn_get(a->now, "Template");
	cJSON *params = cfn_one("TemplateName", a->name);
	cJSON *content = cJSON_CreateObject();
	cfn_put_text(content, "Subject", cfn_get_text(v, "SubjectPart"));
	cfn_put_text(content, "Text", cfn_get_text(v, "TextPart"));
	cfn_put_text(content, "Html", cfn_get_text(v, "HtmlPart"));
	cfn_put(params, "TemplateContent", content);
	return params;
}

static int
make_template(struct cfn_act *a)
{
	const char *name =
	    cfn_get_text(cfn_get(a->now, "Template"), "TemplateName");
	if (name != NULL) {
		free(a->name);
		a->name = mem_text(name);
	}
	cJSON *params = template_params(a);
	cfn_put(params, "Tags", cfn_copy(cfn_get(a->now, "Tags")));
	if (cfn_call(a, "ses", "CreateEmailTemplate", params, NULL) != 0)
		return -1;
	a->id = mem_text(a->name);
	return 0;
}

static int
change_template(struct cfn_act *a)
{
	const char *name =
	    cfn_get_text(cfn_get(a->now, "Template"), "TemplateName");
	if (!cfn_same(cfn_path(a->now, "Template.TemplateName"),
		cfn_path(a->before, "Template.TemplateName")))
		return cfn_fails(a,
		    "lunad does not rename the template %.64s to %.64s: give "
		    "the resource another logical id",
		    a->name, name == NULL ? "(none)" : name);
	return cfn_call(
	    a, "ses", "UpdateEmailTemplate", template_params(a), NULL);
}

const struct cfn_type cfn_types_ses[] = {
    {.name = "AWS::SES::EmailIdentity",
	.service = "ses",
	.property = identity,
	.attribute = identity_attributes,
	.named = "EmailIdentity",
	.create = "CreateEmailIdentity",
	.id = "$",
	.remove = "DeleteEmailIdentity",
	.key = "EmailIdentity",
	.settle = settle_identity},
    {.name = "AWS::SES::Template",
	.service = "ses",
	.property = template,
	.attribute = template_attributes,
	.name_max = 64,
	.remove = "DeleteEmailTemplate",
	.key = "TemplateName",
	.make = make_template,
	.change = change_template},
    {.name = NULL},
};
