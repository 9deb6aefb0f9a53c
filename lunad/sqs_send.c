/*
 * SQS SendMessage and SendMessageBatch.
 */
#include <ctype.h>
#include <string.h>

#include "fault.h"
#include "sqs.h"
#include "sqs_private.h"
#include "text.h"

#define ID_MAX 128
#define SEQUENCE_BASE UINT64_C(10000000000000000000)

/* A message that was read and checked but is not in the queue yet. */
struct draft {
	struct sqs_message m;
	bool has_attributes, has_trace;
	char attributes_md5[2 * DIGEST_MD5 + 1];
	char trace_md5[2 * DIGEST_MD5 + 1];
};

struct parameters {
	struct json url, body, delay, attributes, system, group, dedup;
};

static void
read_parameters(struct json object, struct parameters *p)
{
	const struct sqs_field fields[] = {{"QueueUrl", &p->url},
	    {"MessageBody", &p->body}, {"DelaySeconds", &p->delay},
	    {"MessageAttributes", &p->attributes},
	    {"MessageSystemAttributes", &p->system},
	    {"MessageGroupId", &p->group},
	    {"MessageDeduplicationId", &p->dedup}, {0}};

	sqs_fields(object, fields);
}

static int
missing(const char *name, struct sqs_refusal *why)
{
	return sqs_refuse(why, 400, "MissingRequiredParameterException",
	    "The request must contain the parameter %s.", name);
}

static int
read_body(struct request *r, struct json body, struct sqs_message *m,
    struct sqs_refusal *why)
{
	struct buf text = {0};
	char bad[16], *copy;

	if (body.type != JSON_STRING || body.len == 2)
		return missing("MessageBody", why);
	m->body = body.at + 1;
	m->body_len = body.len - 2;
	if (memchr(m->body, '\\', m->body_len)) {
		if (json_text(body, &text, NULL) != 0) {
			buf_clear(&text);
			return sqs_refuse(why, 400, "InvalidMessageContents",
			    "The message body has half of a surrogate pair, "
			    "which is no character.");
		}
		copy = request_alloc(r, text.len + 1);
		memcpy(copy, buf_text(&text), text.len);
		m->body = copy;
		m->body_len = text.len;
		buf_clear(&text);
	}
	if (sqs_characters(m->body, m->body_len, bad) != 0)
		return sqs_refuse(why, 400, "InvalidMessageContents",
		    "Invalid binary character '%s' was found in the message "
		    "body, the set of allowed characters is #x9 | #xA | #xD | "
		    "[#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF].",
		    bad);
	digest_md5(m->body, m->body_len, m->md5);
	return 0;
}

static int
read_delay(struct request *r, const struct sqs_queue *q, struct json delay,
    struct sqs_message *m, struct sqs_refusal *why)
{
	int64_t s = q->delay_s;
	const char *text;

	if (delay.type != JSON_NONE && sqs_number(delay, 0, 900, &s) != 0) {
		text = sqs_text(r, delay, NULL);
		return sqs_refuse_value(why, text ? text : "", "DelaySeconds",
		    "DelaySeconds must be >= 0 and <= 900.");
	}
	if (q->fifo) {
		if (delay.type != JSON_NONE && s != 0)
			return sqs_refuse_value(why, sqs_text(r, delay, NULL),
			    "DelaySeconds",
			    "The request include parameter that is not valid "
			    "for this queue type.");
		s = q->delay_s;
	}
	m->delay_ms = s * 1000;
	return 0;
}

static bool
id_valid(const char *id, size_t len)
{
	if (len < 1 || len > ID_MAX || strlen(id) != len)
		return false;
	for (; *id; id++)
		if (!isalnum((unsigned char)*id) &&
		    !ispunct((unsigned char)*id))
			return false;
	return true;
}

static int
read_id(struct request *r, struct json v, const char *name, const char **id,
    struct sqs_refusal *why)
{
	size_t len;

	if (v.type == JSON_NONE)
		return 0;
	*id = sqs_text(r, v, &len);
	if (*id && id_valid(*id, len))
		return 0;
	return sqs_refuse_value(why, *id ? *id : "", name,
	    request_format(r,
		"%s can only include alphanumeric and punctuation characters. "
		"1 to 128 in length.",
		name));
}

static int
read_ids(struct request *r, const struct sqs_queue *q,
    const struct parameters *p, struct sqs_message *m, struct sqs_refusal *why)
{
	char *hash;

	if (read_id(r, p->group, "MessageGroupId", &m->group, why) != 0 ||
	    read_id(r, p->dedup, "MessageDeduplicationId", &m->dedup, why) != 0)
		return -1;
	if (!q->fifo) {
		if (!m->dedup)
			return 0;
		return sqs_refuse_value(why, m->dedup, "MessageDeduplicationId",
		    "The request include parameter that is not valid for this "
		    "queue type.");
	}
	if (!m->group)
		return missing("MessageGroupId", why);
	if (m->dedup)
		return 0;
	if (!q->content_dedup)
		return sqs_refuse(why, 400, "InvalidParameterValueException",
		    "The queue should either have ContentBasedDeduplication "
		    "enabled or MessageDeduplicationId provided explicitly");
	hash = request_alloc(r, 2 * DIGEST_SHA256 + 1);
	digest_sha256_hex(m->body, m->body_len, hash);
	m->dedup = hash;
	return 0;
}

static int
read_attributes(struct request *r, const struct parameters *p, struct draft *d,
    struct sqs_refusal *why)
{
	struct sqs_values v;
	struct buf json = {0};

	if (sqs_values_read(r, p->attributes, false, &v, why) != 0)
		return -1;
	d->m.bytes = (int64_t)(d->m.body_len + v.bytes);
	d->has_attributes = v.count > 0;
	if (v.count) {
		sqs_values_md5(&v, d->attributes_md5);
		sqs_values_json(&v, &json);
		d->m.attributes = request_format(r, "%s", buf_text(&json));
		buf_clear(&json);
	}
	if (sqs_values_read(r, p->system, true, &v, why) != 0)
		return -1;
	d->has_trace = v.count > 0;
	if (v.count) {
		sqs_values_md5(&v, d->trace_md5);
		d->m.trace = v.at[0].value;
	}
	return 0;
}

static int
read_draft(struct request *r, const struct sqs_queue *q,
    const struct parameters *p, struct draft *d, struct sqs_refusal *why)
{
	*d = (struct draft){.m.sent_at = r->now_ms};
	if (read_body(r, p->body, &d->m, why) != 0 ||
	    read_delay(r, q, p->delay, &d->m, why) != 0 ||
	    read_attributes(r, p, d, why) != 0)
		return -1;
	return read_ids(r, q, p, &d->m, why);
}

/* sentence: how a single call and a batch begin it. */
static int
check_size(const struct sqs_queue *q, const struct sqs_message *m,
    const char *sentence, struct sqs_refusal *why)
{
	if (m->bytes <= q->max_bytes)
		return 0;
	return sqs_refuse(why, 400, "InvalidParameterValueException",
	    "One or more parameters %s. Reason: Message must be shorter than "
	    "%lld bytes.",
	    sentence, (long long)q->max_bytes);
}

static void
count_sent(struct sqs_call *c, struct sqs_queue *q, int64_t bytes)
{
	struct sqs_depth *d = sqs_queue_depth(c, q);

	if (d->sent == 0 || bytes < d->least)
		d->least = bytes;
	if (d->sent == 0 || bytes > d->most)
		d->most = bytes;
	d->sent++;
	d->bytes += bytes;
}

/* Put it, unless it is a duplicate, and write what the reply says of it. */
static void
send_draft(
    struct sqs_call *c, struct request *r, struct sqs_queue *q, struct draft *d)
{
	struct buf *out = r->out;
	char uuid[37], md5[2 * DIGEST_MD5 + 1];
	struct buf hex = {0};
	int64_t id = 0;

	if (!q->fifo || !sqs_fifo_duplicate(c, q, &d->m, &id)) {
		digest_random(d->m.uuid, sizeof d->m.uuid);
		d->m.uuid[6] = (uint8_t)((d->m.uuid[6] & 0x0f) | 0x40);
		d->m.uuid[8] = (uint8_t)((d->m.uuid[8] & 0x3f) | 0x80);
		id = sqs_message_put(c, q, &d->m);
		if (q->fifo)
			sqs_fifo_remember(c, q, &d->m, id);
	}
	count_sent(c, q, d->m.bytes);
	text_hex(d->m.md5, sizeof d->m.md5, &hex);
	memcpy(md5, buf_text(&hex), sizeof md5);
	buf_clear(&hex);
	sqs_uuid_text(d->m.uuid, uuid);
	put_text(out, "MD5OfMessageBody", md5);
	if (d->has_attributes)
		put_text(out, "MD5OfMessageAttributes", d->attributes_md5);
	if (d->has_trace)
		put_text(out, "MD5OfMessageSystemAttributes", d->trace_md5);
	put_text(out, "MessageId", uuid);
	if (q->fifo)
		put_text(out, "SequenceNumber",
		    request_format(r, "%llu",
			(unsigned long long)(SEQUENCE_BASE +
					     (uint64_t)(id &
							SQS_SEQUENCE_MASK))));
}

int
sqs_send_message(struct request *r)
{
	struct sqs_call c;
	struct sqs_refusal why = {0};
	struct parameters p;
	struct sqs_queue *q;
	struct draft d;

	sqs_begin(&c, r);
	read_parameters(r->in, &p);
	q = sqs_queue_of(&c, r, p.url);
	if (!q)
		return ANSWER_ERROR;
	if (read_draft(r, q, &p, &d, &why) != 0 ||
	    check_size(q, &d.m, "are invalid", &why) != 0)
		return sqs_fail(r, &why);
	put_open(r->out, NULL, '{');
	send_draft(&c, r, q, &d);
	put_close(r->out, '}');
	return sqs_end(&c, ANSWER);
}

static int
check_fault(struct request *r, const struct draft *d, struct sqs_refusal *why)
{
	switch (fault_entry(r, d->m.body, d->m.body_len)) {
	case FAULT_LATER:
		return sqs_refuse(why, 503, "InternalError",
		    "We encountered an internal error. Please try again.");
	case FAULT_NEVER:
		return sqs_refuse(why, 400, "InvalidMessageContents",
		    "The message was refused on purpose (--fault).");
	case FAULT_NONE:
		break;
	}
	return 0;
}

/* Read all entries; those refused for themselves have a refusal, and -1 is
 * for what refuses the whole batch. */
static int
read_batch(struct request *r, const struct sqs_queue *q,
    const struct sqs_entry *entry, size_t count, struct draft *d,
    struct sqs_refusal *why)
{
	int64_t bytes = 0;

	for (size_t i = 0; i < count; i++) {
		struct parameters p;

		read_parameters(entry[i].all, &p);
		if (read_draft(r, q, &p, &d[i], &why[i]) == 0 &&
		    check_size(q, &d[i].m, "cannot be validated", &why[i]) == 0)
			check_fault(r, &d[i], &why[i]);
		bytes += d[i].m.bytes;
		if (q->fifo && why[i].code && d[i].m.body &&
		    (!d[i].m.group || !d[i].m.dedup)) {
			why[i].code = "InvalidParameterValueException";
			return sqs_fail(r, &why[i]);
		}
	}
	if (bytes > SQS_MAX_BYTES)
		return fail(r, 400, "BatchRequestTooLong",
		    "Batch requests cannot be longer than %d bytes. You have "
		    "sent %lld bytes.",
		    SQS_MAX_BYTES, (long long)bytes);
	return ANSWER;
}

int
sqs_send_batch(struct request *r)
{
	struct sqs_call c;
	struct sqs_entry entry[SQS_BATCH];
	struct draft d[SQS_BATCH] = {0};
	struct sqs_refusal why[SQS_BATCH] = {0};
	struct buf failed = {0};
	struct sqs_queue *q;
	size_t count;

	sqs_begin(&c, r);
	q = sqs_queue_asked(&c, r);
	if (!q || sqs_batch_read(r, entry, &count) != ANSWER)
		return ANSWER_ERROR;
	if (read_batch(r, q, entry, count, d, why) != ANSWER) {
		for (size_t i = 0; i < count; i++)
			buf_clear(&why[i].message);
		return ANSWER_ERROR;
	}
	put_open(r->out, NULL, '{');
	put_open(r->out, "Successful", '[');
	for (size_t i = 0; i < count; i++) {
		if (why[i].code) {
			sqs_batch_failed(&failed, &entry[i], &why[i]);
			continue;
		}
		put_open(r->out, NULL, '{');
		put_text(r->out, "Id", entry[i].id_text);
		send_draft(&c, r, q, &d[i]);
		put_close(r->out, '}');
	}
	sqs_batch_end(r, &failed);
	return sqs_end(&c, ANSWER);
}

/* As SendMessage does it: one set of checks for all who send. */
int
sqs_accept(struct lunad *l, const char *queue_arn, const char *body, size_t len,
    const char *attributes, const char *group, const char *dedup)
{
	struct sqs_call c = {
	    .lunad = l, .store = lunad_store(l), .now_ms = lunad_now(l)};
	struct sqs_queue *q = sqs_queue_of_arn(&c, queue_arn);
	struct buf params = {0}, out = {0};
	int status;

	if (!q)
		return -1;
	put_open(&params, NULL, '{');
	put_text(&params, "QueueUrl", q->name);
	put_textn(&params, "MessageBody", body, len);
	if (attributes)
		put_raw(&params, "MessageAttributes", attributes,
		    strlen(attributes));
	if (group)
		put_text(&params, "MessageGroupId", group);
	if (dedup)
		put_text(&params, "MessageDeduplicationId", dedup);
	put_close(&params, '}');
	status = lunad_call(l, q->region, "sqs", "SendMessage", params.data,
	    params.len, &out, NULL);
	buf_clear(&params);
	buf_clear(&out);
	return status ? -1 : 0;
}
