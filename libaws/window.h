#ifndef LUNA_WINDOW_H
#define LUNA_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "record.h"

/*
 * What was read and is not yet printed: lines in blocks as they came, a slot
 * a record, released in input order. Pure: bytes are put in and taken out.
 */
struct window;

enum window_state {
	WINDOW_OPEN,     /* parts of it are with the service */
	WINDOW_ACCEPTED, /* goes to stdout */
	WINDOW_FAILED    /* goes to --failed */
};

struct window_slot {
	struct record rec;
	bool parsed;
	enum window_state state;
	size_t parts;      /* still unsettled */
	bool unsent;       /* passed through, not counted as accepted */
	bool dropped;      /* accepted and not printed (ddb-get --miss drop) */
	int64_t until_ms;  /* not to be sent past this time; 0: any */
	struct buf fields; /* members for @metadata.to.X */
	struct buf line;   /* printed instead of rec.line, if any */
	struct err *err;   /* WINDOW_FAILED */
	struct block *block; /* the module's */
};

/* max_records, max_bytes: past either, window_wants is false. */
struct window *window_new(
    size_t max_records, size_t max_bytes, size_t max_line);
void window_free(struct window *w);

/* May more be read? Not at the end, nor while a line waits. */
bool window_wants(const struct window *w);
/* As many records or bytes are held as may be. */
bool window_full(const struct window *w);
/* Where to read to, and how much; then say how much came (0: end). */
char *window_room(struct window *w, size_t *len);
void window_read(struct window *w, size_t len);
/* No more is read: what has come of a line is the last line. */
void window_end(struct window *w);

/*
 * The next complete line as a slot, blank lines skipped; NULL when none is
 * complete. A slot that did not parse has state WINDOW_FAILED and its err. A
 * line longer than max_line is failed with what fits of it.
 */
struct window_slot *window_next(struct window *w);
bool window_has_line(const struct window *w); /* a complete line waits */
bool window_ended(const struct window *w);    /* end seen, all lines taken */

/* Make slot failed; a slot that has failed stays with its first error. */
void window_fail(struct window_slot *slot, const struct err *err);

/* The oldest slot if it is settled, or NULL; then drop it. */
struct window_slot *window_head(struct window *w);
void window_release(struct window *w);
size_t window_held(const struct window *w); /* slots not released */
/* Every slot not released, oldest first, by index < window_held. */
struct window_slot *window_slot(struct window *w, size_t index);

#endif
