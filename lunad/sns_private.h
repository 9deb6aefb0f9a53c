#ifndef LUNAD_SNS_PRIVATE_H
#define LUNAD_SNS_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "json.h"
#include "lunad.h"
#include "metric.h"
#include "store.h"

/*
 * What the parts of SNS share.
 *
 *     sns.c         the operations, topics
 *     sns_attribute.c  attributes of topics and subscriptions
 *     sns_subscription.c
 *     sns_endpoint.c   what may subscribe
 *     sns_publish.c what is published: checked, kept from repeating
 *     sns_fan.c     each message to each subscription
 *     sns_message.c what subscribers get to read
 *     sns_sign.c    its signature
 *     sns_permission.c, sns_tag.c
 *     sns_filter.c, sns_rule.c, sns_pattern.c: what wants a message
 */
#define SNS_ARN 512
#define SNS_SIZE_DEFAULT 262144
#define SNS_TOKEN_MS ((int64_t)48 * 3600 * 1000)

struct sns_topic {
	int64_t id; /* 0: none */
	char arn[SNS_ARN];
	const char *name; /* in arn */
	char region[64];
	bool fifo, content_dedup, group_scope;
	int signature; /* SignatureVersion */
	int64_t size;  /* MaximumMessageSize */
};

enum sns_state { SNS_PENDING, SNS_CONFIRMED, SNS_GONE };

struct sns_subscription {
	int64_t id;
	char *arn, *topic_arn, *protocol, *endpoint, *owner, *principal;
	char *attributes; /* JSON: those that were set */
	char *token;
	enum sns_state state;
	int64_t topic_id; /* 0 when the topic is no more */
	int64_t token_until_ms;
	bool authenticated, keep; /* keep: Unsubscribe only when signed */
};

enum sns_key { SNS_PLAIN, SNS_QUICK, SNS_KEYS };

/* One message on its way to the subscribers. */
struct sns_message {
	const char *id;
	const char *subject; /* or NULL */
	const char *text;
	size_t len;
	struct json by_protocol; /* MessageStructure json, else JSON_NONE */
	struct json attributes;  /* MessageAttributes or JSON_NONE */
	const char *group, *dedup;
	const char *sequence; /* FIFO, or NULL */
	int64_t now_ms;
	/* made when first wanted, once for all subscriptions: by key */
	struct {
		struct buf base64;
		const char *of; /* the text it is of */
	} signature[SNS_KEYS];
};

/* "Invalid parameter: " and what is wrong: ANSWER_ERROR. */
int sns_invalid(struct request *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Colons of an ARN; 0 when there are enough, else the failure is set. */
int sns_check_arn(struct request *r, const char *name, const char *arn);
/* The region within an ARN: does it equal this one? */
bool sns_arn_in(const char *arn, const char *region);

/* sns.c: the topic of an ARN. */
bool sns_topic_find(struct store *s, const char *arn, struct sns_topic *t);
/* The same for a parameter: absent, malformed, elsewhere, unknown fail. */
int sns_topic_param(struct request *r, const char *name, struct sns_topic *t);
void sns_count(struct lunad *l, const struct sns_topic *t, const char *name,
    double value, const char *unit);

/* sns_attribute.c: a topic's attributes. */
int sns_topic_attribute(struct request *r, const char *name, const char *value,
    bool create, cJSON *attributes);
void sns_topic_print(struct request *r, const struct sns_topic *t);
/* A subscription's: attributes is changed. */
int sns_subscription_attribute(struct request *r, const struct sns_topic *t,
    const char *endpoint, const char *name, const char *value, bool subscribe,
    cJSON *attributes);
/* Its filter policy with its scope, once both are known. */
int sns_check_filter(
    struct request *r, const cJSON *attributes, bool subscribe);
void sns_subscription_print(
    struct request *r, const struct sns_subscription *s);
/* The delivery policy that holds: healthyRetryPolicy as JSON text, and the
 * content type of posts. */
void sns_delivery(struct store *store, const struct sns_subscription *s,
    struct buf *retry, struct buf *content_type);
/* An attribute's text, or NULL. */
const char *sns_text(const cJSON *attributes, const char *name);
/* A given value as text, whatever it is; never NULL. */
const char *sns_given(struct request *r, struct json v);

/* sns_tag.c */
int sns_tag_resource(struct request *r);
int sns_untag_resource(struct request *r);
int sns_list_tags(struct request *r);
int sns_put_protection(struct request *r);
int sns_get_protection(struct request *r);
/* Tags as CreateTopic gives them: each key once, not too many; keep them;
 * does the topic have all of them? */
int sns_tags_check(struct request *r, struct json tags);
void sns_tags_put(struct request *r, int64_t topic_id, struct json tags);
bool sns_tags_have(struct request *r, int64_t topic_id, struct json tags);

/* sns_permission.c */
int sns_add_permission(struct request *r);
int sns_remove_permission(struct request *r);
/* The policy that a topic has when none was set. */
void sns_default_policy(
    const char *topic_arn, const char *account, struct buf *out);

/* sns_subscription.c */
int sns_subscribe(struct request *r);
int sns_confirm(struct request *r);
int sns_unsubscribe(struct request *r);
int sns_get_subscription(struct request *r);
int sns_set_subscription(struct request *r);
int sns_list_subscriptions(struct request *r);
int sns_list_by_topic(struct request *r);
/* The columns of a subscription, in the order sns_subscription_read wants. */
#define SNS_COLUMNS                                                           \
	"id, arn, topic_arn, protocol, endpoint, owner, principal,"           \
	" attributes, token, state, topic_id, token_until_ms, authenticated," \
	" keep"
void sns_subscription_read(sqlite3_stmt *q, struct sns_subscription *s);
void sns_subscription_clear(struct sns_subscription *s);

/* sns_endpoint.c: is it an endpoint of a protocol that there is? */
int sns_endpoint_check(struct request *r, const struct sns_topic *t,
    const char *protocol, const char *endpoint);
/* Has it to confirm that it wants to subscribe? */
bool sns_endpoint_confirms(const char *protocol);

/* sns_publish.c */
int sns_publish_one(struct request *r);
int sns_publish_batch(struct request *r);

/* sns_fan.c: what became of what was published, for the metrics. */
struct sns_tally {
	size_t published, delivered, failed, filtered, redriven, lost;
	struct metric_set bytes;
};
void sns_tally_count(
    struct lunad *l, const struct sns_topic *t, const struct sns_tally *tally);
/* To all who want it. */
void sns_fan_out(struct lunad *l, const char *base_url,
    const struct sns_topic *t, struct sns_message *m, struct sns_tally *tally);
/* SubscriptionConfirmation, or UnsubscribeConfirmation, by mail or post. */
void sns_ask(struct lunad *l, const struct sns_topic *t,
    const struct sns_subscription *s, bool leaving);

/* sns_message.c: a notification as JSON. */
void sns_notification(struct lunad *l, const char *base_url,
    const struct sns_topic *t, struct sns_message *m, const char *text,
    size_t len, const char *subscription_arn, enum sns_key key,
    struct buf *out);
/* The same of a (Un)SubscribeConfirmation. */
void sns_confirmation(struct lunad *l, const struct sns_topic *t,
    const struct sns_subscription *s, const char *message_id, bool leaving,
    struct buf *out);
/* A link that confirms. */
void sns_link(
    struct lunad *l, const struct sns_subscription *s, struct buf *out);

/* sns_sign.c: base64 of the signature of text, version 1 or 2. */
void sns_sign(struct lunad *l, enum sns_key which, const char *text, size_t len,
    int version, struct buf *out);
/* "….pem" after "SimpleNotificationService-"; what it has, or NULL. */
const char *sns_sign_name(struct lunad *l, enum sns_key which);
const char *sns_sign_certificate(struct lunad *l, const char *name);
void sns_sign_forget(void);

#endif
