/*
 * Whatever an expression says: it is refused with a text, or it has an answer
 * for an item. An item that was updated or projected can be printed, and is
 * read back from that as the same item. The first byte says which grammar.
 */
#include "../../lunad/ddb_expr.h"

#include <string.h>

#include "fuzz.h"

static const char item_json[] =
    "{\"p\":{\"S\":\"a\"},\"n\":{\"N\":\"-12.5\"},\"b\":{\"B\":\"AAEC\"},"
    "\"t\":{\"BOOL\":true},\"z\":{\"NULL\":true},\"ss\":{\"SS\":[\"a\",\"b\"]},"
    "\"ns\":{\"NS\":[\"1\",\"2\"]},\"bs\":{\"BS\":[\"AA==\"]},"
    "\"l\":{\"L\":[{\"N\":\"1\"},{\"L\":[{\"S\":\"x\"}]},"
    "{\"M\":{\"k\":{\"N\":\"7\"}}}]},"
    "\"m\":{\"M\":{\"a\":{\"N\":\"1\"},\"l\":{\"L\":[]}}}}";

static const char values_json[] =
    "{\":n\":{\"N\":\"99999999999999999999999999999999999999\"},"
    "\":m\":{\"N\":\"-1e-130\"},\":s\":{\"S\":\"a\"},\":b\":{\"B\":\"AA==\"},"
    "\":ss\":{\"SS\":[\"b\",\"c\"]},\":ns\":{\"NS\":[\"2\",\"3\"]},"
    "\":l\":{\"L\":[{\"S\":\"q\"}]},\":o\":{\"M\":{\"k\":{\"S\":\"v\"}}},"
    "\":t\":{\"BOOL\":false},\":ty\":{\"S\":\"SS\"}}";

static struct ddb_pool pool;

static struct json
scan(const char *text, size_t len)
{
	struct json v;
	must(json_scan(text, len, &v, NULL) == 0);
	return v;
}

static struct ddb_bound *
bind_values(void)
{
	struct ddb_bound *list = NULL;
	struct json_iter it;
	struct json key, v;
	json_each(scan(values_json, sizeof(values_json) - 1), &it);
	while (json_next(&it, &key, &v)) {
		struct ddb_bound *b = ddb_alloc(&pool, sizeof(*b));
		b->key = key.at + 1;
		b->key_len = key.len - 2;
		b->value = ddb_value_read(&pool, v, false, NULL);
		b->next = list;
		list = b;
	}
	return list;
}

static void
must_print(const struct ddb_value *item)
{
	struct buf once = {0}, twice = {0};
	struct err err;
	ddb_item_print(item, &once);
	struct ddb_value *again =
	    ddb_item_read(&pool, scan(once.data, once.len), false, &err);
	must(again != NULL && ddb_value_equal(again, item));
	must(ddb_item_size(again) == ddb_item_size(item));
	ddb_item_print(again, &twice);
	must(once.len == twice.len &&
	     memcmp(once.data, twice.data, once.len) == 0);
	buf_clear(&once);
	buf_clear(&twice);
}

static void
try_update(struct ddb_scope *s, const struct ddb_value *item, const char *text,
    size_t len)
{
	struct ddb_action *a = ddb_update_parse(s, "X", text, len);
	struct ddb_value *to = ddb_value_copy(&pool, item);
	if (a == NULL || ddb_update(&pool, to, a, s->err) != 0)
		must(s->err->message[0] != '\0');
	else if (!ddb_item_too_deep(to))
		must_print(to);
}

static void
try_projection(struct ddb_scope *s, const struct ddb_value *item,
    const char *text, size_t len)
{
	struct ddb_path *paths = ddb_projection_parse(s, "X", text, len);
	if (paths == NULL)
		must(s->err->message[0] != '\0');
	else
		must_print(ddb_project(&pool, item, paths));
}

static void
try_condition(struct ddb_scope *s, const struct ddb_value *item,
    const char *text, size_t len)
{
	struct ddb_expr *e = ddb_condition_parse(s, "X", text, len);
	if (e == NULL) {
		must(s->err->message[0] != '\0');
		return;
	}
	struct ddb_expr not = {.op = DDB_NOT, .args = e, .count = 1};
	must(ddb_matches(&pool, e, item) != ddb_matches(&pool, &not, item));
	ddb_matches(&pool, e, NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = {0};
	struct ddb_bound name = {
	    .key = "#n", .key_len = 2, .name = "n", .len = 1};
	if (size < 1)
		return 0;
	ddb_pool_reset(&pool);
	struct ddb_scope s = {.pool = &pool,
	    .names = &name,
	    .values = bind_values(),
	    .err = &err};
	struct ddb_value *item = ddb_item_read(
	    &pool, scan(item_json, sizeof(item_json) - 1), false, &err);
	must(item != NULL);
	const char *text = (const char *)data + 1;
	switch (data[0] % 3) {
	case 0:
		try_condition(&s, item, text, size - 1);
		break;
	case 1:
		try_update(&s, item, text, size - 1);
		break;
	default:
		try_projection(&s, item, text, size - 1);
		break;
	}
	return 0;
}
