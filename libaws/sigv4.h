#ifndef LUNA_SIGV4_H
#define LUNA_SIGV4_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "cred.h"

/*
 * AWS Signature Version 4, in the Authorization header or in the query.
 * Pure: the time is an argument, every stage can be printed, and a published
 * vector is a whole test.
 *
 * Source: IAM User Guide, "Create a signed AWS API request"; S3 API
 *         Reference, "Authenticating Requests".
 */
#define SIGV4_HEX 65  /* SHA-256 in hex and a NUL */
#define SIGV4_TIME 17 /* "20150830T123600Z" and a NUL */
#define SIGV4_UNSIGNED "UNSIGNED-PAYLOAD"

struct sigv4_header {
	const char *name; /* any case */
	const char *value;
};

struct sigv4_request {
	const char *method;
	const char *path;  /* as sent, encoded once; "" is "/" */
	const char *query; /* as sent, without '?'; NULL: none */
	/* In any order and case. All of them are signed: leave out what must
	 * not be (user-agent, expect, hop-by-hop). Host is among them. */
	const struct sigv4_header *header;
	size_t header_count;
	const void *body;
	size_t body_len;
	/* Given instead of body: hex, or SIGV4_UNSIGNED where S3 takes it, or
	 * a streaming keyword. */
	const char *body_hash;
	bool keep_path;  /* no path normalisation, single encoding: S3 */
	bool sign_body;  /* add X-Amz-Content-Sha256 */
	bool late_token; /* X-Amz-Security-Token is sent but not signed */
};

/*
 * A signer keeps the key derived for one day, region and service.
 *
 * Owns: copies of region, service and key id; the derived key, wiped.
 */
struct sigv4;
struct sigv4 *sigv4_new(const char *region, const char *service);
void sigv4_free(struct sigv4 *s);

/* The headers to add to the request, each "Name: value". */
struct sigv4_signed {
	char date[SIGV4_TIME];
	char body_hash[SIGV4_HEX];
	struct buf authorization;      /* the value */
	struct buf query;              /* of sigv4_presign */
	struct buf canonical, to_sign; /* the stages, for tests and -vv */
	char signature[SIGV4_HEX];
};
void sigv4_signed_clear(struct sigv4_signed *out);

/*
 * Sign req with cred at now_ms. X-Amz-Date, X-Amz-Security-Token (when cred
 * has a token) and X-Amz-Content-Sha256 (when sign_body) are signed with the
 * rest; the caller sends them with out's values.
 *
 * out:   zeroed or used before; its bufs are reset and reused.
 * Fails: never; what it cannot sign is a bug in the caller.
 */
void sigv4_sign(struct sigv4 *s, const struct sigv4_request *req,
    const struct cred *cred, int64_t now_ms, struct sigv4_signed *out);

/*
 * Sign req so that its URL is all that is needed: out's query is req's and
 * the signature's parameters, to be sent instead of req's. Whoever has the
 * URL is cred for expires_s seconds (at most 604,800).
 *
 * req: as sigv4_sign's; of its headers (Host at least) the sender must send
 *      the same. sign_body has no meaning here: S3's body_hash is
 *      SIGV4_UNSIGNED.
 */
void sigv4_presign(struct sigv4 *s, const struct sigv4_request *req,
    const struct cred *cred, int64_t expires_s, int64_t now_ms,
    struct sigv4_signed *out);

#endif
