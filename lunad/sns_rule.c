#include "sns_rule.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "text.h"

/* How much of a policy AWS repeats in a complaint. */
#define SNIPPET 500

struct reader {
	const char *text;
	size_t len;
	struct sns_rules *rules;
	struct buf path;
	size_t keys;
	bool nested; /* some key lies within another */
	struct buf *why;
};

static int read_object(
    struct reader *r, struct json object, size_t depth, bool in_or);

/*
 * AWS's reader is a stream: where it stands when it complains is told by
 * what it has read. A string or a bracket is first only opened; what has been
 * looked at is passed.
 */
static const char *
opened(struct json v)
{
	if (v.type == JSON_STRING || v.type == JSON_ARRAY ||
	    v.type == JSON_OBJECT)
		return v.at + 1;
	return v.at + v.len;
}

static const char *
passed(struct json v)
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
add_place(struct reader *r, const char *at)
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

/* Complain; at: where the reader stands, or NULL to leave that out. */
static int refuse(struct reader *r, const char *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int
refuse(struct reader *r, const char *at, const char *format, ...)
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
sns_rule_number(struct json v, int64_t *out)
{
	double number;

	if (v.type != JSON_NUMBER || json_double(v, &number) != 0 ||
	    !(fabs(number) <= 1e9))
		return false;
	*out = (int64_t)llround(number * 1e5);
	return true;
}

size_t
sns_rule_address(const char *text, uint8_t out[static 16])
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
too_many(struct reader *r, const char *at)
{
	return refuse(r, at, "Too many elements in numeric expression");
}

/* The second half of [">=", 1, "<", 2]. */
static int
read_range(
    struct reader *r, struct json array, int64_t bottom, struct sns_pattern *p)
{
	struct json word = token(array, 2), top = token(array, 3),
		    end = token(array, 4);
	size_t len;
	char *name;
	int64_t high;
	int failed = -1;

	if (word.type != JSON_STRING)
		return refuse(r, opened(word),
		    "Bad value in numeric range: %.*s", token_width(word),
		    word.at);
	name = decoded(word, &len);
	if (strcmp(name, "<") != 0 && strcmp(name, "<=") != 0)
		refuse(r, passed(word), "Bad numeric range operator: %s", name);
	else if (top.type != JSON_NUMBER)
		refuse(r, opened(top), "Value of %s must be numeric", name);
	else if (end.type != JSON_NONE)
		refuse(r, opened(end),
		    "Too many terms in numeric range expression");
	else if (!sns_rule_number(top, &high))
		refuse(r, passed(end),
		    "Value must be between -1.0E9 and 1.0E9, inclusive");
	else if (high <= bottom)
		refuse(r, passed(end), "Bottom must be less than top");
	else {
		p->high = name[1] == '=' ? high : high - 1;
		failed = 0;
	}
	free(name);
	return failed;
}

static int
read_numeric(struct reader *r, struct json array, struct sns_pattern *p)
{
	static const char *const operators[] = {"=", ">=", ">", "<=", "<"};
	struct json word = token(array, 0), value = token(array, 1),
		    next = token(array, 2);
	int64_t number;
	size_t i;

	if (word.type != JSON_STRING)
		return refuse(r, opened(word),
		    "Invalid member in numeric match: %.*s", token_width(word),
		    word.at);
	for (i = 0; i < 5 && !json_is(word, operators[i]); i++)
		continue;
	if (i == 5) {
		size_t len;
		char *name = decoded(word, &len);

		refuse(r, opened(value),
		    "Unrecognized numeric range operator: %s", name);
		free(name);
		return -1;
	}
	if (value.type != JSON_NUMBER)
		return refuse(r, opened(value), "Value of %s must be numeric",
		    i == 0 ? "equals" : operators[i]);
	if (!sns_rule_number(value, &number))
		return refuse(r, opened(next),
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
		return too_many(r, opened(next));
	return read_range(r, array, number, p);
}

static int
read_none_of(struct reader *r, struct json v, struct sns_pattern *p)
{
	struct json_iter it;
	struct json e;
	size_t strings = 0, i = 0;

	if (v.type != JSON_ARRAY && v.type != JSON_STRING &&
	    v.type != JSON_NUMBER)
		return refuse(r, opened(v),
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
			return refuse(r, opened(e),
			    "Inside anything but list, start|null|boolean is "
			    "not supported.");
		strings += e.type == JSON_STRING;
		p->none_of[i].test =
		    e.type == JSON_STRING ? SNS_TEXT : SNS_LITERAL;
		set_text(&p->none_of[i++], e);
	}
	if (p->none_count == 0 || (strings > 0 && strings < p->none_count))
		return refuse(r, passed(v),
		    "Inside anything but list, either all values are number or "
		    "string, mixed type is not supported");
	return 0;
}

static int
read_anything_but(struct reader *r, struct json v, struct sns_pattern *p)
{
	struct json_iter it;
	struct json key, value;
	size_t len;
	char *name;

	if (v.type != JSON_OBJECT)
		return read_none_of(r, v, p);
	json_each(v, &it);
	if (!json_next(&it, &key, &value))
		return refuse(
		    r, passed(v), "Anything-But expression name not found");
	if (!json_is(key, "prefix")) {
		name = decoded(key, &len);
		refuse(r, opened(value), "Unsupported anything-but pattern: %s",
		    name);
		free(name);
		return -1;
	}
	if (value.type != JSON_STRING)
		return refuse(
		    r, opened(value), "prefix match pattern must be a string");
	p->test = SNS_NOT_PREFIX;
	set_text(p, value);
	if (json_next(&it, &key, &value))
		return refuse(r, opened(value),
		    "Only one key allowed in match expression");
	return 0;
}

static int
read_cidr(struct reader *r, struct json v, struct sns_pattern *p)
{
	size_t len;
	char *text, *slash;
	int64_t bits;
	int failed = -1;

	/* "prefix", says AWS. */
	if (v.type != JSON_STRING)
		return refuse(
		    r, opened(v), "prefix match pattern must be a string");
	p->test = SNS_ADDRESSES;
	text = decoded(v, &len);
	slash = strchr(text, '/');
	if (slash == NULL || slash[1] == '\0' ||
	    strchr(slash + 1, '/') != NULL) {
		refuse(r, NULL, "Malformed CIDR, one '/' required");
		goto out;
	}
	*slash = '\0';
	if (text_integer(slash + 1, INT32_MIN, INT32_MAX, &bits) != 0)
		refuse(r, NULL, "Malformed CIDR, mask bits must be an integer");
	else if (bits < 0)
		refuse(
		    r, NULL, "Malformed CIDR, mask bits must not be negative");
	else if ((p->address_len = sns_rule_address(text, p->address)) == 0)
		refuse(r, NULL, "Nonstandard IP address: %s", text);
	else if (p->address_len == 4 && bits > 31)
		refuse(r, NULL, "IPv4 mask bits must be < 32");
	else if (p->address_len == 16 && bits > 127)
		refuse(r, NULL, "IPv6 mask bits must be < 128");
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
read_exists(struct reader *r, struct json v, struct sns_pattern *p)
{
	if (v.type != JSON_TRUE && v.type != JSON_FALSE)
		return refuse(r, opened(v),
		    "exists match pattern must be either true or false.");
	p->test = v.type == JSON_TRUE ? SNS_EXISTS : SNS_ABSENT;
	return 0;
}

static int
read_string(
    struct reader *r, struct json key, struct json v, struct sns_pattern *p)
{
	static const char *const names[] = {
	    "prefix", "suffix", "equals-ignore-case"};
	size_t i = 0, len;

	while (i < 3 && !json_is(key, names[i]))
		i++;
	if (i == 3) {
		char *name = decoded(key, &len);

		refuse(r, opened(v), "Unrecognized match type %s", name);
		free(name);
		return -1;
	}
	if (v.type != JSON_STRING)
		return refuse(r, opened(v), "%s match pattern must be a string",
		    names[i]);
	p->test = i == 0 ? SNS_PREFIX : i == 1 ? SNS_SUFFIX : SNS_IGNORE_CASE;
	set_text(p, v);
	return 0;
}

/* {"prefix":"a"} and its like. */
static int
read_expression(struct reader *r, struct json object, struct sns_pattern *p)
{
	struct json_iter it;
	struct json key, v;
	bool list;
	int failed;

	json_each(object, &it);
	if (!json_next(&it, &key, &v))
		return refuse(
		    r, passed(object), "Match expression name not found");
	list = json_is(key, "numeric") || json_is(key, "anything-but");
	if (json_is(key, "numeric")) {
		if (v.type != JSON_ARRAY)
			return refuse(
			    r, opened(v), "Value of numeric must be an array.");
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
	return list ? too_many(r, opened(v))
		    : refuse(r, opened(v),
			  "Only one key allowed in match expression");
}

/* ["a", 1, {"prefix":"b"}]: each element adds a pattern. */
static int
read_values(struct reader *r, struct json array, struct sns_values *values)
{
	struct json_iter it;
	struct json e;

	values->pattern =
	    mem_alloc((json_count(array) + 1) * sizeof(*values->pattern));
	json_each(array, &it);
	while (json_next(&it, NULL, &e)) {
		struct sns_pattern *p = &values->pattern[values->count++];

		if (e.type == JSON_ARRAY)
			return refuse(r, opened(e),
			    "Match value must be String, number, true, false, "
			    "or null");
		if (e.type == JSON_OBJECT) {
			if (read_expression(r, e, p) != 0)
				return -1;
		} else {
			p->test =
			    e.type == JSON_STRING ? SNS_TEXT : SNS_LITERAL;
			set_text(p, e);
		}
		values->absent |= p->test == SNS_ABSENT;
	}
	if (values->count == 0)
		return refuse(r, passed(array), "Empty arrays are not allowed");
	return 0;
}

/* Let every rule so far want one of these values at this path; the last word
 * on a path holds. */
static void
add_to_rules(struct sns_rules *rules, size_t index)
{
	const char *path = rules->values[index].path;

	for (size_t i = 0; i < rules->rule_count; i++) {
		struct sns_rule *rule = &rules->rule[i];
		size_t k = 0;

		while (k < rule->count &&
		       strcmp(rules->values[rule->value[k]].path, path) != 0)
			k++;
		rule->value[k] = index;
		if (k == rule->count)
			rule->count++;
	}
}

static void
append_rules(struct sns_rules *rules, const struct sns_rule *more, size_t count)
{
	if (count == 0)
		return;
	rules->rule = mem_grow(
	    rules->rule, rules->rule_count + count, sizeof(*rules->rule));
	memcpy(rules->rule + rules->rule_count, more, count * sizeof(*more));
	rules->rule_count += count;
}

static int
read_key(struct reader *r, struct json array, size_t depth)
{
	struct sns_rules *rules = r->rules;
	struct sns_values *values;

	rules->values = mem_grow(
	    rules->values, rules->value_count + 1, sizeof(*rules->values));
	values = &rules->values[rules->value_count++];
	*values = (struct sns_values){.path = mem_text(buf_text(&r->path))};
	r->nested |= depth > 1;
	if (read_values(r, array, values) != 0)
		return -1;
	values->weight = depth * values->count;
	/* Beyond the limit the policy is refused; what follows is still read,
	 * as AWS does, but rules no longer multiply. */
	if (++r->keys <= SNS_RULE_KEYS)
		add_to_rules(rules, rules->value_count - 1);
	else
		rules->rule_count = 0;
	return 0;
}

/* Each object of the array goes on from every rule there was: the ways
 * through the policy multiply. */
static int
read_or(struct reader *r, struct json array, size_t depth)
{
	struct sns_rules *rules = r->rules;
	struct sns_rule *before = rules->rule, *all = NULL;
	size_t before_count = rules->rule_count, all_count = 0, ways = 0;
	struct json_iter it;
	struct json e;
	int failed = 0;

	if (array.type != JSON_ARRAY)
		return refuse(
		    r, opened(array), "It must be an Array followed with $or.");
	json_each(array, &it);
	while (failed == 0 && json_next(&it, NULL, &e)) {
		struct sns_rule *way;
		size_t way_count;

		ways++;
		rules->rule = NULL;
		rules->rule_count = 0;
		append_rules(rules, before, before_count);
		failed =
		    e.type == JSON_OBJECT
			? read_object(r, e, depth, true)
			: refuse(r, opened(e),
			      "Only JSON object is allowed in array of $or "
			      "relationship.");
		way = rules->rule;
		way_count = rules->rule_count;
		rules->rule = all;
		rules->rule_count = all_count;
		append_rules(rules, way, way_count);
		all = rules->rule;
		all_count = rules->rule_count;
		free(way);
	}
	rules->rule = all;
	rules->rule_count = all_count;
	free(before);
	if (failed == 0 && ways < 2)
		return refuse(r, passed(array),
		    "There must have at least 2 Objects in $or relationship.");
	return failed;
}

static int
read_member(
    struct reader *r, struct json key, struct json v, size_t depth, bool in_or)
{
	static const char *const reserved[] = {"exact", "prefix", "suffix",
	    "numeric", "anything-but", "exists", "cidr", "equals-ignore-case"};
	size_t path_len = r->path.len;
	int failed;

	for (size_t i = 0; in_or && i < sizeof(reserved) / sizeof(*reserved);
	     i++)
		if (json_is(key, reserved[i]))
			return refuse(r, opened(v),
			    "%s is Ruler reserved fieldName which cannot be "
			    "used inside $or.",
			    reserved[i]);
	if (path_len > 0)
		buf_add_char(&r->path, '.');
	if (json_text(key, &r->path, NULL) != 0 ||
	    strlen(buf_text(&r->path)) != r->path.len)
		failed = refuse(r, opened(v), "a key is no text");
	else if (v.type == JSON_OBJECT)
		failed = read_object(r, v, depth + 1, in_or);
	else if (v.type == JSON_ARRAY)
		failed = read_key(r, v, depth);
	else
		failed =
		    refuse(r, opened(v), "\"%s\" must be an object or an array",
			buf_text(&r->path) + path_len + (path_len > 0));
	r->path.len = path_len;
	if (r->path.data != NULL)
		r->path.data[path_len] = '\0';
	return failed;
}

static int
read_object(struct reader *r, struct json object, size_t depth, bool in_or)
{
	struct json_iter it;
	struct json key, v;
	bool any = false;
	int failed = 0;

	json_each(object, &it);
	while (failed == 0 && json_next(&it, &key, &v)) {
		any = true;
		failed = json_is(key, "$or")
			     ? read_or(r, v, depth)
			     : read_member(r, key, v, depth, in_or);
	}
	if (failed == 0 && !any)
		return refuse(
		    r, passed(object), "Empty objects are not allowed");
	return failed;
}

static bool
too_complex(const struct sns_rules *rules)
{
	size_t sum = 0;

	for (size_t i = 0; i < rules->rule_count; i++) {
		const struct sns_rule *rule = &rules->rule[i];
		size_t product = 1;

		for (size_t k = 0; k < rule->count; k++) {
			product *= rules->values[rule->value[k]].weight;
			if (product > SNS_RULE_COMBINATIONS)
				return true;
		}
		sum += product;
		if (sum > SNS_RULE_COMBINATIONS)
			return true;
	}
	return false;
}

int
sns_rule_read(const char *policy, size_t len, bool nested,
    struct sns_rules *rules, struct buf *why)
{
	struct reader r = {
	    .text = policy, .len = len, .rules = rules, .why = why};
	struct sns_rule first = {0};
	struct json root;
	int failed = -1;

	memset(rules, 0, sizeof(*rules));
	append_rules(rules, &first, 1);
	if (json_scan(policy, len, &root, NULL) != 0) {
		buf_reset(why);
		buf_add_text(why, "FilterPolicy: failed to parse JSON. ");
		sns_rule_json(policy, len, why);
		goto out;
	}
	if (root.type != JSON_OBJECT) {
		refuse(&r, opened(root), "Filter is not an object");
		goto out;
	}
	if (read_object(&r, root, 1, false) != 0)
		goto out;
	if (r.nested && !nested) {
		buf_reset(why);
		buf_add_text(why,
		    "Filter policy scope MessageAttributes does not support "
		    "nested filter policy");
	} else if (r.keys > SNS_RULE_KEYS) {
		refuse(&r, NULL, "Filter policy can not have more than %d keys",
		    SNS_RULE_KEYS);
	} else if (too_complex(rules)) {
		refuse(&r, NULL, "Filter policy is too complex");
	} else {
		failed = 0;
	}
out:
	buf_clear(&r.path);
	return failed;
}

static void
clear_pattern(struct sns_pattern *p)
{
	for (size_t i = 0; i < p->none_count; i++)
		free(p->none_of[i].text);
	free(p->none_of);
	free(p->text);
}

void
sns_rule_clear(struct sns_rules *rules)
{
	for (size_t i = 0; i < rules->value_count; i++) {
		struct sns_values *values = &rules->values[i];

		for (size_t k = 0; k < values->count; k++)
			clear_pattern(&values->pattern[k]);
		free(values->pattern);
		free(values->path);
	}
	free(rules->values);
	free(rules->rule);
	memset(rules, 0, sizeof(*rules));
}

/*
 * AWS's JSON reader about a text that is none. Its words are known for a name
 * without quotes and for a bare word; for the rest ours say where.
 */
void
sns_rule_json(const char *text, size_t len, struct buf *why)
{
	static const char redacted[] =
	    "\n at [Source: REDACTED (`StreamReadFeature."
	    "INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: %zu]";
	struct json root;
	struct err err = {0};
	size_t word = 0;

	if (json_scan(text, len, &root, &err) == 0)
		return;
	while (word < len && isalnum((unsigned char)text[word]))
		word++;
	if (word > 0 && isalpha((unsigned char)text[0])) {
		buf_addf(why,
		    "Unrecognized token '%.*s': was expecting (JSON String, "
		    "Number, Array, Object or token 'null', 'true' or 'false')",
		    (int)word, text);
		buf_addf(why, redacted, word + 1);
	} else if (len > 1 && text[0] == '{' &&
		   isalnum((unsigned char)text[1])) {
		buf_addf(why,
		    "Unexpected character ('%c' (code %d)): was expecting "
		    "double-quote to start field name",
		    text[1], text[1]);
		buf_addf(why, redacted, (size_t)2);
	} else {
		buf_add_text(why, err.message);
	}
}
