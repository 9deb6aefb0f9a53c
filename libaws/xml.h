#ifndef LUNA_XML_H
#define LUNA_XML_H

#include <stddef.h>

#include "buf.h"
#include "err.h"

/*
 * Small XML replies as a tree: the one door to expat. Namespaces and
 * attributes are dropped; text is the concatenation of an element's own
 * text, trimmed when it has children.
 *
 * Depth at most 64, at most 262,144 elements, no DOCTYPE, no entities but
 * the five of XML.
 */
struct xml {
	char *name; /* local name */
	char *text; /* never NULL */
	size_t text_len;
	struct xml *child; /* first */
	struct xml *next;  /* sibling */
};

/* Fails: ERR_LATER "InvalidReply". */
struct xml *xml_parse(const char *text, size_t len, struct err *err);
void xml_free(struct xml *root);

/* The first descendant by a path of local names below node ("a/b"), or NULL;
 * also when node is NULL. */
const struct xml *xml_find(const struct xml *node, const char *path);
/* Its text, or NULL. */
const char *xml_text(const struct xml *node, const char *path);
/*
 * Append an element as JSON, as far as it can be known without a model: an
 * element without children is a string, or null when it is empty; children
 * that are all <member> or all <item> are an array, <entry> children with a
 * key and a value an object; of other children, those of one name are an
 * array when there are several. Numbers and truth values stay strings.
 */
void xml_json(const struct xml *node, struct buf *out);
/* Append text with & < > " ' and control characters escaped. */
void xml_escape(const char *text, size_t len, struct buf *out);

#endif
