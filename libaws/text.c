#include "text.h"

#include <string.h>
#ifdef __SSE2__
#include <tmmintrin.h>
#endif

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

#ifdef __SSE2__
/*
 * 12 bytes become 16 characters at a time, while 16 can be read; *in and *to
 * move on. Each 32-bit lane gets the three bytes of a group in the order that
 * lets two multiplications shift its four sextets into place; then each sextet
 * is moved to its character by the offset of its range.
 */
__attribute__((target("ssse3"))) static void
base64_blocks(const unsigned char **in, const unsigned char *end, char **to)
{
	const __m128i spread =
	    _mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
	/* 0-25, 26-51, 52-61, 62, 63, by: max(n - 51, 0), and 13 for 0-25 */
	const __m128i offset = _mm_setr_epi8('a' - 26, '0' - 52, '0' - 52,
	    '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
	    '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0);
	for (; end - *in >= 16; *in += 12, *to += 16) {
		__m128i v = _mm_shuffle_epi8(
		    _mm_loadu_si128((const __m128i *)(const void *)*in),
		    spread);
		__m128i high = _mm_mulhi_epu16(
		    _mm_and_si128(v, _mm_set1_epi32(0x0fc0fc00)),
		    _mm_set1_epi32(0x04000040));
		__m128i low = _mm_mullo_epi16(
		    _mm_and_si128(v, _mm_set1_epi32(0x003f03f0)),
		    _mm_set1_epi32(0x01000010));
		__m128i sextets = _mm_or_si128(high, low);
		__m128i range = _mm_or_si128(
		    _mm_subs_epu8(sextets, _mm_set1_epi8(51)),
		    _mm_and_si128(_mm_cmpgt_epi8(_mm_set1_epi8(26), sextets),
			_mm_set1_epi8(13)));
		_mm_storeu_si128((__m128i *)(void *)*to,
		    _mm_add_epi8(sextets, _mm_shuffle_epi8(offset, range)));
	}
}
#endif

void
text_base64(const void *bytes, size_t len, struct buf *out)
{
	const unsigned char *in = bytes, *end = in + len;
	size_t size = (len + 2) / 3 * 4;
	char *to = buf_room(out, size);
	if (to == NULL)
		return;
#ifdef __SSE2__
	if (__builtin_cpu_supports("ssse3"))
		base64_blocks(&in, end, &to);
	len = (size_t)(end - in);
#endif
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

/* The six bits of a base64 character, or 64. */
static inline uint32_t
sextet(char c)
{
	/* From '+' to 'z'. */
	static const unsigned char bits[80] = {62, 64, 64, 64, 63, 52, 53, 54,
	    55, 56, 57, 58, 59, 60, 61, 64, 64, 64, 64, 64, 64, 64, 0, 1, 2, 3,
	    4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
	    22, 23, 24, 25, 64, 64, 64, 64, 64, 64, 26, 27, 28, 29, 30, 31, 32,
	    33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49,
	    50, 51};
	unsigned at = (unsigned)(unsigned char)c - '+';
	return at < sizeof(bits) ? bits[at] : 64;
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
	uint32_t wrong = 0;
	for (size_t i = 0; i < len; i += 4) {
		bool last = i + 4 == len;
		uint32_t a = sextet(text[i]), b = sextet(text[i + 1]);
		uint32_t c = last && pad == 2 ? 0 : sextet(text[i + 2]);
		uint32_t d = last && pad > 0 ? 0 : sextet(text[i + 3]);
		wrong |= a | b | c | d;
		*to++ = (char)(a << 2 | b >> 4);
		*to++ = (char)(b << 4 | c >> 2);
		*to++ = (char)(c << 6 | d);
	}
	if (wrong <= 63)
		out->len += len / 4 * 3 - pad;
	out->data[out->len] = '\0';
	return wrong <= 63 ? 0 : -1;
}

/* How many characters of base64, in sixteens, text begins with. */
static size_t
sixteens(const char *text, size_t len)
{
	size_t i = 0;
#ifdef __SSE2__
	const __m128i lower = _mm_set1_epi8(0x20);
	const __m128i below_a = _mm_set1_epi8('a' - 1);
	const __m128i above_z = _mm_set1_epi8('z' + 1);
	const __m128i below_slash = _mm_set1_epi8('/' - 1); /* and digits */
	const __m128i above_9 = _mm_set1_epi8('9' + 1);
	const __m128i plus = _mm_set1_epi8('+');
	for (; len - i >= 16; i += 16) {
		__m128i v =
		    _mm_loadu_si128((const __m128i *)(const void *)(text + i));
		__m128i small = _mm_or_si128(v, lower);
		__m128i letter = _mm_and_si128(_mm_cmpgt_epi8(small, below_a),
		    _mm_cmplt_epi8(small, above_z));
		__m128i digit = _mm_and_si128(
		    _mm_cmpgt_epi8(v, below_slash), _mm_cmplt_epi8(v, above_9));
		__m128i good = _mm_or_si128(
		    _mm_or_si128(letter, digit), _mm_cmpeq_epi8(v, plus));
		if (_mm_movemask_epi8(good) != 0xffff)
			break;
	}
#else
	(void)text;
	(void)len;
#endif
	return i;
}

int
text_unbase64_size(const char *text, size_t len, size_t *bytes)
{
	uint32_t wrong = 0, last;
	size_t pad = 0;
	if (len % 4 != 0)
		return -1;
	while (pad < 2 && pad < len && text[len - 1 - pad] == '=')
		pad++;
	for (size_t i = sixteens(text, len); i < len - pad; i++)
		wrong |= sextet(text[i]);
	if (pad > 0) {
		last = sextet(text[len - 1 - pad]);
		wrong |= (last & (pad == 2 ? 15 : 3)) != 0 ? 64 : 0;
	}
	*bytes = len / 4 * 3 - pad;
	return wrong <= 63 ? 0 : -1;
}

/* A-Z a-z 0-9 - . _ ~ */
static inline bool
is_unreserved(unsigned char c)
{
	static const uint64_t ascii[2] = {
	    UINT64_C(0x03ff600000000000), UINT64_C(0x47fffffe87fffffe)};
	return c < 0x80 && (ascii[c >> 6] >> (c & 63) & 1) != 0;
}

#define BLOCK ((size_t)512) /* what is encoded in one go */

void
text_percent(const char *text, size_t len, bool keep_slash, struct buf *out)
{
	char block[BLOCK * 3];
	const char *end = text + len;
	while (text < end) {
		size_t n =
		    (size_t)(end - text) < BLOCK ? (size_t)(end - text) : BLOCK;
		char *to = block;
		for (const char *stop = text + n; text < stop; text++) {
			unsigned char c = (unsigned char)*text;
			if (is_unreserved(c) || (c == '/' && keep_slash)) {
				*to++ = *text;
				continue;
			}
			*to++ = '%';
			*to++ = hex_upper[c >> 4];
			*to++ = hex_upper[c & 15];
		}
		buf_add(out, block, (size_t)(to - block));
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
entity(char c, bool quotes)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return quotes ? "&quot;" : NULL;
	case '\'':
		return quotes ? "&#39;" : NULL;
	default:
		return NULL;
	}
}

static void
escape_entities(const char *text, size_t len, bool quotes, struct buf *out)
{
	size_t from = 0;
	for (size_t i = 0; i < len; i++) {
		const char *as = entity(text[i], quotes);
		if (as == NULL)
			continue;
		buf_add(out, text + from, i - from);
		buf_add_text(out, as);
		from = i + 1;
	}
	buf_add(out, text + from, len - from);
}

void
text_html(const char *text, size_t len, struct buf *out)
{
	escape_entities(text, len, true, out);
}

void
text_slack(const char *text, size_t len, struct buf *out)
{
	escape_entities(text, len, false, out);
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

/* Returns the place after the escape of c, of at most six bytes. */
static inline char *
escape_json(unsigned char c, char *to)
{
	static const char short_for[] = "\b\f\n\r\t";
	static const char short_as[] = "bfnrt";
	*to++ = '\\';
	if (c == '"' || c == '\\') {
		*to++ = (char)c;
		return to;
	}
	const char *at = memchr(short_for, c, sizeof(short_for) - 1);
	if (at != NULL) {
		*to++ = short_as[at - short_for];
		return to;
	}
	memcpy(to, "u00", 3);
	to[3] = hex_lower[c >> 4];
	to[4] = hex_lower[c & 15];
	return to + 5;
}

struct escaping {
	const char *at, *end;
	char *to;
	char block[BLOCK * 6];
};

static inline void
escape_character(struct escaping *e)
{
	unsigned char c = (unsigned char)*e->at;
	if (c < 0x80) {
		if (c >= ' ' && c != '"' && c != '\\')
			*e->to++ = (char)c;
		else
			e->to = escape_json(c, e->to);
		e->at++;
		return;
	}
	size_t n = text_character(e->at, (size_t)(e->end - e->at));
	if (n == 0) {
		memcpy(e->to, replacement, 3);
		e->to += 3;
		e->at++;
		return;
	}
	memcpy(e->to, e->at, n);
	e->to += n;
	e->at += n;
}

#ifdef __SSE2__
/*
 * Escape 16 bytes, of which 32 can be read and for which 96 + 16 can be
 * written; false when they are not all ASCII.
 */
static inline bool
escape_sixteen(struct escaping *e)
{
	const __m128i *in = (const __m128i *)(const void *)e->at;
	__m128i v = _mm_loadu_si128(in);
	if (_mm_movemask_epi8(v) != 0)
		return false;
	__m128i special = _mm_or_si128(_mm_cmplt_epi8(v, _mm_set1_epi8(' ')),
	    _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')),
		_mm_cmpeq_epi8(v, _mm_set1_epi8('\\'))));
	unsigned mask = (unsigned)_mm_movemask_epi8(special);
	unsigned from = 0;
	for (; mask != 0; mask &= mask - 1) {
		unsigned k = (unsigned)__builtin_ctz(mask);
		memcpy(e->to, e->at + from, 16);
		e->to =
		    escape_json((unsigned char)e->at[k], e->to + (k - from));
		from = k + 1;
	}
	memcpy(e->to, e->at + from, 16);
	e->to += 16 - from;
	e->at += 16;
	return true;
}
#endif

void
text_json(const char *text, size_t len, struct buf *out)
{
	struct escaping e;
	e.at = text;
	e.end = text + len;
	while (e.at < e.end) {
		const char *stop = (size_t)(e.end - e.at) < BLOCK - 32
				       ? e.end
				       : e.at + BLOCK - 32;
		e.to = e.block;
		while (e.at < stop) {
#ifdef __SSE2__
			if (stop - e.at >= 32 && escape_sixteen(&e))
				continue;
#endif
			escape_character(&e);
		}
		buf_add(out, e.block, (size_t)(e.to - e.block));
	}
}

void
text_json_string(const char *text, size_t len, struct buf *out)
{
	buf_add_char(out, '"');
	text_json(text, len, out);
	buf_add_char(out, '"');
}

void
text_json_member(const char *name, const char *value, struct buf *out)
{
	if (out->len > 0 && out->data[out->len - 1] != '{')
		buf_add_char(out, ',');
	text_json_string(name, strlen(name), out);
	buf_add_char(out, ':');
	text_json_string(value, strlen(value), out);
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
