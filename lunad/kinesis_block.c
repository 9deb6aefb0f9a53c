/*
 * Blocks: the records that one call put into one shard, in one row. Its id
 * is the shard's and the position of its first record, so the blocks of a
 * shard lie together and in order, of position and of time.
 *
 * A record in it is two lengths, its data as base64, as it came and goes
 * out again, and its key as the inside of a JSON string. Nothing of it is
 * looked at between the one request and the other.
 */
#include <string.h>

#include "kinesis.h"

#define POSITION_BITS 40
#define KEPT_BYTES ((size_t)256 << 10)
#define BEGIN(shard) ((shard)->id << POSITION_BITS)
#define END(shard) (((shard)->id + 1) << POSITION_BITS)
#define POSITION(id) ((id) & ((INT64_C(1) << POSITION_BITS) - 1))

struct lengths {
	uint32_t data, key;
};

void
kinesis_block_add(struct kinesis_shard *d, const struct kinesis_record *record)
{
	const struct lengths n = {
	    (uint32_t)record->data_len, (uint32_t)record->key_len};
	size_t size = sizeof(n) + n.data + n.key;
	char *to = buf_room(&d->body, size);
	if (to == NULL)
		return;
	memcpy(to, &n, sizeof(n));
	memcpy(to + sizeof(n), record->data, n.data);
	memcpy(to + sizeof(n) + n.data, record->key, n.key);
	d->body.len += size;
	d->fresh++;
}

void
kinesis_block_drop(struct kinesis_shard *d)
{
	/* A large one is rare; what usually comes is kept. */
	if (d->body.cap > KEPT_BYTES)
		buf_clear(&d->body);
	buf_reset(&d->body);
	d->fresh = 0;
	d->touched = false;
}

void
kinesis_block_store(
    struct request *r, struct kinesis_stream *s, struct kinesis_shard *d)
{
	if (d->fresh > 0) {
		store_do(r->store,
		    "INSERT INTO kinesis_block (id, at, count, sealed, body)"
		    " VALUES (?, ?, ?, ?, ?)",
		    "iiiib", BEGIN(d) | d->next, r->now_ms, d->fresh,
		    (int64_t)(s->key_id != NULL), d->body.data, d->body.len);
		d->next += d->fresh;
		if (d->oldest_ms == 0) {
			int64_t end =
			    r->now_ms + s->retention_h * KINESIS_HOUR_MS;
			d->oldest_ms = r->now_ms;
			if (end < s->trim_at)
				s->trim_at = end;
		}
	}
	kinesis_block_drop(d);
}

void
kinesis_block_read(struct store *store, struct kinesis_shard *d)
{
	sqlite3_stmt *q = store_query(store,
	    "SELECT id, count FROM kinesis_block WHERE id >= ? AND id < ?"
	    " ORDER BY id DESC LIMIT 1",
	    "ii", BEGIN(d), END(d));
	if (store_next(q)) {
		d->next = POSITION(store_int(q, 0)) + store_int(q, 1);
		store_end(q);
	}
	d->oldest_ms = store_number(store, 0,
	    "SELECT at FROM kinesis_block WHERE id >= ? AND id < ?"
	    " ORDER BY id LIMIT 1",
	    "ii", BEGIN(d), END(d));
}

void
kinesis_block_open(struct store *store, const struct kinesis_shard *d,
    int64_t position, struct kinesis_block *b)
{
	int64_t from = store_number(store, BEGIN(d),
	    "SELECT id FROM kinesis_block WHERE id >= ? AND id <= ?"
	    " ORDER BY id DESC LIMIT 1",
	    "ii", BEGIN(d), BEGIN(d) | position);
	*b = (struct kinesis_block){
	    .row = store_query(store,
		"SELECT id, at, count, sealed, body FROM kinesis_block"
		" WHERE id >= ? AND id < ? ORDER BY id",
		"ii", from, END(d))};
}

bool
kinesis_block_next(struct kinesis_block *b)
{
	size_t len;
	if (!store_next(b->row)) {
		b->row = NULL;
		return false;
	}
	b->first = POSITION(store_int(b->row, 0));
	b->at_ms = store_int(b->row, 1);
	b->count = store_int(b->row, 2);
	b->sealed = store_int(b->row, 3) != 0;
	b->at = store_bytes(b->row, 4, &len);
	b->end = b->at + len;
	return true;
}

void
kinesis_block_close(struct kinesis_block *b)
{
	if (b->row != NULL)
		store_end(b->row);
	b->row = NULL;
}

bool
kinesis_block_record(struct kinesis_block *b, struct kinesis_record *record)
{
	struct lengths n;
	if (b->at == b->end)
		return false;
	memcpy(&n, b->at, sizeof(n));
	record->data = b->at + sizeof(n);
	record->data_len = n.data;
	record->key = record->data + n.data;
	record->key_len = n.key;
	b->at = record->key + n.key;
	return true;
}

/* The id and time of the first block at this id or after it. */
static int64_t
block_from(struct store *store, const struct kinesis_shard *d, int64_t id,
    int64_t *at_ms)
{
	int64_t found = END(d);
	sqlite3_stmt *q = store_query(store,
	    "SELECT id, at FROM kinesis_block WHERE id >= ? AND id < ?"
	    " ORDER BY id LIMIT 1",
	    "ii", id, END(d));
	if (store_next(q)) {
		found = store_int(q, 0);
		*at_ms = store_int(q, 1);
		store_end(q);
	}
	return found;
}

/* By halves: time grows with position. */
int64_t
kinesis_block_since(
    struct store *store, const struct kinesis_shard *d, int64_t at_ms)
{
	int64_t low = BEGIN(d), high = BEGIN(d) | d->next, at = 0;
	while (low < high) {
		int64_t middle = low + (high - low) / 2;
		int64_t id = block_from(store, d, middle, &at);
		if (id >= high || at >= at_ms)
			high = middle;
		else
			low = id + 1;
	}
	int64_t found = block_from(store, d, low, &at);
	return found == END(d) ? d->next : POSITION(found);
}

void
kinesis_block_trim(struct store *store, struct kinesis_shard *d, int64_t at_ms)
{
	if (d->oldest_ms == 0 || d->oldest_ms >= at_ms)
		return;
	int64_t from = BEGIN(d) | kinesis_block_since(store, d, at_ms);
	store_do(store, "UPDATE kinesis_shard SET next = ? WHERE id = ?", "ii",
	    d->next, d->id);
	store_do(store, "DELETE FROM kinesis_block WHERE id >= ? AND id < ?",
	    "ii", BEGIN(d), from);
}

void
kinesis_block_delete(struct store *store, const struct kinesis_shard *d)
{
	store_do(store, "DELETE FROM kinesis_block WHERE id >= ? AND id < ?",
	    "ii", BEGIN(d), END(d));
}
