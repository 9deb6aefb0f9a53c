#include <string.h>

#include "core.h"
#include "digest.h"
#include "text.h"
#include "xml.h"

static const char *
fault_of(const struct call *c)
{
	return c->r.error_status < 500 ? "Sender" : "Receiver";
}

/* The query protocol has its own names of some errors. */
static const char *
query_code(const struct call *c)
{
	const struct api_error *e = c->r.api == NULL ? NULL : c->r.api->error;
	if (c->common != NULL)
		return c->common;
	for (; e != NULL && e->code != NULL; e++)
		if (strcmp(e->code, c->r.error_code) == 0)
			return e->query;
	return c->r.error_code;
}

static void
begin(struct call *c, const char *type, struct buf *reply)
{
	c->type = type;
	c->reply = reply;
	c->headers = 0;
	call_header(c, "x-amzn-RequestId", c->r.id);
}

static const char *
json_type(struct call *c)
{
	const char *version = c->r.api == NULL ? NULL : c->r.api->json_version;
	return version == NULL ? "application/x-amz-json-1.0"
			       : request_format(&c->r,
				     "application/x-amz-json-%s", version);
}

/* DynamoDB's clients check it. */
static void
add_crc32(struct call *c)
{
	if (c->r.api == NULL || strcmp(c->r.api->name, "dynamodb") != 0)
		return;
	call_header(c, "x-amz-crc32",
	    request_format(
		&c->r, "%u", digest_crc32(0, c->out.data, c->out.len)));
}

static void
xml_open(struct call *c, const char *name)
{
	const struct api *api = c->r.api;
	buf_reset(&c->xml);
	buf_add_char(&c->xml, '<');
	buf_add_text(&c->xml, name);
	if (api != NULL && api->xmlns != NULL) {
		buf_add_text(&c->xml, " xmlns=\"");
		buf_add_text(&c->xml, api->xmlns);
		buf_add_char(&c->xml, '"');
	}
	buf_add_char(&c->xml, '>');
}

static void
xml_answer(struct call *c)
{
	const char *op = c->r.operation;
	struct json v = {JSON_OBJECT, buf_text(&c->out), c->out.len};
	xml_open(c, request_format(&c->r, "%sResponse", op));
	buf_addf(&c->xml, "<%sResult>", op);
	wire_out(c->r.api->shape, op, v, &c->xml);
	buf_addf(&c->xml,
	    "</%sResult><ResponseMetadata><RequestId>%s</RequestId>"
	    "</ResponseMetadata></%sResponse>",
	    op, c->r.id, op);
}

void
reply_answer(struct call *c)
{
	c->status = c->r.status == 0 ? 200 : c->r.status;
	if (c->protocol == PROTOCOL_RAW) {
		raw_reply(c);
		return;
	}
	if (c->out.len == 0)
		buf_add_text(&c->out, "{}");
	if (c->r.type != NULL) {
		begin(c, c->r.type, &c->out);
	} else if (c->protocol == PROTOCOL_QUERY) {
		begin(c, "text/xml", &c->xml);
		xml_answer(c);
	} else if (c->protocol == PROTOCOL_REST) {
		begin(c, "application/json", &c->out);
	} else {
		begin(c, json_type(c), &c->out);
		add_crc32(c);
	}
	if (c->mischief.garbage) {
		buf_reset(c->reply);
		buf_add_text(c->reply, "<html>\xff{\"]\0 neither JSON nor XML");
	}
}

static void
xml_error(struct call *c)
{
	xml_open(c, "ErrorResponse");
	buf_addf(&c->xml, "<Error><Type>%s</Type><Code>", fault_of(c));
	xml_escape(query_code(c), strlen(query_code(c)), &c->xml);
	buf_add_text(&c->xml, "</Code><Message>");
	xml_escape(
	    buf_text(&c->r.error_message), c->r.error_message.len, &c->xml);
	buf_addf(&c->xml,
	    "</Message></Error><RequestId>%s</RequestId></ErrorResponse>",
	    c->r.id);
}

/* error_more: members, as the handler put them. */
static void
json_error(struct call *c, const char *prefix)
{
	buf_reset(&c->out);
	put_open(&c->out, NULL, '{');
	if (prefix != NULL)
		put_text(&c->out, "__type",
		    request_format(&c->r, "%s%s", prefix, c->r.error_code));
	put_textn(&c->out, "message", buf_text(&c->r.error_message),
	    c->r.error_message.len);
	if (c->r.error_more.len > 0) {
		buf_add_char(&c->out, ',');
		buf_add(&c->out, c->r.error_more.data, c->r.error_more.len);
	}
	put_close(&c->out, '}');
}

void
reply_error(struct call *c)
{
	c->status = c->r.error_status;
	if (c->protocol == PROTOCOL_RAW) {
		raw_error(c);
		return;
	}
	if (c->protocol == PROTOCOL_QUERY) {
		begin(c, "text/xml", &c->xml);
		xml_error(c);
		return;
	}
	if (c->protocol == PROTOCOL_REST) {
		begin(c, "application/json", &c->out);
		call_header(c, "x-amzn-ErrorType",
		    request_format(&c->r, "%s", c->r.error_code));
		json_error(c, NULL);
		return;
	}
	const char *prefix = c->r.api == NULL || c->r.api->error_prefix == NULL
				 ? ""
				 : c->r.api->error_prefix;
	begin(c, json_type(c), &c->out);
	json_error(c, c->common != NULL ? "com.amazon.coral.service#" : prefix);
	add_crc32(c);
	const struct auth_header *mode = call_asked(c, "x-amzn-query-mode");
	if (mode != NULL && strcmp(mode->value, "true") == 0)
		call_header(c, "x-amzn-query-error",
		    request_format(&c->r, "%s;%s", query_code(c), fault_of(c)));
}
