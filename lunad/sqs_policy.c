/*
 * SQS AddPermission and RemovePermission: statements of the queue's policy.
 */
#include <string.h>

#include "sqs_private.h"

#define MAX_ACTIONS 7

static cJSON *
policy_of(struct sqs_call *c, struct request *r, const struct sqs_queue *q)
{
	sqlite3_stmt *row = store_query(c->store,
	    "SELECT value FROM sqs_attribute"
	    " WHERE queue = ? AND name = 'Policy'",
	    "i", q->id);
	cJSON *policy = NULL;
	const char *text;
	size_t len;

	if (store_next(row)) {
		text = store_bytes(row, 0, &len);
		policy = json_tree(text, len, NULL);
	}
	store_end(row);
	if (!policy) {
		policy = cJSON_CreateObject();
		cJSON_AddStringToObject(policy, "Version", "2008-10-17");
		cJSON_AddStringToObject(policy, "Id",
		    request_format(
			r, "%s/SQSDefaultPolicy", sqs_queue_arn(r, q)));
	}
	if (!cJSON_IsArray(cJSON_GetObjectItem(policy, "Statement"))) {
		cJSON_DeleteItemFromObject(policy, "Statement");
		cJSON_AddArrayToObject(policy, "Statement");
	}
	return policy;
}

static int
statement_of(const cJSON *policy, const char *label)
{
	const cJSON *list = cJSON_GetObjectItem(policy, "Statement"), *s;
	int at = 0;

	cJSON_ArrayForEach(s, list)
	{
		const char *sid =
		    cJSON_GetStringValue(cJSON_GetObjectItem(s, "Sid"));

		if (sid && strcmp(sid, label) == 0)
			return at;
		at++;
	}
	return -1;
}

static void
policy_save(struct sqs_call *c, struct sqs_queue *q, cJSON *policy)
{
	struct buf text = {0};

	if (cJSON_GetArraySize(cJSON_GetObjectItem(policy, "Statement")) > 0)
		json_print(policy, &text);
	sqs_attribute_put(c, q->id, "Policy", buf_text(&text));
	buf_clear(&text);
	sqs_queue_used(c, q);
}

/* One value as itself, several as an array. */
static void
add_list(struct request *r, cJSON *to, const char *name, struct json list,
    const char *format)
{
	struct json_iter it;
	struct json item;
	cJSON *array = cJSON_CreateArray();

	json_each(list, &it);
	while (json_next(&it, NULL, &item)) {
		const char *text = sqs_text(r, item, NULL);
		struct buf value = {0};

		buf_add_text(&value, format);
		buf_add_text(&value, text ? text : "");
		if (strstr(format, "iam"))
			buf_add_text(&value, ":root");
		cJSON_AddItemToArray(
		    array, cJSON_CreateString(buf_text(&value)));
		buf_clear(&value);
	}
	if (cJSON_GetArraySize(array) == 1) {
		cJSON_AddItemToObject(
		    to, name, cJSON_DetachItemFromArray(array, 0));
		cJSON_Delete(array);
	} else {
		cJSON_AddItemToObject(to, name, array);
	}
}

static int
check_actions(struct request *r, struct json actions)
{
	static const char *const open[] = {"*", "SendMessage", "ReceiveMessage",
	    "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes",
	    "GetQueueUrl", "ListDeadLetterSourceQueues", "PurgeQueue", NULL};
	struct json_iter it;
	struct json action;

	if (json_count(actions) > MAX_ACTIONS)
		return fail(r, 403, "OverLimit",
		    "%zu Actions were found, maximum allowed is 7.",
		    json_count(actions));
	json_each(actions, &it);
	while (json_next(&it, NULL, &action)) {
		const char *text = sqs_text(r, action, NULL);
		size_t i = 0;

		while (open[i] && (!text || strcmp(open[i], text) != 0))
			i++;
		if (!open[i])
			return fail(r, 400, "InvalidParameterValueException",
			    "Value SQS:%s for parameter ActionName is invalid. "
			    "Reason: Only the queue owner is allowed to invoke "
			    "this action.",
			    text ? text : "");
	}
	return ANSWER;
}

static int
check_parameters(
    struct request *r, const char *label, struct json ids, struct json actions)
{
	const char *missing = !label                     ? "Label"
			      : json_count(actions) == 0 ? "Actions"
							 : NULL;

	if (missing)
		return fail(r, 400, "MissingRequiredParameterException",
		    "The request must contain the parameter %s.", missing);
	if (json_count(ids) == 0)
		return fail(r, 400, "InvalidParameterValueException",
		    "Value [] for parameter PrincipalId is invalid. Reason: "
		    "Unable to verify.");
	return check_actions(r, actions);
}

int
sqs_add_permission(struct request *r)
{
	struct sqs_call c;
	const char *label = param(r, "Label");
	struct json ids = param_json(r, "AWSAccountIds");
	struct json actions = param_json(r, "Actions");
	struct sqs_queue *q;
	cJSON *policy, *statement, *principal;

	sqs_begin(&c, r);
	q = sqs_queue_asked(&c, r);
	if (!q || check_parameters(r, label, ids, actions) != ANSWER)
		return ANSWER_ERROR;
	policy = policy_of(&c, r, q);
	if (statement_of(policy, label) >= 0) {
		cJSON_Delete(policy);
		return fail(r, 400, "InvalidParameterValueException",
		    "Value %s for parameter Label is invalid. Reason: Already "
		    "exists.",
		    label);
	}
	statement = cJSON_CreateObject();
	cJSON_AddStringToObject(statement, "Sid", label);
	cJSON_AddStringToObject(statement, "Effect", "Allow");
	principal = cJSON_AddObjectToObject(statement, "Principal");
	add_list(r, principal, "AWS", ids, "arn:aws:iam::");
	add_list(r, statement, "Action", actions, "SQS:");
	cJSON_AddStringToObject(statement, "Resource", sqs_queue_arn(r, q));
	cJSON_AddItemToArray(
	    cJSON_GetObjectItem(policy, "Statement"), statement);
	policy_save(&c, q, policy);
	cJSON_Delete(policy);
	return sqs_end(&c, ANSWER);
}

int
sqs_remove_permission(struct request *r)
{
	struct sqs_call c;
	const char *label = param(r, "Label");
	struct sqs_queue *q;
	cJSON *policy;
	int at;

	sqs_begin(&c, r);
	q = sqs_queue_asked(&c, r);
	if (!q)
		return ANSWER_ERROR;
	if (!label)
		return fail(r, 400, "MissingRequiredParameterException",
		    "The request must contain the parameter Label.");
	policy = policy_of(&c, r, q);
	at = statement_of(policy, label);
	if (at < 0) {
		cJSON_Delete(policy);
		return fail(r, 400, "InvalidParameterValueException",
		    "Value %s for parameter Label is invalid. Reason: can't "
		    "find label.",
		    label);
	}
	cJSON_DeleteItemFromArray(cJSON_GetObjectItem(policy, "Statement"), at);
	policy_save(&c, q, policy);
	cJSON_Delete(policy);
	return sqs_end(&c, ANSWER);
}
