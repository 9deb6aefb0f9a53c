#include "operation.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "page.h"
#include "query.h"
#include "record.h"
#include "reply.h"
#include "text.h"

/* The row of a service that is not in the table. */
static void
invent(struct operation *o, const char *name)
{
	o->id = mem_text(name);
	for (char *p = o->id; *p != '\0'; p++)
		*p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
	o->service = (struct service){.name = name,
	    .id = o->id,
	    .host = name,
	    .signing = name,
	    .json_version = "1.1"};
}

int
operation_init(
    struct operation *o, const struct operation_about *about, struct err *err)
{
	const struct service *known = service_find(about->service);
	struct service *s = &o->service;
	*o = (struct operation){.about = *about};
	if (known != NULL)
		*s = *known;
	else
		invent(o, about->service);
	if (about->target != NULL) {
		s->protocol = SERVICE_JSON;
		s->target = about->target;
	}
	if (about->api != NULL) {
		s->protocol = SERVICE_QUERY;
		s->version = about->api;
		s->query_mode = false;
	}
	if (about->path != NULL && s->protocol != SERVICE_REST_XML)
		s->protocol = SERVICE_REST_JSON;
	if (about->json != NULL)
		s->json_version = about->json;
	if (about->host != NULL)
		s->host = about->host;
	if (about->signing != NULL)
		s->signing = about->signing;
	o->call.service = s;
	if (about->path != NULL)
		return 0;
	if (s->protocol != SERVICE_JSON && s->protocol != SERVICE_QUERY)
		return err_set(err, ERR_SETUP, "Usage",
		    "%s speaks REST: give --rest, a method and a path",
		    s->name);
	if (s->protocol == SERVICE_JSON && s->target == NULL)
		return err_set(err, ERR_SETUP, "Usage",
		    "%s is not in luna's table: say how it is spoken to "
		    "with --target, --api or --rest",
		    s->name);
	return 0;
}

void
operation_clear(struct operation *o)
{
	call_clear(&o->call);
	buf_clear(&o->params);
	buf_clear(&o->body);
	buf_clear(&o->path);
	buf_clear(&o->last);
	free(o->id);
	*o = (struct operation){0};
}

static bool
in_path(const struct operation *o)
{
	const char *method = o->about.name;
	return o->about.path != NULL &&
	       (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ||
		   strcmp(method, "DELETE") == 0);
}

static int
encode_rest(struct operation *o, struct json params, struct err *err)
{
	struct buf query = {0};
	int status = 0;
	o->call.method = o->about.name;
	buf_add_text(&o->path, o->about.path);
	if (in_path(o)) {
		status = query_flatten(params, true, &query, err);
		if (query.len > 0)
			buf_addf(&o->path, "%c%s",
			    strchr(o->about.path, '?') == NULL ? '?' : '&',
			    query.data);
	} else if (json_count(params) > 0) {
		if (o->service.protocol == SERVICE_REST_XML)
			status = err_set(err, ERR_SETUP, "Usage",
			    "%s takes XML in a body: parameters can only "
			    "stand in the path",
			    o->service.name);
		buf_add(&o->body, params.at, params.len);
	}
	o->call.path = o->path.data;
	buf_clear(&query);
	return status;
}

int
operation_encode(
    struct operation *o, const char *params, size_t len, struct err *err)
{
	struct json object;
	bool flat = strcmp(o->service.signing, "ec2") == 0 ||
		    strcmp(o->service.signing, "sqs") == 0;
	int status = 0;
	buf_reset(&o->params);
	buf_reset(&o->body);
	buf_reset(&o->path);
	buf_add(&o->params, params, len);
	if (json_scan(o->params.data, o->params.len, &object, err) != 0)
		return -1;
	o->call.operation = o->about.name;
	if (o->about.path != NULL)
		status = encode_rest(o, object, err);
	else if (o->service.protocol == SERVICE_QUERY)
		status = query_flatten(object, flat, &o->body, err);
	else
		json_compact(object, &o->body);
	o->call.body = o->body.data;
	o->call.body_len = o->body.len;
	return status;
}

int
operation_reply(const struct operation *o, struct buf *out, struct err *err)
{
	return reply_line(&o->service, o->call.operation,
	    buf_text(&o->call.reply), o->call.reply.len, out, err);
}

bool
operation_next(struct operation *o, struct json reply, const char *rule)
{
	struct page page;
	struct record r;
	struct buf params = {0};
	if (!page_next(reply, rule, &page) ||
	    (page.token.len == o->last.len &&
		memcmp(page.token.at, o->last.data, o->last.len) == 0))
		return false;
	buf_reset(&o->last);
	buf_add(&o->last, page.token.at, page.token.len);
	bool next =
	    record_parse(&r, o->params.data, o->params.len, 1, NULL) == 0;
	if (next) {
		record_set(&r, page.to, page.token.at, page.token.len, &params);
		next = operation_encode(o, params.data, params.len, NULL) == 0;
	}
	buf_clear(&params);
	return next;
}

void
operation_show(const struct operation *o, struct buf *out)
{
	struct json body;
	buf_add_char(out, '{');
	text_json_member("service", o->service.name, out);
	if (o->about.path == NULL) {
		text_json_member("operation", o->about.name, out);
	} else {
		text_json_member("method", o->about.name, out);
		text_json_member("path", buf_text(&o->path), out);
	}
	buf_add_text(out, ",\"parameters\":");
	if (o->service.protocol == SERVICE_QUERY)
		query_show(buf_text(&o->body), o->body.len, out);
	else if (o->body.len > 0 &&
		 json_scan(o->body.data, o->body.len, &body, NULL) == 0)
		json_compact(body, out);
	else
		buf_add_text(out, "{}");
	buf_add_char(out, '}');
}
