/*
 * The one door to libyaml: a template in YAML as a tree, CloudFormation's
 * short tags written out.
 *
 * Source: CloudFormation User Guide, "CloudFormation template formats":
 * YAML 1.1 without aliases, merges, and the types binary, omap, pairs, set
 * and timestamp.
 */
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "cfn.h"

struct reader {
	yaml_parser_t parser;
	yaml_event_t event;
	struct buf *why;
	int depth;
};

static int
complain(struct reader *y, const char *what, yaml_mark_t at)
{
	buf_reset(y->why);
	buf_addf(y->why, "%s (line %zu, column %zu)", what, at.line + 1,
	    at.column + 1);
	return -1;
}

static int
next(struct reader *y)
{
	yaml_event_delete(&y->event);
	if (yaml_parser_parse(&y->parser, &y->event))
		return 0;
	return complain(y, "Template format error: YAML not well-formed.",
	    y->parser.problem_mark);
}

static bool
one_of(const char *text, const char *const *list)
{
	while (*list != NULL && strcmp(*list, text) != 0)
		list++;
	return *list != NULL;
}

/* What JSON takes for a number; an exponent wants a fraction before it, as
 * in YAML 1.1. So 000000000000 and 2012-10-17 are strings. */
static bool
is_number(const char *s)
{
	const char *at = s + (*s == '-');
	size_t n = strspn(at, "0123456789");
	if (n == 0 || (n > 1 && *at == '0'))
		return false;
	at += n;
	if (*at != '.')
		return *at == '\0';
	n = strspn(at + 1, "0123456789");
	if (n == 0)
		return false;
	at += 1 + n;
	if (*at == 'e' || *at == 'E') {
		at++;
		at += *at == '-' || *at == '+';
		n = strspn(at, "0123456789");
		if (n == 0)
			return false;
		at += n;
	}
	return *at == '\0';
}

static cJSON *
plain(const char *text)
{
	static const char *const yes[] = {"true", "True", "TRUE", "yes", "Yes",
	    "YES", "on", "On", "ON", NULL};
	static const char *const no[] = {"false", "False", "FALSE", "no", "No",
	    "NO", "off", "Off", "OFF", NULL};
	static const char *const nil[] = {
	    "", "~", "null", "Null", "NULL", NULL};
	if (one_of(text, nil))
		return cJSON_CreateNull();
	if (one_of(text, yes))
		return cJSON_CreateTrue();
	if (one_of(text, no))
		return cJSON_CreateFalse();
	return is_number(text) ? cJSON_CreateRaw(text) : cfn_string(text);
}

static cJSON *
scalar(const yaml_event_t *e, bool tagged)
{
	const char *text = (const char *)e->data.scalar.value;
	const char *tag = (const char *)e->data.scalar.tag;
	if (tagged || e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE ||
	    (tag != NULL && strcmp(tag, YAML_STR_TAG) == 0))
		return cfn_string(text);
	return plain(text);
}

/* "!Sub" as the member that stands for it: {"Fn::Sub": value}. */
static cJSON *
function_of(const char *tag, cJSON *value)
{
	char name[64];
	cJSON *object = cJSON_CreateObject();
	const char *dot =
	    strchr(cJSON_IsString(value) ? value->valuestring : "", '.');
	if (strcmp(tag, "Ref") == 0 || strcmp(tag, "Condition") == 0) {
		cfn_put(object, tag, value);
		return object;
	}
	if (strcmp(tag, "GetAtt") == 0 && dot != NULL) {
		cJSON *pair = cJSON_CreateArray();
		char *logical = cJSON_GetStringValue(value);
		logical[dot - logical] = '\0';
		cfn_add(pair, cfn_string(logical));
		cfn_add(pair, cfn_string(dot + 1));
		cJSON_Delete(value);
		value = pair;
	}
	snprintf(name, sizeof(name), "Fn::%s", tag);
	cfn_put(object, name, value);
	return object;
}

static cJSON *node(struct reader *y);

static cJSON *
sequence(struct reader *y)
{
	cJSON *array = cJSON_CreateArray();
	while (next(y) == 0 && y->event.type != YAML_SEQUENCE_END_EVENT) {
		cJSON *value = node(y);
		if (value == NULL) {
			cJSON_Delete(array);
			return NULL;
		}
		cfn_add(array, value);
	}
	if (y->event.type == YAML_SEQUENCE_END_EVENT)
		return array;
	cJSON_Delete(array);
	return NULL;
}

static int
member(struct reader *y, cJSON *object)
{
	char key[512];
	if (y->event.type != YAML_SCALAR_EVENT ||
	    y->event.data.scalar.length >= sizeof(key) ||
	    strlen((const char *)y->event.data.scalar.value) !=
		y->event.data.scalar.length)
		return complain(y,
		    "Template format error: a key that is no "
		    "short text.",
		    y->event.start_mark);
	memcpy(
	    key, y->event.data.scalar.value, y->event.data.scalar.length + 1);
	if (strcmp(key, "<<") == 0)
		return complain(y,
		    "Template format error: YAML merges are not "
		    "allowed in CloudFormation templates.",
		    y->event.start_mark);
	if (next(y) != 0)
		return -1;
	cJSON *value = node(y);
	cfn_put(object, key, value);
	return value == NULL ? -1 : 0;
}

static cJSON *
mapping(struct reader *y)
{
	cJSON *object = cJSON_CreateObject();
	while (next(y) == 0 && y->event.type != YAML_MAPPING_END_EVENT) {
		if (member(y, object) != 0) {
			cJSON_Delete(object);
			return NULL;
		}
	}
	if (y->event.type == YAML_MAPPING_END_EVENT)
		return object;
	cJSON_Delete(object);
	return NULL;
}

/* The short tag of the current event, without '!'; "" for none. */
static int
tag_of(struct reader *y, char *out, size_t size)
{
	static const char *const known[] = {"Ref", "Condition", "GetAtt", "Sub",
	    "Join", "Select", "Split", "If", "Equals", "And", "Or", "Not",
	    "FindInMap", "Base64", "GetAZs", "ImportValue", "ToJsonString",
	    "Length", "Cidr", "Transform", NULL};
	const yaml_char_t *tag = NULL;
	if (y->event.type == YAML_SCALAR_EVENT)
		tag = y->event.data.scalar.tag;
	else if (y->event.type == YAML_SEQUENCE_START_EVENT)
		tag = y->event.data.sequence_start.tag;
	else if (y->event.type == YAML_MAPPING_START_EVENT)
		tag = y->event.data.mapping_start.tag;
	out[0] = '\0';
	if (tag == NULL || tag[0] != '!' || tag[1] == '\0')
		return 0;
	if (!one_of((const char *)tag + 1, known)) {
		char what[128];
		snprintf(what, sizeof(what),
		    "Template format error: unsupported tag '%.60s'.", tag);
		return complain(y, what, y->event.start_mark);
	}
	snprintf(out, size, "%s", (const char *)tag + 1);
	return 0;
}

/* The value that begins with the current event; NULL and why. */
static cJSON *
node(struct reader *y)
{
	char tag[32];
	cJSON *value = NULL;
	if (tag_of(y, tag, sizeof(tag)) != 0)
		return NULL;
	if (++y->depth > CFN_DEPTH) {
		complain(y, "Template format error: nested too deeply.",
		    y->event.start_mark);
		return NULL;
	}
	switch (y->event.type) {
	case YAML_SCALAR_EVENT:
		if (strlen((const char *)y->event.data.scalar.value) !=
		    y->event.data.scalar.length)
			complain(y, "Template format error: a NUL character.",
			    y->event.start_mark);
		else
			value = scalar(&y->event, tag[0] != '\0');
		break;
	case YAML_SEQUENCE_START_EVENT:
		value = sequence(y);
		break;
	case YAML_MAPPING_START_EVENT:
		value = mapping(y);
		break;
	case YAML_ALIAS_EVENT:
		buf_reset(y->why);
		buf_add_text(y->why, "Template format error: YAML aliases are "
				     "not allowed in CloudFormation templates");
		break;
	default:
		complain(y, "Template format error: YAML not well-formed.",
		    y->event.start_mark);
		break;
	}
	y->depth--;
	if (value != NULL && tag[0] != '\0')
		value = function_of(tag, value);
	return value;
}

static int
begin(struct reader *y)
{
	if (next(y) != 0 || next(y) != 0)
		return -1;
	if (y->event.type != YAML_DOCUMENT_START_EVENT) {
		buf_add_text(
		    y->why, "Template format error: unsupported structure.");
		return -1;
	}
	return next(y);
}

static int
finish(struct reader *y)
{
	if (next(y) != 0 || next(y) != 0)
		return -1;
	if (y->event.type == YAML_STREAM_END_EVENT)
		return 0;
	return complain(y, "Template format error: more than one document.",
	    y->event.start_mark);
}

cJSON *
cfn_yaml(const char *text, size_t len, struct buf *why)
{
	struct reader y = {.why = why};
	cJSON *root = NULL;
	if (!yaml_parser_initialize(&y.parser)) {
		buf_add_text(why, "no memory for a YAML parser");
		return NULL;
	}
	yaml_parser_set_input_string(
	    &y.parser, (const unsigned char *)text, len);
	if (begin(&y) == 0)
		root = node(&y);
	if (root != NULL && finish(&y) != 0) {
		cJSON_Delete(root);
		root = NULL;
	}
	yaml_event_delete(&y.event);
	yaml_parser_delete(&y.parser);
	return root;
}
