#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "s3.h"
#include "s3_private.h"
#include "text.h"

struct s3_write {
	struct lunad *lunad;
	struct s3_blob *blob;
	struct sum *md5, *sum;
	int64_t size;
};

struct s3_write *
s3_write_new(struct lunad *l)
{
	struct s3_write *w = mem_alloc(sizeof(*w));
	w->lunad = l;
	w->blob = s3_blob_new(l);
	w->md5 = sum_new(SUM_MD5);
	w->sum = sum_new(SUM_CRC64NVME);
	return w;
}

int
s3_write_add(struct s3_write *w, const char *bytes, size_t len)
{
	w->size += (int64_t)len;
	sum_add(w->md5, bytes, len);
	sum_add(w->sum, bytes, len);
	return s3_blob_add(w->blob, bytes, len);
}

void
s3_write_drop(struct s3_write *w)
{
	if (w == NULL)
		return;
	s3_blob_drop(w->blob);
	sum_free(w->md5);
	sum_free(w->sum);
	free(w);
}

static int
refuse(struct lunad_failure *failure, int status, const char *code,
    const char *message)
{
	snprintf(failure->code, sizeof(failure->code), "%s", code);
	snprintf(failure->message, sizeof(failure->message), "%s", message);
	return status;
}

static int
keep(struct s3_write *w, const char *bucket, const char *key, size_t key_len,
    const struct buf *md5, const char *type, struct lunad_failure *failure)
{
	uint8_t raw[SUM_MAX];
	struct buf sum = {0}, meta = {0};
	size_t len = sum_end(w->sum, raw);
	int64_t id = s3_blob_keep(w->blob);
	w->blob = NULL;
	if (id < 0)
		return refuse(failure, 500, "InternalError",
		    "We encountered an internal error. Please try again.");
	text_base64(raw, len, &sum);
	buf_addf(&meta, "Content-Type:%s\n", type);
	struct s3_object o = {.id = id,
	    .size = w->size,
	    .modified_ms = lunad_now(w->lunad),
	    .etag = md5->data,
	    .meta = meta.data,
	    .tags = "",
	    .class = "STANDARD",
	    .sum = s3_sum_named("CRC64NVME"),
	    .sum_text = sum.data,
	    .sum_type = "FULL_OBJECT"};
	s3_object_put(w->lunad, bucket, key, key_len, &o);
	buf_clear(&sum);
	buf_clear(&meta);
	return 0;
}

int
s3_write_end(struct s3_write *w, const char *bucket, const char *key,
    size_t key_len, const char *type, char etag[33],
    struct lunad_failure *failure)
{
	uint8_t raw[SUM_MAX];
	struct buf md5 = {0};
	text_hex(raw, sum_end(w->md5, raw), &md5);
	if (etag != NULL)
		memcpy(etag, md5.data, 33);
	bool there =
	    store_number(lunad_store(w->lunad), 0,
		"SELECT 1 FROM s3_bucket WHERE name = ?", "t", bucket) != 0;
	int status = there ? keep(w, bucket, key, key_len, &md5, type, failure)
			   : refuse(failure, 404, "NoSuchBucket",
				 "The specified bucket does not exist");
	buf_clear(&md5);
	s3_write_drop(w);
	return status;
}
