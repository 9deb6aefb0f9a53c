#include "reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "digest.h"
#include "json.h"
#include "text.h"
#include "xml.h"

bool
reply_intact(const struct http_request *r)
{
	int64_t crc = reply_number(r, "x-amz-crc32");
	return crc < 0 ||
	       crc == (int64_t)digest_crc32(0, r->reply.data, r->reply.len);
}

void
reply_request_id(const struct http_request *r, char out[static 80])
{
	static const char *const names[] = {
	    "x-amzn-requestid", "x-amz-request-id", "x-amz-id-2"};
	size_t len = 0;
	const char *at = NULL;
	for (size_t i = 0; at == NULL && i < sizeof(names) / sizeof(*names);
	     i++)
		at = http_header(r, names[i], &len);
	snprintf(out, 80, "%.*s", (int)len, at != NULL ? at : "");
}

int64_t
reply_number(const struct http_request *r, const char *name)
{
	size_t len;
	const char *at = http_header(r, name, &len);
	char text[24];
	int64_t n;
	if (at == NULL || len >= sizeof(text))
		return -1;
	memcpy(text, at, len);
	text[len] = '\0';
	return text_integer(text, 0, INT64_MAX, &n) == 0 ? n : -1;
}

int64_t
reply_date(const struct http_request *r, struct reply_date *last)
{
	size_t len;
	const char *at = http_header(r, "date", &len);
	struct tm tm = {0};
	if (at == NULL || len == 0 || len >= sizeof(last->text) ||
	    http_header(r, "age", &(size_t){0}) != NULL)
		return -1;
	if (memcmp(at, last->text, len) == 0 && last->text[len] == '\0')
		return last->ms;
	memcpy(last->text, at, len);
	last->text[len] = '\0';
	const char *end =
	    strptime(last->text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	bool whole = end != NULL && *end == '\0';
	last->ms = whole ? (int64_t)timegm(&tm) * 1000 : -1;
	return last->ms;
}

/* The word of a code between what protocols put around it. */
static void
set_code(char out[static 96], const char *text, size_t len)
{
	const char *hash = memchr(text, '#', len);
	if (hash != NULL) {
		len -= (size_t)(hash + 1 - text);
		text = hash + 1;
	}
	size_t n = 0;
	while (n < len && text[n] > ' ' && text[n] < 0x7f && text[n] != ':' &&
	       text[n] != ';')
		n++;
	snprintf(out, 96, "%.*s", (int)n, text);
}

static void
read_json(const struct http_request *r, struct err *err)
{
	static const char *const names[] = {
	    "message", "Message", "errorMessage"};
	struct json root;
	if (json_scan(r->reply.data, r->reply.len, &root, NULL) != 0)
		return;
	char *text = json_dup(json_get(root, "__type"));
	if (text == NULL)
		text = json_dup(json_get(root, "code"));
	if (text != NULL)
		set_code(err->code, text, strlen(text));
	free(text);
	text = NULL;
	for (size_t i = 0; text == NULL && i < sizeof(names) / sizeof(*names);
	     i++)
		text = json_dup(json_get(root, names[i]));
	if (text != NULL)
		snprintf(err->message, sizeof(err->message), "%s", text);
	free(text);
}

static void
read_xml(const struct http_request *r, struct err *err)
{
	struct xml *root = xml_parse(r->reply.data, r->reply.len, NULL);
	if (root == NULL)
		return;
	const struct xml *error = root;
	if (strcmp(root->name, "Error") != 0)
		error = xml_find(root, "Error");
	if (error == NULL)
		error = xml_find(root, "Errors/Error");
	const char *code = xml_text(error, "Code");
	const char *message = xml_text(error, "Message");
	const char *id = xml_text(root, "RequestId");
	if (id == NULL)
		id = xml_text(root, "RequestID");
	if (code != NULL)
		set_code(err->code, code, strlen(code));
	if (message != NULL)
		snprintf(err->message, sizeof(err->message), "%s", message);
	if (id != NULL && err->request_id[0] == '\0')
		snprintf(err->request_id, sizeof(err->request_id), "%s", id);
	xml_free(root);
}

static void
read_body(const struct http_request *r, struct err *err)
{
	const char *body = buf_text(&r->reply);
	switch (body[strspn(body, " \t\r\n")]) {
	case '{':
		read_json(r, err);
		break;
	case '<':
		read_xml(r, err);
		break;
	default:
		break;
	}
}

/*
 * One line, no control characters, no final full stop; nor the request's
 * headers, a session token among them, with which AWS explains a signature
 * that does not match.
 */
static void
tidy(char *message)
{
	char *headers = strstr(message, "The Canonical String for");
	if (headers != NULL)
		*headers = '\0';
	size_t len = strlen(message);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)message[i] < ' ' || message[i] == 0x7f)
			message[i] = ' ';
	while (len > 0 && (message[len - 1] == ' ' || message[len - 1] == '.'))
		message[--len] = '\0';
}

/* The beginning of a body that is no service's error, as far as it is text. */
static void
quote(const struct http_request *r, struct err *err)
{
	size_t len = text_utf8(buf_text(&r->reply), r->reply.len);
	if (len > 100)
		len = text_utf8(buf_text(&r->reply), 100);
	if (len == 0)
		snprintf(
		    err->message, sizeof(err->message), "the answer is empty");
	else
		snprintf(err->message, sizeof(err->message),
		    "the answer begins with: %.*s", (int)len,
		    buf_text(&r->reply));
}

enum retry_class
reply_error(const struct http_request *r, struct err *err)
{
	char own[sizeof(err->code)];
	size_t len;
	err_clear(err);
	reply_request_id(r, err->request_id);
	read_body(r, err);
	const char *type = http_header(r, "x-amzn-errortype", &len);
	if (type != NULL)
		set_code(err->code, type, len);
	memcpy(own, err->code, sizeof(own));
	/* What the service was called before it spoke JSON still is its name
	 * for users, as in every SDK. */
	type = http_header(r, "x-amzn-query-error", &len);
	if (type != NULL)
		set_code(err->code, type, len);
	if (err->code[0] == '\0') {
		snprintf(err->code, sizeof(err->code), "HTTP%d", r->status);
		if (err->message[0] == '\0')
			quote(r, err);
	}
	if (err->message[0] == '\0')
		snprintf(err->message, sizeof(err->message), "no message");
	tidy(err->message);
	enum retry_class class = retry_classify(r->status, own);
	if (class == RETRY_NO || class == RETRY_TRANSIENT) {
		enum retry_class by_name = retry_classify(r->status, err->code);
		if (by_name != RETRY_NO)
			class = by_name;
	}
	return class;
}
