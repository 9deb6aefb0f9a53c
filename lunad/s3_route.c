#include <string.h>
#include <strings.h>

#include "s3_private.h"
#include "text.h"

enum level { SERVICE, BUCKET, OBJECT };

/* The first row that fits. query, header: it has to be there. */
static const struct route {
	const char *method;
	enum level level;
	const char *query, *header;
	const char *operation;
} routes[] = {
    {"GET", SERVICE, NULL, NULL, "ListBuckets"},
    {"GET", BUCKET, "location", NULL, "GetBucketLocation"},
    {"GET", BUCKET, "list-type", NULL, "ListObjectsV2"},
    {"GET", BUCKET, "tagging", NULL, "GetBucketTagging"},
    {"PUT", BUCKET, "tagging", NULL, "PutBucketTagging"},
    {"DELETE", BUCKET, "tagging", NULL, "DeleteBucketTagging"},
    {"GET", BUCKET, "encryption", NULL, "GetBucketEncryption"},
    {"PUT", BUCKET, "encryption", NULL, "PutBucketEncryption"},
    {"DELETE", BUCKET, "encryption", NULL, "DeleteBucketEncryption"},
    {"GET", BUCKET, "publicAccessBlock", NULL, "GetPublicAccessBlock"},
    {"PUT", BUCKET, "publicAccessBlock", NULL, "PutPublicAccessBlock"},
    {"DELETE", BUCKET, "publicAccessBlock", NULL, "DeletePublicAccessBlock"},
    {"GET", BUCKET, "ownershipControls", NULL, "GetBucketOwnershipControls"},
    {"PUT", BUCKET, "ownershipControls", NULL, "PutBucketOwnershipControls"},
    {"DELETE", BUCKET, "ownershipControls", NULL,
	"DeleteBucketOwnershipControls"},
    {"GET", BUCKET, "lifecycle", NULL, "GetBucketLifecycleConfiguration"},
    {"PUT", BUCKET, "lifecycle", NULL, "PutBucketLifecycleConfiguration"},
    {"GET", BUCKET, "notification", NULL, "GetBucketNotificationConfiguration"},
    {"PUT", BUCKET, "notification", NULL, "PutBucketNotificationConfiguration"},
    {"GET", BUCKET, "versioning", NULL, "GetBucketVersioning"},
    {"PUT", BUCKET, "versioning", NULL, "PutBucketVersioning"},
    {"GET", BUCKET, "cors", NULL, "GetBucketCors"},
    {"PUT", BUCKET, "cors", NULL, "PutBucketCors"},
    {"DELETE", BUCKET, "cors", NULL, "DeleteBucketCors"},
    {"GET", BUCKET, "website", NULL, "GetBucketWebsite"},
    {"PUT", BUCKET, "website", NULL, "PutBucketWebsite"},
    {"DELETE", BUCKET, "website", NULL, "DeleteBucketWebsite"},
    {"GET", BUCKET, "replication", NULL, "GetBucketReplication"},
    {"PUT", BUCKET, "replication", NULL, "PutBucketReplication"},
    {"DELETE", BUCKET, "replication", NULL, "DeleteBucketReplication"},
    {"GET", BUCKET, "object-lock", NULL, "GetObjectLockConfiguration"},
    {"PUT", BUCKET, "object-lock", NULL, "PutObjectLockConfiguration"},
    {"GET", BUCKET, "logging", NULL, "GetBucketLogging"},
    {"PUT", BUCKET, "logging", NULL, "PutBucketLogging"},
    {"GET", BUCKET, "accelerate", NULL, "GetBucketAccelerateConfiguration"},
    {"PUT", BUCKET, "accelerate", NULL, "PutBucketAccelerateConfiguration"},
    {"GET", BUCKET, "requestPayment", NULL, "GetBucketRequestPayment"},
    {"PUT", BUCKET, "requestPayment", NULL, "PutBucketRequestPayment"},
    {"DELETE", BUCKET, "lifecycle", NULL, "DeleteBucketLifecycle"},
    {"GET", BUCKET, "policy", NULL, "GetBucketPolicy"},
    {"PUT", BUCKET, "policy", NULL, "PutBucketPolicy"},
    {"DELETE", BUCKET, "policy", NULL, "DeleteBucketPolicy"},
    {"GET", BUCKET, "policyStatus", NULL, "GetBucketPolicyStatus"},
    {"GET", BUCKET, "acl", NULL, "GetBucketAcl"},
    {"PUT", BUCKET, "acl", NULL, "PutBucketAcl"},
    {"GET", OBJECT, "acl", NULL, "GetObjectAcl"},
    {"PUT", OBJECT, "acl", NULL, "PutObjectAcl"},
    {"GET", BUCKET, "uploads", NULL, "ListMultipartUploads"},
    {"GET", BUCKET, NULL, NULL, "ListObjects"},
    {"PUT", BUCKET, NULL, NULL, "CreateBucket"},
    {"HEAD", BUCKET, NULL, NULL, "HeadBucket"},
    {"DELETE", BUCKET, NULL, NULL, "DeleteBucket"},
    {"POST", BUCKET, "delete", NULL, "DeleteObjects"},
    {"GET", OBJECT, "uploadId", NULL, "ListParts"},
    {"GET", OBJECT, "attributes", NULL, "GetObjectAttributes"},
    {"GET", OBJECT, "tagging", NULL, "GetObjectTagging"},
    {"PUT", OBJECT, "tagging", NULL, "PutObjectTagging"},
    {"DELETE", OBJECT, "tagging", NULL, "DeleteObjectTagging"},
    {"POST", OBJECT, "uploads", NULL, "CreateMultipartUpload"},
    {"POST", OBJECT, "uploadId", NULL, "CompleteMultipartUpload"},
    {"DELETE", OBJECT, "uploadId", NULL, "AbortMultipartUpload"},
    {"PUT", OBJECT, "partNumber", "x-amz-copy-source", "UploadPartCopy"},
    {"PUT", OBJECT, "partNumber", NULL, "UploadPart"},
    {"PUT", OBJECT, NULL, "x-amz-copy-source", "CopyObject"},
    {"GET", OBJECT, NULL, NULL, "GetObject"},
    {"HEAD", OBJECT, NULL, NULL, "HeadObject"},
    {"PUT", OBJECT, NULL, NULL, "PutObject"},
    {"DELETE", OBJECT, NULL, NULL, "DeleteObject"},
    {NULL, SERVICE, NULL, NULL, NULL},
};

/* What a query can ask for: where no row takes it, lunad does not have it. */
static const char *const matters[] = {"accelerate", "acl", "analytics",
    "attributes", "cors", "delete", "encryption", "intelligent-tiering",
    "inventory", "legal-hold", "lifecycle", "location", "logging",
    "metadataConfiguration", "metadataTable", "metrics", "notification",
    "object-lock", "ownershipControls", "policy", "policyStatus",
    "publicAccessBlock", "renameObject", "replication", "requestPayment",
    "restore", "retention", "select", "session", "tagging", "torrent",
    "uploadId", "uploads", "versioning", "versions", "website", NULL};

/* The bucket that a host names: what stands before ".s3." or ".s3-" of AWS's
 * names, or before ".localhost". Its length, or 0. */
static size_t
bucket_in_host(const char *host)
{
	static const char here[] = ".localhost";
	size_t len = strcspn(host, ":");
	for (const char *at = host; (at = strcasestr(at, ".s3")) != NULL; at++)
		if (at < host + len && (at[3] == '.' || at[3] == '-'))
			return (size_t)(at - host);
	if (len < sizeof(here) || strncasecmp(host, "s3.", 3) == 0 ||
	    strncasecmp(host, "s3-", 3) == 0 ||
	    strncasecmp(
		host + len - sizeof(here) + 1, here, sizeof(here) - 1) != 0)
		return 0;
	return len - (sizeof(here) - 1);
}

/* Decoded, in the request's memory; NULL when it is no encoding. */
static const char *
decode(
    struct request *r, const char *text, size_t len, bool plus, size_t *out_len)
{
	struct buf b = {0};
	char *plain = NULL;
	if (text_unpercent(text, len, plus, &b) == 0) {
		plain = request_copy(r, buf_text(&b), b.len);
		*out_len = b.len;
	}
	buf_clear(&b);
	return plain;
}

static bool
read_query(struct request *r, struct s3 *q, const char *at)
{
	size_t n = 1;
	for (const char *p = at; *p != '\0'; p++)
		n += *p == '&';
	q->query = request_alloc(r, n * sizeof(*q->query));
	while (*at != '\0') {
		size_t len = strcspn(at, "&"), name_len;
		const char *eq = memchr(at, '=', len);
		size_t name = eq == NULL ? len : (size_t)(eq - at);
		struct s3_pair *p = &q->query[q->queries];
		p->name = decode(r, at, name, true, &name_len);
		p->value = eq == NULL ? ""
				      : decode(r, eq + 1, len - name - 1, true,
					    &p->value_len);
		if (p->name == NULL || p->value == NULL)
			return false;
		q->queries += len > 0;
		at += len;
		at += *at == '&';
	}
	return true;
}

/* Of a request over the wire. The path is not normalised: "//" and ".." are
 * parts of keys. */
static bool
read_target(struct request *r, struct s3 *q)
{
	const char *target = raw_target(r), *host = raw_header(r, "host");
	size_t len = strcspn(target, "?"), ignored;
	const char *at = target, *end = target + len;
	size_t named = host == NULL ? 0 : bucket_in_host(host);
	if (at < end && *at == '/')
		at++;
	if (named > 0) {
		q->bucket = request_copy(r, host, named);
	} else if (at < end) {
		const char *slash = memchr(at, '/', (size_t)(end - at));
		const char *stop = slash == NULL ? end : slash;
		q->bucket = decode(r, at, (size_t)(stop - at), false, &ignored);
		if (q->bucket == NULL)
			return false;
		at = slash == NULL ? end : slash + 1;
	}
	if (q->bucket != NULL && at < end) {
		q->key = decode(r, at, (size_t)(end - at), false, &q->key_len);
		if (q->key == NULL ||
		    memchr(q->key, '\0', q->key_len) != NULL ||
		    text_utf8(q->key, q->key_len) != q->key_len)
			return false;
	}
	return read_query(r, q, target[len] == '?' ? target + len + 1 : "");
}

struct s3 *
s3_of(struct request *r)
{
	if (r->state != NULL)
		return r->state;
	struct s3 *q = request_alloc(r, sizeof(*q));
	r->state = q;
	q->bucket = param(r, "Bucket");
	q->key = param(r, "Key");
	q->key_len = q->key == NULL ? 0 : strlen(q->key);
	return q;
}

const char *
s3_query(struct request *r, const char *name)
{
	const struct s3 *q = s3_of(r);
	for (size_t i = 0; i < q->queries; i++)
		if (strcmp(q->query[i].name, name) == 0)
			return q->query[i].value;
	return NULL;
}

int
s3_query_int(struct request *r, const char *name, int64_t otherwise,
    int64_t high, int64_t *out)
{
	const char *text = s3_query(r, name);
	*out = otherwise;
	if (text == NULL || *text == '\0')
		return 0;
	if (text_integer(text, 0, INT32_MAX, out) < 0)
		return s3_invalid(r, name, text,
		    request_format(r,
			"Provided %s not an integer or within integer range",
			name));
	*out = *out > high ? high : *out;
	return 0;
}

bool
s3_wants(struct request *r)
{
	const char *host = raw_header(r, "host");
	const char *signature = raw_header(r, "authorization");
	const char *target = raw_target(r);
	if (host != NULL && bucket_in_host(host) > 0)
		return true;
	if ((signature != NULL && strncmp(signature, "AWS ", 4) == 0) ||
	    strstr(target, "AWSAccessKeyId=") != NULL)
		return true;
	size_t len = target[0] == '/' ? strcspn(target + 1, "/?") : 0;
	return len > 0 && store_number(r->store, 0,
			      "SELECT 1 FROM s3_bucket WHERE name = ?", "s",
			      target + 1, len) != 0;
}

static bool
fits(struct request *r, const struct route *w, enum level level)
{
	return w->level == level && strcmp(w->method, raw_method(r)) == 0 &&
	       (w->query == NULL || s3_query(r, w->query) != NULL) &&
	       (w->header == NULL || raw_header(r, w->header) != NULL);
}

static const struct operation *
operation_of(const struct request *r, const char *name)
{
	const struct operation *op = r->api->operation;
	while (strcmp(op->name, name) != 0)
		op++;
	return op;
}

const struct operation *
s3_route(struct request *r)
{
	struct s3 *q = request_alloc(r, sizeof(*q));
	r->state = q;
	if (!read_target(r, q)) {
		fail(r, 400, "InvalidURI", "Couldn't parse the specified URI.");
		return NULL;
	}
	enum level level = q->key != NULL      ? OBJECT
			   : q->bucket != NULL ? BUCKET
					       : SERVICE;
	const struct route *w = routes;
	while (w->method != NULL && !fits(r, w, level))
		w++;
	if (w->query == NULL)
		for (size_t i = 0; matters[i] != NULL; i++)
			if (s3_query(r, matters[i]) != NULL) {
				s3_missing_feature(
				    r, matters[i], "lunad does not have this");
				return NULL;
			}
	if (w->method != NULL)
		return operation_of(r, w->operation);
	s3_more(r, "Method", raw_method(r));
	s3_more(r, "ResourceType",
	    level == OBJECT   ? "OBJECT"
	    : level == BUCKET ? "BUCKET"
			      : "SERVICE");
	fail(r, 405, "MethodNotAllowed",
	    "The specified method is not allowed against this resource.");
	return NULL;
}
