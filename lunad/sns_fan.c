/*
 * SNS: each message to each subscription that wants it. A queue has it when
 * the request is done; mail and posts are queued (deliver.h).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deliver.h"
#include "digest.h"
#include "mail.h"
#include "mem.h"
#include "metric.h"
#include "sns.h"
#include "sns_filter.h"
#include "sns_private.h"
#include "sqs.h"
#include "text.h"

#define SENDER "no-reply@sns.amazonaws.com"

/* Filter policies as read, by their text: a policy is what it says. */
#define FILTERS 1024
static struct {
	char *text;
	bool body;
	struct sns_filter *filter;
} filters[FILTERS];

/* A subscription as delivery reads it: the columns of a row. */
struct target {
	int64_t id;
	const char *arn, *protocol, *endpoint, *filter, *dead_letter;
	bool raw, body_scope;
};

static const struct sns_filter *
filter_of(const struct target *to)
{
	size_t i = (size_t)to->id % FILTERS;
	struct buf why = {0};

	if (filters[i].text != NULL && filters[i].body == to->body_scope &&
	    strcmp(filters[i].text, to->filter) == 0)
		return filters[i].filter;
	sns_filter_free(filters[i].filter);
	free(filters[i].text);
	filters[i].text = mem_text(to->filter);
	filters[i].body = to->body_scope;
	filters[i].filter = sns_filter_new(
	    to->filter, strlen(to->filter), to->body_scope, &why);
	buf_clear(&why);
	return filters[i].filter;
}

static bool
wanted(const struct target *to, const struct sns_message *m, const char *text,
    size_t len)
{
	const struct sns_filter *f;

	if (to->filter == NULL)
		return true;
	f = filter_of(to);
	if (f == NULL)
		return false;
	return to->body_scope ? sns_filter_body(f, text, len)
			      : sns_filter_attributes(f, m->attributes);
}

static bool
is_fifo(const char *queue_arn)
{
	size_t len = strlen(queue_arn);

	return len > 5 && strcmp(queue_arn + len - 5, ".fifo") == 0;
}

static int
to_queue(struct lunad *l, const struct sns_topic *t,
    const struct sns_message *m, const char *queue_arn, bool raw,
    const struct buf *body)
{
	char *attributes = NULL;
	bool fifo = is_fifo(queue_arn);
	int failed;

	if (raw && json_count(m->attributes) > 0)
		attributes = mem_text_of(m->attributes.at, m->attributes.len);
	failed = sqs_accept(l, queue_arn, buf_text(body), body->len, attributes,
	    fifo || !t->fifo ? m->group : NULL, fifo ? m->dedup : NULL);
	free(attributes);
	return failed;
}

/* The topic's DisplayName and the sender's address, for mail. */
static void
add_sender(struct lunad *l, const struct sns_topic *t, struct buf *out)
{
	sqlite3_stmt *q = store_query(lunad_store(l),
	    "SELECT attributes FROM sns_topic WHERE id = ?", "i", t->id);
	cJSON *attributes = NULL;
	const char *name = NULL;

	if (store_next(q))
		attributes =
		    json_tree(store_text(q, 0), strlen(store_text(q, 0)), NULL);
	store_end(q);
	name = sns_text(attributes, "DisplayName");
	if (name == NULL || strpbrk(name, "\"\\<>") != NULL ||
	    text_rfc2047(name, strlen(name), out) != 0)
		buf_add_text(out, "AWS Notifications");
	else if (strpbrk(name, "()[]:;@,.") != NULL) {
		buf_reset(out);
		buf_addf(out, "\"%s\"", name);
	}
	buf_add_text(out, " <" SENDER ">");
	cJSON_Delete(attributes);
}

static void
send_mail(struct lunad *l, const struct sns_topic *t, const char *to,
    const char *subject, const char *message_id, const struct buf *text)
{
	struct buf from = {0}, mail = {0}, id = {0}, note = {0};
	char unique[37];
	struct mail m = {.date_ms = lunad_now(l),
	    .to = to,
	    .subject = subject,
	    .text = buf_text(text),
	    .text_len = text->len};

	digest_uuid(unique);
	buf_addf(
	    &id, "%s-%.8s@%s.sns.amazonaws.com", message_id, unique, t->region);
	m.id = buf_text(&id);
	add_sender(l, t, &from);
	m.from = buf_text(&from);
	mail_write(&m, &mail);
	buf_add_text(&note, "sns {");
	put_text(&note, "topic", t->arn);
	buf_add_char(&note, '}');
	deliver_mail(l, buf_text(&note), SENDER, to, mail.data, mail.len);
	buf_clear(&from);
	buf_clear(&mail);
	buf_clear(&id);
	buf_clear(&note);
}

static void
to_mailbox(struct lunad *l, const char *base_url, const struct sns_topic *t,
    struct sns_message *m, const struct target *to, const struct buf *body)
{
	struct buf text = {0};

	buf_add(&text, body->data, body->len);
	if (strcmp(to->protocol, "email") == 0)
		buf_addf(&text,
		    "\n\n--\nIf you wish to stop receiving notifications from "
		    "this topic, please click or visit the link below to "
		    "unsubscribe:\n"
		    "%s/?Action=Unsubscribe&SubscriptionArn=%s\n\n"
		    "Please do not reply directly to this email.\n",
		    base_url, to->arn);
	send_mail(l, t, to->endpoint,
	    m->subject == NULL ? "AWS Notification Message" : m->subject, m->id,
	    &text);
	buf_clear(&text);
}

static void
post(struct lunad *l, const struct sns_subscription *s, const char *type,
    const char *message_id, bool raw, const char *note, const struct buf *body)
{
	struct buf headers = {0}, retry = {0}, content_type = {0};
	bool notification = strcmp(type, "Notification") == 0;

	sns_delivery(lunad_store(l), s, &retry, &content_type);
	buf_addf(&headers,
	    "x-amz-sns-message-type: %s\nx-amz-sns-message-id: %s\n"
	    "x-amz-sns-topic-arn: %s\nContent-Type: %s\n"
	    "Accept-Encoding: gzip,deflate",
	    type, message_id, s->topic_arn,
	    notification ? buf_text(&content_type)
			 : "text/plain; charset=UTF-8");
	if (strcmp(type, "SubscriptionConfirmation") != 0)
		buf_addf(&headers, "\nx-amz-sns-subscription-arn: %s", s->arn);
	if (raw)
		buf_add_text(&headers, "\nx-amz-sns-rawdelivery: true");
	deliver_http(l, note, s->endpoint, buf_text(&headers), buf_text(body),
	    body->len, buf_text(&retry));
	buf_clear(&headers);
	buf_clear(&retry);
	buf_clear(&content_type);
}

static void
to_url(struct lunad *l, const struct sns_topic *t, const struct sns_message *m,
    const struct target *to, const struct buf *body)
{
	struct buf note = {0};
	struct sns_subscription s = {0};
	sqlite3_stmt *q = store_query(lunad_store(l),
	    "SELECT " SNS_COLUMNS " FROM sns_subscription WHERE id = ?", "i",
	    to->id);

	if (store_next(q))
		sns_subscription_read(q, &s);
	store_end(q);
	buf_add_text(&note, "sns {");
	put_text(&note, "topic", t->arn);
	if (to->dead_letter != NULL) {
		put_text(&note, "dead_letter", to->dead_letter);
		if (m->group != NULL)
			put_text(&note, "group", m->group);
		if (to->raw && json_count(m->attributes) > 0)
			put_raw(&note, "attributes", m->attributes.at,
			    m->attributes.len);
	}
	buf_add_char(&note, '}');
	post(l, &s, "Notification", m->id, to->raw, buf_text(&note), body);
	sns_subscription_clear(&s);
	buf_clear(&note);
}

/* What could not be delivered goes to the subscription's dead-letter queue. */
static void
to_dead_letter(struct lunad *l, const struct sns_topic *t,
    const struct sns_message *m, const struct target *to,
    const struct buf *body, struct sns_tally *tally)
{
	tally->failed++;
	if (to->dead_letter == NULL)
		return;
	if (to_queue(l, t, m, to->dead_letter, to->raw, body) == 0)
		tally->redriven++;
	else
		tally->lost++;
}

static void
deliver_one(struct lunad *l, const char *base_url, const struct sns_topic *t,
    struct sns_message *m, const struct target *to, struct sns_tally *tally)
{
	struct json own = json_get(m->by_protocol, to->protocol);
	bool queue = strcmp(to->protocol, "sqs") == 0;
	const char *text = m->text;
	size_t len = m->len;
	struct buf other = {0}, body = {0};

	if (own.type == JSON_STRING && json_text(own, &other, NULL) == 0) {
		text = buf_text(&other);
		len = other.len;
	}
	if (!wanted(to, m, text, len)) {
		tally->filtered++;
		goto out;
	}
	if (to->raw || strcmp(to->protocol, "email") == 0)
		buf_add(&body, text, len);
	else
		sns_notification(l, base_url, t, m, text, len, to->arn,
		    queue ? SNS_QUICK : SNS_PLAIN, &body);
	if (queue) {
		if (to_queue(l, t, m, to->endpoint, to->raw, &body) == 0)
			tally->delivered++;
		else
			to_dead_letter(l, t, m, to, &body, tally);
	} else if (strncmp(to->protocol, "email", 5) == 0) {
		to_mailbox(l, base_url, t, m, to, &body);
	} else if (strncmp(to->protocol, "http", 4) == 0) {
		to_url(l, t, m, to, &body);
	} else {
		to_dead_letter(l, t, m, to, &body, tally);
	}
out:
	/* A signature may be of a text that is no more. */
	for (size_t i = 0; text != m->text && i < SNS_KEYS; i++)
		m->signature[i].of = NULL;
	buf_clear(&other);
	buf_clear(&body);
}

void
sns_fan_out(struct lunad *l, const char *base_url, const struct sns_topic *t,
    struct sns_message *m, struct sns_tally *tally)
{
	sqlite3_stmt *q = store_query(lunad_store(l),
	    "SELECT id, arn, protocol, endpoint, raw, filter, body_scope,"
	    " dead_letter FROM sns_subscription"
	    " WHERE topic_id = ? AND state = 1 ORDER BY id",
	    "i", t->id);

	while (store_next(q)) {
		struct target to = {
		    .id = store_int(q, 0),
		    .arn = store_text(q, 1),
		    .protocol = store_text(q, 2),
		    .endpoint = store_text(q, 3),
		    .raw = store_int(q, 4) != 0,
		    .filter = store_null(q, 5) ? NULL : store_text(q, 5),
		    .body_scope = store_int(q, 6) != 0,
		    .dead_letter = store_null(q, 7) ? NULL : store_text(q, 7),
		};

		deliver_one(l, base_url, t, m, &to, tally);
	}
	store_end(q);
	for (size_t i = 0; i < SNS_KEYS; i++) {
		buf_clear(&m->signature[i].base64);
		m->signature[i].of = NULL;
	}
}

static void
count_all(
    struct lunad *l, const struct sns_topic *t, const char *name, size_t n)
{
	if (n > 0)
		sns_count(l, t, name, (double)n, "Count");
}

void
sns_tally_count(
    struct lunad *l, const struct sns_topic *t, const struct sns_tally *tally)
{
	char dimension[SNS_ARN + 16];

	count_all(l, t, "NumberOfMessagesPublished", tally->published);
	count_all(l, t, "NumberOfNotificationsDelivered", tally->delivered);
	count_all(l, t, "NumberOfNotificationsFailed", tally->failed);
	count_all(l, t, "NumberOfNotificationsFilteredOut", tally->filtered);
	count_all(l, t, "NumberOfNotificationsRedrivenToDlq", tally->redriven);
	count_all(
	    l, t, "NumberOfNotificationsFailedToRedriveToDlq", tally->lost);
	if (tally->published == 0)
		return;
	snprintf(dimension, sizeof(dimension), "TopicName=%s", t->name);
	metric_add_set(l, t->region, "AWS/SNS", "PublishSize", dimension,
	    &tally->bytes, "Bytes", lunad_now(l));
}

void
sns_settled(struct lunad *l, const char *note, bool delivered, const char *body,
    size_t len)
{
	struct json n;
	struct sns_topic t;
	struct sns_tally tally = {.delivered = delivered, .failed = !delivered};
	char *arn, *dead_letter, *group, *attributes = NULL;

	if (json_scan(note, strlen(note), &n, NULL) != 0)
		return;
	arn = json_dup(json_get(n, "topic"));
	dead_letter = json_dup(json_get(n, "dead_letter"));
	group = json_dup(json_get(n, "group"));
	if (json_get(n, "attributes").type == JSON_OBJECT)
		attributes = json_source(json_get(n, "attributes"));
	if (!delivered && dead_letter != NULL) {
		if (sqs_accept(l, dead_letter, body, len, attributes, group,
			NULL) == 0)
			tally.redriven = 1;
		else
			tally.lost = 1;
	}
	if (arn != NULL && sns_topic_find(lunad_store(l), arn, &t))
		sns_tally_count(l, &t, &tally);
	free(arn);
	free(dead_letter);
	free(group);
	free(attributes);
}

/* The mail whose link confirms. */
static void
ask_by_mail(struct lunad *l, const struct sns_topic *t,
    const struct sns_subscription *s, const char *message_id,
    const struct buf *confirmation)
{
	struct buf text = {0};

	if (strcmp(s->protocol, "email-json") == 0) {
		buf_add(&text, confirmation->data, confirmation->len);
	} else {
		buf_addf(&text,
		    "You have chosen to subscribe to the topic:\n%s\n\n"
		    "To confirm this subscription, click or visit the link "
		    "below (If this was in error no action is necessary):\n",
		    s->topic_arn);
		sns_link(l, s, &text);
		buf_add_text(
		    &text, "\n\nPlease do not reply directly to this email.\n");
	}
	send_mail(l, t, s->endpoint,
	    "AWS Notification - Subscription Confirmation", message_id, &text);
	buf_clear(&text);
}

void
sns_ask(struct lunad *l, const struct sns_topic *t,
    const struct sns_subscription *s, bool leaving)
{
	struct buf confirmation = {0};
	char message_id[37];

	digest_uuid(message_id);
	sns_confirmation(l, t, s, message_id, leaving, &confirmation);
	if (strncmp(s->protocol, "email", 5) == 0)
		ask_by_mail(l, t, s, message_id, &confirmation);
	else
		post(l, s,
		    leaving ? "UnsubscribeConfirmation"
			    : "SubscriptionConfirmation",
		    message_id, false, NULL, &confirmation);
	buf_clear(&confirmation);
}
