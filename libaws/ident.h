#ifndef LUNA_IDENT_H
#define LUNA_IDENT_H

#include "buf.h"
#include "call.h"
#include "conf.h"
#include "err.h"

/*
 * Who calls: settings, credentials by the chain of sources (environment,
 * then the shared files' profile), the account they belong to, and the
 * caller that all calls of a tool go through.
 */
struct ident;

/*
 * Credentials are looked for at the first call, not here.
 *
 * tool:  for the user agent and diagnostics.
 * Fails: ERR_SETUP, as conf_init.
 */
struct ident *ident_open(const struct conf_options *options, const char *tool,
    size_t connections, struct err *err);
void ident_close(struct ident *ident);

struct caller *ident_caller(struct ident *ident);
const struct conf *ident_conf(const struct ident *ident);

/*
 * The 12 digits of the account: AWS_ACCOUNT_ID, else what the credentials
 * say, else sts:GetCallerIdentity, asked once.
 * Returns: lives as long as ident; NULL and err.
 */
const char *ident_account(struct ident *ident, struct err *err);

/*
 * Name, ARN or URL to what a call needs, appended to out.
 * topic: an ARN. queue: a URL (GetQueueUrl for a name; of a URL only the
 * path counts when an endpoint is configured).
 *
 * ask:   false: make no call (--dry-run); what only a call could tell is
 *        left as the name.
 * Fails: ERR_SETUP, or ERR_LATER.
 */
int ident_topic(struct ident *ident, const char *name, bool ask,
    struct buf *out, struct err *err);
int ident_queue(struct ident *ident, const char *name, bool ask,
    struct buf *out, struct err *err);

/*
 * Append the member that says which stream a Kinesis call means: "StreamName"
 * for a name, "StreamARN" for an ARN. Makes no call.
 * Fails: ERR_SETUP "BadStream".
 */
int ident_stream(const char *name, struct buf *out, struct err *err);

#endif
