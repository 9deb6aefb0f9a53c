#include "source_profile.h"

#include "mem.h"

/* Never another identity than the profile asks for. */
static int
refuse(const struct conf *conf, const char *key, struct err *err)
{
	return err_set(err, ERR_SETUP, "NoCredentials",
	    "profile '%s' gets its credentials by %s, which luna cannot do "
	    "yet: put keys into the environment, as 'aws configure "
	    "export-credentials --format env' prints them",
	    conf->profile, key);
}

/* The first of keys that the profile has, or NULL. */
static const char *
has(const struct conf *conf, const char *const *key)
{
	while (*key != NULL && conf_get(conf, *key) == NULL)
		key++;
	return *key;
}

static int
from_file(const struct conf *conf, const struct ini *file, const char *section,
    const char *path, struct cred *cred, struct err *err)
{
	const char *id = ini_get(file, section, "aws_access_key_id");
	const char *secret = ini_get(file, section, "aws_secret_access_key");
	if (id == NULL && secret == NULL)
		return 0;
	if (id == NULL || secret == NULL || *id == '\0' || *secret == '\0')
		return err_set(err, ERR_SETUP, "NoCredentials",
		    "%s: [%s] has no %s", path, section,
		    id == NULL || *id == '\0' ? "aws_access_key_id"
					      : "aws_secret_access_key");
	const char *token = ini_get(file, section, "aws_session_token");
	const char *account = ini_get(file, section, "aws_account_id");
	cred_set(cred, id, secret, token != NULL && *token ? token : NULL, 0,
	    file == conf->config ? "config file" : "credentials file");
	cred->account_id = mem_text(account);
	cred->file = path;
	return 1;
}

int
source_profile_get(const struct conf *conf, struct cred *cred, struct err *err)
{
	static const char *const before[] = {"role_arn",
	    "web_identity_token_file", "sso_session", "sso_start_url", NULL};
	static const char *const between[] = {
	    "login_session", "credential_process", NULL};
	const char *other = has(conf, before);
	if (other != NULL)
		return refuse(conf, other, err);
	int found = from_file(conf, conf->credentials, conf->profile,
	    conf->credentials_path, cred, err);
	if (found != 0)
		return found;
	other = has(conf, between);
	if (other != NULL)
		return refuse(conf, other, err);
	return from_file(
	    conf, conf->config, conf->section, conf->config_path, cred, err);
}
