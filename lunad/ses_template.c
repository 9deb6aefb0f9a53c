#include "ses_template.h"

#include <string.h>

#include "ses_scope.h"

#define PARTIALS 16
/* Bytes looked at before a template is given up: loops multiply. */
#define WORK_MAX ((size_t)1 << 28)

struct render {
	struct ses_source source;
	struct buf *out;
	unsigned depth;
	size_t work;
	bool check; /* only the form is asked for */
	struct {
		struct ses_slice name;
		const char *body;
	} partial[PARTIALS];
	size_t partials;
};

static const char *block(struct render *r, const char *at,
    const struct ses_scope *scope, bool live, struct ses_tag *tag);

static int
invalid(struct render *r, const char *at, const char *what)
{
	return ses_tag_invalid(&r->source, at, what);
}

static bool
holds(struct render *r, const struct ses_scope *scope, struct ses_slice path)
{
	return ses_scope_true(ses_scope_find(scope, path, &r->work));
}

/* Text up to the next tag; then the tag, or SES_TAG_NONE at the end. */
static const char *
next_tag(
    struct render *r, const char *at, bool live, bool trim, struct ses_tag *tag)
{
	const char *from = at, *open;

	for (;;) {
		open = ses_slice_find(at, r->source.end, "{{");
		if (open == NULL || open == r->source.text ||
		    open[-1] != '\\' || open - 1 < from)
			break;
		if (live) {
			buf_add(r->out, from, (size_t)(open - 1 - from));
			buf_add(r->out, "{{", 2);
		}
		from = at = open + 2;
		trim = false;
	}
	memset(tag, 0, sizeof(*tag));
	tag->end = r->source.end;
	if (open != NULL && ses_tag_read(&r->source, open, tag) != 0)
		return NULL;
	if (open == NULL)
		open = r->source.end;
	while (trim && from < open && ses_slice_space(*from))
		from++;
	if (live) {
		const char *to = open;

		while (tag->trim_before && to > from && ses_slice_space(to[-1]))
			to--;
		buf_add(r->out, from, (size_t)(to - from));
	}
	return tag->end;
}

/* The end of a block: what closes it has to have its name. */
static int
closes(struct render *r, const char *at, const struct ses_tag *tag,
    const char *name)
{
	if (tag->kind == SES_TAG_CLOSE && ses_slice_is(tag->name, name))
		return 0;
	return invalid(r, at, "a block is not closed, or closed by another");
}

static const char *
run_if(struct render *r, const char *at, const struct ses_scope *scope,
    bool live, struct ses_tag *tag)
{
	bool unless = ses_slice_is(tag->name, "unless");
	bool on = holds(r, scope, tag->arg) != unless;
	bool done = on;

	at = block(r, at, scope, live && on, tag);
	while (at != NULL && tag->kind == SES_TAG_ELSE) {
		on = !done && (tag->arg.len == 0 || holds(r, scope, tag->arg));
		done |= on;
		at = block(r, at, scope, live && on, tag);
	}
	if (at == NULL || closes(r, at, tag, unless ? "unless" : "if") != 0)
		return NULL;
	return at;
}

/* each and with: a body with a scope of its own, and what else there is. */
static const char *
run_scopes(struct render *r, const char *body, const struct ses_scope *scope,
    bool live, struct ses_tag *tag)
{
	struct ses_tag open = *tag;
	bool each = ses_slice_is(open.name, "each"), any;
	struct json v = ses_scope_find(scope, open.arg, &r->work);
	struct ses_scope inner = {.v = v, .up = scope};
	const char *at = body;

	if (each)
		inner.count = json_count(v);
	any = each ? inner.count > 0 : ses_scope_true(v);
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
	if (at != NULL && tag->kind == SES_TAG_ELSE && tag->arg.len == 0)
		at = block(r, at, scope, live && !any, tag);
	if (at == NULL || closes(r, at, tag, each ? "each" : "with") != 0)
		return NULL;
	return at;
}

static const char *
define(struct render *r, const char *body, const struct ses_scope *scope,
    struct ses_tag *tag)
{
	struct ses_slice name = tag->arg;
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
use(struct render *r, const char *at, const struct ses_scope *scope, bool live,
    const struct ses_tag *tag)
{
	struct ses_slice name = tag->arg;
	struct ses_tag inner = {0};
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
run_tag(struct render *r, const char *at, const struct ses_scope *scope,
    bool live, struct ses_tag *tag)
{
	switch (tag->kind) {
	case SES_TAG_VALUE:
		if (live && !r->check &&
		    ses_scope_put(
			scope, tag->arg, r->out, &r->work, r->source.err) != 0)
			return NULL;
		return at;
	case SES_TAG_PARTIAL:
		return use(r, at, scope, live, tag) != 0 ? NULL : at;
	case SES_TAG_INLINE:
		return define(r, at, scope, tag);
	case SES_TAG_OPEN:
		if (ses_slice_is(tag->name, "if") ||
		    ses_slice_is(tag->name, "unless"))
			return run_if(r, at, scope, live, tag);
		if (ses_slice_is(tag->name, "each") ||
		    ses_slice_is(tag->name, "with"))
			return run_scopes(r, at, scope, live, tag);
		invalid(r, at, "a block of a name that SES does not have");
		return NULL;
	case SES_TAG_COMMENT:
	case SES_TAG_ELSE:
	case SES_TAG_CLOSE:
	case SES_TAG_NONE:
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
block(struct render *r, const char *at, const struct ses_scope *scope,
    bool live, struct ses_tag *tag)
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
		if (tag->kind == SES_TAG_NONE || tag->kind == SES_TAG_ELSE ||
		    tag->kind == SES_TAG_CLOSE)
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
	struct render r = {
	    .source = {.text = text, .end = text + len, .err = err},
	    .out = out,
	    .check = check};
	struct ses_scope top = {.v = data};
	struct ses_tag tag = {0};
	const char *at = block(&r, text, &top, true, &tag);

	if (at == NULL)
		return -1;
	if (tag.kind != SES_TAG_NONE)
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
