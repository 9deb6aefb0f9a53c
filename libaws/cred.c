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
