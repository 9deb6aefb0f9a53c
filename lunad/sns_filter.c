#include "sns_filter.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <wctype.h>

#include "mem.h"
#include "sns_rule.h"
#include "text.h"

/* Places where a path may go on at once: more than one only when names with
 * dots and nested names say the same. */
#define PLACES 16

struct sns_filter {
	struct sns_rules rules;
	locale_t letters; /* for what is upper and lower case in UTF-8 */
};

/*
 * Where a path has come to: a value, and from which byte of the path its
 * members' names count (an object with the name "a.b" may be where both "a"
 * and "a.b" are looked for).
 */
struct place {
	struct json v;
	size_t from;
};

struct places {
	struct place at[PLACES];
	size_t count;
};

struct sns_filter *
sns_filter_new(const char *policy, size_t len, bool nested, struct buf *why)
{
	struct sns_filter *f = mem_alloc(sizeof(*f));

	if (sns_rule_read(policy, len, nested, &f->rules, why) != 0) {
		sns_filter_free(f);
		return NULL;
	}
	f->letters = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	return f;
}

void
sns_filter_free(struct sns_filter *f)
{
	if (f == NULL)
		return;
	sns_rule_clear(&f->rules);
	if (f->letters != (locale_t)0)
		freelocale(f->letters);
	free(f);
}

/* The next code point of UTF-8 that was validated; 0 at the end. */
static uint32_t
next_letter(const char **at, const char *end)
{
	const unsigned char *p = (const unsigned char *)*at;
	size_t more = *p < 0xc0 ? 0 : *p < 0xe0 ? 1 : *p < 0xf0 ? 2 : 3;
	uint32_t code = more == 0 ? *p : *p & (0x3fU >> more);

	if ((size_t)(end - *at) <= more)
		more = (size_t)(end - *at) - 1;
	for (size_t i = 1; i <= more; i++)
		code = code << 6 | (p[i] & 0x3fU);
	*at += more + 1;
	return code;
}

static uint32_t
fold(uint32_t code, locale_t letters)
{
	if (code < 128)
		return code >= 'A' && code <= 'Z' ? code + 32 : code;
	if (letters == (locale_t)0)
		return code;
	return towlower_l(towupper_l(code, letters), letters);
}

static bool
same_letters(
    const char *a, size_t a_len, const char *b, size_t b_len, locale_t letters)
{
	const char *a_end = a + a_len, *b_end = b + b_len;

	while (a < a_end && b < b_end)
		if (fold(next_letter(&a, a_end), letters) !=
		    fold(next_letter(&b, b_end), letters))
			return false;
	return a == a_end && b == b_end;
}

static bool
in_network(const struct sns_pattern *p, const char *text)
{
	uint8_t address[16];

	if (sns_pattern_address(text, address) != p->address_len)
		return false;
	for (size_t i = 0; i < p->address_len; i++)
		if ((address[i] & p->mask[i]) != (p->address[i] & p->mask[i]))
			return false;
	return true;
}

/* Is v the number or the word that p has? */
static bool
is_literal(const struct sns_pattern *p, struct json v)
{
	struct json wanted = {JSON_NUMBER, p->text, p->len};
	int64_t a, b;

	if (v.type == JSON_STRING)
		return false;
	if (v.len == p->len && memcmp(v.at, p->text, v.len) == 0)
		return true;
	return p->text[0] != 't' && p->text[0] != 'f' && p->text[0] != 'n' &&
	       sns_pattern_number(v, &a) && sns_pattern_number(wanted, &b) &&
	       a == b;
}

/* A string's text: its source where nothing is escaped, else through b. */
static const char *
text_of(struct json v, struct buf *b, size_t *len)
{
	buf_reset(b);
	if (v.type != JSON_STRING || json_text(v, b, NULL) != 0)
		buf_reset(b);
	*len = b->len;
	return buf_text(b);
}

static bool
passes(const struct sns_filter *f, const struct sns_pattern *p, struct json v,
    const char *text, size_t len)
{
	bool string = v.type == JSON_STRING;
	int64_t number;

	switch (p->test) {
	case SNS_TEXT:
		return string && len == p->len &&
		       memcmp(text, p->text, len) == 0;
	case SNS_LITERAL:
		return is_literal(p, v);
	case SNS_NUMBERS:
		return sns_pattern_number(v, &number) && number >= p->low &&
		       number <= p->high;
	case SNS_PREFIX:
		return string && len >= p->len &&
		       memcmp(text, p->text, p->len) == 0;
	case SNS_SUFFIX:
		return string && len >= p->len &&
		       memcmp(text + len - p->len, p->text, p->len) == 0;
	case SNS_IGNORE_CASE:
		return string &&
		       same_letters(text, len, p->text, p->len, f->letters);
	case SNS_ADDRESSES:
		return string && strlen(text) == len && in_network(p, text);
	case SNS_EXISTS:
		return true;
	case SNS_ABSENT:
		return false;
	case SNS_NOT_PREFIX:
		return !string || len < p->len ||
		       memcmp(text, p->text, p->len) != 0;
	case SNS_NOT:
		for (size_t i = 0; i < p->none_count; i++)
			if (passes(f, &p->none_of[i], v, text, len))
				return false;
		return true;
	}
	return false;
}

/* Does a value, or one anywhere in an array, pass one of the patterns? */
static bool
any_passes(const struct sns_filter *f, const struct sns_values *values,
    struct json v, struct buf *scratch)
{
	struct json_iter it;
	struct json e;
	const char *text;
	size_t len;

	if (v.type == JSON_OBJECT)
		return false;
	if (v.type == JSON_ARRAY) {
		json_each(v, &it);
		while (json_next(&it, NULL, &e))
			if (any_passes(f, values, e, scratch))
				return true;
		return false;
	}
	text = text_of(v, scratch, &len);
	for (size_t i = 0; i < values->count; i++)
		if (passes(f, &values->pattern[i], v, text, len))
			return true;
	return false;
}

struct match {
	const struct sns_filter *f;
	struct buf scratch;
};

/*
 * Where one step of a path, path[..end), leads from places: into to.
 * names: also keep the objects that have names which go on with a dot.
 */
static void
step(struct match *m, const char *path, size_t end, bool names,
    const struct places *places, struct places *to)
{
	to->count = 0;
	for (size_t i = 0; i < places->count; i++) {
		const struct place *at = &places->at[i];
		const char *wanted = path + at->from;
		size_t wanted_len = end - at->from, len;
		bool kept = false;
		struct json_iter it;
		struct json key, v;

		if (at->v.type != JSON_OBJECT)
			continue;
		json_each(at->v, &it);
		while (to->count < PLACES && json_next(&it, &key, &v)) {
			const char *name = text_of(key, &m->scratch, &len);

			if (len < wanted_len ||
			    memcmp(name, wanted, wanted_len) != 0)
				continue;
			if (len == wanted_len) {
				to->at[to->count++] =
				    (struct place){v, end + 1};
			} else if (names && !kept && name[wanted_len] == '.') {
				to->at[to->count++] =
				    (struct place){at->v, at->from};
				kept = true;
			}
		}
	}
}

static size_t
step_end(const char *path, size_t at)
{
	return at + strcspn(path + at, ".");
}

/* A value that is no object, or one anywhere in an array. */
static bool
is_leaf(struct json v)
{
	struct json_iter it;
	struct json e;

	if (v.type != JSON_ARRAY)
		return v.type != JSON_OBJECT;
	json_each(v, &it);
	while (json_next(&it, NULL, &e))
		if (is_leaf(e))
			return true;
	return false;
}

/* Is there any value at this path, whatever array it lies in? */
static bool
present(
    struct match *m, const char *path, size_t at, const struct places *places)
{
	size_t end = step_end(path, at);
	struct places to;
	struct json_iter it;
	struct json e;

	for (size_t i = 0; i < places->count; i++) {
		if (places->at[i].v.type != JSON_ARRAY)
			continue;
		json_each(places->at[i].v, &it);
		while (json_next(&it, NULL, &e)) {
			to.count = 1;
			to.at[0] = (struct place){e, places->at[i].from};
			if (present(m, path, at, &to))
				return true;
		}
	}
	step(m, path, end, path[end] != '\0', places, &to);
	if (path[end] != '\0')
		return to.count > 0 && present(m, path, end + 1, &to);
	for (size_t i = 0; i < to.count; i++)
		if (is_leaf(to.at[i].v))
			return true;
	return false;
}

static bool match_paths(struct match *m, const struct sns_rule *rule,
    unsigned paths, size_t at, const struct places *places);

/* One element of the array at places[index], with all that is no array. */
static bool
match_element(struct match *m, const struct sns_rule *rule, unsigned paths,
    size_t at, const struct places *places, size_t index)
{
	struct places to = {.count = 1};
	struct json_iter it;
	struct json e;

	for (size_t i = 0; i < places->count; i++)
		if (places->at[i].v.type != JSON_ARRAY)
			to.at[to.count++] = places->at[i];
	json_each(places->at[index].v, &it);
	while (json_next(&it, NULL, &e)) {
		to.at[0] = (struct place){e, places->at[index].from};
		if (match_paths(m, rule, paths, at, &to))
			return true;
	}
	return false;
}

/*
 * Do all these paths of the rule (a bit each), which are the same up to byte
 * `at`, find what they want beneath places? What lies in an array has to be
 * found in one element of it.
 */
static bool
match_paths(struct match *m, const struct sns_rule *rule, unsigned paths,
    size_t at, const struct places *places)
{
	const struct sns_values *values = m->f->rules.values;
	struct places to;
	bool arrays = false;

	for (size_t i = 0; i < places->count; i++) {
		if (places->at[i].v.type != JSON_ARRAY)
			continue;
		arrays = true;
		if (match_element(m, rule, paths, at, places, i))
			return true;
	}
	if (arrays && places->count == 1)
		return false;
	while (paths != 0) {
		size_t first = (size_t)__builtin_ctz(paths);
		const char *path = values[rule->value[first]].path;
		size_t end = step_end(path, at);
		unsigned here = 0, deeper = 0;

		for (size_t k = first; k < rule->count; k++) {
			const char *other = values[rule->value[k]].path;

			if ((paths & 1U << k) == 0 ||
			    step_end(other, at) != end ||
			    memcmp(path + at, other + at, end - at) != 0)
				continue;
			if (other[end] == '\0')
				here |= 1U << k;
			else
				deeper |= 1U << k;
		}
		step(m, path, end, deeper != 0, places, &to);
		for (size_t k = 0; k < rule->count; k++) {
			bool found = (here & 1U << k) == 0;

			for (size_t i = 0; !found && i < to.count; i++)
				found =
				    any_passes(m->f, &values[rule->value[k]],
					to.at[i].v, &m->scratch);
			if (!found)
				return false;
		}
		if (deeper != 0 && !match_paths(m, rule, deeper, end + 1, &to))
			return false;
		paths &= ~(here | deeper);
	}
	return true;
}

static bool
match_rule(struct match *m, const struct sns_rule *rule, struct json root)
{
	struct places top = {.at = {{root, 0}}, .count = 1};
	unsigned paths = 0;

	for (size_t k = 0; k < rule->count; k++) {
		const struct sns_values *values =
		    &m->f->rules.values[rule->value[k]];

		if (!values->absent || present(m, values->path, 0, &top))
			paths |= 1U << k;
	}
	return match_paths(m, rule, paths, 0, &top);
}

static bool
match_object(const struct sns_filter *f, struct json root)
{
	struct match m = {.f = f};
	bool matched = false;

	for (size_t i = 0; !matched && i < f->rules.rule_count; i++)
		matched = match_rule(&m, &f->rules.rule[i], root);
	buf_clear(&m.scratch);
	return matched;
}

bool
sns_filter_body(const struct sns_filter *f, const char *message, size_t len)
{
	struct json root;

	return json_scan(message, len, &root, NULL) == 0 &&
	       root.type == JSON_OBJECT && match_object(f, root);
}

/* An attribute's value as JSON: numbers and arrays as they are, else a
 * string; nothing for bytes. */
static void
add_value(struct json attribute, struct buf *doc)
{
	struct json type = json_get(attribute, "DataType");
	struct json value = json_get(attribute, "StringValue");
	struct json parsed;
	struct buf text = {0};
	enum json_type wanted = JSON_NONE;

	if (json_is(type, "String.Array"))
		wanted = JSON_ARRAY;
	else if (type.len > 7 && memcmp(type.at, "\"Number", 7) == 0)
		wanted = JSON_NUMBER;
	if (wanted != JSON_NONE && json_text(value, &text, NULL) == 0 &&
	    json_scan(text.data == NULL ? "" : text.data, text.len, &parsed,
		NULL) == 0 &&
	    parsed.type == wanted)
		buf_add(doc, parsed.at, parsed.len);
	else
		buf_add(doc, value.at, value.len);
	buf_clear(&text);
}

bool
sns_filter_attributes(const struct sns_filter *f, struct json attributes)
{
	struct buf doc = {0};
	struct json_iter it;
	struct json name, attribute, root;
	bool matched;

	buf_add_char(&doc, '{');
	json_members(attributes, &it);
	while (json_next(&it, &name, &attribute)) {
		if (json_get(attribute, "StringValue").type != JSON_STRING)
			continue;
		if (doc.len > 1)
			buf_add_char(&doc, ',');
		buf_add(&doc, name.at, name.len);
		buf_add_char(&doc, ':');
		add_value(attribute, &doc);
	}
	buf_add_char(&doc, '}');
	matched = json_scan(doc.data, doc.len, &root, NULL) == 0 &&
		  match_object(f, root);
	buf_clear(&doc);
	return matched;
}
