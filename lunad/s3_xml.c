#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "s3_private.h"
#include "text.h"
#include "xml.h"

void
s3_tag(struct buf *out, const char *name, const char *text)
{
	buf_addf(out, "<%s>", name);
	xml_escape(text, strlen(text), out);
	buf_addf(out, "</%s>", name);
}

void
s3_tag_int(struct buf *out, const char *name, int64_t value)
{
	buf_addf(out, "<%s>%" PRId64 "</%s>", name, value, name);
}

void
s3_tag_bool(struct buf *out, const char *name, bool value)
{
	s3_tag(out, name, value ? "true" : "false");
}

void
s3_tag_time(struct buf *out, const char *name, int64_t ms)
{
	char iso[TEXT_ISO];
	text_iso(ms, iso);
	s3_tag(out, name, iso);
}

void
s3_tag_key(struct buf *out, const char *name, const char *key, size_t len,
    bool encoded)
{
	buf_addf(out, "<%s>", name);
	if (encoded)
		text_percent(key, len, true, out);
	else
		xml_escape(key, len, out);
	buf_addf(out, "</%s>", name);
}

void
s3_begin(struct request *r, const char *root)
{
	r->type = "application/xml";
	buf_addf(r->out, S3_HEAD "<%s xmlns=\"" S3_XMLNS "\">", root);
}

void
s3_finish(struct request *r, const char *root)
{
	buf_addf(r->out, "</%s>", root);
}

const char *
s3_date(struct request *r, int64_t ms)
{
	char *text = request_alloc(r, 40);
	time_t s = ms / 1000;
	struct tm tm;
	gmtime_r(&s, &tm);
	strftime(text, 40, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	return text;
}

bool
s3_read_date(const char *text, int64_t *ms)
{
	struct tm tm = {0};
	const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	if (end != NULL && *end == '\0') {
		*ms = (int64_t)timegm(&tm) * 1000;
		return true;
	}
	return text_time(text, strlen(text), ms) == 0;
}
