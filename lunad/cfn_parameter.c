#include <math.h>
#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cfn.h"

static bool
is_list(const char *type)
{
	return strcmp(type, "CommaDelimitedList") == 0 ||
	       strncmp(type, "List<", 5) == 0;
}

static bool
is_number(const char *type)
{
	return strcmp(type, "Number") == 0 || strcmp(type, "List<Number>") == 0;
}

/* A list's elements, trimmed. */
static cJSON *
split(const char *text)
{
	cJSON *list = cJSON_CreateArray();
	if (*text == '\0')
		return list;
	for (;;) {
		size_t n = strcspn(text, ",");
		const char *from = text, *to = text + n;
		struct buf part = {0};
		while (from < to && *from == ' ')
			from++;
		while (to > from && to[-1] == ' ')
			to--;
		buf_add(&part, from, (size_t)(to - from));
		cfn_add(list, cfn_string(buf_text(&part)));
		buf_clear(&part);
		if (text[n] == '\0')
			return list;
		text += n + 1;
	}
}

/* Java's classes for POSIX: \d, where regcomp has none. */
static void
translate(const char *pattern, struct buf *out)
{
	bool set = false;
	buf_add_text(out, "^(");
	for (const char *p = pattern; *p != '\0'; p++) {
		if (p[0] == '\\' && p[1] == 'd') {
			buf_add_text(out, set ? "0-9" : "[0-9]");
			p++;
		} else if (set && p[0] == '\\' && p[1] == 'w') {
			buf_add_text(out, "A-Za-z0-9_");
			p++;
		} else if (set && p[0] == '\\' && p[1] == 's') {
			buf_add_text(out, " \t\r\n");
			p++;
		} else if (p[0] == '\\' && p[1] != '\0') {
			if (!set)
				buf_add_char(out, '\\');
			buf_add_char(out, *++p);
		} else if (p[0] == '(' && p[1] == '?' && p[2] == ':') {
			buf_add_char(out, '(');
			p += 2;
		} else {
			set = *p == '[' || (set && *p != ']');
			buf_add_char(out, *p);
		}
	}
	buf_add_text(out, ")$");
}

/* 1: it matches, 0: it does not, -1: the pattern is beyond POSIX. */
static int
matches(const char *pattern, const char *text)
{
	struct buf posix = {0};
	regex_t re;
	translate(pattern, &posix);
	int bad = regcomp(&re, buf_text(&posix), REG_EXTENDED | REG_NOSUB);
	buf_clear(&posix);
	if (bad != 0)
		return -1;
	int is = regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);
	return is;
}

/* Prefer what the template says about its constraint. */
static int __attribute__((format(printf, 4, 5))) refuse(
    const cJSON *p, struct buf *why, const char *name, const char *format, ...)
{
	char text[1024];
	va_list ap;
	const char *said = cfn_get_text(p, "ConstraintDescription");
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (said != NULL)
		return cfn_refuse(why,
		    "Parameter %.255s failed to satisfy constraint: %.512s",
		    name, said);
	return cfn_refuse(why, "Parameter '%.255s' must %s", name, text);
}

static int
check_number(const cJSON *p, const char *text, struct buf *why)
{
	char *end;
	double n = strtod(text, &end);
	const char *low = cfn_get_text(p, "MinValue");
	const char *high = cfn_get_text(p, "MaxValue");
	if (*text == '\0' || *end != '\0' || !isfinite(n))
		return cfn_refuse(
		    why, "Parameter '%.255s' must be a number.", p->string);
	if (low != NULL && n < strtod(low, NULL))
		return refuse(
		    p, why, p->string, "be a number not less than %s", low);
	if (high != NULL && n > strtod(high, NULL))
		return refuse(
		    p, why, p->string, "be a number not greater than %s", high);
	return 0;
}

static size_t
characters(const char *text)
{
	size_t n = 0;
	for (; *text != '\0'; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

static int
check_text(const cJSON *p, const char *text, struct buf *why)
{
	const char *low = cfn_get_text(p, "MinLength");
	const char *high = cfn_get_text(p, "MaxLength");
	const char *pattern = cfn_get_text(p, "AllowedPattern");
	size_t n = characters(text);
	if (low != NULL && (double)n < strtod(low, NULL))
		return refuse(
		    p, why, p->string, "contain at least %s characters", low);
	if (high != NULL && (double)n > strtod(high, NULL))
		return refuse(
		    p, why, p->string, "contain at most %s characters", high);
	int is = pattern == NULL ? 1 : matches(pattern, text);
	if (is < 0)
		return cfn_refuse(why,
		    "Template format error: lunad cannot check the "
		    "AllowedPattern of parameter %.255s: %.200s",
		    p->string, pattern);
	return is ? 0
		  : refuse(p, why, p->string, "match pattern %.400s", pattern);
}

static int
check_value(const cJSON *p, const char *text, struct buf *why)
{
	const cJSON *allowed = cfn_get(p, "AllowedValues");
	if (is_number(cfn_get_text(p, "Type"))) {
		if (check_number(p, text, why) != 0)
			return -1;
	} else if (check_text(p, text, why) != 0) {
		return -1;
	}
	if (!cJSON_IsArray(allowed))
		return 0;
	for (const cJSON *c = allowed->child; c != NULL; c = c->next) {
		const char *one = cfn_text(c);
		if (one != NULL && strcmp(one, text) == 0)
			return 0;
	}
	return refuse(p, why, p->string, "be one of AllowedValues");
}

static int
check(const cJSON *p, const char *text, struct buf *why)
{
	if (!is_list(cfn_get_text(p, "Type")))
		return check_value(p, text, why);
	int status = 0;
	cJSON *list = split(text);
	for (const cJSON *c = list->child; c != NULL && status == 0;
	     c = c->next)
		status = check_value(p, c->valuestring, why);
	cJSON_Delete(list);
	return status;
}

/* What the request gives, by name. -1: one of them is refused. */
static cJSON *
collect(const struct cfn_template *t, struct json given, const cJSON *previous,
    struct buf *why)
{
	struct json_iter it;
	struct json one;
	struct buf unknown = {0};
	cJSON *values = cJSON_CreateObject();
	bool good = true;
	json_each(given, &it);
	while (good && json_next(&it, NULL, &one)) {
		char *key = json_dup(json_get(one, "ParameterKey"));
		char *value = json_dup(json_get(one, "ParameterValue"));
		const char *name = key == NULL ? "" : key;
		if (cfn_get(t->parameters, name) == NULL) {
			buf_addf(&unknown, "%s%.255s",
			    unknown.len > 0 ? ", " : "", name);
		} else if (!json_true(json_get(one, "UsePreviousValue"))) {
			cfn_put_text(values, name, value == NULL ? "" : value);
		} else if (cfn_get(previous, name) != NULL) {
			cfn_put(
			    values, name, cfn_copy(cfn_get(previous, name)));
		} else {
			cfn_refuse(why,
			    "Invalid input for parameter key %.255s. Cannot "
			    "specify usePreviousValue as true for a parameter "
			    "key not in the previous template",
			    name);
			good = false;
		}
		free(key);
		free(value);
	}
	if (good && unknown.len > 0) {
		cfn_refuse(why, "Parameters: [%s] do not exist in the template",
		    buf_text(&unknown));
		good = false;
	}
	buf_clear(&unknown);
	if (good)
		return values;
	cJSON_Delete(values);
	return NULL;
}

cJSON *
cfn_parameter_values(const struct cfn_template *t, struct json given,
    const cJSON *previous, struct buf *why)
{
	struct buf missing = {0};
	cJSON *values = collect(t, given, previous, why);
	cJSON *all = cJSON_CreateObject();
	int status = values == NULL ? -1 : 0;
	const cJSON *p = t->parameters == NULL ? NULL : t->parameters->child;
	for (; p != NULL && status == 0; p = p->next) {
		const char *text = cfn_get_text(values, p->string);
		if (text == NULL)
			text = cfn_get_text(p, "Default");
		if (text == NULL) {
			buf_addf(&missing, "%s%.255s",
			    missing.len > 0 ? ", " : "", p->string);
			continue;
		}
		status = check(p, text, why);
		cfn_put_text(all, p->string, text);
	}
	if (status == 0 && missing.len > 0)
		status = cfn_refuse(why, "Parameters: [%s] must have values",
		    buf_text(&missing));
	buf_clear(&missing);
	cJSON_Delete(values);
	if (status == 0)
		return all;
	cJSON_Delete(all);
	return NULL;
}

cJSON *
cfn_parameter_typed(const struct cfn_template *t, const cJSON *values)
{
	cJSON *typed = cJSON_CreateObject();
	for (const cJSON *v = values->child; v != NULL; v = v->next) {
		const cJSON *p = cfn_get(t->parameters, v->string);
		const char *type = cfn_get_text(p, "Type");
		if (type != NULL && is_list(type))
			cfn_put(typed, v->string, split(v->valuestring));
		else
			cfn_put(typed, v->string, cfn_copy(v));
	}
	return typed;
}

void
cfn_parameter_show(
    const struct cfn_template *t, const cJSON *values, struct buf *out)
{
	if (values == NULL || values->child == NULL)
		return;
	put_open(out, "Parameters", '[');
	for (const cJSON *v = values->child; v != NULL; v = v->next) {
		const cJSON *p = cfn_get(t->parameters, v->string);
		bool secret = cfn_true(cfn_get(p, "NoEcho"));
		put_open(out, NULL, '{');
		put_text(out, "ParameterKey", v->string);
		put_text(
		    out, "ParameterValue", secret ? "****" : v->valuestring);
		put_close(out, '}');
	}
	put_close(out, ']');
}
