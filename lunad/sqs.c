/*
 * SQS: the table of its operations, errors and shapes, and what every
 * operation begins and ends with.
 *
 * Source: botocore's model sqs/2012-11-05; Amazon SQS API Reference.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sqs.h"
#include "sqs_private.h"

#define AWS_SQS "AWS.SimpleQueueService."
#define MINUTE_MS 60000

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS sqs_queue("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, region TEXT NOT NULL,"
    " name TEXT NOT NULL, fifo INTEGER NOT NULL,"
    " dead_letter TEXT, created_at INTEGER NOT NULL,"
    " modified_at INTEGER NOT NULL, purged_at INTEGER NOT NULL DEFAULT 0,"
    " UNIQUE(region, name));"
    "CREATE INDEX IF NOT EXISTS sqs_queue_dead_letter"
    " ON sqs_queue(dead_letter) WHERE dead_letter IS NOT NULL;"
    "CREATE TABLE IF NOT EXISTS sqs_attribute("
    " queue INTEGER, name TEXT, value TEXT NOT NULL,"
    " PRIMARY KEY(queue, name)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS sqs_tag("
    " queue INTEGER, name TEXT, value TEXT NOT NULL,"
    " PRIMARY KEY(queue, name)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS sqs_deleted("
    " region TEXT, name TEXT, at INTEGER NOT NULL,"
    " PRIMARY KEY(region, name)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS sqs_former("
    " id INTEGER PRIMARY KEY, queue INTEGER NOT NULL, at INTEGER NOT NULL,"
    " next_at INTEGER);"
    "CREATE INDEX IF NOT EXISTS sqs_former_queue ON sqs_former(queue);"
    "CREATE INDEX IF NOT EXISTS sqs_former_next"
    " ON sqs_former(next_at) WHERE next_at IS NOT NULL;"
    "CREATE TABLE IF NOT EXISTS sqs_depth("
    " queue INTEGER PRIMARY KEY, next INTEGER, fresh INTEGER, turn INTEGER,"
    " visible INTEGER, hidden INTEGER, delayed INTEGER, sent INTEGER,"
    " bytes INTEGER, least INTEGER, most INTEGER, received INTEGER,"
    " deleted INTEGER, empty INTEGER, used_at INTEGER);"
    /* The body comes last: nothing else is read across it. */
    "CREATE TABLE IF NOT EXISTS sqs_message("
    " id INTEGER PRIMARY KEY, sent_at INTEGER NOT NULL,"
    " delayed INTEGER NOT NULL, carried INTEGER NOT NULL, first_at INTEGER,"
    " uuid BLOB NOT NULL, md5 BLOB NOT NULL, group_id TEXT, dedup TEXT,"
    " source TEXT, trace TEXT, attributes TEXT, body TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS sqs_hidden("
    " id INTEGER PRIMARY KEY, queue INTEGER NOT NULL,"
    " visible_at INTEGER NOT NULL, received INTEGER NOT NULL,"
    " first_at INTEGER NOT NULL, last_at INTEGER NOT NULL);"
    "CREATE INDEX IF NOT EXISTS sqs_hidden_end"
    " ON sqs_hidden(queue, visible_at);"
    "CREATE TABLE IF NOT EXISTS sqs_returned("
    " id INTEGER PRIMARY KEY, received INTEGER NOT NULL,"
    " first_at INTEGER NOT NULL, last_at INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS sqs_group("
    " id INTEGER PRIMARY KEY, queue INTEGER NOT NULL, name TEXT NOT NULL,"
    " turn INTEGER, UNIQUE(queue, name));"
    "CREATE INDEX IF NOT EXISTS sqs_group_turn"
    " ON sqs_group(queue, turn) WHERE turn IS NOT NULL;"
    "CREATE TABLE IF NOT EXISTS sqs_lane("
    " \"group\" INTEGER, id INTEGER, PRIMARY KEY(\"group\", id))"
    " WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS sqs_dedup("
    " id INTEGER PRIMARY KEY, queue INTEGER NOT NULL, scope TEXT NOT NULL,"
    " dedup TEXT NOT NULL, at INTEGER NOT NULL, message INTEGER NOT NULL,"
    " uuid BLOB NOT NULL, UNIQUE(queue, scope, dedup));"
    "CREATE TABLE IF NOT EXISTS sqs_attempt("
    " id INTEGER PRIMARY KEY, queue INTEGER NOT NULL, attempt TEXT NOT NULL,"
    " at INTEGER NOT NULL, taken TEXT NOT NULL, UNIQUE(queue, attempt));"
    "CREATE TABLE IF NOT EXISTS sqs_task("
    " id INTEGER PRIMARY KEY, uuid TEXT NOT NULL, source TEXT NOT NULL,"
    " destination TEXT, rate INTEGER, status TEXT NOT NULL,"
    " started_at INTEGER NOT NULL, moved INTEGER NOT NULL,"
    " to_move INTEGER NOT NULL, reason TEXT, next_at INTEGER);"
    "CREATE INDEX IF NOT EXISTS sqs_task_source ON sqs_task(source, id);"
    "CREATE INDEX IF NOT EXISTS sqs_task_next"
    " ON sqs_task(next_at) WHERE next_at IS NOT NULL;";

static const struct operation operations[] = {
    {.name = "SendMessage", .run = sqs_send_message, .writes = true},
    {.name = "SendMessageBatch", .run = sqs_send_batch, .writes = true},
    {.name = "ReceiveMessage", .run = sqs_receive_message, .writes = true},
    {.name = "DeleteMessage", .run = sqs_delete_message, .writes = true},
    {.name = "DeleteMessageBatch", .run = sqs_delete_batch, .writes = true},
    {.name = "ChangeMessageVisibility",
	.run = sqs_change_visibility,
	.writes = true},
    {.name = "ChangeMessageVisibilityBatch",
	.run = sqs_change_batch,
	.writes = true},
    {.name = "CreateQueue", .run = sqs_create_queue, .writes = true},
    {.name = "DeleteQueue", .run = sqs_delete_queue, .writes = true},
    {.name = "GetQueueUrl", .run = sqs_get_queue_url},
    {.name = "ListQueues", .run = sqs_list_queues},
    {.name = "ListDeadLetterSourceQueues", .run = sqs_list_sources},
    {.name = "PurgeQueue", .run = sqs_purge_queue, .writes = true},
    {.name = "GetQueueAttributes", .run = sqs_get_attributes, .writes = true},
    {.name = "SetQueueAttributes", .run = sqs_set_attributes, .writes = true},
    {.name = "AddPermission", .run = sqs_add_permission, .writes = true},
    {.name = "RemovePermission", .run = sqs_remove_permission, .writes = true},
    {.name = "TagQueue", .run = sqs_tag_queue, .writes = true},
    {.name = "UntagQueue", .run = sqs_untag_queue, .writes = true},
    {.name = "ListQueueTags", .run = sqs_list_tags},
    {.name = "StartMessageMoveTask", .run = sqs_start_move, .writes = true},
    {.name = "CancelMessageMoveTask", .run = sqs_cancel_move, .writes = true},
    {.name = "ListMessageMoveTasks", .run = sqs_list_moves},
    {.name = NULL},
};

const struct api_error sqs_errors[] = {
    {"BatchEntryIdsNotDistinct", AWS_SQS "BatchEntryIdsNotDistinct"},
    {"BatchRequestTooLong", AWS_SQS "BatchRequestTooLong"},
    {"EmptyBatchRequest", AWS_SQS "EmptyBatchRequest"},
    {"InvalidBatchEntryId", AWS_SQS "InvalidBatchEntryId"},
    {"InvalidParameterValueException", "InvalidParameterValue"},
    {"MessageNotInflight", AWS_SQS "MessageNotInflight"},
    {"MissingRequiredParameterException", "MissingParameter"},
    {"PurgeQueueInProgress", AWS_SQS "PurgeQueueInProgress"},
    {"QueueDeletedRecently", AWS_SQS "QueueDeletedRecently"},
    {"QueueDoesNotExist", AWS_SQS "NonExistentQueue"},
    {"QueueNameExists", "QueueAlreadyExists"},
    {"TooManyEntriesInBatchRequest", AWS_SQS "TooManyEntriesInBatchRequest"},
    {"UnsupportedOperation", AWS_SQS "UnsupportedOperation"},
    {NULL, NULL},
};

/* '*' is the operation's name. */
static const struct wire_shape input[] = {
    {"Entries", WIRE_FLAT_LIST, "*RequestEntry", NULL, NULL},
    {"Attributes", WIRE_FLAT_MAP, "Attribute", "Name", "Value"},
    {"AttributeNames", WIRE_FLAT_LIST, "AttributeName", NULL, NULL},
    {"MessageAttributeNames", WIRE_FLAT_LIST, "MessageAttributeName", NULL,
	NULL},
    {"MessageSystemAttributeNames", WIRE_FLAT_LIST,
	"MessageSystemAttributeName", NULL, NULL},
    {"MessageAttributes", WIRE_FLAT_MAP, "MessageAttribute", "Name", "Value"},
    {"MessageSystemAttributes", WIRE_FLAT_MAP, "MessageSystemAttribute", "Name",
	"Value"},
    {"Tags", WIRE_FLAT_MAP, "Tag", "Key", "Value"},
    {"TagKeys", WIRE_FLAT_LIST, "TagKey", NULL, NULL},
    {"AWSAccountIds", WIRE_FLAT_LIST, "AWSAccountId", NULL, NULL},
    {"Actions", WIRE_FLAT_LIST, "ActionName", NULL, NULL},
    {NULL, WIRE_LIST, NULL, NULL, NULL},
};

static const struct wire_shape output[] = {
    {"Attributes", WIRE_FLAT_MAP, "Attribute", "Name", "Value"},
    {"MessageAttributes", WIRE_FLAT_MAP, "MessageAttribute", "Name", "Value"},
    {"Tags", WIRE_FLAT_MAP, "Tag", "Key", "Value"},
    {"Messages", WIRE_FLAT_LIST, "Message", NULL, NULL},
    {"QueueUrls", WIRE_FLAT_LIST, "QueueUrl", NULL, NULL},
    {"queueUrls", WIRE_FLAT_LIST, "QueueUrl", NULL, NULL},
    {"Successful", WIRE_FLAT_LIST, "*ResultEntry", NULL, NULL},
    {"Results", WIRE_FLAT_LIST, "*ResultEntry", NULL, NULL},
    {"Failed", WIRE_FLAT_LIST, "BatchResultErrorEntry", NULL, NULL},
    {NULL, WIRE_LIST, NULL, NULL, NULL},
};

/* The end of the running minute; SQS_NEVER when no queue is active. */
static int64_t tick_at;

static void
call_of(struct sqs_call *c, struct lunad *l)
{
	*c = (struct sqs_call){
	    .lunad = l, .store = lunad_store(l), .now_ms = lunad_now(l)};
}

void
sqs_tick_from(int64_t now_ms)
{
	int64_t end = (now_ms / MINUTE_MS + 1) * MINUTE_MS;

	if (tick_at > end)
		tick_at = end;
}

static void
service_open(struct lunad *l)
{
	struct sqs_call c;

	call_of(&c, l);
	sqs_queue_forget();
	sqs_move_forget();
	sqs_sweep_forget();
	tick_at = SQS_NEVER;
	if (sqs_metric_active(&c))
		sqs_tick_from(c.now_ms);
}

static int64_t
service_due(struct lunad *l)
{
	struct sqs_call c;
	int64_t due = tick_at, at;

	call_of(&c, l);
	at = sqs_queue_due();
	if (at < due)
		due = at;
	at = sqs_move_due(&c);
	if (at < due)
		due = at;
	at = sqs_sweep_due(&c);
	return at < due ? at : due;
}

static void
service_run_due(struct lunad *l, int64_t now_ms)
{
	struct sqs_call c;

	call_of(&c, l);
	c.now_ms = now_ms;
	if (sqs_move_due(&c) <= now_ms) {
		sqs_move_run_due(&c);
	} else if (sqs_queue_due() <= now_ms) {
		sqs_queue_run_due(&c);
	} else if (sqs_sweep_due(&c) <= now_ms) {
		sqs_sweep_run_due(&c);
	} else if (tick_at <= now_ms) {
		int64_t minute = tick_at - MINUTE_MS;

		tick_at = SQS_NEVER;
		sqs_metric_minute(&c, minute);
		if (sqs_metric_active(&c))
			sqs_tick_from(now_ms);
	}
	sqs_queue_save(&c);
}

const struct api sqs_api = {
    .name = "sqs",
    .target = "AmazonSQS",
    .json_version = "1.0",
    .error_prefix = "com.amazonaws.sqs#",
    .version = "2012-11-05",
    .xmlns = "http://queue.amazonaws.com/doc/2012-11-05/",
    .operation = operations,
    .shape = output,
    .error = sqs_errors,
    .input = input,
    .schema = schema,
    .due = service_due,
    .run_due = service_run_due,
    .open = service_open,
};

void
sqs_begin(struct sqs_call *c, struct request *r)
{
	*c = (struct sqs_call){
	    .lunad = r->lunad, .store = r->store, .now_ms = r->now_ms};
}

int
sqs_end(struct sqs_call *c, int answer)
{
	if (answer != ANSWER_ERROR) {
		sqs_queue_save(c);
		return answer;
	}
	/* What was counted in memory is undone with the rest. */
	for (struct sqs_queue *q = c->touched; q; q = q->next_touched) {
		q->touched = false;
		sqs_queue_stale(q);
	}
	c->touched = NULL;
	return answer;
}

int
sqs_refuse(struct sqs_refusal *why, int status, const char *code,
    const char *format, ...)
{
	va_list ap;
	char text[1024];

	why->status = status;
	why->code = code;
	buf_reset(&why->message);
	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	buf_add_text(&why->message, text);
	return -1;
}

int
sqs_refuse_value(struct sqs_refusal *why, const char *value, const char *name,
    const char *reason)
{
	why->status = 400;
	why->code = "InvalidParameterValueException";
	buf_reset(&why->message);
	buf_add_text(&why->message, "Value ");
	buf_add_text(&why->message, value);
	buf_add_text(&why->message, " for parameter ");
	buf_add_text(&why->message, name);
	buf_add_text(&why->message, " is invalid. Reason: ");
	buf_add_text(&why->message, reason);
	return -1;
}

int
sqs_fail(struct request *r, struct sqs_refusal *why)
{
	int answer =
	    fail(r, why->status, why->code, "%s", buf_text(&why->message));

	buf_clear(&why->message);
	return answer;
}

const char *
sqs_entry_code(const char *code)
{
	for (const struct api_error *e = sqs_errors; e->code; e++)
		if (strcmp(e->code, code) == 0)
			return e->query;
	return code;
}

void
sqs_fields(struct json object, const struct sqs_field *field)
{
	struct json_iter it;
	struct json key, value;

	for (const struct sqs_field *f = field; f->name; f++)
		*f->to = (struct json){0};
	if (object.type != JSON_OBJECT)
		return;
	json_each(object, &it);
	while (json_next(&it, &key, &value)) {
		if (value.type == JSON_NULL)
			continue;
		for (const struct sqs_field *f = field; f->name; f++)
			if (json_is(key, f->name))
				*f->to = value;
	}
}

const char *
sqs_text(struct request *r, struct json v, size_t *len)
{
	char *text;

	if (v.type == JSON_STRING)
		return param_text(r, v, len);
	if (v.type != JSON_NUMBER && v.type != JSON_TRUE &&
	    v.type != JSON_FALSE)
		return NULL;
	text = request_alloc(r, v.len + 1);
	memcpy(text, v.at, v.len);
	text[v.len] = '\0';
	if (len)
		*len = v.len;
	return text;
}

int
sqs_number(struct json v, int64_t low, int64_t high, int64_t *out)
{
	int64_t n;

	if (json_integer(v, &n) != 0 || n < low || n > high)
		return -1;
	*out = n;
	return 0;
}
