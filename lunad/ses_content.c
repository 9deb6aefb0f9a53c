/*
 * SES: the message itself, made of what a send asks for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mail.h"
#include "mem.h"
#include "ses_private.h"
#include "text.h"

#define HEADERS_MAX 15

static int
too_many(struct request *r)
{
	return ses_bad(r, "Recipient count exceeds %d.", SES_RECIPIENTS);
}

static int
add_mailbox(struct request *r, struct ses_send *s, const char *given)
{
	struct buf address = {0};

	if (s->count == SES_RECIPIENTS)
		return too_many(r);
	if (!mail_is_header(given) || mail_address(given, &address) != 0) {
		buf_clear(&address);
		return ses_bad(r, strchr(given, '@') == NULL
				      ? "Missing final '@domain'"
				      : "Illegal address");
	}
	s->given[s->count] = given;
	s->address[s->count++] = request_format(r, "%s", buf_text(&address));
	buf_clear(&address);
	return 0;
}

int
ses_envelope(struct request *r, struct ses_send *s, struct json list)
{
	struct json_iter it;
	struct json e;

	json_each(list, &it);
	while (json_next(&it, NULL, &e)) {
		const char *given = param_text(r, e, NULL);

		if (add_mailbox(r, s, given == NULL ? "" : given) < 0)
			return -1;
	}
	return 0;
}

int
ses_envelope_header(struct request *r, struct ses_send *s,
    const struct buf *raw, const char *name)
{
	struct buf value = {0}, mailbox = {0};
	const char *at;
	int failed = 0;

	if (mail_header(buf_text(raw), raw->len, name, &value) == 0) {
		at = buf_text(&value);
		while (failed == 0 && mail_next(&at, &mailbox))
			failed = add_mailbox(
			    r, s, request_format(r, "%s", buf_text(&mailbox)));
	}
	buf_clear(&value);
	buf_clear(&mailbox);
	return failed;
}

/* "a@example.com, b@example.com" of a list, in the request's memory. */
static const char *
joined(struct request *r, struct json list)
{
	struct buf out = {0};
	struct json_iter it;
	struct json e;
	char *text;

	json_each(list, &it);
	while (json_next(&it, NULL, &e)) {
		const char *one = param_text(r, e, NULL);

		if (one == NULL)
			continue;
		if (out.len > 0)
			buf_add_text(&out, ", ");
		buf_add_text(&out, one);
	}
	text = request_format(r, "%s", buf_text(&out));
	buf_clear(&out);
	return text;
}

static bool
is_header_name(const char *name)
{
	static const char *const taken[] = {"Date", "From", "To", "Cc", "Bcc",
	    "Reply-To", "Subject", "Message-ID", "MIME-Version", "Content-Type",
	    "Content-Transfer-Encoding", "Return-Path", "Sender"};

	if (name[0] == '\0' || strlen(name) > 126)
		return false;
	for (const char *p = name; *p != '\0'; p++)
		if (*p <= ' ' || *p >= 0x7f || *p == ':')
			return false;
	for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++)
		if (strcasecmp(name, taken[i]) == 0)
			return false;
	return true;
}

/* Headers: further ones, by name and value. */
static int
add_headers(struct request *r, struct json headers, struct buf *out)
{
	struct json_iter it;
	struct json e;

	if (json_count(headers) > HEADERS_MAX)
		return ses_bad(r, "More than %d headers.", HEADERS_MAX);
	json_each(headers, &it);
	while (json_next(&it, NULL, &e)) {
		const char *name = param_text(r, json_get(e, "Name"), NULL);
		const char *value = param_text(r, json_get(e, "Value"), NULL);

		if (name == NULL || !is_header_name(name) || value == NULL ||
		    !mail_is_header(value))
			return ses_bad(r, "Invalid header <%s>.",
			    name == NULL || !mail_is_header(name) ? "" : name);
		buf_addf(out, "%s: ", name);
		text_rfc2047(value, strlen(value), out);
		buf_add_text(out, "\r\n");
	}
	return 0;
}

/* Attachments, as mail.h has them; -1: the failure is set. */
static int
read_attachments(struct request *r, struct json list, struct mail *m)
{
	size_t n = json_count(list), i = 0;
	struct mail_attachment *a = request_alloc(r, (n + 1) * sizeof(*a));
	struct json_iter it;
	struct json e;

	json_each(list, &it);
	for (; json_next(&it, NULL, &e); i++) {
		const char *how = ses_text(r, e, "ContentDisposition");

		a[i].type = ses_text(r, e, "ContentType");
		a[i].name = ses_text(r, e, "FileName");
		a[i].id = ses_text(r, e, "ContentId");
		a[i].description = ses_text(r, e, "ContentDescription");
		a[i].inlined = how != NULL && strcmp(how, "INLINE") == 0;
		a[i].base64 =
		    param_text(r, json_get(e, "RawContent"), &a[i].base64_len);
		if (a[i].name == NULL || a[i].base64 == NULL ||
		    !mail_is_header(a[i].name) ||
		    (a[i].type != NULL && !mail_is_header(a[i].type)) ||
		    (a[i].id != NULL && !mail_is_header(a[i].id)) ||
		    (a[i].description != NULL &&
			!mail_is_header(a[i].description)))
			return ses_bad(r, "Attachment %zu is invalid.", i + 1);
	}
	m->attachment = a;
	m->attachments = n;
	return 0;
}

static int
write_mail(struct request *r, const struct ses_send *s, struct mail *m,
    struct json with, struct buf *out)
{
	struct buf headers = {0};
	int failed = -1;

	if (m->subject != NULL && !mail_is_header(m->subject))
		return ses_bad(r, "Subject contains a control character.");
	m->date_ms = r->now_ms;
	m->id = request_format(r, "%s@%s.amazonses.com", s->id,
	    strcmp(r->region, "us-east-1") == 0 ? "email" : r->region);
	m->from = s->from;
	m->to = joined(r, s->to);
	m->cc = joined(r, s->cc);
	m->reply_to = joined(r, s->reply_to);
	if (!mail_is_header(m->reply_to))
		return ses_bad(r, "Illegal address");
	if (read_attachments(r, json_get(with, "Attachments"), m) == 0 &&
	    add_headers(r, json_get(with, "Headers"), &headers) == 0) {
		m->headers = buf_text(&headers);
		mail_write(m, out);
		failed = 0;
	}
	buf_clear(&headers);
	return failed;
}

int
ses_write_simple(struct request *r, const struct ses_send *s,
    struct json simple, struct buf *out)
{
	struct json body = json_get(simple, "Body");
	struct json text = json_get(json_get(body, "Text"), "Data");
	struct json html = json_get(json_get(body, "Html"), "Data");
	struct mail m = {
	    .subject = param_text(
		r, json_get(json_get(simple, "Subject"), "Data"), NULL)};

	m.text = param_text(r, text, &m.text_len);
	m.html = param_text(r, html, &m.html_len);
	if (m.subject == NULL || (m.text == NULL && m.html == NULL))
		return ses_bad(r,
		    "1 validation error detected: Value null at "
		    "'content.simple.%s' failed to satisfy constraint: Member "
		    "must not be null",
		    m.subject == NULL ? "subject.data" : "body");
	return write_mail(r, s, &m, simple, out);
}

int
ses_write_rendered(struct request *r, const struct ses_send *s,
    const struct ses_rendered *text, struct json with, struct buf *out)
{
	struct mail m = {.subject = buf_text(&text->subject)};

	if (text->has_text || !text->has_html) {
		m.text = buf_text(&text->text);
		m.text_len = text->text.len;
	}
	if (text->has_html) {
		m.html = buf_text(&text->html);
		m.html_len = text->html.len;
	}
	return write_mail(r, s, &m, with, out);
}

int
ses_write_raw(struct request *r, const struct ses_send *s,
    const struct buf *raw, struct buf *out)
{
	struct buf from = {0};
	int has = mail_header(buf_text(raw), raw->len, "From", &from);

	buf_clear(&from);
	if (has != 0)
		return ses_bad(r, "Missing required header 'From'.");
	mail_stamp(buf_text(raw), raw->len, r->now_ms,
	    request_format(r, "%s@%s.amazonses.com", s->id,
		strcmp(r->region, "us-east-1") == 0 ? "email" : r->region),
	    out);
	return 0;
}
