/*
 * CloudFormation's functions. An argument may hold functions of its own; each
 * function resolves what it takes, so that Fn::If leaves alone what it does
 * not choose.
 *
 * Source: CloudFormation User Guide, "Intrinsic function reference".
 */
#include <stdlib.h>
#include <string.h>

#include "cfn.h"
#include "text.h"

static bool
later(const char *text)
{
	return text != NULL && strstr(text, CFN_LATER) != NULL;
}

static int
get_att(struct cfn_scope *s, const cJSON *arg, cJSON **out)
{
	cJSON *hold = NULL, *pair = NULL;
	const char *dot =
	    cJSON_IsString(arg) ? strchr(arg->valuestring, '.') : NULL;
	const cJSON *logical = cJSON_IsArray(arg) ? arg->child : NULL;
	if (dot != NULL) {
		pair = cJSON_CreateArray();
		cJSON *name = cfn_string(arg->valuestring);
		name->valuestring[dot - arg->valuestring] = '\0';
		cfn_add(pair, name);
		cfn_add(pair, cfn_string(dot + 1));
		logical = pair->child;
	}
	const char *attribute = NULL;
	if (cJSON_IsString(logical) && logical->next != NULL &&
	    logical->next->next == NULL)
		attribute =
		    cfn_resolve_text(s, logical->next, "Fn::GetAtt", &hold);
	if (attribute != NULL && s->attribute != NULL)
		*out = s->attribute(s, logical->valuestring, attribute);
	if (*out == NULL && s->why->len == 0)
		cfn_refuse(s->why, "Template error: every Fn::GetAtt object "
				   "requires two non-empty parameters, the "
				   "resource name and the resource attribute");
	cJSON_Delete(hold);
	cJSON_Delete(pair);
	return *out == NULL ? -1 : 0;
}

static int
join(struct cfn_scope *s, const cJSON *arg, cJSON **out)
{
	struct buf all = {0};
	cJSON *list = NULL;
	const cJSON *between = cJSON_IsArray(arg) ? arg->child : NULL;
	bool good = cJSON_IsString(between) && between->next != NULL &&
		    between->next->next == NULL;
	if (good && cfn_resolve(s, between->next, &list) != 0)
		return -1;
	if (good && later(cfn_text(list))) {
		*out = list;
		return 0;
	}
	good = good && cJSON_IsArray(list);
	for (const cJSON *c = good ? list->child : NULL; c != NULL;
	     c = c->next) {
		const char *text = cfn_text(c);
		good = good && text != NULL;
		if (c != list->child)
			buf_add_text(&all, between->valuestring);
		buf_add_text(&all, text == NULL ? "" : text);
	}
	if (good)
		*out = cfn_string(buf_text(&all));
	buf_clear(&all);
	cJSON_Delete(list);
	return good ? 0
		    : cfn_refuse(s->why,
			  "Template error: every Fn::Join object requires two "
			  "parameters, (1) a string delimiter and (2) a list "
			  "of strings to be joined or a function that returns "
			  "a list of strings (such as Fn::GetAZs) to be "
			  "joined.");
}

static int
split(struct cfn_scope *s, const cJSON *arg, cJSON **out)
{
	cJSON *hold = NULL;
	const cJSON *at = cJSON_IsArray(arg) ? arg->child : NULL;
	if (!cJSON_IsString(at) || at->valuestring[0] == '\0' ||
	    at->next == NULL || at->next->next != NULL)
		return cfn_refuse(s->why,
		    "Template error: every Fn::Split object requires two "
		    "parameters, (1) a string delimiter and (2) a string to be "
		    "split or a function that returns a string to be split.");
	const char *text = cfn_resolve_text(s, at->next, "Fn::Split", &hold);
	if (text == NULL) {
		cJSON_Delete(hold);
		return -1;
	}
	if (later(text)) {
		*out = hold;
		return 0;
	}
	*out = cJSON_CreateArray();
	size_t n = strlen(at->valuestring);
	for (const char *end; (end = strstr(text, at->valuestring)) != NULL;
	     text = end + n) {
		struct buf part = {0};
		buf_add(&part, text, (size_t)(end - text));
		cfn_add(*out, cfn_string(buf_text(&part)));
		buf_clear(&part);
	}
	cfn_add(*out, cfn_string(text));
	cJSON_Delete(hold);
	return 0;
}

static int
select_one(struct cfn_scope *s, const cJSON *arg, cJSON **out)
{
	cJSON *hold = NULL, *list = NULL;
	int64_t index = -1;
	const cJSON *first = cJSON_IsArray(arg) ? arg->child : NULL;
	if (first == NULL || first->next == NULL || first->next->next != NULL)
		return cfn_refuse(s->why,
		    "Template error: Fn::Select requires a list argument with "
		    "two elements: an integer index and a list");
	const char *text = cfn_resolve_text(s, first, "Fn::Select", &hold);
	int status = text == NULL ? -1 : cfn_resolve(s, first->next, &list);
	if (status == 0 && later(cfn_text(list))) {
		*out = cfn_string(CFN_LATER);
	} else if (status == 0 &&
		   (text_integer(text, 0, INT32_MAX, &index) != 0 ||
		       !cJSON_IsArray(list))) {
		status = cfn_refuse(s->why,
		    "Template error: Fn::Select requires a list argument with "
		    "two elements: an integer index and a list");
	} else if (status == 0) {
		*out = cfn_copy(cJSON_GetArrayItem(list, (int)index));
		if (*out == NULL)
			status = cfn_refuse(s->why,
			    "Template error: Fn::Select cannot select "
			    "nonexistent value at index %lld",
			    (long long)index);
	}
	cJSON_Delete(hold);
	cJSON_Delete(list);
	return status;
}

static int
find_in_map(struct cfn_scope *s, const cJSON *arg, cJSON **out)
{
	cJSON *hold[3] = {NULL, NULL, NULL};
	const char *key[3] = {NULL, NULL, NULL};
	const cJSON *at = cJSON_IsArray(arg) ? arg->child : NULL;
	int n = 0;
	for (; at != NULL && n < 3; at = at->next, n++) {
		key[n] = cfn_resolve_text(s, at, "Fn::FindInMap", &hold[n]);
		if (key[n] == NULL)
			break;
	}
	if (n == 3 && at == NULL) {
		const cJSON *map = cfn_get(s->t->mappings, key[0]);
		*out = cfn_copy(cfn_get(cfn_get(map, key[1]), key[2]));
		if (map == NULL)
			cfn_refuse(s->why,
			    "Template error: Mapping named '%.200s' is not "
			    "present in the 'Mappings' section of template.",
			    key[0]);
		else if (*out == NULL)
			cfn_refuse(s->why,
			    "Template error: Unable to get mapping for "
			    "%.200s::%.200s::%.200s",
			    key[0], key[1], key[2]);
	} else if (s->why->len == 0) {
		cfn_refuse(s->why,
		    "Template error: every Fn::FindInMap object requires three "
		    "parameters, the map name, map key and the attribute for "
		    "return value");
	}
	for (int i = 0; i < 3; i++)
		cJSON_Delete(hold[i]);
	return *out == NULL ? -1 : 0;
}

static int
if_else(struct cfn_scope *s, const cJSON *arg, cJSON **out)
{
	const cJSON *name = cJSON_IsArray(arg) ? arg->child : NULL;
	if (!cJSON_IsString(name) || cJSON_GetArraySize(arg) != 3)
		return cfn_refuse(s->why, "Template error: Fn::If requires a "
					  "list argument with three elements");
	int met = cfn_condition(s, name->valuestring);
	if (met < 0)
		return -1;
	return cfn_resolve(s, met ? name->next : name->next->next, out);
}

static int
equals(struct cfn_scope *s, const cJSON *arg, cJSON **out)
{
	cJSON *a = NULL, *b = NULL;
	if (!cJSON_IsArray(arg) || cJSON_GetArraySize(arg) != 2)
		return cfn_refuse(s->why,
		    "Template error: every Fn::Equals object requires a list "
		    "of 2 string parameters.");
	int status = cfn_resolve(s, arg->child, &a);
	if (status == 0)
		status = cfn_resolve(s, arg->child->next, &b);
	if (status == 0)
		*out = cJSON_CreateBool(cfn_same(a, b));
	cJSON_Delete(a);
	cJSON_Delete(b);
	return status;
}

/* One operand of And, Or, Not. */
static int
operand(struct cfn_scope *s, const cJSON *v)
{
	const cJSON *only = cJSON_IsObject(v) ? v->child : NULL;
	cJSON *value = NULL;
	if (only != NULL && only->next == NULL && cJSON_IsString(only) &&
	    strcmp(only->string, "Condition") == 0)
		return cfn_condition(s, only->valuestring);
	if (cfn_resolve(s, v, &value) != 0)
		return -1;
	int is = cfn_true(value);
	cJSON_Delete(value);
	return is;
}

static int
logic(struct cfn_scope *s, const char *name, const cJSON *arg, cJSON **out)
{
	bool not = strcmp(name, "Fn::Not") == 0;
	bool all = strcmp(name, "Fn::And") == 0;
	int n = cJSON_IsArray(arg) ? cJSON_GetArraySize(arg) : 0;
	if (not &&n != 1)
		return cfn_refuse(s->why,
		    "Template error: every Fn::Not object requires one boolean "
		    "parameter.");
	if (!not &&(n < 2 || n > 10))
		return cfn_refuse(s->why,
		    "Template error: every %s object requires a list of at "
		    "least 2 and at most 10 boolean parameters.",
		    name);
	bool result = all;
	for (const cJSON *c = arg->child; c != NULL; c = c->next) {
		int is = operand(s, c);
		if (is < 0)
			return -1;
		if (not )
			result = !is;
		else
			result = all ? result && is : result || is;
	}
	*out = cJSON_CreateBool(result);
	return 0;
}

static int
base64(struct cfn_scope *s, const cJSON *arg, cJSON **out)
{
	cJSON *hold = NULL;
	struct buf coded = {0};
	const char *text = cfn_resolve_text(s, arg, "Fn::Base64", &hold);
	if (later(text)) {
		*out = cfn_string(CFN_LATER);
	} else if (text != NULL) {
		text_base64(text, strlen(text), &coded);
		*out = cfn_string(buf_text(&coded));
	}
	buf_clear(&coded);
	cJSON_Delete(hold);
	return text == NULL ? -1 : 0;
}

static int
import_value(struct cfn_scope *s, const cJSON *arg, cJSON **out)
{
	cJSON *hold = NULL;
	const char *name = cfn_resolve_text(s, arg, "Fn::ImportValue", &hold);
	if (name != NULL && s->import != NULL)
		*out = s->import(s, name);
	if (*out == NULL && s->why->len == 0)
		cfn_refuse(s->why, "No export named %.255s found.",
		    name == NULL ? "" : name);
	cJSON_Delete(hold);
	return *out == NULL ? -1 : 0;
}

/* lunad has no EC2: the first three zones, as a new account sees them. */
static int
get_azs(struct cfn_scope *s, const cJSON *arg, cJSON **out)
{
	cJSON *hold = NULL;
	const char *region = cfn_resolve_text(s, arg, "Fn::GetAZs", &hold);
	if (region != NULL) {
		*out = cJSON_CreateArray();
		for (char zone = 'a'; zone <= 'c'; zone++) {
			struct buf name = {0};
			buf_addf(&name, "%s%c",
			    region[0] == '\0' ? s->region : region, zone);
			cfn_add(*out, cfn_string(buf_text(&name)));
			buf_clear(&name);
		}
	}
	cJSON_Delete(hold);
	return region == NULL ? -1 : 0;
}

static int
extension(struct cfn_scope *s, const char *name, const cJSON *arg, cJSON **out)
{
	cJSON *v = NULL;
	struct buf number = {0};
	if (!s->t->extensions)
		return cfn_refuse(s->why,
		    "Template error: %s wants Transform: "
		    "AWS::LanguageExtensions",
		    name);
	if (cfn_resolve(s, arg, &v) != 0)
		return -1;
	if (strcmp(name, "Fn::ToJsonString") == 0 && v != NULL) {
		char *text = cfn_print(v);
		*out = cfn_string(text);
		free(text);
	} else if (cJSON_IsArray(v)) {
		buf_addf(&number, "%d", cJSON_GetArraySize(v));
		*out = cJSON_CreateRaw(buf_text(&number));
	} else {
		cfn_refuse(s->why, "Template error: %s wants a list", name);
	}
	buf_clear(&number);
	cJSON_Delete(v);
	return *out == NULL ? -1 : 0;
}

int
cfn_function(
    struct cfn_scope *s, const char *name, const cJSON *arg, cJSON **out)
{
	static const struct {
		const char *name;
		int (*run)(struct cfn_scope *s, const cJSON *arg, cJSON **out);
	} table[] = {
	    {"Fn::GetAtt", get_att},
	    {"Fn::Sub", cfn_sub},
	    {"Fn::Join", join},
	    {"Fn::Select", select_one},
	    {"Fn::Split", split},
	    {"Fn::If", if_else},
	    {"Fn::FindInMap", find_in_map},
	    {"Fn::Equals", equals},
	    {"Fn::Base64", base64},
	    {"Fn::ImportValue", import_value},
	    {"Fn::GetAZs", get_azs},
	};
	*out = NULL;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(name, table[i].name) == 0)
			return table[i].run(s, arg, out);
	if (strcmp(name, "Fn::And") == 0 || strcmp(name, "Fn::Or") == 0 ||
	    strcmp(name, "Fn::Not") == 0)
		return logic(s, name, arg, out);
	if (strcmp(name, "Fn::ToJsonString") == 0 ||
	    strcmp(name, "Fn::Length") == 0)
		return extension(s, name, arg, out);
	return cfn_refuse(s->why,
	    "Template error: lunad does not have the function %.100s", name);
}
