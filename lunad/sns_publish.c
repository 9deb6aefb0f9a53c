/*
 * SNS: what is published, checked in AWS's words, numbered and kept from
 * repeating where the topic is FIFO.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "fault.h"
#include "mail.h"
#include "sns.h"
#include "sns_private.h"

#define DEDUP_MS ((int64_t)5 * 60 * 1000)
#define BATCH 10
#define ID_LEN 80

/* One message as it was asked for. */
struct entry {
	struct json in; /* of Publish, or of a batch's entry */
	size_t index;   /* in a batch, from 1; 0: no batch */
	const char *id; /* in a batch */
	struct sns_message m;
	size_t bytes; /* with its attributes */
	char message_id[37];
	char sequence[24];
	enum fault_entry fault;
};

static int bad_attribute(struct request *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int
bad_attribute(struct request *r, const char *format, ...)
{
	va_list args;
	char *text = NULL;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	fail(r, 400, "ParameterValueInvalid", "%s", text == NULL ? "" : text);
	free(text);
	return ANSWER_ERROR;
}

static int
check_attribute_name(struct request *r, const char *name, size_t len)
{
	if (len == 0 || len >= 256)
		return bad_attribute(r,
		    "Length of message attribute name must be less than 256 "
		    "bytes.");
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) &&
		    (name[i] == '\0' || strchr("-_.", name[i]) == NULL))
			return bad_attribute(r,
			    "Invalid non-alphanumeric character '#x%X' was "
			    "found in the message attribute name. Can only "
			    "include alphanumeric characters, hyphens, "
			    "underscores, or dots.",
			    (unsigned)(unsigned char)name[i]);
	if (name[0] == '.')
		return bad_attribute(r,
		    "Invalid message attribute name starting with character "
		    "'.' was found.");
	if (name[len - 1] == '.')
		return bad_attribute(r,
		    "Invalid message attribute name ending with character "
		    "'.' was found.");
	if (strstr(name, "..") != NULL)
		return bad_attribute(r,
		    "Message attribute name can not have successive '.' "
		    "character.");
	return 0;
}

static const char *
base_type(const char *type)
{
	static const char *const of[] = {"String", "Number", "Binary"};

	for (size_t i = 0; i < sizeof(of) / sizeof(*of); i++) {
		size_t n = strlen(of[i]);

		if (strncmp(type, of[i], n) == 0 &&
		    (type[n] == '\0' || type[n] == '.'))
			return of[i];
	}
	return NULL;
}

static int
check_attribute(struct request *r, const struct entry *e, const char *name,
    struct json v, size_t *bytes)
{
	struct json string = json_get(v, "StringValue");
	struct json binary = json_get(v, "BinaryValue");
	struct json value;
	const char *type = param_text(r, json_get(v, "DataType"), NULL), *base;
	size_t len = 0;

	if (type == NULL)
		return fail(r, 400, "ValidationError",
		    "1 validation error detected: Value null at '%s"
		    "messageAttributes.%s.member.dataType' failed to satisfy "
		    "constraint: Member must not be null",
		    e->index == 0
			? ""
			: request_format(r,
			      "publishBatchRequestEntries.%zu.member.",
			      e->index),
		    name);
	base = base_type(type);
	if (base == NULL)
		return bad_attribute(r,
		    "The message attribute '%s' has an invalid message "
		    "attribute type, the set of supported type prefixes is "
		    "Binary, Number, and String.",
		    name);
	value = base[0] == 'B' ? binary : string;
	if (value.type == JSON_NONE &&
	    (base[0] == 'B' ? string : binary).type != JSON_NONE)
		return bad_attribute(r,
		    "The message attribute '%s' with type '%s' must use field "
		    "'%s'.",
		    name, base, base[0] == 'B' ? "Binary" : "String");
	if (value.type != JSON_STRING || value.len <= 2)
		return bad_attribute(r,
		    "The message attribute '%s' must contain non-empty message "
		    "attribute value for message attribute type '%s'.",
		    name, base);
	param_text(r, value, &len);
	*bytes += strlen(type) + (base[0] == 'B' ? len / 4 * 3 : len);
	return 0;
}

static int
check_attributes(struct request *r, struct entry *e)
{
	struct json_iter it;
	struct json key, v;
	size_t len;

	json_members(e->m.attributes, &it);
	while (json_next(&it, &key, &v)) {
		const char *name = param_text(r, key, &len);

		if (check_attribute_name(r, name, len) < 0 ||
		    check_attribute(r, e, name, v, &e->bytes) < 0)
			return -1;
		e->bytes += len;
	}
	return 0;
}

/* MessageStructure json: a text for each protocol, and one for the rest. */
static int
read_structure(struct request *r, struct entry *e)
{
	const char *structure =
	    param_text(r, json_get(e->in, "MessageStructure"), NULL);
	struct sns_message *m = &e->m;
	struct json whole, text;

	if (structure == NULL || structure[0] == '\0')
		return 0;
	if (strcmp(structure, "json") != 0)
		return sns_invalid(
		    r, "MessageStructure Reason: %s is not json", structure);
	if (json_scan(m->text, m->len, &whole, NULL) != 0)
		return sns_invalid(
		    r, "Message Structure - JSON message body failed to parse");
	text = json_get(whole, "default");
	if (text.type != JSON_STRING)
		return sns_invalid(r,
		    "Message Structure - No default entry in JSON message "
		    "body");
	m->by_protocol = whole;
	m->text = param_text(r, text, &m->len);
	return 0;
}

static int
check_order(struct request *r, const struct sns_topic *t, struct entry *e)
{
	struct sns_message *m = &e->m;

	if (!t->fifo) {
		if (m->dedup != NULL)
			return sns_invalid(r,
			    "MessageDeduplicationId Reason: The request "
			    "includes MessageDeduplicationId parameter that is "
			    "not valid for this topic type");
		return 0;
	}
	if (m->group == NULL)
		return sns_invalid(r,
		    "The MessageGroupId parameter is required for FIFO topics");
	if (m->dedup == NULL && !t->content_dedup)
		return sns_invalid(r,
		    "The topic should either have ContentBasedDeduplication "
		    "enabled or MessageDeduplicationId provided explicitly");
	return 0;
}

static const char *
text_or_null(struct request *r, struct json in, const char *name)
{
	const char *text = param_text(r, json_get(in, name), NULL);

	return text == NULL || text[0] == '\0' ? NULL : text;
}

static size_t
characters(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

/* Fill e from what was asked; all that can be refused is refused here. */
static int
read_entry(struct request *r, const struct sns_topic *t, struct entry *e)
{
	struct sns_message *m = &e->m;
	struct json subject = json_get(e->in, "Subject");
	size_t whole;

	m->now_ms = r->now_ms;
	m->text = param_text(r, json_get(e->in, "Message"), &m->len);
	if (m->text == NULL || m->len == 0)
		return sns_invalid(r, "Empty message");
	whole = m->len;
	m->attributes = json_get(e->in, "MessageAttributes");
	m->group = text_or_null(r, e->in, "MessageGroupId");
	m->dedup = text_or_null(r, e->in, "MessageDeduplicationId");
	e->bytes = m->len;
	if (subject.type == JSON_STRING) {
		m->subject = param_text(r, subject, NULL);
		if (m->subject[0] == '\0' || characters(m->subject) > 100 ||
		    !mail_is_header(m->subject))
			return sns_invalid(r, "Subject");
	}
	if (check_order(r, t, e) < 0 || check_attributes(r, e) < 0)
		return -1;
	if (e->index == 0 && (int64_t)e->bytes > t->size)
		return sns_invalid(r, "Message too long");
	if (t->fifo && m->dedup == NULL) {
		char *hash = request_alloc(r, 2 * DIGEST_SHA256 + 1);

		digest_sha256_hex(m->text, whole, hash);
		m->dedup = hash;
	}
	return read_structure(r, e);
}

/* Number a message of a FIFO topic; true: it was sent a moment ago, with the
 * same ids. */
static bool
sent_before(struct request *r, const struct sns_topic *t, struct entry *e)
{
	const char *key =
	    t->group_scope ? request_format(r, "%s\n%s", e->m.dedup, e->m.group)
			   : e->m.dedup;
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT message_id, sequence FROM sns_sent"
	    " WHERE topic_id = ? AND dedup = ? AND until_ms > ?",
	    "iti", t->id, key, r->now_ms);
	bool before = store_next(q);

	if (before) {
		snprintf(e->message_id, sizeof(e->message_id), "%s",
		    store_text(q, 0));
		snprintf(
		    e->sequence, sizeof(e->sequence), "%s", store_text(q, 1));
	}
	store_end(q);
	if (before)
		return true;
	snprintf(e->sequence, sizeof(e->sequence), "1%019lld",
	    (long long)store_number(r->store, 0,
		"UPDATE sns_topic SET sequence = sequence + 4096 WHERE id = ?"
		" RETURNING sequence",
		"i", t->id));
	/* Two old ones go for each that comes. */
	store_do(r->store,
	    "DELETE FROM sns_sent WHERE (topic_id, dedup) IN (SELECT topic_id,"
	    " dedup FROM sns_sent WHERE until_ms <= ? LIMIT 2)",
	    "i", r->now_ms);
	store_do(r->store,
	    "INSERT OR REPLACE INTO sns_sent"
	    " (topic_id, dedup, message_id, sequence, until_ms)"
	    " VALUES (?, ?, ?, ?, ?)",
	    "ittti", t->id, key, e->message_id, e->sequence,
	    r->now_ms + DEDUP_MS);
	return false;
}

static void
send_entry(struct request *r, const struct sns_topic *t, struct entry *e,
    struct sns_tally *tally)
{
	struct metric_set *bytes = &tally->bytes;
	double size = (double)e->bytes;

	digest_uuid(e->message_id);
	if (t->fifo && sent_before(r, t, e))
		return;
	e->m.id = e->message_id;
	e->m.sequence = t->fifo ? e->sequence : NULL;
	tally->published++;
	bytes->least =
	    bytes->count == 0 || size < bytes->least ? size : bytes->least;
	bytes->greatest = size > bytes->greatest ? size : bytes->greatest;
	bytes->count++;
	bytes->sum += size;
	sns_fan_out(r->lunad,
	    r->base_url == NULL ? lunad_base_url(r->lunad) : r->base_url, t,
	    &e->m, tally);
}

static void
put_entry(struct request *r, const struct sns_topic *t, const struct entry *e)
{
	put_open(r->out, NULL, '{');
	if (e->id != NULL)
		put_text(r->out, "Id", e->id);
	put_text(r->out, "MessageId", e->message_id);
	if (t->fifo)
		put_text(r->out, "SequenceNumber", e->sequence);
	put_close(r->out, '}');
}

/* Publish may name its topic as TargetArn, or mean a telephone. */
static int
destination(struct request *r, struct sns_topic *t)
{
	const char *topic = param(r, "TopicArn"),
		   *other = param(r, "TargetArn");
	const char *phone = param(r, "PhoneNumber");

	if (topic == NULL && other == NULL && phone != NULL) {
		if (phone[0] != '+' || phone[1] == '\0' ||
		    phone[1 + strspn(phone + 1, "0123456789")] != '\0')
			return sns_invalid(r,
			    "PhoneNumber Reason: %s is not valid to publish to",
			    phone);
		return fail(r, 403, "AuthorizationError",
		    "lunad sends no text messages");
	}
	if (topic != NULL)
		return sns_topic_param(r, "TopicArn", t);
	if (other == NULL)
		return sns_invalid(r,
		    "TopicArn or TargetArn Reason: no value for required "
		    "parameter");
	if (strstr(other, ":endpoint/") != NULL)
		return sns_invalid(r,
		    "TargetArn Reason: No endpoint found for the target arn "
		    "specified");
	return sns_topic_param(r, "TargetArn", t);
}

int
sns_publish_one(struct request *r)
{
	struct sns_topic t;
	struct sns_tally tally = {0};
	struct entry e = {.in = r->in};

	if (destination(r, &t) < 0 || read_entry(r, &t, &e) < 0)
		return ANSWER_ERROR;
	send_entry(r, &t, &e, &tally);
	sns_tally_count(r->lunad, &t, &tally);
	put_entry(r, &t, &e);
	return ANSWER;
}

static int
check_ids(struct request *r, struct entry *e, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		e[i].id = sns_given(r, json_get(e[i].in, "Id"));
		for (size_t k = 0; k < i; k++)
			if (strcmp(e[i].id, e[k].id) == 0)
				return fail(r, 400, "BatchEntryIdsNotDistinct",
				    "Two or more batch entries in the request "
				    "have the same Id.");
	}
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(e[i].id);

		if (len > ID_LEN)
			return fail(r, 400, "InvalidBatchEntryId",
			    "The Id of a batch entry in the batch request is "
			    "too long: %s",
			    e[i].id);
		if (len == 0 ||
		    strspn(e[i].id,
			"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			"0123456789_-") != len)
			return fail(r, 400, "InvalidBatchEntryId",
			    "The Id of a batch entry in the batch request "
			    "contains an impermissible character: %s",
			    e[i].id);
	}
	return 0;
}

static void
put_refusal(struct request *r, const struct entry *e)
{
	bool later = e->fault == FAULT_LATER;
	put_open(r->out, NULL, '{');
	put_text(r->out, "Id", e->id);
	put_text(r->out, "Code", later ? "InternalError" : "InvalidParameter");
	put_text(r->out, "Message",
	    later ? "We encountered an internal error. Please try again."
		  : "Invalid parameter: Message Reason: refused on purpose "
		    "(--fault)");
	put_bool(r->out, "SenderFault", !later);
	put_close(r->out, '}');
}

/* An entry that breaks a rule refuses the whole request: so AWS answers even
 * a batch of one, where it had Failed to put it into. */
int
sns_publish_batch(struct request *r)
{
	struct json entries = param_json(r, "PublishBatchRequestEntries"), v;
	size_t count = json_count(entries), bytes = 0, i = 0;
	struct sns_tally tally = {0};
	struct sns_topic t;
	struct json_iter it;
	struct entry *e;

	if (sns_topic_param(r, "TopicArn", &t) < 0)
		return ANSWER_ERROR;
	if (entries.type != JSON_ARRAY || count == 0)
		return fail(r, 400, "EmptyBatchRequest",
		    "The batch request doesn't contain any entries.");
	if (count > BATCH)
		return fail(r, 400, "TooManyEntriesInBatchRequest",
		    "The batch request contains more entries than "
		    "permissible.");
	e = request_alloc(r, count * sizeof(*e));
	json_each(entries, &it);
	for (; json_next(&it, NULL, &v); i++) {
		e[i].in = v;
		e[i].index = i + 1;
	}
	if (check_ids(r, e, count) < 0)
		return ANSWER_ERROR;
	for (i = 0; i < count; i++) {
		if (read_entry(r, &t, &e[i]) < 0)
			return ANSWER_ERROR;
		bytes += e[i].bytes;
	}
	if ((int64_t)bytes > t.size)
		return fail(r, 400, "BatchRequestTooLong",
		    "The length of all the messages put together is more than "
		    "the limit.");
	put_open(r->out, NULL, '{');
	put_open(r->out, "Successful", '[');
	for (i = 0; i < count; i++) {
		e[i].fault = fault_entry(r, e[i].m.text, e[i].m.len);
		if (e[i].fault != FAULT_NONE)
			continue;
		send_entry(r, &t, &e[i], &tally);
		put_entry(r, &t, &e[i]);
	}
	put_close(r->out, ']');
	put_open(r->out, "Failed", '[');
	for (i = 0; i < count; i++)
		if (e[i].fault != FAULT_NONE)
			put_refusal(r, &e[i]);
	put_close(r->out, ']');
	put_close(r->out, '}');
	sns_tally_count(r->lunad, &t, &tally);
	return ANSWER;
}

int
sns_publish(struct lunad *l, const char *topic_arn, const char *subject,
    const char *message, size_t len)
{
	struct sns_topic t;
	struct sns_tally tally = {.published = 1,
	    .bytes = {1, (double)len, (double)len, (double)len}};
	struct sns_message m = {.subject = subject,
	    .text = message,
	    .len = len,
	    .now_ms = lunad_now(l)};
	char id[37];

	if (!sns_topic_find(lunad_store(l), topic_arn, &t) || t.fifo)
		return -1;
	digest_uuid(id);
	m.id = id;
	sns_fan_out(l, lunad_base_url(l), &t, &m, &tally);
	sns_tally_count(l, &t, &tally);
	return 0;
}
