#include "text.h"

#include <string.h>

static const char hex_upper[] = "0123456789ABCDEF";
static const char hex_lower[] = "0123456789abcdef";
static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "abcdefghijklmnopqrstuvwxyz0123456789+/";
static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

void
text_hex(const void *bytes, size_t len, struct buf *out)
{
	const unsigned char *in = bytes;
	char *to = buf_room(out, len * 2);
	if (to == NULL)
		return;
	for (size_t i = 0; i < len; i++) {
		*to++ = hex_lower[in[i] >> 4];
		*to++ = hex_lower[in[i] & 15];
	}
	*to = '\0';
	out->len += len * 2;
}

void
text_base64(const void *bytes, size_t len, struct buf *out)
{
	const unsigned char *in = bytes;
	size_t size = (len + 2) / 3 * 4;
	char *to = buf_room(out, size);
	if (to == NULL)
		return;
	for (; len >= 3; len -= 3, in += 3) {
		uint32_t group =
		    (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
		*to++ = base64[group >> 18];
		*to++ = base64[group >> 12 & 63];
		*to++ = base64[group >> 6 & 63];
		*to++ = base64[group & 63];
	}
	if (len > 0) {
		uint32_t group = (uint32_t)in[0] << 16;
		if (len == 2)
			group |= (uint32_t)in[1] << 8;
		*to++ = base64[group >> 18];
		*to++ = base64[group >> 12 & 63];
		*to++ = len == 2 ? base64[group >> 6 & 63] : '=';
		*to++ = '=';
	}
	*to = '\0';
	out->len += size;
}

/* The six bits of a base64 character, or -1. */
static int
sextet(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

int
text_unbase64(const char *text, size_t len, struct buf *out)
{
	if (len % 4 != 0)
		return -1;
	size_t pad = 0;
	while (pad < 2 && pad < len && text[len - 1 - pad] == '=')
		pad++;
	char *to = buf_room(out, len / 4 * 3);
	if (to == NULL)
		return 0;
	uint32_t group = 0;
	for (size_t i = 0; i < len; i++) {
		int bits = i < len - pad ? sextet(text[i]) : 0;
		if (bits < 0)
			return -1;
		group = group << 6 | (uint32_t)bits;
		if (i % 4 != 3)
			continue;
		*to++ = (char)(group >> 16 & 255);
		*to++ = (char)(group >> 8 & 255);
		*to++ = (char)(group & 255);
		group = 0;
	}
	out->len += len / 4 * 3 - pad;
	out->data[out->len] = '\0';
	return 0;
}

static bool
unreserved(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
	       c == '~';
}

void
text_percent(const char *text, size_t len, bool keep_slash, struct buf *out)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		if (unreserved(c) || (c == '/' && keep_slash)) {
			buf_add_char(out, text[i]);
			continue;
		}
		char code[3] = {'%', hex_upper[c >> 4], hex_upper[c & 15]};
		buf_add(out, code, sizeof(code));
	}
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int
text_unpercent(const char *text, size_t len, bool plus, struct buf *out)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '+' && plus) {
			buf_add_char(out, ' ');
			continue;
		}
		if (text[i] != '%') {
			buf_add_char(out, text[i]);
			continue;
		}
		int high = len - i > 2 ? hex_value(text[i + 1]) : -1;
		int low = len - i > 2 ? hex_value(text[i + 2]) : -1;
		if (high < 0 || low < 0)
			return -1;
		buf_add_char(out, (char)(high << 4 | low));
		i += 2;
	}
	return 0;
}

static const char *
entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

static void
escape_entities(
    const char *text, size_t len, const char *which, struct buf *out)
{
	size_t from = 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\0' || strchr(which, text[i]) == NULL)
			continue;
		buf_add(out, text + from, i - from);
		buf_add_text(out, entity(text[i]));
		from = i + 1;
	}
	buf_add(out, text + from, len - from);
}

void
text_html(const char *text, size_t len, struct buf *out)
{
	escape_entities(text, len, "&<>\"'", out);
}

void
text_slack(const char *text, size_t len, struct buf *out)
{
	escape_entities(text, len, "&<>", out);
}

/* The bounds of the second byte are those of Unicode 15, table 3-7. */
size_t
text_character(const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	if (len == 0)
		return 0;
	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	size_t need = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (len < need)
		return 0;
	unsigned low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
	unsigned high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < need; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return need;
}

size_t
text_utf8(const char *text, size_t len)
{
	size_t i = 0;
	while (i < len) {
		uint64_t word;
		if (len - i >= sizeof(word)) {
			memcpy(&word, text + i, sizeof(word));
			if ((word & UINT64_C(0x8080808080808080)) == 0) {
				i += sizeof(word);
				continue;
			}
		}
		size_t n = text_character(text + i, len - i);
		if (n == 0)
			break;
		i += n;
	}
	return i;
}

void
text_add_utf8(uint32_t code, struct buf *out)
{
	char s[4];
	size_t n;
	if (code < 0x80) {
		s[0] = (char)code;
		n = 1;
	} else if (code < 0x800) {
		s[0] = (char)(0xc0 | code >> 6);
		s[1] = (char)(0x80 | (code & 63));
		n = 2;
	} else if (code < 0x10000) {
		s[0] = (char)(0xe0 | code >> 12);
		s[1] = (char)(0x80 | (code >> 6 & 63));
		s[2] = (char)(0x80 | (code & 63));
		n = 3;
	} else {
		s[0] = (char)(0xf0 | code >> 18);
		s[1] = (char)(0x80 | (code >> 12 & 63));
		s[2] = (char)(0x80 | (code >> 6 & 63));
		s[3] = (char)(0x80 | (code & 63));
		n = 4;
	}
	buf_add(out, s, n);
}

static void
escape_json(unsigned char c, struct buf *out)
{
	static const char short_for[] = "\"\\\b\f\n\r\t";
	static const char short_as[] = "\"\\bfnrt";
	const char *at = memchr(short_for, c, sizeof(short_for) - 1);
	if (at != NULL) {
		char two[2] = {'\\', short_as[at - short_for]};
		buf_add(out, two, sizeof(two));
		return;
	}
	char six[6] = {
	    '\\', 'u', '0', '0', hex_lower[c >> 4], hex_lower[c & 15]};
	buf_add(out, six, sizeof(six));
}

void
text_json(const char *text, size_t len, struct buf *out)
{
	size_t from = 0, i = 0;
	while (i < len) {
		unsigned char c = (unsigned char)text[i];
		size_t n = text_character(text + i, len - i);
		if (n > 0 && c >= ' ' && c != '"' && c != '\\') {
			i += n;
			continue;
		}
		buf_add(out, text + from, i - from);
		if (n == 0)
			buf_add_text(out, replacement);
		else
			escape_json(c, out);
		from = ++i;
	}
	buf_add(out, text + from, len - from);
}

void
text_json_string(const char *text, size_t len, struct buf *out)
{
	buf_add_char(out, '"');
	text_json(text, len, out);
	buf_add_char(out, '"');
}

/* As many bytes of whole characters of valid UTF-8 as fit into max. */
static size_t
whole(const char *text, size_t len, size_t max)
{
	size_t n = 0;
	while (n < len) {
		size_t one = text_character(text + n, len - n);
		if (one == 0 || n + one > max)
			break;
		n += one;
	}
	return n;
}

int
text_rfc2047(const char *text, size_t len, struct buf *out)
{
	bool plain = len <= TEXT_HEADER_LINE;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\r' || text[i] == '\n' || text[i] == '\0')
			return -1;
		if ((unsigned char)text[i] >= 0x80 ||
		    (i > 0 && text[i - 1] == '=' && text[i] == '?'))
			plain = false;
	}
	if (plain) {
		buf_add(out, text, len);
		return 0;
	}
	/* A line is at most 76: 52 characters of base64 in the first word
	 * leave room for the header's name, 60 make a word of 72. */
	size_t max = 39;
	for (size_t i = 0; i < len; max = 45) {
		if (i > 0)
			buf_add_text(out, "\r\n ");
		size_t n = whole(text + i, len - i, max);
		buf_add_text(out, "=?UTF-8?B?");
		if (n == 0)
			text_base64(replacement, 3, out);
		else
			text_base64(text + i, n, out);
		buf_add_text(out, "?=");
		i += n == 0 ? 1 : n;
	}
	return 0;
}
