/*
 * Amazon S3: buckets and objects.
 *
 * Source: Amazon S3 API Reference.
 */
#include "s3_private.h"

static void
end(struct request *r)
{
	struct s3 *q = r->state;
	if (q == NULL)
		return;
	s3_incoming_free(q->incoming);
	s3_reader_free(q->source);
}

static const struct raw_api raw = {
    .wants = s3_wants,
    .route = s3_route,
    .end = end,
    .collect_max = (size_t)16 << 20,
};

static int64_t
due(struct lunad *l)
{
	int64_t waste = s3_blob_due(l), lifecycle = s3_lifecycle_due(l);
	return waste < lifecycle ? waste : lifecycle;
}

static void
run_due(struct lunad *l, int64_t now_ms)
{
	if (s3_blob_due(l) <= now_ms)
		s3_blob_run_due(l);
	else
		s3_lifecycle_run_due(l, now_ms);
}

static const struct operation operations[] = {
    {.name = "ListBuckets", .run = s3_list_buckets},
    {.name = "CreateBucket", .run = s3_create_bucket, .writes = true},
    {.name = "HeadBucket", .run = s3_head_bucket},
    {.name = "DeleteBucket", .run = s3_delete_bucket, .writes = true},
    {.name = "GetBucketLocation", .run = s3_get_bucket_location},
    {.name = "ListObjects", .run = s3_list_objects},
    {.name = "ListObjectsV2", .run = s3_list_objects_v2},
    {.name = "PutObject",
	.run = s3_put_object,
	.writes = true,
	.begin = s3_put_begin,
	.take = s3_incoming_take},
    {.name = "GetObject", .run = s3_get_object},
    {.name = "HeadObject", .run = s3_get_object},
    {.name = "DeleteObject", .run = s3_delete_object, .writes = true},
    {.name = "DeleteObjects", .run = s3_delete_objects, .writes = true},
    {.name = "CopyObject", .run = s3_copy_object, .writes = true},
    {.name = "GetObjectAttributes", .run = s3_get_object_attributes},
    {.name = "CreateMultipartUpload", .run = s3_create_upload, .writes = true},
    {.name = "AbortMultipartUpload", .run = s3_abort_upload, .writes = true},
    {.name = "ListMultipartUploads", .run = s3_list_uploads},
    {.name = "UploadPart",
	.run = s3_upload_part,
	.writes = true,
	.begin = s3_part_begin,
	.take = s3_incoming_take},
    {.name = "UploadPartCopy", .run = s3_upload_part_copy, .writes = true},
    {.name = "ListParts", .run = s3_list_parts},
    {.name = "CompleteMultipartUpload",
	.run = s3_complete_upload,
	.writes = true},
    {.name = "GetObjectTagging", .run = s3_get_object_tagging},
    {.name = "PutObjectTagging", .run = s3_put_object_tagging, .writes = true},
    {.name = "DeleteObjectTagging",
	.run = s3_delete_object_tagging,
	.writes = true},
    {.name = "GetBucketTagging", .run = s3_get_setting},
    {.name = "PutBucketTagging", .run = s3_put_setting, .writes = true},
    {.name = "DeleteBucketTagging", .run = s3_delete_setting, .writes = true},
    {.name = "GetBucketEncryption", .run = s3_get_setting},
    {.name = "PutBucketEncryption", .run = s3_put_setting, .writes = true},
    {.name = "DeleteBucketEncryption",
	.run = s3_delete_setting,
	.writes = true},
    {.name = "GetPublicAccessBlock", .run = s3_get_setting},
    {.name = "PutPublicAccessBlock", .run = s3_put_setting, .writes = true},
    {.name = "DeletePublicAccessBlock",
	.run = s3_delete_setting,
	.writes = true},
    {.name = "GetBucketOwnershipControls", .run = s3_get_setting},
    {.name = "PutBucketOwnershipControls",
	.run = s3_put_setting,
	.writes = true},
    {.name = "DeleteBucketOwnershipControls",
	.run = s3_delete_setting,
	.writes = true},
    {.name = "GetBucketLifecycleConfiguration", .run = s3_get_setting},
    {.name = "PutBucketLifecycleConfiguration",
	.run = s3_put_setting,
	.writes = true},
    {.name = "GetBucketNotificationConfiguration", .run = s3_get_setting},
    {.name = "PutBucketNotificationConfiguration",
	.run = s3_put_setting,
	.writes = true},
    {.name = "GetBucketVersioning", .run = s3_get_setting},
    {.name = "PutBucketVersioning", .run = s3_put_setting, .writes = true},
    {.name = "GetBucketCors", .run = s3_get_setting},
    {.name = "PutBucketCors", .run = s3_put_setting, .writes = true},
    {.name = "DeleteBucketCors", .run = s3_delete_setting, .writes = true},
    {.name = "GetBucketWebsite", .run = s3_get_setting},
    {.name = "PutBucketWebsite", .run = s3_put_setting, .writes = true},
    {.name = "DeleteBucketWebsite", .run = s3_delete_setting, .writes = true},
    {.name = "GetBucketReplication", .run = s3_get_setting},
    {.name = "PutBucketReplication", .run = s3_put_setting, .writes = true},
    {.name = "DeleteBucketReplication",
	.run = s3_delete_setting,
	.writes = true},
    {.name = "GetObjectLockConfiguration", .run = s3_get_setting},
    {.name = "PutObjectLockConfiguration",
	.run = s3_put_setting,
	.writes = true},
    {.name = "GetBucketLogging", .run = s3_get_setting},
    {.name = "PutBucketLogging", .run = s3_put_setting, .writes = true},
    {.name = "GetBucketAccelerateConfiguration", .run = s3_get_setting},
    {.name = "PutBucketAccelerateConfiguration",
	.run = s3_put_setting,
	.writes = true},
    {.name = "GetBucketRequestPayment", .run = s3_get_setting},
    {.name = "PutBucketRequestPayment", .run = s3_put_setting, .writes = true},
    {.name = "DeleteBucketLifecycle", .run = s3_delete_setting, .writes = true},
    {.name = "GetBucketPolicy", .run = s3_get_policy},
    {.name = "PutBucketPolicy", .run = s3_put_policy, .writes = true},
    {.name = "DeleteBucketPolicy", .run = s3_delete_policy, .writes = true},
    {.name = "GetBucketPolicyStatus", .run = s3_get_policy_status},
    {.name = "GetBucketAcl", .run = s3_get_acl},
    {.name = "PutBucketAcl", .run = s3_put_acl},
    {.name = "GetObjectAcl", .run = s3_get_acl},
    {.name = "PutObjectAcl", .run = s3_put_acl},
    {.name = NULL},
};

/* Nothing of s3_blob's is read when objects are listed. */
static const char schema[] =
    "CREATE TABLE IF NOT EXISTS s3_bucket ("
    " name TEXT PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL,"
    " created_ms INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS s3_setting ("
    " bucket TEXT NOT NULL, name TEXT NOT NULL, document TEXT NOT NULL,"
    " PRIMARY KEY (bucket, name)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS s3_object ("
    " bucket TEXT NOT NULL, key BLOB NOT NULL, id INTEGER NOT NULL,"
    " size INTEGER NOT NULL, modified_ms INTEGER NOT NULL,"
    " etag TEXT NOT NULL, class TEXT NOT NULL, sum TEXT, sum_text TEXT,"
    " sum_type TEXT, parts INTEGER NOT NULL, tags TEXT NOT NULL,"
    " meta BLOB NOT NULL, PRIMARY KEY (bucket, key)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS s3_blob ("
    " id INTEGER PRIMARY KEY, size INTEGER NOT NULL, bytes BLOB);"
    "CREATE TABLE IF NOT EXISTS s3_piece ("
    " object INTEGER NOT NULL, number INTEGER NOT NULL,"
    " start INTEGER NOT NULL, size INTEGER NOT NULL, blob INTEGER NOT NULL,"
    " sum_text TEXT, PRIMARY KEY (object, number)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS s3_upload ("
    " id INTEGER PRIMARY KEY, token TEXT NOT NULL UNIQUE,"
    " bucket TEXT NOT NULL, key BLOB NOT NULL, started_ms INTEGER NOT NULL,"
    " touched INTEGER NOT NULL DEFAULT 0,"
    " class TEXT NOT NULL, sum TEXT, sum_type TEXT, tags TEXT NOT NULL,"
    " meta BLOB NOT NULL);"
    "CREATE INDEX IF NOT EXISTS s3_upload_key"
    " ON s3_upload (bucket, key, id);"
    "CREATE TABLE IF NOT EXISTS s3_part ("
    " upload INTEGER NOT NULL, number INTEGER NOT NULL,"
    " blob INTEGER NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL,"
    " sum TEXT, sum_text TEXT, modified_ms INTEGER NOT NULL,"
    " PRIMARY KEY (upload, number)) WITHOUT ROWID;";

const struct api s3_api = {
    .name = "s3",
    .operation = operations,
    .schema = schema,
    .due = due,
    .run_due = run_due,
    .open = s3_blob_open_all,
    .raw = &raw,
};
