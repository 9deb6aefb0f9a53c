#include <string.h>

#include "iam.h"
#include "store.h"

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
	if (store_number(r->store, 0,
		"select 1 from iam_tag where kind = 'user' and owner = ?"
		" limit 1",
		"t", name) != 0)
		iam_put_tags(r, "user", name);
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
	const char *prefix = param(r, "PathPrefix"), *last = NULL;
	const char *marker = param(r, "Marker");
	int64_t limit, n = 0;
	if (iam_limit(r, &limit) != 0)
		return ANSWER_ERROR;
	put_open(r->out, NULL, '{');
	put_open(r->out, "Users", '[');
	sqlite3_stmt *q = store_query(r->store,
	    "select name, path, id, arn, created_ms from iam_user"
	    " where name > ? order by name",
	    "t", marker == NULL ? "" : marker);
	while (n <= limit && store_next(q)) {
		if ((prefix != NULL && strncmp(store_text(q, 1), prefix,
					   strlen(prefix)) != 0) ||
		    ++n > limit)
			continue;
		put_open(r->out, NULL, '{');
		put_user(r, q);
		put_close(r->out, '}');
		last = request_format(r, "%s", store_text(q, 0));
	}
	store_end(q);
	put_close(r->out, ']');
	iam_put_end(r, n > limit, last);
	put_close(r->out, '}');
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
	store_do(r->store,
	    "delete from iam_tag where kind = 'user' and owner = ?", "t", name);
	return ANSWER;
}
