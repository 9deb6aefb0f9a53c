#ifndef LUNAD_KMS_H
#define LUNAD_KMS_H

#include <stdint.h>

#include "check.h"
#include "kms_seal.h"
#include "lunad.h"

/*
 * What KMS's files share: kms.c has the table of operations and what time
 * does (rotation, deletion), kms_key.c keys and their states, kms_alias.c
 * aliases, kms_tag.c tags, kms_crypt.c what is encrypted with them.
 *
 * Symmetric keys that encrypt and decrypt; their secrets stand in the store
 * as they are, which is as safe as the directory it is in.
 */
struct kms_key {
	char id[64];
	const char *arn;
	const char *state; /* "Enabled", "Disabled", "PendingDeletion" */
};

/*
 * The key that a request's parameter names: by id or ARN, and by alias where
 * that may be.
 *
 * Returns 0, or the failure that AWS answers.
 */
int kms_find(
    struct request *r, const char *name, bool alias, struct kms_key *key);
/* The same, and it is enabled. */
int kms_find_enabled(
    struct request *r, const char *name, bool alias, struct kms_key *key);
/* Fails as a key in this state does. */
int kms_refuse_state(struct request *r, const struct kms_key *key);
const char *kms_arn(struct request *r, const char *id);
/* "alias/x" or its ARN as the ARN. */
const char *kms_alias_arn(struct request *r, const char *alias);
/* Give a key new material; later encryptions use it, earlier ones keep
 * theirs. */
void kms_renew(
    struct store *s, const char *region, const char *id, int64_t now_ms);
/* Limit and Marker. */
int kms_limit(struct request *r, int64_t otherwise, int64_t *limit);

/* kms_key.c */
int kms_create_key(struct request *r);
int kms_describe_key(struct request *r);
int kms_list_keys(struct request *r);
int kms_update_description(struct request *r);
int kms_enable_key(struct request *r);
int kms_disable_key(struct request *r);
int kms_schedule_deletion(struct request *r);
int kms_cancel_deletion(struct request *r);
/* kms_policy.c */
int kms_check_policy(struct request *r, const char *policy);
int kms_put_policy(struct request *r);
int kms_get_policy(struct request *r);
int kms_list_policies(struct request *r);
/* kms_rotate.c */
int kms_enable_rotation(struct request *r);
int kms_disable_rotation(struct request *r);
int kms_get_rotation(struct request *r);
int kms_rotate_now(struct request *r);
int64_t kms_due(struct lunad *l);
void kms_run(struct lunad *l, int64_t now_ms);
/* kms_alias.c */
int kms_create_alias(struct request *r);
int kms_update_alias(struct request *r);
int kms_delete_alias(struct request *r);
int kms_list_aliases(struct request *r);
/* kms_tag.c */
int kms_check_tags(struct request *r, struct json tags);
void kms_tag(struct request *r, const char *id, struct json tags);
int kms_tag_resource(struct request *r);
int kms_untag_resource(struct request *r);
int kms_list_tags(struct request *r);
/* kms_crypt.c */
int kms_encrypt(struct request *r);
int kms_decrypt(struct request *r);
int kms_reencrypt(struct request *r);
int kms_data_key(struct request *r);
int kms_data_key_sealed(struct request *r);
int kms_random(struct request *r);

#endif
