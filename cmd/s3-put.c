/*
 * s3-put - store stdin as an S3 object
 *
 * In:  the bytes of the object
 * Out: {"Bucket":…,"Key":…,"Size":…,"ETag":…,"ChecksumCRC32":…}, once it is
 *      there
 * API: PutObject, CreateMultipartUpload, UploadPart, CompleteMultipartUpload,
 *      AbortMultipartUpload, HeadObject
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ident.h"
#include "mem.h"
#include "object.h"
#include "tool.h"
#include "upload.h"

static const char *content_type = "application/octet-stream";
static struct opt_list meta, headers;
static bool only_new, quiet;
static int64_t jobs = 8;
static size_t size, memory = (size_t)64 << 20;

static const struct opt options[] = {
    {'t', "content-type", OPT_TEXT, &content_type, "TYPE",
	"of the object (application/octet-stream)", 0, 0},
    {'m', "meta", OPT_LIST, &meta, "NAME=VALUE", "metadata of the object", 0,
	0},
    {0, "header", OPT_LIST, &headers, "NAME=VALUE",
	"a header that S3 takes with an object", 0, 0},
    {0, "new", OPT_FLAG, &only_new, NULL, "only if there is no such object", 0,
	0},
    {0, "size", OPT_SIZE, &size, "SIZE", "how much will come, if it is a lot",
	0, 0},
    {0, "jobs", OPT_INTEGER, &jobs, "N", "requests in flight (8)", 1, 1024},
    {0, "memory", OPT_SIZE, &memory, "SIZE",
	"most bytes held until S3 has them (64M)", 0, 0},
    {0, "quiet", OPT_FLAG, &quiet, NULL, "print no record", 0, 0}, {0}};

static const struct tool_about about = {.name = "s3-put",
    .synopsis = "[-t TYPE] [-m NAME=VALUE]... [--header NAME=VALUE]...\n"
		"[--new] [--size SIZE] [--jobs N] [--memory SIZE] [--quiet]\n"
		"s3://BUCKET/KEY",
    .options = options,
    .kind = TOOL_CALLS,
    .min_operands = 1,
    .max_operands = 1};

struct putting {
	struct tool tool;
	struct object object;
	struct sigv4_header *header;
	char **name; /* of header, to free */
	size_t headers;
	struct buf record;
};

/* Headers that are s3-put's own business. */
static bool
is_ours(const char *name, size_t len)
{
	static const char *const names[] = {"authorization", "connection",
	    "content-length", "content-type", "expect", "host", "if-none-match",
	    "transfer-encoding", NULL};
	static const char *const prefixes[] = {"x-amz-checksum-",
	    "x-amz-content-sha256", "x-amz-date", "x-amz-meta-",
	    "x-amz-security-token", "x-amz-server-side-encryption-customer-",
	    NULL};
	for (size_t i = 0; names[i] != NULL; i++)
		if (strlen(names[i]) == len &&
		    strncasecmp(name, names[i], len) == 0)
			return true;
	for (size_t i = 0; prefixes[i] != NULL; i++)
		if (strncasecmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

static void
add_header(
    struct putting *p, const char *prefix, const char *option, const char *pair)
{
	static const char token[] = "abcdefghijklmnopqrstuvwxyz0123456789-_."
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t len = strspn(pair, token);
	if (len == 0 || pair[len] != '=')
		tool_usage(
		    &p->tool, "%s wants NAME=VALUE, not '%s'", option, pair);
	if (*prefix == '\0' && is_ours(pair, len))
		tool_usage(&p->tool, "--header %.*s cannot be set: s3-put does",
		    (int)len, pair);
	for (const char *v = pair + len + 1; *v != '\0'; v++)
		if (*v < ' ' || *v == 0x7f)
			tool_usage(&p->tool,
			    "%s %.*s: a header is printable ASCII", option,
			    (int)len, pair);
	p->name[p->headers] = mem_format("%s%.*s", prefix, (int)len, pair);
	p->header[p->headers] =
	    (struct sigv4_header){p->name[p->headers], pair + len + 1};
	p->headers++;
}

static void
collect_headers(struct putting *p)
{
	size_t most = meta.count + headers.count + 1;
	p->header = mem_alloc(most * sizeof(*p->header));
	p->name = mem_alloc(most * sizeof(*p->name));
	for (size_t i = 0; i < meta.count; i++)
		add_header(p, "x-amz-meta-", "--meta", meta.item[i]);
	for (size_t i = 0; i < headers.count; i++)
		add_header(p, "", "--header", headers.item[i]);
}

static int
put(struct putting *p, struct err *err)
{
	struct ident *ident =
	    ident_open(&p->tool.conf, about.name, (size_t)jobs, err);
	if (ident == NULL)
		return -1;
	struct upload_about what = {.object = &p->object,
	    .content_type = content_type,
	    .header = p->header,
	    .header_count = p->headers,
	    .only_new = only_new,
	    .size = (int64_t)size,
	    .jobs = jobs,
	    .memory = memory};
	int status = upload_run(&p->tool, ident, &what, &p->record, err);
	ident_close(ident);
	return status;
}

int
main(int argc, char **argv)
{
	struct putting p = {0};
	struct err err;
	tool_start(&p.tool, &about, argc, argv);
	if (object_init(&p.object, p.tool.operand[0], true, &err) != 0)
		tool_usage(&p.tool, "%s", err.message);
	collect_headers(&p);
	if (put(&p, &err) != 0)
		tool_end(&p.tool, &err);
	else if (!quiet)
		tool_pass(&p.tool, p.record.data, p.record.len);
	for (size_t i = 0; i < p.headers; i++)
		free(p.name[i]);
	free(p.name);
	free(p.header);
	object_clear(&p.object);
	opt_list_free(&meta);
	opt_list_free(&headers);
	buf_clear(&p.record);
	return tool_finish(&p.tool);
}
