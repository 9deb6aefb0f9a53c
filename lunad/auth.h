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
	AUTH_UNKNOWN_KEY,
	AUTH_MISMATCH, /* also: expired, not yet current */
	AUTH_EXPIRED_TOKEN
};

#define AUTH_NAME 64

struct auth_result {
	const struct key *key;
	char region[AUTH_NAME], service[AUTH_NAME];
	bool presigned;
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

/* The service that a request says it is signed for; "" when it says none. */
void auth_service(const struct auth_request *q, char service[static AUTH_NAME]);

/* A header, or NULL; names are compared without case. */
const struct auth_header *auth_header(
    const struct auth_request *q, const char *name);

#endif
