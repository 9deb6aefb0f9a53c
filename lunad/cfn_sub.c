#include <ctype.h>
#include <string.h>

#include "cfn.h"

bool
cfn_sub_next(const char **at, struct buf *literal, struct buf *name)
{
	buf_reset(literal);
	buf_reset(name);
	const char *s = *at;
	for (;;) {
		const char *open = strstr(s, "${");
		const char *close = open == NULL ? NULL : strchr(open, '}');
		if (close == NULL) {
			buf_add_text(literal, s);
			*at = s + strlen(s);
			return false;
		}
		buf_add(literal, s, (size_t)(open - s));
		s = close + 1;
		if (open[2] == '!') { /* ${!Literal} stands for ${Literal} */
			buf_add_text(literal, "${");
			buf_add(literal, open + 3, (size_t)(s - open - 3));
			continue;
		}
		const char *from = open + 2;
		while (from < close && isspace((unsigned char)*from))
			from++;
		while (close > from && isspace((unsigned char)close[-1]))
			close--;
		buf_add(name, from, (size_t)(close - from));
		*at = s;
		return true;
	}
}

/* The value of ${name}. */
static int
variable(
    struct cfn_scope *s, const cJSON *map, const char *name, struct buf *out)
{
	cJSON *made = cJSON_CreateObject(), *hold = NULL;
	const char *dot = strchr(name, '.');
	const cJSON *v = cfn_get(map, name);
	if (v == NULL && dot != NULL && !cfn_pseudo(name)) {
		cJSON *pair = cJSON_CreateArray();
		char logical[256] = "";
		strncat(logical, name,
		    (size_t)(dot - name) < 255 ? (size_t)(dot - name) : 255);
		cfn_add(pair, cfn_string(logical));
		cfn_add(pair, cfn_string(dot + 1));
		cfn_put(made, "Fn::GetAtt", pair);
		v = made;
	} else if (v == NULL) {
		cfn_put_text(made, "Ref", name);
		v = made;
	}
	const char *text = cfn_resolve_text(s, v, "Fn::Sub", &hold);
	if (text != NULL)
		buf_add_text(out, text);
	cJSON_Delete(hold);
	cJSON_Delete(made);
	return text == NULL ? -1 : 0;
}

int
cfn_sub(struct cfn_scope *s, const cJSON *arg, cJSON **out)
{
	const cJSON *map = NULL, *text = arg;
	struct buf literal = {0}, name = {0}, all = {0};
	int status = 0;
	bool more = true;
	if (cJSON_IsArray(arg) && cJSON_GetArraySize(arg) == 2) {
		text = arg->child;
		map = arg->child->next;
	}
	if (!cJSON_IsString(text) || (map != NULL && !cJSON_IsObject(map)))
		return cfn_refuse(s->why,
		    "Template error: One or more Fn::Sub intrinsic functions "
		    "don't specify expected arguments. Specify a string as "
		    "first argument, and an optional second argument to "
		    "specify a mapping of values to replace in the string");
	for (const char *at = text->valuestring; more && status == 0;) {
		more = cfn_sub_next(&at, &literal, &name);
		buf_add(&all, buf_text(&literal), literal.len);
		if (more)
			status = variable(s, map, buf_text(&name), &all);
		if (all.len > CFN_SUB)
			status = cfn_refuse(s->why,
			    "Template error: Fn::Sub makes too much text");
	}
	if (status == 0)
		*out = cfn_string(buf_text(&all));
	buf_clear(&literal);
	buf_clear(&name);
	buf_clear(&all);
	return status;
}
