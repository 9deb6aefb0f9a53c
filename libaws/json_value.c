/*
 * What a view means: a string's text, a number's value.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "mem.h"
#include "text.h"

static uint32_t
four_hex(const char *p)
{
	uint32_t code = 0;
	for (int i = 0; i < 4; i++) {
		char c = p[i];
		uint32_t digit = c <= '9' ? (uint32_t)(c - '0')
					  : (uint32_t)((c | 0x20) - 'a' + 10);
		code = code << 4 | digit;
	}
	return code;
}

#define LONE UINT32_MAX

/*
 * The code point of the escape at *p, which moves past it; LONE for half of
 * a surrogate pair.
 */
static uint32_t
unescape(const char **p, const char *end)
{
	static const char letters[] = "bfnrt";
	static const char meaning[] = "\b\f\n\r\t";
	char c = (*p)[1];
	if (c != 'u') {
		*p += 2;
		const char *at = memchr(letters, c, sizeof(letters) - 1);
		return (unsigned char)(at == NULL ? c : meaning[at - letters]);
	}
	uint32_t code = four_hex(*p + 2);
	*p += 6;
	if (code < 0xd800 || code > 0xdfff)
		return code;
	if (code > 0xdbff || end - *p < 6 || (*p)[0] != '\\' || (*p)[1] != 'u')
		return LONE;
	uint32_t low = four_hex(*p + 2);
	if (low < 0xdc00 || low > 0xdfff)
		return LONE;
	*p += 6;
	return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
}

int
json_text(struct json string, struct buf *out, struct err *err)
{
	const char *p = string.at + 1, *end = string.at + string.len - 1;
	while (p < end) {
		const char *at = memchr(p, '\\', (size_t)(end - p));
		if (at == NULL)
			at = end;
		buf_add(out, p, (size_t)(at - p));
		p = at;
		if (p == end)
			break;
		uint32_t code = unescape(&p, end);
		if (code == LONE)
			return err_set(err, ERR_RECORD, "LoneSurrogate",
			    "%.6s is half of a character", at);
		text_add_utf8(code, out);
	}
	return 0;
}

/* An escape is longer than what it means, so lengths decide most of it. */
bool
json_is(struct json string, const char *text)
{
	size_t len = strlen(text);
	if (string.type != JSON_STRING || string.len < len + 2)
		return false;
	const char *inside = string.at + 1;
	size_t size = string.len - 2;
	if (size == len)
		return memcmp(inside, text, len) == 0 &&
		       memchr(inside, '\\', len) == NULL;
	if (memchr(inside, '\\', size) == NULL)
		return false;
	struct buf decoded = {0};
	bool same = json_text(string, &decoded, NULL) == 0 &&
		    decoded.len == len &&
		    memcmp(buf_text(&decoded), text, len) == 0;
	buf_clear(&decoded);
	return same;
}

char *
json_dup(struct json string)
{
	struct buf text = {0};
	if (string.type != JSON_STRING || json_text(string, &text, NULL) != 0 ||
	    memchr(buf_text(&text), '\0', text.len) != NULL) {
		buf_clear(&text);
		return NULL;
	}
	return buf_take(&text);
}

char *
json_source(struct json v)
{
	return mem_text_of(v.at, v.len);
}

/* The text of a number, or of a string that holds one; else NULL. */
static char *
number_text(struct json v)
{
	if (v.type == JSON_NUMBER)
		return json_source(v);
	char *text = json_dup(v);
	struct json inside;
	if (text != NULL &&
	    (json_scan(text, strlen(text), &inside, NULL) != 0 ||
		inside.type != JSON_NUMBER || inside.len != strlen(text))) {
		free(text);
		text = NULL;
	}
	return text;
}

int
json_integer(struct json v, int64_t *out)
{
	char *text = number_text(v);
	if (text == NULL)
		return -1;
	int result = text_integer(text, INT64_MIN, INT64_MAX, out);
	if (result != 0 && strpbrk(text, ".eE") != NULL) {
		double number = strtod(text, NULL);
		if (fabs(number) <= 0x1p53 && floor(number) == number) {
			*out = (int64_t)number;
			result = 0;
		}
	}
	free(text);
	return result;
}

int
json_double(struct json v, double *out)
{
	char *text = number_text(v);
	if (text == NULL)
		return -1;
	double number = strtod(text, NULL);
	free(text);
	if (!isfinite(number))
		return -1;
	*out = number;
	return 0;
}

bool
json_true(struct json v)
{
	return v.type == JSON_TRUE || json_is(v, "true");
}
