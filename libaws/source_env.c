#include "source_env.h"

#include "mem.h"

int
source_env_get(const struct conf *conf, struct cred *cred, struct err *err)
{
	const char *id = conf_env_get(conf, "AWS_ACCESS_KEY_ID");
	const char *secret = conf_env_get(conf, "AWS_SECRET_ACCESS_KEY");
	if (conf->profile_option || (id == NULL && secret == NULL))
		return 0;
	if (id == NULL || secret == NULL)
		return err_set(err, ERR_SETUP, "NoCredentials",
		    "%s is set but %s is not",
		    id != NULL ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
		    id != NULL ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
	cred_set(cred, id, secret, conf_env_get(conf, "AWS_SESSION_TOKEN"), 0,
	    "environment");
	cred->account_id = mem_text(conf_env_get(conf, "AWS_ACCOUNT_ID"));
	return 1;
}
