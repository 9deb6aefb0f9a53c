/*
 * A CloudFormation template from anyone: read, or refused in words; then its
 * order, properties and outputs, which print as JSON.
 */
#include "../../lunad/cfn.h"

#include <string.h>

#include "fuzz.h"

static cJSON *
ref(struct cfn_scope *s, const char *logical)
{
	return cfn_get(s->t->resources, logical) == NULL
		   ? NULL
		   : cfn_string(s->planning ? CFN_LATER : logical);
}

static cJSON *
attribute(struct cfn_scope *s, const char *logical, const char *name)
{
	must(name[0] != '\0' || cfn_get(s->t->resources, logical) != NULL);
	return ref(s, logical);
}

static cJSON *
import(struct cfn_scope *s, const char *name)
{
	return s->planning ? NULL : cfn_string(name);
}

static void
resolve(struct cfn_scope *s, const cJSON *v)
{
	cJSON *value = NULL;
	if (v == NULL)
		return;
	buf_reset(s->why);
	if (cfn_resolve(s, v, &value) != 0) {
		must(s->why->len > 0 && value == NULL);
		return;
	}
	struct buf text = {0};
	struct json root;
	json_print(value, &text);
	must(value == NULL ||
	     json_scan(buf_text(&text), text.len, &root, NULL) == 0);
	buf_clear(&text);
	cJSON_Delete(value);
}

static void
resolve_all(struct cfn_scope *s)
{
	size_t count, last = 0;
	buf_reset(s->why);
	const char **order = cfn_graph(s, &count);
	must(order != NULL || s->why->len > 0);
	for (size_t i = 0; order != NULL && i < count; i++) {
		const cJSON *of = cfn_get(s->t->resources, order[i]);
		must(of != NULL);
		last = i;
		resolve(s, cfn_get(of, "Properties"));
	}
	must(last <= (size_t)cJSON_GetArraySize(s->t->resources));
	free(order);
	const cJSON *o = s->t->outputs == NULL ? NULL : s->t->outputs->child;
	for (; o != NULL; o = o->next)
		resolve(s, cfn_get(o, "Value"));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf why = {0};
	struct cfn_template t;
	char *text = malloc(size + 1);
	must(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	if (cfn_template_read(&t, text, size, &why) != 0) {
		must(why.len > 0 && t.root == NULL);
	} else {
		struct json none = {.type = JSON_NONE};
		cJSON *values = cfn_parameter_values(&t, none, NULL, &why);
		cJSON *typed = values == NULL ? cJSON_CreateObject()
					      : cfn_parameter_typed(&t, values);
		for (int planning = 0; planning < 2; planning++) {
			cJSON *met = cJSON_CreateObject();
			struct cfn_scope scope = {.t = &t,
			    .values = typed,
			    .met = met,
			    .region = "us-east-1",
			    .account = "000000000000",
			    .stack_name = "s",
			    .stack_id = "i",
			    .planning = planning == 1,
			    .ref = ref,
			    .attribute = attribute,
			    .import = import,
			    .why = &why};
			resolve_all(&scope);
			cJSON_Delete(met);
		}
		cJSON_Delete(values);
		cJSON_Delete(typed);
		cfn_template_clear(&t);
	}
	free(text);
	buf_clear(&why);
	return 0;
}
