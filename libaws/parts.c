#include "parts.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "object.h"
#include "text.h"
#include "xml.h"

#define MOST 10000 /* parts of an object */

void
parts_clear(struct parts *p)
{
	free(p->part);
	buf_clear(&p->next);
	*p = (struct parts){0};
}

static int
add_part(
    struct parts *p, const struct xml *node, const char *name, size_t bytes)
{
	const char *size = xml_text(node, "Size");
	const char *sum = xml_text(node, name);
	struct part part;
	if (size == NULL || sum == NULL ||
	    text_integer(size, 1, INT64_MAX - p->size, &part.size) != 0 ||
	    object_sum_read(sum, strlen(sum), bytes, &part.sum) != 0)
		return -1;
	if (p->count == p->cap) {
		p->cap = p->cap == 0 ? 64 : p->cap * 2;
		p->part = mem_grow(p->part, p->cap, sizeof(*p->part));
	}
	if (p->count == 0)
		p->left = part.size;
	p->part[p->count++] = part;
	p->size += part.size;
	return 0;
}

/* The body's ETag has no quotes, a header's has. */
static bool
is_etag(const char *text, const char *etag)
{
	size_t len = strlen(etag);
	if (len >= 2 && etag[0] == '"') {
		etag++;
		len -= 2;
	}
	if (text != NULL && text[0] == '"')
		text++;
	return text != NULL && strncmp(text, etag, len) == 0;
}

static int
add_page(
    struct parts *p, const struct xml *root, const char *name, size_t bytes)
{
	const struct xml *list = xml_find(root, "ObjectParts");
	size_t before = p->count;
	buf_reset(&p->next);
	if (list == NULL)
		return -1;
	for (const struct xml *c = list->child; c != NULL; c = c->next)
		if (strcmp(c->name, "Part") == 0 &&
		    add_part(p, c, name, bytes) != 0)
			return -1;
	const char *more = xml_text(list, "IsTruncated");
	const char *marker = xml_text(list, "NextPartNumberMarker");
	if (p->count == before)
		return -1;
	if (more == NULL || strcmp(more, "true") != 0)
		return 0;
	/* Who does not heed the marker would tell the same page for ever. */
	if (marker == NULL ||
	    text_integer(marker, p->marker + 1, MOST, &p->marker) != 0)
		return -1;
	buf_add_text(&p->next, marker);
	return 0;
}

int
parts_add(struct parts *p, const char *reply, size_t len, const char *name,
    size_t bytes, const char *etag, struct err *err)
{
	struct xml *root = xml_parse(reply, len, err);
	if (root == NULL)
		return -1;
	int status = 0;
	if (!is_etag(xml_text(root, "ETag"), etag) ||
	    add_page(p, root, name, bytes) != 0)
		status = err_set(err, ERR_LATER, "InvalidReply",
		    "GetObjectAttributes has no parts of this object");
	xml_free(root);
	return status;
}

size_t
parts_run(const struct parts *p, size_t len)
{
	return (int64_t)len < p->left ? len : (size_t)p->left;
}

int
parts_read(struct parts *p, size_t len, uint64_t sum)
{
	p->left -= (int64_t)len;
	if (p->left > 0)
		return 0;
	if (sum != p->part[p->at].sum)
		return -1;
	p->at++;
	p->left = p->at < p->count ? p->part[p->at].size : 0;
	return 1;
}
