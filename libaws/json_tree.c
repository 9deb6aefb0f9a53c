#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "mem.h"

/* Does cJSON, which keeps a double, print this number with its value? */
static bool
fits_double(struct json v)
{
	size_t digits = 0;
	for (size_t i = 0; i < v.len; i++) {
		char c = v.at[i];
		if (c == 'e' || c == 'E')
			break;
		if (c >= '0' && c <= '9' && (digits > 0 || c != '0'))
			digits++;
	}
	if (digits > 15)
		return false;
	if (digits == 0)
		return true;
	char *text = json_source(v);
	double number = fabs(strtod(text, NULL));
	free(text);
	return number >= 1e-300 && number <= 1e300;
}

static char *
text_for_tree(struct json string, struct err *err)
{
	struct buf text = {0};
	if (json_text(string, &text, err) != 0) {
		buf_clear(&text);
		return NULL;
	}
	if (memchr(buf_text(&text), '\0', text.len) != NULL) {
		err_set(err, ERR_RECORD, "InvalidJson",
		    "a string with \\u0000, which is not taken here");
		buf_clear(&text);
		return NULL;
	}
	return buf_take(&text);
}

static cJSON *
scalar(struct json v, struct err *err)
{
	char *text = NULL;
	cJSON *node = NULL;
	switch (v.type) {
	case JSON_STRING:
		text = text_for_tree(v, err);
		if (text == NULL)
			return NULL;
		node = cJSON_CreateString(text);
		break;
	case JSON_NUMBER:
		text = json_source(v);
		node = fits_double(v) ? cJSON_CreateNumber(strtod(text, NULL))
				      : cJSON_CreateRaw(text);
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		node = cJSON_CreateBool(v.type == JSON_TRUE);
		break;
	default:
		node = cJSON_CreateNull();
		break;
	}
	free(text);
	if (node == NULL)
		err_set(err, ERR_LATER, "NoMemory", "out of memory");
	return node;
}

static cJSON *build(struct json v, struct err *err);

static int
add_child(cJSON *tree, struct json key, struct json value, struct err *err)
{
	cJSON *child = build(value, err);
	if (child == NULL)
		return -1;
	if (key.type == JSON_NONE) {
		cJSON_AddItemToArray(tree, child);
		return 0;
	}
	char *name = text_for_tree(key, err);
	if (name == NULL) {
		cJSON_Delete(child);
		return -1;
	}
	cJSON_AddItemToObject(tree, name, child);
	free(name);
	return 0;
}

/* No deeper than JSON_DEPTH, which json_scan saw to. */
static cJSON *
build(struct json v, struct err *err)
{
	if (v.type != JSON_OBJECT && v.type != JSON_ARRAY)
		return scalar(v, err);
	cJSON *tree =
	    v.type == JSON_OBJECT ? cJSON_CreateObject() : cJSON_CreateArray();
	if (tree == NULL) {
		err_set(err, ERR_LATER, "NoMemory", "out of memory");
		return NULL;
	}
	struct json_iter it;
	struct json key, value;
	json_each(v, &it);
	while (json_next(&it, &key, &value)) {
		if (add_child(tree, key, value, err) != 0) {
			cJSON_Delete(tree);
			return NULL;
		}
	}
	return tree;
}

cJSON *
json_tree(const char *text, size_t len, struct err *err)
{
	struct json root;
	if (json_scan(text, len, &root, err) != 0)
		return NULL;
	return build(root, err);
}

void
json_print(const cJSON *tree, struct buf *out)
{
	char *text = cJSON_PrintUnformatted(tree);
	if (text == NULL) {
		out->full = true;
		return;
	}
	buf_add_text(out, text);
	cJSON_free(text);
}
