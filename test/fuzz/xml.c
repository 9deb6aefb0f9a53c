/*
 * A reply as XML: a tree within its limits, whose texts survive being
 * escaped and read again.
 */
#include "xml.h"

#include <string.h>

#include "fuzz.h"

static void
again(const struct xml *node)
{
	struct buf out = {0};
	struct err err;
	buf_add_text(&out, "<a>");
	xml_escape(node->text, node->text_len, &out);
	buf_add_text(&out, "</a>");
	struct xml *root = xml_parse(out.data, out.len, &err);
	must(root != NULL && root->child == NULL && root->next == NULL);
	must(root->text_len == node->text_len &&
	     memcmp(root->text, node->text, node->text_len) == 0);
	xml_free(root);
	buf_clear(&out);
}

static void
walk(const struct xml *node, int depth)
{
	for (; node != NULL; node = node->next) {
		must(depth <= 64 && node->name[0] != '\0');
		must(strlen(node->text) == node->text_len);
		again(node);
		if (node->child != NULL)
			must(xml_find(node, node->child->name) == node->child);
		walk(node->child, depth + 1);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = {0};
	struct xml *root = xml_parse((const char *)data, size, &err);
	if (root == NULL)
		must(err.kind == ERR_LATER && err.message[0] != '\0');
	walk(root, 1);
	(void)xml_text(root, "Error/Code");
	(void)xml_text(root, "a/b/c");
	xml_free(root);
	return 0;
}
