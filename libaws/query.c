#include "query.h"

#include <string.h>

#include "text.h"

void
query_add(struct buf *out, const char *name, const char *value)
{
	query_add_bytes(out, name, value, strlen(value));
}

void
query_add_bytes(
    struct buf *out, const char *name, const char *value, size_t len)
{
	if (out->len > 0)
		buf_add_char(out, '&');
	text_percent(name, strlen(name), false, out);
	buf_add_char(out, '=');
	text_percent(value, len, false, out);
}

void
query_each(const char *text, size_t len, struct query_iter *it)
{
	it->at = text;
	it->end = text + len;
}

bool
query_next(struct query_iter *it, struct buf *name, struct buf *value)
{
	while (it->at < it->end) {
		const char *from = it->at;
		size_t len = (size_t)(it->end - from);
		const char *stop = memchr(from, '&', len);
		it->at = stop == NULL ? it->end : stop + 1;
		if (stop == NULL)
			stop = it->end;
		if (stop == from)
			continue;
		const char *eq = memchr(from, '=', (size_t)(stop - from));
		const char *mid = eq == NULL ? stop : eq;
		const char *rest = eq == NULL ? stop : eq + 1;
		buf_reset(name);
		buf_reset(value);
		if (text_unpercent(from, (size_t)(mid - from), true, name) ==
			0 &&
		    text_unpercent(rest, (size_t)(stop - rest), true, value) ==
			0)
			return true;
	}
	return false;
}
