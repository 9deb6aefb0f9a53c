#include "template.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "text.h"

/* A member's name or, when that is NULL, an element's index. */
struct step {
	char *name;
	size_t index;
};

struct path {
	char *source; /* as it was written, for messages */
	struct step *steps;
	size_t count;
	bool metadata; /* the first step is @metadata */
};

/* A literal text or, when that is NULL, a field. */
struct part {
	char *text;
	size_t len;
	struct path path;
};

struct template
{
	struct part *parts;
	size_t count;
};

struct template_field {
	struct path path;
};

struct template_test {
	struct path path;
	char *value; /* or NULL: any but null and false */
};

static bool
is_name(char c)
{
	return (unsigned char)c > ' ' && strchr(".[]{}\"", c) == NULL;
}

static void
path_clear(struct path *path)
{
	for (size_t i = 0; i < path->count; i++)
		free(path->steps[i].name);
	free(path->steps);
	free(path->source);
}

static void
path_add(struct path *path, char *name, size_t index)
{
	path->steps =
	    mem_grow(path->steps, path->count + 1, sizeof(*path->steps));
	path->steps[path->count++] = (struct step){name, index};
}

static const char *
refuse(const char **why, const char *reason)
{
	*why = reason;
	return NULL;
}

/* ["any name"], p at the quote; to the bracket, or NULL with *why. */
static const char *
read_quoted(struct path *path, const char *p, const char *end, const char **why)
{
	const char *from = p++;
	while (p < end && *p != '"')
		p += *p == '\\' && end - p > 1 ? 2 : 1;
	if (p == end)
		return refuse(why, "a quoted name does not end");
	struct json view;
	if (json_scan(from, (size_t)(p + 1 - from), &view, NULL) != 0)
		return refuse(why, "a quoted name is no JSON string");
	char *name = json_dup(view);
	if (name == NULL)
		return refuse(
		    why, "a name cannot hold \\u0000 or half a character");
	path_add(path, name, 0);
	return p + 1;
}

/* [n] or ["any name"], p after the bracket. */
static const char *
read_bracket(
    struct path *path, const char *p, const char *end, const char **why)
{
	if (p < end && *p == '"') {
		p = read_quoted(path, p, end, why);
		if (p == NULL)
			return NULL;
	} else {
		const char *from = p;
		size_t index = 0;
		for (; p < end && *p >= '0' && *p <= '9' && p - from < 9; p++)
			index = index * 10 + (size_t)(*p - '0');
		if (p == from)
			return refuse(
			    why, "[ takes a number or a name in double quotes");
		path_add(path, NULL, index);
	}
	if (p == end || *p != ']')
		return refuse(why, "a ] is missing");
	return p + 1;
}

/*
 * Read a path as far as it goes; the place after it, or NULL with *why.
 * stop: a character that ends a name, or '\0'.
 */
static const char *
read_path(struct path *path, const char *p, const char *end, char stop,
    const char **why)
{
	const char *from = p;
	bool name = true; /* comes next, unless a bracket opens */
	while (p < end) {
		if (*p == '[' && (!name || p == from)) {
			p = read_bracket(path, p + 1, end, why);
			if (p == NULL)
				return NULL;
			name = false;
		} else if (*p == '.' && !name) {
			p++;
			name = true;
		} else if (name) {
			const char *start = p;
			while (p < end && is_name(*p) && *p != stop)
				p++;
			if (p == start)
				break;
			path_add(
			    path, mem_text_of(start, (size_t)(p - start)), 0);
			name = false;
		} else {
			break;
		}
	}
	if (name)
		return refuse(why, "a name is missing");
	path->source = mem_text_of(from, (size_t)(p - from));
	path->metadata = path->steps[0].name != NULL &&
			 strcmp(path->steps[0].name, "@metadata") == 0;
	return p;
}

static struct json
path_get(const struct path *path, const struct record *r)
{
	struct json v = path->metadata ? r->meta : r->root;
	for (size_t i = path->metadata; i < path->count; i++) {
		const struct step *step = &path->steps[i];
		v = step->name == NULL ? json_at(v, step->index)
				       : json_get(v, step->name);
	}
	return v;
}

static struct part *
add_part(struct template *t)
{
	t->parts = mem_grow(t->parts, t->count + 1, sizeof(*t->parts));
	t->parts[t->count] = (struct part){0};
	return &t->parts[t->count++];
}

static void
add_literal(struct template *t, struct buf *literal)
{
	if (literal->len == 0)
		return;
	struct part *part = add_part(t);
	part->len = literal->len;
	part->text = buf_take(literal);
}

static const char *
skip_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p;
}

/* p after the opening braces; after the closing ones, or NULL. */
static const char *
read_field(struct template *t, const char *text, const char *p, struct err *err)
{
	const char *end = p + strlen(p), *why = NULL;
	const char *open = p - 2;
	p = skip_blanks(p, end);
	p = read_path(&add_part(t)->path, p, end, '\0', &why);
	if (p == NULL) {
		err_set(err, ERR_SETUP, "BadTemplate",
		    "%s in the field at byte %zu of '%s'", why,
		    (size_t)(open - text) + 1, text);
		return NULL;
	}
	p = skip_blanks(p, end);
	if (p[0] == '}' && p[1] == '}')
		return p + 2;
	err_set(err, ERR_SETUP, "BadTemplate",
	    "expected }} at byte %zu of '%s'; other names are written "
	    "[\"any name\"]",
	    (size_t)(p - text) + 1, text);
	return NULL;
}

struct template *
template_new(const char *text, struct err *err)
{
	struct template *t = mem_alloc(sizeof(*t));
	struct buf literal = {0};
	const char *p = text;
	while (p != NULL && *p != '\0') {
		if (strncmp(p, "{{", 2) != 0) {
			buf_add_char(&literal, *p++);
		} else if (strncmp(p, "{{{{", 4) == 0) {
			buf_add(&literal, p, 2);
			p += 4;
		} else {
			add_literal(t, &literal);
			p = read_field(t, text, p + 2, err);
		}
	}
	add_literal(t, &literal);
	buf_clear(&literal);
	if (p != NULL)
		return t;
	template_free(t);
	return NULL;
}

void
template_free(struct template *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->count; i++) {
		free(t->parts[i].text);
		path_clear(&t->parts[i].path);
	}
	free(t->parts);
	free(t);
}

static void
encode(const char *text, size_t len, enum template_place place, struct buf *out)
{
	switch (place) {
	case TEMPLATE_URL:
		text_percent(text, len, false, out);
		break;
	case TEMPLATE_HTML:
		text_html(text, len, out);
		break;
	case TEMPLATE_SLACK:
		text_slack(text, len, out);
		break;
	case TEMPLATE_PLAIN:
	case TEMPLATE_HEADER:
		buf_add(out, text, len);
		break;
	}
}

static bool
is_header(const char *text, size_t len)
{
	return memchr(text, '\r', len) == NULL &&
	       memchr(text, '\n', len) == NULL &&
	       memchr(text, '\0', len) == NULL;
}

/* Append a string's text, decoded and encoded for its place. */
static int
fill_string(
    struct json v, enum template_place place, struct buf *out, struct err *err)
{
	if (place == TEMPLATE_PLAIN || place == TEMPLATE_HEADER)
		return json_text(v, out, err);
	struct buf text = {0};
	int result = json_text(v, &text, err);
	if (result == 0)
		encode(buf_text(&text), text.len, place, out);
	buf_clear(&text);
	return result;
}

static int
fill_part(const struct part *part, const struct record *r,
    enum template_place place, struct buf *out, struct err *err)
{
	size_t was = out->len;
	if (part->text != NULL) {
		buf_add(out, part->text, part->len);
	} else {
		struct json v = path_get(&part->path, r);
		if (v.type == JSON_NONE || v.type == JSON_NULL)
			return err_set(err, ERR_RECORD, "MissingField",
			    "field %s is %s", part->path.source,
			    v.type == JSON_NULL ? "null" : "absent");
		if (v.type != JSON_STRING) {
			encode(v.at, v.len, place, out);
		} else if (fill_string(v, place, out, err) != 0) {
			err_prefix(err, "field %s", part->path.source);
			return -1;
		}
	}
	if (place == TEMPLATE_HEADER &&
	    !is_header(buf_text(out) + was, out->len - was))
		return err_set(err, ERR_RECORD, "BadCharacter",
		    "%s%s has a line end or a NUL, which a header cannot have",
		    part->text == NULL ? "field " : "the template",
		    part->text == NULL ? part->path.source : "");
	return 0;
}

int
template_fill(const struct template *t, const struct record *r,
    enum template_place place, struct buf *out, struct err *err)
{
	size_t was = out->len;
	for (size_t i = 0; i < t->count; i++) {
		if (fill_part(&t->parts[i], r, place, out, err) != 0) {
			buf_cut(out, was);
			return -1;
		}
	}
	return 0;
}

const char *
template_constant(const struct template *t)
{
	if (t->count == 0)
		return "";
	return t->count == 1 ? t->parts[0].text : NULL;
}

struct json
template_single(const struct template *t, const struct record *r)
{
	if (t->count != 1 || t->parts[0].text != NULL)
		return (struct json){0};
	return path_get(&t->parts[0].path, r);
}

/*
 * Read the path that text begins with; what follows it is empty or, when
 * stop is not '\0', begins with stop. NULL: it is none, or malformed.
 */
static const char *
read_operand(struct path *path, const char *text, char stop, struct err *err)
{
	const char *why = "a path is a.b, a[0] or [\"any name\"]";
	const char *p = read_path(path, text, text + strlen(text), stop, &why);
	if (p != NULL && (*p == '\0' || *p == stop))
		return p;
	err_set(
	    err, ERR_SETUP, "BadField", "'%s' names no field: %s", text, why);
	return NULL;
}

struct template_field *
template_field_new(const char *path, struct err *err)
{
	struct template_field *f = mem_alloc(sizeof(*f));
	if (read_operand(&f->path, path, '\0', err) != NULL)
		return f;
	template_field_free(f);
	return NULL;
}

void
template_field_free(struct template_field *f)
{
	if (f == NULL)
		return;
	path_clear(&f->path);
	free(f);
}

struct json
template_field_get(const struct template_field *f, const struct record *r)
{
	return path_get(&f->path, r);
}

const char *
template_field_name(const struct template_field *f)
{
	return f->path.steps[f->path.count - 1].name;
}

const char *
template_field_plain(const struct template_field *f)
{
	return f->path.count == 1 && !f->path.metadata ? f->path.steps[0].name
						       : NULL;
}

struct template_test *
template_test_new(const char *text, struct err *err)
{
	struct template_test *t = mem_alloc(sizeof(*t));
	const char *p = read_operand(&t->path, text, '=', err);
	if (p == NULL) {
		template_test_free(t);
		return NULL;
	}
	if (*p == '=')
		t->value = mem_text(p + 1);
	return t;
}

void
template_test_free(struct template_test *t)
{
	if (t == NULL)
		return;
	path_clear(&t->path);
	free(t->value);
	free(t);
}

bool
template_test_holds(const struct template_test *t, const struct record *r)
{
	struct json v = path_get(&t->path, r);
	if (v.type == JSON_NONE || v.type == JSON_NULL)
		return false;
	if (t->value == NULL)
		return v.type != JSON_FALSE;
	if (v.type == JSON_STRING)
		return json_is(v, t->value);
	return v.len == strlen(t->value) && memcmp(v.at, t->value, v.len) == 0;
}
