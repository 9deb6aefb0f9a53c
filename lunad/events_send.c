#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "events.h"
#include "fault.h"
#include "mem.h"
#include "metric.h"
#include "pattern.h"
#include "schedule.h"
#include "sqs.h"
#include "store.h"
#include "text.h"

#define ENTRIES_MAX 10
#define BYTES_MAX ((size_t)1 << 20)
/* An event that a bus passes on to a bus goes so far. */
#define HOPS_MAX 5

/* An event on its way to what asked for it. */
struct send {
	struct lunad *l;
	struct json event; /* compact */
	int64_t now_ms;
	int hops;
};

static void send_to_bus(struct send *s, const char *region, const char *bus);

static int
send_to_topic(struct lunad *l, const char *arn, const struct buf *body,
    struct lunad_failure *why)
{
	struct buf params = {0}, reply = {0};
	char region[64] = "";
	sscanf(arn, "arn:%*[^:]:sns:%63[^:]:", region);
	put_open(&params, NULL, '{');
	put_text(&params, "TopicArn", arn);
	put_textn(&params, "Message", buf_text(body), body->len);
	put_close(&params, '}');
	int status = lunad_call(l, region, "sns", "Publish", buf_text(&params),
	    params.len, &reply, why);
	buf_clear(&params);
	buf_clear(&reply);
	return status;
}

/* The key is what PartitionKeyPath finds, else the event's id. */
static int
send_to_stream(struct send *s, const char *arn, struct json target,
    const struct buf *body, struct lunad_failure *why)
{
	struct buf params = {0}, data = {0}, reply = {0};
	char region[64] = "";
	sscanf(arn, "arn:%*[^:]:kinesis:%63[^:]:", region);
	char *path = json_dup(json_get(
	    json_get(target, "KinesisParameters"), "PartitionKeyPath"));
	struct json found = events_find(s->event, path == NULL ? "$.id" : path);
	char *key = found.type == JSON_STRING ? json_dup(found) : NULL;
	if (key == NULL && found.type != JSON_NONE)
		key = json_source(found);
	text_base64(buf_text(body), body->len, &data);
	put_open(&params, NULL, '{');
	put_text(&params, "StreamARN", arn);
	put_text(&params, "PartitionKey", key == NULL ? "" : key);
	put_textn(&params, "Data", buf_text(&data), data.len);
	put_close(&params, '}');
	int status = lunad_call(s->l, region, "kinesis", "PutRecord",
	    buf_text(&params), params.len, &reply, why);
	free(path);
	free(key);
	buf_clear(&params);
	buf_clear(&data);
	buf_clear(&reply);
	return status;
}

static int
send_to(struct send *s, const char *arn, struct json target,
    const struct buf *body, struct lunad_failure *why)
{
	char region[64] = "", bus[260] = "";
	if (sscanf(arn, "arn:%*[^:]:events:%63[^:]:%*[^:]:event-bus/%259s",
		region, bus) == 2) {
		if (s->hops < HOPS_MAX)
			send_to_bus(s, region, bus);
		return 0;
	}
	if (strstr(arn, ":sns:") != NULL)
		return send_to_topic(s->l, arn, body, why);
	if (strstr(arn, ":kinesis:") != NULL)
		return send_to_stream(s, arn, target, body, why);
	char *group = json_dup(
	    json_get(json_get(target, "SqsParameters"), "MessageGroupId"));
	int status =
	    sqs_accept(s->l, arn, buf_text(body), body->len, NULL, group, NULL);
	free(group);
	return status;
}

static void
put_attribute(struct buf *out, const char *name, const char *value)
{
	put_open(out, name, '{');
	put_text(out, "DataType", "String");
	put_text(out, "StringValue", value);
	put_close(out, '}');
}

/* What could not be delivered, to the target's dead-letter queue. */
static void
bury(struct send *s, const char *rule_arn, const char *arn, struct json target,
    const struct lunad_failure *why)
{
	struct buf attributes = {0};
	char *queue =
	    json_dup(json_get(json_get(target, "DeadLetterConfig"), "Arn"));
	put_open(&attributes, NULL, '{');
	put_attribute(&attributes, "RULE_ARN", rule_arn);
	put_attribute(&attributes, "TARGET_ARN", arn);
	put_attribute(&attributes, "ERROR_CODE", why->code);
	put_attribute(&attributes, "ERROR_MESSAGE", why->message);
	put_close(&attributes, '}');
	if (queue != NULL)
		sqs_accept(s->l, queue, s->event.at, s->event.len,
		    buf_text(&attributes), NULL, NULL);
	buf_clear(&attributes);
	free(queue);
}

static void
count(struct send *s, const struct events_rule_name *rule, const char *metric)
{
	char *dimensions = mem_format("RuleName=%s", rule->name);
	metric_add(s->l, rule->region, "AWS/Events", metric, dimensions, 1,
	    "Count", s->now_ms);
	free(dimensions);
}

static void
send_to_targets(struct send *s, const struct events_rule_name *rule)
{
	struct buf body = {0}, rule_arn = {0};
	struct json target;
	count(s, rule, "TriggeredRules");
	events_rule_arn(rule->region, rule->bus, rule->name, &rule_arn);
	sqlite3_stmt *q = store_query(lunad_store(s->l),
	    "select arn, body from ev_target where region = ? and bus = ? and"
	    " rule = ? order by id",
	    "ttt", rule->region, rule->bus, rule->name);
	while (store_next(q)) {
		struct lunad_failure why = {
		    "INVALID_PARAMETER", "The target refused the event."};
		char *arn = mem_text(store_text(q, 0));
		char *text = mem_text(store_text(q, 1));
		buf_reset(&body);
		json_scan(text, strlen(text), &target, NULL);
		int status =
		    events_input(target, s->event, rule, s->now_ms, &body);
		if (status == 0)
			status = send_to(s, arn, target, &body, &why);
		count(
		    s, rule, status == 0 ? "Invocations" : "FailedInvocations");
		if (status != 0)
			bury(s, buf_text(&rule_arn), arn, target, &why);
		free(arn);
		free(text);
	}
	store_end(q);
	buf_clear(&body);
	buf_clear(&rule_arn);
}

/* To the rules of a bus whose patterns match. */
static void
send_to_bus(struct send *s, const char *region, const char *bus)
{
	struct json pattern;
	s->hops++;
	sqlite3_stmt *q = store_query(lunad_store(s->l),
	    "select name, pattern from ev_rule where region = ? and bus = ?"
	    " and pattern is not null and state <> 'DISABLED' order by name",
	    "tt", region, bus);
	while (store_next(q)) {
		const char *text = store_text(q, 1);
		if (json_scan(text, strlen(text), &pattern, NULL) != 0 ||
		    !pattern_match(pattern, s->event))
			continue;
		char *name = mem_text(store_text(q, 0));
		struct events_rule_name rule = {region, bus, name};
		send_to_targets(s, &rule);
		free(name);
	}
	store_end(q);
	s->hops--;
}

/* The members that every event has. */
struct head {
	char id[37];
	const char *type, *source, *region;
	int64_t time_ms;
};

static void
put_head(struct buf *out, const struct head *h)
{
	char iso[TEXT_ISO];
	text_iso(h->time_ms / 1000 * 1000, iso);
	memcpy(strchr(iso, '.'), "Z", 2);
	put_open(out, NULL, '{');
	put_text(out, "version", "0");
	put_text(out, "id", h->id);
	put_text(out, "detail-type", h->type);
	put_text(out, "source", h->source);
	put_text(out, "account", LUNAD_ACCOUNT);
	put_text(out, "time", iso);
	put_text(out, "region", h->region);
}

/* Why an entry is refused, or NULL. */
static const char *
wrong_entry(struct request *r, struct json entry, const char **code)
{
	static const char *const needed[] = {"Source", "DetailType", "Detail"};
	struct json v;
	*code = "InvalidArgument";
	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++) {
		v = json_get(entry, needed[i]);
		if (v.type != JSON_STRING || v.len == 2)
			return request_format(r,
			    "Parameter %s is not valid. Reason: %s is a "
			    "required argument.",
			    needed[i], needed[i]);
	}
	const char *source = param_text(r, json_get(entry, "Source"), NULL);
	if (strncmp(source, "aws.", 4) == 0) {
		*code = "NotAuthorizedForSourceException";
		return "Not authorized for the source.";
	}
	size_t len;
	const char *detail = param_text(r, json_get(entry, "Detail"), &len);
	if (json_scan(detail, len, &v, NULL) == 0 && v.type == JSON_OBJECT)
		return NULL;
	*code = "MalformedDetail";
	return "Detail is malformed.";
}

static void
put_event(
    struct request *r, struct json entry, struct buf *event, struct head *h)
{
	struct json resources = json_get(entry, "Resources");
	struct json when = json_get(entry, "Time"), detail;
	struct buf compact = {0};
	size_t len;
	const char *text = param_text(r, json_get(entry, "Detail"), &len);
	h->type = param_text(r, json_get(entry, "DetailType"), NULL);
	h->source = param_text(r, json_get(entry, "Source"), NULL);
	h->region = r->region;
	h->time_ms = r->now_ms;
	digest_uuid(h->id);
	if (when.type > JSON_NULL)
		check_time(when, &h->time_ms);
	put_head(event, h);
	if (resources.type == JSON_ARRAY)
		json_compact(resources, &compact);
	put_raw(event, "resources", compact.len > 0 ? buf_text(&compact) : "[]",
	    compact.len > 0 ? compact.len : 2);
	buf_reset(&compact);
	json_scan(text, len, &detail, NULL);
	json_compact(detail, &compact);
	put_raw(event, "detail", buf_text(&compact), compact.len);
	put_close(event, '}');
	buf_clear(&compact);
}

/* The bus of an entry, by name or ARN. */
static const char *
bus_of(struct request *r, struct json entry)
{
	const char *bus = param_text(r, json_get(entry, "EventBusName"), NULL);
	const char *slash = bus == NULL ? NULL : strchr(bus, '/');
	if (bus == NULL)
		return "default";
	return strncmp(bus, "arn:", 4) == 0 && slash != NULL ? slash + 1 : bus;
}

/* The entries as AWS names them when they are too many. */
static int
too_many(struct request *r, struct json entries)
{
	static const char *const members[][2] = {{"Time", "time"},
	    {"Source", "source"}, {"Resources", "resources"},
	    {"DetailType", "detailType"}, {"Detail", "detail"},
	    {"EventBusName", "eventBusName"}, {"TraceHeader", "traceHeader"},
	    {"", "kmsKeyIdentifier"}, {"", "internalMetadata"}};
	struct json_iter it;
	struct json one;
	struct buf text = {0};
	json_each(entries, &it);
	while (json_next(&it, NULL, &one)) {
		buf_add_text(&text, text.len == 0 ? "[PutEventsRequestEntry("
						  : ", PutEventsRequestEntry(");
		for (size_t i = 0; i < sizeof(members) / sizeof(*members);
		     i++) {
			struct json v = json_get(one, members[i][0]);
			char *value = v.type == JSON_STRING ? json_dup(v)
							    : json_source(v);
			buf_addf(&text, "%s%s=%s", i > 0 ? ", " : "",
			    members[i][1],
			    v.type == JSON_NONE ? "null" : value);
			free(value);
		}
		buf_add_char(&text, ')');
	}
	buf_add_char(&text, ']');
	check_refuse(r, buf_text(&text), "entries",
	    "Member must have length less than or equal to 10");
	buf_clear(&text);
	return ANSWER_ERROR;
}

/* Source, detail type, detail and resources count, and 14 for a time. */
static size_t
size_of(struct json entries)
{
	struct json_iter it, list;
	struct json one, resource;
	size_t size = 0;
	json_each(entries, &it);
	while (json_next(&it, NULL, &one)) {
		size += json_get(one, "Source").len +
			json_get(one, "DetailType").len +
			json_get(one, "Detail").len;
		if (json_get(one, "Time").type > JSON_NULL)
			size += 14;
		json_each(json_get(one, "Resources"), &list);
		while (json_next(&list, NULL, &resource))
			size += resource.len;
	}
	return size;
}

/* --fault: why this entry is refused on purpose, or NULL. */
static const char *
faulted(struct request *r, struct json entry, const char **code)
{
	switch (fault_entry(r, entry.at, entry.len)) {
	case FAULT_LATER:
		*code = "InternalFailure";
		return "Internal Service Failure";
	case FAULT_NEVER:
		*code = "InvalidArgument";
		return "refused on purpose (--fault)";
	case FAULT_NONE:
		break;
	}
	return NULL;
}

int
events_put_events(struct request *r)
{
	struct json entries = param_json(r, "Entries"), one;
	struct json_iter it;
	struct head head;
	int64_t failed = 0;
	if (json_count(entries) == 0)
		return check_there(r, NULL, "entries");
	if (json_count(entries) > ENTRIES_MAX)
		return too_many(r, entries);
	if (size_of(entries) > BYTES_MAX)
		return fail(r, 400, "ValidationException",
		    "Total size of the entries in the request is over the "
		    "limit.");
	put_open(r->out, NULL, '{');
	put_open(r->out, "Entries", '[');
	json_each(entries, &it);
	while (json_next(&it, NULL, &one)) {
		const char *code, *why = wrong_entry(r, one, &code);
		if (why == NULL)
			why = faulted(r, one, &code);
		put_open(r->out, NULL, '{');
		if (why != NULL) {
			put_text(r->out, "ErrorCode", code);
			put_text(r->out, "ErrorMessage", why);
			failed++;
		} else {
			struct buf text = {0};
			struct send s = {r->lunad, {0}, r->now_ms, 0};
			put_event(r, one, &text, &head);
			json_scan(buf_text(&text), text.len, &s.event, NULL);
			send_to_bus(&s, r->region, bus_of(r, one));
			put_text(r->out, "EventId", head.id);
			buf_clear(&text);
		}
		put_close(r->out, '}');
	}
	put_close(r->out, ']');
	put_int(r->out, "FailedEntryCount", failed);
	put_close(r->out, '}');
	return ANSWER;
}

int64_t
events_due(struct lunad *l)
{
	return store_number(lunad_store(l), INT64_MAX,
	    "select next_ms from ev_rule where next_ms is not null"
	    " order by next_ms limit 1",
	    "");
}

static void
set_next(struct store *s, const struct events_rule_name *rule,
    const char *expression, int64_t since_ms, int64_t after_ms)
{
	struct schedule schedule;
	int64_t next = INT64_MAX;
	if (schedule_parse(expression, &schedule) == 0)
		next = schedule_next(&schedule, since_ms, after_ms);
	store_do(s,
	    "update ev_rule set next_ms = nullif(?, ?) where region = ? and"
	    " bus = ? and name = ?",
	    "iittt", next, INT64_MAX, rule->region, rule->bus, rule->name);
}

static void
fire(struct lunad *l, const struct events_rule_name *rule, int64_t at_ms,
    int64_t now_ms)
{
	struct head h = {
	    "", "Scheduled Event", "aws.events", rule->region, at_ms};
	struct buf event = {0}, arn = {0};
	struct send s = {l, {0}, now_ms, 0};
	events_rule_arn(rule->region, rule->bus, rule->name, &arn);
	digest_uuid(h.id);
	put_head(&event, &h);
	put_open(&event, "resources", '[');
	put_text(&event, NULL, buf_text(&arn));
	put_close(&event, ']');
	put_raw(&event, "detail", "{}", 2);
	put_close(&event, '}');
	json_scan(buf_text(&event), event.len, &s.event, NULL);
	send_to_targets(&s, rule);
	buf_clear(&event);
	buf_clear(&arn);
}

void
events_run(struct lunad *l, int64_t now_ms)
{
	struct store *s = lunad_store(l);
	sqlite3_stmt *q = store_query(s,
	    "select region, bus, name, schedule, since_ms, next_ms"
	    " from ev_rule where next_ms is not null order by next_ms limit 1",
	    "");
	if (!store_next(q))
		return;
	char *region = mem_text(store_text(q, 0));
	char *bus = mem_text(store_text(q, 1));
	char *name = mem_text(store_text(q, 2));
	char *expression = mem_text(store_text(q, 3));
	int64_t since = store_int(q, 4), at = store_int(q, 5);
	store_end(q);
	struct events_rule_name rule = {region, bus, name};
	set_next(s, &rule, expression, since, now_ms);
	fire(l, &rule, at, now_ms);
	free(region);
	free(bus);
	free(name);
	free(expression);
}

/* What should have run while lunad did not is not made up for. */
void
events_open(struct lunad *l)
{
	struct store *s = lunad_store(l);
	int64_t now = lunad_now(l);
	sqlite3_stmt *q = store_query(s,
	    "select region, bus, name, schedule, since_ms from ev_rule"
	    " where next_ms < ?",
	    "i", now);
	while (store_next(q)) {
		struct events_rule_name rule = {
		    store_text(q, 0), store_text(q, 1), store_text(q, 2)};
		set_next(s, &rule, store_text(q, 3), store_int(q, 4), now);
	}
	store_end(q);
}
