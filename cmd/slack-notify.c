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

enum { TEXT_MAX = 38000, SECTION_MAX = 2900 }; /* of 40,000 and 3,000 */

struct posting {
	struct template *text;
	char *url;
	struct buf plain, mrkdwn;
};

/* As a JSON string, cut at a whole character. */
static void
add_string(struct buf *out, const struct buf *text, size_t most)
{
	size_t len = text->len;
	if (len > most) {
		for (len = most; len > 0 && (text->data[len] & 0xc0) == 0x80;)
			len--;
		struct buf cut = {0};
		buf_add(&cut, text->data, len);
		buf_add_text(&cut, "…");
		text_json_string(cut.data, cut.len, out);
		buf_clear(&cut);
		return;
	}
	text_json_string(buf_text(text), len, out);
}

static const char *
colour_of(const char *state)
{
	if (strcmp(state, "ALARM") == 0)
		return "#d13212";
	return strcmp(state, "OK") == 0 ? "#1d8102" : "#879596";
}

static void
add_field(
    struct buf *out, const char *label, const char *value, const char **comma)
{
	struct buf text = {0};
	if (value[0] == '\0')
		return;
	buf_addf(&text, "*%s*\n", label);
	text_slack(value, strlen(value), &text);
	buf_addf(out, "%s{\"type\":\"mrkdwn\",\"text\":", *comma);
	add_string(out, &text, 1900);
	buf_add_char(out, '}');
	*comma = ",";
	buf_clear(&text);
}

static void
add_section(struct buf *out, const struct buf *text)
{
	buf_add_text(out,
	    "{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\",\"text\":");
	add_string(out, text, SECTION_MAX);
	buf_add_text(out, "}}");
}

/* Name and states, reason, facts, link; coloured by state. */
static void
draw(struct posting *p, const struct alarm *a, struct buf *out)
{
	struct buf *m = &p->mrkdwn;
	const char *comma = "";
	buf_reset(m);
	text_slack(a->name, strlen(a->name), m);
	buf_addf(m, ": %s → %s", a->was, a->now);
	buf_add_text(out, "{\"text\":");
	add_string(out, m, TEXT_MAX);
	buf_addf(out, ",\"attachments\":[{\"color\":\"%s\",\"blocks\":[",
	    colour_of(a->now));
	buf_reset(m);
	buf_addf(m, "*<%s|", a->link);
	text_slack(a->name, strlen(a->name), m);
	buf_addf(m, ">*  %s → *%s*\n", a->was, a->now);
	text_slack(a->reason, strlen(a->reason), m);
	add_section(out, m);
	buf_add_text(out, ",{\"type\":\"section\",\"fields\":[");
	add_field(out, "Metric", a->metric, &comma);
	buf_reset(m);
	buf_addf(
	    m, "%s%s%s", a->value, a->value[0] ? ", wanted " : "", a->bound);
	if (a->value[0] != '\0' && a->bound[0] != '\0') {
		buf_reset(m);
		buf_addf(m, "%s against %s", a->value, a->bound);
	}
	add_field(out, "Value against threshold", buf_text(m), &comma);
	add_field(out, "Time", a->time, &comma);
	add_field(out, "Region", a->region, &comma);
	buf_add_text(out, "]}]}]}");
}

static int
say(struct posting *p, const struct record *r, struct buf *out, struct err *err)
{
	if (p->plain.len == 0 && r->root.type == JSON_NONE)
		buf_add(&p->plain, r->line, r->len);
	else if (p->plain.len == 0 && record_body(r, &p->plain, err) != 0)
		return -1;
	buf_reset(&p->mrkdwn);
	text_slack(p->plain.data, p->plain.len, &p->mrkdwn);
	buf_add_text(out, "{\"text\":");
	add_string(out, &p->mrkdwn, TEXT_MAX);
	buf_add_char(out, '}');
	return 0;
}

static int
encode(void *ctx, const struct record *r, size_t part, struct sink_entry *e,
    struct err *err)
{
	struct posting *p = ctx;
	struct alarm alarm;
	buf_reset(&p->plain);
	if (p->text != NULL) {
		buf_add_text(&e->body, "{\"text\":");
		if (template_fill(p->text, r, TEMPLATE_SLACK, &p->plain, err) !=
		    0)
			return -1;
		add_string(&e->body, &p->plain, TEXT_MAX);
		buf_add_char(&e->body, '}');
		return 0;
	}
	if (!alarm_read(r->root, part, &alarm, &p->plain, &e->more))
		return say(p, r, &e->body, err);
	draw(p, &alarm, &e->body);
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
	if (sink == NULL)
		return tool_refused(&tool, &err);
	sink_rate(sink, 1);
	int status = sink_run(sink);
	webhook_forget(p.url);
	template_free(p.text);
	buf_clear(&p.plain);
	buf_clear(&p.mrkdwn);
	return status;
}
