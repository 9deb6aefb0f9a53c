#include <ctype.h>
#include <string.h>

#include "s3_private.h"
#include "xml.h"

static int
check_owner(struct request *r, const char *account)
{
	const char *said = raw_header(r, "x-amz-expected-bucket-owner");
	if (said != NULL &&
	    (strlen(said) != 12 || strspn(said, "0123456789") != 12))
		return fail(r, 400, "InvalidBucketOwnerAWSAccountID",
		    "The value of the expected bucket owner parameter must be "
		    "an AWS Account ID... [%s]",
		    said);
	if (strcmp(account, r->account) == 0 &&
	    (said == NULL || strcmp(said, account) == 0))
		return 0;
	return fail(r, 403, "AccessDenied", "Access Denied");
}

int
s3_bucket_named(struct request *r, const char *name)
{
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT account FROM s3_bucket WHERE name = ?", "t", name);
	if (!store_next(q))
		return s3_no_bucket(r, name);
	const char *account = request_format(r, "%s", store_text(q, 0));
	store_end(q);
	return check_owner(r, account);
}

int
s3_bucket(struct request *r)
{
	return s3_bucket_named(r, s3_of(r)->bucket);
}

int
s3_version(struct request *r)
{
	const char *id = s3_query(r, "versionId");
	if (id == NULL || strcmp(id, "null") == 0)
		return 0;
	return s3_invalid(r, "versionId", id, "Invalid version id specified");
}

/*
 * Source: Amazon S3 User Guide, "General purpose bucket naming rules".
 */
static bool
is_name(const char *name)
{
	static const char *const not_first[] = {
	    "xn--", "sthree-", "amzn-s3-demo-", NULL};
	static const char *const not_last[] = {
	    "-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3", NULL};
	size_t len = strlen(name);
	if (len < 3 || len > 63 ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") != len ||
	    !isalnum((unsigned char)name[0]) ||
	    !isalnum((unsigned char)name[len - 1]) ||
	    strstr(name, "..") != NULL || strspn(name, "0123456789.") == len)
		return false;
	for (size_t i = 0; not_first[i] != NULL; i++)
		if (strncmp(name, not_first[i], strlen(not_first[i])) == 0)
			return false;
	for (size_t i = 0; not_last[i] != NULL; i++)
		if (len > strlen(not_last[i]) &&
		    strcmp(name + len - strlen(not_last[i]), not_last[i]) == 0)
			return false;
	return true;
}

/* What CreateBucketConfiguration says; NULL: nothing. -1 after fail(). */
static int
read_constraint(struct request *r, const char **constraint)
{
	size_t len;
	*constraint = NULL;
	if (r->internal) {
		*constraint = param(r, "LocationConstraint");
		return 0;
	}
	const char *body = raw_body(r, &len);
	if (len == 0)
		return 0;
	struct err err;
	struct xml *x = xml_parse(body, len, &err);
	if (x == NULL || strcmp(x->name, "CreateBucketConfiguration") != 0) {
		xml_free(x);
		return s3_malformed(r);
	}
	const char *text = xml_text(x, "LocationConstraint");
	if (text != NULL && *text != '\0')
		*constraint = request_format(r, "%s", text);
	xml_free(x);
	return 0;
}

/* us-east-1 takes any region's buckets but has no name of its own there;
 * every other takes only its own. */
static int
check_constraint(struct request *r, const char *constraint)
{
	bool first = strcmp(r->region, "us-east-1") == 0;
	if (r->internal && constraint == NULL)
		return 0;
	if (first && constraint != NULL &&
	    (strcmp(constraint, "us-east-1") == 0 ||
		strchr(constraint, '-') == NULL ||
		!isdigit((unsigned char)constraint[strlen(constraint) - 1]))) {
		if (strcmp(constraint, "EU") == 0)
			return 0;
		s3_more(r, "LocationConstraint", constraint);
		return fail(r, 400, "InvalidLocationConstraint",
		    "The specified location-constraint is not valid");
	}
	if (!first &&
	    (constraint == NULL || strcmp(constraint, r->region) != 0))
		return fail(r, 400, "IllegalLocationConstraintException",
		    "The %s location constraint is incompatible for the region "
		    "specific endpoint this request was sent to.",
		    constraint == NULL ? "unspecified" : constraint);
	return 0;
}

static int
already(struct request *r, const char *name, const char *account)
{
	s3_more(r, "BucketName", name);
	if (strcmp(account, r->account) != 0)
		return fail(r, 409, "BucketAlreadyExists",
		    "The requested bucket name is not available. The bucket "
		    "namespace is shared by all users of the system. Please "
		    "select a different name and try again.");
	return fail(r, 409, "BucketAlreadyOwnedByYou",
	    "Your previous request to create the named bucket succeeded and "
	    "you already own it.");
}

static void
answer_location(struct request *r, const char *name, bool first)
{
	const char *host = raw_header(r, "host");
	raw_answer(r, "Location",
	    first || host == NULL
		? request_format(r, "/%s", name)
		: request_format(r, "http://%s.%s/", name, host));
	raw_answer(
	    r, "x-amz-bucket-arn", request_format(r, "arn:aws:s3:::%s", name));
}

int
s3_create_bucket(struct request *r)
{
	const char *name = s3_of(r)->bucket, *constraint;
	if (name == NULL || !is_name(name)) {
		s3_more(r, "BucketName", name == NULL ? "" : name);
		return fail(r, 400, "InvalidBucketName",
		    "The specified bucket is not valid.");
	}
	if (read_constraint(r, &constraint) < 0 ||
	    check_constraint(r, constraint) < 0)
		return -1;
	const char *region = constraint == NULL ? r->region : constraint;
	bool first = strcmp(region, "us-east-1") == 0;
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT account, region FROM s3_bucket WHERE name = ?", "t", name);
	if (store_next(q)) {
		const char *account = request_format(r, "%s", store_text(q, 0));
		const char *where = request_format(r, "%s", store_text(q, 1));
		store_end(q);
		/* Only there is it no failure to have it already. */
		if (!first || r->internal || strcmp(account, r->account) != 0 ||
		    strcmp(where, region) != 0)
			return already(r, name, account);
	} else {
		store_do(r->store,
		    "INSERT INTO s3_bucket (name, account, region, created_ms)"
		    " VALUES (?, ?, ?, ?)",
		    "ttti", name, r->account, region, r->now_ms);
		s3_setting_begin(r, name);
	}
	answer_location(r, name, first);
	return 0;
}

int
s3_head_bucket(struct request *r)
{
	const char *name = s3_of(r)->bucket;
	if (s3_bucket(r) < 0)
		return -1;
	sqlite3_stmt *q = store_query(
	    r->store, "SELECT region FROM s3_bucket WHERE name = ?", "t", name);
	if (store_next(q))
		raw_answer(r, "x-amz-bucket-region",
		    request_format(r, "%s", store_text(q, 0)));
	store_end(q);
	raw_answer(
	    r, "x-amz-bucket-arn", request_format(r, "arn:aws:s3:::%s", name));
	raw_answer(r, "x-amz-access-point-alias", "false");
	r->type = "application/xml";
	return 0;
}

/* What was begun and not completed is no object. */
static void
drop_uploads(struct request *r, const char *bucket)
{
	int64_t id;
	while ((id = store_number(r->store, 0,
		    "SELECT id FROM s3_upload WHERE bucket = ? LIMIT 1", "t",
		    bucket)) != 0)
		s3_upload_remove(r->lunad, id, true);
}

int
s3_delete_bucket(struct request *r)
{
	const char *name = s3_of(r)->bucket;
	if (s3_bucket(r) < 0)
		return -1;
	if (store_number(r->store, 0,
		"SELECT 1 FROM s3_object WHERE bucket = ? LIMIT 1", "t",
		name) != 0) {
		s3_more(r, "BucketName", name);
		return fail(r, 409, "BucketNotEmpty",
		    "The bucket you tried to delete is not empty");
	}
	drop_uploads(r, name);
	store_do(
	    r->store, "DELETE FROM s3_setting WHERE bucket = ?", "t", name);
	store_do(r->store, "DELETE FROM s3_bucket WHERE name = ?", "t", name);
	r->status = 204;
	return 0;
}

int
s3_get_bucket_location(struct request *r)
{
	const char *name = s3_of(r)->bucket;
	if (s3_bucket(r) < 0)
		return -1;
	sqlite3_stmt *q = store_query(
	    r->store, "SELECT region FROM s3_bucket WHERE name = ?", "t", name);
	const char *region =
	    store_next(q) ? request_format(r, "%s", store_text(q, 0)) : "";
	store_end(q);
	s3_begin(r, "LocationConstraint");
	if (strcmp(region, "us-east-1") != 0)
		xml_escape(region, strlen(region), r->out);
	s3_finish(r, "LocationConstraint");
	return 0;
}
