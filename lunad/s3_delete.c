#include <string.h>

#include "fault.h"
#include "s3_private.h"
#include "xml.h"

/* Of one that goes only if it is as its deleter thinks. */
static int
check_condition(struct request *r, const struct s3 *q)
{
	static const char *const directory_only[] = {
	    "x-amz-if-match-last-modified-time", "x-amz-if-match-size"};
	struct s3_object o;
	for (size_t i = 0; i < 2; i++)
		if (raw_header(r, directory_only[i]) != NULL)
			return s3_missing_feature(r, directory_only[i], NULL);
	const char *match = raw_header(r, "if-match");
	if (match == NULL ||
	    !s3_object_get(r, q->bucket, q->key, q->key_len, &o))
		return match == NULL ? 0 : s3_no_key(r);
	return strcmp(match, "*") == 0 ? 0 : s3_condition_write(r, &o);
}

int
s3_delete_object(struct request *r)
{
	struct s3 *q = s3_of(r);
	if (s3_bucket(r) < 0 || s3_version(r) < 0 || check_condition(r, q) < 0)
		return -1;
	s3_object_remove(r->lunad, q->bucket, q->key, q->key_len);
	r->status = 204;
	return 0;
}

static void
put_key(struct buf *out, const struct xml *key)
{
	buf_add_text(out, "<Key>");
	xml_escape(key->text, key->text_len, out);
	buf_add_text(out, "</Key>");
}

static int
put_error(struct request *r, const struct xml *key, const char *code,
    const char *message)
{
	buf_add_text(r->out, "<Error>");
	put_key(r->out, key);
	s3_tag(r->out, "Code", code);
	s3_tag(r->out, "Message", message);
	buf_add_text(r->out, "</Error>");
	return 0;
}

static int
delete_one(struct request *r, const struct xml *one, bool quiet)
{
	const struct xml *key = xml_find(one, "Key");
	const char *version = xml_text(one, "VersionId");
	const char *bucket = s3_of(r)->bucket;
	if (strcmp(one->name, "Object") != 0 || key == NULL ||
	    key->text_len == 0)
		return s3_malformed(r);
	if (version != NULL && strcmp(version, "null") != 0)
		return put_error(r, key, "NoSuchVersion",
		    "The specified version does not exist.");
	switch (fault_entry(r, key->text, key->text_len)) {
	case FAULT_LATER:
		return put_error(r, key, "InternalError",
		    "We encountered an internal error. Please try again.");
	case FAULT_NEVER:
		return put_error(r, key, "AccessDenied", "Access Denied");
	case FAULT_NONE:
		break;
	}
	s3_object_remove(r->lunad, bucket, key->text, key->text_len);
	if (quiet)
		return 0;
	buf_add_text(r->out, "<Deleted>");
	put_key(r->out, key);
	buf_add_text(r->out, "</Deleted>");
	return 0;
}

static int
delete_all(struct request *r, const struct xml *x)
{
	const char *said = xml_text(x, "Quiet");
	bool quiet = said != NULL && strcmp(said, "true") == 0;
	int64_t n = 0;
	s3_begin(r, "DeleteResult");
	for (const struct xml *one = x->child; one != NULL; one = one->next) {
		if (strcmp(one->name, "Quiet") == 0)
			continue;
		if (++n > S3_PAGE || delete_one(r, one, quiet) < 0)
			return s3_malformed(r);
	}
	s3_finish(r, "DeleteResult");
	return n > 0 ? 0 : s3_malformed(r);
}

int
s3_delete_objects(struct request *r)
{
	size_t len;
	const char *body = raw_body(r, &len);
	struct err err;
	if (s3_bucket(r) < 0 || s3_body_check(r, true) < 0)
		return -1;
	struct xml *x = xml_parse(body, len, &err);
	int rc = x == NULL || strcmp(x->name, "Delete") != 0 ? s3_malformed(r)
							     : delete_all(r, x);
	xml_free(x);
	return rc;
}
