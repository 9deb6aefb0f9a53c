#include <string.h>

#include "iam.h"

/* Roles and users as parameters and messages name them. */
static const struct {
	const char *param, *path, *word, *answer;
} kinds[] = {
    [IAM_ROLE] = {"RoleName", "roleName", "role", "RoleName"},
    [IAM_USER] = {"UserName", "userName", "user", "UserName"},
};

/* PutRolePolicy and PutUserPolicy are one thing. */
static enum iam_kind
kind_of(const struct request *r)
{
	return strstr(r->operation, "User") == NULL ? IAM_ROLE : IAM_USER;
}

const char *
iam_owner(struct request *r, enum iam_kind kind)
{
	static const char role[] = "select 1 from iam_role where name = ?";
	static const char user[] = "select 1 from iam_user where name = ?";
	const char *name = param(r, kinds[kind].param);
	/* A user may leave its own name out. */
	if (name == NULL && kind == IAM_USER && r->principal != NULL &&
	    strstr(r->principal, ":user/") != NULL)
		name = strrchr(r->principal, '/') + 1;
	if (check_there(r, name, kinds[kind].path) != 0)
		return NULL;
	if (store_number(
		r->store, 0, kind == IAM_ROLE ? role : user, "t", name) != 0)
		return name;
	fail(r, 404, IAM_NO_ENTITY, "The %s with name %s cannot be found.",
	    kinds[kind].word, name);
	return NULL;
}

int
iam_check_bare(struct request *r, enum iam_kind kind, const char *name)
{
	if (store_number(r->store, 0,
		"select 1 from iam_attached where kind = ? and owner = ?"
		" limit 1",
		"it", (int64_t)kind, name) != 0)
		return fail(r, 409, "DeleteConflict",
		    "Cannot delete entity, must detach all policies first.");
	if (store_number(r->store, 0,
		"select 1 from iam_inline where kind = ? and owner = ?"
		" limit 1",
		"it", (int64_t)kind, name) != 0)
		return fail(r, 409, "DeleteConflict",
		    "Cannot delete entity, must delete policies first.");
	return 0;
}

int
iam_put_inline(struct request *r)
{
	enum iam_kind kind = kind_of(r);
	const char *owner = iam_owner(r, kind), *name = param(r, "PolicyName");
	const char *document = param(r, "PolicyDocument");
	if (owner == NULL || iam_check_name(r, name, "policyName", 128) != 0 ||
	    iam_check_document(
		r, document, "policyDocument", POLICY_IDENTITY) != 0)
		return ANSWER_ERROR;
	store_do(r->store,
	    "insert or replace into iam_inline values (?, ?, ?, ?)", "ittt",
	    (int64_t)kind, owner, name, document);
	return ANSWER;
}

static int
no_inline(struct request *r, enum iam_kind kind, const char *name)
{
	return fail(r, 404, IAM_NO_ENTITY,
	    "The %s policy with name %s cannot be found.", kinds[kind].word,
	    name);
}

int
iam_get_inline(struct request *r)
{
	enum iam_kind kind = kind_of(r);
	const char *owner = iam_owner(r, kind), *name = param(r, "PolicyName");
	if (owner == NULL || check_there(r, name, "policyName") != 0)
		return ANSWER_ERROR;
	sqlite3_stmt *q = store_query(r->store,
	    "select document from iam_inline where kind = ? and owner = ? and"
	    " name = ?",
	    "itt", (int64_t)kind, owner, name);
	bool found = store_next(q);
	if (found) {
		put_open(r->out, NULL, '{');
		put_text(r->out, kinds[kind].answer, owner);
		put_text(r->out, "PolicyName", name);
		iam_put_document(r->out, "PolicyDocument", store_text(q, 0));
		put_close(r->out, '}');
	}
	store_end(q);
	return found ? ANSWER : no_inline(r, kind, name);
}

int
iam_delete_inline(struct request *r)
{
	enum iam_kind kind = kind_of(r);
	const char *owner = iam_owner(r, kind), *name = param(r, "PolicyName");
	if (owner == NULL || check_there(r, name, "policyName") != 0)
		return ANSWER_ERROR;
	if (store_do(r->store,
		"delete from iam_inline where kind = ? and owner = ? and"
		" name = ?",
		"itt", (int64_t)kind, owner, name) == 0)
		return no_inline(r, kind, name);
	return ANSWER;
}

int
iam_list_inline(struct request *r)
{
	enum iam_kind kind = kind_of(r);
	const char *owner = iam_owner(r, kind);
	struct iam_page page;
	if (owner == NULL || iam_page_open(r, &page, "PolicyNames") != 0)
		return ANSWER_ERROR;
	sqlite3_stmt *q = store_query(r->store,
	    "select name from iam_inline where kind = ? and owner = ? and"
	    " name > ? order by name",
	    "itt", (int64_t)kind, owner, page.marker);
	while (iam_page_next(r, &page, q))
		put_text(r->out, NULL, page.last);
	iam_page_close(r, &page);
	return ANSWER;
}

/* A policy that can be attached: one of ours, or one that AWS has. */
static int
check_attachable(struct request *r, const char *arn)
{
	if (check_there(r, arn, "policyArn") != 0)
		return -1;
	if (strncmp(arn, "arn:aws:iam::", 13) != 0 ||
	    strstr(arn, ":policy/") == NULL)
		return fail(r, 400, "ValidationError",
		    "Invalid ARN:  Could not be parsed!");
	if (strncmp(arn, "arn:aws:iam::aws:policy/", 24) == 0 ||
	    store_number(r->store, 0, "select 1 from iam_policy where arn = ?",
		"t", arn) != 0)
		return 0;
	return fail(r, 404, IAM_NO_ENTITY,
	    "Policy %s does not exist or is not attachable.", arn);
}

int
iam_attach(struct request *r)
{
	enum iam_kind kind = kind_of(r);
	const char *owner = iam_owner(r, kind), *arn = param(r, "PolicyArn");
	if (owner == NULL || check_attachable(r, arn) != 0)
		return ANSWER_ERROR;
	store_do(r->store,
	    "insert or ignore into iam_attached values (?, ?, ?)", "itt",
	    (int64_t)kind, owner, arn);
	return ANSWER;
}

int
iam_detach(struct request *r)
{
	enum iam_kind kind = kind_of(r);
	const char *owner = iam_owner(r, kind), *arn = param(r, "PolicyArn");
	if (owner == NULL || check_there(r, arn, "policyArn") != 0)
		return ANSWER_ERROR;
	if (store_do(r->store,
		"delete from iam_attached where kind = ? and owner = ? and"
		" arn = ?",
		"itt", (int64_t)kind, owner, arn) == 0)
		return fail(
		    r, 404, IAM_NO_ENTITY, "Policy %s was not found.", arn);
	return ANSWER;
}

int
iam_list_attached(struct request *r)
{
	enum iam_kind kind = kind_of(r);
	const char *owner = iam_owner(r, kind);
	struct iam_page page;
	if (owner == NULL || iam_page_open(r, &page, "AttachedPolicies") != 0)
		return ANSWER_ERROR;
	sqlite3_stmt *q = store_query(r->store,
	    "select arn from iam_attached where kind = ? and owner = ? and"
	    " arn > ? order by arn",
	    "itt", (int64_t)kind, owner, page.marker);
	while (iam_page_next(r, &page, q)) {
		put_open(r->out, NULL, '{');
		put_text(r->out, "PolicyName", strrchr(page.last, '/') + 1);
		put_text(r->out, "PolicyArn", page.last);
		put_close(r->out, '}');
	}
	iam_page_close(r, &page);
	return ANSWER;
}
