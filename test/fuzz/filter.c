/*
 * The input is a scope ('b' for bodies), a filter policy to the end of the
 * line, and a message. A policy is taken, or refused with a reason; a message
 * passes the same policy twice alike; nobody passes what wants a key that is
 * there when it is absent.
 */
#include <string.h>

#include "../../lunad/sns_filter.h"
#include "fuzz.h"
#include "json.h"

static void
check_attributes(const struct sns_filter *f, const char *text, size_t len)
{
	struct json attributes;

	if (json_scan(text, len, &attributes, NULL) != 0)
		return;
	must(sns_filter_attributes(f, attributes) ==
	     sns_filter_attributes(f, attributes));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *feed;
	struct buf why = {0};
	struct sns_filter *f;
	size_t len;

	if (size < 2 || (feed = memchr(text + 1, '\n', size - 1)) == NULL)
		return 0;
	len = (size_t)(feed - text) - 1;
	f = sns_filter_new(text + 1, len, text[0] == 'b', &why);
	must((f == NULL) == (why.len > 0));
	if (f != NULL) {
		feed++;
		len = size - (size_t)(feed - text);
		must(sns_filter_body(f, feed, len) ==
		     sns_filter_body(f, feed, len));
		check_attributes(f, feed, len);
	}
	sns_filter_free(f);
	buf_clear(&why);
	return 0;
}
