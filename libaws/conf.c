#include "conf.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "buf.h"
#include "mem.h"
#include "text.h"

static const char *
process_get(void *ctx, const char *name)
{
	(void)ctx;
	return getenv(name);
}

struct conf_env
conf_env_process(void)
{
	return (struct conf_env){.get = process_get};
}

const char *
conf_env_get(const struct conf *conf, const char *name)
{
	const char *value = conf->env.get(conf->env.ctx, name);
	return value == NULL || *value == '\0' ? NULL : value;
}

static const char *
or_null(const char *value)
{
	return value == NULL || *value == '\0' ? NULL : value;
}

const char *
conf_get(const struct conf *conf, const char *key)
{
	const char *v = or_null(ini_get(conf->credentials, conf->profile, key));
	if (v == NULL)
		v = or_null(ini_get(conf->config, conf->section, key));
	return v;
}

/* A setting by its variable, else by its key in the profile. *name: which. */
static const char *
setting(const struct conf *conf, const char *variable, const char *key,
    const char **name)
{
	const char *v = conf_env_get(conf, variable);
	*name = v != NULL ? variable : key;
	return v != NULL || key == NULL ? v : conf_get(conf, key);
}

static int
set_flag(const struct conf *conf, const char *variable, const char *key,
    bool otherwise, bool *out, struct err *err)
{
	const char *name;
	const char *v = setting(conf, variable, key, &name);
	if (v == NULL)
		*out = otherwise;
	else if (strcasecmp(v, "true") == 0)
		*out = true;
	else if (strcasecmp(v, "false") == 0)
		*out = false;
	else
		return err_set(err, ERR_SETUP, "BadConfig",
		    "%s is '%s': give true or false", name, v);
	return 0;
}

/* A file of ~/.aws, or the one that variable names. NULL: no home. */
static char *
shared_file(const struct conf *conf, const char *variable, const char *name)
{
	const char *home = conf_env_get(conf, "HOME");
	const char *named = conf_env_get(conf, variable);
	if (named != NULL && (strncmp(named, "~/", 2) != 0 || home == NULL))
		return mem_text(named);
	if (named != NULL)
		return mem_format("%s%s", home, named + 1);
	return home == NULL ? NULL : mem_format("%s/.aws/%s", home, name);
}

static struct ini *
open_file(const char *path, struct err *err)
{
	return path == NULL ? ini_parse("", 0, err) : ini_open(path, err);
}

int
conf_reload(struct conf *conf, struct err *err)
{
	struct ini *config = open_file(conf->config_path, err);
	struct ini *credentials = NULL;
	if (config != NULL)
		credentials = open_file(conf->credentials_path, err);
	if (credentials == NULL) {
		ini_free(config);
		return -1;
	}
	ini_free(conf->config);
	ini_free(conf->credentials);
	conf->config = config;
	conf->credentials = credentials;
	return 0;
}

static int
no_profile(const struct conf *conf, struct err *err)
{
	const char *config = conf->config_path, *cred = conf->credentials_path;
	if (config == NULL || cred == NULL)
		config = cred = "~/.aws (HOME is not set)";
	return err_set(err, ERR_SETUP, "NoProfile",
	    "no profile '%s': neither [%s] in %s nor [%s] in %s", conf->profile,
	    conf->section, config, conf->profile, cred);
}

static int
set_profile(
    struct conf *conf, const struct conf_options *options, struct err *err)
{
	conf->profile = or_null(options->profile);
	conf->profile_option = conf->profile != NULL;
	if (conf->profile == NULL)
		conf->profile = conf_env_get(conf, "AWS_PROFILE");
	if (conf->profile == NULL)
		conf->profile = conf_env_get(conf, "AWS_DEFAULT_PROFILE");
	if (conf->profile == NULL)
		conf->profile = "default";
	conf->section = mem_format("profile %s", conf->profile);
	if (ini_has(conf->config, conf->section))
		return 0;
	if (strcmp(conf->profile, "default") == 0) {
		free(conf->section);
		conf->section = mem_text("default");
		return 0;
	}
	if (ini_has(conf->credentials, conf->profile))
		return 0;
	return no_profile(conf, err);
}

/* It becomes part of a host name and of what is signed. */
static int
set_region(
    struct conf *conf, const struct conf_options *options, struct err *err)
{
	const char *name = "--region", *v = or_null(options->region);
	if (v == NULL)
		v = conf_env_get(conf, name = "AWS_REGION");
	if (v == NULL)
		v = setting(conf, "AWS_DEFAULT_REGION", "region", &name);
	if (v == NULL)
		return 0;
	size_t len = strspn(v, "abcdefghijklmnopqrstuvwxyz0123456789-");
	if (v[len] != '\0' || len > 63)
		return err_set(err, ERR_SETUP, "BadConfig",
		    "%s is '%s': no region, such as us-east-1", name, v);
	conf->region = mem_text(v);
	return 0;
}

static int
set_attempts(struct conf *conf, struct err *err)
{
	const char *name;
	const char *v =
	    setting(conf, "AWS_MAX_ATTEMPTS", "max_attempts", &name);
	int64_t n = 0;
	if (v != NULL && text_integer(v, 1, 100, &n) != 0)
		return err_set(err, ERR_SETUP, "BadConfig",
		    "%s is '%s': give a number from 1 to 100", name, v);
	conf->max_attempts = (int)n;
	return 0;
}

static int
set_flags(struct conf *conf, struct err *err)
{
	bool no_compress;
	if (set_flag(conf, "AWS_NEW_RETRIES_2026", NULL, true,
		&conf->retries_2026, err) != 0 ||
	    set_flag(conf, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint", false,
		&conf->fips, err) != 0 ||
	    set_flag(conf, "AWS_USE_DUALSTACK_ENDPOINT",
		"use_dualstack_endpoint", false, &conf->dualstack, err) != 0 ||
	    set_flag(conf, "AWS_DISABLE_REQUEST_COMPRESSION",
		"disable_request_compression", false, &no_compress, err) != 0 ||
	    set_flag(conf, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
		"ignore_configured_endpoint_urls", false,
		&conf->ignore_endpoints, err) != 0)
		return -1;
	conf->compress = !no_compress;
	return 0;
}

int
conf_init(struct conf *conf, struct conf_env env,
    const struct conf_options *options, struct err *err)
{
	*conf = (struct conf){
	    .env = env,
	    .endpoint_url = or_null(options->endpoint_url),
	    .timeout_ms = options->timeout_ms,
	    .verbose = options->verbose,
	};
	conf->config_path = shared_file(conf, "AWS_CONFIG_FILE", "config");
	conf->credentials_path =
	    shared_file(conf, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
	if (conf_reload(conf, err) != 0 ||
	    set_profile(conf, options, err) != 0 ||
	    set_region(conf, options, err) != 0 ||
	    set_attempts(conf, err) != 0 || set_flags(conf, err) != 0) {
		conf_clear(conf);
		return -1;
	}
	const char *name;
	conf->ca_bundle =
	    mem_text(setting(conf, "AWS_CA_BUNDLE", "ca_bundle", &name));
	return 0;
}

void
conf_clear(struct conf *conf)
{
	free(conf->region);
	free(conf->ca_bundle);
	free(conf->section);
	free(conf->config_path);
	free(conf->credentials_path);
	ini_free(conf->config);
	ini_free(conf->credentials);
	*conf = (struct conf){0};
}

/* endpoint_url of the service in [services NAME], NAME from the profile. */
static const char *
services_endpoint(const struct conf *conf, const char *id)
{
	const char *services = conf_get(conf, "services");
	if (services == NULL)
		return NULL;
	char *section = mem_format("services %s", services);
	char *key = mem_format("%s.endpoint_url", id);
	for (char *c = key; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c | 32);
	const char *v = or_null(ini_get(conf->config, section, key));
	free(section);
	free(key);
	return v;
}

const char *
conf_endpoint(const struct conf *conf, const char *id)
{
	if (conf->endpoint_url != NULL)
		return conf->endpoint_url;
	if (conf->ignore_endpoints)
		return NULL;
	char *variable = mem_format("AWS_ENDPOINT_URL_%s", id);
	const char *v = conf_env_get(conf, variable);
	free(variable);
	if (v == NULL)
		v = conf_env_get(conf, "AWS_ENDPOINT_URL");
	if (v == NULL)
		v = services_endpoint(conf, id);
	return v != NULL ? v : conf_get(conf, "endpoint_url");
}
