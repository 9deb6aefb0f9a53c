#include "object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "text.h"

#define MAX_KEY 1024

static bool
ends_with(const char *text, size_t len, const char *end)
{
	size_t n = strlen(end);
	return len >= n && memcmp(text + len - n, end, n) == 0;
}

static int
check_bucket(const char *name, size_t len, struct err *err)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789.-"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	if (strncmp(name, "arn:", 4) == 0)
		return err_set(err, ERR_SETUP, "BadAddress",
		    "a bucket by ARN is not supported: give its name, or the "
		    "alias of the access point, which is one");
	/* Names with capitals, '_' or over 63 characters are of before 2018. */
	if (len < 3 || len > 255 || strspn(name, allowed) < len)
		return err_set(err, ERR_SETUP, "BadAddress",
		    "'%.*s' is no name of a bucket: 3 to 63 of a-z 0-9 . -",
		    len < 300 ? (int)len : 300, name);
	if (ends_with(name, len, "--x-s3"))
		return err_set(err, ERR_SETUP, "BadAddress",
		    "%.*s is a directory bucket: its sessions are not "
		    "supported",
		    (int)len, name);
	return 0;
}

static int
check_key(const char *key, bool keyed, struct err *err)
{
	size_t len = strlen(key);
	if (keyed && len == 0)
		return err_set(err, ERR_SETUP, "BadAddress",
		    "there is no key: s3://BUCKET/KEY is wanted");
	if (len > MAX_KEY)
		return err_set(err, ERR_SETUP, "BadAddress",
		    "the key has %zu bytes: S3 takes 1024", len);
	if (text_utf8(key, len) != len)
		return err_set(
		    err, ERR_SETUP, "BadAddress", "the key is not UTF-8");
	return 0;
}

int
object_init(struct object *o, const char *url, bool keyed, struct err *err)
{
	*o = (struct object){0};
	if (strncmp(url, "s3://", 5) != 0)
		return err_set(err, ERR_SETUP, "BadAddress",
		    "'%.300s' does not begin with s3://", url);
	const char *name = url + 5, *key;
	size_t len = strcspn(name, "/");
	key = name + len + (name[len] == '/');
	if (check_bucket(name, len, err) != 0 ||
	    check_key(key, keyed, err) != 0)
		return -1;
	struct buf path = {0};
	buf_add_char(&path, '/');
	text_percent(key, strlen(key), true, &path);
	o->bucket = mem_text_of(name, len);
	o->key = mem_text(key);
	o->path = buf_take(&path);
	return 0;
}

void
object_clear(struct object *o)
{
	free(o->bucket);
	free(o->key);
	free(o->path);
	free(o->region);
	*o = (struct object){0};
}

void
object_call(const struct object *o, const char *method, const char *path,
    struct buf *header, struct call *call)
{
	struct buf reply = call->reply;
	*call = (struct call){.service = service_find("s3"),
	    .method = method,
	    .path = path,
	    .bucket = o->bucket,
	    .region = o->region,
	    .reply = reply,
	    .reply_header = header};
}

bool
object_moved(struct object *o, struct call *call, const struct conf *conf)
{
	size_t len;
	const char *to = call_header(call, "x-amz-bucket-region", &len);
	const char *from = o->region != NULL ? o->region : conf->region;
	if (to == NULL || conf_endpoint(conf, call->service->id) != NULL ||
	    (call->status != 301 && call->status != 307 && call->status != 400))
		return false;
	if (from != NULL && strlen(from) == len && memcmp(from, to, len) == 0)
		return false;
	/* Other calls may still borrow the old one: there is but one move. */
	if (o->region != NULL)
		return false;
	o->region = mem_text_of(to, len);
	call->region = o->region;
	return true;
}

void
object_sum_text(uint64_t sum, size_t bytes, char out[static OBJECT_SUM])
{
	unsigned char big[8];
	struct buf text = {0};
	for (size_t i = bytes; i-- > 0; sum >>= 8)
		big[i] = (unsigned char)sum;
	text_base64(big, bytes, &text);
	snprintf(out, OBJECT_SUM, "%s", text.data);
	buf_clear(&text);
}

int
object_sum_read(const char *text, size_t len, size_t bytes, uint64_t *sum)
{
	struct buf big = {0};
	int status = -1;
	if (text_unbase64(text, len, &big) == 0 && big.len == bytes) {
		*sum = 0;
		for (size_t i = 0; i < bytes; i++)
			*sum = *sum << 8 | (unsigned char)big.data[i];
		status = 0;
	}
	buf_clear(&big);
	return status;
}
