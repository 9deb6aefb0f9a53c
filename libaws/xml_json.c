#include "xml.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "text.h"

static bool
all_named(const struct xml *child, const char *name)
{
	for (; child != NULL; child = child->next)
		if (strcmp(child->name, name) != 0)
			return false;
	return true;
}

/* <key>…</key><value>…</value>, or SNS's <Name> and <Value>. */
static bool
is_pair(const struct xml *node)
{
	const struct xml *key = node->child;
	const struct xml *value = key != NULL ? key->next : NULL;
	return value != NULL && value->next == NULL && key->child == NULL &&
	       (strcmp(key->name, "key") == 0 ||
		   strcmp(key->name, "Name") == 0) &&
	       strcasecmp(value->name, "value") == 0;
}

static bool
is_map(const struct xml *child)
{
	if (!all_named(child, "entry"))
		return false;
	for (; child != NULL; child = child->next)
		if (!is_pair(child))
			return false;
	return true;
}

static void
add_map(const struct xml *entry, struct buf *out)
{
	buf_add_char(out, '{');
	for (const struct xml *e = entry; e != NULL; e = e->next) {
		const struct xml *key = e->child;
		if (e != entry)
			buf_add_char(out, ',');
		text_json_string(key->text, key->text_len, out);
		buf_add_char(out, ':');
		xml_json(key->next, out);
	}
	buf_add_char(out, '}');
}

/* The elements from child on that have its name, or, name NULL, all. */
static void
add_list(const struct xml *child, const char *name, struct buf *out)
{
	const char *comma = "";
	buf_add_char(out, '[');
	for (; child != NULL; child = child->next) {
		if (name != NULL && strcmp(child->name, name) != 0)
			continue;
		buf_add_text(out, comma);
		xml_json(child, out);
		comma = ",";
	}
	buf_add_char(out, ']');
}

static const struct xml *
named(const struct xml *from, const struct xml *to, const char *name)
{
	for (; from != to; from = from->next)
		if (strcmp(from->name, name) == 0)
			return from;
	return NULL;
}

static void
add_object(const struct xml *first, struct buf *out)
{
	buf_add_char(out, '{');
	for (const struct xml *c = first; c != NULL; c = c->next) {
		if (named(first, c, c->name) != NULL)
			continue; /* in the list of the first of them */
		if (c != first)
			buf_add_char(out, ',');
		text_json_string(c->name, strlen(c->name), out);
		buf_add_char(out, ':');
		if (named(c->next, NULL, c->name) != NULL)
			add_list(c, c->name, out);
		else
			xml_json(c, out);
	}
	buf_add_char(out, '}');
}

void
xml_json(const struct xml *node, struct buf *out)
{
	const struct xml *child = node->child;
	if (child == NULL && node->text_len == 0)
		buf_add_text(out, "null");
	else if (child == NULL)
		text_json_string(node->text, node->text_len, out);
	else if (all_named(child, "member") || all_named(child, "item"))
		add_list(child, NULL, out);
	else if (is_map(child))
		add_map(child, out);
	else
		add_object(child, out);
}
