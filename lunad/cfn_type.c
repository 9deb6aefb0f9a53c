#include "cfn_type.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "mem.h"

extern const struct cfn_type cfn_types_sns[];
extern const struct cfn_type cfn_types_sqs[];
extern const struct cfn_type cfn_types_dynamodb[];
extern const struct cfn_type cfn_types_kinesis[];
extern const struct cfn_type cfn_types_kms[];
extern const struct cfn_type cfn_types_cloudwatch[];
extern const struct cfn_type cfn_types_events[];
extern const struct cfn_type cfn_types_iam[];
extern const struct cfn_type cfn_types_s3[];
extern const struct cfn_type cfn_types_ses[];
extern const struct cfn_type cfn_types_own[];

/* Each ends with a zeroed row. */
static const struct cfn_type *const tables[] = {
    cfn_types_sns,
    cfn_types_sqs,
    cfn_types_dynamodb,
    cfn_types_kinesis,
    cfn_types_kms,
    cfn_types_cloudwatch,
    cfn_types_events,
    cfn_types_iam,
    cfn_types_s3,
    cfn_types_ses,
    cfn_types_own,
};

const struct cfn_type *
cfn_type_find(const char *name)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct cfn_type *t = tables[i]; t->name != NULL; t++)
			if (strcmp(t->name, name) == 0)
				return t;
	return NULL;
}

bool
cfn_type_has(const struct cfn_type *type, const char *attribute)
{
	const struct cfn_attribute *t = type->attribute;
	while (t != NULL && t->name != NULL && strcmp(t->name, attribute) != 0)
		t++;
	return t != NULL && t->name != NULL;
}

const struct cfn_property *
cfn_type_property(const struct cfn_type *type, const char *name)
{
	const struct cfn_property *p = type->property;
	while (p->name != NULL && strcmp(p->name, name) != 0)
		p++;
	return p->name == NULL ? NULL : p;
}

int
cfn_fails(struct cfn_act *a, const char *format, ...)
{
	char text[1024];
	va_list ap;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	return cfn_refuse(a->why, "%s", text);
}

int
cfn_call(struct cfn_act *a, const char *service, const char *operation,
    cJSON *params, cJSON **reply)
{
	struct buf out = {0};
	struct lunad_failure failure = {.code = ""};
	char *text = cfn_print(params);
	cJSON_Delete(params);
	int status = lunad_call(a->lunad, a->region, service, operation, text,
	    strlen(text), &out, &failure);
	free(text);
	if (status == 0 && reply != NULL) {
		*reply = cfn_tree_of(out.len == 0 ? "{}" : buf_text(&out));
		if (*reply == NULL)
			*reply = cJSON_CreateObject();
	}
	buf_clear(&out);
	if (status == 0)
		return 0;
	snprintf(a->code, sizeof(a->code), "%s", failure.code);
	return cfn_fails(a, "%s (Service: %s; Status Code: %d; Error Code: %s)",
	    failure.message, service, status, failure.code);
}

bool
cfn_is_gone(const struct cfn_act *a)
{
	static const char *const codes[] = {"NotFound", "NotFoundException",
	    "ResourceNotFound", "ResourceNotFoundException", "NoSuchEntity",
	    "NoSuchEntityException", "QueueDoesNotExist",
	    "DashboardNotFoundError", "NoSuchBucket", NULL};
	size_t i = 0;
	while (codes[i] != NULL && strcmp(codes[i], a->code) != 0)
		i++;
	return codes[i] != NULL;
}

cJSON *
cfn_one(const char *name, const char *text)
{
	cJSON *object = cJSON_CreateObject();
	cfn_put_text(object, name, text);
	return object;
}

cJSON *
cfn_document(const cJSON *v)
{
	if (v == NULL || cfn_text(v) != NULL)
		return v == NULL ? NULL : cfn_string(cfn_text(v));
	char *text = cfn_print(v);
	cJSON *document = cfn_string(text);
	free(text);
	return document;
}

cJSON *
cfn_dropped(const cJSON *before, const cJSON *now)
{
	cJSON *list = cJSON_CreateArray();
	const cJSON *c = before == NULL ? NULL : before->child;
	for (; c != NULL; c = c->next) {
		const cJSON *d = now == NULL ? NULL : now->child;
		while (d != NULL && !cfn_same(c, d))
			d = d->next;
		if (d == NULL)
			cfn_add(list, cfn_copy(c));
	}
	return list;
}

char *
cfn_made_name(const struct cfn_act *a, size_t max, const char *end)
{
	static const char alphabet[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	uint8_t bytes[12];
	char tail[13] = "";
	digest_random(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		tail[i] = alphabet[bytes[i] % (sizeof(alphabet) - 1)];
	size_t room = max - strlen(end) - sizeof(tail) - 1;
	size_t logical = strlen(a->logical);
	if (logical > room / 2)
		logical = room / 2;
	size_t stack = strlen(a->stack);
	if (stack > room - logical)
		stack = room - logical;
	return mem_format("%.*s-%.*s-%s%s", (int)stack, a->stack, (int)logical,
	    a->logical, tail, end);
}

static cJSON *
tag_map(const cJSON *tags)
{
	cJSON *map = cJSON_CreateObject();
	for (const cJSON *c = tags->child; c != NULL; c = c->next)
		cfn_put_text(
		    map, cfn_get_text(c, "Key"), cfn_get_text(c, "Value"));
	return map;
}

static cJSON *
tag_kms(const cJSON *tags)
{
	cJSON *list = cJSON_CreateArray();
	for (const cJSON *c = tags->child; c != NULL; c = c->next) {
		cJSON *one = cfn_one("TagKey", cfn_get_text(c, "Key"));
		cfn_put_text(one, "TagValue", cfn_get_text(c, "Value"));
		cfn_add(list, one);
	}
	return list;
}

static cJSON *
convert(const struct cfn_property *p, const cJSON *v)
{
	const char *text = cfn_text(v);
	if (p->as == CFN_JSON)
		return cfn_document(v);
	if (p->as == CFN_TAG_MAP)
		return tag_map(v);
	if (p->as == CFN_TAG_KMS)
		return tag_kms(v);
	if (text == NULL || p->as == CFN_ANY || p->as == CFN_TAGS)
		return cfn_copy(v);
	if (p->as == CFN_BOOL)
		return cJSON_CreateBool(strcmp(text, "true") == 0);
	struct json number;
	if (p->as == CFN_NUMBER &&
	    json_scan(text, strlen(text), &number, NULL) == 0 &&
	    number.type == JSON_NUMBER)
		return cJSON_CreateRaw(text);
	return cfn_string(text);
}

static void
put_at(cJSON *params, const char *to, cJSON *value)
{
	const char *dot = strchr(to, '.');
	if (dot == NULL) {
		cfn_put(params, to, value);
		return;
	}
	char *outer = mem_text_of(to, (size_t)(dot - to));
	cJSON *object = cJSON_GetObjectItemCaseSensitive(params, outer);
	if (object == NULL) {
		object = cJSON_CreateObject();
		cfn_put(params, outer, object);
	}
	cfn_put(object, dot + 1, value);
	free(outer);
}

cJSON *
cfn_params(struct cfn_act *a, bool creating)
{
	cJSON *params = cJSON_CreateObject();
	const struct cfn_property *p = a->type->property;
	for (; p->name != NULL; p++) {
		const char *to = p->to == NULL ? p->name : p->to;
		const cJSON *v = cfn_get(a->now, p->name);
		if (*to == '\0' ||
		    (!creating && (p->how & (CFN_NEW | CFN_ONCE)) != 0) ||
		    ((p->how & CFN_TRUE) != 0 && !cfn_true(v)))
			continue;
		if (v != NULL)
			put_at(params, to, convert(p, v));
		else if (!creating && p->otherwise != NULL &&
			 cfn_get(a->before, p->name) != NULL)
			put_at(params, to, cfn_string(p->otherwise));
	}
	if (creating && a->type->named != NULL) {
		p = cfn_type_property(a->type, a->type->named);
		if (p->to == NULL || p->to[0] != '\0')
			put_at(params, p->to == NULL ? p->name : p->to,
			    cfn_string(a->name));
	}
	return params;
}

static int
check(struct cfn_act *a)
{
	const struct cfn_property *p;
	for (const cJSON *c = a->now->child; c != NULL; c = c->next)
		if (cfn_type_property(a->type, c->string) == NULL)
			return cfn_fails(a,
			    "Encountered unsupported property "
			    "%.200s",
			    c->string);
	for (p = a->type->property; p->name != NULL; p++)
		if ((p->how & CFN_MUST) != 0 &&
		    cfn_get(a->now, p->name) == NULL)
			return cfn_fails(a,
			    "Property validation failure: [The property {/%s} "
			    "is required]",
			    p->name);
	return 0;
}

/* The parameter that names it in update, remove and read. */
static void
put_key(cJSON *params, const char *key, const char *id)
{
	size_t n = strlen(key);
	if (n > 2 && strcmp(key + n - 2, "[]") == 0) {
		char *name = mem_text_of(key, n - 2);
		cJSON *list = cJSON_CreateArray();
		cfn_add(list, cfn_string(id));
		cfn_put(params, name, list);
		free(name);
	} else {
		cfn_put_text(params, key, id);
	}
}

static int
check_new(struct cfn_act *a)
{
	const struct cfn_type *t = a->type;
	cJSON *reply = NULL, *params = cJSON_CreateObject();
	const char *name = t->find_name == NULL ? a->name : t->find_name(a);
	put_key(params, t->find_key, name);
	int status = cfn_call(a, t->service, t->find, params, &reply);
	if (status != 0 && cfn_is_gone(a)) {
		buf_reset(a->why);
		status = 0;
	} else if (status == 0 && (t->find_path == NULL ||
				      cfn_path(reply, t->find_path) != NULL)) {
		status = cfn_fails(a,
		    "Resource of type '%s' with identifier '%.300s' already "
		    "exists.",
		    t->name, a->name);
	}
	cJSON_Delete(reply);
	return status;
}

/* Values that the service has to tell, or that are the id or name. */
static int
learn(struct cfn_act *a)
{
	const struct cfn_type *t = a->type;
	cJSON *reply = NULL;
	int status = 0;
	if (t->read != NULL) {
		char *text = mem_format(
		    "{%s}", t->read_extra == NULL ? "" : t->read_extra);
		cJSON *params = cfn_tree_of(text);
		free(text);
		put_key(params, t->key, a->id);
		status = cfn_call(a, t->service, t->read, params, &reply);
	}
	const struct cfn_attribute *p = t->attribute;
	for (; status == 0 && p != NULL && p->name != NULL; p++) {
		if (p->path == NULL)
			continue;
		if (strcmp(p->path, "=") == 0)
			cfn_put_text(a->attributes, p->name, a->id);
		else if (strcmp(p->path, "$") == 0)
			cfn_put_text(a->attributes, p->name, a->name);
		else
			cfn_put(a->attributes, p->name,
			    cfn_copy(cfn_path(reply, p->path)));
	}
	cJSON_Delete(reply);
	return status;
}

static int
create(struct cfn_act *a)
{
	const struct cfn_type *t = a->type;
	cJSON *reply = NULL;
	if (t->make != NULL)
		return t->make(a);
	if (t->find != NULL && check_new(a) != 0)
		return -1;
	if (t->create != NULL && cfn_call(a, t->service, t->create,
				     cfn_params(a, true), &reply) != 0)
		return -1;
	if (t->id == NULL || strcmp(t->id, "$") == 0)
		a->id = mem_text(a->name);
	else
		a->id = mem_text(cfn_text(cfn_path(reply, t->id)));
	cJSON_Delete(reply);
	if (a->id == NULL)
		return cfn_fails(a, "%s gave no %s", t->create, t->id);
	return 0;
}

int
cfn_type_create(struct cfn_act *a)
{
	const struct cfn_type *t = a->type;
	const char *given =
	    t->named == NULL ? NULL : cfn_get_text(a->now, t->named);
	bool fifo = t->fifo != NULL && cfn_true(cfn_get(a->now, t->fifo));
	if (check(a) != 0)
		return -1;
	a->name = given != NULL
		      ? mem_text(given)
		      : cfn_made_name(a, t->name_max == 0 ? 128 : t->name_max,
			    fifo ? ".fifo" : "");
	a->attributes = cJSON_CreateObject();
	if (create(a) != 0 || learn(a) != 0)
		return -1;
	return t->settle == NULL ? 0 : t->settle(a);
}

/* Tags that changed. */
static int
retag(struct cfn_act *a)
{
	const struct cfn_type *t = a->type;
	const struct cfn_property *p = cfn_type_property(t, "Tags");
	const cJSON *now = cfn_get(a->now, "Tags");
	const cJSON *before = cfn_get(a->before, "Tags");
	if (t->tag == NULL || p == NULL || cfn_same(before, now))
		return 0;
	const char *of = strcmp(t->tag_of, "=") == 0
			     ? a->id
			     : cfn_get_text(a->attributes, t->tag_of);
	cJSON *gone = cJSON_CreateArray(), *dropped = cfn_dropped(before, now);
	for (const cJSON *c = dropped->child; c != NULL; c = c->next)
		cfn_add(gone, cfn_string(cfn_get_text(c, "Key")));
	cJSON_Delete(dropped);
	int status = 0;
	if (gone->child != NULL) {
		cJSON *params = cfn_one(t->tag_key, of);
		cfn_put(params, "TagKeys", gone);
		gone = NULL;
		status = cfn_call(a, t->service, t->untag, params, NULL);
	}
	cJSON_Delete(gone);
	if (status == 0 && now != NULL && now->child != NULL) {
		cJSON *params = cfn_one(t->tag_key, of);
		cfn_put(params, t->tags == NULL ? "Tags" : t->tags,
		    convert(p, now));
		status = cfn_call(a, t->service, t->tag, params, NULL);
	}
	return status;
}

static int
update(struct cfn_act *a)
{
	const struct cfn_type *t = a->type;
	if (t->change != NULL)
		return t->change(a);
	if (t->update == NULL)
		return 0;
	bool whole = t->create != NULL && strcmp(t->create, t->update) == 0;
	cJSON *params = cfn_params(a, whole);
	if (params->child == NULL) {
		cJSON_Delete(params);
		return 0;
	}
	if (!whole)
		put_key(params, t->key, a->id);
	return cfn_call(a, t->service, t->update, params, NULL);
}

int
cfn_type_update(struct cfn_act *a)
{
	if (check(a) != 0 || update(a) != 0 || retag(a) != 0)
		return -1;
	cJSON *old = a->attributes;
	a->attributes = cJSON_CreateObject();
	if (learn(a) != 0) {
		cJSON_Delete(a->attributes);
		a->attributes = old;
		return -1;
	}
	for (cJSON *c = old == NULL ? NULL : old->child; c != NULL; c = c->next)
		if (cfn_get(a->attributes, c->string) == NULL)
			cfn_put(a->attributes, c->string, cfn_copy(c));
	cJSON_Delete(old);
	return a->type->settle == NULL ? 0 : a->type->settle(a);
}

int
cfn_type_remove(struct cfn_act *a)
{
	const struct cfn_type *t = a->type;
	int status = 0;
	if (t->unmake != NULL)
		status = t->unmake(a);
	if (status == 0 && t->remove != NULL) {
		cJSON *params = cJSON_CreateObject();
		put_key(params, t->key, a->id);
		status = cfn_call(a, t->service, t->remove, params, NULL);
	}
	if (status != 0 && cfn_is_gone(a)) {
		buf_reset(a->why);
		return 0;
	}
	return status;
}

enum cfn_change
cfn_type_change(
    const struct cfn_type *type, const cJSON *before, const cJSON *now)
{
	enum cfn_change change = CFN_SAME;
	const cJSON *const side[] = {before, now};
	for (int i = 0; i < 2; i++) {
		const cJSON *c = side[i] == NULL ? NULL : side[i]->child;
		for (; c != NULL; c = c->next) {
			const struct cfn_property *p =
			    cfn_type_property(type, c->string);
			if (cfn_same(c, cfn_get(side[1 - i], c->string)))
				continue;
			if (p != NULL && (p->how & CFN_NEW) != 0)
				return CFN_REPLACED;
			change = CFN_IN_PLACE;
		}
	}
	return change;
}
