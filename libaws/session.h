#ifndef LUNA_SESSION_H
#define LUNA_SESSION_H

#include "tumbling.h"

/*
 * Session windows of event time: those records of a group belong together
 * between which no more than a gap lies. A session begins with its first
 * record and ends a gap after its last; a record between two joins them.
 * Memory is that of the open ones. Pure, as tumbling.h.
 */
struct session_windows;
struct session_windows *session_new(int64_t gap_ms, int64_t lateness_ms,
    const struct aggregates *aggregates, uint64_t seed);
void session_free(struct session_windows *w);

/* As tumbling_group. joined: the mark of a session that became part of
 * another, or NULL. */
struct group *session_group(struct session_windows *w, int64_t at,
    int64_t watermark, const char *key, size_t len,
    struct watermark_mark ***mark, struct watermark_mark **joined);

int64_t session_first_end(const struct session_windows *w);
/* As tumbling_close: in the order of (end, group). */
bool session_close(
    struct session_windows *w, int64_t watermark, struct tumbling_closed *out);

#endif
