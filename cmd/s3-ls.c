/*
 * s3-ls - list the objects of an S3 bucket
 *
 * In:  nothing
 * Out: {"Bucket":…,"Key":…,"Size":…,"LastModified":…,"ETag":…,
 *      "StorageClass":…}, an object a record, in the order of keys; with -d
 *      also {"Bucket":…,"Prefix":…}
 * API: ListObjectsV2
 */
#include <string.h>

#include "ident.h"
#include "object.h"
#include "record.h"
#include "text.h"
#include "tool.h"
#include "xml.h"

enum { PAGE = 1000 /* S3 lists no more in one reply */ };

static const char *delimiter, *after;
static int64_t most = INT64_MAX;

static const struct opt options[] = {
    {'d', "delimiter", OPT_TEXT, &delimiter, "TEXT",
	"a record for all keys that are one up to TEXT, as up to /", 0, 0},
    {'n', "max", OPT_INTEGER, &most, "N", "so many records", 1, INT64_MAX},
    {0, "after", OPT_TEXT, &after, "KEY", "only keys that follow this one", 0,
	0},
    {0}};

static const struct tool_about about = {.name = "s3-ls",
    .synopsis = "[-d TEXT] [-n N] [--after KEY] s3://BUCKET[/PREFIX]",
    .options = options,
    .kind = TOOL_CALLS,
    .min_operands = 1,
    .max_operands = 1};

struct listing {
	struct tool tool;
	struct object object; /* the bucket and the prefix */
	struct ident *ident;
	struct call call;
	struct buf header, path, token;
	struct buf key, prefix; /* decoded */
	struct buf fields, body, line;
	int64_t printed;
};

static void
add_query(struct buf *path, const char *name, const char *value)
{
	if (value == NULL || *value == '\0')
		return;
	buf_addf(path, "&%s=", name);
	text_percent(value, strlen(value), false, path);
}

static int
ask(struct listing *l, struct err *err)
{
	struct caller *caller = ident_caller(l->ident);
	int64_t left = most - l->printed;
	/* XML has no control characters, which keys may have. */
	buf_reset(&l->path);
	buf_addf(&l->path, "/?list-type=2&encoding-type=url&max-keys=%d",
	    left < PAGE ? (int)left : PAGE);
	add_query(&l->path, "prefix", l->object.key);
	add_query(&l->path, "delimiter", delimiter);
	add_query(&l->path, "start-after", after);
	add_query(&l->path, "continuation-token", buf_text(&l->token));
	object_call(&l->object, "GET", l->path.data, &l->header, &l->call);
	l->call.operation = "ListObjectsV2";
	if (call_run(caller, &l->call, err) == 0)
		return 0;
	if (!object_moved(&l->object, &l->call, call_conf(caller)))
		return -1;
	return call_run(caller, &l->call, err);
}

/* The text of a child, which the reply may have percent-encoded. */
static void
decode(const struct xml *node, const char *name, bool encoded, struct buf *out)
{
	const char *text = xml_text(node, name);
	buf_reset(out);
	if (text == NULL)
		return;
	if (!encoded || text_unpercent(text, strlen(text), true, out) != 0) {
		buf_reset(out);
		buf_add_text(out, text);
	}
}

static void
print(struct listing *l)
{
	buf_add_char(&l->body, '}');
	buf_reset(&l->line);
	record_from(l->body.data, l->body.len, "s3", l->fields.data,
	    l->fields.len, &l->line);
	tool_print(&l->tool, l->line.data, l->line.len);
	l->printed++;
}

static void
begin(struct listing *l, const char *name, const struct buf *text)
{
	buf_reset(&l->body);
	buf_add_char(&l->body, '{');
	text_json_member("Bucket", l->object.bucket, &l->body);
	buf_addf(&l->body, ",\"%s\":", name);
	text_json_string(buf_text(text), text->len, &l->body);
}

static void
print_object(struct listing *l, const struct xml *object)
{
	static const char *const texts[] = {
	    "LastModified", "ETag", "StorageClass"};
	int64_t size;
	const char *text = xml_text(object, "Size");
	begin(l, "Key", &l->key);
	if (text != NULL && text_integer(text, 0, INT64_MAX, &size) == 0)
		buf_addf(&l->body, ",\"Size\":%lld", (long long)size);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		text = xml_text(object, texts[i]);
		if (text != NULL)
			text_json_member(texts[i], text, &l->body);
	}
	print(l);
}

static const struct xml *
named(const struct xml *node, const char *name)
{
	while (node != NULL && strcmp(node->name, name) != 0)
		node = node->next;
	return node;
}

/* A page has objects and prefixes apart, each in the order of keys. */
static void
print_page(struct listing *l, const struct xml *root)
{
	const char *encoding = xml_text(root, "EncodingType");
	bool encoded = encoding != NULL && strcmp(encoding, "url") == 0;
	const struct xml *object = named(root->child, "Contents");
	const struct xml *prefix = named(root->child, "CommonPrefixes");
	while ((object != NULL || prefix != NULL) && l->printed < most) {
		decode(object, "Key", encoded, &l->key);
		decode(prefix, "Prefix", encoded, &l->prefix);
		if (prefix == NULL ||
		    (object != NULL &&
			strcmp(buf_text(&l->key), buf_text(&l->prefix)) < 0)) {
			print_object(l, object);
			object = named(object->next, "Contents");
		} else {
			begin(l, "Prefix", &l->prefix);
			print(l);
			prefix = named(prefix->next, "CommonPrefixes");
		}
	}
}

/* One call and its records. Returns: 1: there is another page. */
static int
list(struct listing *l, struct err *err)
{
	if (ask(l, err) != 0)
		return -1;
	struct xml *root =
	    xml_parse(buf_text(&l->call.reply), l->call.reply.len, err);
	if (root == NULL)
		return -1;
	print_page(l, root);
	const char *token = xml_text(root, "NextContinuationToken");
	bool again = token != NULL && strcmp(token, buf_text(&l->token)) == 0;
	buf_reset(&l->token);
	if (token != NULL)
		buf_add_text(&l->token, token);
	xml_free(root);
	if (tool_flush(&l->tool) != 0 || l->token.len == 0 ||
	    l->printed == most)
		return 0;
	if (again)
		return err_set(err, ERR_LATER, "InvalidReply",
		    "the same page would come again: its token is the last "
		    "one's");
	if (!tool_stopping(&l->tool))
		return 1;
	return err_set(err, ERR_LATER, "Interrupted",
	    "a signal came before the last page");
}

static void
clear(struct listing *l)
{
	struct buf *bufs[] = {&l->header, &l->path, &l->token, &l->key,
	    &l->prefix, &l->fields, &l->body, &l->line};
	for (size_t i = 0; i < sizeof(bufs) / sizeof(bufs[0]); i++)
		buf_clear(bufs[i]);
	call_clear(&l->call);
	ident_close(l->ident);
	object_clear(&l->object);
}

int
main(int argc, char **argv)
{
	struct listing l = {0};
	struct err err;
	int more = 0;
	tool_start(&l.tool, &about, argc, argv);
	if (object_init(&l.object, l.tool.operand[0], false, &err) != 0)
		tool_usage(&l.tool, "%s", err.message);
	text_json_member("Bucket", l.object.bucket, &l.fields);
	l.ident = ident_open(&l.tool.conf, about.name, 1, &err);
	bool ready = l.ident != NULL;
	if (ready)
		call_stop_on(ident_caller(l.ident), l.tool.stop_fd);
	while (ready && (more = list(&l, &err)) > 0)
		;
	if (more < 0) {
		l.tool.accepted = (uint64_t)l.printed;
		tool_end(&l.tool, &err);
	}
	clear(&l);
	return ready ? tool_finish(&l.tool) : tool_refused(&l.tool, &err);
}
