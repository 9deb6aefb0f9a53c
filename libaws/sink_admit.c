#include <string.h>

#include "sink_inner.h"
#include "text.h"

/* When the lease of a received message ends, or 0. */
static int64_t
lease_end(const struct record *r)
{
	struct json until = json_get(record_origin(r, "sqs"), "HoldUntil");
	int64_t ms;
	if (until.type != JSON_STRING ||
	    text_time(until.at + 1, until.len - 2, &ms) != 0)
		return 0;
	return ms;
}

/* May it be sent now? Past its lease another reader has the message, or will
 * have it; past an earlier record of its key it would overtake that. */
static int
may_send(const struct sink *s, const struct window_slot *slot, uint64_t hash,
    struct err *err)
{
	if (slot->until_ms != 0 && text_now() >= slot->until_ms) {
		char until[TEXT_ISO];
		text_iso(slot->until_ms, until);
		return err_set(err, ERR_LATER, "LeaseExpired",
		    "its message went back to the queue at %s and will be "
		    "received again (see --hold of sqs-recv)",
		    until);
	}
	if (hash != 0 && lookup_get(&s->blocked, hash, NULL))
		return err_set(err, ERR_LATER, "KeyBlocked",
		    "an earlier record of its key could not be delivered for "
		    "now");
	return 0;
}

static int
too_large(const struct sink *s, struct err *err)
{
	const struct sink_about *a = s->about;
	size_t most = a->max_entry_bytes;
	if (most == 0 && a->max_bytes != 0)
		most = a->max_bytes - a->entry_overhead;
	if (most == 0 || s->entry.size <= most)
		return 0;
	return err_set(err, ERR_RECORD, "TooLarge",
	    "%zu bytes as %s counts them; at most %zu are taken", s->entry.size,
	    a->operation, most);
}

/* Put the encoded part into a batch. */
static int
add_part(struct sink *s, struct window_slot *slot, struct err *err)
{
	struct sink_entry *e = &s->entry;
	uint64_t hash =
	    e->key.len == 0 ? 0 : batch_hash(e->key.data, e->key.len);
	if (e->size == 0)
		e->size = e->body.len;
	if (too_large(s, err) != 0 || may_send(s, slot, hash, err) != 0)
		return -1;
	slot->parts++;
	struct batch_item item = {.user = slot,
	    .bytes = e->body.data,
	    .len = e->body.len,
	    .key = e->key.data,
	    .key_len = e->key.len,
	    .note = e->note.data,
	    .note_len = e->note.len,
	    .size = e->size,
	    .group = e->group};
	s->full |= batch_add(s->batcher, &item, s->now_ms);
	return 0;
}

/* 1: another part follows. */
static int
admit_part(
    struct sink *s, struct window_slot *slot, size_t part, struct err *err)
{
	struct sink_entry *e = &s->entry;
	buf_reset(&e->body);
	buf_reset(&e->key);
	buf_reset(&e->note);
	e->more = e->skip = false;
	e->size = 0;
	e->group = 0;
	if (s->about->encode(s->ctx, &slot->rec, part, e, err) != 0 ||
	    (!e->skip && add_part(s, slot, err) != 0))
		return -1;
	return e->more ? 1 : 0;
}

/* A line of text is as good as a record where the sink says so. */
static bool
take_text(const struct sink *s, struct window_slot *slot)
{
	if (!s->about->text_lines || slot->rec.replayed_raw ||
	    strcmp(slot->err->code, "LineTooLong") == 0 ||
	    strcmp(slot->err->code, "InvalidMetadata") == 0 ||
	    text_utf8(slot->rec.line, slot->rec.len) < slot->rec.len)
		return false;
	slot->state = WINDOW_OPEN;
	slot->rec.root = slot->rec.meta = (struct json){0};
	buf_add(&slot->line, slot->rec.line, slot->rec.len);
	return true;
}

static bool
selected(const struct tool *t, const struct record *r)
{
	return (t->when == NULL || template_test_holds(t->when, r)) &&
	       (t->unless == NULL || !template_test_holds(t->unless, r));
}

void
sink_admit(struct sink *s, struct window_slot *slot)
{
	struct err err = {0};
	int more = 1;
	if (!slot->parsed && !take_text(s, slot))
		return;
	if (!selected(s->tool, &slot->rec)) {
		slot->unsent = true;
		slot->state = WINDOW_ACCEPTED;
		return;
	}
	if (s->stopped) {
		window_fail(slot, &s->why);
		return;
	}
	if (slot->rec.meta.type != JSON_NONE)
		slot->until_ms = lease_end(&slot->rec);
	for (size_t part = 0; more == 1; part++)
		more = admit_part(s, slot, part, &err);
	if (more < 0)
		window_fail(slot, &err);
	else if (slot->parts == 0)
		slot->state = WINDOW_ACCEPTED;
}

bool
sink_may_fly(struct sink *s, struct batch *batch)
{
	size_t kept = 0;
	for (size_t i = 0; i < batch->count; i++) {
		struct batch_entry *e = &batch->entry[i];
		struct err err;
		s->again[i] = may_send(s, e->user, e->hash, &err) == 0;
		if (s->again[i])
			kept++;
		else
			sink_settle(s, batch, i, &err);
	}
	if (kept == batch->count)
		return true;
	batch_back(s->batcher, batch, s->again, 0, batch->round);
	return false;
}
