#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "kms.h"
#include "store.h"

#define DAY_MS INT64_C(86400000)

static int
unsupported(struct request *r, const char *what)
{
	return fail(r, 400, "UnsupportedOperationException",
	    "lunad has symmetric keys for encryption only, not %s.", what);
}

/* What a key may be made as: one kind. */
static int
check_kind(struct request *r)
{
	const char *spec = param(r, "KeySpec");
	const char *usage = param(r, "KeyUsage");
	const char *origin = param(r, "Origin");
	if (spec == NULL)
		spec = param(r, "CustomerMasterKeySpec");
	if (spec != NULL && strcmp(spec, "SYMMETRIC_DEFAULT") != 0)
		return unsupported(r, spec);
	if (usage != NULL && strcmp(usage, "ENCRYPT_DECRYPT") != 0)
		return fail(r, 400, "ValidationException",
		    "KeyUsage %s is not compatible with KeySpec "
		    "SYMMETRIC_DEFAULT",
		    usage);
	if (origin != NULL && strcmp(origin, "AWS_KMS") != 0)
		return unsupported(r, origin);
	if (param_bool(r, "MultiRegion", false))
		return unsupported(r, "multi-region keys");
	return 0;
}

static void
put_metadata(struct request *r, const char *id)
{
	struct buf *out = r->out;
	sqlite3_stmt *q = store_query(r->store,
	    "select description, state, created_ms, delete_ms, (select m.id"
	    " from kms_material m where m.region = k.region and m.key = k.id"
	    " order by n desc limit 1) from kms_key k where region = ? and"
	    " id = ?",
	    "tt", r->region, id);
	put_open(out, NULL, '{');
	put_open(out, "KeyMetadata", '{');
	if (store_next(q)) {
		bool enabled = strcmp(store_text(q, 1), "Enabled") == 0;
		put_text(out, "AWSAccountId", LUNAD_ACCOUNT);
		put_text(out, "KeyId", id);
		put_text(out, "Arn", kms_arn(r, id));
		put_time(out, "CreationDate", store_int(q, 2));
		put_bool(out, "Enabled", enabled);
		put_text(out, "Description", store_text(q, 0));
		put_text(out, "KeyUsage", "ENCRYPT_DECRYPT");
		put_text(out, "KeyState", store_text(q, 1));
		if (!store_null(q, 3))
			put_time(out, "DeletionDate", store_int(q, 3));
		put_text(out, "Origin", "AWS_KMS");
		put_text(out, "KeyManager", "CUSTOMER");
		put_text(out, "CustomerMasterKeySpec", "SYMMETRIC_DEFAULT");
		put_text(out, "KeySpec", "SYMMETRIC_DEFAULT");
		put_raw(
		    out, "EncryptionAlgorithms", "[\"SYMMETRIC_DEFAULT\"]", 21);
		put_bool(out, "MultiRegion", false);
		put_text(out, "CurrentKeyMaterialId", store_text(q, 4));
	}
	store_end(q);
	put_close(out, '}');
	put_close(out, '}');
}

static const char *
default_policy(struct request *r)
{
	return request_format(r,
	    "{\n  \"Version\" : \"2012-10-17\",\n"
	    "  \"Id\" : \"key-default-1\",\n  \"Statement\" : [ {\n"
	    "    \"Sid\" : \"Enable IAM User Permissions\",\n"
	    "    \"Effect\" : \"Allow\",\n    \"Principal\" : {\n"
	    "      \"AWS\" : \"arn:aws:iam::%s:root\"\n    },\n"
	    "    \"Action\" : \"kms:*\",\n    \"Resource\" : \"*\"\n"
	    "  } ]\n}",
	    LUNAD_ACCOUNT);
}

int
kms_create_key(struct request *r)
{
	const char *policy = param(r, "Policy");
	const char *description = param(r, "Description");
	struct json tags = param_json(r, "Tags");
	char id[37];
	if (check_kind(r) != 0 || kms_check_tags(r, tags) != 0)
		return ANSWER_ERROR;
	if (policy != NULL && kms_check_policy(r, policy) != 0)
		return ANSWER_ERROR;
	digest_uuid(id);
	store_do(r->store,
	    "insert into kms_key (region, id, description, state, policy,"
	    " created_ms) values (?, ?, ?, 'Enabled', ?, ?)",
	    "tttti", r->region, id, description == NULL ? "" : description,
	    policy != NULL ? policy : default_policy(r), r->now_ms);
	kms_renew(r->store, r->region, id, r->now_ms);
	kms_tag(r, id, tags);
	put_metadata(r, id);
	return ANSWER;
}

int
kms_describe_key(struct request *r)
{
	struct kms_key key;
	if (kms_find(r, param(r, "KeyId"), true, &key) != 0)
		return ANSWER_ERROR;
	put_metadata(r, key.id);
	return ANSWER;
}

int
kms_list_keys(struct request *r)
{
	const char *marker = param(r, "Marker"), *last = NULL;
	int64_t limit, n = 0;
	if (kms_limit(r, 100, &limit) != 0)
		return ANSWER_ERROR;
	put_open(r->out, NULL, '{');
	put_open(r->out, "Keys", '[');
	sqlite3_stmt *q = store_query(r->store,
	    "select id from kms_key where region = ? and id > ? order by id",
	    "tt", r->region, marker == NULL ? "" : marker);
	while (n <= limit && store_next(q)) {
		if (++n > limit)
			continue;
		last = request_format(r, "%s", store_text(q, 0));
		put_open(r->out, NULL, '{');
		put_text(r->out, "KeyId", last);
		put_text(r->out, "KeyArn", kms_arn(r, last));
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

int
kms_update_description(struct request *r)
{
	const char *description = param(r, "Description");
	struct kms_key key;
	if (kms_find(r, param(r, "KeyId"), false, &key) != 0 ||
	    check_there(r, description, "description") != 0)
		return ANSWER_ERROR;
	store_do(r->store,
	    "update kms_key set description = ? where region = ? and id = ?",
	    "ttt", description, r->region, key.id);
	return ANSWER;
}

static int
set_state(struct request *r, const char *state)
{
	struct kms_key key;
	if (kms_find(r, param(r, "KeyId"), false, &key) != 0)
		return ANSWER_ERROR;
	if (strcmp(key.state, "PendingDeletion") == 0)
		return kms_refuse_state(r, &key);
	store_do(r->store,
	    "update kms_key set state = ? where region = ? and id = ?", "ttt",
	    state, r->region, key.id);
	return ANSWER;
}

int
kms_enable_key(struct request *r)
{
	return set_state(r, "Enabled");
}

int
kms_disable_key(struct request *r)
{
	return set_state(r, "Disabled");
}

int
kms_schedule_deletion(struct request *r)
{
	int64_t days = param_int(r, "PendingWindowInDays", 30);
	struct kms_key key;
	if (kms_find(r, param(r, "KeyId"), false, &key) != 0)
		return ANSWER_ERROR;
	if (strcmp(key.state, "PendingDeletion") == 0)
		return kms_refuse_state(r, &key);
	if (days < 7 || days > 30)
		return check_refuse(r, param(r, "PendingWindowInDays"),
		    "pendingWindowInDays",
		    days < 7
			? "Member must have value greater than or equal to 7"
			: "Member must have value less than or equal to 30");
	store_do(r->store,
	    "update kms_key set state = 'PendingDeletion', delete_ms = ?"
	    " where region = ? and id = ?",
	    "itt", r->now_ms + days * DAY_MS, r->region, key.id);
	put_open(r->out, NULL, '{');
	put_text(r->out, "KeyId", key.arn);
	put_time(r->out, "DeletionDate", r->now_ms + days * DAY_MS);
	put_text(r->out, "KeyState", "PendingDeletion");
	put_int(r->out, "PendingWindowInDays", days);
	put_close(r->out, '}');
	return ANSWER;
}

int
kms_cancel_deletion(struct request *r)
{
	struct kms_key key;
	if (kms_find(r, param(r, "KeyId"), false, &key) != 0)
		return ANSWER_ERROR;
	if (strcmp(key.state, "PendingDeletion") != 0)
		return fail(r, 400, "KMSInvalidStateException",
		    "%s is not pending deletion.", key.arn);
	store_do(r->store,
	    "update kms_key set state = 'Disabled', delete_ms = null"
	    " where region = ? and id = ?",
	    "tt", r->region, key.id);
	put_open(r->out, NULL, '{');
	put_text(r->out, "KeyId", key.arn);
	put_close(r->out, '}');
	return ANSWER;
}
