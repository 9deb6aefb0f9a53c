#ifndef LUNA_HTTP_H
#define LUNA_HTTP_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

/*
 * HTTP/1.1 transfers side by side on one thread: the one door to libcurl.
 * Connections are reused; redirects are not followed; certificates are
 * always verified; libcurl and TLS start with the first request.
 *
 * Source: RFC 9112.
 */
struct http;

struct http_options {
	const char *user_agent;
	const char *ca_bundle;      /* file or directory; NULL: the system's */
	int64_t connect_timeout_ms; /* 0: 5,000 */
	size_t connections;         /* kept open at most; 0: 8 */
};

struct http_request {
	/* Set by the caller and borrowed until the request is done. */
	const char *method;
	const char *url;
	const char *const *header; /* "Name: value" lines */
	size_t header_count;
	const void *body;
	size_t body_len;
	int64_t timeout_ms; /* whole attempt; 0: 30,000 */
	bool idle;          /* … or, of a large body, while nothing moves */
	size_t max_reply;   /* 0: 16 MiB */
	/* NULL, or takes the body of a 2xx answer instead of reply, as it
	 * comes; the header is there already. It may block. False: enough, and
	 * the request is done; its connection is lost. */
	bool (*sink)(void *user, const char *bytes, size_t len);
	void *user;

	/* Filled when done. err.kind is ERR_NONE when any answer came, whatever
	 * its status; else ERR_LATER ("ConnectionFailed", "Timeout",
	 * "ReplyTooLarge", …) or ERR_SETUP ("CertificateRefused", "BadUrl"). */
	struct err err;
	int status;
	struct buf reply;        /* the body; reset at start */
	struct buf reply_header; /* raw header lines, CRLF between */
	int64_t took_ms;
	bool sent; /* the service may have acted on it */

	struct http_request *next; /* the module's */
	void *transfer;            /* the module's */
};

struct http *http_open(const struct http_options *options);
void http_close(
    struct http *h); /* what runs is dropped; requests stay the caller's */

void http_start(struct http *h, struct http_request *r);
/* Stop r now; it never comes out of http_next. */
void http_cancel(struct http *h, struct http_request *r);
/* Wait until a transfer moves, one of the caller's descriptors is ready
 * (revents set) or timeout_ms (-1: no limit) has passed. A signal ends it. */
void http_poll(
    struct http *h, struct pollfd *extra, size_t extra_count, int timeout_ms);
/* The next finished request, or NULL. */
struct http_request *http_next(struct http *h);

void http_request_clear(struct http_request *r); /* reply bufs */

/* The value of a reply header, compared without case; its length in len, or
 * NULL. */
const char *http_header(
    const struct http_request *r, const char *name, size_t *len);
/* The same in a copy of reply_header. */
const char *http_find(const struct buf *lines, const char *name, size_t *len);

#endif
