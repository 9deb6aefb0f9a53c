#include "iam.h"

static void
put_user(struct request *r, sqlite3_stmt *q)
{
	put_text(r->out, "Path", store_text(q, 1));
	put_text(r->out, "UserName", store_text(q, 0));
	put_text(r->out, "UserId", store_text(q, 2));
	put_text(r->out, "Arn", store_text(q, 3));
	iam_put_time(r->out, "CreateDate", store_int(q, 4));
}

static void
answer_user(struct request *r, const char *name)
{
	sqlite3_stmt *q = store_query(r->store,
	    "select name, path, id, arn, created_ms from iam_user"
	    " where name = ?",
	    "t", name);
	put_open(r->out, NULL, '{');
	put_open(r->out, "User", '{');
	if (store_next(q))
		put_user(r, q);
	store_end(q);
	iam_put_any_tags(r, "user", name);
	put_close(r->out, '}');
	put_close(r->out, '}');
}

int
iam_create_user(struct request *r)
{
	const char *name = param(r, "UserName"), *path = iam_path(r);
	if (path == NULL || iam_check_name(r, name, "userName", 64) != 0)
		return ANSWER_ERROR;
	if (store_number(r->store, 0,
		"select 1 from iam_user where name = ? collate nocase", "t",
		name) != 0)
		return fail(r, 409, "EntityAlreadyExists",
		    "User with name %s already exists.", name);
	store_do(r->store, "insert into iam_user values (?, ?, ?, ?, ?)",
	    "tttti", name, path, iam_id(r, "AIDA", 17),
	    request_format(
		r, "arn:aws:iam::%s:user%s%s", r->account, path, name),
	    r->now_ms);
	iam_tag(r, "user", name, param_json(r, "Tags"));
	answer_user(r, name);
	return ANSWER;
}

int
iam_get_user(struct request *r)
{
	const char *name = iam_owner(r, IAM_USER);
	if (name == NULL)
		return ANSWER_ERROR;
	answer_user(r, name);
	return ANSWER;
}

int
iam_list_users(struct request *r)
{
	struct iam_page page;
	if (iam_page_open(r, &page, "Users") != 0)
		return ANSWER_ERROR;
	sqlite3_stmt *q = store_query(r->store,
	    "select name, path, id, arn, created_ms from iam_user"
	    " where name > ?1 and substr(path, 1, length(?2)) = ?2"
	    " order by name",
	    "tt", page.marker, iam_prefix(r));
	while (iam_page_next(r, &page, q)) {
		put_open(r->out, NULL, '{');
		put_user(r, q);
		put_close(r->out, '}');
	}
	iam_page_close(r, &page);
	return ANSWER;
}

int
iam_delete_user(struct request *r)
{
	const char *name = iam_owner(r, IAM_USER);
	if (name == NULL)
		return ANSWER_ERROR;
	if (store_number(r->store, 0,
		"select 1 from iam_key where user = ? limit 1", "t", name) != 0)
		return fail(r, 409, "DeleteConflict",
		    "Cannot delete entity, must delete access keys first.");
	if (iam_check_bare(r, IAM_USER, name) != 0)
		return ANSWER_ERROR;
	store_do(r->store, "delete from iam_user where name = ?", "t", name);
	iam_untag(r, "user", name);
	return ANSWER;
}
