/*
 * SNS: a topic's policy and its statements by label. Stored and shown, not
 * enforced: whoever signs with a key of lunad may do all.
 */
#include <stdlib.h>
#include <string.h>

#include "sns_private.h"

void
sns_default_policy(const char *topic_arn, const char *account, struct buf *out)
{
	buf_addf(out,
	    "{\"Version\":\"2008-10-17\",\"Id\":\"__default_policy_ID\","
	    "\"Statement\":[{\"Sid\":\"__default_statement_ID\","
	    "\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"*\"},\"Action\":["
	    "\"SNS:GetTopicAttributes\",\"SNS:SetTopicAttributes\","
	    "\"SNS:AddPermission\",\"SNS:RemovePermission\","
	    "\"SNS:DeleteTopic\",\"SNS:Subscribe\","
	    "\"SNS:ListSubscriptionsByTopic\",\"SNS:Publish\"],"
	    "\"Resource\":\"%s\",\"Condition\":{\"StringEquals\":"
	    "{\"AWS:SourceOwner\":\"%s\"}}}]}",
	    topic_arn, account);
}

static cJSON *
read_attributes(struct request *r, const struct sns_topic *t)
{
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT attributes FROM sns_topic WHERE id = ?", "i", t->id);
	cJSON *tree = NULL;

	if (store_next(q))
		tree =
		    json_tree(store_text(q, 0), strlen(store_text(q, 0)), NULL);
	store_end(q);
	return tree;
}

static cJSON *
read_policy(
    struct request *r, const struct sns_topic *t, const cJSON *attributes)
{
	const char *set = sns_text(attributes, "Policy");
	struct buf text = {0};
	cJSON *policy;

	if (set != NULL)
		buf_add_text(&text, set);
	else
		sns_default_policy(t->arn, r->account, &text);
	policy = json_tree(buf_text(&text), text.len, NULL);
	buf_clear(&text);
	return policy;
}

static void
save_policy(struct request *r, const struct sns_topic *t, cJSON *attributes,
    const cJSON *policy)
{
	struct buf text = {0};

	json_print(policy, &text);
	cJSON_DeleteItemFromObjectCaseSensitive(attributes, "Policy");
	cJSON_AddStringToObject(attributes, "Policy", buf_text(&text));
	buf_reset(&text);
	json_print(attributes, &text);
	store_do(r->store, "UPDATE sns_topic SET attributes = ? WHERE id = ?",
	    "ti", buf_text(&text), t->id);
	buf_clear(&text);
}

/* The place of a statement by its label, or -1. */
static int
find_statement(const cJSON *statements, const char *label)
{
	const cJSON *e;
	int i = 0;

	cJSON_ArrayForEach(e, statements)
	{
		const char *sid = sns_text(e, "Sid");

		if (sid != NULL && strcmp(sid, label) == 0)
			return i;
		i++;
	}
	return -1;
}

static bool
is_action(const char *name)
{
	static const char *const actions[] = {"AddPermission", "DeleteTopic",
	    "GetDataProtectionPolicy", "GetTopicAttributes",
	    "ListSubscriptionsByTopic", "ListTagsForResource", "Publish",
	    "PutDataProtectionPolicy", "RemovePermission", "SetTopicAttributes",
	    "Subscribe"};

	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++)
		if (strcmp(name, actions[i]) == 0)
			return true;
	return false;
}

/* A list of one is written without brackets, as AWS does. */
static void
add_list(cJSON *to, const char *name, cJSON *list)
{
	if (cJSON_GetArraySize(list) == 1) {
		cJSON_AddItemToObject(
		    to, name, cJSON_DetachItemFromArray(list, 0));
		cJSON_Delete(list);
	} else {
		cJSON_AddItemToObject(to, name, list);
	}
}

static cJSON *
new_statement(struct request *r, const struct sns_topic *t, const char *label)
{
	cJSON *statement = cJSON_CreateObject(), *principal;
	cJSON *who = cJSON_CreateArray(), *what = cJSON_CreateArray();
	struct json_iter it;
	struct json e;

	json_each(param_json(r, "AWSAccountId"), &it);
	while (json_next(&it, NULL, &e))
		cJSON_AddItemToArray(
		    who, cJSON_CreateString(request_format(
			     r, "arn:aws:iam::%s:root", sns_given(r, e))));
	json_each(param_json(r, "ActionName"), &it);
	while (json_next(&it, NULL, &e))
		cJSON_AddItemToArray(what, cJSON_CreateString(request_format(
					       r, "SNS:%s", sns_given(r, e))));
	cJSON_AddStringToObject(statement, "Sid", label);
	cJSON_AddStringToObject(statement, "Effect", "Allow");
	principal = cJSON_AddObjectToObject(statement, "Principal");
	add_list(principal, "AWS", who);
	add_list(statement, "Action", what);
	cJSON_AddStringToObject(statement, "Resource", t->arn);
	return statement;
}

int
sns_add_permission(struct request *r)
{
	const char *label = param(r, "Label");
	struct json_iter it;
	struct json e;
	struct sns_topic t;
	cJSON *attributes, *policy, *statements;
	int answer = ANSWER;

	if (sns_topic_param(r, "TopicArn", &t) < 0)
		return ANSWER_ERROR;
	if (label == NULL)
		label = "";
	json_each(param_json(r, "ActionName"), &it);
	while (json_next(&it, NULL, &e))
		if (!is_action(sns_given(r, e)))
			return sns_invalid(
			    r, "Policy statement action out of service scope!");
	attributes = read_attributes(r, &t);
	policy = read_policy(r, &t, attributes);
	statements = cJSON_GetObjectItemCaseSensitive(policy, "Statement");
	if (!cJSON_IsArray(statements)) {
		cJSON_DeleteItemFromObjectCaseSensitive(policy, "Statement");
		statements = cJSON_AddArrayToObject(policy, "Statement");
	}
	if (find_statement(statements, label) >= 0) {
		answer = sns_invalid(r, "Statement already exists");
	} else {
		cJSON_AddItemToArray(statements, new_statement(r, &t, label));
		save_policy(r, &t, attributes, policy);
	}
	cJSON_Delete(policy);
	cJSON_Delete(attributes);
	return answer;
}

int
sns_remove_permission(struct request *r)
{
	const char *label = param(r, "Label");
	struct sns_topic t;
	cJSON *attributes, *policy, *statements;
	int at;

	if (sns_topic_param(r, "TopicArn", &t) < 0)
		return ANSWER_ERROR;
	attributes = read_attributes(r, &t);
	policy = read_policy(r, &t, attributes);
	statements = cJSON_GetObjectItemCaseSensitive(policy, "Statement");
	at = find_statement(statements, label == NULL ? "" : label);
	if (at >= 0) {
		cJSON_DeleteItemFromArray(statements, at);
		save_policy(r, &t, attributes, policy);
	}
	cJSON_Delete(policy);
	cJSON_Delete(attributes);
	return ANSWER;
}
