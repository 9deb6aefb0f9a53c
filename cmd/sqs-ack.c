/*
 * sqs-ack - delete the SQS message that each record came from
 *
 * In:  records with @metadata.from.sqs
 * Out: the records, with @metadata.to.sqs_ack = {}
 * API: DeleteMessageBatch, ChangeMessageVisibilityBatch
 */
#include <stdlib.h>
#include <string.h>

#include "lease.h"
#include "sink.h"
#include "text.h"

static bool nack;
static int64_t delay = -1;

static const struct opt options[] = {
    {0, "nack", OPT_FLAG, &nack, NULL,
	"return the message to its queue instead", 0, 0},
    {0, "delay", OPT_INTEGER, &delay, "S",
	"with --nack: seconds until it is received again (0)", 0, 43200},
    {0}};

static const struct tool_about about = {.name = "sqs-ack",
    .synopsis = "[--nack [--delay S]]",
    .options = options,
    .kind = TOOL_READS | TOOL_CALLS | TOOL_SINKS};

struct acking {
	struct lease_teller *teller;
	struct buf id, handle; /* of the record at hand */
};

/* Append a string member of from.sqs, decoded, with a NUL. */
static int
add_member(struct json from, const char *name, struct buf *out, struct err *err)
{
	struct json v = json_get(from, name);
	if (v.type != JSON_STRING)
		return err_set(err, ERR_RECORD, "NotReceived",
		    "no @metadata.from.sqs.%s: the record did not come from "
		    "sqs-recv",
		    name);
	if (json_text(v, out, err) != 0)
		return -1;
	buf_add_char(out, '\0');
	return 0;
}

/* The note: QueueUrl and, where an sqs-recv holds the message, Lease and
 * receipt; each ended by a NUL. */
static int
encode(void *ctx, const struct record *r, size_t part, struct sink_entry *e,
    struct err *err)
{
	struct acking *a = ctx;
	struct json from = record_origin(r, "sqs");
	(void)part;
	buf_reset(&a->id);
	buf_reset(&a->handle);
	if (add_member(from, "QueueUrl", &e->note, err) != 0 ||
	    add_member(from, "MessageId", &a->id, err) != 0 ||
	    add_member(from, "ReceiptHandle", &a->handle, err) != 0)
		return -1;
	e->group = batch_hash(e->note.data, e->note.len);
	size_t lease = e->note.len;
	if (json_get(from, "Lease").type == JSON_STRING &&
	    add_member(from, "Lease", &e->note, err) == 0) {
		lease_meet(a->teller, e->note.data + lease);
		lease_receipt(a->id.data, a->handle.data, &e->note);
		buf_add_char(&e->note, '\0');
	}
	struct json handle = json_get(from, "ReceiptHandle");
	buf_add_text(&e->body, "{\"Id\":\"\1\",\"ReceiptHandle\":");
	buf_add(&e->body, handle.at, handle.len);
	if (nack)
		buf_addf(&e->body, ",\"VisibilityTimeout\":%d",
		    delay < 0 ? 0 : (int)delay);
	buf_add_char(&e->body, '}');
	return 0;
}

/* Each call goes to the queue that its messages came from. */
static void
assemble(void *ctx, const struct batch *b, struct buf *body)
{
	(void)ctx;
	const char *url = b->bytes.data + b->entry[0].note;
	buf_add_text(body, "{\"QueueUrl\":");
	text_json_string(url, strlen(url), body);
	buf_add_text(body, ",\"Entries\":[");
	sink_join(b, ",", body);
	buf_add_text(body, "]}");
}

static int
check(
    void *ctx, const char *note, size_t len, struct json reply, struct err *err)
{
	struct acking *a = ctx;
	const char *lease = note + strlen(note) + 1;
	(void)reply;
	(void)err;
	if (lease < note + len)
		lease_tell(a->teller, lease, lease + strlen(lease) + 1, !nack);
	return 0;
}

static void
after(void *ctx)
{
	struct acking *a = ctx;
	lease_tell_flush(a->teller);
}

static struct sink_about sink_about = {.to = "sqs_ack",
    .service = "sqs",
    .operation = "DeleteMessageBatch",
    .max_entries = 10,
    .reply = SINK_BY_ID,
    .accepted = "Successful",
    .refused = "Failed",
    .code = "Code",
    .message = "Message",
    .encode = encode,
    .assemble = assemble,
    .check = check,
    .after = after};

int
main(int argc, char **argv)
{
	struct tool tool;
	struct acking a = {0};
	struct err err;
	tool_start(&tool, &about, argc, argv);
	if (delay >= 0 && !nack)
		tool_usage(&tool, "--delay goes with --nack");
	if (nack)
		sink_about.operation = "ChangeMessageVisibilityBatch";
	struct sink *sink = sink_open(&tool, &sink_about, &a, &err);
	if (sink == NULL)
		return tool_refused(&tool, &err);
	a.teller = lease_teller_new();
	int status = sink_run(sink);
	lease_teller_end(a.teller);
	buf_clear(&a.id);
	buf_clear(&a.handle);
	return status;
}
