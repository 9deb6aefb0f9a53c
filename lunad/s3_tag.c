#include <inttypes.h>
#include <string.h>

#include "s3_private.h"
#include "text.h"
#include "xml.h"

/*
 * An object's tags are kept as a header carries them: "key=value&key=value",
 * both percent-encoded.
 *
 * Source: Amazon S3 User Guide, "Categorizing your objects using tags".
 */
#define TAGS_MAX 10
#define TAGS_READ 51 /* of a document: more than a bucket may have */

int64_t
s3_tags_count(const char *tags)
{
	int64_t n = *tags != '\0';
	for (; *tags != '\0'; tags++)
		n += *tags == '&';
	return n;
}

/* Letters and digits of any script, spaces, and + - = . _ : / @ */
static bool
is_tag_text(const char *text, size_t max)
{
	size_t characters = 0;
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;
		characters += (c & 0xc0) != 0x80;
		if (c < 0x80 && strchr(" +-=._:/@", c) == NULL &&
		    !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') &&
		    !(c >= 'A' && c <= 'Z'))
			return false;
	}
	return characters <= max;
}

static int
refuse_tag(
    struct request *r, const char *key, const char *value, const char *message)
{
	s3_more(r, "TagKey", key);
	if (value != NULL)
		s3_more(r, "TagValue", value);
	return fail(r, 400, "InvalidTag", "%s", message);
}

static int
check_tag(struct request *r, const char *key, const char *value)
{
	if (strncmp(key, "aws:", 4) == 0)
		return refuse_tag(r, key, NULL,
		    "System tags cannot be added/updated by requester");
	if (*key == '\0' || !is_tag_text(key, 128))
		return refuse_tag(
		    r, key, NULL, "The TagKey you have provided is invalid");
	if (!is_tag_text(value, 256))
		return refuse_tag(
		    r, key, value, "The TagValue you have provided is invalid");
	return 0;
}

/* Add one to those that were read; -1 after fail(). */
int
s3_tags_add(
    struct request *r, struct buf *tags, const char *key, const char *value)
{
	struct buf coded = {0};
	if (check_tag(r, key, value) < 0)
		return -1;
	text_percent(key, strlen(key), false, &coded);
	buf_add_char(&coded, '=');
	for (const char *at = buf_text(tags); *at != '\0';) {
		if (strncmp(at, coded.data, coded.len) == 0) {
			buf_clear(&coded);
			return refuse_tag(r, key, NULL,
			    "Cannot provide multiple Tags with the same key");
		}
		at += strcspn(at, "&");
		at += *at == '&';
	}
	if (tags->len > 0)
		buf_add_char(tags, '&');
	buf_add(tags, coded.data, coded.len);
	text_percent(value, strlen(value), false, tags);
	buf_clear(&coded);
	return 0;
}

static int
too_many(struct request *r)
{
	return fail(
	    r, 400, "BadRequest", "Object tags cannot be greater than 10");
}

static const char *
decode(struct request *r, const char *text, size_t len)
{
	struct buf b = {0};
	const char *plain = NULL;
	if (text_unpercent(text, len, true, &b) == 0 &&
	    memchr(buf_text(&b), '\0', b.len) == NULL)
		plain = request_copy(r, buf_text(&b), b.len);
	buf_clear(&b);
	return plain;
}

static int
add_pairs(struct request *r, const char *at, struct buf *tags)
{
	while (*at != '\0') {
		size_t len = strcspn(at, "&");
		const char *eq = memchr(at, '=', len);
		size_t n = eq == NULL ? len : (size_t)(eq - at);
		const char *key = decode(r, at, n);
		const char *value =
		    eq == NULL ? "" : decode(r, eq + 1, len - n - 1);
		if (key == NULL || value == NULL)
			return s3_invalid(r, "x-amz-tagging", at,
			    "The header 'x-amz-tagging' shall be encoded as "
			    "UTF-8 then URLEncoded URL query parameters "
			    "without tag name duplicates.");
		if (s3_tags_add(r, tags, key, value) < 0)
			return -1;
		at += len;
		at += *at == '&';
	}
	return s3_tags_count(buf_text(tags)) > TAGS_MAX ? too_many(r) : 0;
}

int
s3_tags_header(struct request *r, const char **tags)
{
	const char *said = raw_header(r, "x-amz-tagging");
	struct buf b = {0};
	int rc = said == NULL ? 0 : add_pairs(r, said, &b);
	*tags = request_copy(r, buf_text(&b), b.len);
	buf_clear(&b);
	return rc;
}

static int
add_elements(struct request *r, const struct xml *set, struct buf *tags)
{
	/* Each is compared with those before it, so there is an end. */
	int n = 0;
	for (const struct xml *t = set->child; t != NULL && n < TAGS_READ;
	     t = t->next, n++) {
		const char *key = xml_text(t, "Key");
		const char *value = xml_text(t, "Value");
		if (strcmp(t->name, "Tag") != 0 || key == NULL || value == NULL)
			return s3_malformed(r);
		if (s3_tags_add(r, tags, key, value) < 0)
			return -1;
	}
	return 0;
}

int
s3_tags_document(
    struct request *r, const char *text, size_t len, struct buf *tags)
{
	struct err err;
	struct xml *x = xml_parse(text, len, &err);
	const struct xml *set = x == NULL ? NULL : xml_find(x, "TagSet");
	int rc = set == NULL || strcmp(x->name, "Tagging") != 0
		     ? s3_malformed(r)
		     : add_elements(r, set, tags);
	xml_free(x);
	return rc;
}

void
s3_tags_put(struct request *r, const char *tags)
{
	s3_begin(r, "Tagging");
	buf_add_text(r->out, "<TagSet>");
	while (*tags != '\0') {
		size_t len = strcspn(tags, "&"), n = strcspn(tags, "=");
		buf_add_text(r->out, "<Tag>");
		s3_tag(r->out, "Key", decode(r, tags, n));
		s3_tag(r->out, "Value", decode(r, tags + n + 1, len - n - 1));
		buf_add_text(r->out, "</Tag>");
		tags += len;
		tags += *tags == '&';
	}
	buf_add_text(r->out, "</TagSet>");
	s3_finish(r, "Tagging");
}

/* The object of the request, or -1 after fail(). */
static int
get_object(struct request *r, struct s3_object *o)
{
	const struct s3 *q = s3_of(r);
	if (s3_bucket(r) < 0 || s3_version(r) < 0)
		return -1;
	return s3_object_get(r, q->bucket, q->key, q->key_len, o)
		   ? 0
		   : s3_no_key(r);
}

int
s3_get_object_tagging(struct request *r)
{
	struct s3_object o;
	if (get_object(r, &o) < 0)
		return -1;
	s3_tags_put(r, o.tags);
	return 0;
}

static void
set_tags(struct request *r, const char *tags)
{
	const struct s3 *q = s3_of(r);
	store_do(r->store,
	    "UPDATE s3_object SET tags = ? WHERE bucket = ? AND key = ?", "ttb",
	    tags, q->bucket, q->key, q->key_len);
}

int
s3_put_object_tagging(struct request *r)
{
	struct s3_object o;
	struct buf tags = {0};
	size_t len;
	const char *body = raw_body(r, &len);
	if (get_object(r, &o) < 0 || s3_body_check(r, false) < 0)
		return -1;
	int rc = s3_tags_document(r, body, len, &tags);
	if (rc == 0 && s3_tags_count(buf_text(&tags)) > TAGS_MAX)
		rc = too_many(r);
	if (rc == 0)
		set_tags(r, buf_text(&tags));
	buf_clear(&tags);
	return rc;
}

int
s3_delete_object_tagging(struct request *r)
{
	struct s3_object o;
	if (get_object(r, &o) < 0)
		return -1;
	set_tags(r, "");
	r->status = 204;
	return 0;
}
