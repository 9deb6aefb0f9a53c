/*
 * SQS queue attributes: what may be set, what a queue begins with, what it
 * answers.
 *
 * Source: Amazon SQS API Reference, SetQueueAttributes; texts as AWS
 * answered them.
 */
#include <stdlib.h>
#include <string.h>

#include "sqs_private.h"
#include "text.h"

enum kind { NUMBER, FLAG, CHOICE, JSON, REDRIVE, ALLOW, TEXT };

struct rule {
	const char *name;
	enum kind kind;
	bool fifo;             /* of FIFO queues alone */
	int64_t low, high;     /* NUMBER */
	const char *a, *b;     /* CHOICE */
	const char *otherwise; /* what a new queue has, or NULL */
};

static const struct rule rules[] = {
    {.name = "DelaySeconds", .high = 900, .otherwise = "0"},
    {.name = "MaximumMessageSize",
	.low = 1024,
	.high = SQS_MAX_BYTES,
	.otherwise = "1048576"},
    {.name = "MessageRetentionPeriod",
	.low = 60,
	.high = 1209600,
	.otherwise = "345600"},
    {.name = "ReceiveMessageWaitTimeSeconds", .high = 20, .otherwise = "0"},
    {.name = "VisibilityTimeout",
	.high = SQS_MAX_VISIBILITY_S,
	.otherwise = "30"},
    {.name = "SqsManagedSseEnabled", .kind = FLAG, .otherwise = "true"},
    {.name = "KmsMasterKeyId", .kind = TEXT},
    {.name = "KmsDataKeyReusePeriodSeconds", .low = 60, .high = 86400},
    {.name = "Policy", .kind = JSON},
    {.name = "RedrivePolicy", .kind = REDRIVE},
    {.name = "RedriveAllowPolicy", .kind = ALLOW},
    {.name = "FifoQueue", .kind = FLAG, .fifo = true, .otherwise = "true"},
    {.name = "ContentBasedDeduplication",
	.kind = FLAG,
	.fifo = true,
	.otherwise = "false"},
    {.name = "DeduplicationScope",
	.kind = CHOICE,
	.fifo = true,
	.a = "queue",
	.b = "messageGroup",
	.otherwise = "queue"},
    {.name = "FifoThroughputLimit",
	.kind = CHOICE,
	.fifo = true,
	.a = "perQueue",
	.b = "perMessageGroupId",
	.otherwise = "perQueue"},
    {.name = NULL},
};

/* Those that GetQueueAttributes computes. */
static const char *const computed[] = {"ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible", "CreatedTimestamp",
    "LastModifiedTimestamp", "QueueArn", NULL};

static const struct rule *
rule_of(const char *name)
{
	for (const struct rule *rule = rules; rule->name; rule++)
		if (strcmp(rule->name, name) == 0)
			return rule;
	return NULL;
}

static int
bad_value(const char *name, struct sqs_refusal *why)
{
	return sqs_refuse(why, 400, "InvalidAttributeValue",
	    "Invalid value for the parameter %s.", name);
}

static int
check_json(const char *name, const char *value, struct sqs_refusal *why)
{
	struct json v;

	if (json_scan(value, strlen(value), &v, NULL) != 0 ||
	    v.type != JSON_OBJECT)
		return bad_value(name, why);
	return 0;
}

static int
check_value(struct sqs_call *c, struct request *r, const struct sqs_queue *q,
    const struct rule *rule, const char *value, struct sqs_refusal *why)
{
	struct sqs_redrive redrive;
	int64_t n;

	switch (rule->kind) {
	case NUMBER:
		if (text_integer(value, rule->low, rule->high, &n) != 0)
			return bad_value(rule->name, why);
		return 0;
	case FLAG:
		if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
			return bad_value(rule->name, why);
		if (strcmp(rule->name, "FifoQueue") == 0 && *value == 'f')
			return sqs_refuse(why, 400, "InvalidAttributeValue",
			    "Invalid value for the parameter FifoQueue. "
			    "Reason: Modifying queue type is not supported.");
		return 0;
	case CHOICE:
		if (strcmp(value, rule->a) != 0 && strcmp(value, rule->b) != 0)
			return bad_value(rule->name, why);
		return 0;
	case JSON:
		return *value ? check_json(rule->name, value, why) : 0;
	case REDRIVE:
		return *value ? sqs_redrive_read(c, r, q, value, &redrive, why)
			      : 0;
	case ALLOW:
		return *value ? sqs_redrive_allow_check(r, value, why) : 0;
	case TEXT:
		return 0;
	}
	return 0;
}

static int
check_name(const struct sqs_queue *q, const char *name,
    const struct rule **rule, struct sqs_refusal *why)
{
	*rule = rule_of(name);
	if (*rule && (!(*rule)->fifo || q->fifo))
		return 0;
	if (*rule && (*rule)->kind == CHOICE)
		return sqs_refuse(why, 400, "InvalidAttributeName",
		    "You can specify the %s only when FifoQueue is set to "
		    "true.",
		    name);
	return sqs_refuse(
	    why, 400, "InvalidAttributeName", "Unknown Attribute %s.", name);
}

int
sqs_attribute_check(struct sqs_call *c, struct request *r,
    const struct sqs_queue *q, struct json attributes, struct sqs_refusal *why)
{
	struct json_iter it;
	struct json key, value;
	const char *name, *text, *kms = "";
	const struct rule *rule;
	bool managed = false;

	if (attributes.type != JSON_OBJECT)
		return 0;
	json_each(attributes, &it);
	while (json_next(&it, &key, &value)) {
		name = param_text(r, key, NULL);
		if (check_name(q, name, &rule, why) != 0)
			return -1;
		text = sqs_text(r, value, NULL);
		if (!text)
			return bad_value(name, why);
		if (check_value(c, r, q, rule, text, why) != 0)
			return -1;
		if (strcmp(name, "KmsMasterKeyId") == 0)
			kms = text;
		if (strcmp(name, "SqsManagedSseEnabled") == 0)
			managed = strcmp(text, "true") == 0;
	}
	if (*kms && managed)
		return sqs_refuse(why, 400, "InvalidAttributeName",
		    "You can use one type of server-side encryption (SSE) at "
		    "one time. You can either enable KMS SSE or SQS SSE.");
	return 0;
}

void
sqs_attribute_put(
    struct sqs_call *c, int64_t queue, const char *name, const char *value)
{
	if (*value)
		store_do(c->store,
		    "INSERT OR REPLACE INTO sqs_attribute VALUES(?, ?, ?)",
		    "itt", queue, name, value);
	else
		store_do(c->store,
		    "DELETE FROM sqs_attribute WHERE queue = ? AND name = ?",
		    "it", queue, name);
}

void
sqs_attribute_defaults(struct sqs_call *c, const struct sqs_queue *q)
{
	for (const struct rule *rule = rules; rule->name; rule++)
		if (rule->otherwise && (!rule->fifo || q->fifo))
			sqs_attribute_put(
			    c, q->id, rule->name, rule->otherwise);
}

static void
set_redrive(struct sqs_call *c, struct request *r, const struct sqs_queue *q,
    const char *value)
{
	struct sqs_refusal why = {0};
	struct sqs_redrive redrive = {0};

	if (*value && sqs_redrive_read(c, r, q, value, &redrive, &why) == 0)
		value = request_format(r,
		    "{\"deadLetterTargetArn\":\"%s\",\"maxReceiveCount\":%lld}",
		    redrive.target, (long long)redrive.max_receives);
	buf_clear(&why.message);
	sqs_attribute_put(c, q->id, "RedrivePolicy", value);
	store_do(c->store, "UPDATE sqs_queue SET dead_letter = ? WHERE id = ?",
	    "ti", redrive.target, q->id);
}

static void
set_one(struct sqs_call *c, struct request *r, const struct sqs_queue *q,
    const char *name, const char *value)
{
	static const char reuse[] = "KmsDataKeyReusePeriodSeconds";

	if (strcmp(name, "RedrivePolicy") == 0) {
		set_redrive(c, r, q, value);
		return;
	}
	sqs_attribute_put(c, q->id, name, value);
	if (strcmp(name, "KmsMasterKeyId") == 0) {
		sqs_attribute_put(c, q->id, "SqsManagedSseEnabled", "false");
		if (!*value)
			sqs_attribute_put(c, q->id, reuse, "");
		else
			store_do(c->store,
			    "INSERT OR IGNORE INTO sqs_attribute"
			    " VALUES(?, ?, '300')",
			    "it", q->id, reuse);
	}
	if (strcmp(name, "SqsManagedSseEnabled") == 0 && *value == 't') {
		sqs_attribute_put(c, q->id, "KmsMasterKeyId", "");
		sqs_attribute_put(c, q->id, reuse, "");
	}
}

void
sqs_attribute_set(struct sqs_call *c, struct request *r,
    const struct sqs_queue *q, struct json attributes)
{
	struct json_iter it;
	struct json key, value;

	if (attributes.type != JSON_OBJECT)
		return;
	json_each(attributes, &it);
	while (json_next(&it, &key, &value))
		set_one(c, r, q, param_text(r, key, NULL),
		    sqs_text(r, value, NULL));
	/* Without a key there is nothing to reuse. */
	store_do(c->store,
	    "DELETE FROM sqs_attribute WHERE queue = ?1"
	    " AND name = 'KmsDataKeyReusePeriodSeconds' AND NOT EXISTS("
	    "SELECT 1 FROM sqs_attribute WHERE queue = ?1"
	    " AND name = 'KmsMasterKeyId')",
	    "i", q->id);
}

const char *
sqs_attribute_differs(struct sqs_call *c, struct request *r,
    const struct sqs_queue *q, struct json attributes)
{
	struct sqs_refusal why = {0};
	struct sqs_redrive redrive;
	struct json_iter it;
	struct json key, value;
	const char *name, *text;

	if (attributes.type != JSON_OBJECT)
		return NULL;
	json_each(attributes, &it);
	while (json_next(&it, &key, &value)) {
		name = param_text(r, key, NULL);
		text = sqs_text(r, value, NULL);
		if (!text)
			return name;
		if (strcmp(name, "RedrivePolicy") == 0 && *text) {
			if (sqs_redrive_read(c, r, q, text, &redrive, &why) !=
				0 ||
			    !q->dead_letter ||
			    strcmp(redrive.target, q->dead_letter) != 0 ||
			    redrive.max_receives != q->max_receives) {
				buf_clear(&why.message);
				return name;
			}
			continue;
		}
		if (!store_number(c->store, *text == '\0',
			"SELECT value = ? FROM sqs_attribute"
			" WHERE queue = ? AND name = ?",
			"tit", text, q->id, name))
			return name;
	}
	return NULL;
}

int
sqs_set_attributes(struct request *r)
{
	struct sqs_call c;
	struct sqs_refusal why = {0};
	struct json attributes = param_json(r, "Attributes");
	struct sqs_queue *q;

	sqs_begin(&c, r);
	q = sqs_queue_asked(&c, r);
	if (!q)
		return ANSWER_ERROR;
	if (attributes.type != JSON_OBJECT)
		return fail(r, 400, "MissingRequiredParameterException",
		    "The request must contain the parameter Attributes.");
	if (sqs_attribute_check(&c, r, q, attributes, &why) != 0)
		return sqs_fail(r, &why);
	sqs_attribute_set(&c, r, q, attributes);
	/* FIFO: a new delay holds for the messages that are there. */
	if (q->fifo)
		store_do(c.store,
		    "UPDATE sqs_hidden SET visible_at = (SELECT sent_at"
		    " FROM sqs_message m WHERE m.id = sqs_hidden.id) + 1000 *"
		    " (SELECT value FROM sqs_attribute WHERE queue = ?1"
		    " AND name = 'DelaySeconds')"
		    " WHERE queue = ?1 AND received = 0",
		    "i", q->id);
	store_do(c.store, "UPDATE sqs_queue SET modified_at = ? WHERE id = ?",
	    "ii", c.now_ms, q->id);
	sqs_queue_used(&c, q);
	sqs_queue_stale(q);
	return sqs_end(&c, ANSWER);
}

/* Which attributes are asked for: a bit for each rule, then each computed. */
static int
asked(struct request *r, struct json names, uint32_t *set)
{
	struct json_iter it;
	struct json name;
	const char *text;
	unsigned at;

	*set = 0;
	json_each(names, &it);
	while (json_next(&it, NULL, &name)) {
		text = sqs_text(r, name, NULL);
		if (text && strcmp(text, "All") == 0) {
			*set = UINT32_MAX;
			continue;
		}
		at = 0;
		for (const struct rule *rule = rules; rule->name; rule++, at++)
			if (text && strcmp(rule->name, text) == 0)
				break;
		if (!rules[at].name)
			for (const char *const *p = computed; *p; p++, at++)
				if (text && strcmp(*p, text) == 0)
					break;
		if (at == sizeof rules / sizeof *rules - 1 +
			      sizeof computed / sizeof *computed - 1)
			return fail(r, 400, "InvalidAttributeName",
			    "Unknown Attribute %s.", text ? text : "");
		*set |= (uint32_t)1 << at;
	}
	return ANSWER;
}

static void
put_number(struct request *r, const char *name, int64_t value)
{
	put_text(r->out, name, request_format(r, "%lld", (long long)value));
}

static void
put_attributes(
    struct sqs_call *c, struct request *r, struct sqs_queue *q, uint32_t set)
{
	const unsigned base = sizeof rules / sizeof *rules - 1;
	const struct sqs_depth *d = &q->depth;
	sqlite3_stmt *row;

	for (unsigned i = 0; computed[i]; i++) {
		const int64_t value[] = {d->visible, d->delayed, d->hidden,
		    q->created_at / 1000, q->modified_at / 1000};

		if (!(set & (uint32_t)1 << (base + i)))
			continue;
		if (i < sizeof value / sizeof *value)
			put_number(r, computed[i], value[i]);
		else
			put_text(r->out, computed[i], sqs_queue_arn(r, q));
	}
	for (unsigned i = 0; rules[i].name; i++) {
		if (!(set & (uint32_t)1 << i))
			continue;
		row = store_query(c->store,
		    "SELECT value FROM sqs_attribute"
		    " WHERE queue = ? AND name = ?",
		    "it", q->id, rules[i].name);
		if (store_next(row))
			put_text(r->out, rules[i].name, store_text(row, 0));
		store_end(row);
	}
}

int
sqs_get_attributes(struct request *r)
{
	struct sqs_call c;
	struct sqs_queue *q;
	struct buf *out = r->out;
	uint32_t set;
	size_t before;

	sqs_begin(&c, r);
	q = sqs_queue_asked(&c, r);
	if (!q || asked(r, param_json(r, "AttributeNames"), &set) != ANSWER)
		return ANSWER_ERROR;
	sqs_message_settle(&c, q);
	sqs_queue_used(&c, q);
	put_open(out, NULL, '{');
	before = out->len;
	put_open(out, "Attributes", '{');
	put_attributes(&c, r, q, set);
	put_close(out, '}');
	/* AWS leaves an empty map out. */
	if (out->data[out->len - 2] == '{')
		out->len = before;
	put_close(out, '}');
	return sqs_end(&c, ANSWER);
}
