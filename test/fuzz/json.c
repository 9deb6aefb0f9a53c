/*
 * What the scanner accepts can be walked, and each part is accepted alone;
 * cJSON, which is laxer, accepts it too; its verdict does not depend on where
 * in a 16-byte step a character lies.
 */
#include "json.h"

#include <stdio.h>
#include <string.h>

#include "fuzz.h"
#include "text.h"

static bool
same(struct json a, struct json b)
{
	return a.type == b.type && a.len == b.len &&
	       memcmp(a.at, b.at, a.len) == 0;
}

static void
check_part(struct json v)
{
	struct json alone;
	must(v.type != JSON_NONE);
	must(json_scan(v.at, v.len, &alone, NULL) == 0);
	must(same(v, alone));
}

/* The text of a key leads to a value, the last one of that name. */
static void
check_key(struct json object, struct json key)
{
	char *name = json_dup(key);
	if (name == NULL)
		return;
	must(json_is(key, name));
	struct json last = {0}, each, value;
	struct json_iter it;
	json_each(object, &it);
	while (json_next(&it, &each, &value))
		if (json_is(each, name))
			last = value;
	must(same(json_get(object, name), last));
	must(json_get(object, name).at == last.at);
	free(name);
}

static void
check_numbers(struct json v)
{
	int64_t i;
	double d;
	if (json_integer(v, &i) == 0)
		must(json_double(v, &d) == 0);
	struct buf text = {0};
	if (v.type == JSON_STRING && json_text(v, &text, NULL) == 0)
		must(text_utf8(buf_text(&text), text.len) == text.len);
	buf_clear(&text);
}

static void
walk(struct json v, unsigned left)
{
	struct json_iter it;
	struct json key, value;
	size_t n = 0;
	check_numbers(v);
	json_each(v, &it);
	while (json_next(&it, &key, &value)) {
		check_part(value);
		if (v.type == JSON_OBJECT) {
			check_part(key);
			if (n < 8)
				check_key(v, key);
		} else {
			must(key.type == JSON_NONE);
			if (n < 8)
				must(json_at(v, n).at == value.at);
		}
		if (left > 0)
			walk(value, left - 1);
		n++;
	}
	must(json_count(v) == n);
}

/* cJSON refuses half characters and numbers of 64 bytes and more. */
static bool
cjson_may_refuse(const char *text, size_t len)
{
	size_t run = 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\\' && i + 1 < len && text[i + 1] == 'u')
			return true;
		bool number = text[i] != '\0' &&
			      strchr("0123456789+-.eE", text[i]) != NULL;
		run = number ? run + 1 : 0;
		if (run > 60)
			return true;
	}
	return false;
}

static void
check_trees(const char *text, size_t len)
{
	cJSON *other = cJSON_ParseWithLength(text, len);
	must(other != NULL || cjson_may_refuse(text, len));
	cJSON_Delete(other);
	struct buf out = {0};
	struct json v;
	cJSON *tree = json_tree(text, len, NULL);
	if (tree != NULL) {
		json_print(tree, &out);
		must(json_scan(buf_text(&out), out.len, &v, NULL) == 0);
	}
	cJSON_Delete(tree);
	buf_clear(&out);
}

static void
check_compact(struct json v)
{
	struct buf once = {0}, twice = {0};
	struct json compact;
	json_compact(v, &once);
	must(json_scan(buf_text(&once), once.len, &compact, NULL) == 0);
	must(compact.len == once.len && compact.type == v.type);
	must(json_count(compact) == json_count(v));
	json_compact(compact, &twice);
	must(twice.len == once.len &&
	     memcmp(buf_text(&once), buf_text(&twice), once.len) == 0);
	buf_clear(&once);
	buf_clear(&twice);
}

/* White space around the text changes nothing but the place of an error. */
static void
check_shifted(const char *text, size_t len, int result, size_t shift)
{
	struct buf moved = {0};
	struct json v;
	for (size_t i = 0; i < shift; i++)
		buf_add_char(&moved, ' ');
	buf_add(&moved, text, len);
	if (result == 0)
		for (size_t i = 0; i < 16; i++)
			buf_add_char(&moved, '\n');
	must(json_scan(buf_text(&moved), moved.len, &v, NULL) == result);
	buf_clear(&moved);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct json v;
	struct json_found found;
	struct err err;
	int result = json_scan(text, size, &v, &err);
	must(result == 0 || strcmp(err.code, "InvalidJson") == 0);
	for (size_t shift = 1; shift < 17; shift += 5)
		check_shifted(text, size, result, shift);
	int object = json_scan_object(text, size, "a", &v, &found, NULL);
	must(object == (result == 0 && v.type == JSON_OBJECT ? 0 : -1));
	if (result != 0)
		return 0;
	must(text_utf8(text, size) == size);
	if (object == 0 && found.count == 1)
		must(json_get(v, "a").at == found.value.at);
	must((json_get(v, "a").type == JSON_NONE) == (found.count == 0));
	walk(v, 6);
	check_trees(text, size);
	check_compact(v);
	return 0;
}
