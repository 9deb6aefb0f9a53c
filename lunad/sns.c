/*
 * SNS: its operations, and topics.
 */
#include "sns.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metric.h"
#include "sns_private.h"
#include "text.h"

#define PAGE 100

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS sns_topic ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, arn TEXT NOT NULL UNIQUE,"
    " region TEXT NOT NULL, name TEXT NOT NULL, fifo INTEGER NOT NULL,"
    " content_dedup INTEGER NOT NULL, group_scope INTEGER NOT NULL,"
    " signature INTEGER NOT NULL, size INTEGER NOT NULL,"
    " attributes TEXT NOT NULL, protection TEXT,"
    " gone INTEGER NOT NULL DEFAULT 0, sequence INTEGER NOT NULL DEFAULT 0);"
    "CREATE TABLE IF NOT EXISTS sns_tag ("
    " topic_id INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,"
    " PRIMARY KEY (topic_id, key)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS sns_subscription ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, arn TEXT NOT NULL UNIQUE,"
    " region TEXT NOT NULL, topic_arn TEXT NOT NULL, topic_id INTEGER,"
    " protocol TEXT NOT NULL, endpoint TEXT NOT NULL, owner TEXT NOT NULL,"
    " principal TEXT NOT NULL, attributes TEXT NOT NULL,"
    " raw INTEGER NOT NULL DEFAULT 0, filter TEXT,"
    " body_scope INTEGER NOT NULL DEFAULT 0, dead_letter TEXT,"
    " state INTEGER NOT NULL, token TEXT, token_until_ms INTEGER NOT NULL,"
    " authenticated INTEGER NOT NULL, keep INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX IF NOT EXISTS sns_subscription_topic"
    " ON sns_subscription (topic_id, state);"
    "CREATE INDEX IF NOT EXISTS sns_subscription_token"
    " ON sns_subscription (token);"
    "CREATE TABLE IF NOT EXISTS sns_sent ("
    " topic_id INTEGER NOT NULL, dedup TEXT NOT NULL, message_id TEXT NOT NULL,"
    " sequence TEXT NOT NULL, until_ms INTEGER NOT NULL,"
    " PRIMARY KEY (topic_id, dedup)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS sns_sent_until ON sns_sent (until_ms);"
    "CREATE TABLE IF NOT EXISTS sns_setting ("
    " region TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,"
    " PRIMARY KEY (region, name)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS sns_key ("
    " id INTEGER PRIMARY KEY, secret TEXT NOT NULL, certificate TEXT NOT NULL)";

int
sns_invalid(struct request *r, const char *format, ...)
{
	va_list args;
	char *text = NULL;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	fail(r, 400, "InvalidParameter", "Invalid parameter: %s",
	    text == NULL ? "" : text);
	free(text);
	return ANSWER_ERROR;
}

const char *
sns_given(struct request *r, struct json v)
{
	const char *text = param_text(r, v, NULL);

	if (text == NULL && v.type == JSON_NONE)
		return "";
	return text != NULL ? text
			    : request_format(r, "%.*s", (int)v.len, v.at);
}

int
sns_check_arn(struct request *r, const char *name, const char *arn)
{
	size_t parts = 1;

	for (const char *p = arn; *p != '\0'; p++)
		parts += *p == ':';
	if (parts >= 6)
		return 0;
	return sns_invalid(r,
	    "%s Reason: An ARN must have at least 6 elements, not %zu", name,
	    parts);
}

bool
sns_arn_in(const char *arn, const char *region)
{
	size_t len = strlen(region);

	for (int i = 0; i < 3 && arn != NULL; i++) {
		arn = strchr(arn, ':');
		arn = arn == NULL ? NULL : arn + 1;
	}
	return arn != NULL && strncmp(arn, region, len) == 0 && arn[len] == ':';
}

bool
sns_topic_find(struct store *s, const char *arn, struct sns_topic *t)
{
	sqlite3_stmt *q = store_query(s,
	    "SELECT id, region, fifo, content_dedup, group_scope, signature,"
	    " size FROM sns_topic WHERE arn = ?",
	    "t", arn);

	t->id = 0;
	if (strlen(arn) < sizeof(t->arn) && store_next(q)) {
		t->id = store_int(q, 0);
		snprintf(t->arn, sizeof(t->arn), "%s", arn);
		snprintf(t->region, sizeof(t->region), "%s", store_text(q, 1));
		t->name = strrchr(t->arn, ':') + 1;
		t->fifo = store_int(q, 2) != 0;
		t->content_dedup = store_int(q, 3) != 0;
		t->group_scope = store_int(q, 4) != 0;
		t->signature = (int)store_int(q, 5);
		t->size = store_int(q, 6);
	}
	store_end(q);
	return t->id != 0;
}

static int
unknown_topic(struct request *r)
{
	return fail(r, 404, "NotFound", "Topic does not exist");
}

/* The ARN of a topic in this region, or an answer of failure. */
static int
topic_arn(struct request *r, const char *name, const char **arn)
{
	*arn = param(r, name);
	if (*arn == NULL)
		return sns_invalid(
		    r, "%s Reason: no value for required parameter", name);
	if (sns_check_arn(r, name, *arn) < 0)
		return ANSWER_ERROR;
	if (r->principal != NULL && !sns_arn_in(*arn, r->region))
		return sns_invalid(r, "%s", name);
	return 0;
}

int
sns_topic_param(struct request *r, const char *name, struct sns_topic *t)
{
	const char *arn;

	if (topic_arn(r, name, &arn) < 0)
		return ANSWER_ERROR;
	return sns_topic_find(r->store, arn, t) ? 0 : unknown_topic(r);
}

void
sns_count(struct lunad *l, const struct sns_topic *t, const char *name,
    double value, const char *unit)
{
	char dimension[SNS_ARN + 16];

	snprintf(dimension, sizeof(dimension), "TopicName=%s", t->name);
	metric_add(l, t->region, "AWS/SNS", name, dimension, value, unit,
	    lunad_now(l));
}

static bool
is_topic_name(const char *name, bool fifo)
{
	size_t len = strlen(name);
	size_t plain =
	    strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			 "0123456789_-");

	if (len < 1 || len > 256)
		return false;
	return fifo ? plain > 0 && strcmp(name + plain, ".fifo") == 0
		    : plain == len;
}

/* What is asked for must be what is there already. */
static int
same_topic(struct request *r, const struct sns_topic *t, const cJSON *wanted)
{
	struct json tags = param_json(r, "Tags");
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT attributes FROM sns_topic WHERE id = ?", "i", t->id);
	cJSON *has = NULL;
	bool same = true;

	if (store_next(q))
		has =
		    json_tree(store_text(q, 0), strlen(store_text(q, 0)), NULL);
	store_end(q);
	for (const cJSON *e = wanted->child; e != NULL; e = e->next) {
		const char *there = sns_text(has, e->string);

		same &= strcmp(there == NULL ? "" : there, e->valuestring) == 0;
	}
	cJSON_Delete(has);
	if (!same)
		return sns_invalid(r,
		    "Attributes Reason: Topic already exists with different "
		    "attributes");
	if (!sns_tags_have(r, t->id, tags))
		return sns_invalid(
		    r, "Tags Reason: Topic already exists with different tags");
	return 0;
}

/* Keep a topic's attributes, and those that are columns too. */
static void
save_topic(struct request *r, int64_t id, const cJSON *attributes)
{
	struct buf text = {0};
	const char *dedup = sns_text(attributes, "ContentBasedDeduplication");
	const char *scope = sns_text(attributes, "FifoThroughputScope");
	const char *version = sns_text(attributes, "SignatureVersion");
	const char *size = sns_text(attributes, "MaximumMessageSize");

	json_print(attributes, &text);
	store_do(r->store,
	    "UPDATE sns_topic SET attributes = ?, content_dedup = ?,"
	    " group_scope = ?, signature = ?, size = ? WHERE id = ?",
	    "tiiiii", buf_text(&text),
	    (int64_t)(dedup != NULL && strcmp(dedup, "true") == 0),
	    (int64_t)(scope != NULL && strcmp(scope, "MessageGroup") == 0),
	    (int64_t)(version != NULL && strcmp(version, "2") == 0 ? 2 : 1),
	    (int64_t)(size == NULL ? SNS_SIZE_DEFAULT : atoll(size)), id);
	buf_clear(&text);
}

static int
make_topic(struct request *r, const char *arn, const char *name, bool fifo,
    const cJSON *attributes)
{
	int64_t id;

	store_do(r->store,
	    "INSERT INTO sns_topic (arn, region, name, fifo, content_dedup,"
	    " group_scope, signature, size, attributes, protection)"
	    " VALUES (?, ?, ?, ?, 0, 0, 1, 0, '{}', ?)",
	    "tttit", arn, r->region, name, (int64_t)fifo,
	    param(r, "DataProtectionPolicy"));
	id = store_last_id(r->store);
	save_topic(r, id, attributes);
	sns_tags_put(r, id, param_json(r, "Tags"));
	return 0;
}

/* The attributes that a request gives, each checked. NULL: the answer is a
 * failure. */
static cJSON *
given_attributes(struct request *r, bool *fifo)
{
	cJSON *attributes = cJSON_CreateObject();
	struct json_iter it;
	struct json key, v;

	json_members(param_json(r, "Attributes"), &it);
	while (json_next(&it, &key, &v)) {
		const char *name = param_text(r, key, NULL);
		const char *value = sns_given(r, v);

		if (strcmp(name, "FifoTopic") == 0 &&
		    strcmp(value, "true") == 0)
			*fifo = true;
		if (sns_topic_attribute(r, name, value, true, attributes) < 0) {
			cJSON_Delete(attributes);
			return NULL;
		}
	}
	return attributes;
}

static int
create_topic(struct request *r)
{
	const char *name = param(r, "Name");
	struct json tags = param_json(r, "Tags");
	struct sns_topic t;
	bool fifo = false;
	const char *arn;
	cJSON *attributes;
	int answer;

	if (name == NULL)
		name = "";
	arn = request_format(
	    r, "arn:aws:sns:%s:%s:%s", r->region, r->account, name);
	attributes = given_attributes(r, &fifo);
	if (attributes == NULL)
		return ANSWER_ERROR;
	if (!is_topic_name(name, fifo))
		answer = sns_invalid(r, "Topic Name");
	else if (sns_tags_check(r, tags) < 0)
		answer = ANSWER_ERROR;
	else if (sns_topic_find(r->store, arn, &t))
		answer = same_topic(r, &t, attributes);
	else
		answer = make_topic(r, arn, name, fifo, attributes);
	cJSON_Delete(attributes);
	if (answer < 0)
		return ANSWER_ERROR;
	put_open(r->out, NULL, '{');
	put_text(r->out, "TopicArn", arn);
	put_close(r->out, '}');
	return ANSWER;
}

static int
delete_topic(struct request *r)
{
	struct sns_topic t;
	const char *arn;

	if (topic_arn(r, "TopicArn", &arn) < 0)
		return ANSWER_ERROR;
	if (!sns_topic_find(r->store, arn, &t))
		return ANSWER;
	/* Subscriptions outlive their topic, without effect. */
	store_do(r->store,
	    "UPDATE sns_subscription SET topic_id = NULL WHERE topic_id = ?",
	    "i", t.id);
	store_do(r->store, "DELETE FROM sns_tag WHERE topic_id = ?", "i", t.id);
	store_do(
	    r->store, "DELETE FROM sns_sent WHERE topic_id = ?", "i", t.id);
	store_do(r->store, "DELETE FROM sns_topic WHERE id = ?", "i", t.id);
	return ANSWER;
}

static int
list_topics(struct request *r)
{
	int64_t after = param_int(r, "NextToken", 0), n = 0, last = 0;
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT id, arn FROM sns_topic WHERE region = ? AND id > ?"
	    " ORDER BY id LIMIT ?",
	    "tii", r->region, after, (int64_t)PAGE + 1);

	put_open(r->out, NULL, '{');
	put_open(r->out, "Topics", '[');
	while (store_next(q) && n++ < PAGE) {
		last = store_int(q, 0);
		put_open(r->out, NULL, '{');
		put_text(r->out, "TopicArn", store_text(q, 1));
		put_close(r->out, '}');
	}
	store_end(q);
	put_close(r->out, ']');
	if (n > PAGE)
		put_text(r->out, "NextToken",
		    request_format(r, "%lld", (long long)last));
	put_close(r->out, '}');
	return ANSWER;
}

static int
get_topic_attributes(struct request *r)
{
	struct sns_topic t;

	if (sns_topic_param(r, "TopicArn", &t) < 0)
		return ANSWER_ERROR;
	sns_topic_print(r, &t);
	return ANSWER;
}

static int
set_topic_attributes(struct request *r)
{
	const char *name = param(r, "AttributeName");
	const char *value = param(r, "AttributeValue");
	struct sns_topic t;
	sqlite3_stmt *q;
	cJSON *attributes = NULL;
	int failed;

	if (sns_topic_param(r, "TopicArn", &t) < 0)
		return ANSWER_ERROR;
	q = store_query(r->store,
	    "SELECT attributes FROM sns_topic WHERE id = ?", "i", t.id);
	if (store_next(q))
		attributes =
		    json_tree(store_text(q, 0), strlen(store_text(q, 0)), NULL);
	store_end(q);
	failed = sns_topic_attribute(r, name == NULL ? "" : name,
	    value == NULL ? "" : value, false, attributes);
	if (failed == 0)
		save_topic(r, t.id, attributes);
	cJSON_Delete(attributes);
	return failed == 0 ? ANSWER : ANSWER_ERROR;
}

/* The certificate behind SigningCertURL. */
static int
certificate(struct request *r)
{
	const char *id = param(r, "Id");
	const char *pem = sns_sign_certificate(r->lunad, id);

	if (pem == NULL)
		return fail(r, 404, "NotFound", "no such certificate");
	r->type = "application/x-pem-file";
	buf_add_text(r->out, pem);
	return ANSWER;
}

static void
open_sns(struct lunad *l)
{
	(void)l;
	sns_sign_forget();
}

static const struct operation operations[] = {
    {.name = "Publish", .run = sns_publish_one, .writes = true},
    {.name = "PublishBatch", .run = sns_publish_batch, .writes = true},
    {.name = "CreateTopic", .run = create_topic, .writes = true},
    {.name = "DeleteTopic", .run = delete_topic, .writes = true},
    {.name = "ListTopics", .run = list_topics},
    {.name = "GetTopicAttributes", .run = get_topic_attributes},
    {.name = "SetTopicAttributes", .run = set_topic_attributes, .writes = true},
    {.name = "AddPermission", .run = sns_add_permission, .writes = true},
    {.name = "RemovePermission", .run = sns_remove_permission, .writes = true},
    {.name = "TagResource", .run = sns_tag_resource, .writes = true},
    {.name = "UntagResource", .run = sns_untag_resource, .writes = true},
    {.name = "ListTagsForResource", .run = sns_list_tags},
    {.name = "PutDataProtectionPolicy",
	.run = sns_put_protection,
	.writes = true},
    {.name = "GetDataProtectionPolicy", .run = sns_get_protection},
    {.name = "Subscribe", .run = sns_subscribe, .writes = true},
    {.name = "ConfirmSubscription",
	.run = sns_confirm,
	.writes = true,
	.open = true},
    {.name = "Unsubscribe",
	.run = sns_unsubscribe,
	.writes = true,
	.open = true},
    {.name = "GetSubscriptionAttributes", .run = sns_get_subscription},
    {.name = "SetSubscriptionAttributes",
	.run = sns_set_subscription,
	.writes = true},
    {.name = "ListSubscriptions", .run = sns_list_subscriptions},
    {.name = "ListSubscriptionsByTopic", .run = sns_list_by_topic},
    {.name = "GetSigningCertificate",
	.run = certificate,
	.writes = true,
	.open = true,
	.method = "GET",
	.path = "/SimpleNotificationService-{Id}"},
    {0},
};

static const struct wire_shape shape[] = {
    {.member = "Attributes", .as = WIRE_MAP},
    {0},
};

const struct api sns_api = {
    .name = "sns",
    .version = "2010-03-31",
    .xmlns = "http://sns.amazonaws.com/doc/2010-03-31/",
    .operation = operations,
    .shape = shape,
    .schema = schema,
    .open = open_sns,
};
