/*
 * SNS: one pattern of a filter policy, read from an element of its list, and
 * what is said of one that is none.
 */
#include "sns_pattern.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "text.h"

/* How much of a policy AWS repeats in a complaint. */
#define SNIPPET 500

/*
 * AWS's reader is a stream: where it stands when it complains is told by
 * what it has read. A string or a bracket is first only opened; what has been
 * looked at is passed.
 */
const char *
sns_pattern_opened(struct json v)
{
	if (v.type == JSON_STRING || v.type == JSON_ARRAY ||
	    v.type == JSON_OBJECT)
		return v.at + 1;
	return v.at + v.len;
}

const char *
sns_pattern_passed(struct json v)
{
	return v.at + v.len;
}

/* Characters from text to end, as its reader counts them. */
static size_t
characters(const char *text, const char *end)
{
	size_t n = 0;

	for (; text < end; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static void
add_place(struct sns_source *r, const char *at)
{
	const char *line = r->text;
	size_t lines = 1;

	for (const char *p = r->text; p < at; p++) {
		if (*p == '\n') {
			line = p + 1;
			lines++;
		}
	}
	buf_add_text(r->why, "\n at [Source: (String)\"");
	if (r->len <= SNIPPET) {
		buf_add(r->why, r->text, r->len);
		buf_add_char(r->why, '"');
	} else {
		size_t keep = text_utf8(r->text, SNIPPET);

		buf_add(r->why, r->text, keep);
		buf_addf(r->why, "\"[truncated %zu chars]",
		    characters(r->text + keep, r->text + r->len));
	}
	buf_addf(r->why, "; line: %zu, column: %zu]", lines,
	    characters(line, at) + 1);
}

int
sns_pattern_refuse(
    struct sns_source *r, const char *at, const char *format, ...)
{
	va_list args;
	char *text = NULL;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	buf_reset(r->why);
	buf_add_text(r->why, "FilterPolicy: ");
	buf_add_text(r->why, text == NULL ? "" : text);
	free(text);
	if (at != NULL)
		add_place(r, at);
	return -1;
}

bool
sns_pattern_number(struct json v, int64_t *out)
{
	double number;

	if (v.type != JSON_NUMBER || json_double(v, &number) != 0 ||
	    !(fabs(number) <= 1e9))
		return false;
	*out = (int64_t)llround(number * 1e5);
	return true;
}

size_t
sns_pattern_address(const char *text, uint8_t out[static 16])
{
	if (inet_pton(AF_INET, text, out) == 1)
		return 4;
	if (inet_pton(AF_INET6, text, out) == 1)
		return 16;
	return 0;
}

/* A string's text, with its NULs: allocated. */
static char *
decoded(struct json string, size_t *len)
{
	struct buf text = {0};

	if (json_text(string, &text, NULL) != 0)
		buf_reset(&text);
	*len = text.len;
	return buf_take(&text);
}

static void
set_text(struct sns_pattern *p, struct json v)
{
	if (v.type == JSON_STRING) {
		p->text = decoded(v, &p->len);
	} else {
		p->text = mem_text_of(v.at, v.len);
		p->len = v.len;
	}
}

/* A token of an array's source: its element, or the closing bracket. */
static struct json
token(struct json array, size_t index)
{
	struct json v = json_at(array, index);

	if (v.type == JSON_NONE) {
		v.at = array.at + array.len - 1;
		v.len = 1;
	}
	return v;
}

static int
token_width(struct json v)
{
	return v.type == JSON_ARRAY || v.type == JSON_OBJECT ? 1 : (int)v.len;
}

static int
too_many(struct sns_source *r, const char *at)
{
	return sns_pattern_refuse(
	    r, at, "Too many elements in numeric expression");
}

/* The second half of [">=", 1, "<", 2]. */
static int
read_range(struct sns_source *r, struct json array, int64_t bottom,
    struct sns_pattern *p)
{
	struct json word = token(array, 2), top = token(array, 3),
		    end = token(array, 4);
	size_t len;
	char *name;
	int64_t high;
	int failed = -1;

	if (word.type != JSON_STRING)
		return sns_pattern_refuse(r, sns_pattern_opened(word),
		    "Bad value in numeric range: %.*s", token_width(word),
		    word.at);
	name = decoded(word, &len);
	if (strcmp(name, "<") != 0 && strcmp(name, "<=") != 0)
		sns_pattern_refuse(r, sns_pattern_passed(word),
		    "Bad numeric range operator: %s", name);
	else if (top.type != JSON_NUMBER)
		sns_pattern_refuse(r, sns_pattern_opened(top),
		    "Value of %s must be numeric", name);
	else if (end.type != JSON_NONE)
		sns_pattern_refuse(r, sns_pattern_opened(end),
		    "Too many terms in numeric range expression");
	else if (!sns_pattern_number(top, &high))
		sns_pattern_refuse(r, sns_pattern_passed(end),
		    "Value must be between -1.0E9 and 1.0E9, inclusive");
	else if (high <= bottom)
		sns_pattern_refuse(
		    r, sns_pattern_passed(end), "Bottom must be less than top");
	else {
		p->high = name[1] == '=' ? high : high - 1;
		failed = 0;
	}
	free(name);
	return failed;
}

static int
read_numeric(struct sns_source *r, struct json array, struct sns_pattern *p)
{
	static const char *const operators[] = {"=", ">=", ">", "<=", "<"};
	struct json word = token(array, 0), value = token(array, 1),
		    next = token(array, 2);
	int64_t number;
	size_t i;

	if (word.type != JSON_STRING)
		return sns_pattern_refuse(r, sns_pattern_opened(word),
		    "Invalid member in numeric match: %.*s", token_width(word),
		    word.at);
	for (i = 0; i < 5 && !json_is(word, operators[i]); i++)
		continue;
	if (i == 5) {
		size_t len;
		char *name = decoded(word, &len);

		sns_pattern_refuse(r, sns_pattern_opened(value),
		    "Unrecognized numeric range operator: %s", name);
		free(name);
		return -1;
	}
	if (value.type != JSON_NUMBER)
		return sns_pattern_refuse(r, sns_pattern_opened(value),
		    "Value of %s must be numeric",
		    i == 0 ? "equals" : operators[i]);
	if (!sns_pattern_number(value, &number))
		return sns_pattern_refuse(r, sns_pattern_opened(next),
		    "Value must be between -1.0E9 and 1.0E9, inclusive");
	p->test = SNS_NUMBERS;
	p->low = INT64_MIN;
	p->high = INT64_MAX;
	if (i <= 2)
		p->low = i == 2 ? number + 1 : number;
	if (i == 0 || i >= 3)
		p->high = i == 4 ? number - 1 : number;
	if (next.type == JSON_NONE)
		return 0;
	if (i == 0 || i >= 3)
		return too_many(r, sns_pattern_opened(next));
	return read_range(r, array, number, p);
}

static int
read_none_of(struct sns_source *r, struct json v, struct sns_pattern *p)
{
	struct json_iter it;
	struct json e;
	size_t strings = 0, i = 0;

	if (v.type != JSON_ARRAY && v.type != JSON_STRING &&
	    v.type != JSON_NUMBER)
		return sns_pattern_refuse(r, sns_pattern_opened(v),
		    "Value of anything-but must be an array or single "
		    "string/number value.");
	p->test = SNS_NOT;
	p->none_count = v.type == JSON_ARRAY ? json_count(v) : 1;
	p->none_of = mem_alloc((p->none_count + 1) * sizeof(*p->none_of));
	if (v.type != JSON_ARRAY) {
		p->none_of[0].test =
		    v.type == JSON_STRING ? SNS_TEXT : SNS_LITERAL;
		set_text(&p->none_of[0], v);
		return 0;
	}
	json_each(v, &it);
	while (json_next(&it, NULL, &e)) {
		if (e.type != JSON_STRING && e.type != JSON_NUMBER)
			return sns_pattern_refuse(r, sns_pattern_opened(e),
			    "Inside anything but list, start|null|boolean is "
			    "not supported.");
		strings += e.type == JSON_STRING;
		p->none_of[i].test =
		    e.type == JSON_STRING ? SNS_TEXT : SNS_LITERAL;
		set_text(&p->none_of[i++], e);
	}
	if (p->none_count == 0 || (strings > 0 && strings < p->none_count))
		return sns_pattern_refuse(r, sns_pattern_passed(v),
		    "Inside anything but list, either all values are number or "
		    "string, mixed type is not supported");
	return 0;
}

static int
read_anything_but(struct sns_source *r, struct json v, struct sns_pattern *p)
{
	struct json_iter it;
	struct json key, value;
	size_t len;
	char *name;

	if (v.type != JSON_OBJECT)
		return read_none_of(r, v, p);
	json_each(v, &it);
	if (!json_next(&it, &key, &value))
		return sns_pattern_refuse(r, sns_pattern_passed(v),
		    "Anything-But expression name not found");
	if (!json_is(key, "prefix")) {
		name = decoded(key, &len);
		sns_pattern_refuse(r, sns_pattern_opened(value),
		    "Unsupported anything-but pattern: %s", name);
		free(name);
		return -1;
	}
	if (value.type != JSON_STRING)
		return sns_pattern_refuse(r, sns_pattern_opened(value),
		    "prefix match pattern must be a string");
	p->test = SNS_NOT_PREFIX;
	set_text(p, value);
	if (json_next(&it, &key, &value))
		return sns_pattern_refuse(r, sns_pattern_opened(value),
		    "Only one key allowed in match expression");
	return 0;
}

static int
read_cidr(struct sns_source *r, struct json v, struct sns_pattern *p)
{
	size_t len;
	char *text, *slash;
	int64_t bits;
	int failed = -1;

	/* "prefix", says AWS. */
	if (v.type != JSON_STRING)
		return sns_pattern_refuse(r, sns_pattern_opened(v),
		    "prefix match pattern must be a string");
	p->test = SNS_ADDRESSES;
	text = decoded(v, &len);
	slash = strchr(text, '/');
	if (slash == NULL || slash[1] == '\0' ||
	    strchr(slash + 1, '/') != NULL) {
		sns_pattern_refuse(r, NULL, "Malformed CIDR, one '/' required");
		goto out;
	}
	*slash = '\0';
	if (text_integer(slash + 1, INT32_MIN, INT32_MAX, &bits) != 0)
		sns_pattern_refuse(
		    r, NULL, "Malformed CIDR, mask bits must be an integer");
	else if (bits < 0)
		sns_pattern_refuse(
		    r, NULL, "Malformed CIDR, mask bits must not be negative");
	else if ((p->address_len = sns_pattern_address(text, p->address)) == 0)
		sns_pattern_refuse(r, NULL, "Nonstandard IP address: %s", text);
	else if (p->address_len == 4 && bits > 31)
		sns_pattern_refuse(r, NULL, "IPv4 mask bits must be < 32");
	else if (p->address_len == 16 && bits > 127)
		sns_pattern_refuse(r, NULL, "IPv6 mask bits must be < 128");
	else
		failed = 0;
	for (size_t i = 0; failed == 0 && i < p->address_len; i++) {
		int64_t rest = bits - (int64_t)(8 * i);

		if (rest > 0)
			p->mask[i] =
			    (uint8_t)(rest >= 8 ? 0xff
						: (0xff00 >> rest) & 0xff);
	}
out:
	free(text);
	return failed;
}

static int
read_exists(struct sns_source *r, struct json v, struct sns_pattern *p)
{
	if (v.type != JSON_TRUE && v.type != JSON_FALSE)
		return sns_pattern_refuse(r, sns_pattern_opened(v),
		    "exists match pattern must be either true or false.");
	p->test = v.type == JSON_TRUE ? SNS_EXISTS : SNS_ABSENT;
	return 0;
}

static int
read_string(
    struct sns_source *r, struct json key, struct json v, struct sns_pattern *p)
{
	static const char *const names[] = {
	    "prefix", "suffix", "equals-ignore-case"};
	size_t i = 0, len;

	while (i < 3 && !json_is(key, names[i]))
		i++;
	if (i == 3) {
		char *name = decoded(key, &len);

		sns_pattern_refuse(r, sns_pattern_opened(v),
		    "Unrecognized match type %s", name);
		free(name);
		return -1;
	}
	if (v.type != JSON_STRING)
		return sns_pattern_refuse(r, sns_pattern_opened(v),
		    "%s match pattern must be a string", names[i]);
	p->test = i == 0 ? SNS_PREFIX : i == 1 ? SNS_SUFFIX : SNS_IGNORE_CASE;
	set_text(p, v);
	return 0;
}

/* {"prefix":"a"} and its like. */
static int
read_expression(struct sns_source *r, struct json object, struct sns_pattern *p)
{
	struct json_iter it;
	struct json key, v;
	bool list;
	int failed;

	json_each(object, &it);
	if (!json_next(&it, &key, &v))
		return sns_pattern_refuse(r, sns_pattern_passed(object),
		    "Match expression name not found");
	list = json_is(key, "numeric") || json_is(key, "anything-but");
	if (json_is(key, "numeric")) {
		if (v.type != JSON_ARRAY)
			return sns_pattern_refuse(r, sns_pattern_opened(v),
			    "Value of numeric must be an array.");
		failed = read_numeric(r, v, p);
	} else if (json_is(key, "anything-but"))
		failed = read_anything_but(r, v, p);
	else if (json_is(key, "exists"))
		failed = read_exists(r, v, p);
	else if (json_is(key, "cidr"))
		failed = read_cidr(r, v, p);
	else
		failed = read_string(r, key, v, p);
	if (failed != 0)
		return -1;
	if (!json_next(&it, &key, &v))
		return 0;
	return list ? too_many(r, sns_pattern_opened(v))
		    : sns_pattern_refuse(r, sns_pattern_opened(v),
			  "Only one key allowed in match expression");
}

int
sns_pattern_read(struct sns_source *r, struct json e, struct sns_pattern *p)
{
	if (e.type == JSON_ARRAY)
		return sns_pattern_refuse(r, sns_pattern_opened(e),
		    "Match value must be String, number, true, false, or null");
	if (e.type == JSON_OBJECT)
		return read_expression(r, e, p);
	p->test = e.type == JSON_STRING ? SNS_TEXT : SNS_LITERAL;
	set_text(p, e);
	return 0;
}

void
sns_pattern_clear(struct sns_pattern *p)
{
	for (size_t i = 0; i < p->none_count; i++)
		free(p->none_of[i].text);
	free(p->none_of);
	free(p->text);
}
