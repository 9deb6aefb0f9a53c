#include "ses_scope.h"

#include <string.h>

#include "text.h"

/* One step of a path: a word, or [anything]; moves s past it and its dot. */
static int
path_step(struct ses_slice *s, struct ses_slice *step)
{
	size_t i = 0;

	if (s->at[0] == '[') {
		const char *close = memchr(s->at, ']', s->len);

		if (close == NULL)
			return -1;
		*step =
		    (struct ses_slice){s->at + 1, (size_t)(close - s->at) - 1};
		i = (size_t)(close - s->at) + 1;
	} else {
		while (i < s->len && s->at[i] != '.' && s->at[i] != '/')
			i++;
		*step = (struct ses_slice){s->at, i};
	}
	if (i < s->len && s->at[i] != '.' && s->at[i] != '/')
		return -1;
	s->at += i < s->len ? i + 1 : i;
	s->len -= i < s->len ? i + 1 : i;
	return 0;
}

static struct json
member(struct json v, struct ses_slice name, size_t *work)
{
	char key[256];
	int64_t index;

	*work += v.len;
	if (name.len >= sizeof(key))
		return (struct json){0};
	memcpy(key, name.at, name.len);
	key[name.len] = '\0';
	if (v.type == JSON_ARRAY)
		return text_integer(key, 0, INT32_MAX, &index) == 0
			   ? json_at(v, (size_t)index)
			   : (struct json){0};
	return json_get(v, key);
}

struct json
ses_scope_find(
    const struct ses_scope *scope, struct ses_slice path, size_t *work)
{
	struct ses_slice step;
	struct json v;

	while (path.len >= 2 && memcmp(path.at, "..", 2) == 0) {
		size_t n = path.len > 2 && path.at[2] == '/' ? 3 : 2;

		if (scope->up == NULL)
			return (struct json){0};
		scope = scope->up;
		path.at += n;
		path.len -= n;
	}
	if (path.len == 0 || ses_slice_is(path, "this") ||
	    ses_slice_is(path, "."))
		return scope->v;
	if ((path.len > 5 && memcmp(path.at, "this", 4) == 0 &&
		(path.at[4] == '.' || path.at[4] == '/')) ||
	    (path.len > 2 && memcmp(path.at, "./", 2) == 0)) {
		size_t n = path.at[0] == '.' ? 2 : 5;

		path.at += n;
		path.len -= n;
		v = scope->v;
	} else {
		if (path_step(&path, &step) != 0)
			return (struct json){0};
		v = member(scope->v, step, work);
		while (v.type == JSON_NONE && scope->up != NULL) {
			scope = scope->up;
			v = member(scope->v, step, work);
		}
	}
	while (path.len > 0 && v.type != JSON_NONE) {
		if (path_step(&path, &step) != 0)
			return (struct json){0};
		v = member(v, step, work);
	}
	return v;
}

bool
ses_scope_true(struct json v)
{
	double number;

	switch (v.type) {
	case JSON_NONE:
	case JSON_NULL:
	case JSON_FALSE:
		return false;
	case JSON_NUMBER:
		return json_double(v, &number) != 0 || number != 0;
	case JSON_STRING:
		return v.len > 2;
	case JSON_ARRAY:
		return json_count(v) > 0;
	case JSON_TRUE:
	case JSON_OBJECT:
		break;
	}
	return true;
}

/* @index and its like, of the innermost loop. false: no such name. */
static bool
put_loop(const struct ses_scope *scope, struct ses_slice name, struct buf *out)
{
	while (scope != NULL && scope->count == 0)
		scope = scope->up;
	if (scope == NULL)
		return false;
	if (ses_slice_is(name, "@index"))
		buf_addf(out, "%zu", scope->index);
	else if (ses_slice_is(name, "@first"))
		buf_add_text(out, scope->index == 0 ? "true" : "false");
	else if (ses_slice_is(name, "@last"))
		buf_add_text(
		    out, scope->index + 1 == scope->count ? "true" : "false");
	else if (ses_slice_is(name, "@key") && scope->key.type == JSON_STRING)
		return json_text(scope->key, out, NULL) == 0;
	else if (ses_slice_is(name, "@key"))
		buf_addf(out, "%zu", scope->index);
	else
		return false;
	return true;
}

int
ses_scope_put(const struct ses_scope *scope, struct ses_slice name,
    struct buf *out, size_t *work, struct err *err)
{
	struct json v;

	if (name.at[0] == '@' && put_loop(scope, name, out))
		return 0;
	v = ses_scope_find(scope, name, work);
	if (v.type == JSON_NONE || v.type == JSON_NULL)
		return err_set(err, ERR_REFUSED, "MissingAttribute",
		    "Attribute '%.*s' is not present in the rendering data.",
		    (int)(name.len > 200 ? 200 : name.len), name.at);
	if (v.type == JSON_STRING)
		return json_text(v, out, err);
	buf_add(out, v.at, v.len);
	return 0;
}
