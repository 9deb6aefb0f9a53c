#include "window.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

/*
 * Bytes lie in blocks as they were read; a slot points into its block, and a
 * block goes when its last slot is released. Only a line that began at a
 * block's end is ever copied, to the next block.
 */
#define BLOCK ((size_t)256 * 1024)
#define ROOM ((size_t)16 * 1024) /* a read smaller than this is not worth it */

struct block {
	char *data;
	size_t cap, len;
	size_t slots;
	struct block *next;
};

struct window {
	size_t max_records, max_bytes, max_line;
	struct window_slot *slot; /* a ring of max_records */
	size_t first, held;
	struct block *head, *tail; /* tail is read into */
	struct block *spare;
	size_t bytes; /* of all blocks */
	size_t at;    /* in tail: where the next line begins */
	size_t seen;  /* in tail: no LF between at and here */
	size_t lf;    /* in tail: the LF that was found; valid if has_line */
	bool has_line;
	bool skipping; /* the rest of a line that was too long */
	bool eof;
	uint64_t lines;
};

static struct block *
block_new(struct window *w, size_t cap)
{
	struct block *block = w->spare;
	if (block != NULL && cap <= block->cap) {
		w->spare = NULL;
	} else {
		block = mem_alloc(sizeof(*block));
		block->cap = cap;
		block->data = mem_grow(NULL, cap, 1);
	}
	block->len = block->slots = 0;
	block->next = NULL;
	w->bytes += block->cap;
	if (w->tail == NULL)
		w->head = block;
	else
		w->tail->next = block;
	w->tail = block;
	return block;
}

static void
block_free(struct block *block)
{
	if (block != NULL)
		free(block->data);
	free(block);
}

/* Drop blocks from the front that no slot and no reading needs. */
static void
sweep(struct window *w)
{
	while (w->head != w->tail && w->head->slots == 0) {
		struct block *block = w->head;
		w->head = block->next;
		w->bytes -= block->cap;
		if (w->spare == NULL && block->cap == BLOCK)
			w->spare = block;
		else
			block_free(block);
	}
}

struct window *
window_new(size_t max_records, size_t max_bytes, size_t max_line)
{
	struct window *w = mem_alloc(sizeof(*w));
	w->max_records = max_records;
	w->max_bytes = max_bytes;
	w->max_line = max_line;
	w->slot = mem_alloc(max_records * sizeof(*w->slot));
	block_new(w, BLOCK);
	return w;
}

void
window_free(struct window *w)
{
	if (w == NULL)
		return;
	for (size_t i = 0; i < w->max_records; i++) {
		buf_clear(&w->slot[i].fields);
		buf_clear(&w->slot[i].line);
		free(w->slot[i].err);
	}
	free(w->slot);
	while (w->head != NULL) {
		struct block *next = w->head->next;
		block_free(w->head);
		w->head = next;
	}
	block_free(w->spare);
	free(w);
}

bool
window_wants(const struct window *w)
{
	return !w->eof && !w->has_line && !window_full(w);
}

bool
window_full(const struct window *w)
{
	return w->held >= w->max_records ||
	       (w->held > 0 && w->bytes > w->max_bytes);
}

/* A block with room behind the unfinished line, which moves there. */
static void
make_room(struct window *w)
{
	struct block *old = w->tail;
	size_t part = old->len - w->at;
	if (old->cap - old->len >= ROOM)
		return;
	if (old->slots == 0 && part <= old->cap / 2) {
		memmove(old->data, old->data + w->at, part);
		old->len = part;
	} else {
		size_t cap = BLOCK;
		while (cap < 2 * part + ROOM)
			cap *= 2;
		struct block *block = block_new(w, cap);
		memcpy(block->data, old->data + w->at, part);
		block->len = part;
	}
	w->seen -= w->at;
	w->at = 0;
	sweep(w);
}

char *
window_room(struct window *w, size_t *len)
{
	make_room(w);
	*len = w->tail->cap - w->tail->len;
	return w->tail->data + w->tail->len;
}

/* Look for the end of the line at w->at in what has come. */
static void
find_line(struct window *w)
{
	struct block *block = w->tail;
	const char *lf =
	    memchr(block->data + w->seen, '\n', block->len - w->seen);
	w->has_line = lf != NULL;
	if (lf != NULL)
		w->lf = (size_t)(lf - block->data);
	else
		w->seen = block->len;
}

/* The unfinished line is too long: it becomes a line cut at max_line, and
 * the rest of it is dropped as it comes. */
static void
cut_long_line(struct window *w)
{
	if (w->has_line || w->tail->len - w->at <= w->max_line)
		return;
	if (w->skipping) {
		w->tail->len = w->seen = w->at;
		return;
	}
	w->lf = w->at + w->max_line;
	w->has_line = true;
}

static void
end_of_input(struct window *w)
{
	w->eof = true;
	if (w->at == w->tail->len)
		return;
	w->lf = w->tail->len; /* a last line without LF */
	w->has_line = true;
}

void
window_read(struct window *w, size_t len)
{
	w->tail->len += len;
	if (len == 0)
		end_of_input(w);
	else
		find_line(w);
	cut_long_line(w);
}

void
window_end(struct window *w)
{
	if (w->has_line)
		w->eof = true; /* take_line will look again */
	else if (!w->eof)
		end_of_input(w);
}

static struct window_slot *
slot_new(struct window *w)
{
	struct window_slot *slot =
	    &w->slot[(w->first + w->held++) % w->max_records];
	buf_reset(&slot->fields);
	buf_reset(&slot->line);
	slot->state = WINDOW_OPEN;
	slot->parts = 0;
	slot->parsed = slot->unsent = slot->dropped = false;
	slot->until_ms = 0;
	slot->block = w->tail;
	w->tail->slots++;
	return slot;
}

/* Take the found line and look for the next. Of a line that is too long only
 * max_line bytes are given; goes_on: its end has not come yet. */
static const char *
take_line(struct window *w, size_t *len, bool *too_long, bool *goes_on)
{
	const char *line = w->tail->data + w->at;
	*len = w->lf - w->at;
	*goes_on = w->lf < w->tail->len && w->tail->data[w->lf] != '\n';
	*too_long = *goes_on || *len > w->max_line;
	if (*len > w->max_line)
		*len = w->max_line;
	w->at = *goes_on ? w->lf : w->lf + 1;
	if (w->at > w->tail->len)
		w->at = w->tail->len;
	w->seen = w->at;
	find_line(w);
	if (!w->has_line && w->eof)
		end_of_input(w);
	return line;
}

static bool
blank(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r')
			return false;
	return true;
}

struct window_slot *
window_next(struct window *w)
{
	while (w->has_line && w->held < w->max_records) {
		size_t len;
		bool too_long, goes_on, rest = w->skipping;
		const char *line = take_line(w, &len, &too_long, &goes_on);
		w->skipping = goes_on;
		if (rest) { /* of a line that was failed already */
			cut_long_line(w);
			continue;
		}
		w->lines++;
		if (len > 0 && line[len - 1] == '\r')
			len--;
		if (blank(line, len))
			continue;
		struct window_slot *slot = slot_new(w);
		struct err err = {0};
		slot->rec = (struct record){
		    .line = line, .len = len, .number = w->lines};
		if (too_long)
			err_set(&err, ERR_RECORD, "LineTooLong",
			    "longer than --max-line (%zu bytes); only as much "
			    "of it is kept",
			    w->max_line);
		else if (record_parse(&slot->rec, line, len, w->lines, &err) ==
			 0)
			slot->parsed = true;
		if (!slot->parsed)
			window_fail(slot, &err);
		cut_long_line(w);
		return slot;
	}
	return NULL;
}

bool
window_has_line(const struct window *w)
{
	return w->has_line;
}

bool
window_ended(const struct window *w)
{
	return w->eof && !w->has_line;
}

void
window_fail(struct window_slot *slot, const struct err *err)
{
	if (slot->state == WINDOW_FAILED)
		return;
	slot->state = WINDOW_FAILED;
	if (slot->err == NULL)
		slot->err = mem_alloc(sizeof(*slot->err));
	*slot->err = *err;
}

struct window_slot *
window_head(struct window *w)
{
	if (w->held == 0)
		return NULL;
	struct window_slot *slot = &w->slot[w->first];
	return slot->state == WINDOW_OPEN || slot->parts > 0 ? NULL : slot;
}

void
window_release(struct window *w)
{
	struct window_slot *slot = &w->slot[w->first];
	struct block *block = slot->block;
	block->slots--;
	slot->block = NULL;
	if (slot->err != NULL) {
		free(slot->err);
		slot->err = NULL;
	}
	if (slot->line.cap > 4096)
		buf_clear(&slot->line);
	w->first = (w->first + 1) % w->max_records;
	w->held--;
	sweep(w);
}

size_t
window_held(const struct window *w)
{
	return w->held;
}

struct window_slot *
window_slot(struct window *w, size_t index)
{
	return &w->slot[(w->first + index) % w->max_records];
}
