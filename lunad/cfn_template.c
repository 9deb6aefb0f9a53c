#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cfn.h"
#include "cfn_type.h"

int
cfn_refuse(struct buf *why, const char *format, ...)
{
	char text[2048];
	va_list ap;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	buf_reset(why);
	buf_add_text(why, text);
	return -1;
}

/* AWS counts lines and columns, json_scan counts bytes. */
static int
refuse_json(
    const char *text, size_t len, const struct err *err, struct buf *why)
{
	unsigned long byte = 1;
	size_t line = 1, column = 1;
	const char *at = strstr(err->message, "at byte ");
	if (at != NULL)
		sscanf(at, "at byte %lu", &byte);
	for (size_t i = 0; i + 1 < byte && i < len; i++) {
		column = text[i] == '\n' ? 1 : column + 1;
		line += text[i] == '\n';
	}
	return cfn_refuse(why,
	    "Template format error: JSON not well-formed. "
	    "(line %zu, column %zu)",
	    line, column);
}

static int
parse(struct cfn_template *t, const char *text, size_t len, struct buf *why)
{
	size_t space = strspn(text, " \t\r\n");
	struct json v;
	struct err err;
	if (text[space] == '{') {
		if (json_scan(text, len, &v, &err) != 0)
			return refuse_json(text, len, &err, why);
		t->root = cfn_tree(v);
	} else {
		t->root = cfn_yaml(text, len, why);
	}
	if (t->root == NULL)
		return -1;
	if (!cJSON_IsObject(t->root))
		return cfn_refuse(
		    why, "Template format error: unsupported structure.");
	return 0;
}

/* Also keeps what comes after from recursing too deeply. */
static int
check_nulls(const cJSON *v, const struct buf *path, int depth, struct buf *why)
{
	int status = 0;
	size_t index = 0;
	if (cJSON_IsNull(v))
		return cfn_refuse(why,
		    "[%s] 'null' values are not allowed in templates",
		    buf_text(path));
	if (depth > CFN_DEPTH)
		return cfn_refuse(
		    why, "Template format error: nested too deeply.");
	struct buf below = {0};
	for (const cJSON *c = v->child; c != NULL && status == 0; c = c->next) {
		buf_reset(&below);
		buf_add(&below, buf_text(path), path->len);
		if (c->string != NULL)
			buf_addf(&below, "/%.200s", c->string);
		else
			buf_addf(&below, "/%zu", index++);
		status = check_nulls(c, &below, depth + 1, why);
	}
	buf_clear(&below);
	return status;
}

static bool
listed(const char *const *list, const char *name)
{
	while (*list != NULL && strcmp(*list, name) != 0)
		list++;
	return *list != NULL;
}

static int
check_names(const cJSON *section, const char *what, struct buf *why)
{
	for (const cJSON *c = section == NULL ? NULL : section->child;
	     c != NULL; c = c->next) {
		size_t n = 0;
		while (isalnum((unsigned char)c->string[n]))
			n++;
		if (n == 0 || n > 255 || c->string[n] != '\0')
			return cfn_refuse(why,
			    "Template format error: %s name {%.300s} is non "
			    "alphanumeric.",
			    what, c->string);
	}
	return 0;
}

static int
take_section(const struct cfn_template *t, const char *name, const cJSON **out,
    struct buf *why)
{
	*out = cfn_get(t->root, name);
	if (*out == NULL || cJSON_IsObject(*out))
		return 0;
	return cfn_refuse(
	    why, "Template format error: %s must be an object.", name);
}

static int
check_transform(struct cfn_template *t, struct buf *why)
{
	const cJSON *transform = cfn_get(t->root, "Transform");
	const cJSON *one =
	    cJSON_IsArray(transform) ? transform->child : transform;
	for (; one != NULL; one = cJSON_IsArray(transform) ? one->next : NULL) {
		const char *name = cfn_text(one);
		if (name == NULL)
			return cfn_refuse(why, "Key Name of transform "
					       "definition must be a string.");
		if (strcmp(name, "AWS::LanguageExtensions") != 0)
			return cfn_refuse(
			    why, "No transform named %.200s found.", name);
		t->extensions = true;
	}
	return 0;
}

static int
check_top(struct cfn_template *t, struct buf *why)
{
	static const char *const known[] = {"AWSTemplateFormatVersion",
	    "Description", "Metadata", "Parameters", "Mappings", "Conditions",
	    "Transform", "Resources", "Outputs", NULL};
	for (const cJSON *c = t->root->child; c != NULL; c = c->next) {
		if (strcmp(c->string, "Rules") == 0)
			return cfn_refuse(why, "Template format error: lunad "
					       "does not evaluate Rules.");
		if (!listed(known, c->string))
			return cfn_refuse(why,
			    "Invalid template property or properties [%.200s]",
			    c->string);
	}
	const char *version = cfn_get_text(t->root, "AWSTemplateFormatVersion");
	if (version != NULL && strcmp(version, "2010-09-09") != 0)
		return cfn_refuse(why, "Template format error: Invalid "
				       "template version.");
	const cJSON *description = cfn_get(t->root, "Description");
	if (description != NULL && !cJSON_IsString(description))
		return cfn_refuse(why, "Template format error: Description "
				       "must be a string.");
	if (check_transform(t, why) != 0 ||
	    take_section(t, "Parameters", &t->parameters, why) != 0 ||
	    take_section(t, "Mappings", &t->mappings, why) != 0 ||
	    take_section(t, "Conditions", &t->conditions, why) != 0 ||
	    take_section(t, "Resources", &t->resources, why) != 0 ||
	    take_section(t, "Outputs", &t->outputs, why) != 0)
		return -1;
	if (t->resources == NULL || t->resources->child == NULL)
		return cfn_refuse(why, "Template format error: At least one "
				       "Resources member must be defined.");
	return 0;
}

static int
check_policy(const cJSON *resource, const char *name, struct buf *why)
{
	static const char *const known[] = {
	    "Delete", "Retain", "RetainExceptOnCreate", NULL};
	const cJSON *policy = cfn_get(resource, name);
	if (policy == NULL)
		return 0;
	if (cJSON_IsString(policy) && listed(known, policy->valuestring))
		return 0;
	return cfn_refuse(why,
	    "Template error: resource type %s does not support %s %.100s",
	    cfn_get_text(resource, "Type"),
	    name[0] == 'D' ? "deletion policy" : "update replace policy",
	    cJSON_IsString(policy) ? policy->valuestring : "of that form");
}

static int
check_resource(const cJSON *v, struct buf *why)
{
	static const char *const known[] = {"Type", "Properties", "DependsOn",
	    "Condition", "Metadata", "DeletionPolicy", "UpdateReplacePolicy",
	    "UpdatePolicy", "CreationPolicy", NULL};
	if (!cJSON_IsObject(v))
		return cfn_refuse(why, "Template format error: Any Resources "
				       "member must be an object.");
	if (!cJSON_IsString(cfn_get(v, "Type")))
		return cfn_refuse(why,
		    "Template format error: [/Resources/%.255s] Every "
		    "Resources object must contain a Type member.",
		    v->string);
	for (const cJSON *c = v->child; c != NULL; c = c->next)
		if (!listed(known, c->string))
			return cfn_refuse(why,
			    "Invalid template resource property '%.200s'",
			    c->string);
	const cJSON *properties = cfn_get(v, "Properties");
	if (properties != NULL && !cJSON_IsObject(properties))
		return cfn_refuse(why,
		    "Template format error: Properties of "
		    "%.255s must be an object.",
		    v->string);
	if (check_policy(v, "DeletionPolicy", why) != 0)
		return -1;
	return check_policy(v, "UpdateReplacePolicy", why);
}

/* Has an earlier resource the same type? */
static bool
seen_before(const cJSON *v)
{
	const cJSON *first = v;
	while (first->prev->next != NULL)
		first = first->prev;
	while (
	    first != v && !cfn_same(cfn_get(first, "Type"), cfn_get(v, "Type")))
		first = first->next;
	return first != v;
}

static int
check_resources(const struct cfn_template *t, struct buf *why)
{
	struct buf unknown = {0};
	int status = check_names(t->resources, "Resource", why);
	for (const cJSON *c = t->resources->child; c != NULL && status == 0;
	     c = c->next) {
		status = check_resource(c, why);
		const char *type = cfn_get_text(c, "Type");
		if (status == 0 && cfn_type_find(type) == NULL &&
		    !seen_before(c))
			buf_addf(&unknown, "%s%.200s",
			    unknown.len > 0 ? ", " : "", type);
	}
	if (status == 0 && unknown.len > 0)
		status = cfn_refuse(why,
		    "Template format error: Unrecognized resource types: [%s]",
		    buf_text(&unknown));
	buf_clear(&unknown);
	return status;
}

static int
check_outputs(const struct cfn_template *t, struct buf *why)
{
	const cJSON *c = t->outputs == NULL ? NULL : t->outputs->child;
	for (; c != NULL; c = c->next)
		if (!cJSON_IsObject(c) || cfn_get(c, "Value") == NULL)
			return cfn_refuse(why,
			    "Template format error: Every Outputs member must "
			    "contain a Value object");
	return check_names(t->outputs, "Output", why);
}

static int
check_mappings(const struct cfn_template *t, struct buf *why)
{
	const cJSON *map = t->mappings == NULL ? NULL : t->mappings->child;
	for (; map != NULL; map = map->next) {
		if (!cJSON_IsObject(map))
			return cfn_refuse(why,
			    "Template format error: Every Mappings member "
			    "%.200s must be a map",
			    map->string);
		for (const cJSON *c = map->child; c != NULL; c = c->next) {
			if (!cJSON_IsObject(c))
				return cfn_refuse(why,
				    "Template format error: Every Mappings "
				    "member %.200s must be a map",
				    c->string);
			for (const cJSON *v = c->child; v != NULL; v = v->next)
				if (cJSON_IsObject(v))
					return cfn_refuse(why,
					    "Template format error: Every "
					    "Mappings attribute must be a "
					    "String or a List.");
		}
	}
	return 0;
}

static int
check_parameter(const cJSON *v, struct buf *why)
{
	static const char *const known[] = {"Type", "Default", "NoEcho",
	    "AllowedValues", "AllowedPattern", "MaxLength", "MinLength",
	    "MaxValue", "MinValue", "Description", "ConstraintDescription",
	    NULL};
	if (!cJSON_IsObject(v))
		return cfn_refuse(why, "Template format error: Any Parameters "
				       "member must be an object.");
	const char *type = cfn_get_text(v, "Type");
	if (type == NULL)
		return cfn_refuse(why,
		    "Template format error: Every Parameters object must "
		    "contain a Type member.");
	for (const cJSON *c = v->child; c != NULL; c = c->next)
		if (!listed(known, c->string))
			return cfn_refuse(why,
			    "Invalid template parameter property '%.200s'",
			    c->string);
	if (strcmp(type, "String") != 0 && strcmp(type, "Number") != 0 &&
	    strcmp(type, "List<Number>") != 0 &&
	    strcmp(type, "List<String>") != 0 &&
	    strcmp(type, "CommaDelimitedList") != 0 &&
	    strncmp(type, "AWS::EC2::", 10) != 0 &&
	    strncmp(type, "List<AWS::EC2::", 15) != 0)
		return cfn_refuse(why,
		    "Template format error: Unrecognized parameter type: "
		    "%.200s",
		    type);
	return 0;
}

static int
check(struct cfn_template *t, struct buf *why)
{
	struct buf path = {0};
	if (check_top(t, why) != 0 || check_outputs(t, why) != 0 ||
	    check_nulls(t->root, &path, 0, why) != 0 ||
	    check_mappings(t, why) != 0 ||
	    check_names(t->parameters, "Parameter", why) != 0)
		return -1;
	for (const cJSON *c = t->parameters == NULL ? NULL
						    : t->parameters->child;
	     c != NULL; c = c->next)
		if (check_parameter(c, why) != 0)
			return -1;
	if (check_resources(t, why) != 0)
		return -1;
	return cfn_reference_check(t, why);
}

int
cfn_template_read(
    struct cfn_template *t, const char *text, size_t len, struct buf *why)
{
	*t = (struct cfn_template){0};
	if (parse(t, text, len, why) == 0 && check(t, why) == 0)
		return 0;
	cfn_template_clear(t);
	return -1;
}

void
cfn_template_clear(struct cfn_template *t)
{
	cJSON_Delete(t->root);
	*t = (struct cfn_template){0};
}

const char *
cfn_template_capability(const struct cfn_template *t, const char **type)
{
	static const char *const names[] = {"RoleName", "ManagedPolicyName",
	    "InstanceProfileName", "UserName", "GroupName", NULL};
	const char *need = NULL;
	for (const cJSON *c = t->resources->child; c != NULL; c = c->next) {
		const char *of = cfn_get_text(c, "Type");
		if (strncmp(of, "AWS::IAM::", 10) != 0)
			continue;
		if (need == NULL)
			*type = of;
		const cJSON *properties = cfn_get(c, "Properties");
		for (size_t i = 0; names[i] != NULL; i++)
			if (cfn_get(properties, names[i]) != NULL) {
				*type = of;
				return "CAPABILITY_NAMED_IAM";
			}
		need = "CAPABILITY_IAM";
	}
	return need;
}
