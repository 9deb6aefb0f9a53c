#ifndef LUNAD_IAM_H
#define LUNAD_IAM_H

#include "check.h"
#include "lunad.h"
#include "policy.h"
#include "store.h"

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
/* A document's form, and its length. */
int iam_check_document(struct request *r, const char *document,
    const char *path, enum policy_kind kind);

/*
 * A reply that is a list, in pages: the rows of a query, whose first column
 * is the key by which they are ordered, that come after the request's Marker.
 */
struct iam_page {
	const char *marker; /* "" at the beginning */
	int64_t room;
	const char *last;
	bool more;
};
/* Fails: MaxItems is out of bounds. */
int iam_page_open(struct request *r, struct iam_page *p, const char *list);
/* Is there a row, and room for it? */
bool iam_page_next(struct request *r, struct iam_page *p, sqlite3_stmt *q);
void iam_page_close(struct request *r, const struct iam_page *p);
/* PathPrefix, "" without. */
const char *iam_prefix(struct request *r);

/* Does the role (RoleName) or user (UserName) of the request exist? Its
 * name, or NULL after the failure. */
const char *iam_owner(struct request *r, enum iam_kind kind);
/* Fails when policies are still there. */
int iam_check_bare(struct request *r, enum iam_kind kind, const char *name);

void iam_tag(
    struct request *r, const char *kind, const char *name, struct json tags);
void iam_put_tags(struct request *r, const char *kind, const char *name);
/* The same where there are any. */
void iam_put_any_tags(struct request *r, const char *kind, const char *name);
void iam_untag(struct request *r, const char *kind, const char *name);

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

/* Of the role or user that the operation's name says. */
int iam_put_inline(struct request *r);
int iam_get_inline(struct request *r);
int iam_delete_inline(struct request *r);
int iam_list_inline(struct request *r);
int iam_attach(struct request *r);
int iam_detach(struct request *r);
int iam_list_attached(struct request *r);

#endif
