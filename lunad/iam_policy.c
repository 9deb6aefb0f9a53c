#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "iam.h"

#define VERSIONS_MAX 5

/* The policy of PolicyArn, or NULL after the failure. */
static const char *
need_policy(struct request *r)
{
	const char *arn = param(r, "PolicyArn");
	if (check_there(r, arn, "policyArn") != 0)
		return NULL;
	if (strncmp(arn, "arn:", 4) != 0) {
		fail(r, 400, "ValidationError", "ARN %s is not valid.", arn);
		return NULL;
	}
	if (store_number(r->store, 0, "select 1 from iam_policy where arn = ?",
		"t", arn) != 0)
		return arn;
	fail(r, 404, IAM_NO_ENTITY, "Policy %s was not found.", arn);
	return NULL;
}

static const char select_policy[] =
    "select arn, name, path, id, description, version, created_ms,"
    " updated_ms, (select count(*) from iam_attached a where a.arn = p.arn)"
    " from iam_policy p where arn = ?";
static const char select_policies[] =
    "select arn, name, path, id, description, version, created_ms,"
    " updated_ms, (select count(*) from iam_attached a where a.arn = p.arn)"
    " from iam_policy p where arn > ?1"
    " and substr(path, 1, length(?2)) = ?2"
    " and (not ?3 or exists"
    " (select 1 from iam_attached a where a.arn = p.arn)) order by arn";

static void
put_policy(struct request *r, sqlite3_stmt *q, bool described)
{
	put_text(r->out, "PolicyName", store_text(q, 1));
	put_text(r->out, "PolicyId", store_text(q, 3));
	put_text(r->out, "Arn", store_text(q, 0));
	put_text(r->out, "Path", store_text(q, 2));
	put_text(r->out, "DefaultVersionId",
	    request_format(r, "v%lld", (long long)store_int(q, 5)));
	put_int(r->out, "AttachmentCount", store_int(q, 8));
	put_int(r->out, "PermissionsBoundaryUsageCount", 0);
	put_bool(r->out, "IsAttachable", true);
	if (described && !store_null(q, 4))
		put_text(r->out, "Description", store_text(q, 4));
	iam_put_time(r->out, "CreateDate", store_int(q, 6));
	iam_put_time(r->out, "UpdateDate", store_int(q, 7));
}

static void
answer_policy(struct request *r, const char *arn, bool described)
{
	sqlite3_stmt *q = store_query(r->store, select_policy, "t", arn);
	put_open(r->out, NULL, '{');
	put_open(r->out, "Policy", '{');
	if (store_next(q))
		put_policy(r, q, described);
	store_end(q);
	iam_put_any_tags(r, "policy", arn);
	put_close(r->out, '}');
	put_close(r->out, '}');
}

int
iam_create_policy(struct request *r)
{
	const char *name = param(r, "PolicyName"), *path = iam_path(r);
	const char *document = param(r, "PolicyDocument");
	if (path == NULL || iam_check_name(r, name, "policyName", 128) != 0 ||
	    iam_check_document(
		r, document, "policyDocument", POLICY_IDENTITY) != 0)
		return ANSWER_ERROR;
	const char *arn = request_format(
	    r, "arn:aws:iam::%s:policy%s%s", r->account, path, name);
	if (store_number(r->store, 0,
		"select 1 from iam_policy where name = ? collate nocase", "t",
		name) != 0)
		return fail(r, 409, "EntityAlreadyExists",
		    "A policy called %s already exists. Duplicate names are "
		    "not allowed.",
		    name);
	store_do(r->store,
	    "insert into iam_policy values (?, ?, ?, ?, ?, 1, 1, ?, ?)",
	    "tttttii", arn, name, path, iam_id(r, "ANPA", 17),
	    param(r, "Description"), r->now_ms, r->now_ms);
	store_do(r->store, "insert into iam_version values (?, 1, ?, ?)", "tti",
	    arn, document, r->now_ms);
	iam_tag(r, "policy", arn, param_json(r, "Tags"));
	answer_policy(r, arn, false);
	return ANSWER;
}

int
iam_get_policy(struct request *r)
{
	const char *arn = need_policy(r);
	if (arn == NULL)
		return ANSWER_ERROR;
	answer_policy(r, arn, true);
	return ANSWER;
}

int
iam_list_policies(struct request *r)
{
	const char *scope = param(r, "Scope");
	struct iam_page page;
	if (iam_page_open(r, &page, "Policies") != 0)
		return ANSWER_ERROR;
	/* AWS's own policies may be attached, but lunad has no list of them. */
	if (scope == NULL || strcmp(scope, "AWS") != 0) {
		sqlite3_stmt *q = store_query(r->store, select_policies, "tti",
		    page.marker, iam_prefix(r),
		    (int64_t)param_bool(r, "OnlyAttached", false));
		while (iam_page_next(r, &page, q)) {
			put_open(r->out, NULL, '{');
			put_policy(r, q, false);
			put_close(r->out, '}');
		}
	}
	iam_page_close(r, &page);
	return ANSWER;
}

int
iam_delete_policy(struct request *r)
{
	const char *arn = need_policy(r);
	if (arn == NULL)
		return ANSWER_ERROR;
	if (store_number(r->store, 0,
		"select 1 from iam_attached where arn = ? limit 1", "t",
		arn) != 0)
		return fail(r, 409, "DeleteConflict",
		    "Cannot delete a policy attached to entities.");
	if (store_number(r->store, 0,
		"select count(*) from iam_version where arn = ?", "t", arn) > 1)
		return fail(r, 409, "DeleteConflict",
		    "This policy has more than one version. Before you delete "
		    "a policy, you must delete the policy's versions. The "
		    "default version is deleted with the policy.");
	store_do(r->store, "delete from iam_version where arn = ?", "t", arn);
	store_do(r->store, "delete from iam_policy where arn = ?", "t", arn);
	iam_untag(r, "policy", arn);
	return ANSWER;
}

static void
put_version(struct request *r, const char *name, int64_t n, int64_t chosen,
    int64_t created_ms, const char *document)
{
	put_open(r->out, name, '{');
	if (document != NULL)
		iam_put_document(r->out, "Document", document);
	put_text(r->out, "VersionId", request_format(r, "v%lld", (long long)n));
	put_bool(r->out, "IsDefaultVersion", n == chosen);
	iam_put_time(r->out, "CreateDate", created_ms);
	put_close(r->out, '}');
}

static int64_t
chosen_version(struct request *r, const char *arn)
{
	return store_number(r->store, 0,
	    "select version from iam_policy where arn = ?", "t", arn);
}

int
iam_create_version(struct request *r)
{
	const char *arn = need_policy(r);
	const char *document = param(r, "PolicyDocument");
	if (arn == NULL || iam_check_document(r, document, "policyDocument",
			       POLICY_IDENTITY) != 0)
		return ANSWER_ERROR;
	if (store_number(r->store, 0,
		"select count(*) from iam_version where arn = ?", "t",
		arn) >= VERSIONS_MAX)
		return fail(r, 409, "LimitExceeded",
		    "A managed policy can have up to %d versions. Before you "
		    "create a new version, you must delete an existing "
		    "version.",
		    VERSIONS_MAX);
	store_do(r->store,
	    "update iam_policy set last = last + 1, updated_ms = ?,"
	    " version = iif(?, last + 1, version) where arn = ?",
	    "iit", r->now_ms, (int64_t)param_bool(r, "SetAsDefault", false),
	    arn);
	int64_t n = store_number(
	    r->store, 0, "select last from iam_policy where arn = ?", "t", arn);
	store_do(r->store, "insert into iam_version values (?, ?, ?, ?)",
	    "titi", arn, n, document, r->now_ms);
	put_open(r->out, NULL, '{');
	put_version(
	    r, "PolicyVersion", n, chosen_version(r, arn), r->now_ms, NULL);
	put_close(r->out, '}');
	return ANSWER;
}

/* The number of VersionId, 0 after the failure of one that is not there. */
static int64_t
need_version(struct request *r, const char *arn)
{
	const char *id = param(r, "VersionId");
	int64_t n = 0;
	if (check_there(r, id, "versionId") != 0)
		return 0;
	if (id[0] == 'v')
		n = strtoll(id + 1, NULL, 10);
	if (n > 0 && store_number(r->store, 0,
			 "select 1 from iam_version where arn = ? and n = ?",
			 "ti", arn, n) != 0)
		return n;
	fail(r, 404, IAM_NO_ENTITY,
	    "Policy %s version %s does not exist or is not attachable.", arn,
	    id);
	return 0;
}

int
iam_get_version(struct request *r)
{
	const char *arn = need_policy(r);
	int64_t n = arn == NULL ? 0 : need_version(r, arn);
	if (n == 0)
		return ANSWER_ERROR;
	sqlite3_stmt *q = store_query(r->store,
	    "select created_ms, document from iam_version where arn = ?"
	    " and n = ?",
	    "ti", arn, n);
	put_open(r->out, NULL, '{');
	if (store_next(q))
		put_version(r, "PolicyVersion", n, chosen_version(r, arn),
		    store_int(q, 0), store_text(q, 1));
	store_end(q);
	put_close(r->out, '}');
	return ANSWER;
}

int
iam_list_versions(struct request *r)
{
	const char *arn = need_policy(r);
	if (arn == NULL)
		return ANSWER_ERROR;
	int64_t chosen = chosen_version(r, arn);
	put_open(r->out, NULL, '{');
	put_open(r->out, "Versions", '[');
	sqlite3_stmt *q = store_query(r->store,
	    "select n, created_ms from iam_version where arn = ?"
	    " order by n desc",
	    "t", arn);
	while (store_next(q))
		put_version(
		    r, NULL, store_int(q, 0), chosen, store_int(q, 1), NULL);
	store_end(q);
	put_close(r->out, ']');
	put_bool(r->out, "IsTruncated", false);
	put_close(r->out, '}');
	return ANSWER;
}

int
iam_set_version(struct request *r)
{
	const char *arn = need_policy(r);
	int64_t n = arn == NULL ? 0 : need_version(r, arn);
	if (n == 0)
		return ANSWER_ERROR;
	store_do(r->store, "update iam_policy set version = ? where arn = ?",
	    "it", n, arn);
	return ANSWER;
}

int
iam_delete_version(struct request *r)
{
	const char *arn = need_policy(r);
	int64_t n = arn == NULL ? 0 : need_version(r, arn);
	if (n == 0)
		return ANSWER_ERROR;
	if (n == chosen_version(r, arn))
		return fail(r, 409, "DeleteConflict",
		    "Cannot delete the default version of a policy.");
	store_do(r->store, "delete from iam_version where arn = ? and n = ?",
	    "ti", arn, n);
	return ANSWER;
}
