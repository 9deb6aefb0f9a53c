#include "auth.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "buf.h"
#include "canonical.h"
#include "digest.h"
#include "keys.h"
#include "mem.h"
#include "text.h"

#define SKEW_S 300
#define SKEW_S3_S 900
#define SLOTS 64

/* A derived key is good for a day, a region and a service. */
struct slot {
	const struct key *key;
	char date[9], region[AUTH_NAME], service[AUTH_NAME];
	struct digest_key *derived;
};

struct auth {
	struct keys *keys;
	struct slot slot[SLOTS];
	struct buf canonical, to_sign, value, names;
	bool calculated; /* canonical and to_sign are of the last check */
};

struct auth *
auth_new(struct keys *keys)
{
	struct auth *a = mem_alloc(sizeof(*a));
	a->keys = keys;
	return a;
}

void
auth_forget(struct auth *a)
{
	for (size_t i = 0; i < SLOTS; i++) {
		digest_key_free(a->slot[i].derived);
		a->slot[i] = (struct slot){0};
	}
}

void
auth_free(struct auth *a)
{
	if (a == NULL)
		return;
	auth_forget(a);
	buf_clear(&a->canonical);
	buf_clear(&a->to_sign);
	buf_clear(&a->value);
	buf_clear(&a->names);
	free(a);
}

const struct auth_header *
auth_header(const struct auth_request *q, const char *name)
{
	size_t len = strlen(name);
	for (size_t i = 0; i < q->headers; i++)
		if (q->header[i].name_len == len &&
		    strncasecmp(q->header[i].name, name, len) == 0)
			return &q->header[i];
	return NULL;
}

static int __attribute__((format(printf, 3, 4)))
refuse(struct auth_result *out, enum auth_error error, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	vsnprintf(out->message, sizeof(out->message), format, ap);
	va_end(ap);
	return (int)error;
}

/* "20150830T123600Z" as seconds; -1: it is not of that form. */
static int64_t
stamp_seconds(const char *stamp)
{
	struct tm tm = {0};
	const char *end = strptime(stamp, "%Y%m%dT%H%M%SZ", &tm);
	if (strlen(stamp) != 16 || end == NULL || *end != '\0')
		return -1;
	return timegm(&tm);
}

static void
stamp_of(int64_t s, char out[static 17])
{
	time_t t = s;
	struct tm tm;
	gmtime_r(&t, &tm);
	strftime(out, 17, "%Y%m%dT%H%M%SZ", &tm);
}

static bool
copy(char *to, size_t size, const char *from, size_t len)
{
	if (len >= size || memchr(from, '\0', len) != NULL)
		return false;
	memcpy(to, from, len);
	to[len] = '\0';
	return true;
}

/* AKID/20150830/us-east-1/service/aws4_request; a key id has no '/'. */
static bool
read_credential(struct auth_result *out, const char *at, size_t len)
{
	const char *part[5];
	size_t size[5], n = 0;
	const char *end = at + len;
	for (; n < 5; n++) {
		const char *stop = memchr(at, '/', (size_t)(end - at));
		part[n] = at;
		size[n] = (size_t)((stop == NULL ? end : stop) - at);
		if (stop == NULL)
			break;
		at = stop + 1;
	}
	return n == 4 &&
	       copy(out->key_id, sizeof(out->key_id), part[0], size[0]) &&
	       copy(out->date, sizeof(out->date), part[1], size[1]) &&
	       copy(out->region, sizeof(out->region), part[2], size[2]) &&
	       copy(out->service, sizeof(out->service), part[3], size[3]) &&
	       size[4] == 12 && memcmp(part[4], "aws4_request", 12) == 0;
}

void
auth_service(const struct auth_request *q, char service[static AUTH_NAME])
{
	const struct auth_header *h = auth_header(q, "authorization");
	const char *at = h == NULL ? NULL : strstr(h->value, "Credential=");
	bool query = at == NULL;
	if (query)
		at = strstr(q->target, "X-Amz-Credential=");
	service[0] = '\0';
	/* The fourth of five parts; in a query "%2F" stands between them. */
	for (int i = 0; i < 3 && at != NULL; i++) {
		const char *slash = strchr(at, '/');
		const char *coded = query ? strcasestr(at, "%2f") : NULL;
		at = coded != NULL && (slash == NULL || coded < slash)
			 ? coded + 3
		     : slash == NULL ? NULL
				     : slash + 1;
	}
	size_t len = at == NULL ? 0 : strcspn(at, "/%&,");
	if (len > 0 && !copy(service, AUTH_NAME, at, len))
		service[0] = '\0';
}

/* "Name=value" among the comma-separated parts of an Authorization. */
static const char *
part(const char *text, const char *name, size_t *len)
{
	size_t n = strlen(name);
	while (*text != '\0') {
		text += strspn(text, " ,");
		size_t whole = strcspn(text, ",");
		if (whole > n && memcmp(text, name, n) == 0) {
			*len = whole - n;
			while (*len > 0 && text[n + *len - 1] == ' ')
				(*len)--;
			return text + n;
		}
		text += whole;
	}
	return NULL;
}

static int
read_header(const struct auth_request *q, const char *authorization,
    struct auth_result *out)
{
	const struct auth_header *date = auth_header(q, "x-amz-date");
	if (date == NULL)
		date = auth_header(q, "date");
	const char *rest = strncmp(authorization, "AWS4-HMAC-SHA256", 16) == 0
			       ? authorization + 16
			       : "";
	size_t credential_len = 0, signed_len = 0, signature_len = 0;
	const char *credential = part(rest, "Credential=", &credential_len);
	const char *names = part(rest, "SignedHeaders=", &signed_len);
	const char *signature = part(rest, "Signature=", &signature_len);
	if (credential == NULL || names == NULL || signature == NULL ||
	    date == NULL)
		return refuse(out, AUTH_INCOMPLETE, "%s%s%s%sAuthorization=%s",
		    credential == NULL
			? "Authorization header requires 'Credential' "
			  "parameter. "
			: "",
		    signature == NULL
			? "Authorization header requires 'Signature' "
			  "parameter. "
			: "",
		    names == NULL
			? "Authorization header requires 'SignedHeaders' "
			  "parameter. "
			: "",
		    date == NULL
			? "Authorization header requires existence of either "
			  "a 'X-Amz-Date' or a 'Date' header. "
			: "",
		    authorization);
	if (!read_credential(out, credential, credential_len))
		return refuse(out, AUTH_CREDENTIAL,
		    "Credential must have exactly 5 slash-delimited elements, "
		    "e.g. keyid/date/region/service/term, got '%.*s'",
		    (int)credential_len, credential);
	if (!copy(
		out->stamp, sizeof(out->stamp), date->value, date->value_len) ||
	    (out->at_s = stamp_seconds(out->stamp)) < 0)
		return refuse(out, AUTH_INCOMPLETE,
		    "Date must be in ISO-8601 'basic format'. Got '%.64s'. "
		    "See http://en.wikipedia.org/wiki/ISO_8601",
		    date->value);
	if (!copy(out->signature, sizeof(out->signature), signature,
		signature_len))
		out->signature[0] = '\0';
	out->signed_headers = names;
	out->signed_len = signed_len;
	return 0;
}

/* The query form carries the same in X-Amz- parameters. */
static int
read_query(
    struct auth *a, const struct auth_request *q, struct auth_result *out)
{
	static const char *const name[] = {"X-Amz-Credential", "X-Amz-Date",
	    "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature"};
	char value[5][512];
	out->presigned = true;
	for (size_t i = 0; i < 5; i++)
		if (!canonical_parameter(q->target, name[i], &a->value) ||
		    !copy(value[i], sizeof(value[i]), buf_text(&a->value),
			a->value.len))
			return refuse(out, AUTH_INCOMPLETE,
			    "AWS query-string parameters must include '%s'.",
			    name[i]);
	if (!read_credential(out, value[0], strlen(value[0])))
		return refuse(out, AUTH_CREDENTIAL,
		    "Credential must have exactly 5 slash-delimited elements, "
		    "e.g. keyid/date/region/service/term, got '%s'",
		    value[0]);
	if (!copy(out->stamp, sizeof(out->stamp), value[1], strlen(value[1])) ||
	    (out->at_s = stamp_seconds(out->stamp)) < 0)
		return refuse(out, AUTH_INCOMPLETE,
		    "X-Amz-Date must be in ISO-8601 'basic format'. Got '%s'. "
		    "See http://en.wikipedia.org/wiki/ISO_8601",
		    value[1]);
	if (text_integer(value[2], 0, 604800, &out->expires_s) < 0)
		return refuse(out, AUTH_INCOMPLETE,
		    "X-Amz-Expires must be between 0 and 604800 seconds");
	if (!copy(out->signature, sizeof(out->signature), value[4],
		strlen(value[4])))
		out->signature[0] = '\0';
	if (!canonical_parameter(q->target, name[3], &a->names))
		buf_reset(&a->names);
	out->signed_headers = buf_text(&a->names);
	out->signed_len = a->names.len;
	return 0;
}

static int
check_age(int64_t now_ms, struct auth_result *out)
{
	char now[17], edge[17];
	int64_t now_s = now_ms / 1000;
	int64_t skew = strcmp(out->service, "s3") == 0 ? SKEW_S3_S : SKEW_S;
	int64_t late = out->presigned ? out->expires_s : skew;
	stamp_of(now_s, now);
	if (strncmp(out->stamp, out->date, 8) != 0)
		return refuse(out, AUTH_MISMATCH,
		    "Date in Credential scope does not match YYYYMMDD from "
		    "ISO-8601 version of date from HTTP: '%s' != '%.8s', from "
		    "'%s'.",
		    out->date, out->stamp, out->stamp);
	if (out->at_s < now_s - late) {
		stamp_of(now_s - late, edge);
		return refuse(out, out->presigned ? AUTH_EXPIRED : AUTH_SKEWED,
		    "Signature expired: %s is now earlier than %s (%s - %d "
		    "min.)",
		    out->stamp, edge, now, (int)(late / 60));
	}
	if (out->at_s > now_s + skew) {
		stamp_of(now_s + skew, edge);
		return refuse(out, AUTH_SKEWED,
		    "Signature not yet current: %s is still later than %s (%s "
		    "+ %d min.)",
		    out->stamp, edge, now, (int)(skew / 60));
	}
	return 0;
}

static int
check_token(struct auth *a, const struct auth_request *q, int64_t now_ms,
    struct auth_result *out)
{
	const struct auth_header *h =
	    out->presigned ? NULL : auth_header(q, "x-amz-security-token");
	const char *token = h == NULL ? NULL : h->value;
	if (out->presigned &&
	    canonical_parameter(q->target, "X-Amz-Security-Token", &a->value))
		token = buf_text(&a->value);
	const char *want = out->key->token;
	if ((want == NULL) != (token == NULL) ||
	    (want != NULL && strcmp(want, token) != 0))
		return refuse(out, AUTH_WRONG_TOKEN,
		    "The security token included in the request is invalid.");
	if (want != NULL && out->key->expires_ms <= now_ms)
		return refuse(out, AUTH_EXPIRED_TOKEN,
		    "The security token included in the request is expired");
	return 0;
}

static int
check_key(struct auth *a, const struct auth_request *q, int64_t now_ms,
    struct auth_result *out)
{
	out->key = keys_find(a->keys, out->key_id);
	if (out->key == NULL)
		return refuse(out, AUTH_UNKNOWN_KEY,
		    "The security token included in the request is invalid.");
	return check_token(a, q, now_ms, out);
}

/* AWS4SECRET, date, region, service, aws4_request: one after the other. */
struct digest_key *
auth_derived(const struct auth_result *who)
{
	uint8_t k[DIGEST_SHA256];
	struct buf secret = {0};
	buf_addf(&secret, "AWS4%s", who->key->secret);
	digest_hmac(secret.data, secret.len, who->date, 8, k);
	digest_wipe(secret.data, secret.len);
	buf_clear(&secret);
	digest_hmac(k, sizeof(k), who->region, strlen(who->region), k);
	digest_hmac(k, sizeof(k), who->service, strlen(who->service), k);
	digest_hmac(k, sizeof(k), "aws4_request", 12, k);
	struct digest_key *derived = digest_key_new(k, sizeof(k));
	digest_wipe(k, sizeof(k));
	return derived;
}

static struct digest_key *
derive(struct auth *a, const struct auth_result *out)
{
	size_t h = (size_t)((uintptr_t)out->key >> 4);
	for (const char *p = out->date; *p != '\0'; p++)
		h = h * 33 + (unsigned char)*p;
	for (const char *p = out->region; *p != '\0'; p++)
		h = h * 33 + (unsigned char)*p;
	for (const char *p = out->service; *p != '\0'; p++)
		h = h * 33 + (unsigned char)*p;
	struct slot *slot = &a->slot[h % SLOTS];
	if (slot->key == out->key && strcmp(slot->date, out->date) == 0 &&
	    strcmp(slot->region, out->region) == 0 &&
	    strcmp(slot->service, out->service) == 0)
		return slot->derived;
	digest_key_free(slot->derived);
	slot->key = out->key;
	memcpy(slot->date, out->date, sizeof(slot->date));
	memcpy(slot->region, out->region, sizeof(slot->region));
	memcpy(slot->service, out->service, sizeof(slot->service));
	slot->derived = auth_derived(out);
	return slot->derived;
}

/* What the body is signed as: only S3 lets the client say so. */
static void
body_hash(const struct auth_request *q, const struct auth_result *out,
    char hex[static 2 * DIGEST_SHA256 + 1], const char **as)
{
	const struct auth_header *said = auth_header(q, "x-amz-content-sha256");
	*as = hex;
	if (strcmp(out->service, "s3") == 0 && said != NULL)
		*as = said->value;
	else if (strcmp(out->service, "s3") == 0 && out->presigned)
		*as = "UNSIGNED-PAYLOAD";
	else
		digest_sha256_hex(q->body, q->body_len, hex);
}

static int
check_signature(
    struct auth *a, const struct auth_request *q, struct auth_result *out)
{
	char hex[2 * DIGEST_SHA256 + 1];
	const char *payload;
	body_hash(q, out, hex, &payload);
	buf_reset(&a->canonical);
	struct canonical_list list = {out->signed_headers, out->signed_len};
	canonical_request(q, list, out->presigned,
	    strcmp(out->service, "s3") != 0, payload, &a->canonical);
	digest_sha256_hex(buf_text(&a->canonical), a->canonical.len, hex);
	buf_reset(&a->to_sign);
	const char *const part[] = {"AWS4-HMAC-SHA256\n", out->stamp, "\n",
	    out->date, "/", out->region, "/", out->service, "/aws4_request\n",
	    hex};
	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++)
		buf_add_text(&a->to_sign, part[i]);
	uint8_t mac[DIGEST_SHA256];
	digest_key_mac(derive(a, out), a->to_sign.data, a->to_sign.len, mac);
	buf_reset(&a->value);
	text_hex(mac, sizeof(mac), &a->value);
	if (strlen(out->signature) == a->value.len &&
	    digest_equal(out->signature, a->value.data, a->value.len))
		return 0;
	a->calculated = true;
	return refuse(out, AUTH_MISMATCH,
	    "The request signature we calculated does not match the signature "
	    "you provided. Check your AWS Secret Access Key and signing "
	    "method. Consult the service documentation for details.\n\nThe "
	    "Canonical String for this request should have been\n'%s'\n\nThe "
	    "String-to-Sign should have been\n'%s'\n",
	    buf_text(&a->canonical), buf_text(&a->to_sign));
}

bool
auth_signed(const struct auth_result *who, const char *name)
{
	struct canonical_list list = {who->signed_headers, who->signed_len};
	return canonical_list_has(list, name);
}

bool
auth_calculated(
    const struct auth *a, const char **canonical, const char **to_sign)
{
	*canonical = buf_text(&a->canonical);
	*to_sign = buf_text(&a->to_sign);
	return a->calculated;
}

int
auth_check(struct auth *a, const struct auth_request *q, int64_t now_ms,
    struct auth_result *out)
{
	*out = (struct auth_result){0};
	a->calculated = false;
	const struct auth_header *h = auth_header(q, "authorization");
	int error;
	if (h != NULL)
		error = read_header(q, h->value, out);
	else if (canonical_parameter(q->target, "X-Amz-Algorithm", &a->value))
		error = read_query(a, q, out);
	else
		return refuse(out, AUTH_MISSING,
		    "Request is missing Authentication Token");
	if (error == 0 && !auth_signed(out, "host"))
		error = refuse(out, AUTH_MISMATCH,
		    "'Host' or ':authority' must be a 'SignedHeader' in the "
		    "AWS Authorization.");
	if (error == 0)
		error = check_age(now_ms, out);
	if (error == 0)
		error = check_key(a, q, now_ms, out);
	return error != 0 ? error : check_signature(a, q, out);
}
