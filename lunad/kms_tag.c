#include <string.h>
#include <strings.h>

#include "kms.h"
#include "store.h"

#define TAGS_MAX 50

int
kms_check_tags(struct request *r, struct json tags)
{
	struct json_iter it, before;
	struct json one, other;
	size_t n = 0;
	json_each(tags, &it);
	while (json_next(&it, NULL, &one)) {
		const char *key = param_text(r, json_get(one, "TagKey"), NULL);
		const char *value =
		    param_text(r, json_get(one, "TagValue"), NULL);
		const char *at = request_format(r, "tags.%zu.member.", ++n);
		const char *key_at = request_format(r, "%stagKey", at);
		const char *value_at = request_format(r, "%stagValue", at);
		if (check_there(r, key, key_at) != 0 ||
		    check_there(r, value, value_at) != 0 ||
		    check_length(r, key, key_at, 1, 128) != 0 ||
		    check_length(r, value, value_at, 0, 256) != 0)
			return -1;
		if (strncasecmp(key, "aws:", 4) == 0)
			return fail(r, 400, "TagException",
			    "Tags beginning with aws: are reserved");
		size_t same = 0;
		json_each(tags, &before);
		while (json_next(&before, NULL, &other))
			same += json_is(json_get(other, "TagKey"), key);
		if (same > 1)
			return fail(
			    r, 400, "TagException", "Duplicate tag keys");
	}
	if (n > TAGS_MAX)
		return fail(r, 400, "TagException", "Too many tags");
	return 0;
}

void
kms_tag(struct request *r, const char *id, struct json tags)
{
	struct json_iter it;
	struct json one;
	json_each(tags, &it);
	while (json_next(&it, NULL, &one))
		store_do(r->store,
		    "insert or replace into kms_tag values (?, ?, ?, ?)",
		    "tttt", r->region, id,
		    param_text(r, json_get(one, "TagKey"), NULL),
		    param_text(r, json_get(one, "TagValue"), NULL));
}

int
kms_tag_resource(struct request *r)
{
	struct json tags = param_json(r, "Tags");
	struct kms_key key;
	if (kms_find(r, param(r, "KeyId"), false, &key) != 0 ||
	    kms_check_tags(r, tags) != 0)
		return ANSWER_ERROR;
	kms_tag(r, key.id, tags);
	if (store_number(r->store, 0,
		"select count(*) from kms_tag where region = ? and key = ?",
		"tt", r->region, key.id) > TAGS_MAX)
		return fail(r, 400, "TagException", "Too many tags");
	return ANSWER;
}

int
kms_untag_resource(struct request *r)
{
	struct json_iter it;
	struct json one;
	struct kms_key key;
	if (kms_find(r, param(r, "KeyId"), false, &key) != 0)
		return ANSWER_ERROR;
	json_each(param_json(r, "TagKeys"), &it);
	while (json_next(&it, NULL, &one))
		store_do(r->store,
		    "delete from kms_tag where region = ? and key = ? and"
		    " name = ?",
		    "ttt", r->region, key.id, param_text(r, one, NULL));
	return ANSWER;
}

int
kms_list_tags(struct request *r)
{
	struct kms_key key;
	if (kms_find(r, param(r, "KeyId"), false, &key) != 0)
		return ANSWER_ERROR;
	put_open(r->out, NULL, '{');
	put_open(r->out, "Tags", '[');
	sqlite3_stmt *q = store_query(r->store,
	    "select name, value from kms_tag where region = ? and key = ?"
	    " order by name",
	    "tt", r->region, key.id);
	while (store_next(q)) {
		put_open(r->out, NULL, '{');
		put_text(r->out, "TagKey", store_text(q, 0));
		put_text(r->out, "TagValue", store_text(q, 1));
		put_close(r->out, '}');
	}
	store_end(q);
	put_close(r->out, ']');
	put_bool(r->out, "Truncated", false);
	put_close(r->out, '}');
	return ANSWER;
}
