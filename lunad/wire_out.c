#include <string.h>

#include "core.h"
#include "text.h"
#include "xml.h"

static void
tag(const char *name, struct buf *out)
{
	buf_add_char(out, '<');
	buf_add_text(out, name);
	buf_add_char(out, '>');
}

static void
untag(const char *name, struct buf *out)
{
	buf_add_text(out, "</");
	buf_add_text(out, name);
	buf_add_char(out, '>');
}

static void element(const struct wire_shape *shape, const char *operation,
    const char *name, struct json v, struct buf *out);

static void
text(struct json v, struct buf *out)
{
	if (v.type == JSON_NULL)
		return;
	if (v.type != JSON_STRING) {
		buf_add(out, v.at, v.len);
		return;
	}
	struct buf plain = {0};
	if (json_text(v, &plain, NULL) == 0)
		xml_escape(buf_text(&plain), plain.len, out);
	buf_clear(&plain);
}

static void
time_of(struct json v, struct buf *out)
{
	int64_t ms;
	char iso[TEXT_ISO];
	double s;
	if (v.type == JSON_NUMBER && json_double(v, &s) == 0) {
		ms = (int64_t)(s * 1000 + (s < 0 ? -0.5 : 0.5));
		text_iso(ms, iso);
		buf_add_text(out, iso);
	} else {
		text(v, out);
	}
}

static void
entry(const struct wire_shape *shape, const char *operation,
    const struct wire_shape *s, const char *name, struct json key,
    struct json value, struct buf *out)
{
	const char *k = s->key == NULL ? "key" : s->key;
	const char *v = s->value == NULL ? "value" : s->value;
	tag(name, out);
	tag(k, out);
	text(key, out);
	untag(k, out);
	element(shape, operation, v, value, out);
	untag(name, out);
}

static void
inside(const struct wire_shape *shape, const char *operation,
    const struct wire_shape *s, struct json v, struct buf *out)
{
	struct json_iter it;
	struct json key, value;
	json_each(v, &it);
	if (s != NULL && s->as == WIRE_MAP) {
		while (json_next(&it, &key, &value))
			entry(shape, operation, s, "entry", key, value, out);
	} else if (v.type == JSON_OBJECT) {
		wire_out(shape, operation, v, out);
	} else if (v.type == JSON_ARRAY) {
		const char *item =
		    s == NULL || s->item == NULL ? "member" : s->item;
		while (json_next(&it, NULL, &value))
			element(shape, operation, item, value, out);
	} else if (s != NULL && s->as == WIRE_TIME) {
		time_of(v, out);
	} else {
		text(v, out);
	}
}

/* '*' in a shape's item is the operation's name. */
static void
item(const struct wire_shape *shape, const char *operation,
    const struct wire_shape *s, struct json v, struct buf *out)
{
	struct buf name = {0};
	if (s->item[0] == '*')
		buf_addf(&name, "%s%s", operation, s->item + 1);
	element(shape, operation, s->item[0] == '*' ? buf_text(&name) : s->item,
	    v, out);
	buf_clear(&name);
}

static void
element(const struct wire_shape *shape, const char *operation, const char *name,
    struct json v, struct buf *out)
{
	const struct wire_shape *s = shape;
	while (s != NULL && s->member != NULL && strcmp(s->member, name) != 0)
		s++;
	if (s != NULL && s->member == NULL)
		s = NULL;
	struct json_iter it;
	struct json key, value;
	json_each(v, &it);
	if (s != NULL && s->as == WIRE_FLAT_LIST && v.type == JSON_ARRAY) {
		while (json_next(&it, NULL, &value))
			item(shape, operation, s, value, out);
	} else if (s != NULL && s->as == WIRE_FLAT_MAP &&
		   v.type == JSON_OBJECT) {
		while (json_next(&it, &key, &value))
			entry(shape, operation, s, s->item, key, value, out);
	} else if (v.type != JSON_NULL) {
		tag(name, out);
		inside(shape, operation, s, v, out);
		untag(name, out);
	}
}

void
wire_out(const struct wire_shape *shape, const char *operation, struct json v,
    struct buf *out)
{
	struct json_iter it;
	struct json key, value;
	struct buf name = {0};
	json_each(v, &it);
	while (json_next(&it, &key, &value)) {
		buf_reset(&name);
		if (json_text(key, &name, NULL) == 0)
			element(shape, operation, buf_text(&name), value, out);
	}
	buf_clear(&name);
}
