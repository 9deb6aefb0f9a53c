#include "call_inner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diag.h"
#include "digest.h"
#include "reply.h"
#include "text.h"
#include "xml.h"

#define DAY 86400

static bool
is_among(const char *code, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcmp(code, *list) == 0)
			return true;
	return false;
}

bool
call_is_setup(const char *code)
{
	static const char *const codes[] = {/* who asks */
	    "AccountSendingPausedException", "AccountSuspendedException",
	    "AuthFailure", "AuthorizationError", "AuthorizationErrorException",
	    "AuthorizationHeaderMalformed", "ExpiredToken",
	    "ExpiredTokenException", "IncompleteSignature",
	    "IncompleteSignatureException", "InvalidAccessKeyId",
	    "InvalidClientTokenId", "InvalidSignatureException", "InvalidToken",
	    "MissingAuthenticationToken", "MissingAuthenticationTokenException",
	    "NotAuthorized", "OptInRequired", "RequestExpired",
	    "RequestInTheFuture", "RequestTimeTooSkewed",
	    "SendingPausedException", "SignatureDoesNotMatch",
	    "SubscriptionRequiredException", "UnauthorizedOperation",
	    "UnrecognizedClientException",
	    /* what for */
	    "InvalidAction", "UnknownOperation", "UnknownOperationException",
	    /* of what */
	    "AWS.SimpleQueueService.NonExistentQueue",
	    "ConfigurationSetDoesNotExist", "NoSuchBucket", "NotFound",
	    "NotFoundException", "PermanentRedirect", "QueueDoesNotExist",
	    "ResourceNotFound", "ResourceNotFoundException",
	    "TableNotFoundException", "TemplateDoesNotExist",
	    /* the key that it is encrypted with */
	    "KMS.DisabledException", "KMS.KMSInvalidStateException",
	    "KMS.NotFoundException", "KMSDisabled", "KMSDisabledException",
	    "KMSInvalidState", "KMSInvalidStateException", "KMSNotFound",
	    "KMSNotFoundException", "KMSOptInRequired", "KmsDisabled",
	    "KmsInvalidKeyUsage", "KmsInvalidState", "KmsKeyDisabledException",
	    "KmsKeyNotFoundException", "KmsNotFound", "KmsOptInRequired", NULL};
	/* AccessDenied, AccessDeniedException, KMSAccessDenied, … */
	return strstr(code, "AccessDenied") != NULL || is_among(code, codes);
}

/*
 * A line an attempt; no path, which in a webhook is a secret, and no header.
 */
static void
report(const struct caller *c, const struct call_run *run)
{
	const struct call *call = run->call;
	const struct request *q = &run->request;
	const char *name = "http", *action = q->http.method;
	if (c->conf->verbose == 0)
		return;
	if (call->service != NULL)
		name = call->service->name;
	if (call->operation != NULL)
		action = call->operation;
	diag_plain("%s %s %d %lld ms, attempt %d of %d%s%s", name, action,
	    q->http.status, (long long)q->http.took_ms, call->attempts,
	    call->once ? 1 : run->retry.max_attempts,
	    call->err.kind != ERR_NONE ? ": " : "", call->err.code);
	if (c->conf->verbose < 2)
		return;
	diag_plain("  host %s, %zu bytes out, %zu in, request id %s",
	    q->host.len > 0 ? buf_text(&q->host) : q->site->host,
	    q->http.body_len, q->http.reply.len,
	    call->request_id[0] != '\0' ? call->request_id : "none");
	if (q->site != NULL)
		diag_plain(
		    "  signed at %s with the key of %s, signature %.8s...",
		    q->sig.date,
		    c->cred != NULL && c->cred->source != NULL ? c->cred->source
							       : "unknown",
		    q->sig.signature);
}

/* What an answer that is no success means, by its code, else its status. */
static enum err_kind
kind_of(const struct call *call, enum retry_class class)
{
	if (class != RETRY_NO || call->status == 408)
		return ERR_LATER;
	if (call_is_setup(call->err.code))
		return ERR_SETUP;
	/* reply_error's own: there was no code in the answer */
	if (strncmp(call->err.code, "HTTP", 4) != 0)
		return ERR_REFUSED;
	switch (call->status) {
	case 401:
	case 403:
	case 404:
	case 405:
	case 407:
	case 410:
		return ERR_SETUP;
	default:
		break;
	}
	if (call->status < 400)
		return ERR_SETUP; /* a redirect: the address is wrong */
	return call->status < 500 ? ERR_REFUSED : ERR_LATER;
}

/* An answer may quote the request's headers. */
static void
hide_token(char *message, const struct cred *cred)
{
	char begin[17];
	if (cred == NULL || cred->token == NULL || cred->token[0] == '\0')
		return;
	snprintf(begin, sizeof(begin), "%s", cred->token);
	char *found = strstr(message, begin);
	if (found != NULL)
		*found = '\0';
}

/*
 * S3 begins the answer to a long act before it knows how that ends.
 *
 * Source: S3 API Reference, CompleteMultipartUpload and CopyObject: "the
 *         error response might be embedded in the 200 OK response".
 */
static bool
hides_error(const struct call *call, const struct http_request *r)
{
	if (r->status != 200 || call->service == NULL || r->reply.len == 0 ||
	    call->service->protocol != SERVICE_REST_XML ||
	    strcmp(r->method, "GET") == 0)
		return false;
	struct xml *root = xml_parse(r->reply.data, r->reply.len, NULL);
	bool hidden = root != NULL && strcmp(root->name, "Error") == 0;
	xml_free(root);
	return hidden;
}

/* A bucket is asked for in the region of another: the answer knows. */
static void
say_region(const struct http_request *r, struct err *err)
{
	size_t len;
	const char *region = http_header(r, "x-amz-bucket-region", &len);
	if (region == NULL ||
	    (r->status / 100 != 3 &&
		strcmp(err->code, "AuthorizationHeaderMalformed") != 0))
		return;
	err_prefix(err, "the bucket is in %.*s: use --region %.*s", (int)len,
	    region, (int)len, region);
}

/* Read the answer of an attempt into the call. RETRY_NO: it is final. */
static enum retry_class
judge(const struct caller *c, struct call_run *run)
{
	struct call *call = run->call;
	const struct http_request *r = &run->request.http;
	call->status = r->status;
	call->took_ms += r->took_ms;
	call->retry_after_ms = -1;
	call->request_id[0] = '\0';
	if (r->err.kind != ERR_NONE) {
		call->err = r->err;
		call->sent = call->sent || r->sent;
		/* As large it would come again. */
		if (r->err.kind == ERR_SETUP ||
		    strcmp(r->err.code, "ReplyTooLarge") == 0)
			return RETRY_NO;
		return retry_classify(0, r->err.code);
	}
	call->sent = call->sent || r->status < 400 || r->status >= 500;
	int64_t after_s = reply_number(r, "retry-after");
	if (after_s >= 0)
		call->retry_after_ms = 1000 * (after_s < DAY ? after_s : DAY);
	reply_request_id(r, call->request_id);
	if (!reply_intact(r)) {
		err_set(&call->err, ERR_LATER, "ChecksumMismatch",
		    "the reply is not what its x-amz-crc32 says");
		return RETRY_TRANSIENT;
	}
	err_clear(&call->err);
	bool hidden = hides_error(call, r);
	if (r->status >= 200 && r->status < 300 && !hidden)
		return RETRY_NO;
	enum retry_class class = reply_error(r, &call->err);
	say_region(r, &call->err);
	hide_token(call->err.message, c->cred);
	call->err.kind = kind_of(call, class);
	call->err.throttled = class == RETRY_THROTTLED;
	memcpy(
	    call->request_id, call->err.request_id, sizeof(call->request_id));
	return class;
}

/* Was it refused because our clock was wrong? By how much is learnt now. */
static bool
correct_skew(const struct caller *c, struct call_run *run)
{
	if (run->skewed || run->request.site == NULL ||
	    !skew_explains(&c->skew, run->skew_ms, run->call->err.code))
		return false;
	run->skewed = true;
	return true;
}

/* Had the credentials expired, and are there newer ones? */
static bool
renew(struct caller *c, struct call_run *run)
{
	static const char *const codes[] = {
	    "ExpiredToken", "ExpiredTokenException", NULL};
	if (run->renewed || run->request.site == NULL ||
	    !is_among(run->call->err.code, codes))
		return false;
	run->renewed = true;
	if (run->renewal != c->renewal)
		return true; /* another call has asked since */
	struct err err = {0};
	c->cred = c->source.get(c->source.ctx, true, &err);
	c->renewal++;
	if (c->cred == NULL)
		run->call->err = err;
	return c->cred != NULL;
}

static double
uniform(void)
{
	uint32_t n;
	digest_random(&n, sizeof(n));
	return n / 4294967296.0;
}

void
call_answered(struct caller *c, struct call_run *run)
{
	struct call *call = run->call;
	enum retry_class class = judge(c, run);
	report(c, run);
	if (call->status != 0 && run->request.site != NULL)
		skew_learn(&c->skew, run->sent_ms, text_now(),
		    reply_date(&run->request.http, &c->date));
	if (call->err.kind == ERR_NONE) {
		retry_succeeded(&run->retry, &c->quota);
		call_finish(c, run);
		return;
	}
	/* Neither counts as a retry: the service has not looked at the call. */
	if (!c->hurry && (correct_skew(c, run) || renew(c, run))) {
		call_again(c, run);
		return;
	}
	if (run->moved) {
		run->retry.attempt = 0;
		call->attempts = 0;
	}
	if (class == RETRY_NO || call->once || c->hurry) {
		call_finish(c, run);
		return;
	}
	int64_t delay_ms = retry_next(&run->retry, &c->quota, class, uniform(),
	    reply_number(&run->request.http, "x-amz-retry-after"));
	if (delay_ms < 0) {
		call_finish(c, run);
		return;
	}
	run->due_ms = text_tick() + delay_ms;
	run->next = c->waiting;
	c->waiting = run;
}
