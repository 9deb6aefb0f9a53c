#include <stdlib.h>
#include <string.h>

#include "cfn.h"
#include "mem.h"

/* A view as a tree; numbers keep their text. */
static cJSON *
build(struct json v)
{
	cJSON *tree = NULL;
	char *text = NULL;
	if (v.type == JSON_OBJECT || v.type == JSON_ARRAY) {
		struct json_iter it;
		struct json key, value;
		tree = v.type == JSON_OBJECT ? cJSON_CreateObject()
					     : cJSON_CreateArray();
		json_each(v, &it);
		while (json_next(&it, &key, &value)) {
			text = json_dup(key);
			if (v.type == JSON_OBJECT)
				cfn_put(tree, text == NULL ? "" : text,
				    build(value));
			else
				cfn_add(tree, build(value));
			free(text);
		}
		return tree;
	}
	if (v.type == JSON_STRING) {
		text = json_dup(v);
		tree = cfn_string(text == NULL ? "" : text);
	} else if (v.type == JSON_NUMBER) {
		text = json_source(v);
		tree = cJSON_CreateRaw(text);
	} else if (v.type == JSON_NULL || v.type == JSON_NONE) {
		tree = cJSON_CreateNull();
	} else {
		tree = cJSON_CreateBool(v.type == JSON_TRUE);
	}
	free(text);
	return tree;
}

cJSON *
cfn_tree(struct json v)
{
	return build(v);
}

cJSON *
cfn_tree_of(const char *text)
{
	struct json v;
	if (text == NULL || json_scan(text, strlen(text), &v, NULL) != 0)
		return NULL;
	return build(v);
}

char *
cfn_print(const cJSON *tree)
{
	struct buf out = {0};
	json_print(tree, &out);
	return buf_take(&out);
}

cJSON *
cfn_string(const char *text)
{
	cJSON *tree = cJSON_CreateString(text);
	if (tree == NULL)
		mem_die();
	return tree;
}

cJSON *
cfn_copy(const cJSON *tree)
{
	return tree == NULL ? NULL : cJSON_Duplicate(tree, true);
}

void
cfn_put(cJSON *object, const char *name, cJSON *value)
{
	if (value == NULL)
		return;
	cJSON_DeleteItemFromObjectCaseSensitive(object, name);
	cJSON_AddItemToObject(object, name, value);
}

void
cfn_put_text(cJSON *object, const char *name, const char *text)
{
	if (text != NULL)
		cfn_put(object, name, cfn_string(text));
}

void
cfn_add(cJSON *array, cJSON *value)
{
	if (value != NULL)
		cJSON_AddItemToArray(array, value);
}

const cJSON *
cfn_get(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

const char *
cfn_text(const cJSON *v)
{
	if (cJSON_IsString(v) || cJSON_IsRaw(v))
		return v->valuestring;
	if (cJSON_IsBool(v))
		return cJSON_IsTrue(v) ? "true" : "false";
	return NULL;
}

const char *
cfn_get_text(const cJSON *object, const char *name)
{
	return cfn_text(cfn_get(object, name));
}

bool
cfn_true(const cJSON *v)
{
	const char *text = cfn_text(v);
	return text != NULL && strcmp(text, "true") == 0;
}

/* "Table.TableArn", "MetricAlarms.0.AlarmArn" */
const cJSON *
cfn_path(const cJSON *v, const char *path)
{
	char step[128];
	while (v != NULL && *path != '\0') {
		size_t n = strcspn(path, ".");
		if (n >= sizeof(step))
			return NULL;
		memcpy(step, path, n);
		step[n] = '\0';
		path += n + (path[n] == '.');
		v = cJSON_IsArray(v) ? cJSON_GetArrayItem(v, atoi(step))
				     : cfn_get(v, step);
	}
	return v;
}

/* Scalars are equal by their text: CloudFormation converts them. */
bool
cfn_same(const cJSON *a, const cJSON *b)
{
	const char *x = cfn_text(a), *y = cfn_text(b);
	if (x != NULL && y != NULL)
		return strcmp(x, y) == 0;
	if (a == NULL || b == NULL)
		return a == b;
	if (!(cJSON_IsArray(a) && cJSON_IsArray(b)) &&
	    !(cJSON_IsObject(a) && cJSON_IsObject(b)))
		return cJSON_IsNull(a) && cJSON_IsNull(b);
	if (cJSON_GetArraySize(a) != cJSON_GetArraySize(b))
		return false;
	const cJSON *other = b->child;
	for (const cJSON *v = a->child; v != NULL; v = v->next) {
		if (!cfn_same(
			v, cJSON_IsObject(a) ? cfn_get(b, v->string) : other))
			return false;
		other = other->next;
	}
	return true;
}
