#ifndef LUNA_CRED_H
#define LUNA_CRED_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

/*
 * A key pair. Secrets live here alone; cred_clear wipes before it frees.
 */
struct cred {
	char *key_id;
	char *secret;
	char *token;        /* NULL: none */
	int64_t expires_ms; /* 0: never */
	char *account_id;   /* NULL: unknown */
	const char *source; /* "environment", "credentials file": for -v */
	const char *file;   /* that it was read from, or NULL; conf's */
};

/* Copies; NULL token and account_id stay NULL. */
void cred_set(struct cred *cred, const char *key_id, const char *secret,
    const char *token, int64_t expires_ms, const char *source);
void cred_clear(struct cred *cred);

/* Are they the same keys? */
bool cred_equal(const struct cred *a, const struct cred *b);
/*
 * Only visible ASCII, as what goes into headers must be.
 * Fails: ERR_SETUP "NoCredentials", naming what and whence, not its value.
 */
int cred_check(const struct cred *cred, struct err *err);

#endif
