/*
 * query add [NAME VALUE]…: a form of them. query read: the pairs of the
 * form on stdin (without its final newline), "NAME=VALUE" a line, as JSON
 * strings. query flatten [flat]: the form of each line, a JSON object, as
 * query_show prints it.
 */
#include "query.h"

#include <stdio.h>
#include <string.h>

#include "text.h"

static void
show(const struct buf *name, const struct buf *value)
{
	struct buf out = {0};
	text_json_string(buf_text(name), name->len, &out);
	buf_add_char(&out, '=');
	text_json_string(buf_text(value), value->len, &out);
	puts(buf_text(&out));
	buf_clear(&out);
}

static void
flatten(bool flat)
{
	static char line[65536];
	struct buf form = {0}, shown = {0};
	while (fgets(line, sizeof(line), stdin) != NULL) {
		struct json object;
		struct err err = {0};
		buf_reset(&form);
		buf_reset(&shown);
		if (json_scan(line, strlen(line), &object, &err) == 0 &&
		    query_flatten(object, flat, &form, &err) == 0)
			query_show(buf_text(&form), form.len, &shown);
		puts(err.kind == ERR_NONE ? buf_text(&shown) : err.code);
	}
	buf_clear(&form);
	buf_clear(&shown);
}

int
main(int argc, char **argv)
{
	struct buf a = {0}, b = {0};
	struct query_iter it;
	static char text[65536];
	if (argc > 1 && strcmp(argv[1], "flatten") == 0) {
		flatten(argc > 2);
	} else if (argc > 1 && strcmp(argv[1], "read") == 0) {
		size_t n = fread(text, 1, sizeof(text), stdin);
		query_each(text, n > 0 ? n - 1 : 0, &it);
		while (query_next(&it, &a, &b))
			show(&a, &b);
	} else {
		for (int i = 2; i + 1 < argc; i += 2)
			query_add(&a, argv[i], argv[i + 1]);
		puts(buf_text(&a));
	}
	buf_clear(&a);
	buf_clear(&b);
	return 0;
}
