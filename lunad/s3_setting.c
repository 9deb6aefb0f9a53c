/*
 * How a bucket is set up: a document a matter. What lunad does not act on is
 * refused; what a bucket without it answers is answered.
 */
#include <string.h>

#include "s3_document.h"
#include "s3_private.h"
#include "text.h"
#include "xml.h"

static const struct setting {
	const char *name; /* "GetBucketTagging" without its verb */
	const char *query;
	const char *root; /* of its document */
	/* of one that was not set: a document's inside, or a failure */
	const char *otherwise;
	const char *code, *message;
	int put_status; /* 0: it cannot be put */
} settings[] = {
    {"BucketTagging", "tagging", "Tagging", NULL, "NoSuchTagSet",
	"The TagSet does not exist", 204},
    {"BucketEncryption", "encryption", "ServerSideEncryptionConfiguration",
	"<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256"
	"</SSEAlgorithm></ApplyServerSideEncryptionByDefault>"
	"<BucketKeyEnabled>false</BucketKeyEnabled></Rule>",
	NULL, NULL, 200},
    {"PublicAccessBlock", "publicAccessBlock", "PublicAccessBlockConfiguration",
	NULL, "NoSuchPublicAccessBlockConfiguration",
	"The public access block configuration was not found", 200},
    {"BucketOwnershipControls", "ownershipControls", "OwnershipControls", NULL,
	"OwnershipControlsNotFoundError",
	"The bucket ownership controls were not found", 200},
    {"BucketLifecycleConfiguration", "lifecycle", "LifecycleConfiguration",
	NULL, "NoSuchLifecycleConfiguration",
	"The lifecycle configuration does not exist", 200},
    {"BucketNotificationConfiguration", "notification",
	"NotificationConfiguration", "", NULL, NULL, 200},
    {"BucketVersioning", "versioning", "VersioningConfiguration", "", NULL,
	NULL, 0},
    {"BucketCors", "cors", "CORSConfiguration", NULL, "NoSuchCORSConfiguration",
	"The CORS configuration does not exist", 0},
    {"BucketWebsite", "website", "WebsiteConfiguration", NULL,
	"NoSuchWebsiteConfiguration",
	"The specified bucket does not have a website configuration", 0},
    {"BucketReplication", "replication", "ReplicationConfiguration", NULL,
	"ReplicationConfigurationNotFoundError",
	"The replication configuration was not found", 0},
    {"ObjectLockConfiguration", "object-lock", "ObjectLockConfiguration", NULL,
	"ObjectLockConfigurationNotFoundError",
	"Object Lock configuration does not exist for this bucket", 0},
    {"BucketLogging", "logging", "BucketLoggingStatus", "", NULL, NULL, 0},
    {"BucketAccelerateConfiguration", "accelerate", "AccelerateConfiguration",
	"", NULL, NULL, 0},
    {"BucketRequestPayment", "requestPayment", "RequestPaymentConfiguration",
	"<Payer>BucketOwner</Payer>", NULL, NULL, 0},
};

#define SETTINGS (sizeof(settings) / sizeof(settings[0]))

/* New buckets are closed to the public and have no lists of access. */
static const struct {
	const char *name, *document;
} at_first[] = {
    {"publicAccessBlock",
	"<BlockPublicAcls>true</BlockPublicAcls>"
	"<IgnorePublicAcls>true</IgnorePublicAcls>"
	"<BlockPublicPolicy>true</BlockPublicPolicy>"
	"<RestrictPublicBuckets>true</RestrictPublicBuckets>"},
    {"ownershipControls", "<Rule><ObjectOwnership>BucketOwnerEnforced"
			  "</ObjectOwnership></Rule>"},
};

static void
set(struct request *r, const char *bucket, const char *name,
    const char *document)
{
	store_do(r->store,
	    "INSERT OR REPLACE INTO s3_setting (bucket, name, document)"
	    " VALUES (?, ?, ?)",
	    "ttt", bucket, name, document);
}

void
s3_setting_begin(struct request *r, const char *bucket)
{
	for (size_t i = 0; i < sizeof(at_first) / sizeof(at_first[0]); i++)
		set(r, bucket, at_first[i].name, at_first[i].document);
}

/* The setting that the operation is about: its name stands after a verb, and
 * DeleteBucketLifecycle is of BucketLifecycleConfiguration. */
static const struct setting *
asked(const struct request *r)
{
	const char *name = r->operation;
	size_t i = 0;
	name += strncmp(name, "Delete", 6) == 0 ? 6 : 3;
	while (strncmp(settings[i].name, name, strlen(name)) != 0)
		i++;
	return &settings[i];
}

/* NULL: it was not set. */
static const char *
get(struct request *r, const char *name)
{
	const char *document = NULL;
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT document FROM s3_setting WHERE bucket = ? AND name = ?",
	    "tt", s3_of(r)->bucket, name);
	if (store_next(q)) {
		size_t len;
		const char *at = store_bytes(q, 0, &len);
		document = request_copy(r, at, len);
	}
	store_end(q);
	return document;
}

static int
not_there(struct request *r, const char *code, const char *message)
{
	s3_more(r, "BucketName", s3_of(r)->bucket);
	return fail(r, 404, code, "%s", message);
}

int
s3_get_setting(struct request *r)
{
	const struct setting *s = asked(r);
	if (s3_bucket(r) < 0)
		return -1;
	const char *document = get(r, s->query);
	if (document == NULL)
		document = s->otherwise;
	if (document == NULL)
		return not_there(r, s->code, s->message);
	if (r->internal)
		return 0;
	s3_begin(r, s->root);
	buf_add_text(r->out, document);
	s3_finish(r, s->root);
	return 0;
}

/* The document as XML, from a service's call as from a client's. */
static int
read_document(struct request *r, const struct setting *s, struct buf *out)
{
	struct buf made = {0};
	size_t len;
	const char *body;
	if (r->internal) {
		s3_document_of_json(
		    s->root, param_json(r, "Configuration"), &made);
		body = made.data;
		len = made.len;
	} else {
		if (s3_body_check(r, false) < 0)
			return -1;
		body = raw_body(r, &len);
	}
	int rc = 0;
	if (strcmp(s->query, "tagging") == 0) {
		struct buf tags = {0};
		rc = s3_tags_document(r, body, len, &tags);
		if (rc == 0 && s3_tags_count(buf_text(&tags)) > 50)
			rc = fail(r, 400, "BadRequest",
			    "Bucket tag count cannot be greater than 50");
		buf_clear(&tags);
	}
	if (rc == 0 && s3_document_read(s->root, body, len, out) < 0)
		rc = strcmp(s->query, "notification") == 0 ||
			     strcmp(s->query, "lifecycle") == 0
			 ? s3_missing_feature(r, s->query,
			       "lunad has expiration after days, by prefix, "
			       "and no notifications")
			 : s3_malformed(r);
	buf_clear(&made);
	return rc;
}

int
s3_put_setting(struct request *r)
{
	const struct setting *s = asked(r);
	struct buf document = {0};
	if (s3_bucket(r) < 0)
		return -1;
	if (s->put_status == 0)
		return s3_missing_feature(
		    r, s->query, "lunad does not have this");
	int rc = read_document(r, s, &document);
	if (rc == 0)
		set(r, s3_of(r)->bucket, s->query, buf_text(&document));
	if (rc == 0 && strcmp(s->query, "lifecycle") == 0)
		s3_lifecycle_begin(r->lunad, r->now_ms);
	buf_clear(&document);
	r->status = r->internal ? 0 : s->put_status;
	return rc;
}

int
s3_delete_setting(struct request *r)
{
	if (s3_bucket(r) < 0)
		return -1;
	store_do(r->store,
	    "DELETE FROM s3_setting WHERE bucket = ? AND name = ?", "tt",
	    s3_of(r)->bucket, asked(r)->query);
	r->status = r->internal ? 0 : 204;
	return 0;
}

static int
no_policy(struct request *r)
{
	return not_there(
	    r, "NoSuchBucketPolicy", "The bucket policy does not exist");
}

int
s3_get_policy(struct request *r)
{
	if (s3_bucket(r) < 0)
		return -1;
	const char *policy = get(r, "policy");
	if (policy == NULL)
		return no_policy(r);
	if (r->internal)
		return 0;
	r->type = "application/json";
	buf_add_text(r->out, policy);
	return 0;
}

int
s3_get_policy_status(struct request *r)
{
	if (s3_bucket(r) < 0)
		return -1;
	if (get(r, "policy") == NULL)
		return no_policy(r);
	/* Whether it makes the bucket public, only evaluating it would tell. */
	return s3_missing_feature(
	    r, "policyStatus", "lunad evaluates no policy");
}

static int
malformed_policy(struct request *r, const char *message)
{
	return fail(r, 400, "MalformedPolicy", "%s", message);
}

int
s3_put_policy(struct request *r)
{
	size_t len;
	struct json v;
	struct err err;
	const char *text;
	if (s3_bucket(r) < 0 || (!r->internal && s3_body_check(r, false) < 0))
		return -1;
	if (r->internal) {
		text = param(r, "Policy");
		len = text == NULL ? 0 : strlen(text);
	} else {
		text = raw_body(r, &len);
	}
	if (len == 0 || text[0] != '{' || json_scan(text, len, &v, &err) < 0)
		return malformed_policy(r,
		    "Policies must be valid JSON and the first byte must be "
		    "'{'");
	if (json_get(v, "Statement").type == JSON_NONE)
		return malformed_policy(r, "Missing required field Statement");
	set(r, s3_of(r)->bucket, "policy", request_copy(r, text, len));
	r->status = r->internal ? 0 : 204;
	return 0;
}

int
s3_delete_policy(struct request *r)
{
	if (s3_bucket(r) < 0)
		return -1;
	store_do(r->store,
	    "DELETE FROM s3_setting WHERE bucket = ? AND name = 'policy'", "t",
	    s3_of(r)->bucket);
	r->status = r->internal ? 0 : 204;
	return 0;
}

/* All is the owner's: nothing else can be set. */
int
s3_get_acl(struct request *r)
{
	const struct s3 *q = s3_of(r);
	struct s3_object o;
	if (s3_bucket(r) < 0)
		return -1;
	if (q->key != NULL &&
	    !s3_object_get(r, q->bucket, q->key, q->key_len, &o))
		return s3_no_key(r);
	s3_begin(r, "AccessControlPolicy");
	buf_addf(r->out,
	    "<Owner><ID>%s</ID></Owner><AccessControlList><Grant>"
	    "<Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
	    " xsi:type=\"CanonicalUser\"><ID>%s</ID></Grantee>"
	    "<Permission>FULL_CONTROL</Permission></Grant>"
	    "</AccessControlList>",
	    r->account, r->account);
	s3_finish(r, "AccessControlPolicy");
	return 0;
}

int
s3_put_acl(struct request *r)
{
	const char *acl = raw_header(r, "x-amz-acl");
	if (s3_bucket(r) < 0)
		return -1;
	if (acl != NULL && (strcmp(acl, "private") == 0 ||
			       strcmp(acl, "bucket-owner-full-control") == 0))
		return 0;
	return fail(r, 400, "AccessControlListNotSupported",
	    "The bucket does not allow ACLs");
}
