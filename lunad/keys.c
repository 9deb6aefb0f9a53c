#include "keys.h"

#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "ini.h"
#include "lunad.h"
#include "mem.h"

#define BUCKETS 256

struct keys {
	struct key *bucket[BUCKETS];
};

static size_t
bucket_of(const char *id)
{
	size_t h = 5381;
	for (; *id != '\0'; id++)
		h = h * 33 + (unsigned char)*id;
	return h % BUCKETS;
}

static void
wiped_free(char *secret)
{
	if (secret != NULL)
		digest_wipe(secret, strlen(secret));
	free(secret);
}

static void
key_free(struct key *key)
{
	free(key->id);
	wiped_free(key->secret);
	wiped_free(key->token);
	free(key->account);
	free(key->arn);
	free(key->user_id);
	free(key);
}

struct keys *
keys_new(void)
{
	struct keys *k = mem_alloc(sizeof(*k));
	char id[] = LUNAD_KEY_ID, secret[] = LUNAD_SECRET;
	char account[] = LUNAD_ACCOUNT;
	char arn[] = "arn:aws:iam::" LUNAD_ACCOUNT ":user/lunad";
	char user[] = "AIDALUNADEXAMPLE00000";
	keys_add(k, &(struct key){.id = id,
			.secret = secret,
			.account = account,
			.arn = arn,
			.user_id = user,
			.fixed = true});
	return k;
}

void
keys_free(struct keys *k)
{
	if (k == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while (k->bucket[i] != NULL) {
			struct key *key = k->bucket[i];
			k->bucket[i] = key->next;
			key_free(key);
		}
	free(k);
}

void
keys_add(struct keys *k, const struct key *key)
{
	struct key *mine = mem_alloc(sizeof(*mine));
	struct key **b = &k->bucket[bucket_of(key->id)];
	*mine = (struct key){
	    .id = mem_text(key->id),
	    .secret = mem_text(key->secret),
	    .token = mem_text(key->token),
	    .account = mem_text(key->account),
	    .arn = mem_text(key->arn),
	    .user_id = mem_text(key->user_id),
	    .expires_ms = key->expires_ms,
	    .fixed = key->fixed,
	    .next = *b,
	};
	*b = mine;
}

/* Drop the keys of an id, or (NULL) all that came after the start. */
static void
drop(struct keys *k, const char *id)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct key **at = &k->bucket[i]; *at != NULL;) {
			struct key *key = *at;
			if (id != NULL ? strcmp(key->id, id) != 0
				       : key->fixed) {
				at = &key->next;
				continue;
			}
			*at = key->next;
			key_free(key);
		}
}

void
keys_drop(struct keys *k, const char *id)
{
	drop(k, id);
}

void
keys_drop_later(struct keys *k)
{
	drop(k, NULL);
}

const struct key *
keys_find(const struct keys *k, const char *id)
{
	const struct key *key = k->bucket[bucket_of(id)];
	while (key != NULL && strcmp(key->id, id) != 0)
		key = key->next;
	return key;
}

/* A section's keys, as the user of its name; aws_account_id moves it to
 * another account. */
static int
load_section(
    struct keys *k, const struct ini *ini, const char *section, struct err *err)
{
	const char *id = ini_get(ini, section, "aws_access_key_id");
	const char *secret = ini_get(ini, section, "aws_secret_access_key");
	const char *account = ini_get(ini, section, "aws_account_id");
	if (id == NULL || secret == NULL)
		return err_set(err, ERR_SETUP, "Credentials", "[%s] has no %s",
		    section,
		    id == NULL ? "aws_access_key_id" : "aws_secret_access_key");
	struct key key = {
	    .id = mem_text(id),
	    .secret = mem_text(secret),
	    .account = mem_text(account == NULL ? LUNAD_ACCOUNT : account),
	    .user_id = mem_format("AIDA%.17s", id + strnlen(id, 4)),
	    .fixed = true,
	};
	key.arn = mem_format("arn:aws:iam::%s:user/%s", key.account, section);
	keys_add(k, &key);
	wiped_free(key.secret);
	free(key.id);
	free(key.account);
	free(key.user_id);
	free(key.arn);
	return 0;
}

int
keys_load(struct keys *k, const char *path, struct err *err)
{
	struct ini *ini = ini_open(path, err);
	const char *section;
	int rc = 0;
	if (ini == NULL)
		return -1;
	if (ini_section(ini, 0) == NULL)
		rc = err_set(err, ERR_SETUP, "Credentials",
		    "there is no [section] with a key, or no such file");
	for (size_t i = 0; rc == 0 && (section = ini_section(ini, i)) != NULL;
	     i++)
		rc = load_section(k, ini, section, err);
	ini_free(ini);
	if (rc < 0)
		err_prefix(err, "--credentials %s", path);
	return rc;
}
