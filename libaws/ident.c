#include "ident.h"

#include <sys/prctl.h>
#include <sys/stat.h>

#include <stdlib.h>
#include <string.h>

#include "cred.h"
#include "diag.h"
#include "mem.h"
#include "source_env.h"
#include "source_profile.h"
#include "xml.h"

struct ident {
	struct conf conf;
	struct cred cred; /* key_id NULL: not looked for yet */
	struct caller *caller;
	char *account;
	bool warned;
};

static int
no_credentials(const struct conf *conf, struct err *err)
{
	const char *config = conf->config_path, *cred = conf->credentials_path;
	if (config == NULL || cred == NULL)
		config = cred = "~/.aws (HOME is not set)";
	return err_set(err, ERR_SETUP, "NoCredentials",
	    "no credentials: %sno aws_access_key_id in [%s] of %s, nor in "
	    "[%s] of %s",
	    conf->profile_option ? "" : "AWS_ACCESS_KEY_ID is not set, ",
	    conf->profile, cred, conf->section, config);
}

/* The chain: the first source that has some, or that is broken, decides. */
static int
look(const struct conf *conf, struct cred *cred, struct err *err)
{
	int found = source_env_get(conf, cred, err);
	if (found == 0)
		found = source_profile_get(conf, cred, err);
	if (found == 0)
		return no_credentials(conf, err);
	return found < 0 ? -1 : cred_check(cred, err);
}

static void
warn_if_shared(struct ident *ident)
{
	struct stat st;
	const char *file = ident->cred.file;
	if (ident->warned || file == NULL || stat(file, &st) != 0 ||
	    (st.st_mode & (S_IRGRP | S_IROTH)) == 0)
		return;
	ident->warned = true;
	diag(
	    "%s holds a secret key and others can read it: chmod 600 it", file);
}

static const struct cred *
get_cred(void *ctx, bool refresh, struct err *err)
{
	struct ident *ident = ctx;
	if (ident->cred.key_id != NULL && !refresh)
		return &ident->cred;
	if (refresh && conf_reload(&ident->conf, err) != 0)
		return NULL;
	struct cred cred = {0};
	if (look(&ident->conf, &cred, err) != 0) {
		cred_clear(&cred);
		return NULL;
	}
	bool same =
	    ident->cred.key_id != NULL && cred_equal(&cred, &ident->cred);
	cred_clear(&ident->cred);
	ident->cred = cred;
	if (same) {
		err_set(err, ERR_SETUP, "ExpiredToken",
		    "the session token from the %s has expired: renew it, "
		    "then run again",
		    cred.source);
		return NULL;
	}
	warn_if_shared(ident);
	return &ident->cred;
}

struct ident *
ident_open(const struct conf_options *options, const char *tool,
    size_t connections, struct err *err)
{
	/* From here on memory holds secrets: a core dump would keep them. */
	prctl(PR_SET_DUMPABLE, 0);
	struct ident *ident = mem_alloc(sizeof(*ident));
	if (conf_init(&ident->conf, conf_env_process(), options, err) != 0) {
		free(ident);
		return NULL;
	}
	struct call_cred source = {.get = get_cred, .ctx = ident};
	ident->caller = call_open(&ident->conf, source, tool, connections);
	return ident;
}

void
ident_close(struct ident *ident)
{
	if (ident == NULL)
		return;
	call_close(ident->caller);
	cred_clear(&ident->cred);
	conf_clear(&ident->conf);
	free(ident->account);
	free(ident);
}

struct caller *
ident_caller(struct ident *ident)
{
	return ident->caller;
}

const struct conf *
ident_conf(const struct ident *ident)
{
	return &ident->conf;
}

static bool
is_account(const char *text)
{
	return text != NULL && strlen(text) == 12 &&
	       strspn(text, "0123456789") == 12;
}

static char *
ask_account(struct ident *ident, struct err *err)
{
	struct call call = {
	    .service = service_find("sts"),
	    .operation = "GetCallerIdentity",
	};
	char *account = NULL;
	struct xml *xml = NULL;
	if (call_run(ident->caller, &call, err) != 0) {
		err_prefix(err, "sts:GetCallerIdentity (AWS_ACCOUNT_ID spares "
				"it)");
		goto out;
	}
	xml = xml_parse(buf_text(&call.reply), call.reply.len, err);
	if (xml == NULL)
		goto out;
	const char *text = xml_text(xml, "GetCallerIdentityResult/Account");
	if (is_account(text))
		account = mem_text(text);
	else
		err_set(err, ERR_LATER, "InvalidReply",
		    "sts:GetCallerIdentity answered without an account");
out:
	xml_free(xml);
	call_clear(&call);
	return account;
}

const char *
ident_account(struct ident *ident, struct err *err)
{
	const char *env = conf_env_get(&ident->conf, "AWS_ACCOUNT_ID");
	if (env != NULL && is_account(env))
		return env;
	if (env != NULL) {
		err_set(err, ERR_SETUP, "BadConfig",
		    "AWS_ACCOUNT_ID is '%s': an account has 12 digits", env);
		return NULL;
	}
	if (ident->account != NULL)
		return ident->account;
	const struct cred *cred = get_cred(ident, false, err);
	if (cred == NULL)
		return NULL;
	ident->account = is_account(cred->account_id)
			     ? mem_text(cred->account_id)
			     : ask_account(ident, err);
	return ident->account;
}
