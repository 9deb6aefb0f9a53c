#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "diag.h"
#include "http_inner.h"
#include "mem.h"

#define TIMEOUT_MS 30000

void *
http_have(void *p)
{
	if (p == NULL) {
		diag("libcurl: out of memory");
		_Exit(EX_TEMPFAIL);
	}
	return p;
}

void
http_transfer_free(struct transfer *t)
{
	curl_easy_cleanup(t->easy);
	free(t->line);
	free(t->url);
	free(t->method);
	free(t);
}

static size_t
on_body(char *bytes, size_t size, size_t count, void *ctx)
{
	struct transfer *t = ctx;
	struct http_request *r = t->request;
	size_t len = size * count;
	long status = 0;
	if (r->sink != NULL)
		curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status / 100 == 2) {
		t->enough = !r->sink(r->user, bytes, len);
		return t->enough ? 0 : len;
	}
	buf_add(&r->reply, bytes, len);
	return r->reply.full ? 0 : len;
}

static size_t
on_header(char *line, size_t size, size_t count, void *ctx)
{
	struct transfer *t = ctx;
	size_t len = size * count;
	struct buf *b = &t->request->reply_header;
	if (len >= 5 && memcmp(line, "HTTP/", 5) == 0)
		buf_reset(b); /* of an answer after a 1xx */
	buf_add(b, line, len);
	return b->full ? 0 : len;
}

/*
 * libcurl sends a request again by itself when a connection that was used
 * before dies without an answer. Whether to repeat what the service may have
 * acted on is the caller's to say.
 */
static int
on_issue(void *ctx, char *to, char *from, int to_port, int from_port)
{
	struct transfer *t = ctx;
	(void)to, (void)from, (void)to_port, (void)from_port;
	return t->issued++ == 0 ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

struct transfer *
http_transfer_new(struct http *h)
{
	struct transfer *t = mem_alloc(sizeof(*t));
	t->http = h;
	t->next = h->all;
	h->all = t;
	t->timeout_ms = -1;
	CURL *e = t->easy = http_have(curl_easy_init());
	curl_easy_setopt(e, CURLOPT_PRIVATE, t);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	/* A name server that does not answer holds up nobody: its thread is
	 * left behind. */
	curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(e, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE, 262144L);
	curl_easy_setopt(e, CURLOPT_TCP_NODELAY, 1L);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(
	    e, CURLOPT_CONNECTTIMEOUT_MS, (long)h->connect_timeout_ms);
	curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->detail);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, on_issue);
	curl_easy_setopt(e, CURLOPT_PREREQDATA, t);
	if (h->user_agent != NULL)
		curl_easy_setopt(e, CURLOPT_USERAGENT, h->user_agent);
	if (h->ca_bundle != NULL) {
		curl_easy_setopt(
		    e, CURLOPT_CAINFO, h->ca_directory ? NULL : h->ca_bundle);
		curl_easy_setopt(
		    e, CURLOPT_CAPATH, h->ca_directory ? h->ca_bundle : NULL);
	}
	return t;
}

/* The request's header lines as libcurl's list, without copies. */
static void
set_header(struct transfer *t, const struct http_request *r)
{
	static char expect[] = "Expect:", no_type[] = "Content-Type:";
	size_t need = r->header_count + 2;
	if (need > t->line_cap) {
		t->line_cap = need * 2;
		t->line = mem_grow(t->line, t->line_cap, sizeof(*t->line));
		curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->line);
	}
	bool typed = false;
	size_t n = 0;
	t->line[n++].data = expect;
	for (size_t i = 0; i < r->header_count; i++) {
		/* libcurl's list has no const; it does not write there */
		memcpy(&t->line[n++].data, &r->header[i], sizeof(char *));
		typed = typed || strncasecmp(r->header[i], no_type,
				     sizeof(no_type) - 1) == 0;
	}
	if (!typed)
		t->line[n++].data = no_type;
	for (size_t i = 0; i < n; i++)
		t->line[i].next = i + 1 < n ? &t->line[i + 1] : NULL;
}

static void
set_method(struct transfer *t, const struct http_request *r)
{
	bool body = r->body_len > 0 || strcmp(r->method, "POST") == 0 ||
		    strcmp(r->method, "PUT") == 0 ||
		    strcmp(r->method, "PATCH") == 0;
	if (t->method != NULL && t->body == body &&
	    strcmp(t->method, r->method) == 0)
		return;
	free(t->method);
	t->method = mem_text(r->method);
	t->body = body;
	bool head = strcmp(r->method, "HEAD") == 0;
	curl_easy_setopt(t->easy, CURLOPT_NOBODY, head ? 1L : 0L);
	if (body)
		curl_easy_setopt(t->easy, CURLOPT_POST, 1L);
	else if (!head)
		curl_easy_setopt(t->easy, CURLOPT_HTTPGET, 1L);
	bool own = strcmp(r->method, body ? "POST" : "GET") != 0 && !head;
	curl_easy_setopt(
	    t->easy, CURLOPT_CUSTOMREQUEST, own ? r->method : NULL);
}

static void
set_timeout(struct transfer *t, const struct http_request *r)
{
	int64_t timeout_ms = r->timeout_ms != 0 ? r->timeout_ms : TIMEOUT_MS;
	if (t->timeout_ms == timeout_ms && t->idle == r->idle)
		return;
	t->timeout_ms = timeout_ms;
	t->idle = r->idle;
	long idle_s = t->idle ? (long)((timeout_ms + 999) / 1000) : 0;
	curl_easy_setopt(
	    t->easy, CURLOPT_TIMEOUT_MS, t->idle ? 0L : (long)timeout_ms);
	curl_easy_setopt(t->easy, CURLOPT_LOW_SPEED_LIMIT, t->idle ? 1L : 0L);
	curl_easy_setopt(t->easy, CURLOPT_LOW_SPEED_TIME, idle_s);
}

void
http_transfer_set(struct transfer *t, const struct http_request *r)
{
	if (t->url == NULL || strcmp(t->url, r->url) != 0) {
		free(t->url);
		t->url = mem_text(r->url);
		curl_easy_setopt(t->easy, CURLOPT_URL, t->url);
	}
	set_timeout(t, r);
	set_header(t, r);
	set_method(t, r);
	if (t->body) {
		if (t->at == NULL || t->len != r->body_len)
			curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE,
			    (curl_off_t)r->body_len);
		t->at = r->body_len > 0 ? r->body : "";
		t->len = r->body_len;
		curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, t->at);
	}
}

void
http_transfer_explain(struct transfer *t, CURLcode code)
{
	struct http_request *r = t->request;
	const char *detail =
	    t->detail[0] != '\0' ? t->detail : curl_easy_strerror(code);
	enum err_kind kind = ERR_LATER;
	const char *name = "ConnectionFailed";
	switch (code) {
	case CURLE_OPERATION_TIMEDOUT:
		name = "Timeout";
		break;
	case CURLE_PARTIAL_FILE:
		name = "ReplyTruncated";
		break;
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_BAD_CONTENT_ENCODING:
		name = "InvalidReply";
		break;
	case CURLE_ABORTED_BY_CALLBACK:
		detail = "the connection was closed before an answer";
		break;
	case CURLE_WRITE_ERROR:
		name = "ReplyTooLarge";
		break;
	case CURLE_URL_MALFORMAT:
		kind = ERR_SETUP;
		name = "BadUrl";
		break;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
		kind = ERR_SETUP;
		name = "CertificateRefused";
		break;
	default:
		break;
	}
	if (code == CURLE_UNSUPPORTED_PROTOCOL && t->issued == 0) {
		kind = ERR_SETUP;
		name = "BadUrl";
	}
	if (code == CURLE_WRITE_ERROR) {
		bool header = r->reply_header.full;
		err_set(&r->err, kind, name, "the reply's %s over %zu bytes",
		    header ? "header is" : "body is",
		    header ? r->reply_header.max : r->reply.max);
		return;
	}
	err_set(&r->err, kind, name, "%s", detail);
}
