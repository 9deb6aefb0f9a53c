#include <string.h>

#include "iam.h"

#define SESSION_MIN_S 3600
#define SESSION_MAX_S 43200

static int
check_session(struct request *r, int64_t seconds)
{
	if (seconds >= SESSION_MIN_S && seconds <= SESSION_MAX_S)
		return 0;
	return check_refuse(r, param(r, "MaxSessionDuration"),
	    "maxSessionDuration",
	    seconds < SESSION_MIN_S
		? "Member must have value greater than or equal to 3600"
		: "Member must have value less than or equal to 43200");
}

static const char by_name[] =
    "select name, path, id, arn, trust, description, session_s, created_ms"
    " from iam_role where name = ?";

/* Members that every answer has. */
static void
put_role(struct buf *out, sqlite3_stmt *q)
{
	put_text(out, "Path", store_text(q, 1));
	put_text(out, "RoleName", store_text(q, 0));
	put_text(out, "RoleId", store_text(q, 2));
	put_text(out, "Arn", store_text(q, 3));
	iam_put_time(out, "CreateDate", store_int(q, 7));
	iam_put_document(out, "AssumeRolePolicyDocument", store_text(q, 4));
	if (!store_null(q, 5))
		put_text(out, "Description", store_text(q, 5));
}

/* whole: as GetRole answers it. */
static void
answer_role(struct request *r, const char *name, bool whole)
{
	sqlite3_stmt *q = store_query(r->store, by_name, "t", name);
	put_open(r->out, NULL, '{');
	put_open(r->out, "Role", '{');
	if (store_next(q)) {
		put_role(r->out, q);
		if (whole)
			put_int(r->out, "MaxSessionDuration", store_int(q, 6));
	}
	store_end(q);
	iam_put_any_tags(r, "role", name);
	if (whole)
		put_raw(r->out, "RoleLastUsed", "{}", 2);
	put_close(r->out, '}');
	put_close(r->out, '}');
}

int
iam_create_role(struct request *r)
{
	const char *name = param(r, "RoleName"), *path = iam_path(r);
	const char *trust = param(r, "AssumeRolePolicyDocument");
	int64_t session = param_int(r, "MaxSessionDuration", SESSION_MIN_S);
	if (path == NULL || iam_check_name(r, name, "roleName", 64) != 0 ||
	    check_session(r, session) != 0 ||
	    iam_check_document(
		r, trust, "assumeRolePolicyDocument", POLICY_TRUST) != 0)
		return ANSWER_ERROR;
	if (store_number(r->store, 0,
		"select 1 from iam_role where name = ? collate nocase", "t",
		name) != 0)
		return fail(r, 409, "EntityAlreadyExists",
		    "Role with name %s already exists.", name);
	store_do(r->store,
	    "insert into iam_role values (?, ?, ?, ?, ?, ?, ?, ?)", "ttttttii",
	    name, path, iam_id(r, "AROA", 17),
	    request_format(
		r, "arn:aws:iam::%s:role%s%s", r->account, path, name),
	    trust, param(r, "Description"), session, r->now_ms);
	iam_tag(r, "role", name, param_json(r, "Tags"));
	answer_role(r, name, false);
	return ANSWER;
}

int
iam_get_role(struct request *r)
{
	const char *name = iam_owner(r, IAM_ROLE);
	if (name == NULL)
		return ANSWER_ERROR;
	answer_role(r, name, true);
	return ANSWER;
}

int
iam_list_roles(struct request *r)
{
	struct iam_page page;
	if (iam_page_open(r, &page, "Roles") != 0)
		return ANSWER_ERROR;
	sqlite3_stmt *q = store_query(r->store,
	    "select name, path, id, arn, trust, description, session_s,"
	    " created_ms from iam_role where name > ?1"
	    " and substr(path, 1, length(?2)) = ?2 order by name",
	    "tt", page.marker, iam_prefix(r));
	while (iam_page_next(r, &page, q)) {
		put_open(r->out, NULL, '{');
		put_role(r->out, q);
		put_int(r->out, "MaxSessionDuration", store_int(q, 6));
		put_close(r->out, '}');
	}
	iam_page_close(r, &page);
	return ANSWER;
}

int
iam_update_role(struct request *r)
{
	const char *name = iam_owner(r, IAM_ROLE);
	const char *description = param(r, "Description");
	int64_t session = param_int(r, "MaxSessionDuration", SESSION_MIN_S);
	bool timed = param(r, "MaxSessionDuration") != NULL;
	if (name == NULL || check_session(r, session) != 0)
		return ANSWER_ERROR;
	if (description != NULL)
		store_do(r->store,
		    "update iam_role set description = ? where name = ?", "tt",
		    description, name);
	if (timed)
		store_do(r->store,
		    "update iam_role set session_s = ? where name = ?", "it",
		    session, name);
	return ANSWER;
}

int
iam_update_trust(struct request *r)
{
	const char *name = iam_owner(r, IAM_ROLE);
	const char *document = param(r, "PolicyDocument");
	if (name == NULL || iam_check_document(r, document, "policyDocument",
				POLICY_TRUST) != 0)
		return ANSWER_ERROR;
	store_do(r->store, "update iam_role set trust = ? where name = ?", "tt",
	    document, name);
	return ANSWER;
}

int
iam_delete_role(struct request *r)
{
	const char *name = iam_owner(r, IAM_ROLE);
	if (name == NULL || iam_check_bare(r, IAM_ROLE, name) != 0)
		return ANSWER_ERROR;
	store_do(r->store, "delete from iam_role where name = ?", "t", name);
	iam_untag(r, "role", name);
	return ANSWER;
}

int
iam_tag_role(struct request *r)
{
	const char *name = iam_owner(r, IAM_ROLE);
	if (name == NULL)
		return ANSWER_ERROR;
	iam_tag(r, "role", name, param_json(r, "Tags"));
	return ANSWER;
}

int
iam_untag_role(struct request *r)
{
	const char *name = iam_owner(r, IAM_ROLE);
	struct json_iter it;
	struct json one;
	if (name == NULL)
		return ANSWER_ERROR;
	json_each(param_json(r, "TagKeys"), &it);
	while (json_next(&it, NULL, &one))
		store_do(r->store,
		    "delete from iam_tag where kind = 'role' and owner = ?"
		    " and key = ?",
		    "tt", name, param_text(r, one, NULL));
	return ANSWER;
}

int
iam_list_role_tags(struct request *r)
{
	const char *name = iam_owner(r, IAM_ROLE);
	if (name == NULL)
		return ANSWER_ERROR;
	put_open(r->out, NULL, '{');
	iam_put_tags(r, "role", name);
	put_bool(r->out, "IsTruncated", false);
	put_close(r->out, '}');
	return ANSWER;
}
