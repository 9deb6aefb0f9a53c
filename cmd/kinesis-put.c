/*
 * kinesis-put - put each record on a Kinesis stream
 *
 * In:  records
 * Out: the records, with @metadata.to.kinesis = {SequenceNumber, ShardId}
 * API: PutRecords
 */
#include <string.h>

#include "sink.h"
#include "text.h"

enum {
	CALL_MAX = 10485760, /* bytes of a call, and of its largest record */
	KEY_MAX = 256,       /* characters of a partition key */
	UTF8_MAX = 4         /* bytes of a character */
};

static const char *key_text;

static const struct opt options[] = {
    {'k', "key", OPT_TEXT, &key_text, "TPL", "the partition key", 0, 0}, {0}};

static const struct tool_about about = {.name = "kinesis-put",
    .synopsis = "-k TPL STREAM",
    .options = options,
    .kind = TOOL_READS | TOOL_CALLS | TOOL_SINKS,
    .min_operands = 1,
    .max_operands = 1};

struct putting {
	struct template *key;
	struct buf data;
};

static size_t
characters(const struct buf *text)
{
	size_t n = 0;
	for (size_t i = 0; i < text->len; i++)
		n += (text->data[i] & 0xc0) != 0x80;
	return n;
}

static int
check_key(const struct buf *key, struct err *err)
{
	if (key->len == 0)
		return err_set(err, ERR_RECORD, "BadKey",
		    "its partition key, '%s', is empty", key_text);
	if (key->len > KEY_MAX && (key->len > (size_t)KEY_MAX * UTF8_MAX ||
				      characters(key) > KEY_MAX))
		return err_set(err, ERR_RECORD, "BadKey",
		    "its partition key, '%s', has more than %d characters",
		    key_text, KEY_MAX);
	return 0;
}

static int
encode(void *ctx, const struct record *r, size_t part, struct sink_entry *e,
    struct err *err)
{
	struct putting *p = ctx;
	(void)part;
	buf_reset(&p->data);
	if (record_body(r, &p->data, err) != 0 ||
	    template_fill(p->key, r, TEMPLATE_PLAIN, &e->key, err) != 0 ||
	    check_key(&e->key, err) != 0)
		return -1;
	buf_add_text(&e->body, "{\"Data\":\"");
	text_base64(p->data.data, p->data.len, &e->body);
	buf_add_text(&e->body, "\",\"PartitionKey\":");
	text_json_string(e->key.data, e->key.len, &e->body);
	buf_add_char(&e->body, '}');
	e->size = p->data.len + e->key.len;
	return 0;
}

static int
open_stream(void *ctx, struct sink *sink, struct err *err)
{
	struct buf head = {0};
	(void)ctx;
	buf_add_char(&head, '{');
	int r = ident_stream(sink_tool(sink)->operand[0], &head, err);
	buf_add_text(&head, ",\"Records\":[");
	sink_wrap(sink, buf_text(&head), "]}");
	buf_clear(&head);
	return r;
}

static const char *const keep[] = {"SequenceNumber", "ShardId", NULL};

static const struct sink_about sink_about = {.to = "kinesis",
    .service = "kinesis",
    .operation = "PutRecords",
    .max_entries = 500,
    .max_bytes = CALL_MAX,
    .join = ",",
    .reply = SINK_BY_POSITION,
    .accepted = "Records",
    .code = "ErrorCode",
    .message = "ErrorMessage",
    .keep = keep,
    .open = open_stream,
    .encode = encode};

int
main(int argc, char **argv)
{
	struct tool tool;
	struct putting p = {0};
	struct err err;
	tool_start(&tool, &about, argc, argv);
	if (key_text == NULL)
		tool_usage(&tool, "a partition key is wanted: --key TPL");
	p.key = template_new(key_text, &err);
	if (p.key == NULL)
		tool_usage(&tool, "%s", err.message);
	struct sink *sink = sink_open(&tool, &sink_about, &p, &err);
	int status = sink != NULL ? sink_run(sink) : tool_refused(&tool, &err);
	template_free(p.key);
	buf_clear(&p.data);
	return status;
}
