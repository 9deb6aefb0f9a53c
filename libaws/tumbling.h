#ifndef LUNA_TUMBLING_H
#define LUNA_TUMBLING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aggregate.h"
#include "group.h"

/*
 * Tumbling windows of event time, [n * every, (n + 1) * every), and the
 * groups in them. Memory is that of the open ones. Pure: times are arguments,
 * in ms. Watermarks: see watermark.h; the other kind of window: session.h.
 */
struct tumbling;

/* A group whose window has closed, tumbling or session. */
struct tumbling_closed {
	int64_t start, end;
	const char *key;
	size_t key_len;
	uint64_t count;
	const void *state;
	struct watermark_mark *mark; /* that is needed no longer, or NULL */
};

struct tumbling *tumbling_new(int64_t every_ms, int64_t lateness_ms,
    const struct aggregates *aggregates, uint64_t seed);
void tumbling_free(struct tumbling *t);

/*
 * Where a record of that time belongs.
 *
 * watermark: the greatest time of its source so far.
 * mark:      of its window, NULL in a new one: then to be set.
 * NULL:      it is late: its window has closed, or would have by this
 *            watermark alone.
 */
struct group *tumbling_group(struct tumbling *t, int64_t at, int64_t watermark,
    const char *key, size_t len, struct watermark_mark ***mark);

/* The end of the first open window; INT64_MAX: none is open. */
int64_t tumbling_first_end(const struct tumbling *t);
/*
 * The next group of the windows with end + lateness <= watermark, in the
 * order of (end, group); false: none is left. What it points to lives until
 * the next call.
 */
bool tumbling_close(
    struct tumbling *t, int64_t watermark, struct tumbling_closed *out);

#endif
