#include "query.h"

#include "text.h"

struct flatten {
	bool flat;
	struct buf name, value;
	struct buf *out;
	struct err *err;
};

static int add_value(struct flatten *f, struct json v);

/*
 * Members that are maps in the models of the services that speak query. No
 * structure has one of these names; lists that do are no objects.
 */
static const char *
map_key(struct json name)
{
	static const char *const maps[] = {"AdditionalEncryptionContext",
	    "Attributes", "AuthenticationRequestExtraParams", "Properties",
	    "ReplacementValues", "ResourceIdentifier", "attributes"};
	if (json_is(name, "MessageAttributes"))
		return "Name";
	for (size_t i = 0; i < sizeof(maps) / sizeof(*maps); i++)
		if (json_is(name, maps[i]))
			return "key";
	return NULL;
}

static int
add_leaf(struct flatten *f, struct json v)
{
	if (v.type == JSON_NULL)
		return 0;
	buf_reset(&f->value);
	if (v.type != JSON_STRING)
		buf_add(&f->value, v.at, v.len);
	else if (json_text(v, &f->value, f->err) != 0)
		return -1;
	query_add_bytes(
	    f->out, buf_text(&f->name), buf_text(&f->value), f->value.len);
	return 0;
}

/* Go on below the name with something added to it. */
static int
add_below(struct flatten *f, size_t len, struct json v)
{
	int status = add_value(f, v);
	f->name.len = len;
	f->name.data[len] = '\0';
	return status;
}

static int
add_list(struct flatten *f, struct json list)
{
	struct json_iter it;
	struct json v;
	size_t len = f->name.len, n = 0;
	json_each(list, &it);
	while (json_next(&it, NULL, &v)) {
		buf_addf(&f->name, "%s%zu", f->flat ? "." : ".member.", ++n);
		if (add_below(f, len, v) != 0)
			return -1;
	}
	if (n == 0 && !f->flat)
		query_add(f->out, buf_text(&f->name), "");
	return 0;
}

static int
add_map(struct flatten *f, struct json map, const char *key)
{
	struct json_iter it;
	struct json k, v;
	size_t len = f->name.len, n = 0;
	json_each(map, &it);
	while (json_next(&it, &k, &v)) {
		buf_addf(&f->name, ".entry.%zu.%s", ++n, key);
		if (add_below(f, len, k) != 0)
			return -1;
		buf_addf(&f->name, ".entry.%zu.%s", n,
		    key[0] == 'N' ? "Value" : "value");
		if (add_below(f, len, v) != 0)
			return -1;
	}
	return 0;
}

static int
add_members(struct flatten *f, struct json object)
{
	struct json_iter it;
	struct json k, v;
	size_t len = f->name.len;
	json_each(object, &it);
	while (json_next(&it, &k, &v)) {
		const char *key = v.type == JSON_OBJECT ? map_key(k) : NULL;
		if (len > 0)
			buf_add_char(&f->name, '.');
		if (json_text(k, &f->name, f->err) != 0)
			return -1;
		int status = key != NULL ? add_map(f, v, key) : add_value(f, v);
		buf_room(&f->name, 1);
		f->name.len = len;
		f->name.data[len] = '\0';
		if (status != 0)
			return -1;
	}
	return 0;
}

static int
add_value(struct flatten *f, struct json v)
{
	switch (v.type) {
	case JSON_OBJECT:
		return add_members(f, v);
	case JSON_ARRAY:
		return add_list(f, v);
	default:
		return add_leaf(f, v);
	}
}

int
query_flatten(struct json object, bool flat, struct buf *out, struct err *err)
{
	struct flatten f = {.flat = flat, .out = out, .err = err};
	int status = add_members(&f, object);
	buf_clear(&f.name);
	buf_clear(&f.value);
	return status;
}

void
query_show(const char *text, size_t len, struct buf *out)
{
	struct query_iter it;
	struct buf name = {0}, value = {0};
	const char *comma = "";
	buf_add_char(out, '{');
	query_each(text, len, &it);
	while (query_next(&it, &name, &value)) {
		buf_add_text(out, comma);
		text_json_string(buf_text(&name), name.len, out);
		buf_add_char(out, ':');
		text_json_string(buf_text(&value), value.len, out);
		comma = ",";
	}
	buf_add_char(out, '}');
	buf_clear(&name);
	buf_clear(&value);
}
