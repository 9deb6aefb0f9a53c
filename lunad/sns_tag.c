/*
 * SNS: tags of topics, and their data protection policy, stored.
 */
#include <string.h>

#include "sns_private.h"

#define TAGS_MAX 50

/* {"Key":…,"Value":…} of a list that was given; false at its end. */
static bool
next_tag(struct request *r, struct json_iter *it, const char **key,
    const char **value)
{
	struct json e;

	if (!json_next(it, NULL, &e))
		return false;
	*key = sns_given(r, json_get(e, "Key"));
	*value = sns_given(r, json_get(e, "Value"));
	return true;
}

int
sns_tags_check(struct request *r, struct json tags)
{
	struct json_iter it, other;
	const char *key, *value, *again;
	size_t n = 0;

	json_each(tags, &it);
	while (next_tag(r, &it, &key, &value)) {
		size_t same = 0;

		n++;
		json_each(tags, &other);
		while (next_tag(r, &other, &again, &value))
			same += strcmp(again, key) == 0;
		if (same > 1)
			return sns_invalid(
			    r, "Duplicated keys are not allowed.");
		if (n > TAGS_MAX)
			return fail(r, 400, "TagLimitExceeded",
			    "Could not complete request: tag quota of per "
			    "resource exceeded");
	}
	return 0;
}

void
sns_tags_put(struct request *r, int64_t id, struct json tags)
{
	struct json_iter it;
	const char *key, *value;

	json_each(tags, &it);
	while (next_tag(r, &it, &key, &value))
		store_do(r->store,
		    "INSERT OR REPLACE INTO sns_tag (topic_id, key, value)"
		    " VALUES (?, ?, ?)",
		    "itt", id, key, value);
}

bool
sns_tags_have(struct request *r, int64_t topic_id, struct json tags)
{
	struct json_iter it;
	const char *key, *value;

	json_each(tags, &it);
	while (next_tag(r, &it, &key, &value))
		if (store_number(r->store, 0,
			"SELECT 1 FROM sns_tag WHERE topic_id = ? AND key = ?"
			" AND value = ?",
			"itt", topic_id, key, value) == 0)
			return false;
	return true;
}

/* A tagged resource: topics alone have tags here. */
static int
tagged(struct request *r, struct sns_topic *t)
{
	const char *arn = param(r, "ResourceArn");

	if (arn == NULL || sns_check_arn(r, "ResourceArn", arn) < 0)
		return arn == NULL
			   ? sns_invalid(r, "ResourceArn Reason: no value for "
					    "required parameter")
			   : ANSWER_ERROR;
	if (sns_topic_find(r->store, arn, t))
		return 0;
	return fail(r, 404, "ResourceNotFound", "Resource does not exist");
}

int
sns_tag_resource(struct request *r)
{
	struct json tags = param_json(r, "Tags");
	struct sns_topic t;

	if (tagged(r, &t) < 0 || sns_tags_check(r, tags) < 0)
		return ANSWER_ERROR;
	sns_tags_put(r, t.id, tags);
	return ANSWER;
}

int
sns_untag_resource(struct request *r)
{
	struct sns_topic t;
	struct json_iter it;
	struct json e;

	if (tagged(r, &t) < 0)
		return ANSWER_ERROR;
	json_each(param_json(r, "TagKeys"), &it);
	while (json_next(&it, NULL, &e))
		store_do(r->store,
		    "DELETE FROM sns_tag WHERE topic_id = ? AND key = ?", "it",
		    t.id, sns_given(r, e));
	return ANSWER;
}

int
sns_list_tags(struct request *r)
{
	struct sns_topic t;
	sqlite3_stmt *q;

	if (tagged(r, &t) < 0)
		return ANSWER_ERROR;
	q = store_query(r->store,
	    "SELECT key, value FROM sns_tag WHERE topic_id = ? ORDER BY key",
	    "i", t.id);
	put_open(r->out, NULL, '{');
	put_open(r->out, "Tags", '[');
	while (store_next(q)) {
		put_open(r->out, NULL, '{');
		put_text(r->out, "Key", store_text(q, 0));
		put_text(r->out, "Value", store_text(q, 1));
		put_close(r->out, '}');
	}
	store_end(q);
	put_close(r->out, ']');
	put_close(r->out, '}');
	return ANSWER;
}

int
sns_put_protection(struct request *r)
{
	struct sns_topic t;

	if (tagged(r, &t) < 0)
		return ANSWER_ERROR;
	store_do(r->store, "UPDATE sns_topic SET protection = ? WHERE id = ?",
	    "ti", param(r, "DataProtectionPolicy"), t.id);
	return ANSWER;
}

int
sns_get_protection(struct request *r)
{
	struct sns_topic t;
	sqlite3_stmt *q;

	if (tagged(r, &t) < 0)
		return ANSWER_ERROR;
	q = store_query(r->store,
	    "SELECT protection FROM sns_topic WHERE id = ?", "i", t.id);
	put_open(r->out, NULL, '{');
	if (store_next(q))
		put_text(r->out, "DataProtectionPolicy", store_text(q, 0));
	store_end(q);
	put_close(r->out, '}');
	return ANSWER;
}
