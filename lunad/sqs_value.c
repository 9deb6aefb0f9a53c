/*
 * SQS message attributes: read, checked, digested and chosen.
 *
 * Source: Amazon SQS Developer Guide, "Amazon SQS message metadata".
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sqs_private.h"
#include "text.h"

#define NAME_MAX_BYTES 256

int
sqs_characters(const char *text, size_t len, char bad[static 16])
{
	const unsigned char *s = (const unsigned char *)text;

	for (size_t i = 0; i < len; i++) {
		if (s[i] < 0x20 && s[i] != '\t' && s[i] != '\n' &&
		    s[i] != '\r') {
			snprintf(bad, 16, "#x%X", s[i]);
			return -1;
		}
		/* U+FFFE and U+FFFF; the text is UTF-8 already */
		if (s[i] == 0xef && i + 2 < len && s[i + 1] == 0xbf &&
		    s[i + 2] >= 0xbe) {
			snprintf(
			    bad, 16, "#xFFF%c", s[i + 2] == 0xbe ? 'E' : 'F');
			return -1;
		}
	}
	return 0;
}

static bool
name_valid(const char *name, size_t len)
{
	if (len < 1 || len > NAME_MAX_BYTES || name[0] == '.' ||
	    name[len - 1] == '.' || strstr(name, "..") ||
	    strncasecmp(name, "aws.", 4) == 0 ||
	    strncasecmp(name, "amazon.", 7) == 0)
		return false;
	for (const unsigned char *s = (const unsigned char *)name; *s; s++) {
		/* Letters of other alphabets pass, Latin-1 signs do not. */
		if (*s >= 0x80 && !(*s == 0xc2 && s[1] < 0xc0))
			continue;
		if (!isalnum(*s) && !strchr("_-.", *s))
			return false;
	}
	return true;
}

static bool
type_is(const struct sqs_value *v, const char *base)
{
	size_t len = strlen(base);

	return strncmp(v->type, base, len) == 0 &&
	       (v->type[len] == '\0' || v->type[len] == '.');
}

static bool
is_number(const char *text)
{
	char *end;

	if (!isdigit((unsigned char)*text) && !strchr("+-.", *text))
		return false;
	strtod(text, &end);
	return *end == '\0' && !strpbrk(text, "xXnN");
}

static const char *
kind(bool system)
{
	return system ? "system" : "user";
}

static int
check_text(const struct sqs_value *v, bool system, struct sqs_refusal *why)
{
	char bad[16];

	if (v->value_len == 0)
		return sqs_refuse(why, 400, "InvalidParameterValueException",
		    "Message (%s) attribute '%s' must contain a non-empty "
		    "value of type '%s'.",
		    kind(system), v->name, v->binary ? "Binary" : "String");
	if (v->binary)
		return 0;
	if (sqs_characters(v->value, v->value_len, bad) != 0)
		return sqs_refuse(why, 400, "InvalidParameterValueException",
		    "Invalid binary character '%s' was found in the message "
		    "(%s) attribute '%s' value, the set of allowed characters "
		    "is #x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | "
		    "[#x10000-#x10FFFF].",
		    bad, kind(system), v->name);
	if (type_is(v, "Number") && !is_number(v->value))
		return sqs_refuse(why, 400, "InvalidParameterValueException",
		    "Can't cast the value of message (%s) attribute '%s' to a "
		    "number.",
		    kind(system), v->name);
	return 0;
}

static int
read_binary(struct request *r, struct json v, struct sqs_value *to)
{
	struct buf bytes = {0};
	size_t len;
	const char *text = sqs_text(r, v, &len);
	char *copy;

	if (!text || text_unbase64(text, len, &bytes) != 0) {
		buf_clear(&bytes);
		return -1;
	}
	copy = request_alloc(r, bytes.len + 1);
	memcpy(copy, buf_text(&bytes), bytes.len);
	to->value = copy;
	to->value_len = bytes.len;
	buf_clear(&bytes);
	return 0;
}

static int
read_value(struct request *r, struct json v, bool system, struct sqs_value *to,
    struct sqs_refusal *why)
{
	struct json type, string, binary, strings, binaries;
	const struct sqs_field fields[] = {{"DataType", &type},
	    {"StringValue", &string}, {"BinaryValue", &binary},
	    {"StringListValues", &strings}, {"BinaryListValues", &binaries},
	    {0}};

	sqs_fields(v, fields);
	to->type = sqs_text(r, type, &to->type_len);
	if (!to->type || to->type_len == 0)
		return sqs_refuse(why, 400, "InvalidParameterValueException",
		    "The message (%s) attribute '%s' must contain a "
		    "non-empty message attribute type.",
		    kind(system), to->name);
	if (to->type_len > NAME_MAX_BYTES ||
	    (!type_is(to, "String") && !type_is(to, "Number") &&
		!type_is(to, "Binary")) ||
	    (system && strcmp(to->type, "String") != 0))
		return sqs_refuse(why, 400, "InvalidParameterValueException",
		    "The type of message (%s) attribute '%s' is invalid. You "
		    "must use only the following supported type prefixes: "
		    "Binary, Number, String.",
		    kind(system), to->name);
	if (json_count(strings) > 0 || json_count(binaries) > 0)
		return sqs_refuse(why, 400, "UnsupportedOperation",
		    "Message attribute list values in SendMessage operation "
		    "are not supported.");
	to->binary = type_is(to, "Binary");
	if (to->binary ? read_binary(r, binary, to) != 0
		       : !(to->value = sqs_text(r, string, &to->value_len))) {
		to->value = "";
		to->value_len = 0;
	}
	return check_text(to, system, why);
}

static int
by_name(const void *a, const void *b)
{
	const struct sqs_value *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int
check_name(const struct sqs_value *v, bool system, struct sqs_refusal *why)
{
	if (system && strcmp(v->name, "AWSTraceHeader") != 0)
		return sqs_refuse(why, 400, "InvalidParameterValueException",
		    "Message system attribute name '%s' is invalid.", v->name);
	if (!name_valid(v->name, v->name_len))
		return sqs_refuse(why, 400, "InvalidParameterValueException",
		    "Message (user) attribute name '%s' is invalid: it can "
		    "contain A-Z, a-z, 0-9, underscore (_), hyphen (-), and "
		    "period (.) characters, and begins with neither a period "
		    "nor 'AWS.' nor 'Amazon.'.",
		    v->name);
	return 0;
}

int
sqs_values_read(struct request *r, struct json object, bool system,
    struct sqs_values *out, struct sqs_refusal *why)
{
	struct json_iter it;
	struct json key, value;
	struct sqs_value *v;

	out->count = out->bytes = 0;
	if (object.type != JSON_OBJECT)
		return 0;
	if (json_count(object) > SQS_BATCH)
		return sqs_refuse(why, 400, "InvalidParameterValueException",
		    "Number of message attributes [%zu] exceeds the allowed "
		    "maximum [%d].",
		    json_count(object), SQS_BATCH);
	json_each(object, &it);
	while (json_next(&it, &key, &value)) {
		v = &out->at[out->count];
		*v = (struct sqs_value){0};
		v->name = param_text(r, key, &v->name_len);
		if (check_name(v, system, why) != 0 ||
		    read_value(r, value, system, v, why) != 0)
			return -1;
		out->count++;
		out->bytes += v->name_len + v->type_len + v->value_len;
	}
	qsort(out->at, out->count, sizeof out->at[0], by_name);
	return 0;
}

static void
add_sized(struct buf *b, const char *bytes, size_t len)
{
	const unsigned char size[4] = {(unsigned char)(len >> 24),
	    (unsigned char)(len >> 16), (unsigned char)(len >> 8),
	    (unsigned char)len};

	buf_add(b, size, sizeof size);
	buf_add(b, bytes, len);
}

void
sqs_values_md5(const struct sqs_values *v, char hex[static 2 * DIGEST_MD5 + 1])
{
	struct buf b = {0};

	for (size_t i = 0; i < v->count; i++) {
		add_sized(&b, v->at[i].name, v->at[i].name_len);
		add_sized(&b, v->at[i].type, v->at[i].type_len);
		buf_add_char(&b, v->at[i].binary ? 2 : 1);
		add_sized(&b, v->at[i].value, v->at[i].value_len);
	}
	digest_md5_hex(buf_text(&b), b.len, hex);
	buf_clear(&b);
}

void
sqs_values_json(const struct sqs_values *v, struct buf *out)
{
	put_open(out, NULL, '{');
	for (size_t i = 0; i < v->count; i++) {
		const struct sqs_value *at = &v->at[i];
		struct buf text = {0};

		put_open(out, at->name, '{');
		if (at->binary) {
			text_base64(at->value, at->value_len, &text);
			put_text(out, "BinaryValue", buf_text(&text));
		} else {
			put_textn(out, "StringValue", at->value, at->value_len);
		}
		put_text(out, "DataType", at->type);
		put_close(out, '}');
		buf_clear(&text);
	}
	put_close(out, '}');
}

/* "All", ".*", "*", a name, or a prefix "name.*". */
static bool
selects(const char *pattern, const char *name)
{
	size_t len = strlen(pattern);

	if (strcmp(pattern, "All") == 0 || strcmp(pattern, "*") == 0)
		return true;
	if (len >= 2 && strcmp(pattern + len - 2, ".*") == 0)
		return strncmp(pattern, name, len - 2) == 0;
	return strcmp(pattern, name) == 0;
}

void
sqs_values_select(struct request *r, struct sqs_values *v, struct json names)
{
	size_t kept = 0;

	for (size_t i = 0; i < v->count; i++) {
		struct json_iter it;
		struct json name;
		bool wanted = false;

		json_each(names, &it);
		while (!wanted && json_next(&it, NULL, &name)) {
			const char *text = sqs_text(r, name, NULL);

			wanted = text && selects(text, v->at[i].name);
		}
		if (wanted)
			v->at[kept++] = v->at[i];
	}
	v->count = kept;
}
