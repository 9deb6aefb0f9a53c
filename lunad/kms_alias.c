#include <ctype.h>
#include <string.h>

#include "kms.h"
#include "store.h"

static int
check_alias(struct request *r, const char *name)
{
	if (check_there(r, name, "aliasName") != 0)
		return -1;
	if (strncmp(name, "alias/", 6) != 0)
		return fail(r, 400, "ValidationException",
		    "Alias must start with the prefix \"alias/\". Please see "
		    "https://docs.aws.amazon.com/kms/latest/developerguide/"
		    "kms-alias.html");
	if (strncmp(name, "alias/aws/", 10) == 0)
		return fail(r, 400, "NotAuthorizedException", "%s", "");
	if (check_length(r, name, "aliasName", 1, 256) != 0)
		return -1;
	for (const char *p = name; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && strchr(":/_-", *p) == NULL)
			return check_refuse(r, name, "aliasName",
			    "Member must satisfy regular expression pattern: "
			    "^[a-zA-Z0-9:/_-]+$");
	return 0;
}

static bool
exists(struct request *r, const char *name)
{
	return store_number(r->store, 0,
		   "select 1 from kms_alias where region = ? and name = ?",
		   "tt", r->region, name) != 0;
}

static int
not_found(struct request *r, const char *name)
{
	return fail(r, 400, "NotFoundException", "Alias %s is not found.",
	    kms_alias_arn(r, name));
}

int
kms_create_alias(struct request *r)
{
	const char *name = param(r, "AliasName");
	struct kms_key key;
	if (check_alias(r, name) != 0 ||
	    kms_find(r, param(r, "TargetKeyId"), false, &key) != 0)
		return ANSWER_ERROR;
	if (exists(r, name))
		return fail(r, 400, "AlreadyExistsException",
		    "An alias with the name %s already exists",
		    kms_alias_arn(r, name));
	if (strcmp(key.state, "PendingDeletion") == 0)
		return kms_refuse_state(r, &key);
	store_do(r->store, "insert into kms_alias values (?, ?, ?, ?, ?)",
	    "tttii", r->region, name, key.id, r->now_ms, r->now_ms);
	return ANSWER;
}

int
kms_update_alias(struct request *r)
{
	const char *name = param(r, "AliasName");
	struct kms_key key;
	if (check_alias(r, name) != 0 ||
	    kms_find(r, param(r, "TargetKeyId"), false, &key) != 0)
		return ANSWER_ERROR;
	if (!exists(r, name))
		return not_found(r, name);
	store_do(r->store,
	    "update kms_alias set key = ?, updated_ms = ? where region = ?"
	    " and name = ?",
	    "titt", key.id, r->now_ms, r->region, name);
	return ANSWER;
}

int
kms_delete_alias(struct request *r)
{
	const char *name = param(r, "AliasName");
	if (check_alias(r, name) != 0)
		return ANSWER_ERROR;
	if (store_do(r->store,
		"delete from kms_alias where region = ? and name = ?", "tt",
		r->region, name) == 0)
		return not_found(r, name);
	return ANSWER;
}

int
kms_list_aliases(struct request *r)
{
	const char *marker = param(r, "Marker"), *last = NULL;
	const char *of = param(r, "KeyId");
	int64_t limit, n = 0;
	struct kms_key key;
	if (kms_limit(r, 50, &limit) != 0 ||
	    (of != NULL && kms_find(r, of, false, &key) != 0))
		return ANSWER_ERROR;
	put_open(r->out, NULL, '{');
	put_open(r->out, "Aliases", '[');
	sqlite3_stmt *q = store_query(r->store,
	    "select name, key, created_ms, updated_ms from kms_alias"
	    " where region = ? and name > ? and key = coalesce(?, key)"
	    " order by name",
	    "ttt", r->region, marker == NULL ? "" : marker,
	    of == NULL ? NULL : key.id);
	while (n <= limit && store_next(q)) {
		if (++n > limit)
			continue;
		last = request_format(r, "%s", store_text(q, 0));
		put_open(r->out, NULL, '{');
		put_text(r->out, "AliasName", last);
		put_text(r->out, "AliasArn", kms_alias_arn(r, last));
		put_text(r->out, "TargetKeyId", store_text(q, 1));
		put_time(r->out, "CreationDate", store_int(q, 2));
		put_time(r->out, "LastUpdatedDate", store_int(q, 3));
		put_close(r->out, '}');
	}
	store_end(q);
	put_close(r->out, ']');
	put_bool(r->out, "Truncated", n > limit);
	if (n > limit)
		put_text(r->out, "NextMarker", last);
	put_close(r->out, '}');
	return ANSWER;
}
