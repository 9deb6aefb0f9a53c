#include "pattern.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mem.h"

/* A string's decoded bytes; a lone surrogate equals nothing. */
struct text {
	struct buf buf;
	bool whole;
};

static struct text
decode(struct json string)
{
	struct text t = {0};
	t.whole =
	    string.type == JSON_STRING && json_text(string, &t.buf, NULL) == 0;
	return t;
}

/* '*' stands for any run of bytes, "\*" and "\\" for themselves; one step
 * back suffices, so the time is the product of both lengths at most. */
static bool
wildcard(const struct buf *glob, const struct buf *text)
{
	const char *p = buf_text(glob), *p_end = p + glob->len;
	const char *s = buf_text(text), *s_end = s + text->len;
	const char *star = NULL, *from = NULL;
	while (s < s_end || p < p_end) {
		if (p < p_end && *p == '*') {
			star = ++p;
			from = s;
			continue;
		}
		const char *c = p;
		if (c + 1 < p_end && *c == '\\' &&
		    (c[1] == '*' || c[1] == '\\'))
			c++;
		if (c < p_end && s < s_end && *c == *s) {
			p = c + 1;
			s++;
			continue;
		}
		if (star == NULL || from >= s_end)
			return false;
		p = star;
		s = ++from;
	}
	return true;
}

enum side { SIDE_BEGIN, SIDE_END, SIDE_ALL };

static bool
affix(const struct buf *want, const struct buf *text, enum side side, bool fold)
{
	size_t n = want->len;
	if (text->len < n || (side == SIDE_ALL && text->len != n))
		return false;
	const char *at = buf_text(text);
	if (side == SIDE_END)
		at += text->len - n;
	if (n == 0)
		return true;
	return fold ? strncasecmp(at, want->data, n) == 0
		    : memcmp(at, want->data, n) == 0;
}

static bool
cidr(const char *range, const char *address)
{
	char base[INET6_ADDRSTRLEN];
	const char *slash = strchr(range, '/');
	if (slash == NULL || (size_t)(slash - range) >= sizeof(base))
		return false;
	memcpy(base, range, (size_t)(slash - range));
	base[slash - range] = '\0';
	int family = strchr(base, ':') != NULL ? AF_INET6 : AF_INET;
	unsigned char want[16], have[16];
	if (inet_pton(family, base, want) != 1 ||
	    inet_pton(family, address, have) != 1)
		return false;
	int bits = atoi(slash + 1), most = family == AF_INET6 ? 128 : 32;
	for (int i = 0; i < bits && i < most; i++) {
		unsigned mask = 0x80U >> (i % 8);
		if (((want[i / 8] ^ have[i / 8]) & mask) != 0)
			return false;
	}
	return true;
}

static bool
whole_number(struct json v)
{
	for (size_t i = 0; i < v.len; i++)
		if (v.at[i] != '-' && (v.at[i] < '0' || v.at[i] > '9'))
			return false;
	return true;
}

static bool
same_number(struct json a, struct json b)
{
	double x, y;
	if (whole_number(a) && whole_number(b))
		return a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
	return json_double(a, &x) == 0 && json_double(b, &y) == 0 && x == y;
}

static bool
same_string(struct json a, struct json b)
{
	if (memchr(a.at, '\\', a.len) == NULL &&
	    memchr(b.at, '\\', b.len) == NULL)
		return a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
	struct text x = decode(a), y = decode(b);
	bool same = x.whole && y.whole && affix(&x.buf, &y.buf, SIDE_ALL, 0);
	buf_clear(&x.buf);
	buf_clear(&y.buf);
	return same;
}

static bool
same_value(struct json a, struct json b)
{
	if (a.type != b.type)
		return false;
	if (a.type == JSON_STRING)
		return same_string(a, b);
	return a.type == JSON_NUMBER ? same_number(a, b) : true;
}

static bool
in_range(struct json range, struct json value)
{
	double have;
	if (value.type != JSON_NUMBER || json_double(value, &have) != 0)
		return false;
	bool all = true;
	for (size_t i = 0; all && i + 1 < json_count(range); i += 2) {
		double bound = NAN;
		struct json op = json_at(range, i);
		json_double(json_at(range, i + 1), &bound);
		if (json_is(op, "="))
			all = have == bound;
		else if (json_is(op, "<"))
			all = have < bound;
		else if (json_is(op, "<="))
			all = have <= bound;
		else if (json_is(op, ">"))
			all = have > bound;
		else
			all = have >= bound;
	}
	return all;
}

/* One operator that compares strings, with one operand. */
static bool
string_operator(struct json name, struct json operand, struct json value)
{
	bool fold = operand.type == JSON_OBJECT;
	struct json want = operand;
	if (fold)
		want = json_get(operand, "equals-ignore-case");
	if (want.type != JSON_STRING || value.type != JSON_STRING)
		return false;
	struct text a = decode(want), b = decode(value);
	bool match = false;
	if (!a.whole || !b.whole)
		match = false;
	else if (json_is(name, "prefix"))
		match = affix(&a.buf, &b.buf, SIDE_BEGIN, fold);
	else if (json_is(name, "suffix"))
		match = affix(&a.buf, &b.buf, SIDE_END, fold);
	else if (json_is(name, "equals-ignore-case"))
		match = affix(&a.buf, &b.buf, SIDE_ALL, true);
	else if (json_is(name, "wildcard"))
		match = wildcard(&a.buf, &b.buf);
	else if (json_is(name, "cidr"))
		match = cidr(buf_text(&a.buf), buf_text(&b.buf));
	buf_clear(&a.buf);
	buf_clear(&b.buf);
	return match;
}

static bool
anything_but(struct json operand, struct json value)
{
	struct json_iter it;
	struct json name = {0}, one;
	if (operand.type == JSON_OBJECT) {
		json_each(operand, &it);
		if (!json_next(&it, &name, &operand))
			return false;
	}
	if (operand.type != JSON_ARRAY)
		return name.type == JSON_NONE
			   ? !same_value(operand, value)
			   : !string_operator(name, operand, value);
	json_each(operand, &it);
	while (json_next(&it, NULL, &one))
		if (name.type == JSON_NONE ? same_value(one, value)
					   : string_operator(name, one, value))
			return false;
	return true;
}

/* value: a scalar of the event. */
static bool
matcher_takes(struct json matcher, struct json value)
{
	if (matcher.type != JSON_OBJECT)
		return same_value(matcher, value);
	struct json_iter it;
	struct json name, operand;
	json_each(matcher, &it);
	if (!json_next(&it, &name, &operand))
		return false;
	if (json_is(name, "exists"))
		return operand.type == JSON_TRUE;
	if (json_is(name, "anything-but"))
		return anything_but(operand, value);
	if (json_is(name, "numeric"))
		return in_range(operand, value);
	return string_operator(name, operand, value);
}

/* Is there a scalar at or inside the arrays of value, and does one match? */
static bool
leaf_takes(struct json matchers, struct json value, bool *there)
{
	struct json_iter it;
	struct json one;
	if (value.type == JSON_OBJECT)
		return false;
	if (value.type == JSON_ARRAY) {
		bool match = false;
		json_each(value, &it);
		while (json_next(&it, NULL, &one))
			match = match || leaf_takes(matchers, one, there);
		return match;
	}
	*there = true;
	json_each(matchers, &it);
	while (json_next(&it, NULL, &one))
		if (matcher_takes(one, value))
			return true;
	return false;
}

static bool object_takes(
    struct json pattern, struct json event, const char *prefix);

/*
 * What a pattern's value says of the field `name` of event, where a '.' in
 * either may stand for nesting. prefix of what lies inside: "".
 */
struct field {
	struct json want;
	bool there;
};

static bool field_takes(
    struct field *f, struct json event, const char *name, size_t len);

static bool
inside_takes(struct field *f, struct json event, const char *rest, size_t len)
{
	struct json_iter it;
	struct json one;
	bool match = false;
	if (event.type == JSON_OBJECT)
		return field_takes(f, event, rest, len);
	if (event.type != JSON_ARRAY)
		return false;
	json_each(event, &it);
	while (json_next(&it, NULL, &one))
		match = match || inside_takes(f, one, rest, len);
	return match;
}

static bool
exact_takes(struct field *f, struct json value)
{
	struct json_iter it;
	struct json one;
	if (f->want.type == JSON_ARRAY)
		return leaf_takes(f->want, value, &f->there);
	if (value.type == JSON_OBJECT) {
		f->there = true;
		return object_takes(f->want, value, "");
	}
	bool match = false;
	if (value.type == JSON_ARRAY) {
		json_each(value, &it);
		while (json_next(&it, NULL, &one))
			match = match || exact_takes(f, one);
	}
	return match;
}

static bool
field_takes(struct field *f, struct json event, const char *name, size_t len)
{
	char *key = mem_text_of(name, len);
	bool match = false;
	struct json value = json_get(event, key);
	if (value.type != JSON_NONE)
		match = exact_takes(f, value);
	for (size_t i = 1; !match && i + 1 < len; i++) {
		if (name[i] != '.')
			continue;
		key[i] = '\0';
		value = json_get(event, key);
		key[i] = '.';
		if (value.type != JSON_NONE)
			match =
			    inside_takes(f, value, name + i + 1, len - i - 1);
	}
	free(key);
	return match;
}

static bool
may_be_absent(struct json matchers)
{
	struct json_iter it;
	struct json one;
	json_each(matchers, &it);
	while (json_next(&it, NULL, &one))
		if (json_get(one, "exists").type == JSON_FALSE)
			return true;
	return false;
}

static bool
member_takes(
    struct json key, struct json want, struct json event, const char *prefix)
{
	struct text t = decode(key);
	char *name = mem_format("%s%s", prefix, buf_text(&t.buf));
	struct field f = {.want = want};
	bool match = t.whole && field_takes(&f, event, name, strlen(name));
	if (!match && want.type == JSON_ARRAY)
		match = !f.there && may_be_absent(want);
	if (!match && want.type == JSON_OBJECT && !f.there) {
		/* The event may have "a.b"; else what may be absent is. */
		char *longer = mem_format("%s.", name);
		match = object_takes(want, event, longer);
		free(longer);
	}
	free(name);
	buf_clear(&t.buf);
	return match;
}

static bool
any_takes(struct json patterns, struct json event, const char *prefix)
{
	struct json_iter it;
	struct json one;
	json_each(patterns, &it);
	while (json_next(&it, NULL, &one))
		if (object_takes(one, event, prefix))
			return true;
	return false;
}

static bool
object_takes(struct json pattern, struct json event, const char *prefix)
{
	struct json_iter it;
	struct json key, want;
	json_each(pattern, &it);
	while (json_next(&it, &key, &want)) {
		bool match =
		    json_is(key, "$or") && json_at(want, 0).type == JSON_OBJECT
			? any_takes(want, event, prefix)
			: member_takes(key, want, event, prefix);
		if (!match)
			return false;
	}
	return true;
}

bool
pattern_match(struct json pattern, struct json event)
{
	return event.type == JSON_OBJECT && object_takes(pattern, event, "");
}
