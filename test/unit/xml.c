/*
 * xml tree: the document on stdin, a line an element: "path 'text'".
 * xml text PATH: its text below the root. xml escape: stdin, escaped.
 * xml json: the document as JSON.
 * The final newline of stdin does not count.
 */
#include "xml.h"

#include <stdio.h>
#include <string.h>

static void
show(const struct xml *node, const char *above)
{
	for (; node != NULL; node = node->next) {
		struct buf path = {0};
		buf_addf(&path, "%s%s", above, node->name);
		printf("%s '%s'\n", buf_text(&path), node->text);
		buf_add_char(&path, '/');
		show(node->child, buf_text(&path));
		buf_clear(&path);
	}
}

int
main(int argc, char **argv)
{
	struct buf in = {0};
	for (size_t n = 1; n > 0;) {
		n = fread(buf_room(&in, 65536), 1, 65536, stdin);
		in.len += n;
	}
	if (argc < 2 || in.len == 0)
		return 2;
	in.len--;
	struct buf out = {0};
	struct xml *root = NULL;
	struct err err = {0};
	if (strcmp(argv[1], "escape") == 0) {
		xml_escape(in.data, in.len, &out);
		puts(buf_text(&out));
	} else if ((root = xml_parse(in.data, in.len, &err)) == NULL) {
		printf("%d %s: %s\n", err.kind == ERR_LATER, err.code,
		    err.message);
	} else if (strcmp(argv[1], "json") == 0) {
		xml_json(root, &out);
		puts(buf_text(&out));
	} else if (argc > 2) {
		const char *text = xml_text(root, argv[2]);
		puts(text == NULL ? "-" : text);
	} else {
		show(root, "");
	}
	xml_free(root);
	buf_clear(&out);
	buf_clear(&in);
	return 0;
}
