#ifndef LUNAD_AUTH_H
#define LUNAD_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Who signed a request: Signature Version 4 checked from the request as it
 * came over the wire, in the header form and in the query form. Nothing of
 * libaws's signer is used, so that a mistake there is caught here.
 *
 * Source: IAM User Guide, "Create a signed AWS API request".
 */
struct digest_key;
struct keys;

struct auth_header {
	const char *name, *value; /* NUL-terminated */
	size_t name_len, value_len;
};

struct auth_request {
	const char *method;
	const char *target; /* raw: path and query as sent */
	struct auth_header *header;
	size_t headers;
	const char *body;
	size_t body_len;
};

enum auth_error {
	AUTH_MISSING = 1, /* not signed at all */
	AUTH_INCOMPLETE,
	AUTH_CREDENTIAL, /* its scope is not of five parts */
	AUTH_UNKNOWN_KEY,
	AUTH_WRONG_TOKEN,
	AUTH_SKEWED,  /* expired, not yet current */
	AUTH_EXPIRED, /* the same of a presigned one */
	AUTH_MISMATCH,
	AUTH_EXPIRED_TOKEN
};

#define AUTH_NAME 64
#define AUTH_KEY_ID 129

struct auth_result {
	const struct key *key;
	char region[AUTH_NAME], service[AUTH_NAME];
	bool presigned;
	/* What it claimed; a view of the request. */
	char key_id[AUTH_KEY_ID], date[9], stamp[17];
	char signature[2 * 32 + 1];
	int64_t at_s, expires_s;
	const char *signed_headers; /* "host;x-amz-date" */
	size_t signed_len;
	char message[2048]; /* of the error */
};

struct auth *auth_new(struct keys *keys);
void auth_free(struct auth *a);
/* Forget derived keys: keys were taken away. */
void auth_forget(struct auth *a);

/*
 * now_ms: real time.
 * Returns 0 or the error, whose message is in out; region and service are
 * filled as far as they were legible.
 */
int auth_check(struct auth *a, const struct auth_request *q, int64_t now_ms,
    struct auth_result *out);

/* Is the header one of those that were signed? */
bool auth_signed(const struct auth_result *who, const char *name);

/* Of a request refused with AUTH_MISMATCH: what should have been signed;
 * false when it was not for that. Valid until the next check. */
bool auth_calculated(
    const struct auth *a, const char **canonical, const char **to_sign);

/* The derived key with which a verified request signs what follows (chunks
 * of its body). Owned by the caller. */
struct digest_key *auth_derived(const struct auth_result *who);

/* The service that a request says it is signed for; "" when it says none. */
void auth_service(const struct auth_request *q, char service[static AUTH_NAME]);

/* A header, or NULL; names are compared without case. */
const struct auth_header *auth_header(
    const struct auth_request *q, const char *name);

#endif
