/*
 * SNS: subscriptions. Those to mail and HTTP wait until somebody opens the
 * link that they were sent; all others hold at once.
 */
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "mem.h"
#include "sns_private.h"
#include "text.h"

#define PAGE 100
#define TOKEN_BYTES 52 /* 104 hexadecimal digits */

void
sns_subscription_read(sqlite3_stmt *q, struct sns_subscription *s)
{
	*s = (struct sns_subscription){
	    .id = store_int(q, 0),
	    .arn = mem_text(store_text(q, 1)),
	    .topic_arn = mem_text(store_text(q, 2)),
	    .protocol = mem_text(store_text(q, 3)),
	    .endpoint = mem_text(store_text(q, 4)),
	    .owner = mem_text(store_text(q, 5)),
	    .principal = mem_text(store_text(q, 6)),
	    .attributes = mem_text(store_text(q, 7)),
	    .token = mem_text(store_text(q, 8)),
	    .state = (enum sns_state)store_int(q, 9),
	    .topic_id = store_int(q, 10),
	    .token_until_ms = store_int(q, 11),
	    .authenticated = store_int(q, 12) != 0,
	    .keep = store_int(q, 13) != 0,
	};
}

void
sns_subscription_clear(struct sns_subscription *s)
{
	free(s->arn);
	free(s->topic_arn);
	free(s->protocol);
	free(s->endpoint);
	free(s->owner);
	free(s->principal);
	free(s->attributes);
	free(s->token);
	*s = (struct sns_subscription){0};
}

/* By ARN, those that are gone left out. */
static bool
find(struct store *store, const char *arn, struct sns_subscription *s)
{
	sqlite3_stmt *q = store_query(store,
	    "SELECT " SNS_COLUMNS " FROM sns_subscription"
	    " WHERE arn = ? AND state < 2",
	    "t", arn);
	bool found = store_next(q);

	*s = (struct sns_subscription){0};
	if (found)
		sns_subscription_read(q, s);
	store_end(q);
	return found;
}

static bool
find_same(struct request *r, const struct sns_topic *t, const char *protocol,
    const char *endpoint, struct sns_subscription *s)
{
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT " SNS_COLUMNS " FROM sns_subscription"
	    " WHERE topic_id = ? AND state < 2 AND protocol = ?"
	    " AND endpoint = ?",
	    "itt", t->id, protocol, endpoint);
	bool found = store_next(q);

	if (found)
		sns_subscription_read(q, s);
	store_end(q);
	return found;
}

/* A new token for a subscription: the two days begin now. */
static void
renew_token(struct request *r, struct sns_subscription *s)
{
	uint8_t bytes[TOKEN_BYTES];
	struct buf hex = {0};

	digest_random(bytes, sizeof(bytes));
	text_hex(bytes, sizeof(bytes), &hex);
	free(s->token);
	s->token = buf_take(&hex);
	s->token_until_ms = r->now_ms + SNS_TOKEN_MS;
	store_do(r->store,
	    "UPDATE sns_subscription SET token = ?, token_until_ms = ?"
	    " WHERE id = ?",
	    "tii", s->token, s->token_until_ms, s->id);
}

/* The attributes, and those that delivery reads as columns. */
static void
save_attributes(struct store *store, int64_t id, const cJSON *attributes)
{
	const char *raw = sns_text(attributes, "RawMessageDelivery");
	const char *scope = sns_text(attributes, "FilterPolicyScope");
	const char *redrive = sns_text(attributes, "RedrivePolicy");
	struct json policy = {0};
	char *dead_letter = NULL;
	struct buf text = {0};

	if (redrive != NULL &&
	    json_scan(redrive, strlen(redrive), &policy, NULL) == 0)
		dead_letter = json_dup(json_get(policy, "deadLetterTargetArn"));
	json_print(attributes, &text);
	store_do(store,
	    "UPDATE sns_subscription SET attributes = ?, raw = ?, filter = ?,"
	    " body_scope = ?, dead_letter = ? WHERE id = ?",
	    "tititi", buf_text(&text),
	    (int64_t)(raw != NULL && strcmp(raw, "true") == 0),
	    sns_text(attributes, "FilterPolicy"),
	    (int64_t)(scope != NULL && strcmp(scope, "MessageBody") == 0),
	    dead_letter, id);
	buf_clear(&text);
	free(dead_letter);
}

/* The attributes that Subscribe gives; NULL: the answer is a failure. */
static cJSON *
given_attributes(
    struct request *r, const struct sns_topic *t, const char *endpoint)
{
	cJSON *attributes = cJSON_CreateObject();
	struct json_iter it;
	struct json key, v;
	int failed = 0;

	json_members(param_json(r, "Attributes"), &it);
	while (failed == 0 && json_next(&it, &key, &v))
		failed = sns_subscription_attribute(r, t, endpoint,
		    param_text(r, key, NULL), sns_given(r, v), true,
		    attributes);
	if (failed == 0)
		failed = sns_check_filter(r, attributes, true);
	if (failed == 0)
		return attributes;
	cJSON_Delete(attributes);
	return NULL;
}

/* There is one already: what is asked for must be what it has. */
static int
same_again(
    struct request *r, const struct sns_subscription *s, const cJSON *wanted)
{
	cJSON *has = json_tree(s->attributes, strlen(s->attributes), NULL);
	bool same = true;

	for (const cJSON *e = wanted->child; e != NULL; e = e->next) {
		const char *there = sns_text(has, e->string);

		if (there == NULL)
			there = strcmp(e->string, "RawMessageDelivery") == 0
				    ? "false"
				    : "";
		same &= strcmp(there, e->valuestring) == 0;
	}
	cJSON_Delete(has);
	if (same)
		return 0;
	return sns_invalid(r,
	    "Attributes Reason: Subscription already exists with different "
	    "attributes");
}

static void
make(struct request *r, const struct sns_topic *t, const char *protocol,
    const char *endpoint, const cJSON *attributes, struct sns_subscription *s)
{
	bool pending = sns_endpoint_confirms(protocol);
	sqlite3_stmt *q;
	char uuid[37];
	int64_t id;

	digest_uuid(uuid);
	store_do(r->store,
	    "INSERT INTO sns_subscription (arn, region, topic_arn, topic_id,"
	    " protocol, endpoint, owner, principal, attributes, state,"
	    " token_until_ms, authenticated)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, '{}', ?, 0, ?)",
	    "tttittttii", request_format(r, "%s:%s", t->arn, uuid), t->region,
	    t->arn, t->id, protocol, endpoint, r->account,
	    r->principal == NULL ? "" : r->principal,
	    (int64_t)(pending ? SNS_PENDING : SNS_CONFIRMED),
	    (int64_t)!pending);
	id = store_last_id(r->store);
	save_attributes(r->store, id, attributes);
	q = store_query(r->store,
	    "SELECT " SNS_COLUMNS " FROM sns_subscription WHERE id = ?", "i",
	    id);
	if (store_next(q))
		sns_subscription_read(q, s);
	store_end(q);
}

int
sns_subscribe(struct request *r)
{
	const char *protocol = param(r, "Protocol");
	const char *endpoint = param(r, "Endpoint");
	struct sns_subscription s = {0};
	struct sns_topic t;
	cJSON *attributes;
	bool known;

	if (sns_topic_param(r, "TopicArn", &t) < 0 ||
	    sns_endpoint_check(r, &t, protocol, endpoint) < 0)
		return ANSWER_ERROR;
	attributes = given_attributes(r, &t, endpoint);
	if (attributes == NULL)
		return ANSWER_ERROR;
	known = find_same(r, &t, protocol, endpoint, &s);
	if (known && same_again(r, &s, attributes) < 0) {
		cJSON_Delete(attributes);
		sns_subscription_clear(&s);
		return ANSWER_ERROR;
	}
	if (!known)
		make(r, &t, protocol, endpoint, attributes, &s);
	cJSON_Delete(attributes);
	if (s.state == SNS_PENDING) {
		renew_token(r, &s);
		sns_ask(r->lunad, &t, &s, false);
	}
	put_open(r->out, NULL, '{');
	put_text(r->out, "SubscriptionArn",
	    s.state == SNS_PENDING &&
		    !param_bool(r, "ReturnSubscriptionArn", false)
		? "pending confirmation"
		: s.arn);
	put_close(r->out, '}');
	sns_subscription_clear(&s);
	return ANSWER;
}

int
sns_confirm(struct request *r)
{
	const char *topic = param(r, "TopicArn"), *token = param(r, "Token");
	bool keep = param_bool(r, "AuthenticateOnUnsubscribe", false);
	sqlite3_stmt *q;
	char *arn = NULL, *of_topic = NULL;
	int64_t id = 0;

	if (token == NULL || strlen(token) != (size_t)2 * TOKEN_BYTES ||
	    strspn(token, "0123456789abcdef") != (size_t)2 * TOKEN_BYTES)
		return fail(r, 400, "InvalidParameter", "Invalid token");
	q = store_query(r->store,
	    "SELECT id, arn, topic_arn FROM sns_subscription"
	    " WHERE token = ? AND token_until_ms > ? AND topic_id IS NOT NULL",
	    "ti", token, r->now_ms);
	if (store_next(q)) {
		id = store_int(q, 0);
		arn = mem_text(store_text(q, 1));
		of_topic = mem_text(store_text(q, 2));
	}
	store_end(q);
	if (id == 0) {
		sns_invalid(r, "Token");
	} else if (topic == NULL || strcmp(topic, of_topic) != 0) {
		sns_invalid(r, "Topic");
		id = 0;
	} else {
		store_do(r->store,
		    "UPDATE sns_subscription SET state = 1, authenticated = ?,"
		    " keep = max(keep, ?) WHERE id = ?",
		    "iii", (int64_t)(r->principal != NULL), (int64_t)keep, id);
		put_open(r->out, NULL, '{');
		put_text(r->out, "SubscriptionArn", arn);
		put_close(r->out, '}');
	}
	free(arn);
	free(of_topic);
	return id == 0 ? ANSWER_ERROR : ANSWER;
}

/* The ARN of a subscription that a parameter gives. */
static int
subscription_arn(struct request *r, const char **arn)
{
	*arn = param(r, "SubscriptionArn");
	if (*arn == NULL || **arn == '\0')
		return sns_invalid(r,
		    "SubscriptionArn Reason: no value for required parameter");
	return sns_check_arn(r, "SubscriptionArn", *arn);
}

/* Who leaves an HTTP endpoint is told how to come back. */
static void
leave(struct request *r, struct sns_subscription *s)
{
	struct sns_topic t;

	store_do(r->store, "UPDATE sns_subscription SET state = 2 WHERE id = ?",
	    "i", s->id);
	if (s->topic_id == 0)
		return;
	store_do(r->store, "UPDATE sns_topic SET gone = gone + 1 WHERE id = ?",
	    "i", s->topic_id);
	if (s->state == SNS_CONFIRMED && strncmp(s->protocol, "http", 4) == 0 &&
	    sns_topic_find(r->store, s->topic_arn, &t)) {
		renew_token(r, s);
		sns_ask(r->lunad, &t, s, true);
	}
}

int
sns_unsubscribe(struct request *r)
{
	struct sns_subscription s;
	const char *arn;
	size_t parts = 1;
	int answer = ANSWER;

	if (subscription_arn(r, &arn) < 0)
		return ANSWER_ERROR;
	for (const char *p = arn; *p != '\0'; p++)
		parts += *p == ':';
	if (parts < 7)
		return sns_invalid(r, "SubscriptionId");
	if (!find(r->store, arn, &s))
		return ANSWER;
	if (s.keep && r->principal == NULL)
		answer = fail(r, 403, "AuthorizationError",
		    "This subscription can be removed only by a signed "
		    "request");
	else
		leave(r, &s);
	sns_subscription_clear(&s);
	return answer;
}

static int
find_param(struct request *r, struct sns_subscription *s)
{
	const char *arn;

	if (subscription_arn(r, &arn) < 0)
		return ANSWER_ERROR;
	if (find(r->store, arn, s))
		return 0;
	return fail(r, 404, "NotFound", "Subscription does not exist");
}

int
sns_get_subscription(struct request *r)
{
	struct sns_subscription s;

	if (find_param(r, &s) < 0)
		return ANSWER_ERROR;
	sns_subscription_print(r, &s);
	sns_subscription_clear(&s);
	return ANSWER;
}

int
sns_set_subscription(struct request *r)
{
	const char *name = param(r, "AttributeName");
	const char *value = param(r, "AttributeValue");
	struct sns_subscription s;
	struct sns_topic t;
	cJSON *attributes;
	bool topic;
	int failed;

	if (find_param(r, &s) < 0)
		return ANSWER_ERROR;
	topic = sns_topic_find(r->store, s.topic_arn, &t);
	attributes = json_tree(s.attributes, strlen(s.attributes), NULL);
	failed = sns_subscription_attribute(r, topic ? &t : NULL, s.endpoint,
	    name == NULL ? "" : name, value == NULL ? "" : value, false,
	    attributes);
	if (failed == 0)
		failed = sns_check_filter(r, attributes, false);
	if (failed == 0)
		save_attributes(r->store, s.id, attributes);
	cJSON_Delete(attributes);
	sns_subscription_clear(&s);
	return failed == 0 ? ANSWER : ANSWER_ERROR;
}

static void
put_listed(struct request *r, const struct sns_subscription *s)
{
	put_open(r->out, NULL, '{');
	put_text(r->out, "SubscriptionArn",
	    s->state == SNS_PENDING ? "PendingConfirmation" : s->arn);
	put_text(r->out, "Owner", s->owner);
	put_text(r->out, "Protocol", s->protocol);
	put_text(r->out, "Endpoint", s->endpoint);
	put_text(r->out, "TopicArn", s->topic_arn);
	put_close(r->out, '}');
}

static int
list(struct request *r, sqlite3_stmt *q)
{
	int64_t n = 0, last = 0;

	put_open(r->out, NULL, '{');
	put_open(r->out, "Subscriptions", '[');
	while (store_next(q) && n++ < PAGE) {
		struct sns_subscription s;

		sns_subscription_read(q, &s);
		put_listed(r, &s);
		last = s.id;
		sns_subscription_clear(&s);
	}
	store_end(q);
	put_close(r->out, ']');
	if (n > PAGE)
		put_text(r->out, "NextToken",
		    request_format(r, "%lld", (long long)last));
	put_close(r->out, '}');
	return ANSWER;
}

int
sns_list_subscriptions(struct request *r)
{
	return list(r, store_query(r->store,
			   "SELECT " SNS_COLUMNS " FROM sns_subscription"
			   " WHERE region = ? AND state < 2 AND id > ?"
			   " ORDER BY id LIMIT ?",
			   "tii", r->region, param_int(r, "NextToken", 0),
			   (int64_t)PAGE + 1));
}

int
sns_list_by_topic(struct request *r)
{
	struct sns_topic t;

	if (sns_topic_param(r, "TopicArn", &t) < 0)
		return ANSWER_ERROR;
	return list(r,
	    store_query(r->store,
		"SELECT " SNS_COLUMNS " FROM sns_subscription"
		" WHERE topic_id = ? AND state < 2 AND id > ?"
		" ORDER BY id LIMIT ?",
		"iii", t.id, param_int(r, "NextToken", 0), (int64_t)PAGE + 1));
}
