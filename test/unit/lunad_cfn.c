/*
 * lunad_cfn NAME=VALUE...: read a template from stdin and print, a line each,
 * its resources in the order in which they are made, with their properties,
 * and its outputs. A resource's id is <Logical>, an attribute of it
 * <Logical.Name>, an imported value <import:Name>. What is refused is the
 * last line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../lunad/cfn.h"
#include "text.h"

static cJSON *
marked(const char *a, const char *between, const char *b)
{
	char text[600];
	snprintf(text, sizeof(text), "<%s%s%s>", a, between, b);
	return cfn_string(text);
}

static cJSON *
ref(struct cfn_scope *s, const char *logical)
{
	return cfn_get(s->t->resources, logical) == NULL
		   ? NULL
		   : marked(logical, "", "");
}

static cJSON *
attribute(struct cfn_scope *s, const char *logical, const char *name)
{
	(void)s;
	return marked(logical, ".", name);
}

static cJSON *
import(struct cfn_scope *s, const char *name)
{
	(void)s;
	return marked("import", ":", name);
}

static cJSON *
parameters(const struct cfn_template *t, int argc, char **argv, struct buf *why)
{
	struct buf text = {0};
	struct json given;
	buf_add_char(&text, '[');
	for (int i = 1; i < argc; i++) {
		size_t n = strcspn(argv[i], "=");
		buf_add_text(&text,
		    i > 1 ? ",{\"ParameterKey\":" : "{\"ParameterKey\":");
		text_json_string(argv[i], n, &text);
		buf_add_text(&text, ",\"ParameterValue\":");
		text_json_string(
		    argv[i] + n + 1, strlen(argv[i] + n + 1), &text);
		buf_add_char(&text, '}');
	}
	buf_add_char(&text, ']');
	json_scan(buf_text(&text), text.len, &given, NULL);
	cJSON *values = cfn_parameter_values(t, given, NULL, why);
	buf_clear(&text);
	return values;
}

static int
print(struct cfn_scope *s, const char *name, const char *type, const cJSON *v)
{
	cJSON *value = NULL;
	if (v != NULL && cfn_resolve(s, v, &value) != 0)
		return -1;
	char *text = value == NULL ? NULL : cfn_print(value);
	printf("%s %s %s\n", name, type, text == NULL ? "none" : text);
	free(text);
	cJSON_Delete(value);
	return 0;
}

static int
print_all(struct cfn_scope *s)
{
	size_t count;
	const char **order = cfn_graph(s, &count);
	int status = order == NULL ? -1 : 0;
	for (size_t i = 0; i < count && status == 0; i++) {
		const cJSON *of = cfn_get(s->t->resources, order[i]);
		status = print(s, order[i], cfn_get_text(of, "Type"),
		    cfn_get(of, "Properties"));
	}
	free(order);
	const cJSON *o = s->t->outputs == NULL ? NULL : s->t->outputs->child;
	for (; o != NULL && status == 0; o = o->next) {
		status = cfn_active(s, o);
		if (status > 0)
			status = print(s, o->string, "=", cfn_get(o, "Value"));
	}
	return status;
}

int
main(int argc, char **argv)
{
	struct buf text = {0}, why = {0};
	struct cfn_template t = {0};
	cJSON *values = NULL, *typed = NULL, *met = cJSON_CreateObject();
	char chunk[4096];
	for (size_t n; (n = fread(chunk, 1, sizeof(chunk), stdin)) > 0;)
		buf_add(&text, chunk, n);
	int status = cfn_template_read(&t, buf_text(&text), text.len, &why);
	if (status == 0) {
		values = parameters(&t, argc, argv, &why);
		status = values == NULL ? -1 : 0;
	}
	if (status == 0) {
		typed = cfn_parameter_typed(&t, values);
		struct cfn_scope scope = {.t = &t,
		    .values = typed,
		    .met = met,
		    .region = "eu-central-1",
		    .account = "123456789012",
		    .stack_name = "mine",
		    .stack_id = "arn:mine",
		    .ref = ref,
		    .attribute = attribute,
		    .import = import,
		    .why = &why};
		status = print_all(&scope);
	}
	if (status < 0)
		printf("%s\n", buf_text(&why));
	cJSON_Delete(values);
	cJSON_Delete(typed);
	cJSON_Delete(met);
	cfn_template_clear(&t);
	buf_clear(&text);
	buf_clear(&why);
	return 0;
}
