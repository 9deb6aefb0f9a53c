#include <string.h>

#include "ddb_value.h"
#include "text.h"

/* Which bytes a JSON string cannot have as they are. */
static bool
plain(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == '"' ||
		    text[i] == '\\')
			return false;
	return true;
}

static void
print_string(const char *text, size_t len, struct buf *out)
{
	if (!plain(text, len)) {
		text_json_string(text, len, out);
		return;
	}
	char *to = buf_room(out, len + 2);
	if (to == NULL)
		return;
	to[0] = '"';
	if (len > 0)
		memcpy(to + 1, text, len);
	to[len + 1] = '"';
	to[len + 2] = '\0';
	out->len += len + 2;
}

/* The value of a scalar, as it stands behind its type or in a set. */
static void
print_scalar(const struct ddb_value *v, struct buf *out)
{
	if (v->type == DDB_BOOL || v->type == DDB_NULL) {
		buf_add_text(
		    out, v->type == DDB_NULL || v->truth ? "true" : "false");
	} else if (v->type == DDB_B) {
		buf_add_char(out, '"');
		text_base64(v->text, v->len, out);
		buf_add_char(out, '"');
	} else {
		print_string(v->text, v->len, out);
	}
}

static bool
is_set(enum ddb_type type)
{
	return type == DDB_SS || type == DDB_NS || type == DDB_BS;
}

void
ddb_value_print(const struct ddb_value *v, struct buf *out)
{
	buf_add(out, "{\"", 2);
	buf_add_text(out, ddb_type_name[v->type]);
	buf_add(out, "\":", 2);
	if (v->type == DDB_M) {
		ddb_item_print(v, out);
	} else if (v->type == DDB_L || is_set(v->type)) {
		buf_add_char(out, '[');
		for (struct ddb_value *c = v->first; c != NULL; c = c->next) {
			if (c != v->first)
				buf_add_char(out, ',');
			if (v->type == DDB_L)
				ddb_value_print(c, out);
			else
				print_scalar(c, out);
		}
		buf_add_char(out, ']');
	} else {
		print_scalar(v, out);
	}
	buf_add_char(out, '}');
}

void
ddb_item_print(const struct ddb_value *item, struct buf *out)
{
	buf_add_char(out, '{');
	for (struct ddb_value *v = item->first; v != NULL; v = v->next) {
		if (v != item->first)
			buf_add_char(out, ',');
		print_string(v->name, v->name_len, out);
		buf_add_char(out, ':');
		ddb_value_print(v, out);
	}
	buf_add_char(out, '}');
}

static void
show_content(const struct ddb_value *v, struct buf *out)
{
	if (ddb_ordered(v->type)) {
		buf_add(out, v->text, v->len);
		return;
	}
	if (v->type == DDB_BOOL || v->type == DDB_NULL) {
		print_scalar(v, out);
		return;
	}
	buf_add_char(out, v->type == DDB_M ? '{' : '[');
	for (struct ddb_value *c = v->first; c != NULL; c = c->next) {
		if (c != v->first)
			buf_add_text(out, ", ");
		if (v->type == DDB_M) {
			buf_add(out, c->name, c->name_len);
			buf_add_char(out, '=');
		}
		if (is_set(v->type))
			show_content(c, out);
		else
			ddb_value_show(c, out);
	}
	buf_add_char(out, v->type == DDB_M ? '}' : ']');
}

void
ddb_value_show(const struct ddb_value *v, struct buf *out)
{
	buf_addf(out, "{%s:", ddb_type_name[v->type]);
	show_content(v, out);
	buf_add_char(out, '}');
}
