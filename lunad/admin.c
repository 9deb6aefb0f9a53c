#include <string.h>

#include "core.h"
#include "keys.h"
#include "text.h"

/*
 * /_luna/…: what AWS does not have. Unsigned, so for loopback only, and not
 * for a page in a browser there: a request with an Origin is refused.
 */
bool
admin_wants(const struct call *c)
{
	return strncmp(c->as.target, "/_luna/", 7) == 0;
}

static int
refuse(struct call *c, int status, const char *message)
{
	buf_reset(&c->out);
	put_open(&c->out, NULL, '{');
	put_text(&c->out, "message", message);
	put_close(&c->out, '}');
	return status;
}

static int
health(struct lunad *l, struct call *c)
{
	(void)l;
	put_open(&c->out, NULL, '{');
	put_text(&c->out, "status", "ok");
	put_text(&c->out, "version", LUNA_VERSION);
	put_open(&c->out, "services", '[');
	for (size_t i = 0; lunad_apis[i] != NULL; i++)
		if (lunad_apis[i]->operation[0].name != NULL)
			put_text(&c->out, NULL, lunad_apis[i]->name);
	put_close(&c->out, ']');
	put_close(&c->out, '}');
	return 200;
}

static int
put_clock(struct lunad *l, struct call *c, int events)
{
	char iso[TEXT_ISO];
	text_iso(lunad_now(l), iso);
	put_open(&c->out, NULL, '{');
	put_text(&c->out, "now", iso);
	put_int(&c->out, "ahead_ms", clock_ahead(l));
	if (events >= 0)
		put_int(&c->out, "events", events);
	put_close(&c->out, '}');
	return 200;
}

static int
clock_get(struct lunad *l, struct call *c)
{
	return put_clock(l, c, -1);
}

static int
clock_post(struct lunad *l, struct call *c)
{
	const char *to = param(&c->r, "to");
	const char *advance = param(&c->r, "advance");
	int64_t at, by = 0, now = lunad_now(l);
	struct err err;
	if ((to == NULL) == (advance == NULL))
		return refuse(c, 400,
		    "write {\"advance\":\"5m\"} or "
		    "{\"to\":\"2026-11-20T12:00:00Z\"}");
	if (to != NULL && text_time(to, strlen(to), &at) < 0)
		return refuse(c, 400, "to: not a time");
	if (advance != NULL && text_duration(advance, &by) < 0)
		return refuse(c, 400, "advance: not a duration, as 5m or 36h");
	if (to == NULL)
		at = now + by;
	else if (at < now)
		return refuse(c, 400, "to: the clock never goes back");
	int events = clock_advance(l, now, at, &err);
	if (events < 0)
		return refuse(c, 500, err.message);
	return put_clock(l, c, events);
}

static int
fault_get(struct lunad *l, struct call *c)
{
	faults_print(l->faults, &c->out);
	return 200;
}

static int
fault_post(struct lunad *l, struct call *c)
{
	struct faults *now = faults_new();
	struct json_iter it;
	struct json spec;
	struct err err;
	json_each(c->r.in, &it);
	while (c->r.in.type == JSON_ARRAY && json_next(&it, NULL, &spec)) {
		const char *text = param_text(&c->r, spec, NULL);
		if (faults_add(now, text == NULL ? "" : text, &err) < 0) {
			faults_free(now);
			return refuse(c, 400, err.message);
		}
	}
	faults_free(l->faults);
	l->faults = now;
	return fault_get(l, c);
}

static int
reset(struct lunad *l, struct call *c)
{
	struct err err;
	if (lunad_empty(l, &err) < 0)
		return refuse(c, 500, err.message);
	buf_add_text(&c->out, "{}");
	return 200;
}

static const struct {
	const char *method, *path;
	int (*run)(struct lunad *l, struct call *c);
} table[] = {
    {"GET", "/_luna/health", health},
    {"GET", "/_luna/clock", clock_get},
    {"POST", "/_luna/clock", clock_post},
    {"GET", "/_luna/fault", fault_get},
    {"POST", "/_luna/fault", fault_post},
    {"POST", "/_luna/reset", reset},
};

static int
answer(struct lunad *l, struct call *c, bool loopback)
{
	struct err err;
	if (!loopback || call_asked(c, "origin") != NULL)
		return refuse(c, 403, "/_luna/ answers programs of this host");
	if (c->body.len > 0 &&
	    json_scan(buf_text(&c->body), c->body.len, &c->r.in, &err) < 0)
		return refuse(c, 400, err.message);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i].method, c->as.method) == 0 &&
		    strcmp(table[i].path, c->as.target) == 0)
			return table[i].run(l, c);
	return refuse(c, 404,
	    "here are GET health, GET and POST clock, GET and POST fault, "
	    "POST reset");
}

void
admin(struct lunad *l, struct call *c, bool loopback)
{
	c->status = answer(l, c, loopback);
	c->type = "application/json";
	c->headers = 0;
	c->reply = &c->out;
	buf_add_char(&c->out, '\n');
}
