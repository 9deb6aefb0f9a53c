/*
 * An answer, its header and its body after an empty line: whatever a service
 * says, the error is one line with a code, a success becomes one line of JSON
 * or fails, and what became JSON can be parameters again.
 */
#include "reply.h"

#include <string.h>

#include "fuzz.h"
#include "page.h"
#include "query.h"

static void
read_error(const struct http_request *r)
{
	struct err err = {0};
	reply_error(r, &err);
	must(err.code[0] != '\0' && strlen(err.code) < sizeof(err.code));
	must(strpbrk(err.code, " \r\n\t") == NULL);
	must(strpbrk(err.message, "\r\n") == NULL);
	must(strlen(err.request_id) < sizeof(err.request_id));
}

static void
reuse(struct json line)
{
	struct page page;
	struct buf form = {0}, shown = {0};
	struct json again;
	if (page_next(line, NULL, &page))
		must(page.token.at >= line.at &&
		     page.token.at + page.token.len <= line.at + line.len);
	for (int flat = 0; flat < 2 && line.type == JSON_OBJECT; flat++) {
		buf_reset(&form);
		buf_reset(&shown);
		if (query_flatten(line, flat, &form, NULL) != 0)
			continue;
		query_show(buf_text(&form), form.len, &shown);
		must(json_scan(shown.data, shown.len, &again, NULL) == 0);
	}
	buf_clear(&form);
	buf_clear(&shown);
}

static void
read_line(const struct http_request *r, enum service_protocol protocol)
{
	struct service service = {.name = "s", .protocol = protocol};
	struct buf line = {0};
	struct err err = {0};
	struct json parsed;
	if (reply_line(&service, "X", buf_text(&r->reply), r->reply.len, &line,
		&err) != 0) {
		must(err.kind == ERR_LATER && err.message[0] != '\0');
	} else {
		must(json_scan(line.data, line.len, &parsed, NULL) == 0);
		must(memchr(line.data, '\n', line.len) == NULL);
		reuse(parsed);
	}
	buf_clear(&line);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_request r = {.status = 400};
	struct reply_date last = {0};
	char id[80];
	const uint8_t *end = memmem(data, size, "\n\n", 2);
	size_t head = end != NULL ? (size_t)(end - data) + 2 : 0;
	buf_add(&r.reply_header, data, head);
	buf_add(&r.reply, data + head, size - head);
	(void)reply_intact(&r);
	reply_request_id(&r, id);
	must(strlen(id) < sizeof(id));
	must(reply_number(&r, "retry-after") >= -1);
	int64_t first = reply_date(&r, &last);
	must(first == reply_date(&r, &last));
	read_error(&r);
	for (int p = SERVICE_JSON; p <= SERVICE_REST_XML; p++)
		read_line(&r, (enum service_protocol)p);
	http_request_clear(&r);
	return 0;
}
