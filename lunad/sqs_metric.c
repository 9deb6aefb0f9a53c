/*
 * The AWS/SQS metrics: once a virtual minute, for each queue that is active,
 * which as on AWS it is while it holds messages and for six hours after it
 * was last asked anything. An idle queue without messages costs nothing.
 *
 * What was counted in a minute carries the minute's begin as its time.
 *
 * Source: Amazon SQS Developer Guide, "Available CloudWatch metrics".
 */
#include <stdio.h>
#include <stdlib.h>

#include "mem.h"
#include "metric.h"
#include "sqs_private.h"

#define ACTIVE_MS (6 * 3600 * 1000)

#define ACTIVE_QUEUES \
	" FROM sqs_depth WHERE used_at > ? OR visible + hidden + delayed > 0"

bool
sqs_metric_active(struct sqs_call *c)
{
	return store_number(c->store, 0, "SELECT 1" ACTIVE_QUEUES " LIMIT 1",
		   "i", c->now_ms - ACTIVE_MS) != 0;
}

static void
add(struct sqs_call *c, const struct sqs_queue *q, const char *name,
    int64_t value, const char *unit, int64_t at_ms)
{
	char dimension[100];

	snprintf(dimension, sizeof dimension, "QueueName=%s", q->name);
	metric_add(c->lunad, q->region, "AWS/SQS", name, dimension,
	    (double)value, unit, at_ms);
}

static void
add_sizes(struct sqs_call *c, const struct sqs_queue *q, int64_t at_ms)
{
	const struct sqs_depth *d = &q->depth;
	const struct metric_set set = {.count = (double)d->sent,
	    .sum = (double)d->bytes,
	    .least = (double)d->least,
	    .greatest = (double)d->most};
	char dimension[100];

	if (d->sent == 0)
		return;
	snprintf(dimension, sizeof dimension, "QueueName=%s", q->name);
	metric_add_set(c->lunad, q->region, "AWS/SQS", "SentMessageSize",
	    dimension, &set, "Bytes", at_ms);
}

static void
queue_minute(struct sqs_call *c, struct sqs_queue *q, int64_t at_ms)
{
	struct sqs_depth *d;
	int64_t oldest;

	sqs_message_settle(c, q);
	d = sqs_queue_depth(c, q);
	oldest = sqs_message_oldest(c, q);
	add(c, q, "ApproximateNumberOfMessagesVisible", d->visible, "Count",
	    at_ms);
	add(c, q, "ApproximateNumberOfMessagesNotVisible", d->hidden, "Count",
	    at_ms);
	add(c, q, "ApproximateNumberOfMessagesDelayed", d->delayed, "Count",
	    at_ms);
	add(c, q, "ApproximateAgeOfOldestMessage",
	    oldest ? (c->now_ms - oldest) / 1000 : 0, "Seconds", at_ms);
	add(c, q, "NumberOfMessagesSent", d->sent, "Count", at_ms);
	add(c, q, "NumberOfMessagesReceived", d->received, "Count", at_ms);
	add(c, q, "NumberOfMessagesDeleted", d->deleted, "Count", at_ms);
	add(c, q, "NumberOfEmptyReceives", d->empty, "Count", at_ms);
	add_sizes(c, q, at_ms);
	d->sent = d->bytes = d->least = d->most = 0;
	d->received = d->deleted = d->empty = 0;
}

void
sqs_metric_minute(struct sqs_call *c, int64_t minute_ms)
{
	int64_t *ids = NULL;
	size_t count = 0;
	sqlite3_stmt *row = store_query(
	    c->store, "SELECT queue" ACTIVE_QUEUES, "i", c->now_ms - ACTIVE_MS);

	while (store_next(row)) {
		ids = mem_grow(ids, count + 1, sizeof *ids);
		ids[count++] = store_int(row, 0);
	}
	store_end(row);
	for (size_t i = 0; i < count; i++) {
		struct sqs_queue *q = sqs_queue_of_id(c, ids[i]);

		if (q)
			queue_minute(c, q, minute_ms);
	}
	free(ids);
}
