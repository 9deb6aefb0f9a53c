#include "record.h"

#include <string.h>

#include "text.h"

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The range of the line that is @metadata's member and exactly one comma. */
static void
find_cut(struct record *r, const struct json_found *found)
{
	const char *from = found->key.at;
	const char *to = found->value.at + found->value.len;
	const char *before = from - 1;
	while (is_space(*before))
		before--;
	if (*before == ',') {
		from = before;
	} else {
		const char *after = to;
		while (is_space(*after))
			after++;
		if (*after == ',')
			to = after + 1;
	}
	r->cut = (size_t)(from - r->line);
	r->cut_end = (size_t)(to - r->line);
}

static bool
is_raw(struct json meta)
{
	struct json_iter it;
	struct json key, value;
	json_each(meta, &it);
	while (json_next(&it, &key, &value))
		if (json_is(key, "raw") || json_is(key, "raw_base64"))
			return true;
	return false;
}

int
record_parse(struct record *r, const char *line, size_t len, uint64_t number,
    struct err *err)
{
	while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
		len--;
	*r = (struct record){.line = line, .len = len, .number = number};
	struct json_found found;
	if (json_scan_object(line, len, "@metadata", &r->root, &found, err) !=
	    0)
		return -1;
	if (found.count == 0)
		return 0;
	if (found.count > 1)
		return err_set(err, ERR_RECORD, "InvalidMetadata",
		    "more than one @metadata");
	if (found.value.type != JSON_OBJECT)
		return err_set(err, ERR_RECORD, "InvalidMetadata",
		    "@metadata is no object");
	r->meta = found.value;
	find_cut(r, &found);
	r->replayed_raw = is_raw(r->meta);
	if (r->replayed_raw)
		return err_set(err, ERR_RECORD, "NotARecord",
		    "the line was no record when it was first read");
	return 0;
}

void
record_payload(const struct record *r, struct buf *out)
{
	buf_add(out, r->line, r->cut);
	buf_add(out, r->line + r->cut_end, r->len - r->cut_end);
}

size_t
record_payload_len(const struct record *r)
{
	return r->len - (r->cut_end - r->cut);
}

/* The object's closing brace. */
static const char *
closing(const struct record *r)
{
	return r->root.at + r->root.len - 1;
}

/* Is nothing but white space between the braces, the second at close? */
static bool
is_empty(const char *close)
{
	do {
		close--;
	} while (is_space(*close));
	return *close == '{';
}

/* The line up to the value of @metadata, a member that is added if absent. */
static void
begin_metadata(const struct record *r, struct buf *out)
{
	if (r->meta.type == JSON_OBJECT) {
		buf_add(out, r->line, (size_t)(r->meta.at - r->line));
		return;
	}
	const char *close = closing(r);
	buf_add(out, r->line, (size_t)(close - r->line));
	buf_add_text(
	    out, is_empty(close) ? "\"@metadata\":" : ",\"@metadata\":");
}

static void
end_metadata(const struct record *r, struct buf *out)
{
	const char *rest =
	    r->meta.type == JSON_OBJECT ? r->meta.at + r->meta.len : closing(r);
	buf_add(out, rest, (size_t)(r->line + r->len - rest));
}

/*
 * Append the members of obj, none if it is no object, without those named
 * first or second, each followed by a comma; how many.
 */
static size_t
add_members(
    struct json obj, const char *first, const char *second, struct buf *out)
{
	size_t n = 0;
	struct json_iter it;
	struct json key, value;
	if (obj.type != JSON_OBJECT)
		return 0;
	json_each(obj, &it);
	while (json_next(&it, &key, &value)) {
		if (json_is(key, first) || json_is(key, second))
			continue;
		buf_add(out, key.at, (size_t)(value.at + value.len - key.at));
		buf_add_char(out, ',');
		n++;
	}
	return n;
}

static void
emit_without_error(const struct record *r, struct buf *out)
{
	if (json_get(r->meta, "error").type == JSON_NONE) {
		buf_add(out, r->line, r->len);
		return;
	}
	size_t was = out->len;
	begin_metadata(r, out);
	buf_add_char(out, '{');
	if (add_members(r->meta, "error", "error", out) == 0) {
		buf_cut(out, was);
		record_payload(r, out);
		return;
	}
	buf_cut(out, out->len - 1);
	buf_add_char(out, '}');
	end_metadata(r, out);
}

void
record_emit(const struct record *r, const char *to, const char *fields,
    size_t fields_len, struct buf *out)
{
	if (to == NULL) {
		emit_without_error(r, out);
		return;
	}
	begin_metadata(r, out);
	buf_add_char(out, '{');
	add_members(r->meta, "error", "to", out);
	buf_add_text(out, "\"to\":{");
	add_members(json_get(r->meta, "to"), to, to, out);
	text_json_string(to, strlen(to), out);
	buf_add_text(out, ":{");
	buf_add(out, fields, fields_len);
	buf_add_text(out, "}}}");
	end_metadata(r, out);
}

static void
set_member(const struct record *r, const char *name, const char *value,
    size_t value_len, struct buf *out)
{
	const char *end = r->line + r->len;
	struct json old = json_get(r->root, name);
	if (old.type != JSON_NONE) {
		buf_add(out, r->line, (size_t)(old.at - r->line));
		buf_add(out, value, value_len);
		buf_add(out, old.at + old.len,
		    (size_t)(end - old.at - (ptrdiff_t)old.len));
		return;
	}
	const char *at = closing(r);
	bool comma_first = !is_empty(at), comma_last = false;
	if (r->meta.type == JSON_OBJECT) {
		const char *after = r->meta.at + r->meta.len;
		while (is_space(*after))
			after++;
		if (after == at) {
			at = r->line + r->cut;
			comma_first = *at == ',';
			comma_last = !comma_first;
		}
	}
	buf_add(out, r->line, (size_t)(at - r->line));
	if (comma_first)
		buf_add_char(out, ',');
	text_json_string(name, strlen(name), out);
	buf_add_char(out, ':');
	buf_add(out, value, value_len);
	if (comma_last)
		buf_add_char(out, ',');
	buf_add(out, at, (size_t)(end - at));
}

void
record_set(const struct record *r, const char *name, const char *value,
    size_t value_len, struct buf *out)
{
	struct record clean;
	struct buf line = {0};
	if (json_get(r->meta, "error").type == JSON_NONE) {
		set_member(r, name, value, value_len, out);
		return;
	}
	emit_without_error(r, &line);
	if (record_parse(&clean, line.data, line.len, r->number, NULL) == 0)
		set_member(&clean, name, value, value_len, out);
	buf_clear(&line);
}

static void
add_error(const struct record *r, const char *tool, const struct err *err,
    struct buf *out)
{
	buf_add_text(out, "\"error\":{");
	text_json_member("tool", tool, out);
	text_json_member("code", err->code, out);
	text_json_member("message", err->message, out);
	buf_addf(out, ",\"retryable\":%s",
	    err->kind == ERR_LATER ? "true" : "false");
	if (r->number > 0) /* 0: it is known no longer */
		buf_addf(out, ",\"line\":%llu", (unsigned long long)r->number);
	buf_add_char(out, '}');
}

void
record_emit_error(const struct record *r, bool parsed, const char *tool,
    const struct err *err, struct buf *out)
{
	if (parsed || r->replayed_raw) {
		begin_metadata(r, out);
		buf_add_char(out, '{');
		add_members(r->meta, "error", "error", out);
		add_error(r, tool, err, out);
		buf_add_char(out, '}');
		end_metadata(r, out);
		return;
	}
	buf_add_text(out, "{\"@metadata\":{");
	if (text_utf8(r->line, r->len) == r->len) {
		buf_add_text(out, "\"raw\":");
		text_json_string(r->line, r->len, out);
	} else {
		buf_add_text(out, "\"raw_base64\":\"");
		text_base64(r->line, r->len, out);
		buf_add_char(out, '"');
	}
	buf_add_char(out, ',');
	add_error(r, tool, err, out);
	buf_add_text(out, "}}");
}

/* A valid text has line feeds only outside strings. */
static void
add_on_one_line(const char *text, size_t len, struct buf *out)
{
	char *to = buf_room(out, len);
	if (to == NULL)
		return;
	for (size_t i = 0; i < len; i++)
		to[i] = text[i] == '\n' || text[i] == '\r' ? ' ' : text[i];
	to[len] = '\0';
	out->len += len;
}

void
record_from(const char *body, size_t len, const char *service,
    const char *fields, size_t fields_len, struct buf *out)
{
	struct json root;
	struct json_found found;
	const char *rest = NULL, *kind = NULL;
	if (json_scan_object(body, len, "@metadata", &root, &found, NULL) ==
		0 &&
	    found.count == 0) {
		rest = root.at + root.len - 1;
		add_on_one_line(body, (size_t)(rest - body), out);
		if (!is_empty(rest))
			buf_add_char(out, ',');
	} else if (text_utf8(body, len) == len) {
		buf_add_text(out, "{\"body\":");
		text_json_string(body, len, out);
		buf_add_char(out, ',');
		kind = "text";
	} else {
		buf_add_text(out, "{\"body_base64\":\"");
		text_base64(body, len, out);
		buf_add_text(out, "\",");
		kind = "base64";
	}
	buf_add_text(out, "\"@metadata\":{\"from\":{");
	text_json_string(service, strlen(service), out);
	buf_add_text(out, ":{");
	buf_add(out, fields, fields_len);
	if (kind != NULL)
		buf_addf(out, "%s\"BodyIs\":\"%s\"", fields_len > 0 ? "," : "",
		    kind);
	buf_add_text(out, "}}}");
	if (rest != NULL)
		add_on_one_line(rest, (size_t)(body + len - rest), out);
	else
		buf_add_char(out, '}');
}

struct json
record_origin(const struct record *r, const char *service)
{
	return json_get(json_get(r->meta, "from"), service);
}

bool
record_came_as_text(const struct record *r)
{
	bool text = false;
	struct json_iter it;
	struct json origin;
	json_each(json_get(r->meta, "from"), &it);
	while (!text && json_next(&it, NULL, &origin))
		text = json_is(json_get(origin, "BodyIs"), "text");
	return text && json_get(r->root, "body").type == JSON_STRING &&
	       json_count(r->root) == 2;
}

int
record_body(const struct record *r, struct buf *out, struct err *err)
{
	if (record_came_as_text(r))
		return json_text(json_get(r->root, "body"), out, err);
	record_payload(r, out);
	return 0;
}
