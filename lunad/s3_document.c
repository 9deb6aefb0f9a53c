/*
 * The documents that buckets are set up by: what may stand in each, as data.
 * One is kept as the XML that it came as, written anew; CloudFormation's
 * properties are turned into it first.
 */
#include <string.h>

#include "s3_document.h"
#include "s3_private.h"
#include "text.h"
#include "xml.h"

#define MUST 1U
#define MANY 2U

/* An element by its path below the root. text: what it may say, "|" between;
 * "*": anything; "#": a whole number above 0; NULL: elements stand in it.
 * property: CloudFormation's name of it; NULL: the same; ".": none of its
 * own. */
struct element {
	const char *path;
	unsigned how;
	const char *text, *property;
};

#define BOOL "true|false"

static const struct element encryption[] = {
    {"Rule", MUST | MANY, NULL, "ServerSideEncryptionConfiguration"},
    {"Rule/ApplyServerSideEncryptionByDefault", 0, NULL,
	"ServerSideEncryptionByDefault"},
    {"Rule/ApplyServerSideEncryptionByDefault/SSEAlgorithm", MUST,
	"AES256|aws:kms|aws:kms:dsse", NULL},
    {"Rule/ApplyServerSideEncryptionByDefault/KMSMasterKeyID", 0, "*", NULL},
    {"Rule/BucketKeyEnabled", 0, BOOL, NULL},
    {"Rule/BlockedEncryptionTypes", 0, NULL, NULL},
    {"Rule/BlockedEncryptionTypes/EncryptionType", MANY, "NONE|SSE-C", NULL},
    {NULL, 0, NULL, NULL},
};

static const struct element public_access[] = {
    {"BlockPublicAcls", 0, BOOL, NULL},
    {"IgnorePublicAcls", 0, BOOL, NULL},
    {"BlockPublicPolicy", 0, BOOL, NULL},
    {"RestrictPublicBuckets", 0, BOOL, NULL},
    {NULL, 0, NULL, NULL},
};

/* Without access control lists there is but one. */
static const struct element ownership[] = {
    {"Rule", MUST, NULL, "Rules"},
    {"Rule/ObjectOwnership", MUST,
	"BucketOwnerEnforced|BucketOwnerPreferred|ObjectWriter", NULL},
    {NULL, 0, NULL, NULL},
};

static const struct element tagging[] = {
    {"TagSet", MUST, NULL, "."},
    {"TagSet/Tag", MANY, NULL, "."},
    {"TagSet/Tag/Key", MUST, "*", NULL},
    {"TagSet/Tag/Value", MUST, "*", NULL},
    {NULL, 0, NULL, NULL},
};

/* What lunad acts on. */
static const struct element lifecycle[] = {
    {"Rule", MUST | MANY, NULL, "Rules"},
    {"Rule/ID", 0, "*", "Id"},
    {"Rule/Prefix", 0, "*", NULL},
    {"Rule/Filter", 0, NULL, NULL},
    {"Rule/Filter/Prefix", 0, "*", NULL},
    {"Rule/Status", MUST, "Enabled|Disabled", NULL},
    {"Rule/Expiration", 0, NULL, "."},
    {"Rule/Expiration/Days", MUST, "#", "ExpirationInDays"},
    {"Rule/AbortIncompleteMultipartUpload", 0, NULL, NULL},
    {"Rule/AbortIncompleteMultipartUpload/DaysAfterInitiation", MUST, "#",
	NULL},
    {NULL, 0, NULL, NULL},
};

static const struct element empty[] = {{NULL, 0, NULL, NULL}};

static const struct document {
	const char *root;
	const struct element *element;
} documents[] = {
    {"ServerSideEncryptionConfiguration", encryption},
    {"PublicAccessBlockConfiguration", public_access},
    {"OwnershipControls", ownership},
    {"Tagging", tagging},
    {"LifecycleConfiguration", lifecycle},
    {"NotificationConfiguration", empty},
};

static const struct element *
elements_of(const char *root)
{
	size_t i = 0;
	while (strcmp(documents[i].root, root) != 0)
		i++;
	return documents[i].element;
}

/* Is path that of a child of the element whose path is parent ("": root)? */
static const char *
child_name(const char *path, const char *parent)
{
	size_t n = strlen(parent);
	if (n > 0 && (strncmp(path, parent, n) != 0 || path[n] != '/'))
		return NULL;
	const char *name = path + n + (n > 0);
	return strchr(name, '/') == NULL ? name : NULL;
}

static bool
is_one_of(const char *text, const char *among)
{
	size_t n = strlen(text);
	for (; *among != '\0'; among += strcspn(among, "|")) {
		among += *among == '|';
		if (strcspn(among, "|") == n && memcmp(among, text, n) == 0)
			return true;
	}
	return false;
}

static bool
is_text(const struct element *e, const char *text)
{
	int64_t n;
	if (strcmp(e->text, "*") == 0)
		return true;
	if (strcmp(e->text, "#") == 0)
		return text_integer(text, 1, INT32_MAX, &n) == 0;
	return is_one_of(text, e->text);
}

static bool check(
    const struct element *all, const char *path, const struct xml *x);

static bool
check_child(const struct element *all, const struct element *e,
    const char *name, const struct xml *x)
{
	size_t n = 0;
	for (const struct xml *c = x->child; c != NULL; c = c->next) {
		if (strcmp(c->name, name) != 0)
			continue;
		n++;
		if (e->text != NULL ? c->child != NULL || !is_text(e, c->text)
				    : !check(all, e->path, c))
			return false;
	}
	return n == 1 || (n == 0 && (e->how & MUST) == 0) ||
	       (n > 1 && (e->how & MANY) != 0);
}

static bool
check(const struct element *all, const char *path, const struct xml *x)
{
	for (const struct element *e = all; e->path != NULL; e++) {
		const char *name = child_name(e->path, path);
		if (name != NULL && !check_child(all, e, name, x))
			return false;
	}
	for (const struct xml *c = x->child; c != NULL; c = c->next) {
		const struct element *e = all;
		const char *name = NULL;
		for (; e->path != NULL; e++) {
			name = child_name(e->path, path);
			if (name != NULL && strcmp(name, c->name) == 0)
				break;
		}
		if (e->path == NULL)
			return false;
	}
	return true;
}

static void
print(const struct xml *x, struct buf *out)
{
	buf_addf(out, "<%s>", x->name);
	if (x->child == NULL)
		xml_escape(x->text, x->text_len, out);
	for (const struct xml *c = x->child; c != NULL; c = c->next)
		print(c, out);
	buf_addf(out, "</%s>", x->name);
}

int
s3_document_read(
    const char *root, const char *text, size_t len, struct buf *out)
{
	struct err err;
	struct xml *x = xml_parse(text, len, &err);
	bool good = x != NULL && strcmp(x->name, root) == 0 &&
		    check(elements_of(root), "", x);
	for (const struct xml *c = good ? x->child : NULL; c != NULL;
	     c = c->next)
		print(c, out);
	xml_free(x);
	return good ? 0 : -1;
}

static void
add_text(struct json v, struct buf *out)
{
	struct buf plain = {0};
	if (v.type != JSON_STRING)
		buf_add(out, v.at, v.len);
	else if (json_text(v, &plain, NULL) == 0)
		xml_escape(buf_text(&plain), plain.len, out);
	buf_clear(&plain);
}

static void add_children(const struct element *all, const char *path,
    struct json v, struct buf *out);

static void
add_one(const struct element *all, const struct element *e, const char *name,
    struct json v, struct buf *out)
{
	struct buf inner = {0};
	if (e->text != NULL)
		add_text(v, &inner);
	else
		add_children(all, e->path, v, &inner);
	/* One that stands for no property is there for what is in it. */
	if (inner.len > 0 || e->text != NULL || e->property == NULL ||
	    (e->how & MUST) != 0)
		buf_addf(out, "<%s>%s</%s>", name, buf_text(&inner), name);
	buf_clear(&inner);
}

static void
add_children(
    const struct element *all, const char *path, struct json v, struct buf *out)
{
	for (const struct element *e = all; e->path != NULL; e++) {
		const char *name = child_name(e->path, path);
		if (name == NULL)
			continue;
		const char *property = e->property == NULL ? name : e->property;
		struct json at =
		    strcmp(property, ".") == 0 ? v : json_get(v, property);
		struct json_iter it;
		struct json one;
		if (at.type == JSON_NONE || at.type == JSON_NULL)
			continue;
		if (at.type != JSON_ARRAY || strcmp(name, "TagSet") == 0) {
			add_one(all, e, name, at, out);
			continue;
		}
		json_each(at, &it);
		while (json_next(&it, NULL, &one))
			add_one(all, e, name, one, out);
	}
}

void
s3_document_of_json(const char *root, struct json v, struct buf *out)
{
	buf_addf(out, "<%s>", root);
	add_children(elements_of(root), "", v, out);
	buf_addf(out, "</%s>", root);
}
