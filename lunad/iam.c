#include "iam.h"

#include <ctype.h>
#include <string.h>

#include "digest.h"
#include "text.h"

extern const struct api iam_api;

const char *
iam_id(struct request *r, const char *prefix, size_t len)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	uint8_t bytes[32];
	size_t at = strlen(prefix);
	char *id = request_alloc(r, at + len + 1);
	memcpy(id, prefix, at);
	digest_random(bytes, sizeof(bytes));
	for (size_t i = 0; i < len; i++)
		id[at + i] = alphabet[bytes[i] % 32];
	return id;
}

void
iam_put_time(struct buf *out, const char *name, int64_t ms)
{
	char iso[TEXT_ISO];
	text_iso(ms, iso);
	memcpy(strchr(iso, '.'), "Z", 2);
	put_text(out, name, iso);
}

void
iam_put_document(struct buf *out, const char *name, const char *document)
{
	struct buf text = {0};
	text_percent(document, strlen(document), false, &text);
	put_text(out, name, buf_text(&text));
	buf_clear(&text);
}

int
iam_check_name(
    struct request *r, const char *name, const char *path, size_t most)
{
	const char *p = name;
	if (check_there(r, name, path) != 0)
		return -1;
	while (isalnum((unsigned char)*p) ||
	       (*p != '\0' && strchr("_+=,.@-", *p) != NULL))
		p++;
	if (*p != '\0' || p == name)
		return fail(r, 400, "ValidationError",
		    "The specified value for %s is invalid. It must contain "
		    "only alphanumeric characters and/or the following: "
		    "+=,.@_-",
		    path);
	return check_length(r, name, path, 1, most);
}

const char *
iam_path(struct request *r)
{
	const char *path = param(r, "Path");
	size_t n = path == NULL ? 0 : strlen(path);
	if (path == NULL)
		return "/";
	if (n >= 1 && n <= 512 && path[0] == '/' && path[n - 1] == '/')
		return path;
	fail(r, 400, "ValidationError",
	    "The specified value for path is invalid. It must begin and end "
	    "with / and contain only alphanumeric characters and/or / "
	    "characters.");
	return NULL;
}

int
iam_check_document(struct request *r, const char *document, const char *path,
    enum policy_kind kind)
{
	struct buf why = {0};
	if (check_there(r, document, path) != 0)
		return -1;
	int status = policy_check(document, kind, &why);
	if (status != 0)
		fail(r, 400, "MalformedPolicyDocument", "%s", buf_text(&why));
	buf_clear(&why);
	return status;
}

int
iam_page_open(struct request *r, struct iam_page *p, const char *list)
{
	const char *marker = param(r, "Marker");
	int64_t room = param_int(r, "MaxItems", 100);
	*p = (struct iam_page){
	    .marker = marker == NULL ? "" : marker, .room = room};
	if (room < 1 || room > 1000)
		return check_refuse(r, param(r, "MaxItems"), "maxItems",
		    room < 1
			? "Member must have value greater than or equal to 1"
			: "Member must have value less than or equal to 1000");
	put_open(r->out, NULL, '{');
	put_open(r->out, list, '[');
	return 0;
}

bool
iam_page_next(struct request *r, struct iam_page *p, sqlite3_stmt *q)
{
	if (!store_next(q))
		return false;
	p->more = p->room-- == 0;
	if (p->more)
		store_end(q);
	else
		p->last = request_format(r, "%s", store_text(q, 0));
	return !p->more;
}

void
iam_page_close(struct request *r, const struct iam_page *p)
{
	put_close(r->out, ']');
	put_bool(r->out, "IsTruncated", p->more);
	if (p->more)
		put_text(r->out, "Marker", p->last);
	put_close(r->out, '}');
}

const char *
iam_prefix(struct request *r)
{
	const char *prefix = param(r, "PathPrefix");
	return prefix == NULL ? "" : prefix;
}

void
iam_tag(struct request *r, const char *kind, const char *name, struct json tags)
{
	struct json_iter it;
	struct json one;
	json_each(tags, &it);
	while (json_next(&it, NULL, &one))
		store_do(r->store,
		    "insert or replace into iam_tag values (?, ?, ?, ?)",
		    "tttt", kind, name,
		    param_text(r, json_get(one, "Key"), NULL),
		    param_text(r, json_get(one, "Value"), NULL));
}

void
iam_put_tags(struct request *r, const char *kind, const char *name)
{
	sqlite3_stmt *q = store_query(r->store,
	    "select key, value from iam_tag where kind = ? and owner = ?"
	    " order by key",
	    "tt", kind, name);
	put_open(r->out, "Tags", '[');
	while (store_next(q)) {
		put_open(r->out, NULL, '{');
		put_text(r->out, "Key", store_text(q, 0));
		put_text(r->out, "Value", store_text(q, 1));
		put_close(r->out, '}');
	}
	store_end(q);
	put_close(r->out, ']');
}

void
iam_put_any_tags(struct request *r, const char *kind, const char *name)
{
	if (store_number(r->store, 0,
		"select 1 from iam_tag where kind = ? and owner = ? limit 1",
		"tt", kind, name) != 0)
		iam_put_tags(r, kind, name);
}

void
iam_untag(struct request *r, const char *kind, const char *name)
{
	store_do(r->store, "delete from iam_tag where kind = ? and owner = ?",
	    "tt", kind, name);
}

static const char schema[] =
    "create table if not exists iam_role ("
    " name text primary key, path text not null, id text not null,"
    " arn text not null, trust text not null, description text,"
    " session_s integer not null, created_ms integer not null)"
    " without rowid;"
    "create table if not exists iam_user ("
    " name text primary key, path text not null, id text not null,"
    " arn text not null, created_ms integer not null) without rowid;"
    "create table if not exists iam_key ("
    " id text primary key, user text not null, secret text not null,"
    " active integer not null, created_ms integer not null)"
    " without rowid;"
    "create table if not exists iam_policy ("
    " arn text primary key, name text not null, path text not null,"
    " id text not null, description text, version integer not null,"
    " last integer not null, created_ms integer not null,"
    " updated_ms integer not null) without rowid;"
    "create table if not exists iam_version ("
    " arn text not null, n integer not null, document text not null,"
    " created_ms integer not null, primary key (arn, n)) without rowid;"
    "create table if not exists iam_inline ("
    " kind integer not null, owner text not null, name text not null,"
    " document text not null, primary key (kind, owner, name))"
    " without rowid;"
    "create table if not exists iam_attached ("
    " kind integer not null, owner text not null, arn text not null,"
    " primary key (kind, owner, arn)) without rowid;"
    "create table if not exists iam_tag ("
    " kind text not null, owner text not null, key text not null,"
    " value text not null, primary key (kind, owner, key))"
    " without rowid;";

static const struct operation operations[] = {
    {.name = "CreateRole", .run = iam_create_role, .writes = true},
    {.name = "GetRole", .run = iam_get_role},
    {.name = "ListRoles", .run = iam_list_roles},
    {.name = "UpdateRole", .run = iam_update_role, .writes = true},
    {.name = "UpdateAssumeRolePolicy", .run = iam_update_trust, .writes = true},
    {.name = "DeleteRole", .run = iam_delete_role, .writes = true},
    {.name = "TagRole", .run = iam_tag_role, .writes = true},
    {.name = "UntagRole", .run = iam_untag_role, .writes = true},
    {.name = "ListRoleTags", .run = iam_list_role_tags},
    {.name = "PutRolePolicy", .run = iam_put_inline, .writes = true},
    {.name = "GetRolePolicy", .run = iam_get_inline},
    {.name = "DeleteRolePolicy", .run = iam_delete_inline, .writes = true},
    {.name = "ListRolePolicies", .run = iam_list_inline},
    {.name = "AttachRolePolicy", .run = iam_attach, .writes = true},
    {.name = "DetachRolePolicy", .run = iam_detach, .writes = true},
    {.name = "ListAttachedRolePolicies", .run = iam_list_attached},
    {.name = "CreateUser", .run = iam_create_user, .writes = true},
    {.name = "GetUser", .run = iam_get_user},
    {.name = "ListUsers", .run = iam_list_users},
    {.name = "DeleteUser", .run = iam_delete_user, .writes = true},
    {.name = "CreateAccessKey", .run = iam_create_key, .writes = true},
    {.name = "ListAccessKeys", .run = iam_list_keys},
    {.name = "UpdateAccessKey", .run = iam_update_key, .writes = true},
    {.name = "DeleteAccessKey", .run = iam_delete_key, .writes = true},
    {.name = "PutUserPolicy", .run = iam_put_inline, .writes = true},
    {.name = "GetUserPolicy", .run = iam_get_inline},
    {.name = "DeleteUserPolicy", .run = iam_delete_inline, .writes = true},
    {.name = "ListUserPolicies", .run = iam_list_inline},
    {.name = "AttachUserPolicy", .run = iam_attach, .writes = true},
    {.name = "DetachUserPolicy", .run = iam_detach, .writes = true},
    {.name = "ListAttachedUserPolicies", .run = iam_list_attached},
    {.name = "CreatePolicy", .run = iam_create_policy, .writes = true},
    {.name = "GetPolicy", .run = iam_get_policy},
    {.name = "ListPolicies", .run = iam_list_policies},
    {.name = "DeletePolicy", .run = iam_delete_policy, .writes = true},
    {.name = "CreatePolicyVersion", .run = iam_create_version, .writes = true},
    {.name = "GetPolicyVersion", .run = iam_get_version},
    {.name = "ListPolicyVersions", .run = iam_list_versions},
    {.name = "SetDefaultPolicyVersion", .run = iam_set_version, .writes = true},
    {.name = "DeletePolicyVersion", .run = iam_delete_version, .writes = true},
    {.name = NULL},
};

static const struct api_error errors[] = {
    {"ValidationException", "ValidationError"},
    {NULL, NULL},
};

const struct api iam_api = {
    .name = "iam",
    .version = "2010-05-08",
    .xmlns = "https://iam.amazonaws.com/doc/2010-05-08/",
    .operation = operations,
    .error = errors,
    .schema = schema,
    .open = iam_open,
};
