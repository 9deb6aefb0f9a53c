#include "json.h"

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

static enum json_type
type_of(char c)
{
	switch (c) {
	case '{':
		return JSON_OBJECT;
	case '[':
		return JSON_ARRAY;
	case '"':
		return JSON_STRING;
	case 't':
		return JSON_TRUE;
	case 'f':
		return JSON_FALSE;
	case 'n':
		return JSON_NULL;
	default:
		return JSON_NUMBER;
	}
}

struct json
json_view(const char *from, const char *to)
{
	return (struct json){type_of(*from), from, (size_t)(to - from)};
}

static inline const char *
skip_space(const char *p, const char *end)
{
	while (p < end && (unsigned char)*p <= ' ')
		p++;
	return p;
}

/*
 * To the closing quote of the string whose inside is at p; *escaped is set
 * when a backslash is on the way.
 */
static inline const char *
to_close(const char *p, const char *end, bool *escaped)
{
	for (;;) {
#ifdef __SSE2__
		const __m128i quote = _mm_set1_epi8('"');
		const __m128i backslash = _mm_set1_epi8('\\');
		while (end - p >= 16) {
			__m128i v =
			    _mm_loadu_si128((const __m128i *)(const void *)p);
			int mask = _mm_movemask_epi8(
			    _mm_or_si128(_mm_cmpeq_epi8(v, quote),
				_mm_cmpeq_epi8(v, backslash)));
			if (mask != 0) {
				p += __builtin_ctz((unsigned)mask);
				break;
			}
			p += 16;
		}
#endif
		while (p < end && *p != '"' && *p != '\\')
			p++;
		if (end - p < 2 || *p == '"')
			return p;
		*escaped = true;
		p += 2;
	}
}

static inline const char *
to_quote(const char *p, const char *end)
{
	bool escaped;
	return to_close(p, end, &escaped);
}

/* Past the container that opens at p. */
static const char *
past_container(const char *p, const char *end)
{
	size_t depth = 0;
	for (; p < end; p++) {
		switch (*p) {
		case '"':
			p = to_quote(p + 1, end);
			break;
		case '{':
		case '[':
			depth++;
			break;
		case '}':
		case ']':
			if (--depth == 0)
				return p + 1;
			break;
		default:
			break;
		}
	}
	return end;
}

/* Past the number, true, false or null that begins at p. */
static inline const char *
past_scalar(const char *p, const char *end)
{
#ifdef __SSE2__
	const __m128i comma = _mm_set1_epi8(',');
	const __m128i bracket = _mm_set1_epi8('}');
	const __m128i lower = _mm_set1_epi8(0x20);
	const __m128i control = _mm_set1_epi8('!');
	while (end - p >= 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		/* With bit 0x20 set ] is }. */
		int mask = _mm_movemask_epi8(
		    _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, comma),
				     _mm_cmplt_epi8(v, control)),
			_mm_cmpeq_epi8(_mm_or_si128(v, lower), bracket)));
		if (mask != 0)
			return p + __builtin_ctz((unsigned)mask);
		p += 16;
	}
#endif
	while (p < end && *p != ',' && *p != '}' && *p != ']' && *p > ' ')
		p++;
	return p;
}

/* Past the value that begins at p. */
static inline const char *
past_value(const char *p, const char *end)
{
	if (*p == '"')
		return to_quote(p + 1, end) + 1;
	if (*p == '{' || *p == '[')
		return past_container(p, end);
	return past_scalar(p, end);
}

void
json_each(struct json v, struct json_iter *it)
{
	*it = (struct json_iter){.object = v.type == JSON_OBJECT};
	if (v.type == JSON_OBJECT || v.type == JSON_ARRAY) {
		it->end = v.at + v.len - 1;
		it->at = skip_space(v.at + 1, it->end);
	}
}

void
json_members(struct json v, struct json_iter *it)
{
	json_each(v.type == JSON_OBJECT ? v : (struct json){0}, it);
}

bool
json_next(struct json_iter *it, struct json *key, struct json *value)
{
	const char *p = it->at, *end = it->end;
	if (p == end)
		return false;
	if (key != NULL)
		*key = (struct json){0};
	if (it->object) {
		const char *from = p;
		p = to_quote(p + 1, end) + 1;
		if (key != NULL)
			*key = (struct json){
			    JSON_STRING, from, (size_t)(p - from)};
		p = skip_space(p, end);
		p = skip_space(p + 1, end);
	}
	const char *after = past_value(p, end);
	*value = json_view(p, after);
	after = skip_space(after, end);
	if (after < end)
		after = skip_space(after + 1, end);
	it->at = after;
	return true;
}

/*
 * The quotes and backslashes of a text, found 64 bytes at a time: finding one
 * does not wait for the one before it.
 */
struct marks {
	const char *block, *end;
	uint64_t bits;
};

#if !defined(__SSE2__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define EIGHT(c) (UINT64_C(0x0101010101010101) * (unsigned char)(c))

/* 1 for each byte that is 0, else 0. */
static inline uint64_t
zeroes(uint64_t v)
{
	uint64_t low = (v & EIGHT(0x7f)) + EIGHT(0x7f);
	return ~(low | v | EIGHT(0x7f)) >> 7;
}
#endif

static inline uint64_t
marks_in(const char *p, const char *end)
{
	uint64_t bits = 0;
	unsigned i = 0;
	unsigned len = end - p < 64 ? (unsigned)(end - p) : 64;
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"');
	const __m128i backslash = _mm_set1_epi8('\\');
	for (; i + 16 <= len; i += 16) {
		__m128i v =
		    _mm_loadu_si128((const __m128i *)(const void *)(p + i));
		int mask = _mm_movemask_epi8(_mm_or_si128(
		    _mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, backslash)));
		bits |= (uint64_t)(unsigned)mask << i;
	}
#elif __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	for (; i + 8 <= len; i += 8) {
		uint64_t v;
		memcpy(&v, p + i, 8);
		uint64_t hit = zeroes(v ^ EIGHT('"')) | zeroes(v ^ EIGHT('\\'));
		bits |= (hit * UINT64_C(0x0102040810204080) >> 56) << i;
	}
#endif
	for (; i < len; i++)
		bits |= (uint64_t)(p[i] == '"' || p[i] == '\\') << i;
	return bits;
}

static inline void
marks_from(struct marks *m, const char *p, const char *end)
{
	*m = (struct marks){p, end, marks_in(p, end)};
}

static inline const char *
next_mark(struct marks *m)
{
	while (m->bits == 0) {
		if (m->end - m->block <= 64)
			return m->end;
		m->block += 64;
		m->bits = marks_in(m->block, m->end);
	}
	const char *at = m->block + __builtin_ctzll(m->bits);
	m->bits &= m->bits - 1;
	return at;
}

/* The closing quote after the opening one that was the last mark. */
static inline const char *
next_close(struct marks *m, const char *open, bool *escaped)
{
	const char *close = next_mark(m);
	if (*close != '\\')
		return close;
	*escaped = true;
	close = to_quote(open + 1, m->end);
	marks_from(m, close + 1, m->end);
	return close;
}

struct name {
	const char *text;
	size_t len;
};

/* Which of the names a key is; count when it is none of them. */
static inline size_t
which(struct json key, bool escaped, const struct name *name, size_t count)
{
	size_t i = 0;
	for (; i < count; i++)
		if (escaped ? json_is(key, name[i].text)
			    : key.len == name[i].len + 2 &&
				  memcmp(key.at + 1, name[i].text,
				      name[i].len) == 0)
			break;
	return i;
}

/* Every field of every template comes through here. */
static inline void
pick(struct json obj, const struct name *name, size_t count, struct json *found)
{
	if (obj.type != JSON_OBJECT)
		return;
	struct marks m;
	const char *end = obj.at + obj.len - 1, *key;
	marks_from(&m, obj.at + 1, end);
	while ((key = next_mark(&m)) != end) {
		bool escaped = false;
		const char *p = next_close(&m, key, &escaped) + 1;
		struct json view = {JSON_STRING, key, (size_t)(p - key)};
		size_t i = which(view, escaped, name, count);
		const char *value = skip_space(p, end);
		value = skip_space(value + 1, end);
		p = value;
		if (*value == '"') {
			p = next_close(&m, next_mark(&m), &escaped) + 1;
		} else if (*value == '{' || *value == '[') {
			p = past_container(value, end);
			marks_from(&m, p, end);
		} else if (i < count) {
			p = past_scalar(value, end);
		}
		if (i < count)
			found[i] = json_view(value, p);
	}
}

struct json
json_get(struct json obj, const char *name)
{
	struct json found = {0};
	struct name one = {name, strlen(name)};
	pick(obj, &one, 1, &found);
	return found;
}

enum { AT_ONCE = 8 };

void
json_pick(
    struct json obj, const char *const *name, size_t count, struct json *value)
{
	struct name names[AT_ONCE];
	memset(value, 0, count * sizeof(*value));
	while (count > 0) {
		size_t n = count < AT_ONCE ? count : AT_ONCE;
		for (size_t i = 0; i < n; i++)
			names[i] = (struct name){name[i], strlen(name[i])};
		pick(obj, names, n, value);
		name += n;
		value += n;
		count -= n;
	}
}

struct json
json_at(struct json array, size_t index)
{
	struct json value;
	if (array.type == JSON_ARRAY) {
		struct json_iter it;
		json_each(array, &it);
		while (json_next(&it, NULL, &value))
			if (index-- == 0)
				return value;
	}
	return (struct json){0};
}

size_t
json_count(struct json v)
{
	struct json_iter it;
	struct json value;
	size_t n = 0;
	json_each(v, &it);
	while (json_next(&it, NULL, &value))
		n++;
	return n;
}

void
json_compact(struct json v, struct buf *out)
{
	const char *p = v.at, *end = v.at + v.len, *from = p;
	while (p < end) {
		if (*p == '"') {
			p = to_quote(p + 1, end) + 1;
			continue;
		}
		if ((unsigned char)*p > ' ') {
			p++;
			continue;
		}
		buf_add(out, from, (size_t)(p - from));
		p = skip_space(p, end);
		from = p;
	}
	buf_add(out, from, (size_t)(p - from));
}
