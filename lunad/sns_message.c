/*
 * SNS: what subscribers get to read, in AWS's form: JSON of a line a member.
 */
#include <stdlib.h>
#include <string.h>

#include "sns_private.h"
#include "text.h"

static void
add(struct buf *out, const char *name, const char *value, size_t len)
{
	buf_add_text(out, out->len > 1 && out->data[out->len - 1] != '{'
			      ? ",\n  \""
			      : "\n  \"");
	buf_add_text(out, name);
	buf_add_text(out, "\" : ");
	text_json_string(value, len, out);
}

static void
add_text(struct buf *out, const char *name, const char *value)
{
	add(out, name, value, strlen(value));
}

/* A line of the name and one of the value, as they are signed. */
static void
sign_line(struct buf *to, const char *name, const char *value, size_t len)
{
	buf_add_text(to, name);
	buf_add_char(to, '\n');
	buf_add(to, value, len);
	buf_add_char(to, '\n');
}

static void
sign_text(struct buf *to, const char *name, const char *value)
{
	sign_line(to, name, value, strlen(value));
}

static void
add_signature(struct lunad *l, const char *base_url, enum sns_key key,
    int version, const struct buf *signature, struct buf *out)
{
	struct buf url = {0};

	add_text(out, "SignatureVersion", version == 2 ? "2" : "1");
	add_text(out, "Signature", buf_text(signature));
	buf_addf(&url, "%s/SimpleNotificationService-%s", base_url,
	    sns_sign_name(l, key));
	add_text(out, "SigningCertURL", buf_text(&url));
	buf_clear(&url);
}

/* The subscribers of one topic mostly read the same: it is signed once. */
static void
sign_notification(struct lunad *l, const struct sns_topic *t,
    struct sns_message *m, const char *text, size_t len, const char *time,
    enum sns_key key)
{
	struct buf lines = {0};

	if (m->signature[key].of == text)
		return;
	sign_line(&lines, "Message", text, len);
	sign_text(&lines, "MessageId", m->id);
	if (m->subject != NULL)
		sign_text(&lines, "Subject", m->subject);
	sign_text(&lines, "Timestamp", time);
	sign_text(&lines, "TopicArn", t->arn);
	sign_text(&lines, "Type", "Notification");
	buf_reset(&m->signature[key].base64);
	sns_sign(l, key, lines.data, lines.len, t->signature,
	    &m->signature[key].base64);
	m->signature[key].of = text;
	buf_clear(&lines);
}

static void
add_attributes(struct json attributes, struct buf *out)
{
	struct json_iter it;
	struct json name, v;
	bool first = true;

	json_members(attributes, &it);
	while (json_next(&it, &name, &v)) {
		struct json type = json_get(v, "DataType");
		struct json value = json_get(v, "StringValue");

		if (value.type == JSON_NONE)
			value = json_get(v, "BinaryValue");
		buf_add_text(out,
		    first ? ",\n  \"MessageAttributes\" : {\n    " : ",\n    ");
		first = false;
		buf_add(out, name.at, name.len);
		buf_add_text(out, " : {\"Type\":");
		buf_add(out, type.at, type.len);
		buf_add_text(out, ",\"Value\":");
		buf_add(out, value.at, value.len);
		buf_add_char(out, '}');
	}
	if (!first)
		buf_add_text(out, "\n  }");
}

void
sns_notification(struct lunad *l, const char *base_url,
    const struct sns_topic *t, struct sns_message *m, const char *text,
    size_t len, const char *subscription_arn, enum sns_key key, struct buf *out)
{
	char time[TEXT_ISO];
	struct buf url = {0};

	text_iso(m->now_ms, time);
	buf_add_char(out, '{');
	add_text(out, "Type", "Notification");
	add_text(out, "MessageId", m->id);
	if (m->sequence != NULL)
		add_text(out, "SequenceNumber", m->sequence);
	add_text(out, "TopicArn", t->arn);
	if (m->subject != NULL)
		add_text(out, "Subject", m->subject);
	add(out, "Message", text, len);
	add_text(out, "Timestamp", time);
	if (!t->fifo) {
		sign_notification(l, t, m, text, len, time, key);
		add_signature(l, base_url, key, t->signature,
		    &m->signature[key].base64, out);
	}
	buf_addf(&url, "%s/?Action=Unsubscribe&SubscriptionArn=%s", base_url,
	    subscription_arn);
	add_text(out, "UnsubscribeURL", buf_text(&url));
	buf_clear(&url);
	add_attributes(m->attributes, out);
	buf_add_text(out, "\n}");
}

void
sns_link(struct lunad *l, const struct sns_subscription *s, struct buf *out)
{
	buf_addf(out, "%s/?Action=ConfirmSubscription&TopicArn=%s&Token=%s",
	    lunad_base_url(l), s->topic_arn, s->token);
}

void
sns_confirmation(struct lunad *l, const struct sns_topic *t,
    const struct sns_subscription *s, const char *message_id, bool leaving,
    struct buf *out)
{
	const char *type =
	    leaving ? "UnsubscribeConfirmation" : "SubscriptionConfirmation";
	struct buf link = {0}, message = {0}, lines = {0}, signature = {0};
	char time[TEXT_ISO];

	text_iso(lunad_now(l), time);
	sns_link(l, s, &link);
	if (leaving)
		buf_addf(&message,
		    "You have chosen to deactivate subscription %s.\n"
		    "To cancel this operation and restore the subscription, "
		    "visit the SubscribeURL included in this message.",
		    s->arn);
	else
		buf_addf(&message,
		    "You have chosen to subscribe to the topic %s.\n"
		    "To confirm the subscription, visit the SubscribeURL "
		    "included in this message.",
		    s->topic_arn);
	sign_text(&lines, "Message", buf_text(&message));
	sign_text(&lines, "MessageId", message_id);
	sign_text(&lines, "SubscribeURL", buf_text(&link));
	sign_text(&lines, "Timestamp", time);
	sign_text(&lines, "Token", s->token);
	sign_text(&lines, "TopicArn", s->topic_arn);
	sign_text(&lines, "Type", type);
	sns_sign(l, SNS_PLAIN, lines.data, lines.len, t->signature, &signature);

	buf_add_char(out, '{');
	add_text(out, "Type", type);
	add_text(out, "MessageId", message_id);
	add_text(out, "Token", s->token);
	add_text(out, "TopicArn", s->topic_arn);
	add_text(out, "Message", buf_text(&message));
	add_text(out, "SubscribeURL", buf_text(&link));
	add_text(out, "Timestamp", time);
	add_signature(
	    l, lunad_base_url(l), SNS_PLAIN, t->signature, &signature, out);
	buf_add_text(out, "\n}");
	buf_clear(&link);
	buf_clear(&message);
	buf_clear(&lines);
	buf_clear(&signature);
}
