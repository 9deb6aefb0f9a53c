#include "kms.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "digest.h"
#include "store.h"
#include "text.h"

extern const struct api kms_api;

/* 8-4-4-4-12 hex digits, or "mrk-" and 32 of them. */
static bool
id_ok(const char *id)
{
	bool many = strncmp(id, "mrk-", 4) == 0;
	size_t n = 0;
	for (const char *p = many ? id + 4 : id; *p != '\0'; p++, n++) {
		bool dash = !many && (n == 8 || n == 13 || n == 18 || n == 23);
		if (dash ? *p != '-' : !isxdigit((unsigned char)*p))
			return false;
	}
	return n == (many ? 32 : 36);
}

const char *
kms_arn(struct request *r, const char *id)
{
	return request_format(
	    r, "arn:aws:kms:%s:%s:key/%s", r->region, LUNAD_ACCOUNT, id);
}

const char *
kms_alias_arn(struct request *r, const char *alias)
{
	if (strncmp(alias, "arn:", 4) == 0)
		return alias;
	return request_format(
	    r, "arn:aws:kms:%s:%s:%s", r->region, LUNAD_ACCOUNT, alias);
}

/* An ARN's last part; fails when it is of another region. */
static int
part_of_arn(struct request *r, const char *arn, const char **part)
{
	char region[64] = "";
	const char *last = NULL;
	int n = 0;
	if (sscanf(arn, "arn:%*[^:]:kms:%63[^:]:%*[^:]:%n", region, &n) == 1 &&
	    n > 0)
		last = arn + n;
	if (last == NULL)
		return fail(r, 400, "NotFoundException", "Invalid arn %s", arn);
	if (strcmp(region, r->region) != 0)
		return fail(
		    r, 400, "NotFoundException", "Invalid arn %s", region);
	*part = strncmp(last, "key/", 4) == 0 ? last + 4 : last;
	return 0;
}

static int
of_alias(struct request *r, const char *alias, struct kms_key *key)
{
	sqlite3_stmt *q = store_query(r->store,
	    "select key from kms_alias where region = ? and name = ?", "tt",
	    r->region, alias);
	bool found = store_next(q);
	if (found)
		snprintf(key->id, sizeof(key->id), "%s", store_text(q, 0));
	store_end(q);
	if (found)
		return 0;
	return fail(r, 400, "NotFoundException", "Alias %s is not found.",
	    kms_alias_arn(r, alias));
}

int
kms_find(struct request *r, const char *name, bool alias, struct kms_key *key)
{
	*key = (struct kms_key){0};
	if (check_there(r, name, "keyId") != 0)
		return -1;
	if (strncmp(name, "arn:", 4) == 0 && part_of_arn(r, name, &name) != 0)
		return -1;
	if (alias && strncmp(name, "alias/", 6) == 0) {
		if (of_alias(r, name, key) != 0)
			return -1;
	} else if (!id_ok(name)) {
		return fail(
		    r, 400, "NotFoundException", "Invalid keyId '%s'", name);
	} else {
		snprintf(key->id, sizeof(key->id), "%s", name);
	}
	key->arn = kms_arn(r, key->id);
	sqlite3_stmt *q = store_query(r->store,
	    "select state from kms_key where region = ? and id = ?", "tt",
	    r->region, key->id);
	if (store_next(q))
		key->state = request_format(r, "%s", store_text(q, 0));
	store_end(q);
	if (key->state != NULL)
		return 0;
	return fail(
	    r, 400, "NotFoundException", "Key '%s' does not exist", key->arn);
}

int
kms_refuse_state(struct request *r, const struct kms_key *key)
{
	if (strcmp(key->state, "Disabled") == 0)
		return fail(
		    r, 400, "DisabledException", "%s is disabled.", key->arn);
	return fail(r, 400, "KMSInvalidStateException",
	    "%s is pending deletion.", key->arn);
}

int
kms_find_enabled(
    struct request *r, const char *name, bool alias, struct kms_key *key)
{
	if (kms_find(r, name, alias, key) != 0)
		return -1;
	return strcmp(key->state, "Enabled") == 0 ? 0
						  : kms_refuse_state(r, key);
}

void
kms_renew(struct store *s, const char *region, const char *id, int64_t now_ms)
{
	uint8_t secret[KMS_KEY_LEN], random[DIGEST_SHA256];
	struct buf name = {0};
	digest_random(secret, sizeof(secret));
	digest_random(random, sizeof(random));
	text_hex(random, sizeof(random), &name);
	store_do(s,
	    "insert into kms_material (region, key, n, id, secret, made_ms)"
	    " select ?1, ?2, coalesce(max(n), 0) + 1, ?, ?, ? from"
	    " kms_material where region = ?1 and key = ?2",
	    "tttbi", region, id, buf_text(&name), (const char *)secret,
	    sizeof(secret), now_ms);
	digest_wipe(secret, sizeof(secret));
	buf_clear(&name);
}

int
kms_limit(struct request *r, int64_t otherwise, int64_t *limit)
{
	*limit = param_int(r, "Limit", otherwise);
	if (*limit >= 1 && *limit <= 1000)
		return 0;
	return check_refuse(r, param(r, "Limit"), "limit",
	    *limit < 1 ? "Member must have value greater than or equal to 1"
		       : "Member must have value less than or equal to 1000");
}

static const char schema[] =
    "create table if not exists kms_key ("
    " region text not null, id text not null, description text not null,"
    " state text not null, policy text not null,"
    " created_ms integer not null,"
    " delete_ms integer,"     /* null: not scheduled */
    " rotation_days integer," /* null: no automatic rotation */
    " rotate_ms integer,"
    " primary key (region, id)) without rowid;"
    "create table if not exists kms_material ("
    " region text not null, key text not null, n integer not null,"
    " id text not null, secret blob not null, made_ms integer not null,"
    " on_demand integer not null default 0,"
    " primary key (region, key, n)) without rowid;"
    "create table if not exists kms_alias ("
    " region text not null, name text not null, key text not null,"
    " created_ms integer not null, updated_ms integer not null,"
    " primary key (region, name)) without rowid;"
    "create table if not exists kms_tag ("
    " region text not null, key text not null, name text not null,"
    " value text not null, primary key (region, key, name))"
    " without rowid;";

static const struct operation operations[] = {
    {.name = "CreateKey", .run = kms_create_key, .writes = true},
    {.name = "DescribeKey", .run = kms_describe_key},
    {.name = "ListKeys", .run = kms_list_keys},
    {.name = "UpdateKeyDescription",
	.run = kms_update_description,
	.writes = true},
    {.name = "EnableKey", .run = kms_enable_key, .writes = true},
    {.name = "DisableKey", .run = kms_disable_key, .writes = true},
    {.name = "ScheduleKeyDeletion",
	.run = kms_schedule_deletion,
	.writes = true},
    {.name = "CancelKeyDeletion", .run = kms_cancel_deletion, .writes = true},
    {.name = "PutKeyPolicy", .run = kms_put_policy, .writes = true},
    {.name = "GetKeyPolicy", .run = kms_get_policy},
    {.name = "ListKeyPolicies", .run = kms_list_policies},
    {.name = "EnableKeyRotation", .run = kms_enable_rotation, .writes = true},
    {.name = "DisableKeyRotation", .run = kms_disable_rotation, .writes = true},
    {.name = "GetKeyRotationStatus", .run = kms_get_rotation},
    {.name = "RotateKeyOnDemand", .run = kms_rotate_now, .writes = true},
    {.name = "CreateAlias", .run = kms_create_alias, .writes = true},
    {.name = "UpdateAlias", .run = kms_update_alias, .writes = true},
    {.name = "DeleteAlias", .run = kms_delete_alias, .writes = true},
    {.name = "ListAliases", .run = kms_list_aliases},
    {.name = "TagResource", .run = kms_tag_resource, .writes = true},
    {.name = "UntagResource", .run = kms_untag_resource, .writes = true},
    {.name = "ListResourceTags", .run = kms_list_tags},
    {.name = "Encrypt", .run = kms_encrypt},
    {.name = "Decrypt", .run = kms_decrypt},
    {.name = "ReEncrypt", .run = kms_reencrypt},
    {.name = "GenerateDataKey", .run = kms_data_key},
    {.name = "GenerateDataKeyWithoutPlaintext", .run = kms_data_key_sealed},
    {.name = "GenerateRandom", .run = kms_random},
    {.name = NULL},
};

const struct api kms_api = {
    .name = "kms",
    .target = "TrentService",
    .json_version = "1.1",
    .error_prefix = "",
    .operation = operations,
    .schema = schema,
    .due = kms_due,
    .run_due = kms_run,
};
