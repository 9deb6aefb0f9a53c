/*
 * SQS: what a purge or the end of a queue leaves behind.
 *
 * A queue that is purged gets a new id, under which it has no message: so a
 * purge is a few rows, whatever the depth. What lies under the old id is
 * swept away in slices between the requests; a row in sqs_former says what is
 * still to be swept, also after a crash, and that receipt handles with the
 * old id are good handles of messages that are gone.
 */
#include "sqs_private.h"

/* So many rows go at once: some milliseconds. */
#define SLICE 1000
#define STEP_MS 1
/* Handles are good for so long. */
#define KEEP_MS ((int64_t)SQS_MAX_VISIBILITY_S * 1000)

/* When the next slice is due; 0: not known. */
static int64_t next_slice;
static uint64_t next_undone;

void
sqs_sweep_forget(void)
{
	next_slice = 0;
}

int64_t
sqs_sweep_due(struct sqs_call *c)
{
	if (next_slice == 0 || next_undone != store_undone(c->store)) {
		next_slice = store_number(c->store, SQS_NEVER,
		    "SELECT next_at FROM sqs_former"
		    " WHERE next_at IS NOT NULL ORDER BY next_at LIMIT 1",
		    "");
		next_undone = store_undone(c->store);
	}
	return next_slice;
}

static void
leave(struct sqs_call *c, int64_t id, int64_t to)
{
	store_do(c->store,
	    "DELETE FROM sqs_former WHERE at < ? AND next_at IS NULL", "i",
	    c->now_ms - KEEP_MS);
	store_do(c->store, "UPDATE sqs_former SET queue = ? WHERE queue = ?",
	    "ii", to, id);
	store_do(c->store, "INSERT INTO sqs_former VALUES(?, ?, ?, ?)", "iiii",
	    id, to, c->now_ms, c->now_ms);
	next_slice = 0;
}

void
sqs_sweep_purge(struct sqs_call *c, struct sqs_queue *q)
{
	struct sqs_depth *d = sqs_queue_depth(c, q);
	int64_t old = q->id;

	/* Who waits looks again, and then waits for the new id. */
	sqs_queue_wake(c, q);
	store_do(c->store,
	    "UPDATE sqlite_sequence SET seq = seq + 1"
	    " WHERE name = 'sqs_queue'",
	    "");
	q->id = store_number(c->store, 0,
	    "SELECT seq FROM sqlite_sequence WHERE name = 'sqs_queue'", "");
	store_do(c->store, "UPDATE sqs_queue SET id = ? WHERE id = ?", "ii",
	    q->id, old);
	store_do(c->store, "UPDATE sqs_depth SET queue = ? WHERE queue = ?",
	    "ii", q->id, old);
	store_do(c->store, "UPDATE sqs_attribute SET queue = ? WHERE queue = ?",
	    "ii", q->id, old);
	store_do(c->store, "UPDATE sqs_tag SET queue = ? WHERE queue = ?", "ii",
	    q->id, old);
	leave(c, old, q->id);
	d->fresh = d->next;
	d->visible = d->hidden = d->delayed = 0;
	q->hidden_until = q->expires_at = 0;
}

void
sqs_sweep_delete(struct sqs_call *c, const struct sqs_queue *q)
{
	leave(c, q->id, 0);
}

bool
sqs_sweep_former(struct sqs_call *c, const struct sqs_queue *q, int64_t id)
{
	return store_number(c->store, 0,
		   "SELECT 1 FROM sqs_former WHERE id = ? AND queue = ?", "ii",
		   id, q->id) != 0;
}

/* A slice of the messages of id, and of what belongs to each. */
static int64_t
sweep_messages(struct sqs_call *c, int64_t id)
{
	int64_t low = id << SQS_SEQUENCE_BITS;
	int64_t high = store_number(c->store, 0,
	    "SELECT max(id) FROM (SELECT id FROM sqs_message"
	    " WHERE id > ? AND id <= ? ORDER BY id LIMIT ?)",
	    "iii", low, low | SQS_SEQUENCE_MASK, (int64_t)SLICE);

	if (high == 0)
		return 0;
	store_do(c->store,
	    "DELETE FROM sqs_lane WHERE (\"group\", id) IN"
	    " (SELECT g.id, m.id FROM sqs_message m JOIN sqs_group g"
	    " ON g.queue = ? AND g.name = m.group_id"
	    " WHERE m.id > ? AND m.id <= ?)",
	    "iii", id, low, high);
	store_do(c->store, "DELETE FROM sqs_hidden WHERE id > ? AND id <= ?",
	    "ii", low, high);
	store_do(c->store, "DELETE FROM sqs_returned WHERE id > ? AND id <= ?",
	    "ii", low, high);
	return store_do(c->store,
	    "DELETE FROM sqs_message WHERE id > ? AND id <= ?", "ii", low,
	    high);
}

static int64_t
sweep_rest(struct sqs_call *c, int64_t id)
{
	static const char *const statements[] = {
	    "DELETE FROM sqs_group WHERE id IN"
	    " (SELECT id FROM sqs_group WHERE queue = ? LIMIT ?)",
	    "DELETE FROM sqs_dedup WHERE id IN"
	    " (SELECT id FROM sqs_dedup WHERE queue = ? LIMIT ?)",
	    "DELETE FROM sqs_attempt WHERE id IN"
	    " (SELECT id FROM sqs_attempt WHERE queue = ? LIMIT ?)"};
	int64_t gone = 0;

	for (size_t i = 0;
	     i < sizeof statements / sizeof *statements && gone == 0; i++)
		gone =
		    store_do(c->store, statements[i], "ii", id, (int64_t)SLICE);
	return gone;
}

void
sqs_sweep_run_due(struct sqs_call *c)
{
	int64_t id = store_number(c->store, 0,
	    "SELECT id FROM sqs_former WHERE next_at <= ?"
	    " ORDER BY next_at LIMIT 1",
	    "i", c->now_ms);

	if (sweep_messages(c, id) > 0 || sweep_rest(c, id) > 0)
		store_do(c->store,
		    "UPDATE sqs_former SET next_at = ? WHERE id = ?", "ii",
		    c->now_ms + STEP_MS, id);
	else
		store_do(c->store,
		    "UPDATE sqs_former SET next_at = NULL WHERE id = ?", "i",
		    id);
	next_slice = 0;
}
