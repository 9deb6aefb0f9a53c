#include "request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "digest.h"
#include "mem.h"
#include "query.h"

/*
 * Append the host of an http(s) URL as it stands in the Host header: without
 * the scheme's own port.
 *
 * Returns: where the path begins, or NULL.
 */
static const char *
split_url(const char *url, struct buf *host)
{
	bool tls = strncasecmp(url, "https://", 8) == 0;
	if (!tls && strncasecmp(url, "http://", 7) != 0)
		return NULL;
	const char *at = url + (tls ? 8 : 7);
	size_t len = strcspn(at, "/?#");
	const char *path = at + len, *port = tls ? ":443" : ":80";
	size_t port_len = strlen(port);
	if (len == 0 || memchr(at, '@', len) != NULL)
		return NULL;
	if (len > port_len && memcmp(path - port_len, port, port_len) == 0)
		len -= port_len;
	buf_add(host, at, len);
	return path;
}

int
request_site_init(struct request_site *site, const struct service *service,
    const struct conf *conf, struct err *err)
{
	struct buf url = {0}, host = {0};
	const char *region = service_region(service, conf);
	int status = -1;
	*site = (struct request_site){.service = service};
	if (service_endpoint(service, conf, &url, err) != 0)
		goto out;
	if (region == NULL) {
		err_set(err, ERR_SETUP, "NoRegion",
		    "no region to sign for: set AWS_REGION or use --region");
		goto out;
	}
	buf_add_char(&url, '/');
	if (split_url(buf_text(&url), &host) == NULL) {
		err_set(err, ERR_SETUP, "BadUrl",
		    "the endpoint of %s is no http(s) URL: %s", service->name,
		    buf_text(&url));
		goto out;
	}
	site->url = buf_take(&url);
	site->host = buf_take(&host);
	site->signer = sigv4_new(region, service->signing);
	status = 0;
out:
	buf_clear(&url);
	buf_clear(&host);
	return status;
}

void
request_site_clear(struct request_site *site)
{
	free(site->url);
	free(site->host);
	sigv4_free(site->signer);
	*site = (struct request_site){0};
}

static void
add(struct request *q, const char *name, const char *value)
{
	q->header[q->header_count++] =
	    (struct sigv4_header){.name = name, .value = value};
}

static const char *
content_type(const struct service *service)
{
	if (service == NULL || service->protocol == SERVICE_REST_JSON)
		return "application/json";
	if (service->protocol == SERVICE_REST_XML)
		return "application/xml";
	if (service->protocol == SERVICE_QUERY)
		return "application/x-www-form-urlencoded; charset=utf-8";
	return strcmp(service->json_version, "1.1") == 0
		   ? "application/x-amz-json-1.1"
		   : "application/x-amz-json-1.0";
}

static void
encode_body(struct request *q, const struct request_about *about)
{
	q->http.body = about->body != NULL ? about->body : "";
	q->http.body_len = about->body_len;
	const struct service *service = q->site ? q->site->service : NULL;
	if (service == NULL || service->protocol != SERVICE_QUERY)
		return;
	buf_reset(&q->body);
	query_add(&q->body, "Action", about->operation);
	query_add(&q->body, "Version", service->version);
	if (about->body_len > 0)
		buf_add_char(&q->body, '&');
	buf_add(&q->body, q->http.body, about->body_len);
	q->http.body = q->body.data;
	q->http.body_len = q->body.len;
}

/* libcurl would encode what is not, behind the signature's back. */
static bool
is_encoded(const char *path)
{
	for (; *path != '\0'; path++)
		if (*path <= ' ' || *path >= 0x7f)
			return false;
	return true;
}

/* The URL, and its path and query for the signature. */
static int
encode_url(
    struct request *q, const struct request_about *about, struct err *err)
{
	const char *path = about->path != NULL ? about->path : "/";
	q->http.url = about->url;
	q->query = NULL;
	buf_reset(&q->host);
	buf_reset(&q->path);
	if (about->url != NULL) {
		path = split_url(about->url, &q->host);
		if (path == NULL)
			/* No part of it: a webhook's path is a secret. */
			return err_set(
			    err, ERR_SETUP, "BadUrl", "not an http(s) URL");
	} else if (path[0] == '/' && path[1] == '\0') {
		q->http.url = q->site->url;
	} else if (!is_encoded(path)) {
		return err_set(err, ERR_SETUP, "BadUrl",
		    "the path is not percent-encoded: %s", path);
	} else {
		buf_reset(&q->url);
		buf_add_text(&q->url, q->site->url);
		buf_add_text(&q->url, path + (path[0] == '/'));
		q->http.url = q->url.data;
	}
	buf_add(&q->path, path, strcspn(path, "#"));
	if (q->path.len == 0)
		return 0;
	char *mark = strchr(q->path.data, '?');
	if (mark != NULL) {
		*mark = '\0';
		q->query = mark + 1;
	}
	return 0;
}

int
request_encode(struct request *q, struct request_site *site,
    const struct request_about *about, struct err *err)
{
	const struct service *service = site != NULL ? site->service : NULL;
	q->site = site;
	q->header_count = 0;
	q->body_hash[0] = '\0';
	q->http.method = about->method != NULL ? about->method : "POST";
	if (encode_url(q, about, err) != 0)
		return -1;
	encode_body(q, about);
	if (about->content_type != NULL)
		add(q, "Content-Type", about->content_type);
	else if (q->http.body_len > 0)
		add(q, "Content-Type", content_type(service));
	if (about->gzip)
		add(q, "Content-Encoding", "gzip");
	if (service == NULL)
		return 0;
	add(q, "Host", about->url != NULL ? buf_text(&q->host) : site->host);
	if (service->protocol == SERVICE_JSON) {
		buf_reset(&q->target);
		buf_add_text(&q->target, service->target);
		buf_add_char(&q->target, '.');
		buf_add_text(&q->target, about->operation);
		add(q, "X-Amz-Target", q->target.data);
	}
	if (service->query_mode)
		add(q, "x-amzn-query-mode", "true");
	digest_uuid(q->id);
	return 0;
}

static void
sign(struct request *q, const struct cred *cred, int64_t now_ms)
{
	bool s3 = strcmp(q->site->service->signing, "s3") == 0;
	struct sigv4_request req = {.method = q->http.method,
	    .path = buf_text(&q->path),
	    .query = q->query,
	    .header = q->header,
	    .header_count = q->header_count,
	    .body = q->http.body,
	    .body_len = q->http.body_len,
	    .body_hash = q->body_hash[0] != '\0' ? q->body_hash : NULL,
	    .keep_path = s3,
	    .sign_body = s3};
	sigv4_sign(q->site->signer, &req, cred, now_ms, &q->sig);
	memcpy(q->body_hash, q->sig.body_hash, sizeof(q->body_hash));
}

/* Lines are noted as offsets while text grows, then pointed to. */
struct lines {
	struct buf *text;
	size_t at[REQUEST_HEADERS + 6];
	size_t count;
};

static void
add_line(struct lines *l, const char *name, const char *value)
{
	l->at[l->count++] = l->text->len;
	buf_add_text(l->text, name);
	buf_add(l->text, ": ", 2);
	buf_add(l->text, value, strlen(value) + 1);
}

void
request_sign(struct request *q, const struct cred *cred, int64_t now_ms,
    int attempt, int max_attempts)
{
	struct lines l = {.text = &q->text};
	buf_reset(&q->text);
	/* A token in it must not be left behind by growing. */
	buf_room(&q->text,
	    4096 + (cred != NULL && cred->token != NULL ? strlen(cred->token)
							: 0));
	for (size_t i = 0; i < q->header_count; i++)
		add_line(&l, q->header[i].name, q->header[i].value);
	if (q->site != NULL) {
		char tries[48];
		snprintf(tries, sizeof(tries), "attempt=%d; max=%d", attempt,
		    max_attempts);
		sign(q, cred, now_ms);
		add_line(&l, "X-Amz-Date", q->sig.date);
		if (strcmp(q->site->service->signing, "s3") == 0)
			add_line(&l, "X-Amz-Content-Sha256", q->sig.body_hash);
		if (cred->token != NULL)
			add_line(&l, "X-Amz-Security-Token", cred->token);
		add_line(&l, "Authorization", buf_text(&q->sig.authorization));
		add_line(&l, "amz-sdk-invocation-id", q->id);
		add_line(&l, "amz-sdk-request", tries);
	}
	for (size_t i = 0; i < l.count; i++)
		q->line[i] = q->text.data + l.at[i];
	q->http.header = q->line;
	q->http.header_count = l.count;
}

void
request_clear(struct request *q)
{
	if (q->text.data != NULL)
		digest_wipe(q->text.data, q->text.cap);
	sigv4_signed_clear(&q->sig);
	http_request_clear(&q->http);
	buf_clear(&q->text);
	buf_clear(&q->url);
	buf_clear(&q->host);
	buf_clear(&q->path);
	buf_clear(&q->target);
	buf_clear(&q->body);
	*q = (struct request){0};
}
