#include <stdio.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "json.h"
#include "text.h"

/*
 * The validating pass. A function that takes p returns the place after what
 * it read, or NULL with bad and what set.
 */
struct scan {
	const char *text, *end;
	const char *name; /* of the members to find, or NULL */
	size_t name_len;
	struct json_found *found;
	struct json key;   /* one was just read, its value comes next */
	const char *value; /* where that begins, or NULL */
	const char *bad;
	const char *what;
	bool expected; /* what was expected, rather than what is wrong */
	bool escaped;  /* the string just read has escapes */
	unsigned depth;
	bool object[JSON_DEPTH]; /* the open containers */
};

static const char *
fail(struct scan *s, const char *at, const char *what)
{
	s->bad = at;
	s->what = what;
	s->expected = false;
	return NULL;
}

static const char *
expected(struct scan *s, const char *at, const char *what)
{
	fail(s, at, what);
	s->expected = true;
	return NULL;
}

static inline const char *
skip_space(const char *p, const char *end)
{
	while (p < end && (unsigned char)*p <= ' ' &&
	       (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	return p;
}

static inline bool
is_plain(char c)
{
	return c >= ' ' && c != '"' && c != '\\' && (unsigned char)c < 0x80;
}

/* Past the ASCII that is not special in a string. */
static inline const char *
skip_plain(const char *p, const char *end)
{
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"');
	const __m128i backslash = _mm_set1_epi8('\\');
	const __m128i space = _mm_set1_epi8(' ');
	for (; end - p >= 16; p += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		/* Bytes from 0x80 are negative and so below space, too. */
		__m128i hit = _mm_or_si128(_mm_cmplt_epi8(v, space),
		    _mm_or_si128(_mm_cmpeq_epi8(v, quote),
			_mm_cmpeq_epi8(v, backslash)));
		int mask = _mm_movemask_epi8(hit);
		if (mask != 0)
			return p + __builtin_ctz((unsigned)mask);
	}
#endif
	while (p < end && is_plain(*p))
		p++;
	return p;
}

static const char *
scan_escape(struct scan *s, const char *p)
{
	static const char letters[] = "\"\\/bfnrt";
	if (s->end - p < 2)
		return fail(s, p, "an incomplete escape");
	if (p[1] != 'u') {
		if (memchr(letters, p[1], sizeof(letters) - 1) == NULL)
			return fail(s, p, "an unknown escape");
		return p + 2;
	}
	if (s->end - p < 6)
		return fail(s, p, "an incomplete escape");
	for (int i = 2; i < 6; i++)
		if (!((p[i] >= '0' && p[i] <= '9') ||
			(p[i] >= 'a' && p[i] <= 'f') ||
			(p[i] >= 'A' && p[i] <= 'F')))
			return fail(s, p, "an incomplete escape");
	return p + 6;
}

/* p: after the opening quote. */
static const char *
scan_string(struct scan *s, const char *p)
{
	const char *open = p - 1;
	s->escaped = false;
	for (;;) {
		p = skip_plain(p, s->end);
		if (p == s->end)
			return fail(s, open, "a string that does not end");
		if (*p == '"')
			return p + 1;
		if (*p == '\\') {
			s->escaped = true;
			p = scan_escape(s, p);
			if (p == NULL)
				return NULL;
			continue;
		}
		if ((unsigned char)*p < ' ')
			return fail(s, p, "a control character in a string");
		while (p < s->end && (unsigned char)*p >= 0x80) {
			size_t n = text_character(p, (size_t)(s->end - p));
			if (n == 0)
				return fail(s, p, "invalid UTF-8");
			p += n;
		}
	}
}

static inline const char *
skip_digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

static const char *
scan_number(struct scan *s, const char *p)
{
	const char *from = p;
	if (*p == '-')
		p++;
	const char *digits = p;
	p = skip_digits(p, s->end);
	if (p == digits || (*digits == '0' && p - digits > 1))
		return fail(s, from, "a malformed number");
	if (p < s->end && *p == '.') {
		digits = ++p;
		p = skip_digits(p, s->end);
		if (p == digits)
			return fail(s, from, "a malformed number");
	}
	if (p < s->end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < s->end && (*p == '+' || *p == '-'))
			p++;
		digits = p;
		p = skip_digits(p, s->end);
		if (p == digits)
			return fail(s, from, "a malformed number");
	}
	return p;
}

static const char *
scan_word(struct scan *s, const char *p, const char *word, size_t len)
{
	if ((size_t)(s->end - p) < len || memcmp(p, word, len) != 0)
		return expected(s, p, "a value");
	return p + len;
}

static const char *
scan_scalar(struct scan *s, const char *p)
{
	switch (*p) {
	case '"':
		return scan_string(s, p + 1);
	case 't':
		return scan_word(s, p, "true", 4);
	case 'f':
		return scan_word(s, p, "false", 5);
	case 'n':
		return scan_word(s, p, "null", 4);
	default:
		if (*p == '-' || (*p >= '0' && *p <= '9'))
			return scan_number(s, p);
		return expected(s, p, "a value");
	}
}

/* Is the key just read that of a member to find? */
static inline bool
is_named(const struct scan *s, struct json key)
{
	if (s->escaped)
		return json_is(key, s->name);
	return key.len == s->name_len + 2 &&
	       memcmp(key.at + 1, s->name, s->name_len) == 0;
}

/* A key and its colon; p: where the key should begin. */
static const char *
scan_key(struct scan *s, const char *p)
{
	const char *key = p;
	if (p == s->end || *p != '"')
		return expected(s, p, "a key");
	p = scan_string(s, p + 1);
	if (p == NULL)
		return NULL;
	struct json view = {JSON_STRING, key, (size_t)(p - key)};
	bool named = s->depth == 1 && s->name != NULL && is_named(s, view);
	p = skip_space(p, s->end);
	if (p == s->end || *p != ':')
		return expected(s, p, "':'");
	p = skip_space(p + 1, s->end);
	if (named) {
		s->key = view;
		s->value = p;
	}
	return p;
}

/* The value just read was that of a member to find. */
static void
note_found(struct scan *s, const char *end)
{
	if (s->found->count++ == 0) {
		s->found->key = s->key;
		s->found->value = json_view(s->value, end);
	}
	s->value = NULL;
}

/*
 * After a value: close what ends here, up to where the next value begins or,
 * with depth 0, the text ends.
 */
static const char *
scan_after(struct scan *s, const char *p)
{
	while (s->depth > 0) {
		if (s->depth == 1 && s->value != NULL)
			note_found(s, p);
		bool object = s->object[s->depth - 1];
		p = skip_space(p, s->end);
		char c = p < s->end ? *p : '\0';
		if (c == ',') {
			p = skip_space(p + 1, s->end);
			return object ? scan_key(s, p) : p;
		}
		if (c != (object ? '}' : ']'))
			return expected(
			    s, p, object ? "',' or '}'" : "',' or ']'");
		s->depth--;
		p++;
	}
	return p;
}

/* Up to the first value in the containers that open at p. */
static const char *
scan_open(struct scan *s, const char *p)
{
	if (s->depth == JSON_DEPTH)
		return fail(s, p, "more than 512 levels");
	bool object = *p == '{';
	s->object[s->depth++] = object;
	p = skip_space(p + 1, s->end);
	if (p < s->end && *p == (object ? '}' : ']')) {
		s->depth--;
		return scan_after(s, p + 1);
	}
	return object ? scan_key(s, p) : p;
}

static const char *
scan_text(struct scan *s, const char *p)
{
	do {
		if (p == s->end)
			return expected(s, p, "a value");
		if (*p == '{' || *p == '[') {
			p = scan_open(s, p);
		} else {
			p = scan_scalar(s, p);
			if (p != NULL)
				p = scan_after(s, p);
		}
		if (p == NULL)
			return NULL;
	} while (s->depth > 0);
	return p;
}

static int
report(const struct scan *s, struct err *err)
{
	size_t byte = (size_t)(s->bad - s->text) + 1;
	char found[16] = "the end";
	if (s->bad < s->end)
		snprintf(found, sizeof(found),
		    *s->bad > ' ' && *s->bad < 0x7f ? "'%c'" : "byte 0x%02x",
		    (unsigned char)*s->bad);
	if (!s->expected)
		return err_set(err, ERR_RECORD, "InvalidJson", "%s at byte %zu",
		    s->what, byte);
	return err_set(err, ERR_RECORD, "InvalidJson",
	    "expected %s, found %s at byte %zu", s->what, found, byte);
}

static int
run(struct scan *s, struct json *out, struct err *err)
{
	const char *from = skip_space(s->text, s->end);
	const char *to = scan_text(s, from);
	if (to == NULL)
		return report(s, err);
	const char *rest = skip_space(to, s->end);
	if (rest != s->end) {
		expected(s, rest, "nothing after the value");
		return report(s, err);
	}
	*out = json_view(from, to);
	return 0;
}

int
json_scan(const char *text, size_t len, struct json *out, struct err *err)
{
	struct scan s;
	s.text = text;
	s.end = text + len;
	s.name = NULL;
	s.value = NULL;
	s.depth = 0;
	return run(&s, out, err);
}

int
json_scan_object(const char *text, size_t len, const char *name,
    struct json *out, struct json_found *found, struct err *err)
{
	struct scan s;
	s.text = text;
	s.end = text + len;
	s.name = name;
	s.name_len = strlen(name);
	s.found = found;
	s.value = NULL;
	s.depth = 0;
	*found = (struct json_found){0};
	if (run(&s, out, err) != 0)
		return -1;
	if (out->type != JSON_OBJECT)
		return err_set(err, ERR_RECORD, "NotAnObject",
		    "the value is no JSON object");
	return 0;
}
