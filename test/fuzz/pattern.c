/*
 * A first line that is a pattern or is refused with a reason, and a second
 * that is an event. What matches a pattern matches a choice of it too.
 */
#include "../../lunad/pattern.h"

#include <string.h>

#include "fuzz.h"

static bool
scan(const char *text, size_t len, struct json *v)
{
	return json_scan(text, len, v, NULL) == 0 && v->type == JSON_OBJECT;
}

static void
must_choose(const char *text, size_t len, struct json event, bool matched)
{
	struct buf choice = {0}, why = {0};
	struct json pattern;
	buf_add_text(&choice, "{\"$or\":[");
	buf_add(&choice, text, len);
	buf_add_char(&choice, ',');
	buf_add(&choice, text, len);
	buf_add_text(&choice, "]}");
	if (pattern_check(choice.data, choice.len, &why) == 0) {
		must(scan(choice.data, choice.len, &pattern));
		must(pattern_match(pattern, event) == matched);
	}
	buf_clear(&choice);
	buf_clear(&why);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *end = size == 0 ? NULL : memchr(text, '\n', size);
	struct buf why = {0};
	struct json pattern, event;
	if (end == NULL)
		return 0;
	size_t len = (size_t)(end - text);
	if (pattern_check(text, len, &why) != 0) {
		must(why.len > 0);
	} else {
		must(scan(text, len, &pattern));
		if (scan(end + 1, size - len - 1, &event))
			must_choose(
			    text, len, event, pattern_match(pattern, event));
	}
	buf_clear(&why);
	return 0;
}
