/*
 * Parameters as botocore's model describes them, and the texts in which AWS
 * says that one is wrong.
 */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "digest.h"
#include "kinesis.h"
#include "text.h"

/* "StreamName" is streamName in messages. */
static const char *
member(struct request *r, const char *name)
{
	char *text = request_copy(r, name, strlen(name));
	text[0] = (char)tolower((unsigned char)text[0]);
	return text;
}

int
kinesis_constraint(struct request *r, const char *at, const char *value,
    const char *constraint)
{
	const char *quote = value == NULL ? "" : "'";
	return fail(r, 400, "ValidationException",
	    "1 validation error detected: Value %s%s%s at '%s' failed to "
	    "satisfy constraint: %s",
	    quote, value == NULL ? "null" : value, quote, at, constraint);
}

int
kinesis_required(struct request *r, const char *name)
{
	return kinesis_constraint(
	    r, member(r, name), NULL, "Member must not be null");
}

int
kinesis_dry_run(struct request *r)
{
	return fail(r, 400, "DryRunOperationException",
	    "The request would have succeeded: DryRun is set.");
}

static const struct {
	const char *characters, *pattern;
} forms[] = {
    [KINESIS_NAME] = {"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		      "0123456789_.-",
	"[a-zA-Z0-9_.-]+"},
    [KINESIS_NUMBER] = {"0123456789", "0|([1-9]\\d{0,38})"},
    [KINESIS_SEQUENCE_NUMBER] = {"0123456789", "0|([1-9]\\d{0,128})"},
};

static bool
formed(enum kinesis_form form, const char *text, size_t len)
{
	size_t most = form == KINESIS_NUMBER            ? 39
		      : form == KINESIS_SEQUENCE_NUMBER ? 129
							: len;
	if (form == KINESIS_TEXT)
		return true;
	if (len == 0 || len > most ||
	    strspn(text, forms[form].characters) != len)
		return false;
	return form == KINESIS_NAME || text[0] != '0' || len == 1;
}

static size_t
characters(const char *text, size_t len)
{
	size_t n = 0;
	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80;
	return n;
}

static bool
is_among(const char *list, const char *text)
{
	size_t n = strlen(text);
	for (const char *at = list; *at != '\0'; at += strspn(at, ", ")) {
		size_t word = strcspn(at, ",");
		if (word == n && memcmp(at, text, n) == 0)
			return true;
		at += word;
	}
	return false;
}

const char *
kinesis_text(struct request *r, const struct kinesis_rule *rule, bool *bad)
{
	struct json v = param_json(r, rule->name);
	size_t len = 0;
	const char *what = NULL;
	*bad = false;
	if (v.type == JSON_NONE || v.type == JSON_NULL) {
		*bad = rule->required;
		if (*bad)
			kinesis_required(r, rule->name);
		return NULL;
	}
	*bad = true;
	if (v.type != JSON_STRING) {
		fail(r, 400, "SerializationException",
		    "%s can not be converted to an String",
		    v.type == JSON_NUMBER ? "A number" : "What is no string");
		return NULL;
	}
	const char *text = param_text(r, v, &len);
	size_t n = characters(text, len);
	if (rule->form != KINESIS_TEXT && !formed(rule->form, text, len))
		what = request_format(r,
		    "Member must satisfy regular expression pattern: %s",
		    forms[rule->form].pattern);
	else if (n < rule->least)
		what = request_format(r,
		    "Member must have length greater than or equal to %zu",
		    rule->least);
	else if (rule->most != 0 && n > rule->most)
		what = request_format(r,
		    "Member must have length less than or equal to %zu",
		    rule->most);
	else if (rule->among != NULL && !is_among(rule->among, text))
		what = request_format(
		    r, "Member must satisfy enum value set: [%s]", rule->among);
	if (what != NULL) {
		kinesis_constraint(r, member(r, rule->name), text, what);
		return NULL;
	}
	*bad = false;
	return text;
}

int64_t
kinesis_integer(struct request *r, const char *name, int64_t low, int64_t high,
    int64_t otherwise, bool *bad)
{
	struct json v = param_json(r, name);
	int64_t n;
	*bad = false;
	if (v.type == JSON_NONE || v.type == JSON_NULL)
		return otherwise;
	*bad = true;
	if (v.type != JSON_NUMBER || json_integer(v, &n) < 0) {
		fail(r, 400, "SerializationException",
		    "%.*s can not be converted to an Integer", (int)v.len,
		    v.at);
		return 0;
	}
	*bad = n < low || n > high;
	if (*bad)
		kinesis_constraint(r, member(r, name),
		    request_format(r, "%.*s", (int)v.len, v.at),
		    request_format(r,
			n < low ? "Member must have value greater than or "
				  "equal to %lld"
				: "Member must have value less than or equal "
				  "to %lld",
			(long long)(n < low ? low : high)));
	return n;
}

int64_t
kinesis_time(struct request *r, struct json object, const char *name, bool *bad)
{
	struct json v = json_get(object, name);
	double s;
	*bad = false;
	if (v.type == JSON_NONE || v.type == JSON_NULL)
		return -1;
	*bad = v.type != JSON_NUMBER || json_double(v, &s) < 0 || s < 0 ||
	       s > 1e11;
	if (!*bad)
		return llround(s * 1000);
	fail(r, 400, "SerializationException",
	    "%.*s can not be converted to milliseconds since epoch", (int)v.len,
	    v.at);
	return -1;
}

/* As AWS's begin: eight bytes that say 1. */
static const char token_version[8] = "\0\0\0\0\0\0\0\1";
#define CHECK 8

static void
check_of(const void *bytes, size_t len, uint8_t out[static DIGEST_SHA256])
{
	digest_hmac("kinesis", 7, bytes, len, out);
}

void
kinesis_token(const void *bytes, size_t len, struct buf *out)
{
	uint8_t check[DIGEST_SHA256];
	struct buf raw = {0};
	check_of(bytes, len, check);
	buf_add(&raw, token_version, sizeof(token_version));
	buf_add(&raw, check, CHECK);
	buf_add(&raw, bytes, len);
	text_base64(raw.data, raw.len, out);
	buf_clear(&raw);
}

int
kinesis_untoken(const char *token, struct buf *out)
{
	uint8_t check[DIGEST_SHA256];
	const size_t head = sizeof(token_version) + CHECK;
	buf_reset(out);
	if (text_unbase64(token, strlen(token), out) < 0 || out->len <= head ||
	    memcmp(out->data, token_version, sizeof(token_version)) != 0)
		return -1;
	check_of(out->data + head, out->len - head, check);
	if (memcmp(out->data + sizeof(token_version), check, CHECK) != 0)
		return -1;
	buf_consume(out, head);
	return 0;
}
