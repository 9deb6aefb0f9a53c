/*
 * SNS: attributes of topics and subscriptions: which there are, what they may
 * be, how they are shown. Kept as a JSON object of those that were set.
 */
#include <stdlib.h>
#include <string.h>

#include "mail.h"
#include "sns_filter.h"
#include "sns_private.h"
#include "sns_rule.h"
#include "text.h"

/* Delivery status logging: stored, not acted upon. */
static bool
is_feedback(const char *name)
{
	static const char *const of[] = {
	    "HTTP", "Firehose", "Lambda", "Application", "SQS"};

	for (size_t i = 0; i < sizeof(of) / sizeof(*of); i++) {
		size_t len = strlen(of[i]);

		if (strncmp(name, of[i], len) == 0 &&
		    (strcmp(name + len, "SuccessFeedbackRoleArn") == 0 ||
			strcmp(name + len, "SuccessFeedbackSampleRate") == 0 ||
			strcmp(name + len, "FailureFeedbackRoleArn") == 0))
			return true;
	}
	return false;
}

const char *
sns_text(const cJSON *attributes, const char *name)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(attributes, name);

	return cJSON_IsString(v) ? v->valuestring : NULL;
}

static void
set(cJSON *attributes, const char *name, const char *value)
{
	cJSON_DeleteItemFromObjectCaseSensitive(attributes, name);
	if (value != NULL && value[0] != '\0')
		cJSON_AddStringToObject(attributes, name, value);
}

static bool
is_one_of(const char *value, const char *a, const char *b)
{
	return strcmp(value, a) == 0 || strcmp(value, b) == 0;
}

static int
bad_value(struct request *r, const char *name, const char *value, bool create)
{
	return sns_invalid(r, "%s%s: Invalid value [%s].",
	    create ? "Attributes Reason: " : "", name, value);
}

/* Does the type that a request policy sets fit into a header? */
static bool
type_fits(const cJSON *policy, const char *member)
{
	const char *type =
	    sns_text(cJSON_GetObjectItemCaseSensitive(policy, member),
		"headerContentType");

	return type == NULL || mail_is_header(type);
}

/* A topic's DeliveryPolicy is shown with what it leaves out. */
static int
set_delivery(
    struct request *r, const char *value, bool create, cJSON *attributes)
{
	cJSON *policy, *http, *given, *whole;
	struct buf text = {0};

	if (value[0] == '\0') {
		set(attributes, "DeliveryPolicy", NULL);
		return 0;
	}
	policy = json_tree(value, strlen(value), NULL);
	given = cJSON_GetObjectItemCaseSensitive(policy, "http");
	if (!cJSON_IsObject(given) ||
	    !type_fits(given, "defaultRequestPolicy")) {
		cJSON_Delete(policy);
		return bad_value(r, "DeliveryPolicy", value, create);
	}
	whole = cJSON_CreateObject();
	http = cJSON_AddObjectToObject(whole, "http");
	for (cJSON *e = given->child, *next; e != NULL; e = next) {
		next = e->next;
		if (!cJSON_IsNull(e))
			cJSON_AddItemToObject(http, e->string,
			    cJSON_DetachItemViaPointer(given, e));
	}
	if (cJSON_GetObjectItemCaseSensitive(
		http, "disableSubscriptionOverrides") == NULL)
		cJSON_AddFalseToObject(http, "disableSubscriptionOverrides");
	json_print(whole, &text);
	set(attributes, "DeliveryPolicy", buf_text(&text));
	buf_clear(&text);
	cJSON_Delete(whole);
	cJSON_Delete(policy);
	return 0;
}

static bool
is_json_object(const char *text)
{
	struct json v;

	return json_scan(text, strlen(text), &v, NULL) == 0 &&
	       v.type == JSON_OBJECT;
}

int
sns_topic_attribute(struct request *r, const char *name, const char *value,
    bool create, cJSON *attributes)
{
	bool ok = true;
	int64_t size;

	if (strcmp(name, "FifoTopic") == 0 && create) {
		ok = is_one_of(value, "true", "false");
		set(attributes, name, value[0] == 't' ? value : NULL);
	} else if (strcmp(name, "ContentBasedDeduplication") == 0) {
		ok = is_one_of(value, "true", "false");
		set(attributes, name, value[0] == 't' ? value : NULL);
	} else if (strcmp(name, "FifoThroughputScope") == 0) {
		ok = is_one_of(value, "Topic", "MessageGroup");
		set(attributes, name, value);
	} else if (strcmp(name, "SignatureVersion") == 0) {
		ok = is_one_of(value, "1", "2");
		set(attributes, name, value);
	} else if (strcmp(name, "TracingConfig") == 0) {
		ok = is_one_of(value, "PassThrough", "Active");
		set(attributes, name, value);
	} else if (strcmp(name, "MaximumMessageSize") == 0) {
		ok = text_integer(value, 1024, 1048576, &size) == 0;
		set(attributes, name, value);
	} else if (strcmp(name, "DeliveryPolicy") == 0) {
		return set_delivery(r, value, create, attributes);
	} else if (strcmp(name, "Policy") == 0) {
		if (value[0] != '\0' && !is_json_object(value))
			return sns_invalid(r, "Policy Error: null");
		set(attributes, name, value);
	} else if (strcmp(name, "DisplayName") == 0) {
		ok = strlen(value) <= 100;
		set(attributes, name, value);
	} else if (strcmp(name, "ArchivePolicy") == 0) {
		ok = value[0] == '\0' || is_json_object(value);
		set(attributes, name, value);
	} else if (strcmp(name, "KmsMasterKeyId") == 0 || is_feedback(name)) {
		set(attributes, name, value);
	} else if (create) {
		return sns_invalid(
		    r, "Attributes Reason: Unknown attribute %s", name);
	} else {
		return sns_invalid(r, "AttributeName");
	}
	return ok ? 0 : bad_value(r, name, value, create);
}

/* The members of `more` over those of `base`, in base's order. */
static void
overlay(cJSON *base, const cJSON *more)
{
	for (const cJSON *e = more == NULL ? NULL : more->child; e != NULL;
	     e = e->next) {
		cJSON *copy = cJSON_Duplicate(e, true);

		if (cJSON_GetObjectItemCaseSensitive(base, e->string) != NULL)
			cJSON_ReplaceItemInObjectCaseSensitive(
			    base, e->string, copy);
		else
			cJSON_AddItemToObject(base, e->string, copy);
	}
}

static cJSON *
default_retry(void)
{
	static const char text[] =
	    "{\"minDelayTarget\":20,\"maxDelayTarget\":20,\"numRetries\":3,"
	    "\"numMaxDelayRetries\":0,\"numNoDelayRetries\":0,"
	    "\"numMinDelayRetries\":0,\"backoffFunction\":\"linear\"}";

	return json_tree(text, sizeof(text) - 1, NULL);
}

/* A topic's delivery policy as it works. */
static cJSON *
effective(const cJSON *attributes)
{
	const char *text = sns_text(attributes, "DeliveryPolicy");
	cJSON *policy =
	    text == NULL ? NULL : json_tree(text, strlen(text), NULL);
	const cJSON *set_http =
	    cJSON_GetObjectItemCaseSensitive(policy, "http");
	cJSON *whole = cJSON_CreateObject(), *http, *retry = default_retry();
	cJSON *request;

	http = cJSON_AddObjectToObject(whole, "http");
	overlay(retry, cJSON_GetObjectItemCaseSensitive(
			   set_http, "defaultHealthyRetryPolicy"));
	cJSON_AddItemToObject(http, "defaultHealthyRetryPolicy", retry);
	cJSON_AddFalseToObject(http, "disableSubscriptionOverrides");
	request = cJSON_AddObjectToObject(http, "defaultRequestPolicy");
	cJSON_AddStringToObject(
	    request, "headerContentType", "text/plain; charset=UTF-8");
	for (const cJSON *e = set_http == NULL ? NULL : set_http->child;
	     e != NULL; e = e->next) {
		if (strcmp(e->string, "defaultHealthyRetryPolicy") == 0)
			continue;
		if (cJSON_GetObjectItemCaseSensitive(http, e->string) != NULL)
			cJSON_ReplaceItemInObjectCaseSensitive(
			    http, e->string, cJSON_Duplicate(e, true));
		else
			cJSON_AddItemToObject(
			    http, e->string, cJSON_Duplicate(e, true));
	}
	cJSON_Delete(policy);
	return whole;
}

static void
put_tree(struct buf *out, const char *name, const cJSON *tree)
{
	struct buf text = {0};

	json_print(tree, &text);
	put_textn(out, name, buf_text(&text), text.len);
	buf_clear(&text);
}

static void
put_count(struct request *r, const char *name, int64_t n)
{
	put_text(r->out, name, request_format(r, "%lld", (long long)n));
}

static cJSON *
topic_attributes(struct store *s, int64_t topic_id)
{
	sqlite3_stmt *q = store_query(
	    s, "SELECT attributes FROM sns_topic WHERE id = ?", "i", topic_id);
	cJSON *tree = NULL;

	if (store_next(q))
		tree =
		    json_tree(store_text(q, 0), strlen(store_text(q, 0)), NULL);
	store_end(q);
	return tree == NULL ? cJSON_CreateObject() : tree;
}

static int64_t
count_state(struct request *r, int64_t topic_id, enum sns_state state)
{
	return store_number(r->store, 0,
	    "SELECT count(*) FROM sns_subscription"
	    " WHERE topic_id = ? AND state = ?",
	    "ii", topic_id, (int64_t)state);
}

void
sns_topic_print(struct request *r, const struct sns_topic *t)
{
	cJSON *attributes = topic_attributes(r->store, t->id);
	cJSON *delivery = effective(attributes);
	struct buf policy = {0};

	put_open(r->out, NULL, '{');
	put_open(r->out, "Attributes", '{');
	put_text(r->out, "TopicArn", t->arn);
	put_text(r->out, "Owner", r->account);
	if (sns_text(attributes, "Policy") == NULL) {
		sns_default_policy(t->arn, r->account, &policy);
		put_text(r->out, "Policy", buf_text(&policy));
	}
	if (sns_text(attributes, "DisplayName") == NULL)
		put_text(r->out, "DisplayName", "");
	if (t->fifo && !t->content_dedup)
		put_text(r->out, "ContentBasedDeduplication", "false");
	for (const cJSON *e = attributes->child; e != NULL; e = e->next)
		put_text(r->out, e->string, e->valuestring);
	put_tree(r->out, "EffectiveDeliveryPolicy", delivery);
	put_count(
	    r, "SubscriptionsConfirmed", count_state(r, t->id, SNS_CONFIRMED));
	put_count(
	    r, "SubscriptionsPending", count_state(r, t->id, SNS_PENDING));
	put_count(r, "SubscriptionsDeleted",
	    store_number(r->store, 0, "SELECT gone FROM sns_topic WHERE id = ?",
		"i", t->id));
	put_close(r->out, '}');
	put_close(r->out, '}');
	buf_clear(&policy);
	cJSON_Delete(delivery);
	cJSON_Delete(attributes);
}

static int
set_redrive(struct request *r, const struct sns_topic *t, const char *endpoint,
    const char *value, const char *before, cJSON *attributes)
{
	struct json policy;
	const char *arn;
	size_t len = strlen(value), fifo = strlen(".fifo");

	if (json_scan(value, len, &policy, NULL) != 0) {
		struct buf why = {0};

		sns_rule_json(value, len, &why);
		sns_invalid(r, "%sRedrivePolicy: failed to parse JSON. %s",
		    before, buf_text(&why));
		buf_clear(&why);
		return -1;
	}
	arn = param_text(r, json_get(policy, "deadLetterTargetArn"), NULL);
	if (arn == NULL || strncmp(arn, "arn:", 4) != 0 ||
	    strstr(arn, ":sqs:") == NULL)
		return sns_invalid(r,
		    "%sRedrivePolicy: deadLetterTargetArn is an invalid arn",
		    before);
	len = strlen(arn);
	if (t != NULL && t->fifo && strlen(endpoint) > fifo &&
	    strcmp(endpoint + strlen(endpoint) - fifo, ".fifo") == 0 &&
	    (len < fifo || strcmp(arn + len - fifo, ".fifo") != 0))
		return sns_invalid(r,
		    "%sRedrivePolicy: must use a FIFO queue as DLQ for a FIFO "
		    "Subscription to a FIFO Topic.",
		    before);
	set(attributes, "RedrivePolicy", value);
	return 0;
}

/* A subscription's DeliveryPolicy is shown whole too. */
static int
set_subscription_delivery(
    struct request *r, const char *value, const char *before, cJSON *attributes)
{
	static const char nothing[] =
	    "{\"healthyRetryPolicy\":null,\"sicklyRetryPolicy\":null,"
	    "\"throttlePolicy\":null,\"requestPolicy\":null,"
	    "\"guaranteed\":false}";
	cJSON *given = json_tree(value, strlen(value), NULL), *whole, *retry;
	struct buf text = {0};

	if (!cJSON_IsObject(given) || !type_fits(given, "requestPolicy")) {
		cJSON_Delete(given);
		return sns_invalid(
		    r, "%sDeliveryPolicy: Invalid value [%s].", before, value);
	}
	whole = json_tree(nothing, sizeof(nothing) - 1, NULL);
	overlay(whole, given);
	retry = cJSON_GetObjectItemCaseSensitive(whole, "healthyRetryPolicy");
	if (cJSON_IsObject(retry)) {
		cJSON *filled = default_retry();

		overlay(filled, retry);
		cJSON_ReplaceItemInObjectCaseSensitive(
		    whole, "healthyRetryPolicy", filled);
	}
	json_print(whole, &text);
	set(attributes, "DeliveryPolicy", buf_text(&text));
	buf_clear(&text);
	cJSON_Delete(whole);
	cJSON_Delete(given);
	return 0;
}

int
sns_subscription_attribute(struct request *r, const struct sns_topic *t,
    const char *endpoint, const char *name, const char *value, bool subscribe,
    cJSON *attributes)
{
	const char *before = subscribe ? "Attributes Reason: " : "";

	if (strcmp(name, "RawMessageDelivery") == 0) {
		if (strcasecmp(value, "true") != 0 &&
		    strcasecmp(value, "false") != 0)
			return sns_invalid(r,
			    "%s%s: Invalid value [%s]. Must be true or false.",
			    before, name, value);
		set(attributes, name,
		    value[0] == 't' || value[0] == 'T' ? "true" : "false");
	} else if (strcmp(name, "FilterPolicyScope") == 0) {
		if (!is_one_of(value, "MessageBody", "MessageAttributes"))
			return sns_invalid(r,
			    "%s%s: Invalid value [%s]. Please use either "
			    "MessageBody or MessageAttributes",
			    before, name, value);
		set(attributes, name, value);
	} else if (strcmp(name, "FilterPolicy") == 0) {
		set(attributes, name, strcmp(value, "{}") == 0 ? NULL : value);
	} else if (strcmp(name, "RedrivePolicy") == 0 && value[0] != '\0') {
		return set_redrive(r, t, endpoint, value, before, attributes);
	} else if (strcmp(name, "DeliveryPolicy") == 0 && value[0] != '\0') {
		return set_subscription_delivery(r, value, before, attributes);
	} else if (is_one_of(name, "RedrivePolicy", "DeliveryPolicy") ||
		   is_one_of(name, "SubscriptionRoleArn", "ReplayPolicy")) {
		set(attributes, name, value);
	} else if (subscribe) {
		return sns_invalid(
		    r, "Attributes Reason: Unknown attribute %s", name);
	} else {
		return sns_invalid(r, "AttributeName");
	}
	return 0;
}

int
sns_check_filter(struct request *r, const cJSON *attributes, bool subscribe)
{
	const char *policy = sns_text(attributes, "FilterPolicy");
	const char *scope = sns_text(attributes, "FilterPolicyScope");
	struct buf why = {0};
	struct sns_filter *f;

	if (policy == NULL)
		return 0;
	f = sns_filter_new(policy, strlen(policy),
	    scope != NULL && strcmp(scope, "MessageBody") == 0, &why);
	if (f == NULL)
		sns_invalid(r, "%s%s", subscribe ? "Attributes Reason: " : "",
		    buf_text(&why));
	buf_clear(&why);
	sns_filter_free(f);
	return f == NULL ? -1 : 0;
}

/* How posts to a subscription go, from its own policy and its topic's. */
static cJSON *
subscription_effective(struct store *store, const struct sns_subscription *s)
{
	cJSON *own = json_tree(s->attributes, strlen(s->attributes), NULL);
	cJSON *of_topic = topic_attributes(store, s->topic_id);
	cJSON *topic = effective(of_topic);
	const cJSON *http = cJSON_GetObjectItemCaseSensitive(topic, "http");
	const char *text = sns_text(own, "DeliveryPolicy");
	cJSON *policy = json_tree(
	    text == NULL ? "{}" : text, text == NULL ? 2 : strlen(text), NULL);
	static const struct {
		const char *own, *of_topic;
	} parts[] = {{"healthyRetryPolicy", "defaultHealthyRetryPolicy"},
	    {"sicklyRetryPolicy", NULL}, {"throttlePolicy", NULL},
	    {"requestPolicy", "defaultRequestPolicy"}};
	cJSON *whole = cJSON_CreateObject();

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		const cJSON *v =
		    cJSON_GetObjectItemCaseSensitive(policy, parts[i].own);

		if ((v == NULL || cJSON_IsNull(v)) && parts[i].of_topic != NULL)
			v = cJSON_GetObjectItemCaseSensitive(
			    http, parts[i].of_topic);
		cJSON_AddItemToObject(whole, parts[i].own,
		    v == NULL ? cJSON_CreateNull() : cJSON_Duplicate(v, true));
	}
	cJSON_AddFalseToObject(whole, "guaranteed");
	cJSON_Delete(policy);
	cJSON_Delete(topic);
	cJSON_Delete(of_topic);
	cJSON_Delete(own);
	return whole;
}

void
sns_delivery(struct store *store, const struct sns_subscription *s,
    struct buf *retry, struct buf *content_type)
{
	cJSON *whole = subscription_effective(store, s);
	const cJSON *request =
	    cJSON_GetObjectItemCaseSensitive(whole, "requestPolicy");
	const char *type = sns_text(request, "headerContentType");

	json_print(
	    cJSON_GetObjectItemCaseSensitive(whole, "healthyRetryPolicy"),
	    retry);
	buf_add_text(
	    content_type, type == NULL ? "text/plain; charset=UTF-8" : type);
	cJSON_Delete(whole);
}

static void
put_truth(struct buf *out, const char *name, bool value)
{
	put_text(out, name, value ? "true" : "false");
}

void
sns_subscription_print(struct request *r, const struct sns_subscription *s)
{
	cJSON *attributes =
	    json_tree(s->attributes, strlen(s->attributes), NULL);
	bool filtered = sns_text(attributes, "FilterPolicy") != NULL;

	put_open(r->out, NULL, '{');
	put_open(r->out, "Attributes", '{');
	put_text(r->out, "SubscriptionArn", s->arn);
	put_text(r->out, "TopicArn", s->topic_arn);
	put_text(r->out, "Protocol", s->protocol);
	put_text(r->out, "Endpoint", s->endpoint);
	put_text(r->out, "Owner", s->owner);
	put_text(r->out, "SubscriptionPrincipal", s->principal);
	put_truth(r->out, "PendingConfirmation", s->state == SNS_PENDING);
	put_truth(r->out, "ConfirmationWasAuthenticated", s->authenticated);
	if (sns_text(attributes, "RawMessageDelivery") == NULL)
		put_text(r->out, "RawMessageDelivery", "false");
	if (filtered && sns_text(attributes, "FilterPolicyScope") == NULL)
		put_text(r->out, "FilterPolicyScope", "MessageAttributes");
	for (const cJSON *e = attributes == NULL ? NULL : attributes->child;
	     e != NULL; e = e->next)
		if (filtered || strcmp(e->string, "FilterPolicyScope") != 0)
			put_text(r->out, e->string, e->valuestring);
	if (strncmp(s->protocol, "http", 4) == 0) {
		cJSON *delivery = subscription_effective(r->store, s);

		put_tree(r->out, "EffectiveDeliveryPolicy", delivery);
		cJSON_Delete(delivery);
	}
	put_close(r->out, '}');
	put_close(r->out, '}');
	cJSON_Delete(attributes);
}
