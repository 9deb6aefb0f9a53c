#ifndef LUNAD_KEYS_H
#define LUNAD_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

/*
 * The keys that lunad knows: the documented pair, those of --credentials
 * FILE, those of IAM's users, and the sessions that STS gave out.
 */
struct key {
	char *id, *secret;
	char *token; /* sessions only */
	char *account;
	char *arn;          /* of the principal */
	char *user_id;      /* "AIDA…" or "AROA…:session" */
	int64_t expires_ms; /* real time; sessions only */
	bool fixed;         /* from the start: a reset keeps it */
	struct key *next;
};

struct keys;

struct keys *keys_new(void);
void keys_free(struct keys *k);
/* Fails: ERR_SETUP. */
int keys_load(struct keys *k, const char *path, struct err *err);
/* All is copied; a later key of the same id takes the place of the first. */
void keys_add(struct keys *k, const struct key *key);
void keys_drop(struct keys *k, const char *id);
/* All that came after the start: sessions, and keys of IAM's users. */
void keys_drop_later(struct keys *k);
const struct key *keys_find(const struct keys *k, const char *id);

#endif
