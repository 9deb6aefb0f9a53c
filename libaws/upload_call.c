#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "text.h"
#include "upload_inner.h"
#include "xml.h"

enum {
	LONG_MS = 300000, /* S3 may take minutes to join the parts */
	OWN_HEADERS = 4
};

/* The object's headers and, after them, ours. */
static void
set_header(struct upload *u, struct call *call, const struct sigv4_header *own,
    size_t count)
{
	const struct upload_about *about = u->about;
	size_t n = about->header_count;
	u->header = mem_grow(u->header, n + count, sizeof(*u->header));
	if (n > 0)
		memcpy(u->header, about->header, n * sizeof(*u->header));
	memcpy(u->header + n, own, count * sizeof(*own));
	call->header = u->header;
	call->header_count = n + count;
}

static void
name_object(const struct upload *u)
{
	const struct object *o = u->about->object;
	err_prefix(u->err, "s3://%s/%s", o->bucket, o->key);
}

void
upload_create(struct upload *u)
{
	static const struct sigv4_header own[] = {
	    {"x-amz-checksum-algorithm", "CRC32"},
	    {"x-amz-checksum-type", "FULL_OBJECT"}};
	const struct object *o = u->about->object;
	buf_reset(&u->path);
	buf_addf(&u->path, "%s?uploads", o->path);
	object_call(o, "POST", u->path.data, &u->reply_header, &u->create);
	u->create.operation = "CreateMultipartUpload";
	u->create.content_type = u->about->content_type;
	set_header(u, &u->create, own, 2);
	u->creating = true;
	call_start(u->caller, &u->create);
}

void
upload_created(struct upload *u)
{
	struct call *call = &u->create;
	u->creating = false;
	if (call->err.kind != ERR_NONE) {
		if (object_moved(
			u->about->object, call, call_conf(u->caller))) {
			u->creating = true;
			call_start(u->caller, call);
			return;
		}
		*u->err = call->err;
		name_object(u);
		return;
	}
	struct xml *root =
	    xml_parse(buf_text(&call->reply), call->reply.len, u->err);
	u->id = mem_text(xml_text(root, "UploadId"));
	if (root != NULL && u->id == NULL)
		err_set(u->err, ERR_LATER, "InvalidReply",
		    "CreateMultipartUpload answered without an UploadId");
	xml_free(root);
}

/* The object's path with the parameters of its upload. */
static void
set_path(const struct upload *u, int number, struct buf *path)
{
	buf_reset(path);
	buf_addf(path, "%s?", u->about->object->path);
	if (number > 0)
		buf_addf(path, "partNumber=%d&", number);
	buf_add_text(path, "uploadId=");
	text_percent(u->id, strlen(u->id), false, path);
}

void
upload_send(struct upload *u, struct upload_part *p)
{
	struct call *call = &p->call;
	set_path(u, p->number, &p->path);
	object_call(
	    u->about->object, "PUT", p->path.data, &p->reply_header, call);
	call->operation = "UploadPart";
	call->user = p;
	call->content_type = "application/octet-stream";
	call->body = p->data;
	call->body_len = p->len;
	call->unsigned_body = true;
	call->idle = true;
	p->header = (struct sigv4_header){"x-amz-checksum-crc32", p->checksum};
	call->header = &p->header;
	call->header_count = 1;
	call_start(u->caller, call);
}

void
upload_landed(struct upload *u, struct upload_part *p)
{
	struct call *call = &p->call;
	size_t len;
	if (u->err->kind != ERR_NONE)
		return;
	const char *etag = call_header(call, "etag", &len);
	if (call->err.kind != ERR_NONE) {
		*u->err = call->err;
		err_prefix(u->err, "part %d", p->number);
		name_object(u);
		return;
	}
	size_t at = (size_t)p->number - 1;
	if (etag == NULL || len >= sizeof(u->sent->etag)) {
		err_set(u->err, ERR_LATER, "InvalidReply",
		    "UploadPart answered without an ETag");
		return;
	}
	if (at >= u->sent_cap) {
		u->sent_cap = 2 * at + 16;
		u->sent = mem_grow(u->sent, u->sent_cap, sizeof(*u->sent));
	}
	snprintf(
	    u->sent[at].etag, sizeof(u->sent[at].etag), "%.*s", (int)len, etag);
	memcpy(u->sent[at].checksum, p->checksum, sizeof(p->checksum));
}

/* What is there now, as s3-ls would list it. */
static void
add_record(const struct upload *u, const struct call *call, const char *etag,
    size_t etag_len, struct buf *out)
{
	const struct object *o = u->about->object;
	size_t len;
	const char *version = call_header(call, "x-amz-version-id", &len);
	buf_add_char(out, '{');
	text_json_member("Bucket", o->bucket, out);
	text_json_member("Key", o->key, out);
	buf_addf(out, ",\"Size\":%lld,\"ETag\":", (long long)u->total);
	text_json_string(etag, etag_len, out);
	text_json_member("ChecksumCRC32", u->checksum, out);
	if (version != NULL) {
		buf_add_text(out, ",\"VersionId\":");
		text_json_string(version, len, out);
	}
	buf_add_char(out, '}');
}

/*
 * A call was refused that may have been done by an attempt whose answer was
 * lost: is the object there with these very bytes?
 */
static bool
is_there(struct upload *u, struct call *head)
{
	static const struct sigv4_header mode = {
	    "x-amz-checksum-mode", "ENABLED"};
	const struct object *o = u->about->object;
	size_t len, size_len;
	char size[24];
	object_call(o, "HEAD", o->path, &u->reply_header, head);
	head->operation = "HeadObject";
	head->header = &mode;
	head->header_count = 1;
	if (call_run(u->caller, head, NULL) != 0)
		return false;
	snprintf(size, sizeof(size), "%lld", (long long)u->total);
	const char *crc = call_header(head, "x-amz-checksum-crc32", &len);
	const char *length = call_header(head, "content-length", &size_len);
	return crc != NULL && length != NULL && strlen(u->checksum) == len &&
	       memcmp(crc, u->checksum, len) == 0 && strlen(size) == size_len &&
	       memcmp(length, size, size_len) == 0;
}

/* Make the call that makes the object; true: it is there. */
static bool
make(struct upload *u, struct call *call, struct buf *out)
{
	struct caller *c = u->caller;
	size_t len = 0;
	bool there = call_run(c, call, u->err) == 0;
	if (!there && object_moved(u->about->object, call, call_conf(c)))
		there = call_run(c, call, u->err) == 0;
	if (there)
		return true;
	if (call->attempts < 2 || (call->status != 404 && call->status != 412 &&
				      call->status != 409)) {
		name_object(u);
		return false;
	}
	struct call head = {0};
	there = is_there(u, &head);
	if (there) {
		const char *etag = call_header(&head, "etag", &len);
		add_record(u, &head, etag != NULL ? etag : "", len, out);
		err_clear(u->err);
	} else {
		name_object(u);
	}
	call_clear(&head);
	return there;
}

int
upload_put(struct upload *u, struct upload_part *p, struct buf *out)
{
	const struct object *o = u->about->object;
	struct call call = {0};
	size_t len = 0;
	object_sum_text(u->crc, sizeof(u->crc), u->checksum);
	const struct sigv4_header own[] = {
	    {"x-amz-checksum-crc32", u->checksum}, {"If-None-Match", "*"}};
	object_call(o, "PUT", o->path, &u->reply_header, &call);
	call.operation = "PutObject";
	call.content_type = u->about->content_type;
	call.body = p != NULL ? p->data : "";
	call.body_len = p != NULL ? p->len : 0;
	call.unsigned_body = true;
	call.idle = true;
	set_header(u, &call, own, u->about->only_new ? 2 : 1);
	bool there = make(u, &call, out);
	if (there && out->len == 0) {
		const char *etag = call_header(&call, "etag", &len);
		add_record(u, &call, etag != NULL ? etag : "", len, out);
	}
	call_clear(&call);
	return there ? 0 : -1;
}

static void
list_parts(struct upload *u)
{
	buf_reset(&u->body);
	buf_add_text(&u->body,
	    "<CompleteMultipartUpload "
	    "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
	for (int i = 0; i < u->parts; i++) {
		const struct upload_sent *s = &u->sent[i];
		buf_addf(
		    &u->body, "<Part><PartNumber>%d</PartNumber><ETag>", i + 1);
		xml_escape(s->etag, strlen(s->etag), &u->body);
		buf_addf(&u->body,
		    "</ETag><ChecksumCRC32>%s</ChecksumCRC32></Part>",
		    s->checksum);
	}
	buf_add_text(&u->body, "</CompleteMultipartUpload>");
}

/* The reply of CompleteMultipartUpload; its checksum must be ours. */
static int
take_reply(struct upload *u, const struct call *call, struct buf *out)
{
	struct xml *root =
	    xml_parse(buf_text(&call->reply), call->reply.len, u->err);
	if (root == NULL)
		return -1;
	int status = 0;
	uint64_t sum;
	const char *etag = xml_text(root, "ETag");
	const char *checksum = xml_text(root, "ChecksumCRC32");
	if (checksum != NULL &&
	    object_sum_read(checksum, strlen(checksum), 4, &sum) == 0 &&
	    sum != u->crc) {
		status = err_set(u->err, ERR_REFUSED, "ChecksumMismatch",
		    "what S3 has is not what was sent: remove it");
		name_object(u);
	} else {
		add_record(u, call, etag != NULL ? etag : "",
		    etag != NULL ? strlen(etag) : 0, out);
	}
	xml_free(root);
	return status;
}

int
upload_complete(struct upload *u, struct buf *out)
{
	const struct object *o = u->about->object;
	struct call call = {0};
	char size[24];
	snprintf(size, sizeof(size), "%lld", (long long)u->total);
	object_sum_text(u->crc, sizeof(u->crc), u->checksum);
	const struct sigv4_header own[OWN_HEADERS] = {
	    {"x-amz-checksum-crc32", u->checksum},
	    {"x-amz-checksum-type", "FULL_OBJECT"},
	    {"x-amz-mp-object-size", size}, {"If-None-Match", "*"}};
	list_parts(u);
	set_path(u, 0, &u->path);
	object_call(o, "POST", u->path.data, &u->reply_header, &call);
	call.operation = "CompleteMultipartUpload";
	call.body = u->body.data;
	call.body_len = u->body.len;
	call.idle = true;
	call.timeout_ms = LONG_MS;
	call.header = own;
	call.header_count = u->about->only_new ? 4 : 3;
	bool there = make(u, &call, out);
	int status = there ? 0 : -1;
	if (there && out->len == 0)
		status = take_reply(u, &call, out);
	call_clear(&call);
	return status;
}

/* An upload that is being made would stay unseen, and be paid for. */
static void
await_id(struct upload *u)
{
	int64_t end = text_tick() + 5000;
	while (u->creating && text_tick() < end) {
		call_poll(u->caller, NULL, 0, (int)(end - text_tick()));
		while (call_next(u->caller) != NULL)
			upload_created(u);
	}
}

void
upload_abort(struct upload *u)
{
	struct call call = {0};
	struct err why = *u->err;
	await_id(u);
	*u->err = why;
	if (u->id == NULL)
		return;
	set_path(u, 0, &u->path);
	object_call(
	    u->about->object, "DELETE", u->path.data, &u->reply_header, &call);
	call.operation = "AbortMultipartUpload";
	if (call_run(u->caller, &call, &why) != 0 && call.status != 404) {
		err_prefix(&why,
		    "its parts are still there, and paid for: aws-call --rest "
		    "s3 DELETE '/%s%s' removes them",
		    u->about->object->bucket, u->path.data);
		tool_report(u->tool, 0, &why);
	}
	call_clear(&call);
}
