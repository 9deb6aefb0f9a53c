/*
 * lunad_ddb: DynamoDB's numbers, values and expressions as lunad reads them; for
 * each line of stdin, what comes of it.
 *
 * Lines "item", "names" and "values" with JSON set what the others use:
 * "condition", "update" and "project" with an expression. "number", "add" and
 * "order" have one number or two (order: their keys are compared too), and
 * "size" is that of the item.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../lunad/ddb_expr.h"
#include "../../lunad/ddb_number.h"

static struct ddb_pool pool;
static struct ddb_value *item;
static struct ddb_scope scope;
static struct err err;

static void
result(const char *text)
{
	puts(text);
}

static struct json
scan(const char *text)
{
	struct json v = {0};
	char *kept = ddb_copy(&pool, text, strlen(text));
	if (json_scan(kept, strlen(kept), &v, &err) != 0)
		result(err.message);
	return v;
}

static void
set_item(const char *text)
{
	struct buf out = {0};
	struct json v = scan(text);
	if (v.type == JSON_NONE)
		return;
	item = ddb_item_read(&pool, v, false, &err);
	if (item == NULL) {
		result(err.message);
		return;
	}
	ddb_item_print(item, &out);
	result(buf_text(&out));
	buf_clear(&out);
}

static void
set_bound(struct ddb_bound **list, const char *text, bool values)
{
	struct json_iter it;
	struct json key, v;
	*list = NULL;
	json_each(scan(text), &it);
	while (json_next(&it, &key, &v)) {
		struct ddb_bound *b = ddb_alloc(&pool, sizeof(*b));
		b->key = key.at + 1;
		b->key_len = key.len - 2;
		b->name = v.at + 1;
		b->len = v.len - 2;
		b->value =
		    values ? ddb_value_read(&pool, v, false, &err) : NULL;
		if (values && b->value == NULL)
			result(err.message);
		b->next = *list;
		*list = b;
	}
}

static void
condition(const char *text)
{
	struct ddb_expr *e = ddb_condition_parse(
	    &scope, "ConditionExpression", text, strlen(text));
	result(e == NULL                     ? err.message
	       : ddb_matches(&pool, e, item) ? "true"
					     : "false");
}

static void
update(const char *text)
{
	struct buf out = {0};
	struct ddb_value *to = ddb_value_copy(&pool, item);
	struct ddb_action *a =
	    ddb_update_parse(&scope, "UpdateExpression", text, strlen(text));
	if (a == NULL || ddb_update(&pool, to, a, &err) != 0)
		buf_add_text(&out, err.message);
	else
		ddb_item_print(to, &out);
	result(buf_text(&out));
	buf_clear(&out);
}

static void
project(const char *text)
{
	struct buf out = {0};
	struct ddb_path *paths = ddb_projection_parse(
	    &scope, "ProjectionExpression", text, strlen(text));
	if (paths == NULL)
		buf_add_text(&out, err.message);
	else
		ddb_item_print(ddb_project(&pool, item, paths), &out);
	result(buf_text(&out));
	buf_clear(&out);
}

/* The words of text as numbers; how many there are, -1 for a bad one. */
static int
numbers(const char *text, struct ddb_number *n)
{
	int count = 0;
	while (count < 2) {
		size_t len = strcspn(text, " ");
		if (ddb_number_read(text, len, &n[count++], &err) != 0) {
			result(err.message);
			return -1;
		}
		if (text[len] == '\0')
			break;
		text += len + 1;
	}
	return count;
}

static void
number(const char *text, bool add)
{
	struct ddb_number n[2] = {0};
	struct buf out = {0};
	if (numbers(text, n) < 0)
		return;
	if (add && ddb_number_add(&n[0], &n[1], &n[0], &err) != 0)
		buf_add_text(&out, err.message);
	else
		ddb_number_print(&n[0], &out);
	result(buf_text(&out));
	buf_clear(&out);
}

static int
key_order(const struct ddb_number *a, const struct ddb_number *b)
{
	struct buf x = {0}, y = {0};
	ddb_number_key(a, &x);
	ddb_number_key(b, &y);
	int order = memcmp(x.data, y.data, x.len < y.len ? x.len : y.len);
	if (order == 0)
		order = (x.len > y.len) - (x.len < y.len);
	buf_clear(&x);
	buf_clear(&y);
	return order;
}

static void
order(const char *text)
{
	struct ddb_number n[2];
	if (numbers(text, n) != 2)
		return;
	int by_value = ddb_number_compare(&n[0], &n[1]);
	int by_key = key_order(&n[0], &n[1]);
	if ((by_value > 0) - (by_value < 0) != (by_key > 0) - (by_key < 0))
		result("the keys disagree");
	else
		result(by_value < 0 ? "<" : by_value > 0 ? ">" : "=");
}

static void
size(const char *text)
{
	char out[32];
	(void)text;
	snprintf(out, sizeof(out), "%zu", ddb_item_size(item));
	result(out);
}

int
main(void)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;
	item = ddb_value_new(&pool, DDB_M);
	scope = (struct ddb_scope){.pool = &pool, .err = &err};
	while ((len = getline(&line, &cap, stdin)) > 0) {
		if (line[len - 1] == '\n')
			line[--len] = '\0';
		size_t word = strcspn(line, " ");
		const char *rest = line + word + (line[word] == ' ');
		char *text = ddb_copy(&pool, rest, strlen(rest));
		line[word] = '\0';
		if (strcmp(line, "item") == 0)
			set_item(text);
		else if (strcmp(line, "names") == 0)
			set_bound(&scope.names, text, false);
		else if (strcmp(line, "values") == 0)
			set_bound(&scope.values, text, true);
		else if (strcmp(line, "condition") == 0)
			condition(text);
		else if (strcmp(line, "update") == 0)
			update(text);
		else if (strcmp(line, "project") == 0)
			project(text);
		else if (strcmp(line, "number") == 0)
			number(text, false);
		else if (strcmp(line, "add") == 0)
			number(text, true);
		else if (strcmp(line, "order") == 0)
			order(text);
		else if (strcmp(line, "size") == 0)
			size(text);
	}
	free(line);
	ddb_pool_clear(&pool);
	return 0;
}
