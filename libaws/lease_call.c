#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "lease_inner.h"
#include "text.h"

enum {
	TRIES = 3,      /* of a delete or release that fails for now */
	AGAIN_MS = 1000 /* until the next */
};

static int64_t
seconds_of(const struct lease *l, const struct lease_message *m, int64_t now_ms)
{
	int64_t ms = l->about.visibility_ms;
	if (m->want == LEASE_RELEASE)
		ms = m->delay_ms;
	else if (m->hold_ms - now_ms < ms)
		ms = m->hold_ms - now_ms;
	return ms <= 0 ? 0 : (ms + 999) / 1000;
}

static void
add_entry(struct lease_call *c, struct lease_message *m)
{
	buf_addf(&c->body,
	    "%s{\"Id\":\"%zu\",\"ReceiptHandle\":", c->count == 0 ? "" : ",",
	    c->count);
	text_json_string(m->handle, strlen(m->handle), &c->body);
	if (c->want != LEASE_DELETE)
		buf_addf(&c->body, ",\"VisibilityTimeout\":%lld",
		    (long long)c->seconds);
	buf_add_char(&c->body, '}');
	c->about[c->count].hash = m->hash;
	c->about[c->count++].serial = m->serial;
	m->flying = true;
}

/* When something is to be done for it; INT64_MAX: never. */
static int64_t
due_at(const struct lease *l, const struct lease_message *m)
{
	/* Past its hold a message is let go by not renewing it. */
	if (m->flying ||
	    (m->want == LEASE_KEEP && (l->denied || m->hold_ms <= m->due_ms)))
		return INT64_MAX;
	return m->due_ms;
}

/* Gather up to ten messages that want the same thing now. */
static bool
fill(struct lease *l, struct lease_call *c, int64_t now_ms)
{
	c->count = 0;
	buf_reset(&c->body);
	buf_add_text(&c->body, "{\"QueueUrl\":");
	text_json_string(
	    l->about.queue_url, strlen(l->about.queue_url), &c->body);
	buf_add_text(&c->body, ",\"Entries\":[");
	for (size_t i = 0; i < l->count && c->count < LEASE_BATCH; i++) {
		struct lease_message *m = &l->message[i];
		if (due_at(l, m) > now_ms)
			continue;
		int64_t seconds = seconds_of(l, m, now_ms);
		if (c->count == 0) {
			c->want = m->want;
			c->seconds = seconds;
		} else if (m->want != c->want || seconds != c->seconds) {
			continue;
		}
		add_entry(c, m);
	}
	buf_add_text(&c->body, "]}");
	return c->count > 0;
}

static void
start(struct lease *l, struct lease_call *c)
{
	struct buf reply = c->call.reply;
	c->call = (struct call){.reply = reply,
	    .service = service_find("sqs"),
	    .operation = c->want == LEASE_DELETE
			     ? "DeleteMessageBatch"
			     : "ChangeMessageVisibilityBatch",
	    .body = buf_text(&c->body),
	    .body_len = c->body.len};
	c->busy = true;
	call_start(l->caller, &c->call);
}

void
lease_move(struct lease *l, int64_t now_ms)
{
	if (now_ms < l->soonest_ms)
		return;
	for (size_t i = 0; i < LEASE_CALLS; i++) {
		if (l->call[i].busy)
			continue;
		if (!fill(l, &l->call[i], now_ms))
			break;
		start(l, &l->call[i]);
	}
	l->soonest_ms = INT64_MAX;
	for (size_t i = 0; i < l->count; i++)
		if (due_at(l, &l->message[i]) < l->soonest_ms)
			l->soonest_ms = due_at(l, &l->message[i]);
}

int64_t
lease_due(const struct lease *l, int64_t now_ms)
{
	size_t i = 0;
	while (i < LEASE_CALLS && l->call[i].busy)
		i++;
	if (l->soonest_ms == INT64_MAX || i == LEASE_CALLS)
		return -1;
	return l->soonest_ms <= now_ms ? 0 : l->soonest_ms - now_ms;
}

/* The reply's Failed entry of message i, or JSON_NONE. */
static struct json
failure_of(struct json reply, size_t i)
{
	struct json_iter it;
	struct json entry;
	char id[24];
	snprintf(id, sizeof(id), "%zu", i);
	json_each(json_get(reply, "Failed"), &it);
	while (json_next(&it, NULL, &entry))
		if (json_is(json_get(entry, "Id"), id))
			return entry;
	return (struct json){0};
}

/* What a Failed entry says. */
static void
read_failure(
    struct json failure, const struct lease_message *m, struct err *why)
{
	char *code = json_dup(json_get(failure, "Code"));
	char *message = json_dup(json_get(failure, "Message"));
	bool for_good = json_true(json_get(failure, "SenderFault"));
	err_set(why, for_good ? ERR_REFUSED : ERR_LATER,
	    code ? code : "Refused", "message %s was not deleted: %s", m->id,
	    message ? message : "no reason given");
	free(code);
	free(message);
}

/* The service did what the message wants. */
static void
done(struct lease *l, struct lease_message *m, int64_t now_ms)
{
	if (m->want == LEASE_KEEP)
		m->due_ms = now_ms + l->about.visibility_ms / 2;
	else
		lease_drop(l, m, m->want == LEASE_DELETE);
}

/* It did not. A renewal that is refused for good means that the message is
 * gone, of which sqs-ack will tell, or that another has it by now: it stays
 * unsettled. A message that is not deleted comes again, of which the user must
 * hear. */
static void
failed(struct lease *l, struct lease_message *m, int64_t now_ms,
    const struct err *why, struct err *err)
{
	bool keep = m->want == LEASE_KEEP;
	m->due_ms = now_ms + AGAIN_MS;
	if (keep && why->kind == ERR_SETUP) {
		l->denied = true;
		*err = *why;
	} else if (keep && why->kind == ERR_REFUSED) {
		m->due_ms = INT64_MAX;
	} else if (!keep && (why->kind != ERR_LATER || ++m->tries >= TRIES)) {
		if (m->want == LEASE_DELETE)
			*err = *why;
		lease_drop(l, m, false);
	}
}

static void
settle_call(
    struct lease *l, struct lease_call *c, int64_t now_ms, struct err *err)
{
	struct json reply = {0};
	struct err why = c->call.err;
	if (why.kind == ERR_NONE && c->call.reply.len > 0 &&
	    json_scan(c->call.reply.data, c->call.reply.len, &reply, &why) != 0)
		why.kind = ERR_LATER;
	if (why.kind == ERR_REFUSED) /* of one entry, nobody knows which */
		why.kind = ERR_LATER;
	for (size_t i = 0; i < c->count; i++) {
		struct lease_message *m = lease_find(l, c->about[i].hash);
		if (m == NULL || m->serial != c->about[i].serial)
			continue;
		m->flying = false;
		if (m->want != c->want)
			continue; /* decided otherwise in the meantime */
		struct json failure = failure_of(reply, i);
		struct err entry = why;
		if (why.kind == ERR_NONE && failure.type != JSON_NONE)
			read_failure(failure, m, &entry);
		if (entry.kind == ERR_NONE)
			done(l, m, now_ms);
		else
			failed(l, m, now_ms, &entry, err);
	}
}

bool
lease_landed(struct lease *l, struct call *call, struct err *err)
{
	size_t i = 0;
	while (i < LEASE_CALLS && call != &l->call[i].call)
		i++;
	if (i == LEASE_CALLS)
		return false;
	err_clear(err);
	settle_call(l, &l->call[i], text_tick(), err);
	l->call[i].busy = false;
	l->soonest_ms = 0; /* lease_move looks */
	return true;
}
