#include "cred.h"

#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "mem.h"

static void
wipe(char *text)
{
	if (text != NULL)
		digest_wipe(text, strlen(text));
	free(text);
}

void
cred_set(struct cred *cred, const char *key_id, const char *secret,
    const char *token, int64_t expires_ms, const char *source)
{
	*cred = (struct cred){
	    .key_id = mem_text(key_id),
	    .secret = mem_text(secret),
	    .token = mem_text(token),
	    .expires_ms = expires_ms,
	    .source = source,
	};
}

void
cred_clear(struct cred *cred)
{
	wipe(cred->key_id);
	wipe(cred->secret);
	wipe(cred->token);
	free(cred->account_id);
	*cred = (struct cred){0};
}

static bool
same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool
cred_equal(const struct cred *a, const struct cred *b)
{
	return same(a->key_id, b->key_id) && same(a->secret, b->secret) &&
	       same(a->token, b->token);
}

static bool
visible(const char *text)
{
	for (; text != NULL && *text != '\0'; text++)
		if (*text <= ' ' || *text > '~')
			return false;
	return true;
}

int
cred_check(const struct cred *cred, struct err *err)
{
	const char *what = NULL;
	if (!visible(cred->key_id) || strchr(cred->key_id, '/') != NULL)
		what = "access key id";
	else if (!visible(cred->secret))
		what = "secret access key";
	else if (!visible(cred->token))
		what = "session token";
	if (what == NULL)
		return 0;
	return err_set(err, ERR_SETUP, "NoCredentials",
	    "the %s from the %s has a character that no key has (a space, a "
	    "line end?)",
	    what, cred->source);
}
