#ifndef LUNA_CONF_H
#define LUNA_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "ini.h"

/*
 * Settings as every AWS client reads them: options over environment over
 * the profile in the shared files.
 *
 * Environment: AWS_PROFILE (AWS_DEFAULT_PROFILE), AWS_REGION before
 * AWS_DEFAULT_REGION, AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE,
 * AWS_CA_BUNDLE, AWS_MAX_ATTEMPTS, AWS_NEW_RETRIES_2026, AWS_USE_FIPS_ENDPOINT,
 * AWS_USE_DUALSTACK_ENDPOINT, AWS_DISABLE_REQUEST_COMPRESSION, and the
 * endpoints' (conf_endpoint). AWS_RETRY_MODE is not read: there is one mode,
 * "standard".
 */

/* The environment, passed in: getenv in tools, a table in tests. */
struct conf_env {
	const char *(*get)(void *ctx, const char *name);
	void *ctx;
};
/* The process's own environment. */
struct conf_env conf_env_process(void);

struct conf {
	struct conf_env env;
	const char *profile;      /* "default" when none was named */
	bool profile_option;      /* by --profile: it hides keys in env */
	char *region;             /* NULL: none configured */
	char *ca_bundle;          /* file or directory, or NULL */
	const char *endpoint_url; /* --endpoint-url, or NULL */
	int64_t timeout_ms;       /* of one attempt; 0: the default, 30 s */
	int max_attempts;         /* 0: the service's default */
	bool retries_2026;        /* unless AWS_NEW_RETRIES_2026=false */
	bool fips, dualstack;
	bool compress;         /* unless AWS_DISABLE_REQUEST_COMPRESSION */
	bool ignore_endpoints; /* AWS_IGNORE_CONFIGURED_ENDPOINT_URLS */
	int verbose;
	struct ini *config;      /* [profile x], [default], [services x] */
	struct ini *credentials; /* [x] */
	char *section;           /* of the profile in config */
	char *config_path, *credentials_path; /* NULL: HOME is not set */
};

/* What options say; zero or NULL means not said. */
struct conf_options {
	const char *region, *profile, *endpoint_url;
	int64_t timeout_ms;
	int verbose;
};

/*
 * Fails: ERR_SETUP: a file that does not parse; a named profile that is in
 *        neither file; a value out of its range, with its name.
 * Owns:  all but env, options' strings; conf_clear releases.
 */
int conf_init(struct conf *conf, struct conf_env env,
    const struct conf_options *options, struct err *err);
void conf_clear(struct conf *conf);
/*
 * Read the shared files again, for credentials renewed since. What conf_get
 * and conf_endpoint returned before is gone.
 * Fails: ERR_SETUP, and conf is as it was.
 */
int conf_reload(struct conf *conf, struct err *err);

/* An environment variable; NULL when unset or empty. */
const char *conf_env_get(const struct conf *conf, const char *name);
/* A key of the profile, in the credentials file before the config file, or
 * NULL when absent or empty. */
const char *conf_get(const struct conf *conf, const char *key);
/*
 * The configured endpoint of a service, or NULL: --endpoint-url, then
 * AWS_ENDPOINT_URL_<ID>, AWS_ENDPOINT_URL, the profile's services section,
 * the profile's endpoint_url; AWS_IGNORE_CONFIGURED_ENDPOINT_URLS leaves out
 * all but the first.
 *
 * id: as in the variable ("SQS", "DYNAMODB", "CLOUDWATCH_LOGS").
 */
const char *conf_endpoint(const struct conf *conf, const char *id);

#endif
