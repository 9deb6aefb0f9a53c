/*
 * slack-notify - post each record to a Slack incoming webhook
 *
 * In:  records, or lines of text
 * Out: the same, with @metadata.to.slack = {} where they are records
 * API: Slack's incoming webhooks
 */
#include <stdlib.h>
#include <string.h>

#include "alarm.h"
#include "sink.h"
#include "slack.h"
#include "text.h"
#include "webhook.h"

static const char *text_text, *webhook_file;

static const struct opt options[] = {
    {0, "text", OPT_TEXT, &text_text, "TPL",
	"what to say, instead of the payload", 0, 0},
    {0, "webhook-file", OPT_TEXT, &webhook_file, "FILE",
	"holds the webhook's URL; else SLACK_WEBHOOK_URL does", 0, 0},
    {0}};

static const struct tool_about about = {.name = "slack-notify",
    .synopsis = "[--text TPL] [--webhook-file FILE]",
    .options = options,
    .kind = TOOL_READS | TOOL_CALLS | TOOL_SINKS};

struct posting {
	struct template *text;
	char *url;
	struct buf plain, mrkdwn;
};

static int
say(struct posting *p, const struct record *r, struct buf *out, struct err *err)
{
	if (p->plain.len == 0 && r->root.type == JSON_NONE)
		buf_add(&p->plain, r->line, r->len);
	else if (p->plain.len == 0 && record_body(r, &p->plain, err) != 0)
		return -1;
	buf_reset(&p->mrkdwn);
	text_slack(p->plain.data, p->plain.len, &p->mrkdwn);
	return slack_say(&p->mrkdwn, out, err);
}

static int
encode(void *ctx, const struct record *r, size_t part, struct sink_entry *e,
    struct err *err)
{
	struct posting *p = ctx;
	struct alarm alarm;
	buf_reset(&p->plain);
	if (p->text != NULL) {
		if (template_fill(p->text, r, TEMPLATE_SLACK, &p->plain, err) !=
		    0)
			return -1;
		return slack_say(&p->plain, &e->body, err);
	}
	if (!alarm_read(r->root, part, &alarm, &p->plain, &e->more))
		return say(p, r, &e->body, err);
	slack_alarm(&alarm, &e->body);
	alarm_clear(&alarm);
	return 0;
}

static void
prepare(void *ctx, const struct batch *b, struct call *call)
{
	struct posting *p = ctx;
	(void)b;
	call->service = NULL;
	call->url = p->url;
	call->content_type = "application/json";
	call->once = true; /* what Retry-After says is ours to obey */
}

/* Slack answers 200 "ok"; anything else is in words. */
static bool
settle(
    void *ctx, struct sink *s, const struct batch *b, const struct call *call)
{
	(void)ctx;
	(void)b;
	if (call->err.kind != ERR_NONE)
		return false;
	if (call->reply.len == 2 && memcmp(call->reply.data, "ok", 2) == 0)
		sink_accept(s, 0, "", 0);
	return true;
}

static const struct sink_about sink_about = {.to = "slack",
    .operation = "the webhook",
    .max_entries = 1,
    .join = "",
    .text_lines = true,
    .reply = SINK_CUSTOM,
    .encode = encode,
    .prepare = prepare,
    .settle = settle};

int
main(int argc, char **argv)
{
	struct tool tool;
	struct posting p = {0};
	struct err err;
	tool_start(&tool, &about, argc, argv);
	tool.jobs = 1; /* messages stay in order */
	if (text_text != NULL &&
	    (p.text = template_new(text_text, &err)) == NULL)
		tool_usage(&tool, "--text: %s", err.message);
	if (!tool.dry_run && webhook_url(webhook_file, &p.url, &err) != 0)
		return tool_refused(&tool, &err);
	struct sink *sink = sink_open(&tool, &sink_about, &p, &err);
	if (sink != NULL && tool.rate == 0)
		sink_rate(sink, 1); /* Slack takes bursts, who asks for them */
	int status = sink != NULL ? sink_run(sink) : tool_refused(&tool, &err);
	webhook_forget(p.url);
	template_free(p.text);
	buf_clear(&p.plain);
	buf_clear(&p.mrkdwn);
	return status;
}
