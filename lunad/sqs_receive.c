/*
 * SQS ReceiveMessage.
 */
#include <string.h>

#include "sqs_private.h"
#include "text.h"

#define MAX_IN_FLIGHT 120000
#define SEQUENCE_BASE UINT64_C(10000000000000000000)

enum attribute {
	SENDER,
	SENT_AT,
	RECEIVES,
	FIRST_AT,
	SEQUENCE,
	DEDUP,
	GROUP,
	TRACE,
	SOURCE,
	ATTRIBUTES
};

static const char *const attribute_names[ATTRIBUTES] = {"SenderId",
    "SentTimestamp", "ApproximateReceiveCount",
    "ApproximateFirstReceiveTimestamp", "SequenceNumber",
    "MessageDeduplicationId", "MessageGroupId", "AWSTraceHeader",
    "DeadLetterQueueSourceArn"};

/* What a receive asks for. */
struct wish {
	struct json names; /* MessageAttributeNames */
	unsigned system;   /* a bit for each attribute */
	int64_t max, visibility_s, wait_s;
	const char *attempt;
};

struct taken {
	int64_t ids[SQS_BATCH];
	struct sqs_state states[SQS_BATCH];
	size_t count;
};

static int
read_names(struct request *r, struct json names, unsigned *set)
{
	struct json_iter it;
	struct json name;
	unsigned at;

	json_each(names, &it);
	while (json_next(&it, NULL, &name)) {
		if (json_is(name, "All")) {
			*set = (1u << ATTRIBUTES) - 1;
			continue;
		}
		for (at = 0; at < ATTRIBUTES; at++)
			if (json_is(name, attribute_names[at]))
				break;
		if (at == ATTRIBUTES) {
			const char *text = sqs_text(r, name, NULL);

			return fail(r, 400, "InvalidAttributeName",
			    "Unknown Attribute %s.", text ? text : "");
		}
		*set |= 1u << at;
	}
	return ANSWER;
}

static int
read_number(struct request *r, struct json v, const char *name, int64_t low,
    int64_t high, const char *reason, int64_t *out)
{
	const char *text;

	if (v.type == JSON_NONE || sqs_number(v, low, high, out) == 0)
		return ANSWER;
	text = sqs_text(r, v, NULL);
	return fail(r, 400, "InvalidParameterValueException",
	    "Value %s for parameter %s is invalid. Reason: %s",
	    text ? text : "", name, reason);
}

static int
read_wish(
    struct sqs_call *c, struct request *r, struct wish *w, struct sqs_queue **q)
{
	struct json url, old, system, max, visibility, wait, attempt;
	const struct sqs_field fields[] = {{"QueueUrl", &url},
	    {"AttributeNames", &old}, {"MessageSystemAttributeNames", &system},
	    {"MessageAttributeNames", &w->names}, {"MaxNumberOfMessages", &max},
	    {"VisibilityTimeout", &visibility}, {"WaitTimeSeconds", &wait},
	    {"ReceiveRequestAttemptId", &attempt}, {0}};

	sqs_fields(r->in, fields);
	*q = sqs_queue_of(c, r, url);
	if (!*q)
		return ANSWER_ERROR;
	w->system = 0;
	w->max = 1;
	w->visibility_s = (*q)->visibility_s;
	w->wait_s = (*q)->wait_s;
	w->attempt = sqs_text(r, attempt, NULL);
	if (read_names(r, old, &w->system) != ANSWER ||
	    read_names(r, system, &w->system) != ANSWER ||
	    read_number(r, max, "MaxNumberOfMessages", 1, SQS_BATCH,
		"Must be between 1 and 10, if provided.", &w->max) != ANSWER ||
	    read_number(r, visibility, "VisibilityTimeout", 0,
		SQS_MAX_VISIBILITY_S, "Must be >= 0 and <= 43200, if provided.",
		&w->visibility_s) != ANSWER ||
	    read_number(r, wait, "WaitTimeSeconds", 0, 20,
		"Must be >= 0 and <= 20, if provided.", &w->wait_s) != ANSWER)
		return ANSWER_ERROR;
	if (w->attempt && !(*q)->fifo)
		return fail(r, 400, "InvalidParameterValueException",
		    "Value %s for parameter ReceiveRequestAttemptId is "
		    "invalid. Reason: The request include parameter that is "
		    "not valid for this queue type.",
		    w->attempt);
	return ANSWER;
}

/* Columns of the message's row. */
enum column {
	C_SENT_AT,
	C_CARRIED,
	C_FIRST_AT,
	C_UUID,
	C_MD5,
	C_GROUP,
	C_DEDUP,
	C_SOURCE,
	C_TRACE,
	C_ATTRIBUTES,
	C_BODY
};

static sqlite3_stmt *
message_row(struct sqs_call *c, int64_t id)
{
	return store_query(c->store,
	    "SELECT sent_at, carried, first_at, uuid, md5, group_id, dedup,"
	    " source, trace, attributes, body FROM sqs_message WHERE id = ?",
	    "i", id);
}

static void
put_number(struct request *r, enum attribute name, int64_t value)
{
	put_text(r->out, attribute_names[name],
	    request_format(r, "%lld", (long long)value));
}

static void
put_system(struct request *r, const struct sqs_queue *q, unsigned set,
    sqlite3_stmt *row, int64_t id, const struct sqs_state *s)
{
	static const struct {
		enum attribute name;
		enum column column;
	} texts[] = {{GROUP, C_GROUP}, {TRACE, C_TRACE}, {SOURCE, C_SOURCE},
	    {DEDUP, C_DEDUP}};
	struct buf *out = r->out;
	const size_t before = out->len;
	size_t opened;
	int64_t first = store_int(row, C_FIRST_AT);

	put_open(out, "Attributes", '{');
	opened = out->len;
	if (set & 1u << SENDER)
		put_text(out, attribute_names[SENDER], LUNAD_ACCOUNT);
	if (set & 1u << SENT_AT)
		put_number(r, SENT_AT, store_int(row, C_SENT_AT));
	if (set & 1u << RECEIVES)
		put_number(
		    r, RECEIVES, store_int(row, C_CARRIED) + s->received);
	if (set & 1u << FIRST_AT)
		put_number(r, FIRST_AT, first ? first : s->first_at);
	if (set & 1u << SEQUENCE && q->fifo)
		put_text(out, attribute_names[SEQUENCE],
		    request_format(r, "%llu",
			(unsigned long long)(SEQUENCE_BASE +
					     (uint64_t)(id &
							SQS_SEQUENCE_MASK))));
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (set & 1u << texts[i].name &&
		    !store_null(row, (int)texts[i].column))
			put_text(out, attribute_names[texts[i].name],
			    store_text(row, (int)texts[i].column));
	if (out->len == opened)
		out->len = before;
	else
		put_close(out, '}');
}

static void
put_values(struct request *r, struct json names, sqlite3_stmt *row)
{
	struct sqs_refusal why = {0};
	struct sqs_values v;
	struct json stored;
	struct buf json = {0};
	char md5[2 * DIGEST_MD5 + 1];
	size_t len;
	const char *text = store_bytes(row, C_ATTRIBUTES, &len);

	if (json_scan(text, len, &stored, NULL) == 0 &&
	    sqs_values_read(r, stored, false, &v, &why) == 0) {
		sqs_values_select(r, &v, names);
		if (v.count) {
			sqs_values_md5(&v, md5);
			put_text(r->out, "MD5OfMessageAttributes", md5);
			sqs_values_json(&v, &json);
			put_raw(
			    r->out, "MessageAttributes", json.data, json.len);
		}
	}
	buf_clear(&json);
	buf_clear(&why.message);
}

static void
put_message(struct request *r, const struct sqs_queue *q, const struct wish *w,
    sqlite3_stmt *row, int64_t id, const struct sqs_state *s)
{
	const struct sqs_receipt receipt = {
	    .id = id, .received = s->received, .at_ms = s->last_at};
	uint8_t uuid[SQS_UUID] = {0};
	char uuid_text[37];
	struct buf text = {0};
	const char *bytes;
	size_t len;

	if (r->out->len == 0) {
		put_open(r->out, NULL, '{');
		put_open(r->out, "Messages", '[');
	}
	put_open(r->out, NULL, '{');
	bytes = store_bytes(row, C_UUID, &len);
	memcpy(uuid, bytes, len < sizeof uuid ? len : sizeof uuid);
	sqs_uuid_text(uuid, uuid_text);
	put_text(r->out, "MessageId", uuid_text);
	sqs_receipt_text(&receipt, &text);
	put_text(r->out, "ReceiptHandle", buf_text(&text));
	buf_reset(&text);
	bytes = store_bytes(row, C_MD5, &len);
	text_hex(bytes, len, &text);
	put_text(r->out, "MD5OfBody", buf_text(&text));
	buf_clear(&text);
	bytes = store_bytes(row, C_BODY, &len);
	put_textn(r->out, "Body", bytes, len);
	if (w->system)
		put_system(r, q, w->system, row, id, s);
	if (json_count(w->names) && !store_null(row, C_ATTRIBUTES))
		put_values(r, w->names, row);
	put_close(r->out, '}');
}

/* Give one visible message; or, as it is too old or was received too often,
 * do away with it. */
static void
give(struct sqs_call *c, struct request *r, struct sqs_queue *q,
    const struct wish *w, int64_t id, struct taken *taken)
{
	struct sqs_state *s = &taken->states[taken->count];
	struct sqs_queue *dead = NULL;
	sqlite3_stmt *row = message_row(c, id);

	if (!store_next(row) ||
	    store_int(row, C_SENT_AT) <= c->now_ms - q->retention_s * 1000) {
		store_end(row);
		sqs_message_remove(c, q, id);
		return;
	}
	sqs_message_state(c, id, s);
	if (q->dead_letter && s->received >= q->max_receives)
		dead = sqs_queue_of_arn(c, q->dead_letter);
	if (dead && dead != q) {
		store_end(row);
		sqs_message_move(c, q, id, dead, false, sqs_queue_arn(r, q));
		return;
	}
	sqs_message_take(c, q, id, s, w->visibility_s * 1000);
	put_message(r, q, w, row, id, s);
	store_end(row);
	taken->ids[taken->count++] = id;
}

static void
give_standard(struct sqs_call *c, struct request *r, struct sqs_queue *q,
    const struct wish *w, struct taken *taken)
{
	int64_t ids[SQS_BATCH];
	size_t max = (size_t)w->max, n;

	do {
		n = sqs_message_visible(c, q, ids, max - taken->count);
		for (size_t i = 0; i < n; i++)
			give(c, r, q, w, ids[i], taken);
		/* Without a timeout they are visible again: once is enough. */
	} while (n && taken->count < max && w->visibility_s > 0);
}

static void
give_fifo(struct sqs_call *c, struct request *r, struct sqs_queue *q,
    const struct wish *w, struct taken *taken)
{
	const int64_t until = q->depth.turn;
	size_t max = (size_t)w->max;
	int64_t group, id;

	while (taken->count < max && (group = sqs_fifo_group(c, q, until))) {
		id = 0;
		while (
		    taken->count < max && (id = sqs_fifo_first(c, group, id)))
			give(c, r, q, w, id, taken);
		sqs_fifo_served(c, q, group);
	}
}

/* The same attempt again: the same messages, their timeout begun anew. */
static void
give_again(struct sqs_call *c, struct request *r, struct sqs_queue *q,
    const struct wish *w, struct taken *taken)
{
	taken->count =
	    sqs_fifo_attempt(c, q, w->attempt, taken->ids, taken->states);
	for (size_t i = 0; i < taken->count; i++) {
		struct sqs_state *s = &taken->states[i];
		sqlite3_stmt *row = message_row(c, taken->ids[i]);

		if (store_next(row))
			put_message(r, q, w, row, taken->ids[i], s);
		store_end(row);
		s->visible_at = c->now_ms + w->visibility_s * 1000;
		sqs_message_extend(
		    c, q, taken->ids[i], s, w->visibility_s * 1000);
	}
}

static int
receive_none(struct sqs_call *c, struct request *r, struct sqs_queue *q,
    const struct wish *w)
{
	int64_t now = text_now();
	int64_t until =
	    r->wait_until_ms ? r->wait_until_ms : now + w->wait_s * 1000;
	char key[32];

	if (until <= now) {
		sqs_queue_depth(c, q)->empty++;
		return ANSWER;
	}
	sqs_queue_wait(q, q->hidden_until);
	sqs_queue_key(q, key);
	return park(r, key, until);
}

static int
receive(struct sqs_call *c, struct request *r)
{
	struct wish w;
	struct sqs_queue *q;
	struct taken taken = {.count = 0};

	if (read_wish(c, r, &w, &q) != ANSWER)
		return ANSWER_ERROR;
	sqs_queue_used(c, q);
	sqs_message_settle(c, q);
	if (!q->fifo && q->depth.hidden >= MAX_IN_FLIGHT)
		return fail(r, 403, "OverLimit",
		    "Too many messages are in flight: delete some before you "
		    "receive more.");
	if (w.attempt)
		give_again(c, r, q, &w, &taken);
	if (taken.count == 0) {
		if (q->fifo)
			give_fifo(c, r, q, &w, &taken);
		else
			give_standard(c, r, q, &w, &taken);
		sqs_queue_depth(c, q)->received += (int64_t)taken.count;
	}
	if (taken.count == 0)
		return receive_none(c, r, q, &w);
	if (w.attempt)
		sqs_fifo_attempted(
		    c, q, w.attempt, taken.ids, taken.states, taken.count);
	put_close(r->out, ']');
	put_close(r->out, '}');
	return ANSWER;
}

int
sqs_receive_message(struct request *r)
{
	struct sqs_call c;

	sqs_begin(&c, r);
	return sqs_end(&c, receive(&c, r));
}
