#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "mem.h"
#include "text.h"

/* A request's memory is a list of chunks that are freed together. */
struct chunk {
	struct chunk *next;
	size_t size, used;
	max_align_t data[];
};

#define CHUNK 4000

void *
request_alloc(struct request *r, size_t size)
{
	struct call *c = (struct call *)(void *)r;
	size_t need = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) *
		      sizeof(max_align_t);
	struct chunk *k = c->memory;
	if (k == NULL || k->size - k->used < need) {
		size_t room = need > CHUNK ? need : CHUNK;
		k = mem_grow(NULL, sizeof(*k) + room, 1);
		*k = (struct chunk){.next = c->memory, .size = room};
		c->memory = k;
	}
	char *at = (char *)k->data + k->used;
	k->used += need;
	return memset(at, 0, size);
}

char *
request_copy(struct request *r, const char *text, size_t len)
{
	return memcpy(request_alloc(r, len + 1), text, len);
}

char *
request_format(struct request *r, const char *format, ...)
{
	va_list ap, again;
	va_start(ap, format);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	char *text = request_alloc(r, n < 0 ? 1 : (size_t)n + 1);
	if (n > 0)
		vsnprintf(text, (size_t)n + 1, format, again);
	va_end(again);
	return text;
}

void
call_init(struct call *c, struct lunad *l)
{
	*c = (struct call){0};
	c->r.lunad = l;
	c->r.store = l->store;
	c->r.account = LUNAD_ACCOUNT;
	c->r.region = "us-east-1";
	c->r.principal = "arn:aws:iam::" LUNAD_ACCOUNT ":root";
	c->r.key_id = "";
	c->r.out = &c->out;
	c->r.base_url = l->base_url;
	c->source.fd = -1;
}

void
call_clear(struct call *c)
{
	raw_clear(c);
	buf_clear(&c->body);
	buf_clear(&c->in);
	buf_clear(&c->out);
	buf_clear(&c->xml);
	buf_clear(&c->r.error_message);
	buf_clear(&c->r.error_more);
	while (c->memory != NULL) {
		struct chunk *k = c->memory;
		c->memory = k->next;
		free(k);
	}
}

void
call_again(struct call *c)
{
	buf_reset(&c->out);
	buf_reset(&c->r.error_message);
	buf_reset(&c->r.error_more);
	c->headers = 0;
	c->r.error_status = 0;
	c->r.status = 0;
	c->r.type = NULL;
}

void
call_header(struct call *c, const char *name, const char *value)
{
	if (c->headers == c->header_room) {
		size_t room = c->headers == 0 ? 8 : 2 * c->headers;
		struct call_header *more =
		    request_alloc(&c->r, room * sizeof(*more));
		if (c->headers > 0)
			memcpy(more, c->header, c->headers * sizeof(*more));
		c->header = more;
		c->header_room = room;
	}
	c->header[c->headers++] = (struct call_header){name, value};
}

const struct auth_header *
call_asked(const struct call *c, const char *name)
{
	return auth_header(&c->as, name);
}

int
fail(struct request *r, int status, const char *code, const char *format, ...)
{
	r->error_status = status;
	snprintf(r->error_code, sizeof(r->error_code), "%s", code);
	buf_reset(&r->error_message);
	va_list ap, again;
	va_start(ap, format);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	char *to = n < 0 ? NULL : buf_room(&r->error_message, (size_t)n);
	if (to != NULL) {
		vsnprintf(to, (size_t)n + 1, format, again);
		r->error_message.len += (size_t)n;
	}
	va_end(again);
	return ANSWER_ERROR;
}

int
park(struct request *r, const char *key, int64_t until_ms)
{
	r->wait_until_ms = until_ms;
	server_park((struct call *)(void *)r, key, until_ms);
	return ANSWER_WAIT;
}

struct json
param_json(struct request *r, const char *name)
{
	return json_get(r->in, name);
}

const char *
param_text(struct request *r, struct json string, size_t *len)
{
	if (string.type != JSON_STRING)
		return NULL;
	/* Without an escape the text is the view's inside. */
	if (memchr(string.at, '\\', string.len) == NULL) {
		if (len != NULL)
			*len = string.len - 2;
		return request_copy(r, string.at + 1, string.len - 2);
	}
	struct buf b = {0};
	if (json_text(string, &b, NULL) < 0)
		buf_reset(&b);
	char *text = request_copy(r, buf_text(&b), b.len);
	if (len != NULL)
		*len = b.len;
	buf_clear(&b);
	return text;
}

const char *
param(struct request *r, const char *name)
{
	struct json v = param_json(r, name);
	if (v.type == JSON_STRING)
		return param_text(r, v, NULL);
	if (v.type == JSON_NUMBER || v.type == JSON_TRUE ||
	    v.type == JSON_FALSE)
		return request_copy(r, v.at, v.len);
	return NULL;
}

int64_t
param_int(struct request *r, const char *name, int64_t otherwise)
{
	int64_t n;
	return json_integer(param_json(r, name), &n) == 0 ? n : otherwise;
}

bool
param_bool(struct request *r, const char *name, bool otherwise)
{
	struct json v = param_json(r, name);
	return v.type == JSON_NONE || v.type == JSON_NULL ? otherwise
							  : json_true(v);
}
