#include "slack.h"

#include <string.h>

#include "text.h"

/* Bytes of an alarm's texts; of 40,000, 3,000 and 2,000 characters. */
enum { SUMMARY = 38000, SECTION = 2900, FIELD = 1900 };

void
slack_string(const struct buf *text, size_t most, struct buf *out)
{
	size_t len = text->len;
	if (len <= most) {
		text_json_string(buf_text(text), len, out);
		return;
	}
	struct buf cut = {0};
	for (len = most; len > 0 && (text->data[len] & 0xc0) == 0x80;)
		len--;
	buf_add(&cut, text->data, len);
	buf_add_text(&cut, "…");
	text_json_string(cut.data, cut.len, out);
	buf_clear(&cut);
}

/* In UTF-16 a character of four bytes is two. */
static size_t
characters(const struct buf *text)
{
	size_t n = 0;
	for (size_t i = 0; i < text->len; i++) {
		unsigned char c = (unsigned char)text->data[i];
		n += (c & 0xc0) != 0x80;
		n += c >= 0xf0;
	}
	return n;
}

int
slack_say(const struct buf *text, struct buf *out, struct err *err)
{
	size_t n = characters(text);
	if (n > SLACK_TEXT)
		return err_set(err, ERR_RECORD, "TooLarge",
		    "a text of %zu characters; Slack shows %d: say less with "
		    "--text",
		    n, SLACK_TEXT);
	buf_add_text(out, "{\"text\":");
	text_json_string(buf_text(text), text->len, out);
	buf_add_char(out, '}');
	return 0;
}

static void
add_escaped(struct buf *out, const char *text)
{
	text_slack(text, strlen(text), out);
}

/* "OK → ALARM", or the new state alone. */
static void
add_states(const struct alarm *a, const char *mark, struct buf *out)
{
	if (a->was[0] != '\0') {
		add_escaped(out, a->was);
		buf_add_text(out, " → ");
	}
	buf_add_text(out, mark);
	add_escaped(out, a->now);
	buf_add_text(out, mark);
}

static const char *
colour_of(const char *state)
{
	if (strcmp(state, "ALARM") == 0)
		return "#d13212";
	return strcmp(state, "OK") == 0 ? "#1d8102" : "#879596";
}

/* A field of a section, behind a comma if it is not the first. */
static void
add_field(const char *label, const char *value, struct buf *out)
{
	struct buf text = {0};
	if (value[0] == '\0')
		return;
	buf_addf(&text, "*%s*\n", label);
	add_escaped(&text, value);
	buf_addf(
	    out, "%s{\"type\":\"mrkdwn\",\"text\":", out->len > 0 ? "," : "");
	slack_string(&text, FIELD, out);
	buf_add_char(out, '}');
	buf_clear(&text);
}

static void
add_facts(const struct alarm *a, struct buf *out)
{
	struct buf fields = {0}, value = {0};
	if (a->value[0] != '\0' && a->bound[0] != '\0')
		buf_addf(&value, "%s against %s", a->value, a->bound);
	else
		buf_addf(&value, "%s%s", a->value, a->bound);
	add_field("Metric", a->metric, &fields);
	add_field("Value against threshold", buf_text(&value), &fields);
	add_field("Time", a->time, &fields);
	add_field("Region", a->region, &fields);
	/* Slack refuses a section without any. */
	if (fields.len > 0)
		buf_addf(out, ",{\"type\":\"section\",\"fields\":[%s]}",
		    fields.data);
	buf_clear(&fields);
	buf_clear(&value);
}

void
slack_alarm(const struct alarm *a, struct buf *out)
{
	struct buf text = {0};
	add_escaped(&text, a->name);
	buf_add_text(&text, ": ");
	add_states(a, "", &text);
	buf_add_text(out, "{\"text\":");
	slack_string(&text, SUMMARY, out);
	buf_addf(out,
	    ",\"attachments\":[{\"color\":\"%s\",\"blocks\":[{\"type\":"
	    "\"section\",\"text\":{\"type\":\"mrkdwn\",\"text\":",
	    colour_of(a->now));
	buf_reset(&text);
	if (a->link[0] != '\0')
		buf_addf(&text, "*<%s|", a->link);
	else
		buf_add_char(&text, '*');
	add_escaped(&text, a->name);
	buf_add_text(&text, a->link[0] != '\0' ? ">*  " : "*  ");
	add_states(a, "*", &text);
	buf_add_char(&text, '\n');
	add_escaped(&text, a->reason);
	slack_string(&text, SECTION, out);
	buf_add_text(out, "}}");
	add_facts(a, out);
	buf_add_text(out, "]}]}");
	buf_clear(&text);
}
