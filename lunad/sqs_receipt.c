/*
 * SQS receipt handles, and what is done by them: delete a message, change
 * its visibility.
 *
 * A standard queue answers a delete by an older handle (the message was
 * received again since) with success and deletes nothing; a FIFO queue
 * refuses any handle whose timeout is over. As AWS was seen to do.
 */
#include <string.h>

#include "fault.h"
#include "sqs_private.h"
#include "text.h"

#define VERSION 1
#define HANDLE 21 /* bytes: version, id, received, time */

static void
pack(uint8_t *to, int64_t value, int bytes)
{
	for (int i = bytes - 1; i >= 0; i--, value >>= 8)
		to[i] = (uint8_t)(value & 0xff);
}

static int64_t
unpack(const uint8_t *from, int bytes)
{
	int64_t value = 0;

	for (int i = 0; i < bytes; i++)
		value = value << 8 | from[i];
	return value;
}

void
sqs_receipt_text(const struct sqs_receipt *receipt, struct buf *out)
{
	uint8_t bytes[HANDLE] = {VERSION};

	pack(bytes + 1, receipt->id, 8);
	pack(bytes + 9, receipt->received, 4);
	pack(bytes + 13, receipt->at_ms, 8);
	text_base64(bytes, sizeof bytes, out);
}

static int
read_receipt(struct sqs_call *c, const struct sqs_queue *q, const char *handle,
    struct sqs_receipt *out, struct sqs_refusal *why)
{
	struct buf b = {0};
	uint8_t bytes[HANDLE] = {0};
	int64_t queue;
	bool good = text_unbase64(handle, strlen(handle), &b) == 0 &&
		    b.len == sizeof bytes;

	if (good)
		memcpy(bytes, b.data, sizeof bytes);
	buf_clear(&b);
	out->id = unpack(bytes + 1, 8);
	out->received = unpack(bytes + 9, 4);
	out->at_ms = unpack(bytes + 13, 8);
	queue = out->id >> SQS_SEQUENCE_BITS;
	if (good && queue != q->id && sqs_sweep_former(c, q, queue))
		out->id = 0;
	else if (queue != q->id)
		good = false;
	if (!good || bytes[0] != VERSION || out->at_ms > c->now_ms)
		return sqs_refuse(why, 400, "ReceiptHandleIsInvalid",
		    "The input receipt handle \"%.256s\" is not a valid "
		    "receipt handle.",
		    handle);
	return 0;
}

static int
expired(const char *handle, bool batch, struct sqs_refusal *why)
{
	if (batch)
		return sqs_refuse(why, 400, "ReceiptHandleIsInvalid",
		    "The receipt handle has expired");
	return sqs_refuse_value(
	    why, handle, "ReceiptHandle", "The receipt handle has expired.");
}

static int
missing(const char *name, struct sqs_refusal *why)
{
	return sqs_refuse(why, 400, "MissingRequiredParameterException",
	    "The request must contain the parameter %s.", name);
}

static int
delete_one(struct sqs_call *c, struct sqs_queue *q, const char *handle,
    bool batch, struct sqs_refusal *why)
{
	struct sqs_receipt receipt;
	struct sqs_state s;
	bool current;

	if (!handle)
		return missing("ReceiptHandle", why);
	if (read_receipt(c, q, handle, &receipt, why) != 0)
		return -1;
	if (c->now_ms - receipt.at_ms > SQS_MAX_VISIBILITY_S * 1000)
		return expired(handle, batch, why);
	sqs_message_state(c, receipt.id, &s);
	current = (s.hidden || s.returned) && s.received == receipt.received;
	if (q->fifo && !(current && s.hidden) &&
	    sqs_message_exists(c, receipt.id))
		return expired(handle, batch, why);
	if (current)
		sqs_message_remove(c, q, receipt.id);
	sqs_queue_depth(c, q)->deleted++;
	return 0;
}

static int
change_one(struct sqs_call *c, struct request *r, struct sqs_queue *q,
    const char *handle, struct json timeout, struct sqs_refusal *why)
{
	struct sqs_receipt receipt;
	struct sqs_state s;
	int64_t seconds;
	const char *text = sqs_text(r, timeout, NULL);

	if (!handle)
		return missing("ReceiptHandle", why);
	if (!text)
		return missing("VisibilityTimeout", why);
	if (sqs_number(timeout, 0, SQS_MAX_VISIBILITY_S, &seconds) != 0)
		return sqs_refuse_value(why, text, "VisibilityTimeout",
		    "Must be >= 0 and <= 43200, if provided.");
	if (read_receipt(c, q, handle, &receipt, why) != 0)
		return -1;
	if (!sqs_message_exists(c, receipt.id))
		return sqs_refuse_value(why, handle, "ReceiptHandle",
		    "Message does not exist or is not available for visibility "
		    "timeout change.");
	sqs_message_state(c, receipt.id, &s);
	if (q->fifo && (!s.hidden || s.received != receipt.received))
		return expired(handle, false, why);
	if (!s.hidden)
		return 0;
	if (c->now_ms + seconds * 1000 - s.last_at >
	    SQS_MAX_VISIBILITY_S * 1000)
		return sqs_refuse_value(why, text, "VisibilityTimeout",
		    "Total VisibilityTimeout for the message is beyond the "
		    "limit [43200 seconds].");
	sqs_message_extend(c, q, receipt.id, &s, seconds * 1000);
	return 0;
}

/* change: ChangeMessageVisibility rather than DeleteMessage. */
static int
run_one(struct request *r, bool change)
{
	struct sqs_call c;
	struct sqs_refusal why = {0};
	struct json url, handle, timeout;
	const struct sqs_field fields[] = {{"QueueUrl", &url},
	    {"ReceiptHandle", &handle}, {"VisibilityTimeout", &timeout}, {0}};
	struct sqs_queue *q;
	const char *text;
	int result;

	sqs_begin(&c, r);
	sqs_fields(r->in, fields);
	q = sqs_queue_of(&c, r, url);
	if (!q)
		return ANSWER_ERROR;
	sqs_queue_used(&c, q);
	sqs_message_settle(&c, q);
	text = sqs_text(r, handle, NULL);
	result = change ? change_one(&c, r, q, text, timeout, &why)
			: delete_one(&c, q, text, false, &why);
	return sqs_end(&c, result == 0 ? ANSWER : sqs_fail(r, &why));
}

static int
check_fault(struct request *r, const char *handle, struct sqs_refusal *why)
{
	switch (
	    fault_entry(r, handle ? handle : "", handle ? strlen(handle) : 0)) {
	case FAULT_LATER:
		return sqs_refuse(why, 503, "InternalError",
		    "We encountered an internal error. Please try again.");
	case FAULT_NEVER:
		return sqs_refuse(why, 400, "ReceiptHandleIsInvalid",
		    "The receipt handle was refused on purpose (--fault).");
	case FAULT_NONE:
		break;
	}
	return 0;
}

static int
run_batch(struct request *r, bool change)
{
	struct sqs_call c;
	struct sqs_entry entry[SQS_BATCH];
	struct buf failed = {0};
	struct sqs_queue *q;
	size_t count;

	sqs_begin(&c, r);
	q = sqs_queue_asked(&c, r);
	if (!q || sqs_batch_read(r, entry, &count) != ANSWER)
		return ANSWER_ERROR;
	sqs_queue_used(&c, q);
	sqs_message_settle(&c, q);
	put_open(r->out, NULL, '{');
	put_open(r->out, "Successful", '[');
	for (size_t i = 0; i < count; i++) {
		struct sqs_refusal why = {0};
		struct json handle, timeout;
		const struct sqs_field fields[] = {{"ReceiptHandle", &handle},
		    {"VisibilityTimeout", &timeout}, {0}};
		const char *text;

		sqs_fields(entry[i].all, fields);
		text = sqs_text(r, handle, NULL);
		if (check_fault(r, text, &why) != 0 ||
		    (change ? change_one(&c, r, q, text, timeout, &why)
			    : delete_one(&c, q, text, true, &why)) != 0) {
			sqs_batch_failed(&failed, &entry[i], &why);
			continue;
		}
		put_open(r->out, NULL, '{');
		put_text(r->out, "Id", entry[i].id_text);
		put_close(r->out, '}');
	}
	sqs_batch_end(r, &failed);
	return sqs_end(&c, ANSWER);
}

int
sqs_delete_message(struct request *r)
{
	return run_one(r, false);
}

int
sqs_delete_batch(struct request *r)
{
	return run_batch(r, false);
}

int
sqs_change_visibility(struct request *r)
{
	return run_one(r, true);
}

int
sqs_change_batch(struct request *r)
{
	return run_batch(r, true);
}
