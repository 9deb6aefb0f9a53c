#ifndef LUNA_REQUEST_H
#define LUNA_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "conf.h"
#include "cred.h"
#include "err.h"
#include "http.h"
#include "service.h"
#include "sigv4.h"

/*
 * A request to a service: encoded for its protocol once, signed for each
 * attempt. Pure: the time is an argument.
 *
 * Source: the Smithy specification's AWS protocols: awsJson1_0, awsJson1_1,
 *         awsQuery, restJson1.
 */

/* A service as this process reaches it: its endpoint and signing key. */
struct request_site {
	const struct service *service;
	char *region; /* that was asked for, or NULL */
	char *url;    /* with its final '/' */
	char *host;
	bool configured; /* the endpoint is not AWS's own */
	struct sigv4 *signer;
};

/*
 * region: NULL: conf's.
 * Fails:  ERR_SETUP: as service_endpoint, or no region to sign for.
 */
int request_site_init(struct request_site *site, const struct service *service,
    const char *region, const struct conf *conf, struct err *err);
void request_site_clear(struct request_site *site);

/* What is asked, borrowed until the request is done. */
struct request_about {
	const char *operation;
	const char *url;          /* instead of the endpoint, or NULL */
	const char *method;       /* NULL: POST */
	const char *path;         /* REST: encoded path and query, or NULL */
	const char *bucket;       /* S3: path is below it; or NULL */
	const char *content_type; /* NULL: the protocol's */
	const struct sigv4_header *header; /* more of them, all signed */
	size_t header_count;
	const char *body;
	size_t body_len;
	bool gzip;          /* body is gzipped: say so */
	bool unsigned_body; /* S3: over TLS the body is not hashed */
};

struct request {
	struct http_request http; /* ready to start after request_sign */
	struct sigv4_signed sig;  /* of the last attempt */

	/* the module's */
	struct request_site *site;
	struct sigv4_header *header;
	size_t header_count, header_cap;
	const char **line;
	size_t line_cap;
	struct buf text; /* what line points into */
	struct buf url, host, path, target, body;
	const char *query; /* in path's bytes, or NULL */
	char id[37], body_hash[SIGV4_HEX];
};

/*
 * Encode what all attempts share. q is zeroed or was used before.
 *
 * site:  NULL: an unsigned request to about's url.
 * Fails: ERR_SETUP "BadUrl".
 */
int request_encode(struct request *q, struct request_site *site,
    const struct request_about *about, struct err *err);

/*
 * Write the header lines of an attempt (counted from 1) and sign it.
 *
 * cred: NULL for an unsigned request.
 */
void request_sign(struct request *q, const struct cred *cred, int64_t now_ms,
    int attempt, int max_attempts);

/*
 * Append the URL that is the request, signed in its query, for expires_s
 * seconds. A query API's parameters go into the URL as well; a body is the
 * user's, who sends it with the method and without other signed headers.
 */
void request_presign(struct request *q, const struct cred *cred,
    int64_t expires_s, int64_t now_ms, struct buf *url);

void request_clear(struct request *q);

#endif
