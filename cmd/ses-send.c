/*
 * ses-send - send a mail for each record by SES
 *
 * In:  records
 * Out: the records, with @metadata.to.ses = {MessageId}, once every address
 *      has been accepted
 * API: SendEmail (v2), GetAccount
 */
#include <string.h>

#include "mail.h"
#include "sink.h"

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

static int
encode(void *ctx, const struct record *r, size_t part, struct sink_entry *e,
    struct err *err)
{
	return mail_encode(ctx, r, part, &e->body, &e->more, err);
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
	    "%s; verify it (aws-call --rest sesv2 POST /v2/email/identities "
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

int
main(int argc, char **argv)
{
	struct tool tool;
	struct mail mail;
	struct err err;
	tool_start(&tool, &about, argc, argv);
	struct mail_about what = {.from = from_text,
	    .subject = subject_text,
	    .body = body_text,
	    .html = html_text,
	    .reply = reply_text,
	    .body_file = body_file,
	    .template_name = template_name,
	    .to = &to_text,
	    .to_file = to_file};
	if (mail_init(&mail, &what, &err) != 0)
		tool_usage(&tool, "%s", err.message);
	struct sink *sink = sink_open(&tool, &sink_about, &mail, &err);
	if (sink != NULL && !tool.dry_run)
		obey_rate(sink);
	int status = sink != NULL ? sink_run(sink) : tool_refused(&tool, &err);
	mail_clear(&mail);
	opt_list_free(&to_text);
	return status;
}
