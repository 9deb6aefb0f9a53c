/*
 * Services that speak HTTP themselves, between the server and raw.h.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "core.h"
#include "raw.h"
#include "text.h"
#include "xml.h"

static struct call *
call_of(const struct request *r)
{
	return (struct call *)(uintptr_t)r;
}

const char *
raw_method(const struct request *r)
{
	return call_of(r)->as.method;
}

const char *
raw_target(const struct request *r)
{
	return call_of(r)->as.target;
}

const char *
raw_header(const struct request *r, const char *name)
{
	const struct auth_header *h = call_asked(call_of(r), name);
	return h == NULL ? NULL : h->value;
}

bool
raw_header_at(
    const struct request *r, size_t i, const char **name, const char **value)
{
	const struct auth_request *q = &call_of(r)->as;
	if (i >= q->headers)
		return false;
	*name = q->header[i].name;
	*value = q->header[i].value;
	return true;
}

int64_t
raw_length(const struct request *r)
{
	const char *text = raw_header(r, "x-amz-decoded-content-length");
	int64_t len;
	if (text == NULL)
		text = raw_header(r, "content-length");
	return text == NULL || text_integer(text, 0, INT64_MAX, &len) < 0 ? -1
									  : len;
}

const char *
raw_body(const struct request *r, size_t *len)
{
	*len = call_of(r)->body.len;
	return buf_text(&call_of(r)->body);
}

bool
raw_presigned(const struct request *r)
{
	return call_of(r)->signer.presigned;
}

void
raw_answer(struct request *r, const char *name, const char *value)
{
	call_header(call_of(r), name, value);
}

void
source_close(struct source *s)
{
	if (s->fd >= 0)
		close(s->fd);
	if (s->done != NULL)
		s->done(s->user);
	*s = (struct source){.fd = -1};
}

void
raw_send_file(struct request *r, int fd, uint64_t offset, uint64_t len)
{
	struct source *s = &call_of(r)->source;
	source_close(s);
	*s = (struct source){.fd = fd, .offset = offset, .len = len};
}

void
raw_send(struct request *r, uint64_t offset, uint64_t len,
    ssize_t (*read)(void *user, uint64_t pos, char *to, size_t max),
    void (*done)(void *user), void *user)
{
	struct source *s = &call_of(r)->source;
	source_close(s);
	*s = (struct source){.read = read,
	    .done = done,
	    .user = user,
	    .fd = -1,
	    .offset = offset,
	    .len = len};
}

/* The service that the request is signed for or, when it is signed for none,
 * that wants it. */
static const struct api *
find(struct call *c)
{
	char service[AUTH_NAME];
	auth_service(&c->as, service);
	for (size_t i = 0; lunad_apis[i] != NULL; i++) {
		const struct api *api = lunad_apis[i];
		if (api->raw == NULL)
			continue;
		if (service[0] == '\0' ? api->raw->wants(&c->r)
				       : strcmp(service, api->name) == 0)
			return api;
	}
	return NULL;
}

const struct operation *
raw_route(struct call *c)
{
	return c->r.api->raw->route(&c->r);
}

bool
raw_head(struct lunad *l, struct call *c)
{
	const struct api *api = find(c);
	if (api == NULL)
		return false;
	c->protocol = PROTOCOL_RAW;
	c->headed = true;
	c->r.api = api;
	c->r.now_ms = lunad_now(l);
	c->body.max = api->raw->collect_max;
	if (dispatch_arrive(l, c) == 0 && c->op->begin != NULL)
		c->op->begin(&c->r);
	return true;
}

void
raw_take(struct call *c, const char *bytes, size_t len)
{
	if (c->r.error_status == 0)
		payload_add(c, bytes, len);
}

int
raw_end(struct call *c)
{
	if (c->r.error_status != 0)
		return -1;
	return c->payload == NULL ? 0 : payload_end(c);
}

void
raw_clear(struct call *c)
{
	if (c->headed && c->r.api->raw->end != NULL)
		c->r.api->raw->end(&c->r);
	payload_free(c->payload);
	c->payload = NULL;
	source_close(&c->source);
}

static void
add_element(struct call *c, const char *name, const char *text)
{
	struct buf *out = &c->r.error_more;
	buf_addf(out, "<%s>", name);
	xml_escape(text, strlen(text), out);
	buf_addf(out, "</%s>", name);
}

static void
add_bytes(struct call *c, const char *name, const char *text)
{
	struct buf *out = &c->r.error_more;
	buf_addf(out, "<%s>", name);
	for (const char *p = text; *p != '\0'; p++)
		buf_addf(
		    out, "%s%02x", p == text ? "" : " ", (unsigned char)*p);
	buf_addf(out, "</%s>", name);
}

static int
refuse_mismatch(struct lunad *l, struct call *c)
{
	const char *canonical, *to_sign;
	if (!auth_calculated(l->auth, &canonical, &to_sign))
		return fail(&c->r, 403, "SignatureDoesNotMatch", "%s",
		    c->signer.message);
	add_element(c, "AWSAccessKeyId", c->signer.key_id);
	add_element(c, "StringToSign", to_sign);
	add_element(c, "SignatureProvided", c->signer.signature);
	add_bytes(c, "StringToSignBytes", to_sign);
	add_element(c, "CanonicalRequest", canonical);
	add_bytes(c, "CanonicalRequestBytes", canonical);
	return fail(&c->r, 403, "SignatureDoesNotMatch",
	    "The request signature we calculated does not match the signature "
	    "you provided. Check your key and signing method.");
}

static void
add_time(struct call *c, const char *name, int64_t s)
{
	char iso[TEXT_ISO];
	text_iso(s * 1000, iso);
	memcpy(iso + 19, "Z", 2);
	add_element(c, name, iso);
}

static int
refuse_incomplete(struct call *c, bool credential)
{
	if (!c->signer.presigned)
		return fail(&c->r, 400, "AuthorizationHeaderMalformed",
		    "The authorization header is malformed; %s",
		    c->signer.message);
	return fail(&c->r, 400, "AuthorizationQueryParametersError", "%s",
	    credential ? "Error parsing the X-Amz-Credential parameter; the "
			 "Credential is mal-formed; expecting "
			 "\"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\"."
		       : "Query-string authentication version 4 requires the "
			 "X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "
			 "X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires "
			 "parameters.");
}

static int
refuse_time(struct call *c, bool expired)
{
	const struct auth_result *who = &c->signer;
	int64_t now_s = (text_now() + c->mischief.skew_ms) / 1000;
	if (expired) {
		add_element(c, "X-Amz-Expires",
		    request_format(&c->r, "%lld", (long long)who->expires_s));
		add_time(c, "Expires", who->at_s + who->expires_s);
		add_time(c, "ServerTime", now_s);
		return fail(&c->r, 403, "AccessDenied", "Request has expired");
	}
	add_element(c, "RequestTime", who->stamp);
	add_time(c, "ServerTime", now_s);
	add_element(c, "MaxAllowedSkewMilliseconds", "900000");
	return fail(&c->r, 403, "RequestTimeTooSkewed",
	    "The difference between the request time and the current time is "
	    "too large.");
}

/* The version before 4, whose HMAC-SHA1 S3 takes no more. */
static bool
is_version_2(const struct call *c)
{
	const char *header = raw_header(&c->r, "authorization");
	return header != NULL ? strncmp(header, "AWS ", 4) == 0
			      : strstr(c->as.target, "AWSAccessKeyId=") != NULL;
}

int
raw_admit(struct lunad *l, struct call *c)
{
	struct buf names = {0};
	const char *name, *value;
	if (!c->signer.presigned &&
	    strstr(c->as.target, "X-Amz-Algorithm=") != NULL)
		return fail(&c->r, 400, "InvalidArgument",
		    "Only one auth mechanism allowed; only the X-Amz-Algorithm "
		    "query parameter, Signature query string parameter or the "
		    "Authorization header should be specified");
	for (size_t i = 0; raw_header_at(&c->r, i, &name, &value); i++)
		if (strncasecmp(name, "x-amz-", 6) == 0 &&
		    strcasecmp(name, "x-amz-content-sha256") != 0 &&
		    !auth_signed(&c->signer, name))
			buf_addf(
			    &names, "%s%s", names.len > 0 ? ", " : "", name);
	if (names.len == 0)
		return payload_open(l, c);
	for (char *p = names.data; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + 32);
	add_element(c, "HeadersNotSigned", names.data);
	buf_clear(&names);
	return fail(&c->r, 403, "AccessDenied",
	    "There were headers present in the request which were not signed");
}

int
raw_refuse(struct lunad *l, struct call *c, int error)
{
	if (is_version_2(c))
		return fail(&c->r, 400, "InvalidRequest",
		    "The authorization mechanism you have provided is not "
		    "supported. Please use AWS4-HMAC-SHA256.");
	switch ((enum auth_error)error) {
	case AUTH_INCOMPLETE:
	case AUTH_CREDENTIAL:
		return refuse_incomplete(c, error == AUTH_CREDENTIAL);
	case AUTH_UNKNOWN_KEY:
		add_element(c, "AWSAccessKeyId", c->signer.key_id);
		return fail(&c->r, 403, "InvalidAccessKeyId",
		    "The AWS Access Key Id you provided does not exist in our "
		    "records.");
	case AUTH_WRONG_TOKEN:
		return fail(&c->r, 400, "InvalidToken",
		    "The provided token is malformed or otherwise invalid.");
	case AUTH_EXPIRED_TOKEN:
		return fail(&c->r, 400, "ExpiredToken",
		    "The provided token has expired.");
	case AUTH_SKEWED:
	case AUTH_EXPIRED:
		return refuse_time(c, error == AUTH_EXPIRED);
	case AUTH_MISMATCH:
		return refuse_mismatch(l, c);
	case AUTH_MISSING:
		break;
	}
	return fail(&c->r, 403, "AccessDenied", "Access Denied");
}

/* Of the id, which is random: the host's is longer. */
static const char *
host_id(struct call *c)
{
	struct buf b = {0};
	text_base64(c->r.id, strlen(c->r.id), &b);
	char *id = request_copy(&c->r, b.data, b.len);
	buf_clear(&b);
	return id;
}

static void
introduce(struct call *c)
{
	call_header(c, "x-amz-request-id", c->r.id);
	call_header(c, "x-amz-id-2", host_id(c));
	call_header(c, "Server", "AmazonS3");
}

void
raw_reply(struct call *c)
{
	introduce(c);
	c->reply = &c->out;
	c->type = c->r.type;
	if (c->mischief.garbage) {
		source_close(&c->source);
		buf_reset(&c->out);
		buf_add_text(&c->out, "<html>\xff{\"] neither JSON nor XML");
	}
}

void
raw_error(struct call *c)
{
	c->headers = 0;
	introduce(c);
	source_close(&c->source);
	buf_reset(&c->xml);
	c->reply = &c->xml;
	c->type = "application/xml";
	if (strcmp(c->as.method, "HEAD") == 0 || c->status == 304)
		return;
	buf_addf(&c->xml,
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<Error><Code>%s</Code><Message>",
	    c->r.error_code);
	xml_escape(
	    buf_text(&c->r.error_message), c->r.error_message.len, &c->xml);
	buf_add_text(&c->xml, "</Message>");
	buf_add(&c->xml, buf_text(&c->r.error_more), c->r.error_more.len);
	buf_addf(&c->xml, "<Resource>");
	xml_escape(c->r.path, strlen(c->r.path), &c->xml);
	buf_addf(&c->xml,
	    "</Resource><RequestId>%s</RequestId><HostId>%s</HostId></Error>",
	    c->r.id, host_id(c));
}
