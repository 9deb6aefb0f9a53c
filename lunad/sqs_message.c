/*
 * SQS messages in the store: put, hidden, visible again, moved, gone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sqs_private.h"

/* How many are brought up to the hour by one query. */
#define SETTLE 256
/* How many go in one call for their age: the next call goes on. */
#define EXPIRE 4096

static int64_t
first_id(const struct sqs_queue *q)
{
	return q->id << SQS_SEQUENCE_BITS;
}

static int64_t
last_id(const struct sqs_queue *q)
{
	return first_id(q) | SQS_SEQUENCE_MASK;
}

void
sqs_uuid_text(const uint8_t uuid[static SQS_UUID], char out[static 37])
{
	static const char hex[] = "0123456789abcdef";
	char *to = out;

	for (int i = 0; i < SQS_UUID; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*to++ = '-';
		*to++ = hex[uuid[i] >> 4];
		*to++ = hex[uuid[i] & 15];
	}
	*to = '\0';
}

static void
hide(struct sqs_call *c, struct sqs_queue *q, int64_t id,
    const struct sqs_state *s)
{
	store_do(c->store,
	    "INSERT OR REPLACE INTO sqs_hidden VALUES(?, ?, ?, ?, ?, ?)",
	    "iiiiii", id, q->id, s->visible_at, s->received, s->first_at,
	    s->last_at);
	if (s->visible_at < q->hidden_until)
		q->hidden_until = s->visible_at;
	if (q->waited && s->visible_at < q->wake_at)
		q->wake_at = s->visible_at;
}

int64_t
sqs_message_put(
    struct sqs_call *c, struct sqs_queue *q, const struct sqs_message *m)
{
	struct sqs_depth *d = sqs_queue_depth(c, q);
	const bool delayed = m->delay_ms > 0;
	int64_t id = first_id(q) + ++d->next;

	store_do(c->store,
	    "INSERT INTO sqs_message(id, sent_at, delayed, carried, first_at,"
	    " uuid, md5, group_id, dedup, source, trace, attributes, body)"
	    " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	    "iiiiibbttttts", id, m->sent_at, (int64_t)delayed, m->carried,
	    m->first_at, m->uuid, (size_t)SQS_UUID, m->md5, (size_t)DIGEST_MD5,
	    m->group, m->dedup, m->source, m->trace, m->attributes, m->body,
	    m->body_len);
	if (delayed) {
		struct sqs_state s = {.visible_at = c->now_ms + m->delay_ms};

		hide(c, q, id, &s);
		d->delayed++;
	} else {
		d->visible++;
	}
	if (q->fifo)
		sqs_fifo_join(c, q, id, m->group, !delayed);
	if (m->sent_at + q->retention_s * 1000 < q->expires_at)
		q->expires_at = m->sent_at + q->retention_s * 1000;
	sqs_queue_used(c, q);
	sqs_queue_wake(c, q);
	return id;
}

bool
sqs_message_exists(struct sqs_call *c, int64_t id)
{
	return store_number(c->store, 0,
		   "SELECT 1 FROM sqs_message WHERE id = ?", "i", id) != 0;
}

bool
sqs_message_expired(struct sqs_call *c, const struct sqs_queue *q, int64_t id)
{
	int64_t sent = store_number(c->store, INT64_MAX,
	    "SELECT sent_at FROM sqs_message WHERE id = ?", "i", id);

	return sent <= c->now_ms - q->retention_s * 1000;
}

void
sqs_message_state(struct sqs_call *c, int64_t id, struct sqs_state *out)
{
	sqlite3_stmt *row = store_query(c->store,
	    "SELECT visible_at, received, first_at, last_at FROM sqs_hidden"
	    " WHERE id = ?",
	    "i", id);

	*out = (struct sqs_state){0};
	out->hidden = store_next(row);
	if (!out->hidden) {
		store_end(row);
		row = store_query(c->store,
		    "SELECT 0, received, first_at, last_at FROM sqs_returned"
		    " WHERE id = ?",
		    "i", id);
		out->returned = store_next(row);
	}
	if (out->hidden || out->returned) {
		out->visible_at = store_int(row, 0);
		out->received = store_int(row, 1);
		out->first_at = store_int(row, 2);
		out->last_at = store_int(row, 3);
	}
	store_end(row);
}

void
sqs_message_remove(struct sqs_call *c, struct sqs_queue *q, int64_t id)
{
	struct sqs_depth *d = sqs_queue_depth(c, q);
	struct sqs_state s;

	sqs_message_state(c, id, &s);
	if (s.hidden)
		store_do(
		    c->store, "DELETE FROM sqs_hidden WHERE id = ?", "i", id);
	if (s.returned)
		store_do(
		    c->store, "DELETE FROM sqs_returned WHERE id = ?", "i", id);
	if (q->fifo)
		sqs_fifo_leave(c, q, id);
	if (store_do(
		c->store, "DELETE FROM sqs_message WHERE id = ?", "i", id) == 0)
		return;
	if (!s.hidden)
		d->visible--;
	else if (s.received > 0)
		d->hidden--;
	else
		d->delayed--;
}

static void
unhide(struct sqs_call *c, struct sqs_queue *q, int64_t id,
    const struct sqs_state *s)
{
	struct sqs_depth *d = sqs_queue_depth(c, q);

	store_do(c->store, "DELETE FROM sqs_hidden WHERE id = ?", "i", id);
	store_do(c->store, "INSERT INTO sqs_returned VALUES(?, ?, ?, ?)",
	    "iiii", id, s->received, s->first_at, s->last_at);
	d->visible++;
	if (s->received > 0)
		d->hidden--;
	else
		d->delayed--;
	if (q->fifo)
		sqs_fifo_changed(c, q, id);
}

/* Returns how many ended; the caller asks again while there are many. */
static size_t
settle_hidden(struct sqs_call *c, struct sqs_queue *q)
{
	int64_t ids[SETTLE];
	struct sqs_state states[SETTLE];
	size_t n = 0;
	sqlite3_stmt *row = store_query(c->store,
	    "SELECT id, visible_at, received, first_at, last_at"
	    " FROM sqs_hidden WHERE queue = ? ORDER BY visible_at, id LIMIT ?",
	    "ii", q->id, (int64_t)SETTLE);

	q->hidden_until = SQS_NEVER;
	while (n < SETTLE && store_next(row)) {
		if (store_int(row, 1) > c->now_ms) {
			q->hidden_until = store_int(row, 1);
			break;
		}
		ids[n] = store_int(row, 0);
		states[n].received = store_int(row, 2);
		states[n].first_at = store_int(row, 3);
		states[n++].last_at = store_int(row, 4);
	}
	store_end(row);
	for (size_t i = 0; i < n; i++)
		unhide(c, q, ids[i], &states[i]);
	return n;
}

static void
settle_expired(struct sqs_call *c, struct sqs_queue *q)
{
	int64_t sent = c->now_ms;

	for (int n = 0; n < EXPIRE; n++) {
		int64_t id = 0;
		sqlite3_stmt *row = store_query(c->store,
		    "SELECT id, sent_at FROM sqs_message"
		    " WHERE id > ? AND id <= ? ORDER BY id LIMIT 1",
		    "ii", first_id(q), last_id(q));

		sent = c->now_ms;
		if (store_next(row)) {
			id = store_int(row, 0);
			sent = store_int(row, 1);
		}
		store_end(row);
		if (id == 0 || sent > c->now_ms - q->retention_s * 1000)
			break;
		sqs_message_remove(c, q, id);
	}
	q->expires_at = sent + q->retention_s * 1000;
}

void
sqs_message_settle(struct sqs_call *c, struct sqs_queue *q)
{
	while (q->hidden_until <= c->now_ms && settle_hidden(c, q) == SETTLE)
		q->hidden_until = 0;
	if (q->expires_at <= c->now_ms)
		settle_expired(c, q);
}

void
sqs_message_take(struct sqs_call *c, struct sqs_queue *q, int64_t id,
    struct sqs_state *s, int64_t timeout_ms)
{
	struct sqs_depth *d = sqs_queue_depth(c, q);
	int64_t sequence = id & SQS_SEQUENCE_MASK;

	/* They are taken in order: none before it is fresh. */
	if (!s->returned && sequence > d->fresh)
		d->fresh = sequence;
	s->received++;
	s->last_at = c->now_ms;
	if (s->first_at == 0)
		s->first_at = c->now_ms;
	if (timeout_ms == 0) {
		store_do(c->store,
		    "INSERT OR REPLACE INTO sqs_returned VALUES(?, ?, ?, ?)",
		    "iiii", id, s->received, s->first_at, s->last_at);
		s->returned = true;
		return;
	}
	if (s->returned)
		store_do(
		    c->store, "DELETE FROM sqs_returned WHERE id = ?", "i", id);
	s->returned = false;
	s->hidden = true;
	s->visible_at = c->now_ms + timeout_ms;
	hide(c, q, id, s);
	d->visible--;
	d->hidden++;
}

void
sqs_message_extend(struct sqs_call *c, struct sqs_queue *q, int64_t id,
    const struct sqs_state *s, int64_t timeout_ms)
{
	struct sqs_state longer = *s;

	if (timeout_ms == 0) {
		unhide(c, q, id, s);
		sqs_queue_wake(c, q);
		return;
	}
	longer.visible_at = c->now_ms + timeout_ms;
	hide(c, q, id, &longer);
}

static size_t
collect(sqlite3_stmt *row, int64_t *ids, size_t n, size_t max)
{
	while (n < max && store_next(row))
		ids[n++] = store_int(row, 0);
	store_end(row);
	return n;
}

size_t
sqs_message_visible(
    struct sqs_call *c, struct sqs_queue *q, int64_t *ids, size_t max)
{
	struct sqs_depth *d = &q->depth;
	size_t n, returned;

	if (d->visible <= 0)
		return 0;
	if (q->fifo)
		return collect(
		    store_query(c->store,
			"SELECT id FROM sqs_message WHERE id > ? AND id <= ?"
			" AND NOT EXISTS(SELECT 1 FROM sqs_hidden"
			" WHERE sqs_hidden.id = sqs_message.id)"
			" ORDER BY id LIMIT ?",
			"iii", first_id(q), last_id(q), (int64_t)max),
		    ids, 0, max);
	n = collect(store_query(c->store,
			"SELECT id FROM sqs_returned WHERE id > ? AND id <= ?"
			" ORDER BY id LIMIT ?",
			"iii", first_id(q), last_id(q), (int64_t)max),
	    ids, 0, max);
	if (n == max || d->fresh == d->next)
		return n;
	returned = n;
	n = collect(
	    store_query(c->store,
		"SELECT id FROM sqs_message WHERE id > ? AND id <= ?"
		" AND NOT delayed ORDER BY id LIMIT ?",
		"iii", first_id(q) + d->fresh, last_id(q), (int64_t)(max - n)),
	    ids, n, max);
	if (n == returned)
		sqs_queue_depth(c, q)->fresh = d->next;
	return n;
}

void
sqs_message_move(struct sqs_call *c, struct sqs_queue *from, int64_t id,
    struct sqs_queue *to, bool anew, const char *source)
{
	struct sqs_message m = {0};
	struct sqs_state s;
	const char *bytes;
	size_t len;
	sqlite3_stmt *row;

	sqs_message_state(c, id, &s);
	row = store_query(c->store,
	    "SELECT sent_at, carried, first_at, uuid, md5, group_id, dedup,"
	    " trace, attributes, body FROM sqs_message WHERE id = ?",
	    "i", id);
	if (!store_next(row)) {
		store_end(row);
		return;
	}
	/* A dead letter keeps its age; in a FIFO queue it begins anew. */
	m.sent_at = anew || to->fifo ? c->now_ms : store_int(row, 0);
	m.carried = anew ? 0 : store_int(row, 1) + s.received;
	m.first_at = anew                ? 0
		     : store_int(row, 2) ? store_int(row, 2)
					 : s.first_at;
	bytes = store_bytes(row, 3, &len);
	memcpy(m.uuid, bytes, len < sizeof m.uuid ? len : sizeof m.uuid);
	if (anew)
		digest_random(m.uuid, sizeof m.uuid);
	bytes = store_bytes(row, 4, &len);
	memcpy(m.md5, bytes, len < sizeof m.md5 ? len : sizeof m.md5);
	m.group = store_null(row, 5) ? NULL : store_text(row, 5);
	m.dedup = store_null(row, 6) ? NULL : store_text(row, 6);
	m.source = source;
	m.trace = store_null(row, 7) ? NULL : store_text(row, 7);
	m.attributes = store_null(row, 8) ? NULL : store_text(row, 8);
	m.body = store_bytes(row, 9, &m.body_len);
	sqs_message_put(c, to, &m);
	store_end(row);
	sqs_message_remove(c, from, id);
}

int64_t
sqs_message_oldest(struct sqs_call *c, const struct sqs_queue *q)
{
	return store_number(c->store, 0,
	    "SELECT sent_at FROM sqs_message WHERE id > ? AND id <= ?"
	    " ORDER BY id LIMIT 1",
	    "ii", first_id(q), last_id(q));
}
