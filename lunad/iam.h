#ifndef LUNAD_IAM_H
#define LUNAD_IAM_H

#include "check.h"
#include "lunad.h"

/*
 * What IAM's files share: iam.c has the table of operations, iam_role.c
 * roles, iam_user.c users, iam_key.c their keys, iam_policy.c managed
 * policies, iam_inline.c what is put into and attached to roles and users.
 *
 * IAM is global: one store for all regions. Policies are kept and their form
 * is checked; none is evaluated.
 */
#define IAM_NO_ENTITY "NoSuchEntity"

/* What a policy can belong to. */
enum iam_kind { IAM_ROLE, IAM_USER };

/* "AROA" and 17 more. */
const char *iam_id(struct request *r, const char *prefix, size_t len);
/* A time as IAM writes it: whole seconds. */
void iam_put_time(struct buf *out, const char *name, int64_t ms);
/* A document as IAM answers it: percent-encoded. */
void iam_put_document(struct buf *out, const char *name, const char *document);
/* A name's characters and length. */
int iam_check_name(
    struct request *r, const char *name, const char *path, size_t most);
/* Path, "/" without; NULL after the failure of a bad one. */
const char *iam_path(struct request *r);
/* MaxItems. */
int iam_limit(struct request *r, int64_t *limit);
/* The end of a list: IsTruncated, and where it goes on. */
void iam_put_end(struct request *r, bool more, const char *last);

/* Does the role (RoleName) or user (UserName) of the request exist? Its
 * name, or NULL after the failure. */
const char *iam_owner(struct request *r, enum iam_kind kind);
/* Fails when policies are still there. */
int iam_check_bare(struct request *r, enum iam_kind kind, const char *name);

void iam_tag(
    struct request *r, const char *kind, const char *name, struct json tags);
void iam_put_tags(struct request *r, const char *kind, const char *name);

int iam_create_role(struct request *r);
int iam_get_role(struct request *r);
int iam_list_roles(struct request *r);
int iam_update_role(struct request *r);
int iam_update_trust(struct request *r);
int iam_delete_role(struct request *r);
int iam_tag_role(struct request *r);
int iam_untag_role(struct request *r);
int iam_list_role_tags(struct request *r);

int iam_create_user(struct request *r);
int iam_get_user(struct request *r);
int iam_list_users(struct request *r);
int iam_delete_user(struct request *r);
int iam_create_key(struct request *r);
int iam_list_keys(struct request *r);
int iam_update_key(struct request *r);
int iam_delete_key(struct request *r);
void iam_open(struct lunad *l);

int iam_create_policy(struct request *r);
int iam_get_policy(struct request *r);
int iam_list_policies(struct request *r);
int iam_delete_policy(struct request *r);
int iam_create_version(struct request *r);
int iam_get_version(struct request *r);
int iam_list_versions(struct request *r);
int iam_set_version(struct request *r);
int iam_delete_version(struct request *r);

int iam_put_role_policy(struct request *r);
int iam_get_role_policy(struct request *r);
int iam_delete_role_policy(struct request *r);
int iam_list_role_policies(struct request *r);
int iam_attach_role_policy(struct request *r);
int iam_detach_role_policy(struct request *r);
int iam_list_attached_role_policies(struct request *r);
int iam_put_user_policy(struct request *r);
int iam_get_user_policy(struct request *r);
int iam_delete_user_policy(struct request *r);
int iam_list_user_policies(struct request *r);
int iam_attach_user_policy(struct request *r);
int iam_detach_user_policy(struct request *r);
int iam_list_attached_user_policies(struct request *r);

#endif
