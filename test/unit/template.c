/*
 * Drives template: one operation on the record in each line of stdin.
 *
 *	fill PLACE TEMPLATE | single TEMPLATE | get FIELD | test TEST
 *	constant TEMPLATE	(reads nothing)
 *
 * What was appended is printed after a =, so that an error after anything
 * but that = shows that a failed fill left something behind.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "template.h"

struct compiled {
	const char *op;
	enum template_place place;
	struct template *template;
	struct template_field *field;
	struct template_test *test;
};

static enum template_place
place_of(const char *name)
{
	static const char *const names[] = {
	    "plain", "url", "html", "slack", "header"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(name, names[i]) == 0)
			return (enum template_place)i;
	exit(2);
}

static int
compile(struct compiled *c, const char *text, struct err *err)
{
	if (strcmp(c->op, "get") == 0)
		return (c->field = template_field_new(text, err)) == NULL;
	if (strcmp(c->op, "test") == 0)
		return (c->test = template_test_new(text, err)) == NULL;
	return (c->template = template_new(text, err)) == NULL;
}

static void
add_view(struct json v, struct buf *out)
{
	if (v.type == JSON_NONE)
		buf_add_text(out, "none");
	else
		buf_add(out, v.at, v.len);
}

static int
operate(const struct compiled *c, const struct record *r, struct buf *out,
    struct err *err)
{
	if (strcmp(c->op, "fill") == 0)
		return template_fill(c->template, r, c->place, out, err);
	if (strcmp(c->op, "test") == 0)
		buf_add_text(
		    out, template_test_holds(c->test, r) ? "yes" : "no");
	else if (strcmp(c->op, "get") == 0)
		add_view(template_field_get(c->field, r), out);
	else if (strcmp(c->op, "single") == 0)
		add_view(template_single(c->template, r), out);
	return 0;
}

static void
on_lines(const struct compiled *c)
{
	char *line = NULL;
	size_t size = 0;
	uint64_t number = 0;
	struct buf out = {0};
	for (ssize_t n; (n = getline(&line, &size, stdin)) >= 0;) {
		struct record r;
		struct err err;
		buf_reset(&out);
		buf_add_char(&out, '=');
		if (record_parse(&r, line, (size_t)n, ++number, &err) != 0 ||
		    operate(c, &r, &out, &err) != 0)
			buf_addf(&out, " %s: %s", err.code, err.message);
		fwrite(out.data, 1, out.len, stdout);
		putchar('\n');
	}
	free(line);
	buf_clear(&out);
}

int
main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	struct err err;
	struct compiled c = {.op = argv[1]};
	if (argc == 4)
		c.place = place_of(argv[2]);
	if (compile(&c, argv[argc - 1], &err) != 0) {
		printf("%s: %s\n", err.code, err.message);
	} else if (strcmp(c.op, "constant") == 0) {
		const char *text = template_constant(c.template);
		printf("%s\n", text == NULL ? "NULL" : text);
	} else {
		on_lines(&c);
	}
	template_free(c.template);
	template_field_free(c.field);
	template_test_free(c.test);
	return 0;
}
