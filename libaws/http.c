#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "http_inner.h"
#include "mem.h"

#define MAX_REPLY ((size_t)16 << 20)
#define MAX_HEADERS ((size_t)256 << 10)
#define CONNECT_TIMEOUT_MS 5000
#define CONNECTIONS 8
#define CERTIFICATES "/etc/ssl/certs"

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
		http_transfer_free(t);
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

static void
initialise(struct http *h)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
	h->multi = http_have(curl_multi_init());
	curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)h->connections);
	find_certificates(h);
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
		t = http_transfer_new(h);
	t->request = r;
	t->issued = 0;
	t->enough = false;
	t->detail[0] = '\0';
	r->transfer = t;
	http_transfer_set(t, r);
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
			http_transfer_explain(t, code);
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
