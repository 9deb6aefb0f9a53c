#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "pattern.h"

/* AWS quotes so much of the pattern in a refusal. */
#define SOURCE_MAX 500

struct check {
	const char *text;
	size_t len;
	struct buf *why;
};

/* Where AWS's parser stands once it has seen the token that v begins with:
 * it reads a number to its end, but of a string only the quote. */
static const char *
after_token(struct json v)
{
	switch (v.type) {
	case JSON_STRING:
	case JSON_ARRAY:
	case JSON_OBJECT:
		return v.at + 1;
	default:
		return v.at + v.len;
	}
}

static void
add_place(struct check *c, const char *at)
{
	size_t line = 1, column = 1;
	for (const char *p = c->text; p < at; p++) {
		column++;
		if (*p == '\n') {
			line++;
			column = 1;
		}
	}
	size_t n = c->len < SOURCE_MAX ? c->len : SOURCE_MAX;
	buf_add_text(c->why, "\n at [Source: (String)\"");
	buf_add(c->why, c->text, n);
	buf_add_char(c->why, '"');
	if (n < c->len)
		buf_addf(c->why, "[truncated %zu chars]", c->len - n);
	buf_addf(c->why, "; line: %zu, column: %zu]", line, column);
}

/* at: past what was read so far; NULL when AWS names no place. */
static int __attribute__((format(printf, 3, 4)))
refuse(struct check *c, const char *at, const char *format, ...)
{
	char *reason = NULL;
	va_list ap;
	va_start(ap, format);
	if (vasprintf(&reason, format, ap) < 0)
		reason = mem_text("out of memory");
	va_end(ap);
	buf_add_text(c->why, reason);
	free(reason);
	if (at != NULL)
		add_place(c, at);
	return -1;
}

/* The same from inside a list of anything-but, where AWS says the place
 * twice. */
static int
refuse_twice(struct check *c, const char *at, const char *reason)
{
	refuse(c, at, "%s", reason);
	add_place(c, at);
	return -1;
}

/* The text of a token as AWS quotes it; free it. */
static char *
token_text(struct json v)
{
	char *text = json_dup(v);
	return text != NULL ? text : mem_text_of(v.at, v.len);
}

static int
bad_token(struct check *c, const char *what, struct json v, const char *at)
{
	char *text = token_text(v);
	refuse(c, at, "%s%s", what, text);
	free(text);
	return -1;
}

static int
need_number(struct check *c, const char *op, struct json v)
{
	if (v.type == JSON_NUMBER)
		return 0;
	return refuse(c, after_token(v), "Value of %s must be numeric", op);
}

/* The n'th element, or the closing bracket as a view of no type. */
static struct json
element(struct json array, size_t n)
{
	struct json v = json_at(array, n);
	if (v.type == JSON_NONE)
		v = (struct json){JSON_NONE, array.at + array.len - 1, 1};
	return v;
}

static int
check_upper(struct check *c, struct json range)
{
	struct json op = element(range, 2), bound = element(range, 3);
	double bottom, top;
	if (op.type == JSON_NONE)
		return 0;
	if (op.type != JSON_STRING)
		return bad_token(
		    c, "Bad value in numeric range: ", op, after_token(op));
	if (!json_is(op, "<") && !json_is(op, "<="))
		return bad_token(
		    c, "Bad numeric range operator: ", op, op.at + op.len);
	if (need_number(c, json_is(op, "<") ? "<" : "<=", bound) != 0)
		return -1;
	struct json more = element(range, 4);
	if (more.type != JSON_NONE)
		return refuse(c, after_token(more),
		    "Too many terms in numeric range expression");
	if (json_double(element(range, 1), &bottom) == 0 &&
	    json_double(bound, &top) == 0 && bottom >= top)
		return refuse(
		    c, after_token(more), "Bottom must be less than top");
	return 0;
}

static int
check_numeric(struct check *c, struct json range)
{
	if (range.type != JSON_ARRAY)
		return refuse(c, after_token(range),
		    "Value of numeric must be an array.");
	struct json op = element(range, 0), bound = element(range, 1);
	if (op.type != JSON_STRING)
		return bad_token(c, "Invalid member in numeric match: ", op,
		    after_token(op));
	if (json_is(op, ">") || json_is(op, ">=")) {
		if (need_number(c, json_is(op, ">") ? ">" : ">=", bound) != 0)
			return -1;
		return check_upper(c, range);
	}
	const char *name = "equals";
	if (json_is(op, "<") || json_is(op, "<="))
		name = json_is(op, "<") ? "<" : "<=";
	else if (!json_is(op, "="))
		return bad_token(c, "Unrecognized numeric range operator: ", op,
		    after_token(bound));
	if (need_number(c, name, bound) != 0)
		return -1;
	struct json more = element(range, 2);
	if (more.type != JSON_NONE)
		return refuse(c, after_token(more),
		    "Too many elements in numeric expression");
	return 0;
}

static int
check_cidr(struct check *c, struct json v)
{
	if (v.type != JSON_STRING)
		return refuse(
		    c, after_token(v), "prefix match pattern must be a string");
	char *text = token_text(v);
	char *slash = strchr(text, '/'), *end = NULL;
	unsigned char address[16];
	int status = 0;
	if (slash == NULL || strchr(slash + 1, '/') != NULL) {
		status = refuse(c, NULL, "Malformed CIDR, one '/' required");
		goto out;
	}
	long bits = strtol(slash + 1, &end, 10);
	*slash = '\0';
	int six = strchr(text, ':') != NULL;
	if (end == slash + 1 || *end != '\0')
		status = refuse(
		    c, NULL, "Malformed CIDR, mask bits must be an integer");
	else if (inet_pton(six ? AF_INET6 : AF_INET, text, address) != 1)
		status = refuse(c, NULL, "Nonstandard IP address: %s", text);
	else if (bits < 0 || bits > (six ? 128 : 32))
		status = refuse(c, NULL,
		    "Malformed CIDR, mask bits must be "
		    "between 0 and %d",
		    six ? 128 : 32);
out:
	free(text);
	return status;
}

static int
check_wildcard(struct check *c, struct json v, const char *at)
{
	char *text = token_text(v);
	int status = 0;
	for (const char *p = text; status == 0 && *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '*' && p[1] != '\\')
			status = refuse(c, at,
			    "Invalid escape character at pos %td", p - text);
		else if (*p == '\\')
			p++;
		else if (*p == '*' && p[1] == '*')
			status = refuse(c, at,
			    "Consecutive wildcard characters at pos %td",
			    p + 1 - text);
	}
	free(text);
	return status;
}

/* prefix, suffix, equals-ignore-case and wildcard outside of anything-but */
static int
check_string(struct check *c, const char *op, struct json v)
{
	bool affix = strcmp(op, "prefix") == 0 || strcmp(op, "suffix") == 0;
	if (affix && v.type == JSON_OBJECT && json_count(v) == 1)
		v = json_get(v, "equals-ignore-case");
	if (v.type == JSON_NONE)
		return refuse(c, NULL, "%s match pattern must be a string", op);
	if (v.type != JSON_STRING)
		return refuse(
		    c, after_token(v), "%s match pattern must be a string", op);
	if (strcmp(op, "wildcard") == 0)
		return check_wildcard(c, v, v.at + v.len);
	return 0;
}

/* One operand of an operator inside of anything-but. */
static int
check_but_one(struct check *c, const char *op, struct json v, bool in_list)
{
	static const char fold[] =
	    "Inside anything-but/equals-ignore-case list, "
	    "number|start|null|boolean is not supported.";
	bool affix = strcmp(op, "prefix") == 0 || strcmp(op, "suffix") == 0;
	const char *reason = "wildcard match pattern must be a string";
	if (strcmp(op, "equals-ignore-case") == 0)
		reason = fold;
	else if (affix)
		reason = "prefix/suffix match pattern must be a string";
	if (v.type != JSON_STRING)
		return in_list ? refuse_twice(c, after_token(v), reason)
			       : refuse(c, after_token(v), "%s", reason);
	if (affix && v.len == 2)
		return refuse(
		    c, v.at + v.len, "Null prefix/suffix not allowed");
	if (strcmp(op, "wildcard") == 0)
		return check_wildcard(c, v, v.at + v.len);
	return 0;
}

static int
check_but_operator(struct check *c, struct json object)
{
	struct json_iter it, list;
	struct json key, v, one;
	json_each(object, &it);
	if (!json_next(&it, &key, &v))
		return refuse(
		    c, after_token(object), "Empty objects are not allowed");
	bool known = json_is(key, "prefix") || json_is(key, "suffix") ||
		     json_is(key, "wildcard") ||
		     json_is(key, "equals-ignore-case");
	if (!known)
		return bad_token(c, "Unsupported anything-but pattern: ", key,
		    after_token(v));
	if (v.type == JSON_OBJECT)
		return refuse(c, after_token(v),
		    "Value of anything-but must be an array or single "
		    "string/number value.");
	char *op = token_text(key);
	int status = 0;
	if (v.type != JSON_ARRAY) {
		status = check_but_one(c, op, v, false);
	} else {
		json_each(v, &list);
		while (status == 0 && json_next(&list, NULL, &one))
			status = check_but_one(c, op, one, true);
	}
	free(op);
	struct json extra;
	if (status == 0 && json_next(&it, &key, &extra))
		status = refuse(c, after_token(extra),
		    "Only one key allowed in match expression");
	return status;
}

static int
check_anything_but(struct check *c, struct json v)
{
	struct json_iter it;
	struct json one;
	switch (v.type) {
	case JSON_STRING:
	case JSON_NUMBER:
		return 0;
	case JSON_OBJECT:
		return check_but_operator(c, v);
	case JSON_ARRAY:
		break;
	default:
		return refuse(c, after_token(v),
		    "Value of anything-but must be an array or single "
		    "string/number value.");
	}
	if (json_count(v) == 0)
		return refuse(c, v.at + v.len, "Empty arrays are not allowed");
	json_each(v, &it);
	while (json_next(&it, NULL, &one))
		if (one.type != JSON_STRING && one.type != JSON_NUMBER)
			return refuse_twice(c, after_token(one),
			    "Inside anything but list, "
			    "start|null|boolean is not supported.");
	return 0;
}

static int
check_operand(struct check *c, struct json key, struct json v)
{
	static const char *const strings[] = {
	    "prefix", "suffix", "equals-ignore-case", "wildcard"};
	for (size_t i = 0; i < sizeof(strings) / sizeof(*strings); i++)
		if (json_is(key, strings[i]))
			return check_string(c, strings[i], v);
	if (json_is(key, "anything-but"))
		return check_anything_but(c, v);
	if (json_is(key, "numeric"))
		return check_numeric(c, v);
	if (json_is(key, "cidr"))
		return check_cidr(c, v);
	if (!json_is(key, "exists"))
		return bad_token(
		    c, "Unrecognized match type ", key, after_token(v));
	if (v.type != JSON_TRUE && v.type != JSON_FALSE)
		return refuse(c, after_token(v),
		    "exists match pattern must be either true or false.");
	return 0;
}

static int
check_matcher(struct check *c, struct json v)
{
	struct json_iter it;
	struct json key, operand, extra;
	if (v.type == JSON_ARRAY)
		return refuse(c, after_token(v),
		    "Match value must be String, number, true, false, or null");
	if (v.type != JSON_OBJECT)
		return 0;
	json_each(v, &it);
	if (!json_next(&it, &key, &operand))
		return refuse(c, v.at + v.len, "Empty objects are not allowed");
	if (check_operand(c, key, operand) != 0)
		return -1;
	if (json_next(&it, &key, &extra))
		return refuse(c, after_token(extra),
		    "Only one key allowed in match expression");
	return 0;
}

static int
check_matchers(struct check *c, struct json array)
{
	struct json_iter it;
	struct json one;
	json_each(array, &it);
	if (json_count(array) == 0)
		return refuse(
		    c, array.at + array.len, "Empty arrays are not allowed");
	while (json_next(&it, NULL, &one))
		if (check_matcher(c, one) != 0)
			return -1;
	return 0;
}

static int
check_object(struct check *c, struct json object)
{
	struct json_iter it, list;
	struct json key, v, one;
	if (json_count(object) == 0)
		return refuse(
		    c, object.at + object.len, "Empty objects are not allowed");
	json_each(object, &it);
	while (json_next(&it, &key, &v)) {
		int status = 0;
		if (v.type == JSON_OBJECT) {
			status = check_object(c, v);
		} else if (v.type != JSON_ARRAY) {
			char *name = token_text(key);
			status = refuse(c, after_token(v),
			    "\"%s\" must be an object or an array", name);
			free(name);
		} else if (json_is(key, "$or") &&
			   json_at(v, 0).type == JSON_OBJECT) {
			json_each(v, &list);
			while (status == 0 && json_next(&list, NULL, &one))
				status = one.type == JSON_OBJECT
					     ? check_object(c, one)
					     : check_matcher(c, one);
		} else {
			status = check_matchers(c, v);
		}
		if (status != 0)
			return -1;
	}
	return 0;
}

int
pattern_check(const char *text, size_t len, struct buf *why)
{
	struct check c = {text, len, why};
	struct json v;
	struct err err = {0};
	if (json_scan(text, len, &v, &err) != 0) {
		buf_add_text(why, err.message);
		return -1;
	}
	if (v.type != JSON_OBJECT)
		return refuse(&c, after_token(v), "Filter is not an object");
	return check_object(&c, v);
}
