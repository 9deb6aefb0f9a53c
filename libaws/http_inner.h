#ifndef LUNA_HTTP_INNER_H
#define LUNA_HTTP_INNER_H

#include <curl/curl.h>

#include "http.h"

/*
 * What http.c, which moves requests along, and http_transfer.c, which tells
 * libcurl's handles what each of them is, share.
 */

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

/* p, unless libcurl had no memory for it: then the process ends. */
void *http_have(void *p);

/* A handle more, in h->all. */
struct transfer *http_transfer_new(struct http *h);
void http_transfer_free(struct transfer *t);
/* Tell the handle what differs from its last request. */
void http_transfer_set(struct transfer *t, const struct http_request *r);
/* Fill its request's err: what became of a transfer that has no answer. */
void http_transfer_explain(struct transfer *t, CURLcode code);

#endif
