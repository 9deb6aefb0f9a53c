#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "text.h"

/*
 * A path against a template: "/v2/email/identities/{EmailIdentity}". The
 * last placeholder may be "{Key+}" and then takes slashes too.
 *
 * found: called for each placeholder, when not NULL.
 */
static bool
match(const char *pattern, const char *path, size_t len,
    void (*found)(struct call *, const char *, size_t, const char *, size_t,
	struct buf *),
    struct call *c, struct buf *out)
{
	const char *end = path + len;
	while (*pattern != '\0') {
		if (*pattern != '{') {
			if (path == end || *path++ != *pattern++)
				return false;
			continue;
		}
		const char *name = pattern + 1;
		const char *close = strchr(name, '}');
		bool rest = close[-1] == '+';
		const char *stop =
		    rest ? NULL : memchr(path, '/', (size_t)(end - path));
		if (stop == NULL)
			stop = end;
		if (stop == path)
			return false;
		if (found != NULL)
			found(c, name, (size_t)(close - name) - rest, path,
			    (size_t)(stop - path), out);
		path = stop;
		pattern = close + 1;
	}
	return path == end;
}

const struct operation *
route(const struct call *c, const struct api *api)
{
	size_t len = strcspn(c->as.target, "?");
	for (const struct operation *op = api->operation; op->name != NULL;
	     op++)
		if (op->path != NULL && strcmp(op->method, c->as.method) == 0 &&
		    match(op->path, c->as.target, len, NULL, NULL, NULL))
			return op;
	return NULL;
}

static void
put_parameter(struct call *c, const char *name, size_t name_len,
    const char *value, size_t len, struct buf *out)
{
	char *key = request_format(&c->r, "%.*s", (int)name_len, name);
	struct buf plain = {0};
	if (text_unpercent(value, len, false, &plain) == 0)
		put_textn(out, key, buf_text(&plain), plain.len);
	else
		put_textn(out, key, value, len);
	buf_clear(&plain);
}

void
route_input(struct call *c, struct buf *out)
{
	const char *query = strchr(c->as.target, '?');
	if (query != NULL)
		wire_in(
		    c->r.api->input, query + 1, strlen(query + 1), &c->r, out);
	match(c->op->path, c->as.target, strcspn(c->as.target, "?"),
	    put_parameter, c, out);
}
