#include <string.h>
#include <strings.h>

#include "s3_private.h"
#include "text.h"

#define USER_META_MAX 2048

static const char meta_prefix[] = "x-amz-meta-";
static const char encryption[] = "x-amz-server-side-encryption";

/* Kept and given back as they are; query: what a signed GET may say instead. */
static const struct {
	const char *header, *query;
} kept[] = {
    {"Content-Type", "response-content-type"},
    {"Content-Encoding", "response-content-encoding"},
    {"Content-Disposition", "response-content-disposition"},
    {"Content-Language", "response-content-language"},
    {"Cache-Control", "response-cache-control"},
    {"Expires", "response-expires"},
    {"x-amz-website-redirect-location", NULL},
    {"x-amz-server-side-encryption", NULL},
    {"x-amz-server-side-encryption-aws-kms-key-id", NULL},
};

#define KEPT (sizeof(kept) / sizeof(kept[0]))

/* "aws-chunked" is of the upload, not of the object. */
static void
add_encoding(struct buf *out, const char *value)
{
	size_t from = out->len;
	while (*value != '\0') {
		value += strspn(value, ", ");
		size_t len = strcspn(value, ",");
		size_t end = len;
		while (end > 0 && value[end - 1] == ' ')
			end--;
		if (end > 0 &&
		    (end != 11 || strncasecmp(value, "aws-chunked", 11) != 0)) {
			buf_add_text(
			    out, out->len == from ? "Content-Encoding:" : ",");
			buf_add(out, value, end);
		}
		value += len;
	}
	if (out->len > from)
		buf_add_char(out, '\n');
}

static bool
is_meta(const char *name)
{
	return strncasecmp(name, meta_prefix, sizeof(meta_prefix) - 1) == 0;
}

static void
add_lower(struct buf *out, const char *name)
{
	for (; *name != '\0'; name++)
		buf_add_char(out,
		    *name >= 'A' && *name <= 'Z' ? (char)(*name + 32) : *name);
}

static int
too_large(struct request *r, size_t size)
{
	s3_more_int(r, "Size", (int64_t)size);
	s3_more_int(r, "MaxSizeAllowed", USER_META_MAX);
	return fail(r, 400, "MetadataTooLarge",
	    "Your metadata headers exceed the maximum allowed metadata size");
}

static int
check_encryption(struct request *r)
{
	const char *said = raw_header(r, encryption);
	if (said == NULL || strcmp(said, "AES256") == 0 ||
	    strcmp(said, "aws:kms") == 0 || strcmp(said, "aws:kms:dsse") == 0)
		return 0;
	s3_more(r, "ArgumentName", encryption);
	s3_more(r, "ArgumentValue", said);
	return fail(r, 400, "InvalidEncryptionAlgorithmError",
	    "The Encryption request you specified is not valid. Supported "
	    "value: AES256.");
}

int
s3_meta_read(struct request *r, const char **meta)
{
	*meta = "";
	if (check_encryption(r) < 0)
		return -1;
	struct buf out = {0};
	const char *name, *value;
	size_t own = 0;
	for (size_t i = 0; i < KEPT; i++) {
		value = raw_header(r, kept[i].header);
		if (value == NULL || *value == '\0')
			continue;
		if (strcmp(kept[i].header, "Content-Encoding") == 0)
			add_encoding(&out, value);
		else
			buf_addf(&out, "%s:%s\n", kept[i].header, value);
	}
	for (size_t i = 0; raw_header_at(r, i, &name, &value); i++) {
		if (!is_meta(name))
			continue;
		own += strlen(name) - (sizeof(meta_prefix) - 1) + strlen(value);
		add_lower(&out, name);
		buf_addf(&out, ":%s\n", value);
	}
	*meta = request_copy(r, buf_text(&out), out.len);
	buf_clear(&out);
	return own <= USER_META_MAX ? 0 : too_large(r, own);
}

static const char *
instead_of(struct request *r, const char *name)
{
	for (size_t i = 0; i < KEPT; i++)
		if (kept[i].query != NULL &&
		    strcasecmp(kept[i].header, name) == 0)
			return s3_query(r, kept[i].query);
	return NULL;
}

/* What was asked for, or what every object has. */
void
s3_answer_encryption(struct request *r, const char *meta)
{
	bool said = false;
	for (const char *at = meta; *at != '\0';) {
		size_t len = strcspn(at, "\n");
		const char *colon = memchr(at, ':', len);
		if (strncmp(at, encryption, sizeof(encryption) - 1) == 0) {
			said = true;
			raw_answer(r, request_copy(r, at, (size_t)(colon - at)),
			    request_copy(
				r, colon + 1, len - (size_t)(colon + 1 - at)));
		}
		at += len + (at[len] == '\n');
	}
	if (!said)
		raw_answer(r, encryption, "AES256");
}

void
s3_meta_answer(struct request *r, const char *meta)
{
	bool typed = false;
	for (const char *at = meta; *at != '\0';) {
		size_t len = strcspn(at, "\n");
		const char *colon = memchr(at, ':', len);
		const char *name = request_copy(r, at, (size_t)(colon - at));
		const char *value =
		    request_copy(r, colon + 1, len - (size_t)(colon + 1 - at));
		if (strcmp(name, "Content-Type") == 0) {
			typed = true;
			r->type = value;
		} else if (strncmp(name, encryption, sizeof(encryption) - 1) !=
			       0 &&
			   instead_of(r, name) == NULL) {
			raw_answer(r, name, value);
		}
		at += len + (at[len] == '\n');
	}
	if (!typed)
		r->type = "binary/octet-stream";
	for (size_t i = 0; i < KEPT; i++) {
		const char *said =
		    kept[i].query == NULL ? NULL : s3_query(r, kept[i].query);
		if (said == NULL || strpbrk(said, "\r\n") != NULL)
			continue;
		if (i == 0)
			r->type = said;
		else
			raw_answer(r, kept[i].header, said);
	}
}

int
s3_class_read(struct request *r, const char **class)
{
	static const char *const known[] = {"STANDARD", "REDUCED_REDUNDANCY",
	    "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER",
	    "DEEP_ARCHIVE", "GLACIER_IR", NULL};
	const char *said = raw_header(r, "x-amz-storage-class");
	*class = "STANDARD";
	if (said == NULL)
		return 0;
	for (size_t i = 0; known[i] != NULL; i++)
		if (strcmp(known[i], said) == 0) {
			*class = known[i];
			return 0;
		}
	s3_more(r, "StorageClassRequested", said);
	return fail(r, 400, "InvalidStorageClass",
	    "The storage class you specified is not valid");
}
