#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "retry.h"
#include "sink_inner.h"
#include "text.h"
#include "xml.h"

const struct record *
sink_record(const struct batch *b, size_t i)
{
	const struct window_slot *slot = b->entry[i].user;
	return &slot->rec;
}

void
sink_settle(
    struct sink *s, const struct batch *batch, size_t i, const struct err *err)
{
	struct window_slot *slot = batch->entry[i].user;
	if (err != NULL) {
		window_fail(slot, err);
		if (err->kind == ERR_LATER && batch->entry[i].hash != 0)
			lookup_put(&s->blocked, batch->entry[i].hash, 0);
	}
	slot->parts--;
	if (slot->parts == 0 && slot->state == WINDOW_OPEN)
		slot->state = WINDOW_ACCEPTED;
}

static bool
say(struct sink *s, size_t i, enum sink_said what)
{
	if (i >= s->at_hand->count || s->said[i] != SINK_UNSAID)
		return false; /* twice, or of nothing we sent */
	s->said[i] = what;
	return true;
}

void
sink_accept(struct sink *s, size_t i, const char *fields, size_t len)
{
	if (!say(s, i, SINK_ACCEPTED))
		return;
	struct window_slot *slot = s->at_hand->entry[i].user;
	buf_reset(&slot->fields);
	buf_add(&slot->fields, fields, len);
	sink_settle(s, s->at_hand, i, NULL);
}

void
sink_accept_line(struct sink *s, size_t i, const char *line, size_t len)
{
	if (!say(s, i, SINK_ACCEPTED))
		return;
	struct window_slot *slot = s->at_hand->entry[i].user;
	buf_reset(&slot->line);
	buf_add(&slot->line, line, len);
	slot->dropped = len == 0;
	sink_settle(s, s->at_hand, i, NULL);
}

void
sink_refuse(struct sink *s, size_t i, const struct err *err)
{
	if (say(s, i, SINK_REFUSED))
		sink_settle(s, s->at_hand, i, err);
}

void
sink_again(struct sink *s, size_t i, const struct err *err)
{
	if (!say(s, i, SINK_AGAIN))
		return;
	struct batch_entry *e = &s->at_hand->entry[i];
	int64_t now = text_tick(), patience = s->tool->patience_ms;
	if (e->since_ms == 0)
		e->since_ms = now;
	if (s->stopped || s->hurry ||
	    (patience >= 0 && now - e->since_ms >= patience)) {
		sink_settle(s, s->at_hand, i, err);
		return;
	}
	s->again[i] = true;
	s->throttled |= retry_classify(200, err->code) == RETRY_THROTTLED;
}

/* A refused entry: for good, or for now. */
static void
refuse_entry(struct sink *s, size_t i, const char *code, const char *message,
    bool sender_fault, const char *request_id)
{
	struct err err;
	bool for_now = retry_classify(500, code) != RETRY_NO && !sender_fault;
	for_now |= retry_classify(400, code) != RETRY_NO;
	err_set(&err, for_now ? ERR_LATER : ERR_REFUSED, code, "%s refused: %s",
	    s->about->operation, message);
	snprintf(err.request_id, sizeof(err.request_id), "%s", request_id);
	if (for_now)
		sink_again(s, i, &err);
	else
		sink_refuse(s, i, &err);
}

/*
 * JSON replies.
 */
static void
keep_json(const struct sink *s, struct json entry, struct buf *fields)
{
	struct json value[SINK_KEEP];
	size_t n = 0;
	while (s->about->keep != NULL && s->about->keep[n] != NULL)
		n++;
	json_pick(entry, s->about->keep, n, value);
	for (size_t i = 0; i < n; i++) {
		if (value[i].type == JSON_NONE || value[i].type == JSON_NULL)
			continue;
		buf_add_text(fields, fields->len > 0 ? ",\"" : "\"");
		buf_add_text(fields, s->about->keep[i]);
		buf_add_text(fields, "\":");
		buf_add(fields, value[i].at, value[i].len);
	}
}

static void
accept_json(struct sink *s, size_t i, struct json entry, struct buf *fields)
{
	const struct batch_entry *e =
	    i < s->at_hand->count ? &s->at_hand->entry[i] : NULL;
	struct err err;
	if (e != NULL && s->about->check != NULL &&
	    s->about->check(s->ctx, s->at_hand->bytes.data + e->note,
		e->note_len, entry, &err) != 0) {
		sink_refuse(s, i, &err);
		return;
	}
	buf_reset(fields);
	keep_json(s, entry, fields);
	sink_accept(s, i, buf_text(fields), fields->len);
}

static void
refuse_json(
    struct sink *s, size_t i, struct json entry, const struct call *call)
{
	char *code = json_dup(json_get(entry, s->about->code));
	char *message = json_dup(json_get(entry, s->about->message));
	struct json fault = json_get(entry, "SenderFault");
	refuse_entry(s, i, code == NULL ? "Refused" : code,
	    message == NULL ? "no reason given" : message, json_true(fault),
	    call->request_id);
	free(code);
	free(message);
}

/* "7" in Id: the seventh entry. Anything else names none. */
static size_t
index_of(struct json id)
{
	int64_t n;
	if (json_integer(id, &n) != 0 || n < 1)
		return SIZE_MAX;
	return (size_t)n - 1;
}

static void
by_id_json(struct sink *s, struct json reply, const struct call *call,
    struct buf *fields)
{
	struct json_iter it;
	struct json entry;
	json_each(json_get(reply, s->about->accepted), &it);
	while (json_next(&it, NULL, &entry))
		accept_json(s, index_of(json_get(entry, "Id")), entry, fields);
	json_each(json_get(reply, s->about->refused), &it);
	while (json_next(&it, NULL, &entry))
		refuse_json(s, index_of(json_get(entry, "Id")), entry, call);
}

/* A list that is not as long as the call cannot be matched: say nothing. */
static void
by_position(struct sink *s, struct json reply, const struct call *call,
    struct buf *fields)
{
	struct json list = json_get(reply, s->about->accepted), entry;
	struct json_iter it;
	if (json_count(list) != s->at_hand->count)
		return;
	json_each(list, &it);
	for (size_t i = 0; json_next(&it, NULL, &entry); i++) {
		struct json code = json_get(entry, s->about->code);
		if (code.type == JSON_STRING)
			refuse_json(s, i, entry, call);
		else
			accept_json(s, i, entry, fields);
	}
}

/*
 * XML replies: the same by elements.
 */
static void
accept_xml(
    struct sink *s, size_t i, const struct xml *entry, struct buf *fields)
{
	buf_reset(fields);
	for (const char *const *k = s->about->keep; k && *k != NULL; k++) {
		const char *v = xml_text(entry, *k);
		if (v == NULL)
			continue;
		buf_addf(fields, "%s\"%s\":", fields->len > 0 ? "," : "", *k);
		text_json_string(v, strlen(v), fields);
	}
	sink_accept(s, i, buf_text(fields), fields->len);
}

static size_t
xml_index_of(const struct xml *entry)
{
	const char *id = xml_text(entry, "Id");
	int64_t n;
	if (id == NULL || text_integer(id, 1, INT32_MAX, &n) != 0)
		return SIZE_MAX;
	return (size_t)n - 1;
}

static void
by_id_xml(struct sink *s, const struct xml *reply, const struct call *call,
    struct buf *fields)
{
	const struct xml *list = xml_find(reply, s->about->accepted);
	for (const struct xml *e = list ? list->child : NULL; e; e = e->next)
		accept_xml(s, xml_index_of(e), e, fields);
	list = xml_find(reply, s->about->refused);
	for (const struct xml *e = list ? list->child : NULL; e; e = e->next) {
		const char *code = xml_text(e, s->about->code);
		const char *message = xml_text(e, s->about->message);
		const char *fault = xml_text(e, "SenderFault");
		refuse_entry(s, xml_index_of(e), code ? code : "Refused",
		    message ? message : "no reason given",
		    fault != NULL && strcmp(fault, "true") == 0,
		    call->request_id);
	}
}

static void
read_xml(struct sink *s, const struct call *call, struct buf *fields)
{
	struct xml *root = xml_parse(call->reply.data, call->reply.len, NULL);
	if (root == NULL)
		return;
	if (s->about->reply == SINK_BY_ID)
		by_id_xml(s, root, call, fields);
	else
		for (size_t i = 0; i < s->at_hand->count; i++)
			accept_xml(s, i, root, fields);
	xml_free(root);
}

static void
read_json(struct sink *s, const struct call *call, struct buf *fields)
{
	struct json reply = {0};
	if (call->reply.len > 0 &&
	    json_scan(call->reply.data, call->reply.len, &reply, NULL) != 0)
		return;
	if (s->about->reply == SINK_BY_ID)
		by_id_json(s, reply, call, fields);
	else if (s->about->reply == SINK_BY_POSITION)
		by_position(s, reply, call, fields);
	else
		for (size_t i = 0; i < s->at_hand->count; i++)
			accept_json(s, i, reply, fields);
}

void
sink_read_reply(struct sink *s, const struct call *call)
{
	struct buf fields = {0};
	if (call != NULL) { /* else settle() has spoken already */
		if (s->about->reply == SINK_CUSTOM)
			s->about->settle(s->ctx, s, s->at_hand, call);
		else if (call->service != NULL &&
			 call->service->protocol == SERVICE_QUERY)
			read_xml(s, call, &fields);
		else
			read_json(s, call, &fields);
	}
	buf_clear(&fields);
	/* Too few entries, wrong Ids, no JSON: never a success. */
	struct err err;
	err_set(&err, ERR_LATER, "InvalidReply",
	    "the reply to %s does not account for it", s->about->operation);
	for (size_t i = 0; i < s->at_hand->count; i++)
		sink_again(s, i, &err);
	if (s->about->after != NULL)
		s->about->after(s->ctx);
}
