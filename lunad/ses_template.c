#include "ses_template.h"

#include <stdio.h>
#include <string.h>

#include "text.h"

#define PARTIALS 16
/* Bytes looked at before a template is given up: loops multiply. */
#define WORK_MAX ((size_t)1 << 28)

struct slice {
	const char *at;
	size_t len;
};

/* What {{ … }} says. */
struct tag {
	enum {
		TAG_NONE, /* the end of the template */
		TAG_COMMENT,
		TAG_VALUE,
		TAG_OPEN,   /* # */
		TAG_ELSE,   /* else, or else if */
		TAG_CLOSE,  /* / */
		TAG_INLINE, /* #* inline "name" */
		TAG_PARTIAL /* > */
	} kind;
	struct slice name; /* the helper's, or of what is closed */
	struct slice arg;  /* what it is about */
	const char *end;   /* of the tag */
	bool trim_before, trim_after;
};

/* A block's context, within that of the block around it. */
struct scope {
	struct json v;
	const struct scope *up;
	size_t index, count; /* in a loop; count is 0 elsewhere */
	struct json key;     /* in a loop over an object */
};

struct render {
	const char *text, *end;
	struct buf *out;
	struct err *err;
	unsigned depth;
	size_t work;
	bool check; /* only the form is asked for */
	struct {
		struct slice name;
		const char *body;
	} partial[PARTIALS];
	size_t partials;
};

static const char *block(struct render *r, const char *at,
    const struct scope *scope, bool live, struct tag *tag);

static int
invalid(struct render *r, const char *at, const char *what)
{
	size_t line = 1;

	for (const char *p = r->text; p < at; p++)
		line += *p == '\n';
	return err_set(
	    r->err, ERR_REFUSED, "InvalidTemplate", "line %zu: %s", line, what);
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct slice
trimmed(const char *at, const char *end)
{
	while (at < end && is_space(*at))
		at++;
	while (end > at && is_space(end[-1]))
		end--;
	return (struct slice){at, (size_t)(end - at)};
}

static bool
same(struct slice s, const char *text)
{
	return s.len == strlen(text) && memcmp(s.at, text, s.len) == 0;
}

/* Split off the first word; [a name] is of one word. */
static struct slice
first_word(struct slice *s)
{
	struct slice word = {s->at, 0};
	bool inside = false;

	while (word.len < s->len && (inside || !is_space(s->at[word.len]))) {
		inside = s->at[word.len] == '[' ||
			 (inside && s->at[word.len] != ']');
		word.len++;
	}
	*s = trimmed(s->at + word.len, s->at + s->len);
	return word;
}

static const char *
find(const char *at, const char *end, const char *what)
{
	return memmem(at, (size_t)(end - at), what, strlen(what));
}

/* {{!-- … --}} may have braces in it, {{! … }} not. */
static int
read_comment(
    struct render *r, const char *at, const char *inside, struct tag *tag)
{
	bool dashes = r->end - inside >= 3 && memcmp(inside, "!--", 3) == 0;
	const char *close = find(inside, r->end, dashes ? "--" : "}}");

	if (close != NULL && dashes) {
		const char *p = close + 2;

		while (p < r->end && (*p == '~' || *p == '-'))
			p++;
		close = r->end - p >= 2 && memcmp(p, "}}", 2) == 0
			    ? p
			    : find(inside, r->end, "--}}");
		if (close != NULL && *close == '-')
			close += 2;
	}
	if (close == NULL)
		return invalid(r, at, "a comment is not closed");
	tag->kind = TAG_COMMENT;
	tag->trim_after = close[-1] == '~';
	tag->end = close + 2;
	return 0;
}

static int
classify(struct render *r, const char *at, struct slice inside, struct tag *tag)
{
	char c = inside.len > 0 ? inside.at[0] : '\0';
	struct slice rest = inside;

	if (c == '#' || c == '/' || c == '>' || c == '&' || c == '^')
		rest = trimmed(inside.at + 1, inside.at + inside.len);
	tag->arg = rest;
	if (c == '#' && rest.len > 0 && rest.at[0] == '*') {
		rest = trimmed(rest.at + 1, rest.at + rest.len);
		tag->name = first_word(&rest);
		if (!same(tag->name, "inline") || rest.len < 2 ||
		    (rest.at[0] != '"' && rest.at[0] != '\'') ||
		    rest.at[rest.len - 1] != rest.at[0])
			return invalid(
			    r, at, "only {{#* inline \"name\"}} is known");
		tag->kind = TAG_INLINE;
		tag->arg = (struct slice){rest.at + 1, rest.len - 2};
	} else if (c == '#') {
		tag->kind = TAG_OPEN;
		tag->name = first_word(&tag->arg);
	} else if (c == '/') {
		tag->kind = TAG_CLOSE;
		tag->name = rest;
	} else if (c == '>') {
		tag->kind = TAG_PARTIAL;
	} else if (c == '^' && rest.len == 0) {
		tag->kind = TAG_ELSE;
	} else {
		struct slice word = first_word(&rest);

		tag->kind = same(word, "else") ? TAG_ELSE : TAG_VALUE;
		if (tag->kind == TAG_ELSE) {
			tag->arg = rest;
			if (rest.len > 0 && !same(first_word(&rest), "if"))
				return invalid(
				    r, at, "only {{else if}} may follow else");
			if (tag->arg.len > 0)
				tag->arg = rest;
		} else if (rest.len > 0) {
			return invalid(r, at, "an unknown helper");
		}
	}
	if (tag->arg.len == 0 && tag->kind != TAG_ELSE &&
	    tag->kind != TAG_CLOSE)
		return invalid(r, at, "an empty {{ }}");
	return 0;
}

/* Read the tag that begins at `at`, which is at "{{". */
static int
read_tag(struct render *r, const char *at, struct tag *tag)
{
	const char *inside = at + 2, *close;
	bool triple = r->end - at >= 3 && at[2] == '{';

	memset(tag, 0, sizeof(*tag));
	inside += triple;
	if (inside < r->end && *inside == '~') {
		tag->trim_before = true;
		inside++;
	}
	if (inside < r->end && *inside == '!')
		return read_comment(r, at, inside, tag);
	close = find(inside, r->end, triple ? "}}}" : "}}");
	if (close == NULL)
		return invalid(r, at, "{{ without }}");
	tag->end = close + 2 + triple;
	if (close > inside && close[-1] == '~') {
		tag->trim_after = true;
		close--;
	}
	return classify(r, at, trimmed(inside, close), tag);
}

/* One step of a path: a word, or [anything]; moves s past it and its dot. */
static int
path_step(struct slice *s, struct slice *step)
{
	size_t i = 0;

	if (s->at[0] == '[') {
		const char *close = memchr(s->at, ']', s->len);

		if (close == NULL)
			return -1;
		*step = (struct slice){s->at + 1, (size_t)(close - s->at) - 1};
		i = (size_t)(close - s->at) + 1;
	} else {
		while (i < s->len && s->at[i] != '.' && s->at[i] != '/')
			i++;
		*step = (struct slice){s->at, i};
	}
	if (i < s->len && s->at[i] != '.' && s->at[i] != '/')
		return -1;
	s->at += i < s->len ? i + 1 : i;
	s->len -= i < s->len ? i + 1 : i;
	return 0;
}

static struct json
member(struct render *r, struct json v, struct slice name)
{
	char key[256];
	int64_t index;

	r->work += v.len;
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

/* The value of a path, or type JSON_NONE. */
static struct json
lookup(struct render *r, const struct scope *scope, struct slice path)
{
	struct slice step;
	struct json v;

	while (path.len >= 2 && memcmp(path.at, "..", 2) == 0) {
		size_t n = path.len > 2 && path.at[2] == '/' ? 3 : 2;

		if (scope->up == NULL)
			return (struct json){0};
		scope = scope->up;
		path.at += n;
		path.len -= n;
	}
	if (path.len == 0 || same(path, "this") || same(path, "."))
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
		v = member(r, scope->v, step);
		while (v.type == JSON_NONE && scope->up != NULL) {
			scope = scope->up;
			v = member(r, scope->v, step);
		}
	}
	while (path.len > 0 && v.type != JSON_NONE) {
		if (path_step(&path, &step) != 0)
			return (struct json){0};
		v = member(r, v, step);
	}
	return v;
}

static bool
is_true(struct json v)
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
put_loop(struct render *r, const struct scope *scope, struct slice name)
{
	while (scope != NULL && scope->count == 0)
		scope = scope->up;
	if (scope == NULL)
		return false;
	if (same(name, "@index"))
		buf_addf(r->out, "%zu", scope->index);
	else if (same(name, "@first"))
		buf_add_text(r->out, scope->index == 0 ? "true" : "false");
	else if (same(name, "@last"))
		buf_add_text(r->out,
		    scope->index + 1 == scope->count ? "true" : "false");
	else if (same(name, "@key") && scope->key.type == JSON_STRING)
		return json_text(scope->key, r->out, NULL) == 0;
	else if (same(name, "@key"))
		buf_addf(r->out, "%zu", scope->index);
	else
		return false;
	return true;
}

static int
put_value(struct render *r, const struct scope *scope, struct slice name)
{
	struct json v;

	if (name.at[0] == '@' && put_loop(r, scope, name))
		return 0;
	v = lookup(r, scope, name);
	if (v.type == JSON_NONE || v.type == JSON_NULL)
		return err_set(r->err, ERR_REFUSED, "MissingAttribute",
		    "Attribute '%.*s' is not present in the rendering data.",
		    (int)(name.len > 200 ? 200 : name.len), name.at);
	if (v.type == JSON_STRING)
		return json_text(v, r->out, r->err);
	buf_add(r->out, v.at, v.len);
	return 0;
}

/* Text up to the next tag; then the tag, or TAG_NONE at the end. */
static const char *
next_tag(
    struct render *r, const char *at, bool live, bool trim, struct tag *tag)
{
	const char *from = at, *open;

	for (;;) {
		open = find(at, r->end, "{{");
		if (open == NULL || open == r->text || open[-1] != '\\' ||
		    open - 1 < from)
			break;
		if (live) {
			buf_add(r->out, from, (size_t)(open - 1 - from));
			buf_add(r->out, "{{", 2);
		}
		from = at = open + 2;
		trim = false;
	}
	memset(tag, 0, sizeof(*tag));
	tag->end = r->end;
	if (open != NULL && read_tag(r, open, tag) != 0)
		return NULL;
	if (open == NULL)
		open = r->end;
	while (trim && from < open && is_space(*from))
		from++;
	if (live) {
		const char *to = open;

		while (tag->trim_before && to > from && is_space(to[-1]))
			to--;
		buf_add(r->out, from, (size_t)(to - from));
	}
	return tag->end;
}

/* The end of a block: what closes it has to have its name. */
static int
closes(
    struct render *r, const char *at, const struct tag *tag, const char *name)
{
	if (tag->kind == TAG_CLOSE && same(tag->name, name))
		return 0;
	return invalid(r, at, "a block is not closed, or closed by another");
}

static const char *
run_if(struct render *r, const char *at, const struct scope *scope, bool live,
    struct tag *tag)
{
	bool unless = same(tag->name, "unless");
	bool on = is_true(lookup(r, scope, tag->arg)) != unless;
	bool done = on;

	at = block(r, at, scope, live && on, tag);
	while (at != NULL && tag->kind == TAG_ELSE) {
		on = !done &&
		     (tag->arg.len == 0 || is_true(lookup(r, scope, tag->arg)));
		done |= on;
		at = block(r, at, scope, live && on, tag);
	}
	if (at == NULL || closes(r, at, tag, unless ? "unless" : "if") != 0)
		return NULL;
	return at;
}

/* each and with: a body with a scope of its own, and what else there is. */
static const char *
run_scopes(struct render *r, const char *body, const struct scope *scope,
    bool live, struct tag *tag)
{
	struct tag open = *tag;
	bool each = same(open.name, "each"), any;
	struct json v = lookup(r, scope, open.arg);
	struct scope inner = {.v = v, .up = scope};
	const char *at = body;

	if (each)
		inner.count = json_count(v);
	any = each ? inner.count > 0 : is_true(v);
	if (each && live && any) {
		struct json_iter it;

		json_each(v, &it);
		for (; at != NULL && json_next(&it, &inner.key, &inner.v);
		     inner.index++) {
			*tag = open;
			at = block(r, body, &inner, true, tag);
		}
	} else {
		at = block(r, body, &inner, live && any, tag);
	}
	if (at != NULL && tag->kind == TAG_ELSE && tag->arg.len == 0)
		at = block(r, at, scope, live && !any, tag);
	if (at == NULL || closes(r, at, tag, each ? "each" : "with") != 0)
		return NULL;
	return at;
}

static const char *
define(struct render *r, const char *body, const struct scope *scope,
    struct tag *tag)
{
	struct slice name = tag->arg;
	const char *at = block(r, body, scope, false, tag);

	if (at == NULL || closes(r, at, tag, "inline") != 0)
		return NULL;
	if (r->partials == PARTIALS) {
		invalid(r, body, "too many inline partials");
		return NULL;
	}
	/* Where it is used, its {{/inline}} ends it again. */
	r->partial[r->partials].name = name;
	r->partial[r->partials++].body = body;
	return at;
}

static int
use(struct render *r, const char *at, const struct scope *scope, bool live,
    const struct tag *tag)
{
	struct slice name = tag->arg;
	struct tag inner = {0};
	size_t i = r->partials;

	if (!live || r->check)
		return 0;
	while (i > 0 &&
	       (r->partial[i - 1].name.len != name.len ||
		   memcmp(r->partial[i - 1].name.at, name.at, name.len) != 0))
		i--;
	if (i == 0)
		return invalid(r, at, "no such inline partial");
	at = block(r, r->partial[i - 1].body, scope, true, &inner);
	return at == NULL ? -1 : 0;
}

/* Do what a tag says; of a block, to its end: then tag is what closed it. */
static const char *
run_tag(struct render *r, const char *at, const struct scope *scope, bool live,
    struct tag *tag)
{
	switch (tag->kind) {
	case TAG_VALUE:
		if (live && !r->check && put_value(r, scope, tag->arg) != 0)
			return NULL;
		return at;
	case TAG_PARTIAL:
		return use(r, at, scope, live, tag) != 0 ? NULL : at;
	case TAG_INLINE:
		return define(r, at, scope, tag);
	case TAG_OPEN:
		if (same(tag->name, "if") || same(tag->name, "unless"))
			return run_if(r, at, scope, live, tag);
		if (same(tag->name, "each") || same(tag->name, "with"))
			return run_scopes(r, at, scope, live, tag);
		invalid(r, at, "a block of a name that SES does not have");
		return NULL;
	case TAG_COMMENT:
	case TAG_ELSE:
	case TAG_CLOSE:
	case TAG_NONE:
		break;
	}
	return at;
}

/*
 * Run what begins at `at` until the {{else}} or {{/…}} that ends it, or the
 * end of the template. Returns the place after it, or NULL.
 *
 * live: false when it is only passed over.
 * tag:  the tag before `at`; then the one that ended it.
 */
static const char *
block(struct render *r, const char *at, const struct scope *scope, bool live,
    struct tag *tag)
{
	if (++r->depth > SES_TEMPLATE_DEPTH) {
		invalid(r, at, "blocks lie too deep");
		return NULL;
	}
	for (;;) {
		const char *from = at;

		at = next_tag(r, at, live, tag->trim_after, tag);
		if (at == NULL)
			return NULL;
		r->work += (size_t)(at - from);
		if (r->out->full || r->work > WORK_MAX) {
			invalid(r, at, "more comes of it than may be sent");
			return NULL;
		}
		if (tag->kind == TAG_NONE || tag->kind == TAG_ELSE ||
		    tag->kind == TAG_CLOSE)
			break;
		at = run_tag(r, at, scope, live, tag);
		if (at == NULL)
			return NULL;
	}
	r->depth--;
	return at;
}

static int
render(const char *text, size_t len, struct json data, bool check,
    struct buf *out, struct err *err)
{
	struct render r = {.text = text,
	    .end = text + len,
	    .out = out,
	    .err = err,
	    .check = check};
	struct scope top = {.v = data};
	struct tag tag = {0};
	const char *at = block(&r, text, &top, true, &tag);

	if (at == NULL)
		return -1;
	if (tag.kind != TAG_NONE)
		return invalid(&r, at, "{{else}} or {{/…}} outside a block");
	return 0;
}

int
ses_template_render(const char *text, size_t len, struct json data,
    struct buf *out, struct err *err)
{
	return render(text, len, data, false, out, err);
}

int
ses_template_check(const char *text, size_t len, struct err *err)
{
	static const char nothing[] = "{}";
	struct json data = {JSON_OBJECT, nothing, 2};
	struct buf out = {0};
	int failed;

	buf_init(&out, SES_TEMPLATE_MAX);
	failed = render(text, len, data, true, &out, err);
	buf_clear(&out);
	return failed;
}
