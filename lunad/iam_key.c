#include <string.h>

#include "digest.h"
#include "iam.h"
#include "text.h"

#define KEYS_MAX 2

/*
 * Access keys of users: while they are active, requests that they signed are
 * let in.
 */
static void
let_in(struct lunad *l, const char *id, const char *secret, const char *user)
{
	sqlite3_stmt *q = store_query(lunad_store(l),
	    "select arn, id from iam_user where name = ?", "t", user);
	if (store_next(q))
		lunad_key_add(
		    l, id, secret, store_text(q, 0), store_text(q, 1));
	store_end(q);
}

int
iam_create_key(struct request *r)
{
	const char *user = iam_owner(r, IAM_USER);
	uint8_t bytes[30];
	struct buf secret = {0};
	if (user == NULL)
		return ANSWER_ERROR;
	if (store_number(r->store, 0,
		"select count(*) from iam_key where user = ?", "t",
		user) >= KEYS_MAX)
		return fail(r, 409, "LimitExceeded",
		    "Cannot exceed quota for AccessKeysPerUser: %d", KEYS_MAX);
	const char *id = iam_id(r, "AKIA", 16);
	digest_random(bytes, sizeof(bytes));
	text_base64(bytes, sizeof(bytes), &secret);
	store_do(r->store, "insert into iam_key values (?, ?, ?, 1, ?)", "ttti",
	    id, user, buf_text(&secret), r->now_ms);
	let_in(r->lunad, id, buf_text(&secret), user);
	put_open(r->out, NULL, '{');
	put_open(r->out, "AccessKey", '{');
	put_text(r->out, "UserName", user);
	put_text(r->out, "AccessKeyId", id);
	put_text(r->out, "Status", "Active");
	put_text(r->out, "SecretAccessKey", buf_text(&secret));
	iam_put_time(r->out, "CreateDate", r->now_ms);
	put_close(r->out, '}');
	put_close(r->out, '}');
	digest_wipe(bytes, sizeof(bytes));
	digest_wipe(secret.data, secret.len);
	buf_clear(&secret);
	return ANSWER;
}

int
iam_list_keys(struct request *r)
{
	const char *user = iam_owner(r, IAM_USER);
	if (user == NULL)
		return ANSWER_ERROR;
	put_open(r->out, NULL, '{');
	put_open(r->out, "AccessKeyMetadata", '[');
	sqlite3_stmt *q = store_query(r->store,
	    "select id, active, created_ms from iam_key where user = ?"
	    " order by created_ms, id",
	    "t", user);
	while (store_next(q)) {
		put_open(r->out, NULL, '{');
		put_text(r->out, "UserName", user);
		put_text(r->out, "AccessKeyId", store_text(q, 0));
		put_text(r->out, "Status",
		    store_int(q, 1) != 0 ? "Active" : "Inactive");
		iam_put_time(r->out, "CreateDate", store_int(q, 2));
		put_close(r->out, '}');
	}
	store_end(q);
	put_close(r->out, ']');
	put_bool(r->out, "IsTruncated", false);
	put_close(r->out, '}');
	return ANSWER;
}

static int
not_found(struct request *r, const char *id)
{
	return fail(r, 404, IAM_NO_ENTITY,
	    "The Access Key with id %s cannot be found.", id);
}

int
iam_update_key(struct request *r)
{
	const char *user = iam_owner(r, IAM_USER);
	const char *id = param(r, "AccessKeyId");
	const char *status = param(r, "Status");
	if (user == NULL || check_there(r, id, "accessKeyId") != 0 ||
	    check_there(r, status, "status") != 0 ||
	    check_enum(r, status, "status", "Active, Inactive") != 0)
		return ANSWER_ERROR;
	bool active = strcmp(status, "Active") == 0;
	if (store_do(r->store,
		"update iam_key set active = ? where id = ? and user = ?",
		"itt", (int64_t)active, id, user) == 0)
		return not_found(r, id);
	lunad_key_drop(r->lunad, id);
	if (active)
		iam_open(r->lunad);
	return ANSWER;
}

int
iam_delete_key(struct request *r)
{
	const char *user = iam_owner(r, IAM_USER);
	const char *id = param(r, "AccessKeyId");
	if (user == NULL || check_there(r, id, "accessKeyId") != 0)
		return ANSWER_ERROR;
	if (store_do(r->store, "delete from iam_key where id = ? and user = ?",
		"tt", id, user) == 0)
		return not_found(r, id);
	lunad_key_drop(r->lunad, id);
	return ANSWER;
}

void
iam_open(struct lunad *l)
{
	sqlite3_stmt *q = store_query(lunad_store(l),
	    "select id, secret, user from iam_key where active <> 0", "");
	while (store_next(q)) {
		lunad_key_drop(l, store_text(q, 0));
		let_in(l, store_text(q, 0), store_text(q, 1), store_text(q, 2));
	}
	store_end(q);
}
