#include "canonical.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mem.h"
#include "text.h"

bool
canonical_list_has(struct canonical_list list, const char *name)
{
	size_t n = strlen(name);
	const char *at = list.at, *end = list.at + list.len;
	while (at < end) {
		const char *stop = memchr(at, ';', (size_t)(end - at));
		size_t len = (size_t)((stop == NULL ? end : stop) - at);
		if (len == n && strncasecmp(at, name, n) == 0)
			return true;
		at += len + 1;
	}
	return false;
}

static const char *
query_of(const char *target)
{
	const char *mark = strchr(target, '?');
	return mark == NULL ? "" : mark + 1;
}

/* One "name=value" of a query. */
struct pair {
	const char *name, *value;
	size_t name_len, value_len;
};

static bool
next_pair(const char **at, struct pair *p)
{
	*at += strspn(*at, "&");
	if (**at == '\0')
		return false;
	size_t len = strcspn(*at, "&");
	const char *eq = memchr(*at, '=', len);
	p->name = *at;
	p->name_len = eq == NULL ? len : (size_t)(eq - *at);
	p->value = eq == NULL ? "" : eq + 1;
	p->value_len = eq == NULL ? 0 : len - p->name_len - 1;
	*at += len;
	return true;
}

bool
canonical_parameter(const char *target, const char *name, struct buf *out)
{
	const char *at = query_of(target);
	size_t len = strlen(name);
	for (struct pair p; next_pair(&at, &p);)
		if (p.name_len == len && memcmp(p.name, name, len) == 0) {
			buf_reset(out);
			return text_unpercent(
				   p.value, p.value_len, true, out) == 0;
		}
	return false;
}

/* Decoded and encoded again, so that every spelling of a text is one. */
static void
add_normal(const char *text, size_t len, struct buf *out)
{
	struct buf plain = {0};
	if (text_unpercent(text, len, false, &plain) == 0)
		text_percent(buf_text(&plain), plain.len, false, out);
	else
		text_percent(text, len, false, out);
	buf_clear(&plain);
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted by name, then value: '\1' sorts before every byte of a name. */
static void
add_query(const char *target, bool presigned, struct buf *out)
{
	const char *at = query_of(target);
	char **line = NULL;
	size_t n = 0;
	for (struct pair p; next_pair(&at, &p);) {
		if (presigned && p.name_len == 15 &&
		    memcmp(p.name, "X-Amz-Signature", 15) == 0)
			continue;
		struct buf b = {0};
		add_normal(p.name, p.name_len, &b);
		buf_add_char(&b, '\1');
		add_normal(p.value, p.value_len, &b);
		line = mem_grow(line, n + 1, sizeof(*line));
		line[n++] = buf_take(&b);
	}
	if (n > 1)
		qsort(line, n, sizeof(*line), by_text);
	for (size_t i = 0; i < n; i++) {
		*strchr(line[i], '\1') = '=';
		if (i > 0)
			buf_add_char(out, '&');
		buf_add_text(out, line[i]);
		free(line[i]);
	}
	free(line);
}

/* RFC 3986, 5.2.4, and doubled slashes made one. */
static void
add_plain_path(const char *path, size_t len, struct buf *out)
{
	struct buf clean = {0};
	const char *end = path + len;
	bool slash = false;
	for (const char *at = path; at < end;) {
		while (at < end && *at == '/')
			at++;
		const char *stop = memchr(at, '/', (size_t)(end - at));
		if (stop == NULL)
			stop = end;
		size_t n = (size_t)(stop - at);
		bool here = n == 0 || (n == 1 && *at == '.');
		bool up = n == 2 && memcmp(at, "..", 2) == 0;
		slash = stop < end || here || up;
		if (up) {
			while (clean.len > 0 && clean.data[--clean.len] != '/')
				;
		} else if (!here) {
			buf_add_char(&clean, '/');
			buf_add(&clean, at, n);
		}
		at = stop;
	}
	if (slash || clean.len == 0)
		buf_add_char(&clean, '/');
	text_percent(clean.data, clean.len, true, out);
	buf_clear(&clean);
}

static void
add_path(const char *target, bool plain, struct buf *out)
{
	size_t len = strcspn(target, "?");
	if (len == 1 && *target == '/') {
		buf_add_char(out, '/');
		return;
	}
	if (plain) {
		add_plain_path(target, len, out);
		return;
	}
	struct buf decoded = {0};
	if (text_unpercent(target, len, false, &decoded) == 0)
		text_percent(buf_text(&decoded), decoded.len, true, out);
	else
		buf_add(out, target, len);
	buf_clear(&decoded);
}

/* Trimmed, and runs of spaces made one. */
static void
add_value(const struct auth_header *h, struct buf *out)
{
	const char *at = h->value, *end = h->value + h->value_len;
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	while (end > at && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	while (at < end) {
		const char *two = at;
		while (two < end &&
		       !(two[0] == ' ' && two + 1 < end && two[1] == ' '))
			two++;
		buf_add(out, at, (size_t)(two - at));
		at = two;
		while (at + 1 < end && at[0] == ' ' && at[1] == ' ')
			at++;
	}
}

static void
add_headers(
    const struct auth_request *q, struct canonical_list list, struct buf *out)
{
	const char *at = list.at, *end = list.at + list.len;
	while (at < end) {
		const char *stop = memchr(at, ';', (size_t)(end - at));
		size_t len = (size_t)((stop == NULL ? end : stop) - at);
		buf_add(out, at, len);
		char sep = ':';
		for (size_t i = 0; i < q->headers; i++) {
			const struct auth_header *h = &q->header[i];
			if (h->name_len != len ||
			    strncasecmp(h->name, at, len) != 0)
				continue;
			buf_add_char(out, sep);
			add_value(h, out);
			sep = ',';
		}
		if (sep == ':')
			buf_add_char(out, ':');
		buf_add_char(out, '\n');
		at += len + 1;
	}
}

void
canonical_request(const struct auth_request *q,
    struct canonical_list signed_headers, bool presigned, bool plain,
    const char *payload, struct buf *out)
{
	buf_add_text(out, q->method);
	buf_add_char(out, '\n');
	add_path(q->target, plain, out);
	buf_add_char(out, '\n');
	add_query(q->target, presigned, out);
	buf_add_char(out, '\n');
	add_headers(q, signed_headers, out);
	buf_add_char(out, '\n');
	buf_add(out, signed_headers.at, signed_headers.len);
	buf_add_char(out, '\n');
	buf_add_text(out, payload);
}
