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
    const char *region, const struct conf *conf, struct err *err)
{
	struct buf url = {0}, host = {0};
	struct conf there = *conf;
	int status = -1;
	*site = (struct request_site){.service = service,
	    .region = mem_text(region),
	    .configured = conf_endpoint(conf, service->id) != NULL};
	if (region != NULL)
		there.region = site->region;
	region = service_region(service, &there);
	if (service_endpoint(service, &there, &url, err) != 0)
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
	if (status != 0)
		request_site_clear(site);
	return status;
}

void
request_site_clear(struct request_site *site)
{
	free(site->region);
	free(site->url);
	free(site->host);
	sigv4_free(site->signer);
	*site = (struct request_site){0};
}

static void
add(struct request *q, const char *name, const char *value)
{
	if (q->header_count == q->header_cap) {
		q->header_cap = q->header_cap == 0 ? 8 : q->header_cap * 2;
		q->header =
		    mem_grow(q->header, q->header_cap, sizeof(*q->header));
	}
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

/*
 * A bucket is a host of AWS's own; but not where another endpoint is
 * configured, whose names are its own, nor with a dot in it, because no
 * certificate of AWS has two labels for one asterisk.
 */
static bool
is_host(const struct request_site *site, const char *bucket)
{
	return !site->configured &&
	       bucket[strspn(bucket, "abcdefghijklmnopqrstuvwxyz"
				     "0123456789-")] == '\0';
}

/* The URL of path in a bucket; host and path as they are signed. */
static void
encode_bucket(struct request *q, const char *bucket, const char *path)
{
	const struct request_site *site = q->site;
	size_t scheme = (size_t)(strstr(site->url, "//") + 2 - site->url);
	bool host = is_host(site, bucket);
	buf_reset(&q->url);
	if (host) {
		buf_add(&q->url, site->url, scheme);
		buf_addf(&q->url, "%s.%s%s", bucket, site->host, path);
		buf_addf(&q->host, "%s.%s", bucket, site->host);
	} else {
		buf_addf(&q->url, "%s%s%s", site->url, bucket, path);
		buf_addf(&q->path, "/%s", bucket);
	}
	q->http.url = q->url.data;
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
	} else if (!is_encoded(path)) {
		return err_set(err, ERR_SETUP, "BadUrl",
		    "the path is not percent-encoded: %s", path);
	} else if (about->bucket != NULL) {
		encode_bucket(q, about->bucket, path);
	} else if (path[0] == '/' && path[1] == '\0') {
		q->http.url = q->site->url;
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
	for (size_t i = 0; i < about->header_count; i++)
		add(q, about->header[i].name, about->header[i].value);
	if (service == NULL)
		return 0;
	add(q, "Host", q->host.len > 0 ? buf_text(&q->host) : site->host);
	if (about->unsigned_body && strncmp(q->http.url, "https:", 6) == 0)
		memcpy(q->body_hash, SIGV4_UNSIGNED, sizeof(SIGV4_UNSIGNED));
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

static bool
is_s3(const struct request *q)
{
	return q->site != NULL && strcmp(q->site->service->signing, "s3") == 0;
}

static struct sigv4_request
to_sign(const struct request *q)
{
	return (struct sigv4_request){.method = q->http.method,
	    .path = buf_text(&q->path),
	    .query = q->query,
	    .header = q->header,
	    .header_count = q->header_count,
	    .body = q->http.body,
	    .body_len = q->http.body_len,
	    .body_hash = q->body_hash[0] != '\0' ? q->body_hash : NULL,
	    .keep_path = is_s3(q),
	    .sign_body = is_s3(q)};
}

static void
add_line(struct request *q, const char *name, const char *value)
{
	if (q->http.header_count == q->line_cap) {
		q->line_cap = q->line_cap == 0 ? 16 : q->line_cap * 2;
		q->line = mem_grow(q->line, q->line_cap, sizeof(*q->line));
	}
	q->line[q->http.header_count++] = buf_text(&q->text) + q->text.len;
	buf_add_text(&q->text, name);
	buf_add(&q->text, ": ", 2);
	buf_add(&q->text, value, strlen(value) + 1);
}

/* Room for all lines: they are pointed to while they are written, and a
 * token among them must not be left behind by growing. */
static void
make_room(struct request *q, const struct cred *cred)
{
	size_t need = 1024 + q->sig.authorization.len;
	for (size_t i = 0; i < q->header_count; i++)
		need +=
		    strlen(q->header[i].name) + strlen(q->header[i].value) + 3;
	if (cred != NULL && cred->token != NULL)
		need += strlen(cred->token);
	buf_reset(&q->text);
	buf_room(&q->text, need);
	q->http.header_count = 0;
}

void
request_sign(struct request *q, const struct cred *cred, int64_t now_ms,
    int attempt, int max_attempts)
{
	if (q->site != NULL) {
		struct sigv4_request req = to_sign(q);
		sigv4_sign(q->site->signer, &req, cred, now_ms, &q->sig);
		memcpy(q->body_hash, q->sig.body_hash, sizeof(q->body_hash));
	}
	make_room(q, cred);
	for (size_t i = 0; i < q->header_count; i++)
		add_line(q, q->header[i].name, q->header[i].value);
	if (q->site != NULL) {
		char tries[48];
		snprintf(tries, sizeof(tries), "attempt=%d; max=%d", attempt,
		    max_attempts);
		add_line(q, "X-Amz-Date", q->sig.date);
		if (is_s3(q))
			add_line(q, "X-Amz-Content-Sha256", q->sig.body_hash);
		if (cred->token != NULL)
			add_line(q, "X-Amz-Security-Token", cred->token);
		add_line(q, "Authorization", buf_text(&q->sig.authorization));
		add_line(q, "amz-sdk-invocation-id", q->id);
		add_line(q, "amz-sdk-request", tries);
	}
	q->http.header = q->line;
}

/* Append a query API's parameters, which are its body, to the query. */
static void
move_form(struct request *q)
{
	struct buf query = {0};
	if (q->query != NULL)
		buf_addf(&query, "%s&", q->query);
	buf_add(&query, q->http.body, q->http.body_len);
	q->http.body_len = 0;
	buf_cut(&q->path, strlen(q->path.data));
	size_t at = q->path.len + 1;
	buf_add(&q->path, "", 1);
	buf_add(&q->path, query.data, query.len);
	q->query = q->path.data + at;
	buf_clear(&query);
}

void
request_presign(struct request *q, const struct cred *cred, int64_t expires_s,
    int64_t now_ms, struct buf *url)
{
	if (q->site->service->protocol == SERVICE_QUERY) {
		q->http.method = "GET";
		move_form(q);
	}
	struct sigv4_header host = {.name = "Host"};
	for (size_t i = 0; i < q->header_count; i++)
		if (strcmp(q->header[i].name, "Host") == 0)
			host = q->header[i];
	struct sigv4_request req = to_sign(q);
	req.header = &host;
	req.header_count = 1;
	if (is_s3(q))
		req.body_hash = SIGV4_UNSIGNED;
	sigv4_presign(q->site->signer, &req, cred, expires_s, now_ms, &q->sig);
	buf_add(url, q->http.url, strcspn(q->http.url, "?"));
	buf_addf(url, "?%s", buf_text(&q->sig.query));
}

void
request_clear(struct request *q)
{
	if (q->text.data != NULL)
		digest_wipe(q->text.data, q->text.cap);
	sigv4_signed_clear(&q->sig);
	http_request_clear(&q->http);
	free(q->header);
	free(q->line);
	buf_clear(&q->text);
	buf_clear(&q->url);
	buf_clear(&q->host);
	buf_clear(&q->path);
	buf_clear(&q->target);
	buf_clear(&q->body);
	*q = (struct request){0};
}
