#include "mail.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "digest.h"
#include "text.h"

#define LINE_MAX_LEN 998 /* RFC 5322 2.1.1 */

bool
mail_is_header(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

void
mail_crlf(const char *text, size_t len, struct buf *out)
{
	const char *end = text + len;

	while (text < end) {
		const char *p = text;

		while (p < end && *p != '\r' && *p != '\n')
			p++;
		buf_add(out, text, (size_t)(p - text));
		if (p < end) {
			buf_add_text(out, "\r\n");
			p += *p == '\r' && p + 1 < end && p[1] == '\n' ? 2 : 1;
		}
		text = p;
	}
}

static void
add_date(int64_t ms, struct buf *out)
{
	static const char *const days[] = {
	    "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May",
	    "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t t = (time_t)(ms / 1000);
	struct tm tm;

	gmtime_r(&t, &tm);
	buf_addf(out, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n",
	    days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900,
	    tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* A header of mailboxes, folded where a line would grow long. */
static void
add_header(const char *name, const char *value, struct buf *out)
{
	size_t line = strlen(name) + 2;

	if (value == NULL || value[0] == '\0')
		return;
	buf_addf(out, "%s: ", name);
	while (*value != '\0') {
		size_t n = strcspn(value, ",");

		n += value[n] == ',';
		if (line > strlen(name) + 2 && line + n > 76) {
			buf_add_text(out, "\r\n ");
			line = 1;
			while (n > 0 && *value == ' ') {
				value++;
				n--;
			}
		}
		buf_add(out, value, n);
		line += n;
		value += n;
	}
	buf_add_text(out, "\r\n");
}

/* May this text go as it is? */
static bool
is_seven_bit(const char *text, size_t len)
{
	size_t line = 0;

	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] >= 0x80 || text[i] == '\0')
			return false;
		line = text[i] == '\n' || text[i] == '\r' ? 0 : line + 1;
		if (line > LINE_MAX_LEN)
			return false;
	}
	return true;
}

/* Quoted-printable (RFC 2045 6.7) of text with CRLF line ends. */
static void
add_quoted(const char *text, size_t len, struct buf *out)
{
	size_t line = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		bool end = i + 1 == len || text[i + 1] == '\r';
		bool plain = (c > ' ' && c < 0x7f && c != '=') ||
			     ((c == ' ' || c == '\t') && !end);

		if (c == '\r' && i + 1 < len && text[i + 1] == '\n') {
			buf_add_text(out, "\r\n");
			line = 0;
			i++;
			continue;
		}
		if (line + (plain ? 1 : 3) > 75) {
			buf_add_text(out, "=\r\n");
			line = 0;
		}
		if (plain)
			buf_add_char(out, (char)c);
		else
			buf_addf(out, "=%02X", c);
		line += plain ? 1 : 3;
	}
}

static void
add_text(const char *type, const char *text, size_t len, struct buf *out)
{
	struct buf lines = {0};
	bool plain = is_seven_bit(text, len);

	buf_addf(out,
	    "Content-Type: %s; charset=UTF-8\r\n"
	    "Content-Transfer-Encoding: %s\r\n\r\n",
	    type, plain ? "7bit" : "quoted-printable");
	mail_crlf(text, len, &lines);
	if (plain)
		buf_add(out, lines.data, lines.len);
	else
		add_quoted(lines.data, lines.len, out);
	if (out->len < 2 || out->data[out->len - 1] != '\n')
		buf_add_text(out, "\r\n");
	buf_clear(&lines);
}

static void
add_body(const struct mail *m, const char *boundary, struct buf *out)
{
	if (m->html == NULL || m->text == NULL) {
		const char *text = m->html != NULL ? m->html : m->text;

		add_text(m->html != NULL ? "text/html" : "text/plain",
		    text == NULL ? "" : text,
		    m->html != NULL ? m->html_len : m->text_len, out);
		return;
	}
	buf_addf(out,
	    "Content-Type: multipart/alternative;\r\n"
	    " boundary=\"a-%s\"\r\n\r\n--a-%s\r\n",
	    boundary, boundary);
	add_text("text/plain", m->text, m->text_len, out);
	buf_addf(out, "\r\n--a-%s\r\n", boundary);
	add_text("text/html", m->html, m->html_len, out);
	buf_addf(out, "\r\n--a-%s--\r\n", boundary);
}

/* A parameter's value in quotes: what would end them is left out. */
static void
add_name(const char *name, struct buf *out)
{
	struct buf encoded = {0};

	if (text_rfc2047(name, strlen(name), &encoded) != 0)
		buf_reset(&encoded);
	buf_add_char(out, '"');
	for (const char *p = buf_text(&encoded); *p != '\0'; p++)
		if (*p != '"' && *p != '\\')
			buf_add_char(out, *p);
	buf_add_char(out, '"');
	buf_clear(&encoded);
}

static void
add_attachment(const struct mail_attachment *a, struct buf *out)
{
	buf_addf(out, "Content-Type: %s;\r\n name=",
	    a->type == NULL ? "application/octet-stream" : a->type);
	add_name(a->name, out);
	buf_addf(out, "\r\nContent-Disposition: %s;\r\n filename=",
	    a->inlined ? "inline" : "attachment");
	add_name(a->name, out);
	buf_add_text(out, "\r\nContent-Transfer-Encoding: base64\r\n");
	if (a->id != NULL)
		buf_addf(out, "Content-ID: <%s>\r\n", a->id);
	if (a->description != NULL)
		buf_addf(out, "Content-Description: %s\r\n", a->description);
	buf_add_text(out, "\r\n");
	for (size_t i = 0; i < a->base64_len; i += 76) {
		size_t n = a->base64_len - i < 76 ? a->base64_len - i : 76;

		buf_add(out, a->base64 + i, n);
		buf_add_text(out, "\r\n");
	}
}

void
mail_write(const struct mail *m, struct buf *out)
{
	char boundary[2 * DIGEST_MD5 + 1];

	digest_md5_hex(m->id, strlen(m->id), boundary);
	add_date(m->date_ms, out);
	add_header("From", m->from, out);
	add_header("Reply-To", m->reply_to, out);
	add_header("To", m->to, out);
	add_header("Cc", m->cc, out);
	buf_addf(out, "Message-ID: <%s>\r\nSubject: ", m->id);
	if (m->subject != NULL)
		text_rfc2047(m->subject, strlen(m->subject), out);
	buf_add_text(out, "\r\nMIME-Version: 1.0\r\n");
	if (m->headers != NULL)
		buf_add_text(out, m->headers);
	if (m->attachments == 0) {
		add_body(m, boundary, out);
		return;
	}
	buf_addf(out,
	    "Content-Type: multipart/mixed;\r\n boundary=\"m-%s\"\r\n\r\n"
	    "--m-%s\r\n",
	    boundary, boundary);
	add_body(m, boundary, out);
	for (size_t i = 0; i < m->attachments; i++) {
		buf_addf(out, "\r\n--m-%s\r\n", boundary);
		add_attachment(&m->attachment[i], out);
	}
	buf_addf(out, "\r\n--m-%s--\r\n", boundary);
}

const char *
mail_domain(const char *address)
{
	const char *at = strrchr(address, '@');

	if (at == NULL || at == address || at[1] == '\0')
		return NULL;
	return at + 1;
}

static bool
is_address(const char *text, size_t len)
{
	const char *at = memrchr(text, '@', len);

	if (at == NULL || at == text || at + 1 == text + len || len > 320)
		return false;
	for (const char *p = text; p < text + len; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f ||
		    strchr("<>()[]\\,;:\"", *p) != NULL ||
		    (p < at && *p == '@'))
			return false;
	return at[1] != '.' && text[len - 1] != '.' && text[0] != '.';
}

int
mail_address(const char *mailbox, struct buf *out)
{
	const char *open = strrchr(mailbox, '<');
	const char *end = mailbox + strlen(mailbox);

	while (end > mailbox && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	if (open != NULL) {
		if (end == open + 1 || end[-1] != '>')
			return -1;
		mailbox = open + 1;
		end--;
	}
	while (mailbox < end && (*mailbox == ' ' || *mailbox == '\t'))
		mailbox++;
	if (!is_address(mailbox, (size_t)(end - mailbox)))
		return -1;
	buf_add(out, mailbox, (size_t)(end - mailbox));
	return 0;
}

bool
mail_next(const char **at, struct buf *mailbox)
{
	const char *p = *at;
	bool quoted = false, angle = false;

	buf_reset(mailbox);
	while (*p == ' ' || *p == '\t' || *p == ',')
		p++;
	for (; *p != '\0' && (quoted || angle || *p != ','); p++) {
		if (*p == '"')
			quoted = !quoted;
		else if (!quoted && (*p == '<' || *p == '>'))
			angle = *p == '<';
		else if (*p == '\\' && p[1] != '\0')
			buf_add_char(mailbox, *p++);
		buf_add_char(mailbox, *p);
	}
	*at = p;
	return mailbox->len > 0;
}

/* One header line from `at` and what folds onto it; NULL after the last. */
static const char *
next_line(const char *at, const char *end, size_t *len)
{
	const char *p = at;

	for (;;) {
		p = memchr(p, '\n', (size_t)(end - p));
		if (p == NULL)
			p = end;
		else
			p++;
		if (p == end || (*p != ' ' && *p != '\t'))
			break;
	}
	*len = (size_t)(p - at);
	if (*len == 0 || at[0] == '\n' || (at[0] == '\r' && *len == 2))
		return NULL;
	return p;
}

int
mail_header(const char *message, size_t len, const char *name, struct buf *out)
{
	const char *end = message + len, *next;
	size_t n = strlen(name), line;

	for (; (next = next_line(message, end, &line)) != NULL;
	     message = next) {
		if (line <= n || strncasecmp(message, name, n) != 0 ||
		    message[n] != ':')
			continue;
		message += n + 1;
		while (message < next && (*message == ' ' || *message == '\t'))
			message++;
		for (; message < next; message++)
			if (*message != '\r' && *message != '\n')
				buf_add_char(out, *message);
		return 0;
	}
	return -1;
}

void
mail_stamp(const char *message, size_t len, int64_t date_ms, const char *id,
    struct buf *out)
{
	static const char *const dropped[] = {
	    "Date:", "Message-ID:", "Bcc:", "Return-Path:"};
	const char *end = message + len, *next;
	size_t line, i;

	add_date(date_ms, out);
	buf_addf(out, "Message-ID: <%s>\r\n", id);
	for (; (next = next_line(message, end, &line)) != NULL;
	     message = next) {
		for (i = 0; i < sizeof(dropped) / sizeof(*dropped); i++)
			if (line >= strlen(dropped[i]) &&
			    strncasecmp(
				message, dropped[i], strlen(dropped[i])) == 0)
				break;
		if (i == sizeof(dropped) / sizeof(*dropped))
			mail_crlf(message, line, out);
	}
	mail_crlf(message, (size_t)(end - message), out);
}
