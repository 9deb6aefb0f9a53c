/*
 * sns-pub - publish each record to an SNS topic
 *
 * In:  records
 * Out: the records, with @metadata.to.sns = {MessageId, SequenceNumber}
 * API: PublishBatch
 */
#include <stdio.h>
#include <string.h>

#include "message.h"
#include "query.h"
#include "sink.h"
#include "text.h"

static const char *subject_text, *body_text, *group_text, *dedup_text;
static struct opt_list attributes;

static const struct opt options[] = {
    {'s', "subject", OPT_TEXT, &subject_text, "TPL",
	"the subject of mail made of the message", 0, 0},
    {'a', "attr", OPT_LIST, &attributes, "NAME[:TYPE]=TPL",
	"a message attribute", 0, 0},
    {'m', "message", OPT_TEXT, &body_text, "TPL",
	"the message, instead of the payload", 0, 0},
    {0, "group", OPT_TEXT, &group_text, "TPL", "MessageGroupId", 0, 0},
    {0, "dedup", OPT_TEXT, &dedup_text, "TPL", "MessageDeduplicationId", 0, 0},
    {0}};

static const struct tool_about about = {.name = "sns-pub",
    .synopsis = "[-s TPL] [-a NAME[:TYPE]=TPL]... [-m TPL] [--group TPL]\n"
		"[--dedup TPL] TOPIC",
    .options = options,
    .kind = TOOL_READS | TOOL_CALLS | TOOL_SINKS,
    .min_operands = 1,
    .max_operands = 1};

struct publishing {
	struct message message;
	struct message_values values;
	struct template *subject;
	struct buf text;
};

#define ENTRY "PublishBatchRequestEntries.member.\1."

static void
add(struct buf *out, const char *name, const struct buf *value)
{
	buf_add_text(out, "&" ENTRY);
	buf_add_text(out, name);
	buf_add_char(out, '=');
	text_percent(buf_text(value), value->len, false, out);
}

static void
add_attributes(const struct message_values *v, struct buf *out)
{
	for (size_t i = 0; i < v->count; i++) {
		const struct message_value *a = &v->value[i];
		char prefix[96];
		snprintf(prefix, sizeof(prefix),
		    "&" ENTRY "MessageAttributes.entry.%zu.", i + 1);
		buf_addf(out, "%sName=", prefix);
		text_percent(a->name, strlen(a->name), false, out);
		buf_addf(out, "%sValue.DataType=", prefix);
		text_percent(a->type, strlen(a->type), false, out);
		buf_addf(out, "%sValue.%s=", prefix,
		    a->binary ? "BinaryValue" : "StringValue");
		text_percent(buf_text(&a->text), a->text.len, false, out);
	}
}

/* "Subjects must be ASCII text that begins with a letter, number or
 * punctuation mark; must not include line breaks or control characters; and
 * must be less than 100 characters long." */
static int
add_subject(struct publishing *p, const struct record *r, struct buf *out,
    struct err *err)
{
	if (p->subject == NULL)
		return 0;
	buf_reset(&p->text);
	if (template_fill(p->subject, r, TEMPLATE_HEADER, &p->text, err) != 0)
		return -1;
	const char *s = buf_text(&p->text);
	bool fine = p->text.len > 0 && p->text.len < 100 && s[0] > ' ';
	for (size_t i = 0; i < p->text.len; i++)
		fine &= s[i] >= ' ' && s[i] <= '~';
	if (!fine)
		return err_set(err, ERR_RECORD, "InvalidSubject",
		    "a subject is 1 to 99 characters of ASCII that begin "
		    "with no space");
	add(out, "Subject", &p->text);
	return 0;
}

static int
add_id(struct publishing *p, const struct template *t, const char *name,
    const struct record *r, struct buf *out, struct err *err)
{
	buf_reset(&p->text);
	if (message_id(t, r, false, name, &p->text, err) != 0)
		return -1;
	if (p->text.len > 0)
		add(out, name, &p->text);
	return 0;
}

static int
encode(void *ctx, const struct record *r, size_t part, struct sink_entry *e,
    struct err *err)
{
	struct publishing *p = ctx;
	(void)part;
	buf_reset(&p->text);
	if (message_body(&p->message, r, &p->text, err) != 0 ||
	    message_fill(&p->message, r, false, &p->values, err) != 0)
		return -1;
	buf_add_text(&e->body, "&" ENTRY "Id=\1");
	add(&e->body, "Message", &p->text);
	e->size = p->text.len + message_values_size(&p->values);
	add_attributes(&p->values, &e->body);
	if (add_subject(p, r, &e->body, err) != 0 ||
	    add_id(p, p->message.dedup, "MessageDeduplicationId", r, &e->body,
		err) != 0 ||
	    add_id(p, p->message.group, "MessageGroupId", r, &e->body, err) !=
		0)
		return -1;
	buf_add(&e->key, p->text.data, p->text.len); /* the group is the lane */
	return 0;
}

static int
open_topic(void *ctx, struct sink *sink, struct err *err)
{
	const struct tool *tool = sink_tool(sink);
	struct buf arn = {0}, head = {0};
	(void)ctx;
	int r = ident_topic(
	    sink_ident(sink), tool->operand[0], !tool->dry_run, &arn, err);
	query_add(&head, "TopicArn", buf_text(&arn));
	sink_wrap(sink, buf_text(&head), "");
	buf_clear(&arn);
	buf_clear(&head);
	return r;
}

static const char *const keep[] = {"MessageId", "SequenceNumber", NULL};

static struct sink_about sink_about = {.to = "sns",
    .service = "sns",
    .operation = "PublishBatch",
    .max_entries = 10,
    .max_bytes = 262144,
    .max_entry_bytes = 1048576, /* of a topic that was raised to it */
    .join = "",
    .reply = SINK_BY_ID,
    .accepted = "PublishBatchResult/Successful",
    .refused = "PublishBatchResult/Failed",
    .code = "Code",
    .message = "Message",
    .keep = keep,
    .open = open_topic,
    .encode = encode};

int
main(int argc, char **argv)
{
	struct tool tool;
	struct publishing p = {0};
	struct err err;
	tool_start(&tool, &about, argc, argv);
	if (message_init(&p.message, body_text, group_text, dedup_text,
		&attributes, &err) != 0)
		tool_usage(&tool, "%s", err.message);
	if (subject_text != NULL &&
	    (p.subject = template_new(subject_text, &err)) == NULL)
		tool_usage(&tool, "--subject: %s", err.message);
	sink_about.one_of_a_key = message_fifo(tool.operand[0]);
	if (sink_about.one_of_a_key && group_text == NULL)
		tool_usage(&tool, "a FIFO topic wants --group");
	struct sink *sink = sink_open(&tool, &sink_about, &p, &err);
	int status = sink != NULL ? sink_run(sink) : tool_refused(&tool, &err);
	message_clear(&p.message);
	message_values_clear(&p.values);
	template_free(p.subject);
	opt_list_free(&attributes);
	buf_clear(&p.text);
	return status;
}
