/*
 * SQS message move tasks: dead letters back to where they came from, or to
 * another queue.
 */
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "mem.h"
#include "sqs_private.h"
#include "text.h"

#define FASTEST 500 /* messages a second */
#define STEP_MS 100 /* between two steps of a fast task */
#define MAX_STEP 50

/* When the next step of any task is due; 0: not known. */
static int64_t next_step;
static uint64_t next_undone;

void
sqs_move_forget(void)
{
	next_step = 0;
}

int64_t
sqs_move_due(struct sqs_call *c)
{
	if (next_step == 0 || next_undone != store_undone(c->store)) {
		next_step = store_number(c->store, SQS_NEVER,
		    "SELECT next_at FROM sqs_task WHERE next_at IS NOT NULL"
		    " ORDER BY next_at LIMIT 1",
		    "");
		next_undone = store_undone(c->store);
	}
	return next_step;
}

static int
not_found(struct request *r, const char *parameter)
{
	return fail(r, 404, "ResourceNotFoundException",
	    "The resource that you specified for the %s parameter doesn't "
	    "exist.",
	    parameter);
}

static int
check_rate(struct request *r, int64_t *rate)
{
	struct json v = param_json(r, "MaxNumberOfMessagesPerSecond");
	const char *text;

	*rate = 0;
	if (v.type == JSON_NONE || v.type == JSON_NULL ||
	    sqs_number(v, 1, FASTEST, rate) == 0)
		return ANSWER;
	text = sqs_text(r, v, NULL);
	return fail(r, 400, "InvalidParameterValueException",
	    "Value %s for parameter MaxNumberOfMessagesPerSecond is invalid. "
	    "Reason: Must be between 1 and 500, if provided.",
	    text ? text : "");
}

static int
check_start(struct sqs_call *c, struct request *r, const char *source,
    const char *destination, struct sqs_queue **q)
{
	*q = source ? sqs_queue_of_arn(c, source) : NULL;
	if (!*q)
		return not_found(r, "SourceArn");
	if (destination && !sqs_queue_of_arn(c, destination))
		return not_found(r, "DestinationArn");
	if (!store_number(c->store, 0,
		"SELECT 1 FROM sqs_queue WHERE dead_letter = ?", "t", source))
		return fail(r, 400, "InvalidParameterValueException",
		    "Source queue must be configured as a Dead Letter Queue.");
	if (store_number(c->store, 0,
		"SELECT 1 FROM sqs_task WHERE source = ?"
		" AND status = 'RUNNING'",
		"t", source))
		return fail(r, 400, "InvalidParameterValueException",
		    "There is already a task running. Only one active task is "
		    "allowed for a source queue arn at a given time.");
	return ANSWER;
}

/* As AWS makes it: base64 of {"taskId":…,"sourceArn":…}. */
static void
put_handle(struct request *r, const char *uuid, const char *source)
{
	struct buf json = {0}, text = {0};

	put_open(&json, NULL, '{');
	put_text(&json, "taskId", uuid);
	put_text(&json, "sourceArn", source);
	put_close(&json, '}');
	text_base64(json.data, json.len, &text);
	put_text(r->out, "TaskHandle", buf_text(&text));
	buf_clear(&json);
	buf_clear(&text);
}

int
sqs_start_move(struct request *r)
{
	struct sqs_call c;
	const char *source = param(r, "SourceArn");
	const char *destination = param(r, "DestinationArn");
	struct sqs_queue *q;
	char uuid[37];
	int64_t rate;

	sqs_begin(&c, r);
	if (check_rate(r, &rate) != ANSWER ||
	    check_start(&c, r, source, destination, &q) != ANSWER)
		return ANSWER_ERROR;
	sqs_message_settle(&c, q);
	digest_uuid(uuid);
	store_do(c.store,
	    "INSERT INTO sqs_task(uuid, source, destination, rate, status,"
	    " started_at, moved, to_move, next_at)"
	    " VALUES(?, ?, ?, nullif(?, 0), 'RUNNING', ?, 0, ?, ?)",
	    "tttiiii", uuid, source, destination, rate, c.now_ms,
	    q->depth.visible, c.now_ms);
	next_step = 0;
	put_open(r->out, NULL, '{');
	put_handle(r, uuid, source);
	put_close(r->out, '}');
	return sqs_end(&c, ANSWER);
}

/* The task's uuid and source out of a handle. */
static int
read_handle(struct request *r, const char **uuid, const char **source)
{
	const char *handle = param(r, "TaskHandle");
	struct buf text = {0};
	struct json v;

	*uuid = *source = NULL;
	if (handle && text_unbase64(handle, strlen(handle), &text) == 0 &&
	    json_scan(buf_text(&text), text.len, &v, NULL) == 0) {
		*uuid = param_text(r, json_get(v, "taskId"), NULL);
		*source = param_text(r, json_get(v, "sourceArn"), NULL);
	}
	buf_clear(&text);
	if (*uuid && *source)
		return ANSWER;
	return fail(r, 400, "InvalidParameterValueException",
	    "Value for parameter TaskHandle is invalid.");
}

int
sqs_cancel_move(struct request *r)
{
	struct sqs_call c;
	const char *uuid, *source;
	int64_t id, moved;

	sqs_begin(&c, r);
	if (read_handle(r, &uuid, &source) != ANSWER)
		return ANSWER_ERROR;
	if (!sqs_queue_of_arn(&c, source))
		return not_found(r, "SourceArn");
	id = store_number(c.store, 0,
	    "SELECT id FROM sqs_task WHERE source = ? AND uuid = ?"
	    " AND status = 'RUNNING'",
	    "tt", source, uuid);
	if (!id)
		return fail(r, 404, "ResourceNotFoundException",
		    "Task does not exist.");
	store_do(c.store,
	    "UPDATE sqs_task SET status = 'CANCELLED', next_at = NULL"
	    " WHERE id = ?",
	    "i", id);
	next_step = 0;
	moved = store_number(
	    c.store, 0, "SELECT moved FROM sqs_task WHERE id = ?", "i", id);
	put_open(r->out, NULL, '{');
	put_int(r->out, "ApproximateNumberOfMessagesMoved", moved);
	put_close(r->out, '}');
	return sqs_end(&c, ANSWER);
}

static void
put_task(struct request *r, const char *source, sqlite3_stmt *row)
{
	const char *status = store_text(row, 1);

	put_open(r->out, NULL, '{');
	if (strcmp(status, "RUNNING") == 0)
		put_handle(r, store_text(row, 0), source);
	put_text(r->out, "Status", status);
	put_text(r->out, "SourceArn", source);
	if (!store_null(row, 2))
		put_text(r->out, "DestinationArn", store_text(row, 2));
	if (!store_null(row, 3))
		put_int(
		    r->out, "MaxNumberOfMessagesPerSecond", store_int(row, 3));
	put_int(r->out, "ApproximateNumberOfMessagesMoved", store_int(row, 4));
	put_int(r->out, "ApproximateNumberOfMessagesToMove", store_int(row, 5));
	if (!store_null(row, 6))
		put_text(r->out, "FailureReason", store_text(row, 6));
	put_int(r->out, "StartedTimestamp", store_int(row, 7));
	put_close(r->out, '}');
}

int
sqs_list_moves(struct request *r)
{
	struct sqs_call c;
	const char *source = param(r, "SourceArn");
	struct json size = param_json(r, "MaxResults");
	int64_t max = 1;
	sqlite3_stmt *row;
	bool any = false;

	sqs_begin(&c, r);
	if (size.type != JSON_NONE && size.type != JSON_NULL &&
	    sqs_number(size, 1, 10, &max) != 0)
		return fail(r, 400, "InvalidParameterValueException",
		    "Value for parameter MaxResults is invalid. Reason: Must "
		    "be between 1 and 10, if provided.");
	if (!source || !sqs_queue_of_arn(&c, source))
		return not_found(r, "SourceArn");
	row = store_query(c.store,
	    "SELECT uuid, status, destination, rate, moved, to_move, reason,"
	    " started_at FROM sqs_task WHERE source = ?"
	    " ORDER BY id DESC LIMIT ?",
	    "ti", source, max);
	put_open(r->out, NULL, '{');
	while (store_next(row)) {
		if (!any)
			put_open(r->out, "Results", '[');
		any = true;
		put_task(r, source, row);
	}
	store_end(row);
	if (any)
		put_close(r->out, ']');
	put_close(r->out, '}');
	return ANSWER;
}

/* A running task in memory, for one step. */
struct task {
	int64_t id, rate, moved;
	char *source, *destination;
};

static void
task_end(struct sqs_call *c, const struct task *t, const char *status,
    const char *reason)
{
	store_do(c->store,
	    "UPDATE sqs_task SET status = ?, reason = ?, moved = ?,"
	    " next_at = NULL WHERE id = ?",
	    "ttii", status, reason, t->moved, t->id);
}

/* Where message id goes: NULL when it is not to be found out. */
static struct sqs_queue *
target_of(
    struct sqs_call *c, const struct task *t, int64_t id, const char **reason)
{
	struct sqs_queue *to = NULL;
	sqlite3_stmt *row;

	*reason = "AWS.SimpleQueueService.NonExistentQueue";
	if (t->destination)
		return sqs_queue_of_arn(c, t->destination);
	row = store_query(
	    c->store, "SELECT source FROM sqs_message WHERE id = ?", "i", id);
	if (store_next(row)) {
		if (store_null(row, 0))
			*reason = "CouldNotDetermineMessageSource";
		else
			to = sqs_queue_of_arn(c, store_text(row, 0));
	}
	store_end(row);
	return to;
}

static void
task_step(struct sqs_call *c, struct task *t)
{
	struct sqs_queue *from = sqs_queue_of_arn(c, t->source), *to;
	int64_t ids[MAX_STEP], wait = STEP_MS;
	size_t want = MAX_STEP, n;
	const char *reason;

	if (!from) {
		task_end(
		    c, t, "FAILED", "AWS.SimpleQueueService.NonExistentQueue");
		return;
	}
	if (t->rate > 0) {
		want = (size_t)(t->rate * STEP_MS / 1000);
		if (want == 0)
			want = 1;
		wait = (int64_t)want * 1000 / t->rate;
	}
	sqs_message_settle(c, from);
	n = sqs_message_visible(c, from, ids, want);
	for (size_t i = 0; i < n; i++) {
		to = target_of(c, t, ids[i], &reason);
		if (!to || to == from) {
			task_end(c, t, "FAILED", reason);
			return;
		}
		sqs_message_move(c, from, ids[i], to, true, NULL);
		t->moved++;
	}
	if (from->depth.visible == 0)
		task_end(c, t, "COMPLETED", NULL);
	else
		store_do(c->store,
		    "UPDATE sqs_task SET moved = ?, next_at = ? WHERE id = ?",
		    "iii", t->moved, c->now_ms + wait, t->id);
}

void
sqs_move_run_due(struct sqs_call *c)
{
	struct task t = {0};
	sqlite3_stmt *row = store_query(c->store,
	    "SELECT id, rate, moved, source, destination FROM sqs_task"
	    " WHERE next_at <= ? ORDER BY next_at LIMIT 1",
	    "i", c->now_ms);

	if (store_next(row)) {
		t.id = store_int(row, 0);
		t.rate = store_int(row, 1);
		t.moved = store_int(row, 2);
		t.source = mem_text(store_text(row, 3));
		if (!store_null(row, 4))
			t.destination = mem_text(store_text(row, 4));
	}
	store_end(row);
	if (t.id)
		task_step(c, &t);
	next_step = 0;
	free(t.source);
	free(t.destination);
}
