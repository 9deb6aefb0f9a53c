#include "xml.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <expat.h>

#include "mem.h"

#define DEPTH 64
#define ELEMENTS (1 << 18) /* about 32 MiB of tree */

struct build {
	XML_Parser parser;
	struct xml *root;
	struct {
		struct xml *node;
		struct xml **tail; /* where its next child goes */
		struct buf text;
	} open[DEPTH];
	size_t depth, count;
	const char *why; /* stopped by us, not by expat */
};

static void
stop(struct build *b, const char *why)
{
	if (b->why == NULL)
		b->why = why;
	XML_StopParser(b->parser, XML_FALSE);
}

static void
on_start(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
	(void)attributes;
	struct build *b = ctx;
	if (b->why != NULL)
		return;
	if (b->depth == DEPTH) {
		stop(b, "nested deeper than 64");
		return;
	}
	if (b->count++ == ELEMENTS) {
		stop(b, "more than 262144 elements");
		return;
	}
	const char *colon = strrchr(name, ':');
	struct xml *node = mem_alloc(sizeof(*node));
	bool prefixed = colon != NULL && colon[1] != '\0';
	node->name = mem_text(prefixed ? colon + 1 : name);
	if (b->depth == 0)
		b->root = node;
	else
		*b->open[b->depth - 1].tail = node;
	b->open[b->depth].node = node;
	b->open[b->depth].tail = &node->child;
	buf_reset(&b->open[b->depth].text);
	b->depth++;
}

/* White space around children is layout, not content. */
static void
set_text(struct xml *node, const struct buf *text)
{
	static const char space[] = " \t\r\n";
	const char *at = buf_text(text);
	size_t len = text->len;
	if (node->child != NULL) {
		size_t skip = strspn(at, space);
		at += skip;
		len -= skip;
		while (len > 0 && strchr(space, at[len - 1]) != NULL)
			len--;
	}
	node->text = mem_text_of(at, len);
	node->text_len = len;
}

static void
on_end(void *ctx, const XML_Char *name)
{
	(void)name;
	struct build *b = ctx;
	if (b->why != NULL)
		return;
	b->depth--;
	struct xml *node = b->open[b->depth].node;
	set_text(node, &b->open[b->depth].text);
	if (b->depth > 0)
		b->open[b->depth - 1].tail = &node->next;
}

static void
on_text(void *ctx, const XML_Char *text, int len)
{
	struct build *b = ctx;
	if (b->why == NULL && b->depth > 0)
		buf_add(&b->open[b->depth - 1].text, text, (size_t)len);
}

static void
on_doctype(void *ctx, const XML_Char *name, const XML_Char *system,
    const XML_Char *public, int internal)
{
	(void)name, (void)system, (void)public, (void)internal;
	stop(ctx, "a DOCTYPE");
}

struct xml *
xml_parse(const char *text, size_t len, struct err *err)
{
	struct build *b = mem_alloc(sizeof(*b));
	b->parser = XML_ParserCreate(NULL);
	if (b->parser == NULL)
		mem_die();
	XML_SetUserData(b->parser, b);
	XML_SetElementHandler(b->parser, on_start, on_end);
	XML_SetCharacterDataHandler(b->parser, on_text);
	XML_SetStartDoctypeDeclHandler(b->parser, on_doctype);
	struct xml *root = NULL;
	if (len > INT_MAX) {
		err_set(err, ERR_LATER, "InvalidReply", "XML over 2 GiB");
	} else if (XML_Parse(b->parser, text, (int)len, XML_TRUE) !=
		   XML_STATUS_OK) {
		const char *why = b->why;
		if (why == NULL)
			why = XML_ErrorString(XML_GetErrorCode(b->parser));
		err_set(err, ERR_LATER, "InvalidReply",
		    "not the XML expected: %s at line %lu", why,
		    (unsigned long)XML_GetCurrentLineNumber(b->parser));
	} else {
		root = b->root;
		b->root = NULL;
	}
	xml_free(b->root);
	for (size_t i = 0; i < DEPTH; i++)
		buf_clear(&b->open[i].text);
	XML_ParserFree(b->parser);
	free(b);
	return root;
}

void
xml_free(struct xml *root)
{
	while (root != NULL) {
		struct xml *next = root->next;
		xml_free(root->child); /* as deep as the document: 64 */
		free(root->name);
		free(root->text);
		free(root);
		root = next;
	}
}

const struct xml *
xml_find(const struct xml *node, const char *path)
{
	if (node == NULL)
		return NULL;
	const char *slash = strchr(path, '/');
	size_t len = slash == NULL ? strlen(path) : (size_t)(slash - path);
	for (const struct xml *c = node->child; c != NULL; c = c->next) {
		if (strncmp(c->name, path, len) != 0 || c->name[len] != '\0')
			continue;
		if (slash == NULL)
			return c;
		const struct xml *found = xml_find(c, slash + 1);
		if (found != NULL)
			return found;
	}
	return NULL;
}

const char *
xml_text(const struct xml *node, const char *path)
{
	const struct xml *found = xml_find(node, path);
	return found == NULL ? NULL : found->text;
}

void
xml_escape(const char *text, size_t len, struct buf *out)
{
	size_t from = 0;
	for (size_t i = 0; i < len; i++) {
		char number[8];
		const char *as = number;
		unsigned char c = (unsigned char)text[i];
		if (c == '&')
			as = "&amp;";
		else if (c == '<')
			as = "&lt;";
		else if (c == '>')
			as = "&gt;";
		else if (c == '"')
			as = "&quot;";
		else if (c == '\'')
			as = "&apos;";
		else if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f)
			snprintf(number, sizeof(number), "&#x%X;", c);
		else
			continue;
		buf_add(out, text + from, i - from);
		buf_add_text(out, as);
		from = i + 1;
	}
	buf_add(out, text + from, len - from);
}
