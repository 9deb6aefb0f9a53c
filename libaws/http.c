#include "http.h"

#include <ctype.h>
#include <curl/curl.h>
#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "diag.h"
#include "mem.h"

#define MAX_REPLY ((size_t)16 << 20)
#define MAX_HEADERS ((size_t)256 << 10)
#define TIMEOUT_MS 30000
#define CONNECT_TIMEOUT_MS 5000
#define CONNECTIONS 8
#define CERTIFICATES "/etc/ssl/certs"

/* An easy handle for life, and what it was last told. */
struct transfer {
	CURL *easy;
	struct http *http;
	struct http_request *request; /* NULL: idle */
	struct curl_slist *line;      /* nodes over the request's headers */
	size_t line_cap;
	char *url, *method;
	bool body;
	const void *at; /* the body */
	size_t len;
	int64_t timeout_ms;
	bool idle;
	bool enough;     /* the sink wants no more */
	unsigned issued; /* how often the request went out */
	char detail[CURL_ERROR_SIZE];
	struct transfer *next_idle, *next;
};

struct http {
	CURLM *multi; /* NULL: no request yet */
	char *user_agent, *ca_bundle;
	bool ca_directory;
	int64_t connect_timeout_ms;
	size_t connections;
	struct transfer *idle, *all;
	struct http_request *done, **done_end;
	struct curl_waitfd *wait;
	size_t wait_cap;
};

struct http *
http_open(const struct http_options *options)
{
	struct http *h = mem_alloc(sizeof(*h));
	h->user_agent = mem_text(options->user_agent);
	h->ca_bundle = mem_text(options->ca_bundle);
	h->connect_timeout_ms = options->connect_timeout_ms != 0
				    ? options->connect_timeout_ms
				    : CONNECT_TIMEOUT_MS;
	h->connections =
	    options->connections != 0 ? options->connections : CONNECTIONS;
	h->done_end = &h->done;
	return h;
}

static void
transfer_free(struct transfer *t)
{
	curl_easy_cleanup(t->easy);
	free(t->line);
	free(t->url);
	free(t->method);
	free(t);
}

void
http_close(struct http *h)
{
	if (h == NULL)
		return;
	struct transfer *next;
	for (struct transfer *t = h->all; t != NULL; t = next) {
		next = t->next;
		if (t->request != NULL) {
			curl_multi_remove_handle(h->multi, t->easy);
			t->request->transfer = NULL;
		}
		transfer_free(t);
	}
	if (h->multi != NULL) {
		curl_multi_cleanup(h->multi);
		curl_global_cleanup();
	}
	free(h->user_agent);
	free(h->ca_bundle);
	free(h->wait);
	free(h);
}

/* Does a directory have certificates under their hashes ("5ad8a5d6.0")? */
static bool
hashed(const char *path)
{
	DIR *dir = opendir(path);
	if (dir == NULL)
		return false;
	bool found = false;
	for (struct dirent *e; !found && (e = readdir(dir)) != NULL;)
		found = strspn(e->d_name, "0123456789abcdef") == 8 &&
			strcmp(e->d_name + 8, ".0") == 0;
	closedir(dir);
	return found;
}

/* A directory of certificates is read one by one as they are needed; to
 * parse the system's bundle costs 23 ms. */
static void
find_certificates(struct http *h)
{
	struct stat st;
	if (h->ca_bundle != NULL) {
		h->ca_directory =
		    stat(h->ca_bundle, &st) == 0 && S_ISDIR(st.st_mode);
	} else if (hashed(CERTIFICATES)) {
		h->ca_bundle = mem_text(CERTIFICATES);
		h->ca_directory = true;
	}
}

/* What libcurl has none of is memory, as in mem.h. */
static void *
have(void *p)
{
	if (p == NULL) {
		diag("libcurl: out of memory");
		_Exit(EX_TEMPFAIL);
	}
	return p;
}

static void
initialise(struct http *h)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
	h->multi = have(curl_multi_init());
	curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)h->connections);
	find_certificates(h);
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

static struct transfer *
transfer_new(struct http *h)
{
	struct transfer *t = mem_alloc(sizeof(*t));
	t->http = h;
	t->next = h->all;
	h->all = t;
	t->timeout_ms = -1;
	CURL *e = t->easy = have(curl_easy_init());
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

/* Tell the handle what differs from its last request. */
static void
set_request(struct transfer *t, const struct http_request *r)
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

/* A line that would end early, or begin another, is never sent. */
static int
check(struct http_request *r)
{
	for (const char *p = r->method; *p != '\0'; p++)
		if (!isupper((unsigned char)*p))
			return err_set(&r->err, ERR_SETUP, "BadMethod",
			    "'%s' is no HTTP method: use capital letters",
			    r->method);
	for (size_t i = 0; i < r->header_count; i++) {
		const char *h = r->header[i];
		if (strchr(h, '\r') == NULL && strchr(h, '\n') == NULL)
			continue;
		return err_set(&r->err, ERR_SETUP, "BadHeader",
		    "the header %.*s has a line break in its value",
		    (int)strcspn(h, ":\r\n"), h);
	}
	return 0;
}

static void
finish(struct http *h, struct http_request *r)
{
	r->next = NULL;
	*h->done_end = r;
	h->done_end = &r->next;
}

void
http_start(struct http *h, struct http_request *r)
{
	err_clear(&r->err);
	r->status = 0;
	r->took_ms = 0;
	r->sent = false;
	r->transfer = NULL;
	buf_reset(&r->reply);
	r->reply.max = r->max_reply != 0 ? r->max_reply : MAX_REPLY;
	buf_reset(&r->reply_header);
	r->reply_header.max = MAX_HEADERS;
	if (check(r) != 0) {
		finish(h, r);
		return;
	}
	if (h->multi == NULL)
		initialise(h);
	struct transfer *t = h->idle;
	if (t != NULL)
		h->idle = t->next_idle;
	else
		t = transfer_new(h);
	t->request = r;
	t->issued = 0;
	t->enough = false;
	t->detail[0] = '\0';
	r->transfer = t;
	set_request(t, r);
	curl_multi_add_handle(h->multi, t->easy);
}

static void
release(struct http *h, struct transfer *t)
{
	curl_multi_remove_handle(h->multi, t->easy);
	t->request->transfer = NULL;
	t->request = NULL;
	t->next_idle = h->idle;
	h->idle = t;
}

void
http_cancel(struct http *h, struct http_request *r)
{
	if (r->transfer != NULL) {
		release(h, r->transfer);
		return;
	}
	for (struct http_request **p = &h->done; *p != NULL; p = &(*p)->next)
		if (*p == r) {
			*p = r->next;
			if (r->next == NULL)
				h->done_end = p;
			return;
		}
}

/* What became of a transfer that has no answer. */
static void
explain(struct transfer *t, CURLcode code)
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

/* libcurl takes a connection that ends within the header for its end. */
static bool
whole(const struct buf *header)
{
	const char *end = buf_text(header) + header->len;
	return (header->len >= 4 && memcmp(end - 4, "\r\n\r\n", 4) == 0) ||
	       (header->len >= 2 && memcmp(end - 2, "\n\n", 2) == 0);
}

static void
collect(struct http *h)
{
	CURLMsg *m;
	for (int left; (m = curl_multi_info_read(h->multi, &left)) != NULL;) {
		if (m->msg != CURLMSG_DONE)
			continue;
		CURLcode code = m->data.result;
		struct transfer *t = NULL;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
		struct http_request *r = t->request;
		long status = 0;
		curl_off_t took = 0;
		curl_easy_getinfo(t->easy, CURLINFO_TOTAL_TIME_T, &took);
		r->took_ms = took / 1000;
		r->sent = t->issued > 0;
		if (t->enough)
			code = CURLE_OK;
		if (code == CURLE_OK && !whole(&r->reply_header))
			code = CURLE_PARTIAL_FILE;
		if (code == CURLE_OK) {
			curl_easy_getinfo(
			    t->easy, CURLINFO_RESPONSE_CODE, &status);
			r->status = (int)status;
		} else {
			explain(t, code);
		}
		release(h, t);
		finish(h, r);
	}
}

static void
wait_for(
    struct http *h, struct pollfd *extra, size_t extra_count, int timeout_ms)
{
	if (extra_count > h->wait_cap) {
		h->wait_cap = extra_count;
		h->wait = mem_grow(h->wait, extra_count, sizeof(*h->wait));
	}
	for (size_t i = 0; i < extra_count; i++) {
		short events = 0;
		if (extra[i].events & POLLIN)
			events |= CURL_WAIT_POLLIN;
		if (extra[i].events & POLLOUT)
			events |= CURL_WAIT_POLLOUT;
		h->wait[i] =
		    (struct curl_waitfd){.fd = extra[i].fd, .events = events};
	}
	int ready = 0;
	curl_multi_poll(h->multi, h->wait, (unsigned)extra_count,
	    timeout_ms < 0 ? INT_MAX : timeout_ms, &ready);
	/* curl_multi_poll wakes for POLLHUP and POLLERR but does not tell. */
	if (ready > 0 && extra_count > 0)
		poll(extra, extra_count, 0);
}

static void
move(struct http *h)
{
	int running;
	curl_multi_perform(h->multi, &running);
	collect(h);
}

void
http_poll(
    struct http *h, struct pollfd *extra, size_t extra_count, int timeout_ms)
{
	for (size_t i = 0; i < extra_count; i++)
		extra[i].revents = 0;
	if (h->multi != NULL)
		move(h); /* send what was started */
	if (h->done != NULL)
		timeout_ms = 0;
	if (h->multi == NULL || h->done != NULL) {
		if (extra_count > 0 || timeout_ms != 0)
			poll(extra, extra_count, timeout_ms);
		return;
	}
	wait_for(h, extra, extra_count, timeout_ms);
	move(h);
}

struct http_request *
http_next(struct http *h)
{
	struct http_request *r = h->done;
	if (r == NULL)
		return NULL;
	h->done = r->next;
	if (h->done == NULL)
		h->done_end = &h->done;
	r->next = NULL;
	return r;
}

void
http_request_clear(struct http_request *r)
{
	buf_clear(&r->reply);
	buf_clear(&r->reply_header);
}

const char *
http_header(const struct http_request *r, const char *name, size_t *len)
{
	return http_find(&r->reply_header, name, len);
}

const char *
http_find(const struct buf *lines, const char *name, size_t *len)
{
	size_t name_len = strlen(name);
	const char *at = buf_text(lines);
	const char *end = at + lines->len;
	while (at < end) {
		const char *eol = memchr(at, '\n', (size_t)(end - at));
		const char *next = eol != NULL ? eol + 1 : end;
		const char *stop = eol != NULL ? eol : end;
		if ((size_t)(stop - at) > name_len && at[name_len] == ':' &&
		    strncasecmp(at, name, name_len) == 0) {
			at += name_len + 1;
			while (at < stop && (*at == ' ' || *at == '\t'))
				at++;
			while (stop > at && isspace((unsigned char)stop[-1]))
				stop--;
			*len = (size_t)(stop - at);
			return at;
		}
		at = next;
	}
	return NULL;
}
