#include "csv.h"

#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "mem.h"
#include "text.h"

enum { START, PLAIN, QUOTED, AFTER_QUOTE, BAD };

#define NONE ((size_t)-1)

void
csv_init(struct csv *c, char delimiter)
{
	*c = (struct csv){.delimiter = delimiter};
}

void
csv_clear(struct csv *c)
{
	free(c->field);
	*c = (struct csv){0};
}

void
csv_forget(struct csv *c)
{
	c->state = START;
}

static void
begin_row(struct csv *c)
{
	c->count = c->seen = c->begin = 0;
	c->lines = 1;
	c->cr = 0;
	c->plain = true;
	c->state = PLAIN;
}

/* From now on the end of the row's first line is looked for. */
static int
malformed(struct csv *c, const char *what, size_t field)
{
	c->state = BAD;
	c->bad = what;
	c->bad_field = field;
	c->seen = 0;
	return -1;
}

/* Where delimiters, quotes and line feeds are in 64 bytes, carriage returns
 * too; and is there any byte that is not ASCII, or that JSON escapes? */
struct marks {
	uint64_t all, feed, cr;
	bool odd;
};

static inline void
mark(struct marks *m, const char *p, size_t len, char delimiter)
{
	unsigned i = 0;
	unsigned n = len < 64 ? (unsigned)len : 64;
	*m = (struct marks){0};
#ifdef __SSE2__
	const __m128i space = _mm_set1_epi8(' ');
	const __m128i backslash = _mm_set1_epi8('\\');
	__m128i odd = _mm_setzero_si128();
	for (; i + 16 <= n; i += 16) {
		__m128i v =
		    _mm_loadu_si128((const __m128i *)(const void *)(p + i));
		__m128i comma = _mm_cmpeq_epi8(v, _mm_set1_epi8(delimiter));
		__m128i quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));
		__m128i feed = _mm_cmpeq_epi8(v, _mm_set1_epi8('\n'));
		__m128i cr = _mm_cmpeq_epi8(v, _mm_set1_epi8('\r'));
		__m128i end = _mm_or_si128(comma, feed);
		__m128i all = _mm_or_si128(end, quote);
		/* Bytes from 0x80 are negative and so below space, too. */
		__m128i low = _mm_andnot_si128(
		    _mm_or_si128(end, cr), _mm_cmplt_epi8(v, space));
		odd = _mm_or_si128(
		    odd, _mm_or_si128(low, _mm_cmpeq_epi8(v, backslash)));
		m->all |= (uint64_t)(unsigned)_mm_movemask_epi8(all) << i;
		m->feed |= (uint64_t)(unsigned)_mm_movemask_epi8(feed) << i;
		m->cr |= (uint64_t)(unsigned)_mm_movemask_epi8(cr) << i;
	}
	m->odd = _mm_movemask_epi8(odd) != 0;
#endif
	for (; i < n; i++) {
		char c = p[i];
		m->feed |= (uint64_t)(c == '\n') << i;
		m->cr |= (uint64_t)(c == '\r') << i;
		m->all |= (uint64_t)(c == '\n' || c == '"' || c == delimiter)
			  << i;
		m->odd |=
		    (c < ' ' && c != '\n' && c != '\r' && c != delimiter) ||
		    c == '\\' || (unsigned char)c >= 0x80;
	}
}

static inline struct csv_field *
add_field(struct csv *c)
{
	if (c->count == c->cap) {
		c->cap = c->cap == 0 ? 16 : c->cap * 2;
		c->field = mem_grow(c->field, c->cap, sizeof(*c->field));
	}
	struct csv_field *f = &c->field[c->count++];
	*f = (struct csv_field){.at = c->begin};
	return f;
}

static int
text_after_quote(struct csv *c)
{
	return malformed(c, "text after its closing quote", c->count);
}

/* A quote at `at`: -1 when none may stand there. */
static int
quote(struct csv *c, size_t at)
{
	if (c->state == PLAIN) {
		if (at != c->begin)
			return malformed(
			    c, "a quote but none around it", c->count + 1);
		c->begin++;
		add_field(c);
		c->state = QUOTED;
		return 0;
	}
	struct csv_field *f = &c->field[c->count - 1];
	if (c->state == QUOTED) {
		f->len = at - f->at;
		c->state = AFTER_QUOTE;
		return 0;
	}
	if (at != f->at + f->len + 1)
		return text_after_quote(c);
	f->doubled = true;
	c->state = QUOTED;
	return 0;
}

/* A field, and with feed its line, ends at `at`: -1 if text is after its
 * closing quote. */
static inline int
end_field(struct csv *c, const char *text, size_t at, bool feed)
{
	size_t end = at;
	if (feed && at > c->begin && text[at - 1] == '\r')
		end--;
	if (c->state == PLAIN) {
		add_field(c)->len = end - c->begin;
	} else {
		const struct csv_field *f = &c->field[c->count - 1];
		if (end != f->at + f->len + 1)
			return text_after_quote(c);
		c->state = PLAIN;
	}
	c->begin = at + 1;
	return 0;
}

/* Look at one mark; true when the row ends, or breaks, with it. */
static inline bool
look(struct csv *c, const char *text, size_t at)
{
	bool feed = text[at] == '\n';
	if (text[at] == '"')
		return quote(c, at) != 0;
	if (c->state == QUOTED) {
		c->lines += feed;
		c->plain &= text[at] >= ' '; /* a line feed, a tab */
		return false;
	}
	return end_field(c, text, at, feed) != 0 || feed;
}

/* The mark at which the row ends, or breaks; NONE when it is not there. */
static size_t
find_end(struct csv *c, const char *text, size_t len)
{
	struct marks m;
	for (size_t block = c->seen; block < len; block += 64) {
		mark(&m, text + block, len - block, c->delimiter);
		/* Each carriage return is to have a line feed behind it. */
		uint64_t after = m.cr << 1 | c->cr;
		c->cr = m.cr >> 63;
		if (m.odd || (after & ~m.feed) != 0)
			c->plain = false;
		for (uint64_t bits = m.all; bits != 0; bits &= bits - 1) {
			size_t at = block + (unsigned)__builtin_ctzll(bits);
			if (look(c, text, at))
				return at;
		}
	}
	c->seen = len;
	return NONE;
}

/* Of a malformed row only its first line is given up, so that a quote too
 * many does not take what follows. */
static enum csv_status
give_up(struct csv *c, const char *text, size_t len, bool end, struct err *err)
{
	const char *feed = memchr(text + c->seen, '\n', len - c->seen);
	c->seen = len;
	if (feed == NULL && !end)
		return CSV_MORE;
	c->len = feed == NULL ? len : (size_t)(feed - text) + 1;
	c->lines = 1;
	c->state = START;
	err_set(err, ERR_RECORD, "MalformedCsv", "field %zu has %s",
	    c->bad_field, c->bad);
	return CSV_MALFORMED;
}

/* No more text comes and the last line has no end. */
static void
end_text(struct csv *c, const char *text, size_t len)
{
	if (c->state == QUOTED)
		malformed(c, "no closing quote", c->count);
	else
		end_field(c, text, len, true);
	c->len = len;
}

enum csv_status
csv_next(struct csv *c, const char *text, size_t len, bool end, struct err *err)
{
	if (len == 0)
		return CSV_MORE;
	if (c->state == START)
		begin_row(c);
	if (c->state != BAD) {
		size_t at = find_end(c, text, len);
		if (at == NONE && !end)
			return CSV_MORE;
		if (at == NONE)
			end_text(c, text, len);
		else
			c->len = at + 1;
	}
	if (c->state == BAD)
		return give_up(c, text, len, end, err);
	c->state = START;
	return CSV_ROW;
}

/* The next piece of a field's text: up to its end, or to the first quote of a
 * doubled one. */
static bool
next_piece(const struct csv_field *f, const char *text, size_t at, size_t *len)
{
	size_t end = f->at + f->len;
	if (at >= end)
		return false;
	const char *q = f->doubled ? memchr(text + at, '"', end - at) : NULL;
	*len = q == NULL ? end - at : (size_t)(q - text) + 1 - at;
	return true;
}

void
csv_text(const struct csv_field *f, const char *text, struct buf *out)
{
	size_t len;
	for (size_t at = f->at; next_piece(f, text, at, &len); at += len + 1)
		buf_add(out, text + at, len);
}

static void
add_plain(const char *text, size_t len, struct buf *out)
{
	char *to = buf_room(out, len + 2);
	if (to == NULL)
		return;
	to[0] = '"';
	memcpy(to + 1, text, len);
	memcpy(to + 1 + len, "\"", 2);
	out->len += len + 2;
}

void
csv_json(const struct csv *c, const struct csv_field *f, const char *text,
    struct buf *out)
{
	size_t len;
	if (c->plain && !f->doubled) {
		add_plain(text + f->at, f->len, out);
		return;
	}
	buf_add_char(out, '"');
	for (size_t at = f->at; next_piece(f, text, at, &len); at += len + 1)
		text_json(text + at, len, out);
	buf_add_char(out, '"');
}
