#ifndef LUNA_SOURCE_ENV_H
#define LUNA_SOURCE_ENV_H

#include "conf.h"
#include "cred.h"
#include "err.h"

/*
 * Credentials from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
 * AWS_SESSION_TOKEN; their account from AWS_ACCOUNT_ID. Not looked at when
 * --profile names a profile.
 *
 * Returns: 1: cred is set; 0: not here; -1: broken, and err says how.
 */
int source_env_get(const struct conf *conf, struct cred *cred, struct err *err);

#endif
