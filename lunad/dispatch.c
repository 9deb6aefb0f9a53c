#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core.h"
#include "gunzip.h"
#include "keys.h"
#include "text.h"

static bool
serves(const struct api *api, const char *service)
{
	return strcmp(api->name, service) == 0 ||
	       (api->alias != NULL && strcmp(api->alias, service) == 0);
}

static const struct operation *
operation_of(const struct api *api, const char *name)
{
	const struct operation *op = api->operation;
	while (op->name != NULL && strcmp(op->name, name) != 0)
		op++;
	return op->name == NULL ? NULL : op;
}

/* One that has a path goes by it alone. */
static const struct operation *
operation_named(const struct api *api, const char *name)
{
	const struct operation *op = operation_of(api, name);
	return op == NULL || op->path != NULL ? NULL : op;
}

/* A failure that is not the service's own: the name in JSON, and in XML. */
static int __attribute__((format(printf, 6, 7)))
refuse(struct call *c, int json_status, const char *json_code, int query_status,
    const char *query_code, const char *format, ...)
{
	bool query = c->protocol == PROTOCOL_QUERY;
	char message[2048];
	va_list ap;
	va_start(ap, format);
	vsnprintf(message, sizeof(message), format, ap);
	va_end(ap);
	c->common = query_code;
	return fail(&c->r,
	    c->protocol == PROTOCOL_JSON ? json_status : query_status,
	    query ? query_code : json_code, "%s", message);
}

/* X-Amz-Target: "AmazonSQS.SendMessage". */
static int
identify_json(struct call *c, const char *target)
{
	c->protocol = PROTOCOL_JSON;
	for (size_t i = 0; lunad_apis[i] != NULL; i++) {
		const struct api *api = lunad_apis[i];
		size_t n = api->target == NULL ? 0 : strlen(api->target);
		if (n == 0 || strncmp(target, api->target, n) != 0 ||
		    target[n] != '.')
			continue;
		c->r.api = api;
		c->op = operation_named(api, target + n + 1);
		if (c->op != NULL)
			return 0;
	}
	return refuse(c, 400, "UnknownOperationException", 400, "InvalidAction",
	    "lunad has no operation %.128s", target);
}

/* The value of "name=" in a form, where it needs no decoding; else NULL. */
static const char *
form_value(struct call *c, const char *form, const char *name)
{
	size_t n = strlen(name);
	for (const char *at = form; at != NULL; at = strchr(at, '&')) {
		at += *at == '&';
		if (strncmp(at, name, n) == 0 && at[n] == '=')
			return request_format(&c->r, "%.*s",
			    (int)strcspn(at + n + 1, "&"), at + n + 1);
	}
	return NULL;
}

static const char *
form_of(const struct call *c)
{
	const char *query = strchr(c->as.target, '?');
	if (c->body.len > 0)
		return buf_text(&c->body);
	return query == NULL ? "" : query + 1;
}

/* By Version and Action; by the service that signed it where it is known. */
static int
identify_query(struct call *c, const char *service, const char *action)
{
	c->protocol = PROTOCOL_QUERY;
	c->r.query = true;
	const char *version = form_value(c, form_of(c), "Version");
	for (size_t i = 0; lunad_apis[i] != NULL; i++) {
		const struct api *api = lunad_apis[i];
		if (api->version == NULL ||
		    (service[0] != '\0' && !serves(api, service)) ||
		    (version != NULL && strcmp(version, api->version) != 0))
			continue;
		c->r.api = api;
		c->op = operation_named(api, action);
		if (c->op != NULL)
			return 0;
	}
	if (c->r.api == NULL && service[0] != '\0')
		return refuse(c, 400, "UnknownOperationException", 400,
		    "NoSuchVersion",
		    "lunad does not serve %s version %s by the query protocol",
		    service, version == NULL ? "(none)" : version);
	return refuse(c, 400, "UnknownOperationException", 400, "InvalidAction",
	    "The action %.64s is not valid for this web service.", action);
}

static int
identify_rest(struct call *c, const char *service)
{
	c->protocol = PROTOCOL_REST;
	for (size_t i = 0; lunad_apis[i] != NULL; i++) {
		const struct api *api = lunad_apis[i];
		if (service[0] != '\0' && !serves(api, service))
			continue;
		c->op = route(c, api);
		if (c->op != NULL) {
			c->r.api = api;
			return 0;
		}
	}
	return refuse(c, 404, "UnknownOperationException", 404,
	    "UnknownOperationException", "lunad has no operation %s %.*s%s%s",
	    c->as.method, (int)strcspn(c->as.target, "?"), c->as.target,
	    service[0] == '\0' ? "" : " of ", service);
}

static int
identify(struct call *c)
{
	char service[AUTH_NAME];
	if (c->protocol == PROTOCOL_RAW) {
		c->op = raw_route(c);
		return c->op == NULL ? -1 : 0;
	}
	auth_service(&c->as, service);
	if (call_asked(c, "smithy-protocol") != NULL) {
		c->protocol = PROTOCOL_REST;
		return refuse(c, 415, "UnknownOperationException", 415,
		    "UnknownOperationException",
		    "lunad speaks JSON and query, not the protocol %.64s",
		    call_asked(c, "smithy-protocol")->value);
	}
	const struct auth_header *target = call_asked(c, "x-amz-target");
	if (target != NULL)
		return identify_json(c, target->value);
	const struct auth_header *type = call_asked(c, "content-type");
	bool form =
	    type == NULL || strncasecmp(type->value,
				"application/x-www-form-urlencoded", 33) == 0;
	const char *action = form ? form_value(c, form_of(c), "Action") : NULL;
	if (action != NULL)
		return identify_query(c, service, action);
	return identify_rest(c, service);
}

static int
authenticate(struct lunad *l, struct call *c)
{
	struct auth_result *who = &c->signer;
	int error =
	    auth_check(l->auth, &c->as, text_now() + c->mischief.skew_ms, who);
	if (error != 0 && c->protocol == PROTOCOL_RAW)
		return raw_refuse(l, c, error);
	switch ((enum auth_error)error) {
	case AUTH_MISSING:
		if (c->op->open) {
			c->r.principal = NULL;
			return 0;
		}
		return refuse(c, 400, "MissingAuthenticationTokenException",
		    403, "MissingAuthenticationToken", "%s", who->message);
	case AUTH_INCOMPLETE:
	case AUTH_CREDENTIAL:
		return refuse(c, 400, "IncompleteSignatureException", 403,
		    "IncompleteSignature", "%s", who->message);
	case AUTH_UNKNOWN_KEY:
	case AUTH_WRONG_TOKEN:
		return refuse(c, 400, "UnrecognizedClientException", 403,
		    "InvalidClientTokenId", "%s", who->message);
	case AUTH_SKEWED:
	case AUTH_EXPIRED:
	case AUTH_MISMATCH:
		return refuse(c, 400, "InvalidSignatureException", 403,
		    "SignatureDoesNotMatch", "%s", who->message);
	case AUTH_EXPIRED_TOKEN:
		return refuse(c, 400, "ExpiredTokenException", 403,
		    "ExpiredToken", "%s", who->message);
	}
	if (!serves(c->r.api, who->service))
		return refuse(c, 400, "InvalidSignatureException", 403,
		    "SignatureDoesNotMatch",
		    "Credential should be scoped to correct service: '%s'.",
		    c->r.api->name);
	/* The key may be taken away before a parked request runs again. */
	const struct key *k = who->key;
	c->r.region = who->region;
	c->r.account = request_format(&c->r, "%s", k->account);
	c->r.principal = request_format(&c->r, "%s", k->arn);
	c->r.key_id = request_format(&c->r, "%s", k->id);
	int ready = c->protocol == PROTOCOL_RAW ? raw_admit(l, c) : 0;
	who->key = NULL;
	return ready;
}

/* The body as JSON, once it is known to be an object. */
static int
read_body(struct call *c, struct json *in)
{
	struct err err;
	if (c->body.len == 0) {
		*in = (struct json){JSON_OBJECT, "{}", 2};
		return 0;
	}
	if (json_scan(buf_text(&c->body), c->body.len, in, &err) == 0 &&
	    in->type == JSON_OBJECT)
		return 0;
	return refuse(c, 400, "SerializationException", 400,
	    "SerializationException", "%s",
	    in->type == JSON_NONE ? err.message : "not a JSON object");
}

static int
read_input(struct call *c)
{
	const struct auth_header *coding = call_asked(c, "content-encoding");
	if (coding != NULL && strcasecmp(coding->value, "gzip") == 0 &&
	    gunzip(&c->body, CORE_BODY_MAX) < 0)
		return refuse(c, 400, "SerializationException", 400,
		    "MalformedInput", "the body is not gzip, or too large");
	if (c->protocol == PROTOCOL_JSON)
		return read_body(c, &c->r.in);
	buf_add_char(&c->in, '{');
	if (c->protocol == PROTOCOL_QUERY) {
		const char *form = form_of(c);
		wire_in(c->r.api->input, form, strlen(form), &c->r, &c->in);
	} else {
		struct json body = {0};
		if (read_body(c, &body) < 0)
			return -1;
		buf_add(&c->in, body.at + 1, body.len - 2);
		if (json_count(body) == 0)
			c->in.len = 1;
		route_input(c, &c->in);
	}
	buf_add_char(&c->in, '}');
	c->r.in = (struct json){JSON_OBJECT, c->in.data, c->in.len};
	return 0;
}

/* A random UUID, version 4. */
static char *
new_id(struct call *c)
{
	static const char hex[16] = "0123456789abcdef";
	uint64_t word[2] = {
	    lunad_random64(c->r.lunad), lunad_random64(c->r.lunad)};
	char *id = request_alloc(&c->r, 37);
	for (size_t i = 0, n = 0; i < 36; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			id[i] = '-';
			continue;
		}
		id[i] = hex[word[n / 16] >> n % 16 * 4 & 15];
		n++;
	}
	id[14] = '4';
	id[19] = hex[8 | (word[1] & 3)];
	return id;
}

static void
introduce(struct call *c)
{
	static const char http[] = "http://";
	const struct auth_header *host = call_asked(c, "host");
	c->r.id = new_id(c);
	c->r.path =
	    request_copy(&c->r, c->as.target, strcspn(c->as.target, "?"));
	if (host == NULL || host->value_len == 0 ||
	    strspn(host->value,
		"0123456789.:-[]abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ") != host->value_len)
		return;
	char *url = request_alloc(&c->r, sizeof(http) + host->value_len);
	memcpy(url, http, sizeof(http) - 1);
	memcpy(url + sizeof(http) - 1, host->value, host->value_len);
	c->r.base_url = url;
}

int
dispatch_arrive(struct lunad *l, struct call *c)
{
	introduce(c);
	if (identify(c) < 0)
		return -1;
	c->r.operation = c->op->name;
	faults_draw(c);
	if (authenticate(l, c) < 0 || faults_refuse(c) < 0)
		return -1;
	return c->protocol == PROTOCOL_RAW ? 0 : read_input(c);
}

static int
run(struct call *c)
{
	struct store *s = c->r.store;
	bool writes = c->op->writes;
	if (writes)
		store_save(s);
	c->r.now_ms = lunad_now(c->r.lunad);
	int answer = c->op->run(&c->r);
	if (store_failed(s)) {
		c->common = "InternalFailure";
		answer = fail(&c->r, 500, "InternalFailure",
		    "The request processing has failed because of an unknown "
		    "error.");
	}
	if (writes && answer == ANSWER_ERROR)
		store_undo(s);
	else if (writes)
		store_keep(s);
	return answer;
}

int
dispatch(struct lunad *l, struct call *c)
{
	if (c->known) {
		call_again(c);
	} else {
		c->known = true;
		if ((c->headed ? raw_end(c) : dispatch_arrive(l, c)) < 0) {
			reply_error(c);
			return ANSWER;
		}
	}
	store_clear(l->store);
	int answer = run(c);
	if (answer == ANSWER_WAIT)
		return answer;
	if (answer == ANSWER_ERROR) {
		reply_error(c);
	} else {
		faults_edit(c);
		reply_answer(c);
	}
	return ANSWER;
}

void
dispatch_lost(struct call *c)
{
	c->common = "InternalFailure";
	fail(&c->r, 500, "InternalFailure",
	    "The request could not be stored; nothing of it was done.");
	reply_error(c);
}

int
lunad_call(struct lunad *l, const char *region, const char *service,
    const char *operation, const char *params, size_t params_len,
    struct buf *out, struct lunad_failure *failure)
{
	struct call c;
	call_init(&c, l);
	c.r.region = region;
	c.r.internal = true;
	c.r.id = "00000000-0000-4000-8000-000000000000";
	c.r.path = "/";
	for (size_t i = 0; lunad_apis[i] != NULL && c.op == NULL; i++)
		if (serves(lunad_apis[i], service)) {
			c.r.api = lunad_apis[i];
			c.op = operation_of(c.r.api, operation);
		}
	c.r.operation = operation;
	struct err err;
	if (c.op == NULL)
		fail(&c.r, 400, "UnknownOperationException",
		    "lunad has no operation %s of %s", operation, service);
	else if (json_scan(params, params_len, &c.r.in, &err) < 0)
		fail(&c.r, 400, "SerializationException", "%s", err.message);
	else if (run(&c) == ANSWER)
		buf_add_text(out, c.out.len == 0 ? "{}" : c.out.data);
	int status = c.r.error_status;
	if (status != 0 && failure != NULL) {
		memcpy(failure->code, c.r.error_code, sizeof(failure->code));
		snprintf(failure->message, sizeof(failure->message), "%s",
		    buf_text(&c.r.error_message));
	}
	call_clear(&c);
	return status;
}
