/*
 * sqs-send - send each record to an SQS queue
 *
 * In:  records
 * Out: the records, with @metadata.to.sqs = {MessageId, SequenceNumber}
 * API: SendMessageBatch
 */
#include <string.h>

#include "digest.h"
#include "message.h"
#include "sink.h"
#include "text.h"

static const char *body_text, *group_text, *dedup_text;
static struct opt_list attributes;
static int64_t delay = -1; /* the queue's */
static bool as_received;

static const struct opt options[] = {
    {'d', "delay", OPT_INTEGER, &delay, "S", "seconds until it can be received",
	0, 900},
    {'a', "attr", OPT_LIST, &attributes, "NAME[:TYPE]=TPL",
	"a message attribute", 0, 0},
    {'m', "message", OPT_TEXT, &body_text, "TPL",
	"the body, instead of the payload", 0, 0},
    {0, "group", OPT_TEXT, &group_text, "TPL", "MessageGroupId", 0, 0},
    {0, "dedup", OPT_TEXT, &dedup_text, "TPL", "MessageDeduplicationId", 0, 0},
    {0, "as-received", OPT_FLAG, &as_received, NULL,
	"restore attributes, group and dedup id of a received message", 0, 0},
    {0}};

static const struct tool_about about = {.name = "sqs-send",
    .synopsis = "[-d S] [-a NAME[:TYPE]=TPL]... [-m TPL] [--group TPL]\n"
		"[--dedup TPL] [--as-received] QUEUE",
    .options = options,
    .kind = TOOL_READS | TOOL_CALLS | TOOL_SINKS,
    .min_operands = 1,
    .max_operands = 1};

struct sending {
	struct message message;
	struct message_values values;
	struct buf body, id;
};

static void
add_string(struct buf *out, const char *name, const struct buf *text)
{
	buf_addf(out, ",\"%s\":", name);
	text_json_string(buf_text(text), text->len, out);
}

static void
add_attributes(const struct message_values *v, struct buf *out)
{
	for (size_t i = 0; i < v->count; i++) {
		buf_add_text(out, i == 0 ? ",\"MessageAttributes\":{" : ",");
		const struct message_value *a = &v->value[i];
		text_json_string(a->name, strlen(a->name), out);
		buf_add_text(out, ":{\"DataType\":");
		text_json_string(a->type, strlen(a->type), out);
		add_string(
		    out, a->binary ? "BinaryValue" : "StringValue", &a->text);
		buf_add_char(out, '}');
	}
	if (v->count > 0)
		buf_add_char(out, '}');
}

/* Group or dedup id, when there is one. */
static int
add_id(struct sending *s, const struct template *t, const char *name,
    const struct record *r, struct buf *out, struct err *err)
{
	buf_reset(&s->id);
	if (message_id(t, r, as_received, name, &s->id, err) != 0)
		return -1;
	if (s->id.len > 0)
		add_string(out, name, &s->id);
	return 0;
}

/* The MD5s that the reply must repeat: of the body, then of attributes. */
static void
expect(struct sending *s, struct buf *note)
{
	char md5[33];
	digest_md5_hex(s->body.data, s->body.len, md5);
	buf_add(note, md5, 32);
	if (s->values.count == 0)
		return;
	message_values_md5(&s->values, md5);
	buf_add(note, md5, 32);
}

static int
encode(void *ctx, const struct record *r, size_t part, struct sink_entry *e,
    struct err *err)
{
	struct sending *s = ctx;
	(void)part;
	buf_reset(&s->body);
	if (message_body(&s->message, r, &s->body, err) != 0 ||
	    message_fill(&s->message, r, as_received, &s->values, err) != 0)
		return -1;
	buf_add_text(&e->body, "{\"Id\":\"\1\"");
	add_string(&e->body, "MessageBody", &s->body);
	if (delay >= 0)
		buf_addf(&e->body, ",\"DelaySeconds\":%d", (int)delay);
	expect(s, &e->note);
	e->size = s->body.len + message_values_size(&s->values);
	add_attributes(&s->values, &e->body);
	if (add_id(s, s->message.dedup, "MessageDeduplicationId", r, &e->body,
		err) != 0 ||
	    add_id(s, s->message.group, "MessageGroupId", r, &e->body, err) !=
		0)
		return -1;
	buf_add(&e->key, s->id.data, s->id.len); /* the group is the lane */
	buf_add_char(&e->body, '}');
	return 0;
}

static int
check(
    void *ctx, const char *note, size_t len, struct json reply, struct err *err)
{
	(void)ctx;
	struct json body = json_get(reply, "MD5OfMessageBody");
	struct json attr = json_get(reply, "MD5OfMessageAttributes");
	bool same = body.len == 34 && memcmp(body.at + 1, note, 32) == 0;
	if (len == 64)
		same &=
		    attr.len == 34 && memcmp(attr.at + 1, note + 32, 32) == 0;
	if (same)
		return 0;
	return err_set(err, ERR_LATER, "WrongDigest",
	    "the queue's MD5 is not that of what was sent; it may hold a "
	    "damaged message");
}

static int
open_queue(void *ctx, struct sink *sink, struct err *err)
{
	const struct tool *tool = sink_tool(sink);
	struct buf url = {0}, head = {0};
	(void)ctx;
	int r = ident_queue(
	    sink_ident(sink), tool->operand[0], !tool->dry_run, &url, err);
	buf_add_text(&head, "{\"QueueUrl\":");
	text_json_string(buf_text(&url), url.len, &head);
	buf_add_text(&head, ",\"Entries\":[");
	sink_wrap(sink, buf_text(&head), "]}");
	buf_clear(&url);
	buf_clear(&head);
	return r;
}

static const char *const keep[] = {"MessageId", "SequenceNumber", NULL};

static struct sink_about sink_about = {.to = "sqs",
    .service = "sqs",
    .operation = "SendMessageBatch",
    .max_entries = 10,
    .max_bytes = 1048576,
    .join = ",",
    .reply = SINK_BY_ID,
    .accepted = "Successful",
    .refused = "Failed",
    .code = "Code",
    .message = "Message",
    .keep = keep,
    .open = open_queue,
    .encode = encode,
    .check = check};

int
main(int argc, char **argv)
{
	struct tool tool;
	struct sending s = {0};
	struct err err;
	tool_start(&tool, &about, argc, argv);
	if (message_init(&s.message, body_text, group_text, dedup_text,
		&attributes, &err) != 0)
		tool_usage(&tool, "%s", err.message);
	sink_about.one_of_a_key = message_fifo(tool.operand[0]);
	if (sink_about.one_of_a_key && group_text == NULL && !as_received)
		tool_usage(&tool, "a FIFO queue wants --group");
	if (sink_about.one_of_a_key && delay >= 0)
		tool_usage(&tool, "a FIFO queue takes no --delay");
	struct sink *sink = sink_open(&tool, &sink_about, &s, &err);
	int status = sink != NULL ? sink_run(sink) : tool_refused(&tool, &err);
	message_clear(&s.message);
	message_values_clear(&s.values);
	opt_list_free(&attributes);
	buf_clear(&s.body);
	buf_clear(&s.id);
	return status;
}
