#include "expression.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mem.h"
#include "text.h"

struct value {
	char *name, *text;
	bool json; /* text is JSON; else a string */
	char type; /* of the key attribute it is compared with, or 0 */
	bool used;
};

struct expression {
	struct value *value;
	size_t values;
	char **name; /* of placeholder #nI */
	size_t names;
};

/* Words of the expression language itself, and functions: words only where a
 * parenthesis follows. */
static const char *const words[] = {"AND", "OR", "NOT", "BETWEEN", "IN", NULL};
static const char *const functions[] = {"begins_with", "contains", "size",
    "attribute_exists", "attribute_not_exists", "attribute_type", NULL};

struct expression *
expression_new(char *const *values, int count, struct err *err)
{
	struct expression *e = mem_alloc(sizeof(*e));
	e->value = mem_alloc((size_t)count * sizeof(*e->value));
	for (int i = 0; i < count; i++) {
		const char *equals = strchr(values[i], '=');
		if (equals == NULL || equals == values[i]) {
			err_set(err, ERR_SETUP, "Usage",
			    "a value is NAME=TEXT or NAME:=JSON, not '%s'",
			    values[i]);
			expression_free(e);
			return NULL;
		}
		struct value *v = &e->value[e->values++];
		const char *from = values[i] + (values[i][0] == ':');
		v->json = equals[-1] == ':';
		v->name = mem_text_of(
		    from, (size_t)(equals - from) - (v->json ? 1 : 0));
		v->text = mem_text(equals + 1);
	}
	return e;
}

void
expression_free(struct expression *e)
{
	if (e == NULL)
		return;
	for (size_t i = 0; i < e->values; i++) {
		free(e->value[i].name);
		free(e->value[i].text);
	}
	for (size_t i = 0; i < e->names; i++)
		free(e->name[i]);
	free(e->value);
	free(e->name);
	free(e);
}

static size_t
word_len(const char *text)
{
	size_t n = 0;
	while (isalnum((unsigned char)text[n]) || text[n] == '_' ||
	       (n > 0 && text[n] == '-'))
		n++;
	return n;
}

static bool
is_one_of(const char *const *list, const char *text, size_t len)
{
	for (; *list != NULL; list++)
		if (strlen(*list) == len && strncasecmp(*list, text, len) == 0)
			return true;
	return false;
}

static bool
is_word(const char *text, size_t len)
{
	size_t after = len + strspn(text + len, " \t");
	return is_one_of(words, text, len) ||
	       (text[after] == '(' && is_one_of(functions, text, len));
}

static size_t
placeholder(struct expression *e, const char *text, size_t len)
{
	for (size_t i = 0; i < e->names; i++)
		if (strlen(e->name[i]) == len &&
		    memcmp(e->name[i], text, len) == 0)
			return i;
	e->name = mem_grow(e->name, e->names + 1, sizeof(*e->name));
	e->name[e->names] = mem_text_of(text, len);
	return e->names++;
}

static int
use_value(struct expression *e, const char *name, size_t len, char type,
    struct err *err)
{
	for (size_t i = 0; i < e->values; i++) {
		struct value *v = &e->value[i];
		if (strlen(v->name) != len || memcmp(v->name, name, len) != 0)
			continue;
		v->used = true;
		v->type = type == 0 ? v->type : type;
		return 0;
	}
	return err_set(err, ERR_SETUP, "Usage",
	    "no value for :%.*s; add %.*s=TEXT", (int)len, name, (int)len,
	    name);
}

int
expression_add(struct expression *e, const char *text,
    const struct table *table, struct buf *out, struct err *err)
{
	char type = 0; /* of the attribute named last */
	for (size_t i = 0; text[i] != '\0';) {
		size_t n = word_len(text + i);
		if (text[i] == ':') {
			n = word_len(text + i + 1);
			if (use_value(e, text + i + 1, n, type, err) != 0)
				return -1;
			buf_add(out, text + i, n + 1);
			i += n + 1;
		} else if (n == 0 || isdigit((unsigned char)text[i])) {
			n = n == 0 ? 1 : n;
			buf_add(out, text + i, n);
			i += n;
		} else if (is_word(text + i, n)) {
			buf_add(out, text + i, n);
			i += n;
		} else {
			size_t at = placeholder(e, text + i, n);
			type = table_type_of(table, e->name[at]);
			buf_addf(out, "#n%zu", at);
			i += n;
		}
	}
	return 0;
}

static int
add_value(const struct value *v, struct buf *out, struct err *err)
{
	struct buf text = {0};
	struct json view;
	size_t size = 0;
	if (v->json || v->type == 'N')
		buf_add_text(&text, v->text);
	else
		text_json_string(v->text, strlen(v->text), &text);
	int r = json_scan(text.data, text.len, &view, NULL);
	if (r == 0 && v->type == 'N' && view.type != JSON_NUMBER)
		r = -1;
	if (r != 0)
		err_set(err, ERR_SETUP, "Usage", "value of %s: '%s' is no %s",
		    v->name, v->text, v->type == 'N' ? "number" : "JSON");
	else if (v->type == 'B' && view.type == JSON_STRING)
		buf_addf(out, "{\"B\":%.*s}", (int)view.len, view.at);
	else
		r = table_value(view, out, &size, err);
	buf_clear(&text);
	return r;
}

int
expression_finish(struct expression *e, struct buf *out, struct err *err)
{
	for (size_t i = 0; i < e->names; i++) {
		buf_addf(out, "%s\"#n%zu\":",
		    i == 0 ? ",\"ExpressionAttributeNames\":{" : ",", i);
		text_json_string(e->name[i], strlen(e->name[i]), out);
	}
	if (e->names > 0)
		buf_add_char(out, '}');
	for (size_t i = 0; i < e->values; i++) {
		const struct value *v = &e->value[i];
		if (!v->used)
			return err_set(err, ERR_SETUP, "Usage",
			    "value %s is used nowhere", v->name);
		buf_addf(out, "%s\":%s\":",
		    i == 0 ? ",\"ExpressionAttributeValues\":{" : ",", v->name);
		if (add_value(v, out, err) != 0)
			return -1;
	}
	if (e->values > 0)
		buf_add_char(out, '}');
	return 0;
}

static int
add_member(struct expression *e, const char *name, const char *text,
    const struct table *table, struct buf *out, struct err *err)
{
	struct buf filled = {0};
	if (text == NULL)
		return 0;
	int r = expression_add(e, text, table, &filled, err);
	text_json_member(name, buf_text(&filled), out);
	buf_clear(&filled);
	return r;
}

int
expression_query(const struct expression_query *q, const struct table *table,
    struct buf *out, struct err *err)
{
	struct expression *e = expression_new(q->value, q->values, err);
	int r = e == NULL ? -1 : 0;
	text_json_member("TableName", q->table, out);
	if (r == 0)
		r = add_member(
		    e, "KeyConditionExpression", q->key, table, out, err);
	if (r == 0)
		r = add_member(
		    e, "FilterExpression", q->filter, table, out, err);
	if (r == 0)
		r = expression_finish(e, out, err);
	if (q->index != NULL)
		text_json_member("IndexName", q->index, out);
	if (q->reverse)
		buf_add_text(out, ",\"ScanIndexForward\":false");
	expression_free(e);
	return r;
}
