#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "digest.h"
#include "keys.h"
#include "mem.h"
#include "text.h"

/*
 * STS: who am I, and keys for a while. The keys verify like any other until
 * they expire, in real time: their owner's clock is real.
 */
#define ROLE_DEFAULT_S 3600
#define ROLE_CHAINED_S 3600
#define TOKEN_DEFAULT_S 43200
#define FORGET_MS 86400000

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS sts_session ("
    " key_id TEXT PRIMARY KEY, secret TEXT NOT NULL, token TEXT NOT NULL,"
    " account TEXT NOT NULL, arn TEXT NOT NULL, user_id TEXT NOT NULL,"
    " expires_ms INTEGER NOT NULL) WITHOUT ROWID";

/* len characters of A-Z and 2-7, as in AWS's ids. */
static char *
random_id(struct request *r, const char *prefix, size_t len)
{
	static const char alphabet[32] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	size_t at = strlen(prefix);
	uint8_t bytes[32];
	char *id = request_alloc(r, at + len + 1);
	memcpy(id, prefix, at);
	digest_random(bytes, len);
	for (size_t i = 0; i < len; i++)
		id[at + i] = alphabet[bytes[i] % 32];
	return id;
}

static char *
random_base64(struct request *r, size_t bytes)
{
	uint8_t raw[256];
	struct buf b = {0};
	digest_random(raw, bytes);
	text_base64(raw, bytes, &b);
	char *text = request_format(r, "%s", buf_text(&b));
	buf_clear(&b);
	return text;
}

/* Make keys for a principal, keep them, and put them into the reply. */
static void
issue(struct request *r, const char *arn, const char *user_id, int64_t seconds)
{
	char account[16], arn_copy[2048], user[256];
	snprintf(account, sizeof(account), "%s", r->account);
	snprintf(arn_copy, sizeof(arn_copy), "%s", arn);
	snprintf(user, sizeof(user), "%s", user_id);
	struct key k = {.id = random_id(r, "ASIA", 16),
	    .secret = random_base64(r, 30),
	    .token = random_base64(r, 240),
	    .account = account,
	    .arn = arn_copy,
	    .user_id = user,
	    .expires_ms = text_now() / 1000 * 1000 + seconds * 1000};
	store_do(r->store,
	    "INSERT INTO sts_session (key_id, secret, token, account, arn,"
	    " user_id, expires_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
	    "tttttti", k.id, k.secret, k.token, k.account, k.arn, k.user_id,
	    k.expires_ms);
	keys_add(r->lunad->keys, &k);
	put_open(r->out, "Credentials", '{');
	put_text(r->out, "AccessKeyId", k.id);
	put_text(r->out, "SecretAccessKey", k.secret);
	put_text(r->out, "SessionToken", k.token);
	put_time(r->out, "Expiration", k.expires_ms);
	put_close(r->out, '}');
}

static int
get_caller_identity(struct request *r)
{
	const struct key *k = keys_find(r->lunad->keys, r->key_id);
	put_open(r->out, NULL, '{');
	put_text(r->out, "UserId", k == NULL ? r->account : k->user_id);
	put_text(r->out, "Account", r->account);
	put_text(r->out, "Arn", r->principal);
	put_close(r->out, '}');
	return ANSWER;
}

static int
invalid(struct request *r, const char *value, const char *name,
    const char *constraint)
{
	return fail(r, 400, "ValidationError",
	    "1 validation error detected: Value '%s' at '%s' failed to satisfy "
	    "constraint: Member must %s",
	    value, name, constraint);
}

static int
check_seconds(struct request *r, int64_t seconds, int64_t most)
{
	char *value = request_format(r, "%lld", (long long)seconds);
	if (seconds < 900)
		return invalid(r, value, "durationSeconds",
		    "have value greater than or equal to 900");
	if (seconds > most)
		return invalid(r, value, "durationSeconds",
		    request_format(r, "have value less than or equal to %lld",
			(long long)most));
	return 0;
}

static int
check_session_name(struct request *r, const char *name)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz"
				      "0123456789_+=,.@-";
	size_t len = strlen(name);
	if (len < 2)
		return invalid(r, name, "roleSessionName",
		    "have length greater than or equal to 2");
	if (len > 64)
		return invalid(r, name, "roleSessionName",
		    "have length less than or equal to 64");
	if (strspn(name, allowed) != len)
		return invalid(r, name, "roleSessionName",
		    "satisfy regular expression pattern: [\\w+=,.@-]*");
	return 0;
}

/* The role as IAM has it: its id, and how long a session may be. */
static int
find_role(
    struct request *r, const char *arn, const char *name, struct buf *role)
{
	struct lunad_failure failure;
	struct buf params = {0};
	put_open(&params, NULL, '{');
	put_text(&params, "RoleName", name);
	put_close(&params, '}');
	int status = lunad_call(r->lunad, r->region, "iam", "GetRole",
	    params.data, params.len, role, &failure);
	buf_clear(&params);
	struct json v = {JSON_OBJECT, buf_text(role), role->len};
	if (status == 0 && json_is(json_get(json_get(v, "Role"), "Arn"), arn))
		return 0;
	return fail(r, 403, "AccessDenied",
	    "User: %s is not authorized to perform: sts:AssumeRole on "
	    "resource: %s",
	    r->principal, arn);
}

static int
check_role(
    struct request *r, const struct buf *role, int64_t seconds, const char **id)
{
	struct json v = {JSON_OBJECT, buf_text(role), role->len};
	int64_t most;
	v = json_get(v, "Role");
	*id = param_text(r, json_get(v, "RoleId"), NULL);
	if (json_integer(json_get(v, "MaxSessionDuration"), &most) == 0 &&
	    seconds > most)
		return fail(r, 400, "ValidationError",
		    "The requested DurationSeconds exceeds the "
		    "MaxSessionDuration set for this role.");
	if (strncmp(r->key_id, "ASIA", 4) == 0 && seconds > ROLE_CHAINED_S)
		return fail(r, 400, "ValidationError",
		    "The requested DurationSeconds exceeds the 1 hour session "
		    "limit for roles assumed by role chaining");
	return 0;
}

static int
assume_role(struct request *r)
{
	const char *arn = param(r, "RoleArn");
	const char *session = param(r, "RoleSessionName");
	int64_t seconds = param_int(r, "DurationSeconds", ROLE_DEFAULT_S);
	const char *id = "";
	struct buf role = {0};
	if (arn == NULL || session == NULL)
		return fail(r, 400, "ValidationError",
		    "1 validation error detected: Value null at '%s' failed to "
		    "satisfy constraint: Member must not be null",
		    arn == NULL ? "roleArn" : "roleSessionName");
	if (check_session_name(r, session) < 0 ||
	    check_seconds(r, seconds, 43200) < 0)
		return ANSWER_ERROR;
	const char *name = strstr(arn, ":role/");
	if (strncmp(arn, "arn:", 4) != 0 || name == NULL)
		return fail(r, 400, "ValidationError", "%s is invalid", arn);
	name = strrchr(name, '/') + 1;
	int rc = find_role(r, arn, name, &role);
	if (rc == 0)
		rc = check_role(r, &role, seconds, &id);
	buf_clear(&role);
	if (rc < 0)
		return ANSWER_ERROR;
	put_open(r->out, NULL, '{');
	const char *as = request_format(
	    r, "arn:aws:sts::%s:assumed-role/%s/%s", r->account, name, session);
	const char *user = request_format(r, "%s:%s", id, session);
	issue(r, as, user, seconds);
	put_open(r->out, "AssumedRoleUser", '{');
	put_text(r->out, "AssumedRoleId", user);
	put_text(r->out, "Arn", as);
	put_close(r->out, '}');
	put_close(r->out, '}');
	return ANSWER;
}

static int
get_session_token(struct request *r)
{
	const struct key *k = keys_find(r->lunad->keys, r->key_id);
	int64_t seconds = param_int(r, "DurationSeconds", TOKEN_DEFAULT_S);
	if (check_seconds(r, seconds, 129600) < 0)
		return ANSWER_ERROR;
	if (k == NULL || k->token != NULL)
		return fail(r, 403, "AccessDenied",
		    "Cannot call GetSessionToken with session credentials");
	put_open(r->out, NULL, '{');
	issue(r, r->principal, k->user_id, seconds);
	put_close(r->out, '}');
	return ANSWER;
}

/* Sessions outlive the process. Those that are over are told so for a day,
 * and then unknown. */
static void
sts_open(struct lunad *l)
{
	struct store *s = lunad_store(l);
	store_do(s, "DELETE FROM sts_session WHERE expires_ms <= ?", "i",
	    text_now() - FORGET_MS);
	sqlite3_stmt *q = store_query(s,
	    "SELECT key_id, secret, token, account, arn, user_id, expires_ms"
	    " FROM sts_session",
	    "");
	while (store_next(q)) {
		char *column[6];
		for (int i = 0; i < 6; i++)
			column[i] = mem_text(store_text(q, i));
		keys_add(l->keys, &(struct key){.id = column[0],
				      .secret = column[1],
				      .token = column[2],
				      .account = column[3],
				      .arn = column[4],
				      .user_id = column[5],
				      .expires_ms = store_int(q, 6)});
		for (int i = 0; i < 6; i++)
			free(column[i]);
	}
	store_end(q);
}

static const struct operation operations[] = {
    {.name = "GetCallerIdentity", .run = get_caller_identity},
    {.name = "AssumeRole", .run = assume_role, .writes = true},
    {.name = "GetSessionToken", .run = get_session_token, .writes = true},
    {0},
};

static const struct wire_shape shape[] = {
    {.member = "Expiration", .as = WIRE_TIME},
    {0},
};

const struct api sts_api = {
    .name = "sts",
    .version = "2011-06-15",
    .xmlns = "https://sts.amazonaws.com/doc/2011-06-15/",
    .operation = operations,
    .shape = shape,
    .schema = schema,
    .open = sts_open,
};
