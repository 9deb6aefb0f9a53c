/*
 * The input is a line of JSON, the data, and a mail template. What passes the
 * check renders, or lacks data, or grows too large, and says which; what does
 * not pass never renders.
 */
#include "../../lunad/ses_template.h"

#include <string.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *feed = size == 0 ? NULL : memchr(text, '\n', size);
	struct buf out = {0};
	struct err err = {0};
	struct json root;
	size_t len;
	int form;

	if (feed == NULL ||
	    json_scan(text, (size_t)(feed - text), &root, NULL) != 0 ||
	    root.type != JSON_OBJECT)
		return 0;
	feed++;
	len = size - (size_t)(feed - text);
	form = ses_template_check(feed, len, &err);
	must(form == 0 || strcmp(err.code, "InvalidTemplate") == 0);
	buf_init(&out, 1 << 20);
	err_clear(&err);
	if (ses_template_render(feed, len, root, &out, &err) == 0)
		must(form == 0 && out.len <= 1 << 20);
	else
		must(err.code[0] != '\0' && err.message[0] != '\0');
	buf_clear(&out);
	return 0;
}
