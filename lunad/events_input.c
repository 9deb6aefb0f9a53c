#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "events.h"
#include "mem.h"
#include "text.h"

/* What EventBridge defines itself for templates. */
static const char *const predefined[] = {"aws.events.rule-arn",
    "aws.events.rule-name", "aws.events.event.ingestion-time",
    "aws.events.event", "aws.events.event.json"};

struct json
events_find(struct json v, const char *path)
{
	const char *p = path + (*path == '$');
	while (*p != '\0' && v.type != JSON_NONE) {
		if (*p == '[') {
			char *end = NULL;
			unsigned long n = strtoul(p + 1, &end, 10);
			if (end == p + 1 || *end != ']' || v.type != JSON_ARRAY)
				return (struct json){0};
			v = json_at(v, n);
			p = end + 1;
			continue;
		}
		p += *p == '.';
		size_t len = strcspn(p, ".[");
		char *name = mem_text_of(p, len);
		v = json_get(v, name);
		free(name);
		p += len;
	}
	return v;
}

/* The name between '<' and '>' at p, or NULL: letters, digits and "-_." as
 * placeholders have them. */
static char *
placeholder(const char *p, const char **end)
{
	const char *from = p + 1, *at = from;
	while (isalnum((unsigned char)*at) || *at == '-' || *at == '_' ||
	       *at == '.')
		at++;
	if (*p != '<' || at == from || *at != '>')
		return NULL;
	*end = at + 1;
	return mem_text_of(from, (size_t)(at - from));
}

char *
events_bad_placeholder(struct json transformer)
{
	struct json map = json_get(transformer, "InputPathsMap");
	char *template = json_dup(json_get(transformer, "InputTemplate"));
	char *bad = NULL;
	for (const char *p = template; bad == NULL && p != NULL && *p != '\0';
	     p++) {
		const char *end = NULL;
		char *name = placeholder(p, &end);
		bool known =
		    name == NULL || json_get(map, name).type != JSON_NONE;
		for (size_t i = 0; !known && i < 5; i++)
			known = strcmp(name, predefined[i]) == 0;
		if (!known)
			bad = mem_text(name);
		free(name);
	}
	free(template);
	return bad;
}

/* A template while it is filled. */
struct fill {
	struct json map, event;
	const struct events_rule_name *rule;
	int64_t now_ms;
	bool text; /* "…", not JSON: containers lose their quotes */
	bool quoted;
	struct buf *out;
};

/* <aws.events.event>: the event without its detail, in other names. */
static void
put_event(struct fill *f, struct buf *out)
{
	static const char *const members[][2] = {{"id", "id"},
	    {"account", "account"}, {"detail-type", "detailType"},
	    {"time", "time"}, {"source", "source"}, {"region", "region"},
	    {"resources", "resources"}, {"version", "version"}};
	put_open(out, NULL, '{');
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		struct json v = json_get(f->event, members[i][0]);
		if (v.type != JSON_NONE)
			put_raw(out, members[i][1], v.at, v.len);
	}
	put_close(out, '}');
}

/* The JSON text of what EventBridge defines; false: it is not one of them. */
static bool
predefine(struct fill *f, const char *name, struct buf *json)
{
	struct buf text = {0};
	char iso[TEXT_ISO];
	bool known = true;
	if (strcmp(name, "aws.events.event.json") == 0) {
		buf_add(json, f->event.at, f->event.len);
	} else if (strcmp(name, "aws.events.event") == 0) {
		put_event(f, json);
	} else if (strcmp(name, "aws.events.rule-name") == 0) {
		put_text(json, NULL, f->rule->name);
	} else if (strcmp(name, "aws.events.rule-arn") == 0) {
		events_rule_arn(
		    f->rule->region, f->rule->bus, f->rule->name, &text);
		put_text(json, NULL, buf_text(&text));
	} else if (strcmp(name, "aws.events.event.ingestion-time") == 0) {
		text_iso(f->now_ms, iso);
		put_text(json, NULL, iso);
	} else {
		known = false;
	}
	buf_clear(&text);
	return known;
}

/* Inside quotes a string comes without its own; in a text so does all that
 * a container has. */
static void
add_value(struct fill *f, struct json v)
{
	if (v.type == JSON_NONE) {
		buf_add_text(f->out, f->quoted ? "" : "\"\"");
	} else if (!f->quoted) {
		buf_add(f->out, v.at, v.len);
	} else if (v.type == JSON_STRING) {
		buf_add(f->out, v.at + 1, v.len - 2);
	} else {
		for (size_t i = 0; i < v.len; i++)
			if (!f->text || v.at[i] != '"')
				buf_add_char(f->out, v.at[i]);
	}
}

static void
fill_one(struct fill *f, const char *name)
{
	struct buf json = {0};
	struct json v = {0};
	if (predefine(f, name, &json)) {
		json_scan(buf_text(&json), json.len, &v, NULL);
	} else {
		char *path = json_dup(json_get(f->map, name));
		if (path != NULL)
			v = events_find(f->event, path);
		free(path);
	}
	add_value(f, v);
	buf_clear(&json);
}

static void
fill(struct fill *f, const char *template)
{
	for (const char *p = template; *p != '\0';) {
		const char *end = NULL;
		char *name = placeholder(p, &end);
		if (name != NULL) {
			fill_one(f, name);
			p = end;
			free(name);
			continue;
		}
		if (*p == '\\' && p[1] != '\0')
			buf_add_char(f->out, *p++);
		else if (*p == '"')
			f->quoted = !f->quoted;
		buf_add_char(f->out, *p++);
	}
}

static int
transform(struct json transformer, struct json event,
    const struct events_rule_name *rule, int64_t now_ms, struct buf *out)
{
	char *template = json_dup(json_get(transformer, "InputTemplate"));
	const char *p = template == NULL ? "" : template;
	struct json v;
	while (isspace((unsigned char)*p))
		p++;
	struct fill f = {.map = json_get(transformer, "InputPathsMap"),
	    .event = event,
	    .rule = rule,
	    .now_ms = now_ms,
	    .text = *p == '"',
	    .out = out};
	fill(&f, p);
	free(template);
	if (f.text)
		return 0;
	return json_scan(buf_text(out), out->len, &v, NULL);
}

int
events_input(struct json target, struct json event,
    const struct events_rule_name *rule, int64_t now_ms, struct buf *out)
{
	struct json input = json_get(target, "Input");
	struct json path = json_get(target, "InputPath");
	struct json transformer = json_get(target, "InputTransformer");
	if (input.type == JSON_STRING)
		return json_text(input, out, NULL);
	if (transformer.type == JSON_OBJECT)
		return transform(transformer, event, rule, now_ms, out);
	if (path.type == JSON_STRING) {
		char *text = json_dup(path);
		struct json v = text == NULL ? event : events_find(event, text);
		free(text);
		buf_add(out, v.at, v.len);
		return v.type == JSON_NONE ? -1 : 0;
	}
	buf_add(out, event.at, event.len);
	return 0;
}
