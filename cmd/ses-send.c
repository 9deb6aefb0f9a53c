/*
 * ses-send - send a mail for each record by SES
 *
 * In:  records
 * Out: the records, with @metadata.to.ses = {MessageId}, once every address
 *      has been accepted
 * API: SendEmail (v2), GetAccount
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "mem.h"
#include "sink.h"
#include "text.h"

static const char *from_text, *subject_text, *body_text, *body_file;
static const char *template_name, *html_text, *reply_text, *to_file;
static struct opt_list to_text;

static const struct opt options[] = {
    {'f', "from", OPT_TEXT, &from_text, "TPL", "the sender", 0, 0},
    {'t', "to", OPT_LIST, &to_text, "TPL",
	"a recipient; one field may be a list of them", 0, 0},
    {0, "to-file", OPT_TEXT, &to_file, "FILE", "recipients, one a line", 0, 0},
    {'s', "subject", OPT_TEXT, &subject_text, "TPL", "the subject", 0, 0},
    {'b', "body", OPT_TEXT, &body_text, "TPL",
	"the text, instead of the payload", 0, 0},
    {0, "body-file", OPT_TEXT, &body_file, "FILE", "the text, from a file", 0,
	0},
    {'T', "template", OPT_TEXT, &template_name, "NAME",
	"a template of SES, filled from the payload", 0, 0},
    {0, "html", OPT_TEXT, &html_text, "TPL", "the text as HTML", 0, 0},
    {0, "reply-to", OPT_TEXT, &reply_text, "TPL", "where answers go", 0, 0},
    {0}};

static const struct tool_about about = {.name = "ses-send",
    .synopsis = "-f TPL (-t TPL)...|--to-file FILE [-s TPL]\n"
		"[-b TPL | --body-file FILE | -T NAME] [--html TPL] "
		"[--reply-to TPL]",
    .options = options,
    .kind = TOOL_READS | TOOL_CALLS | TOOL_SINKS};

struct mailing {
	struct template *from, *subject, *body, *html, *reply;
	struct template **to;
	size_t to_count;
	struct buf text, address;
	/* The addresses of the record at hand, each ended by a NUL. */
	struct buf addresses;
	size_t next;
};

/* Append ,"NAME":"filled text". */
static int
add_filled(struct mailing *m, const struct template *t, const char *name,
    enum template_place place, const struct record *r, struct buf *out,
    struct err *err)
{
	buf_reset(&m->text);
	if (template_fill(t, r, place, &m->text, err) != 0)
		return -1;
	buf_addf(out, "\"%s\":{\"Charset\":\"UTF-8\",\"Data\":", name);
	text_json_string(buf_text(&m->text), m->text.len, out);
	buf_add_char(out, '}');
	return 0;
}

static int
add_address(struct mailing *m, const struct template *t, const struct record *r,
    struct buf *out, struct err *err)
{
	buf_reset(&m->text);
	buf_reset(&m->address);
	if (template_fill(t, r, TEMPLATE_HEADER, &m->text, err) != 0 ||
	    address_add(buf_text(&m->text), m->text.len, &m->address, err) != 0)
		return -1;
	text_json_string(m->address.data, m->address.len, out);
	return 0;
}

static int
keep_address(struct mailing *m, const char *text, size_t len, struct err *err)
{
	if (address_add(text, len, &m->addresses, err) != 0)
		return -1;
	buf_add_char(&m->addresses, '\0');
	return 0;
}

/* All addresses of r: a template, or a field that is a list. */
static int
find_addresses(struct mailing *m, const struct record *r, struct err *err)
{
	buf_reset(&m->addresses);
	m->next = 0;
	for (size_t i = 0; i < m->to_count; i++) {
		struct json list = template_single(m->to[i], r), v;
		struct json_iter it;
		buf_reset(&m->text);
		if (list.type != JSON_ARRAY) {
			if (template_fill(m->to[i], r, TEMPLATE_HEADER,
				&m->text, err) != 0 ||
			    keep_address(
				m, buf_text(&m->text), m->text.len, err) != 0)
				return -1;
			continue;
		}
		json_each(list, &it);
		while (json_next(&it, NULL, &v)) {
			buf_reset(&m->text);
			if (v.type != JSON_STRING)
				return err_set(err, ERR_RECORD,
				    "InvalidAddress",
				    "a list of recipients holds what is no "
				    "text");
			if (json_text(v, &m->text, err) != 0 ||
			    keep_address(
				m, buf_text(&m->text), m->text.len, err) != 0)
				return -1;
		}
	}
	return 0;
}

static int
add_content(
    struct mailing *m, const struct record *r, struct buf *out, struct err *err)
{
	if (template_name != NULL) {
		buf_add_text(out, "\"Template\":{\"TemplateName\":");
		text_json_string(template_name, strlen(template_name), out);
		buf_reset(&m->text);
		record_payload(r, &m->text);
		buf_add_text(out, ",\"TemplateData\":");
		text_json_string(m->text.data, m->text.len, out);
		buf_add_char(out, '}');
		return 0;
	}
	buf_add_text(out, "\"Simple\":{");
	if (add_filled(
		m, m->subject, "Subject", TEMPLATE_HEADER, r, out, err) != 0)
		return -1;
	buf_add_text(out, ",\"Body\":{");
	if (m->body == NULL && m->html == NULL) {
		buf_reset(&m->text);
		if (record_body(r, &m->text, err) != 0)
			return -1;
		buf_add_text(out, "\"Text\":{\"Charset\":\"UTF-8\",\"Data\":");
		text_json_string(m->text.data, m->text.len, out);
		buf_add_char(out, '}');
	}
	if (m->body != NULL &&
	    add_filled(m, m->body, "Text", TEMPLATE_PLAIN, r, out, err) != 0)
		return -1;
	if (m->html != NULL) {
		buf_add_text(out, m->body == NULL ? "" : ",");
		if (add_filled(
			m, m->html, "Html", TEMPLATE_HTML, r, out, err) != 0)
			return -1;
	}
	buf_add_text(out, "}}");
	return 0;
}

/* One call an address: nobody sees who else gets it, and one bad address
 * does not keep the mail from the others. */
static int
encode(void *ctx, const struct record *r, size_t part, struct sink_entry *e,
    struct err *err)
{
	struct mailing *m = ctx;
	struct buf *out = &e->body;
	if (part == 0 && find_addresses(m, r, err) != 0)
		return -1;
	if (m->addresses.len == 0)
		return err_set(err, ERR_RECORD, "NoRecipient",
		    "the list of recipients is empty");
	buf_add_text(out, "{\"FromEmailAddress\":");
	if (add_address(m, m->from, r, out, err) != 0)
		return -1;
	const char *to = m->addresses.data + m->next;
	m->next += strlen(to) + 1;
	e->more = m->next < m->addresses.len;
	buf_add_text(out, ",\"Destination\":{\"ToAddresses\":[");
	text_json_string(to, strlen(to), out);
	buf_add_text(out, "]}");
	if (m->reply != NULL) {
		buf_add_text(out, ",\"ReplyToAddresses\":[");
		if (add_address(m, m->reply, r, out, err) != 0)
			return -1;
		buf_add_char(out, ']');
	}
	buf_add_text(out, ",\"Content\":{");
	if (add_content(m, r, out, err) != 0)
		return -1;
	buf_add_text(out, "}}");
	return 0;
}

static void
prepare(void *ctx, const struct batch *b, struct call *call)
{
	(void)ctx;
	(void)b;
	call->path = "/v2/email/outbound-emails";
}

/* An unverified address is named by SES; the remedy is ours. */
static bool
settle(
    void *ctx, struct sink *s, const struct batch *b, const struct call *call)
{
	(void)ctx;
	(void)b;
	struct json reply;
	if (call->err.kind == ERR_NONE) {
		if (json_scan(
			call->reply.data, call->reply.len, &reply, NULL) != 0)
			return true;
		struct json id = json_get(reply, "MessageId");
		if (id.type != JSON_STRING)
			return true;
		struct buf fields = {0};
		buf_addf(&fields, "\"MessageId\":%.*s", (int)id.len, id.at);
		sink_accept(s, 0, fields.data, fields.len);
		buf_clear(&fields);
		return true;
	}
	if (strstr(call->err.message, "not verified") == NULL)
		return false;
	struct err err = call->err;
	err_set(&err, ERR_REFUSED, call->err.code,
	    "%s; verify it (aws-call sesv2 CreateEmailIdentity "
	    "EmailIdentity=ADDRESS, then the link in its mail), or ask for "
	    "leaving the sandbox",
	    call->err.message);
	sink_refuse(s, 0, &err);
	return true;
}

static const struct sink_about sink_about = {.to = "ses",
    .service = "sesv2",
    .operation = "SendEmail",
    .max_entries = 1,
    .max_bytes = 40 << 20,
    .join = "",
    .reply = SINK_CUSTOM,
    .encode = encode,
    .prepare = prepare,
    .settle = settle};

/* The account's rate counts recipients, as our calls do. Without permission
 * to ask, SES's own throttling paces us. */
static void
obey_rate(struct sink *sink)
{
	struct call call = {.service = service_find("sesv2"),
	    .operation = "GetAccount",
	    .method = "GET",
	    .path = "/v2/email/account"};
	struct json reply;
	double rate;
	if (call_run(ident_caller(sink_ident(sink)), &call, NULL) == 0 &&
	    json_scan(call.reply.data, call.reply.len, &reply, NULL) == 0 &&
	    json_double(json_get(json_get(reply, "SendQuota"), "MaxSendRate"),
		&rate) == 0)
		sink_rate(sink, rate);
	call_clear(&call);
}

static struct template *
compile(struct tool *tool, const char *option, const char *text)
{
	struct err err;
	if (text == NULL)
		return NULL;
	struct template *t = template_new(text, &err);
	if (t == NULL)
		tool_usage(tool, "%s: %s", option, err.message);
	return t;
}

static void
add_recipient(struct tool *tool, struct mailing *m, const char *text)
{
	m->to = mem_grow(m->to, m->to_count + 1, sizeof(struct template *));
	m->to[m->to_count++] = compile(tool, "--to", text);
}

static void
read_recipients(struct tool *tool, struct mailing *m)
{
	char *line = NULL;
	size_t cap = 0;
	FILE *f = fopen(to_file, "re");
	if (f == NULL)
		tool_usage(tool, "--to-file %s: %s", to_file, strerror(errno));
	while (getline(&line, &cap, f) > 0) {
		line[strcspn(line, "\r\n")] = '\0';
		if (line[0] != '\0' && line[0] != '#')
			add_recipient(tool, m, line);
	}
	free(line);
	fclose(f);
}

static char *
read_body(struct tool *tool)
{
	struct buf text = {0};
	char chunk[4096];
	size_t n;
	FILE *f = fopen(body_file, "re");
	if (f == NULL)
		tool_usage(
		    tool, "--body-file %s: %s", body_file, strerror(errno));
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(&text, chunk, n);
	fclose(f);
	return buf_take(&text);
}

static void
open_mailing(struct tool *tool, struct mailing *m)
{
	if (from_text == NULL)
		tool_usage(tool, "--from is missing: who sends the mail?");
	if ((to_text.count == 0) == (to_file == NULL))
		tool_usage(tool, "recipients come from --to or --to-file");
	if ((body_text != NULL) + (body_file != NULL) +
		(template_name != NULL) >
	    1)
		tool_usage(tool, "--body, --body-file and --template exclude "
				 "each other");
	if (template_name == NULL && subject_text == NULL)
		tool_usage(tool, "--subject is missing");
	m->from = compile(tool, "--from", from_text);
	m->subject = compile(tool, "--subject", subject_text);
	m->html = compile(tool, "--html", html_text);
	m->reply = compile(tool, "--reply-to", reply_text);
	char *file = body_file == NULL ? NULL : read_body(tool);
	m->body = compile(tool, "--body", file == NULL ? body_text : file);
	free(file);
	for (size_t i = 0; i < to_text.count; i++)
		add_recipient(tool, m, to_text.item[i]);
	if (to_file != NULL)
		read_recipients(tool, m);
}

int
main(int argc, char **argv)
{
	struct tool tool;
	struct mailing m = {0};
	struct err err;
	tool_start(&tool, &about, argc, argv);
	open_mailing(&tool, &m);
	struct sink *sink = sink_open(&tool, &sink_about, &m, &err);
	if (sink == NULL)
		return tool_refused(&tool, &err);
	if (!tool.dry_run)
		obey_rate(sink);
	int status = sink_run(sink);
	struct template *all[] = {m.from, m.subject, m.body, m.html, m.reply};
	for (size_t i = 0; i < 5; i++)
		template_free(all[i]);
	for (size_t i = 0; i < m.to_count; i++)
		template_free(m.to[i]);
	free(m.to);
	opt_list_free(&to_text);
	buf_clear(&m.text);
	buf_clear(&m.address);
	buf_clear(&m.addresses);
	return status;
}
