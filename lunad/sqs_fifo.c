/*
 * SQS FIFO queues: groups and whose turn it is, duplicates, and receives
 * that are tried again.
 *
 * A group is available when its first message is visible; then it has a
 * turn. It gives up its turn when a receive has served it, and gets the next
 * one when it is available again: so groups take turns, as AWS was seen to
 * do, and within a group nothing overtakes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sqs_private.h"

/* How many outdated rows go with each new one. */
#define FORGET 4

static int64_t
group_named(struct sqs_call *c, const struct sqs_queue *q, const char *name)
{
	return store_number(c->store, 0,
	    "SELECT id FROM sqs_group WHERE queue = ? AND name = ?", "it",
	    q->id, name);
}

static int64_t
group_of(struct sqs_call *c, const struct sqs_queue *q, int64_t id)
{
	return store_number(c->store, 0,
	    "SELECT id FROM sqs_group WHERE queue = ? AND name ="
	    " (SELECT group_id FROM sqs_message WHERE id = ?)",
	    "ii", q->id, id);
}

int64_t
sqs_fifo_first(struct sqs_call *c, int64_t group, int64_t after)
{
	int64_t id = store_number(c->store, 0,
	    "SELECT id FROM sqs_lane WHERE \"group\" = ? AND id > ?"
	    " ORDER BY id LIMIT 1",
	    "ii", group, after);

	if (id && store_number(c->store, 0,
		      "SELECT 1 FROM sqs_hidden WHERE id = ?", "i", id))
		return 0;
	return id;
}

/* Give group a turn, or none, as its first message is. */
static void
group_look(struct sqs_call *c, struct sqs_queue *q, int64_t group)
{
	if (!store_number(c->store, 0,
		"SELECT 1 FROM sqs_lane WHERE \"group\" = ? LIMIT 1", "i",
		group)) {
		store_do(
		    c->store, "DELETE FROM sqs_group WHERE id = ?", "i", group);
		return;
	}
	if (!sqs_fifo_first(c, group, 0)) {
		store_do(c->store,
		    "UPDATE sqs_group SET turn = NULL WHERE id = ?", "i",
		    group);
		return;
	}
	store_do(c->store,
	    "UPDATE sqs_group SET turn = ? WHERE id = ? AND turn IS NULL", "ii",
	    ++sqs_queue_depth(c, q)->turn, group);
}

void
sqs_fifo_join(struct sqs_call *c, struct sqs_queue *q, int64_t id,
    const char *group, bool visible)
{
	int64_t of = group_named(c, q, group);

	if (!of) {
		store_do(c->store,
		    "INSERT INTO sqs_group(queue, name) VALUES(?, ?)", "it",
		    q->id, group);
		of = store_last_id(c->store);
		if (visible)
			store_do(c->store,
			    "UPDATE sqs_group SET turn = ? WHERE id = ?", "ii",
			    ++sqs_queue_depth(c, q)->turn, of);
	}
	store_do(c->store, "INSERT INTO sqs_lane VALUES(?, ?)", "ii", of, id);
}

void
sqs_fifo_leave(struct sqs_call *c, struct sqs_queue *q, int64_t id)
{
	int64_t group = group_of(c, q, id);

	store_do(c->store,
	    "DELETE FROM sqs_lane WHERE \"group\" = ? AND id = ?", "ii", group,
	    id);
	group_look(c, q, group);
}

void
sqs_fifo_changed(struct sqs_call *c, struct sqs_queue *q, int64_t id)
{
	group_look(c, q, group_of(c, q, id));
}

int64_t
sqs_fifo_group(struct sqs_call *c, const struct sqs_queue *q, int64_t until)
{
	return store_number(c->store, 0,
	    "SELECT id FROM sqs_group WHERE queue = ? AND turn IS NOT NULL"
	    " AND turn <= ? ORDER BY turn LIMIT 1",
	    "ii", q->id, until);
}

void
sqs_fifo_served(struct sqs_call *c, struct sqs_queue *q, int64_t group)
{
	store_do(c->store, "UPDATE sqs_group SET turn = NULL WHERE id = ?", "i",
	    group);
	group_look(c, q, group);
}

static const char *
scope_of(const struct sqs_queue *q, const struct sqs_message *m)
{
	return q->group_dedup ? m->group : "";
}

bool
sqs_fifo_duplicate(struct sqs_call *c, const struct sqs_queue *q,
    struct sqs_message *m, int64_t *id)
{
	sqlite3_stmt *row = store_query(c->store,
	    "SELECT message, uuid FROM sqs_dedup"
	    " WHERE queue = ? AND scope = ? AND dedup = ? AND at > ?",
	    "itti", q->id, scope_of(q, m), m->dedup, c->now_ms - SQS_DEDUP_MS);
	bool found = store_next(row);
	const char *uuid;
	size_t len;

	if (found) {
		*id = store_int(row, 0);
		uuid = store_bytes(row, 1, &len);
		if (len == sizeof m->uuid)
			memcpy(m->uuid, uuid, len);
	}
	store_end(row);
	return found;
}

void
sqs_fifo_remember(struct sqs_call *c, const struct sqs_queue *q,
    const struct sqs_message *m, int64_t id)
{
	/* Row ids grow with time: the outdated are the first. */
	store_do(c->store,
	    "DELETE FROM sqs_dedup WHERE at <= ? AND id IN"
	    " (SELECT id FROM sqs_dedup ORDER BY id LIMIT ?)",
	    "ii", c->now_ms - SQS_DEDUP_MS, (int64_t)FORGET);
	store_do(c->store,
	    "INSERT OR REPLACE INTO"
	    " sqs_dedup(queue, scope, dedup, at, message, uuid)"
	    " VALUES(?, ?, ?, ?, ?, ?)",
	    "ittiib", q->id, scope_of(q, m), m->dedup, c->now_ms, id, m->uuid,
	    sizeof m->uuid);
}

/* "id:received id:received …": unchanged and still hidden, or none at all. */
size_t
sqs_fifo_attempt(struct sqs_call *c, const struct sqs_queue *q,
    const char *attempt, int64_t *ids, struct sqs_state *states)
{
	sqlite3_stmt *row = store_query(c->store,
	    "SELECT taken FROM sqs_attempt"
	    " WHERE queue = ? AND attempt = ? AND at > ?",
	    "iti", q->id, attempt, c->now_ms - SQS_DEDUP_MS);
	size_t n = 0;

	if (store_next(row)) {
		const char *at = store_text(row, 0);
		long long id, received, until;
		int used;

		while (n < SQS_BATCH && sscanf(at, "%lld:%lld:%lld %n", &id,
					    &received, &until, &used) == 3) {
			at += used;
			ids[n] = id;
			sqs_message_state(c, id, &states[n]);
			if (!states[n].hidden ||
			    states[n].received != received ||
			    states[n].visible_at != until) {
				n = 0;
				break;
			}
			n++;
		}
	}
	store_end(row);
	return n;
}

void
sqs_fifo_attempted(struct sqs_call *c, const struct sqs_queue *q,
    const char *attempt, const int64_t *ids, const struct sqs_state *states,
    size_t count)
{
	struct buf taken = {0};

	for (size_t i = 0; i < count; i++)
		buf_addf(&taken, "%lld:%lld:%lld ", (long long)ids[i],
		    (long long)states[i].received,
		    (long long)states[i].visible_at);
	store_do(c->store,
	    "DELETE FROM sqs_attempt WHERE at <= ? AND id IN"
	    " (SELECT id FROM sqs_attempt ORDER BY id LIMIT ?)",
	    "ii", c->now_ms - SQS_DEDUP_MS, (int64_t)FORGET);
	store_do(c->store,
	    "INSERT OR REPLACE INTO sqs_attempt(queue, attempt, at, taken)"
	    " VALUES(?, ?, ?, ?)",
	    "itit", q->id, attempt, c->now_ms, buf_text(&taken));
	buf_clear(&taken);
}
