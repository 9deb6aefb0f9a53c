#ifndef LUNA_SOURCE_PROFILE_H
#define LUNA_SOURCE_PROFILE_H

#include "conf.h"
#include "cred.h"
#include "err.h"

/*
 * Credentials from the profile's aws_access_key_id, aws_secret_access_key,
 * aws_session_token and aws_account_id: in the credentials file, else in the
 * config file.
 *
 * Returns: 1: cred is set; 0: not here; -1: broken, or the profile asks for
 *          another source, which comes before the file, and err says which.
 */
int source_profile_get(
    const struct conf *conf, struct cred *cred, struct err *err);

#endif
