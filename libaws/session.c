#include "session.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "mem.h"

struct session {
	int64_t start, end;
	struct session *next; /* of one bucket */
	struct watermark_mark *mark;
	size_t due;                      /* its place in the heap */
	_Alignas(16) struct group group; /* its state and its key follow */
};

struct session_windows {
	int64_t gap, lateness;
	const struct aggregates *aggregates;
	uint64_t seed;
	struct session **bucket;
	size_t buckets;
	struct session **due; /* a heap: the one that ends first */
	size_t count, cap;
	struct session *given; /* the last one closed */
	int64_t closed;
};

struct session_windows *
session_new(int64_t gap_ms, int64_t lateness_ms,
    const struct aggregates *aggregates, uint64_t seed)
{
	struct session_windows *w = mem_alloc(sizeof(*w));
	w->gap = gap_ms;
	w->lateness = lateness_ms;
	w->aggregates = aggregates;
	w->seed = seed;
	w->closed = INT64_MIN;
	return w;
}

static void
free_session(struct session_windows *w, struct session *s)
{
	if (s != NULL)
		aggregate_release(w->aggregates, group_state(&s->group));
	free(s);
}

void
session_free(struct session_windows *w)
{
	if (w == NULL)
		return;
	for (size_t i = 0; i < w->count; i++)
		free_session(w, w->due[i]);
	free_session(w, w->given);
	free(w->bucket);
	free(w->due);
	free(w);
}

static char *
key_of(const struct session_windows *w, struct session *s)
{
	return (char *)group_state(&s->group) + w->aggregates->state_size;
}

static bool
before(const struct session_windows *w, struct session *a, struct session *b)
{
	if (a->end != b->end)
		return a->end < b->end;
	return group_compare(key_of(w, a), a->group.key_len, key_of(w, b),
		   b->group.key_len) < 0;
}

static void
put(struct session_windows *w, size_t i, struct session *s)
{
	w->due[i] = s;
	s->due = i;
}

static void
sift_up(struct session_windows *w, size_t i, struct session *s)
{
	for (; i > 0 && before(w, s, w->due[(i - 1) / 2]); i = (i - 1) / 2)
		put(w, i, w->due[(i - 1) / 2]);
	put(w, i, s);
}

static void
sift_down(struct session_windows *w, size_t i, struct session *s)
{
	for (size_t child; (child = 2 * i + 1) < w->count; i = child) {
		if (child + 1 < w->count &&
		    before(w, w->due[child + 1], w->due[child]))
			child++;
		if (!before(w, w->due[child], s))
			break;
		put(w, i, w->due[child]);
	}
	put(w, i, s);
}

/* Take it out of the heap and of its bucket. */
static void
take_out(struct session_windows *w, struct session *s)
{
	struct session **at = &w->bucket[s->group.hash & (w->buckets - 1)];
	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	struct session *last = w->due[--w->count];
	if (last == s)
		return;
	if (s->due > 0 && before(w, last, w->due[(s->due - 1) / 2]))
		sift_up(w, s->due, last);
	else
		sift_down(w, s->due, last);
}

static void
grow(struct session_windows *w)
{
	w->cap = w->cap == 0 ? 64 : w->cap * 2;
	w->due = mem_grow(w->due, w->cap, sizeof(struct session *));
	free(w->bucket);
	w->buckets = w->cap;
	w->bucket = mem_alloc(w->buckets * sizeof(struct session *));
	for (size_t i = 0; i < w->count; i++) {
		struct session **to =
		    &w->bucket[w->due[i]->group.hash & (w->buckets - 1)];
		w->due[i]->next = *to;
		*to = w->due[i];
	}
}

static struct session *
add(struct session_windows *w, const char *key, size_t len, uint32_t hash)
{
	if (w->count == w->cap)
		grow(w);
	struct session *s =
	    mem_alloc(sizeof(*s) + w->aggregates->state_size + len);
	s->group.hash = hash;
	s->group.key_len = (uint32_t)len;
	memcpy(key_of(w, s), key, len);
	struct session **to = &w->bucket[hash & (w->buckets - 1)];
	s->next = *to;
	*to = s;
	return s;
}

/* A session of this key, after `after` if that is given, which [start, end]
 * touches and which is not over at this watermark. */
static struct session *
touched(struct session_windows *w, const struct session *pattern,
    const char *key, int64_t watermark, const struct session *after)
{
	struct session *s = NULL;
	if (after != NULL)
		s = after->next;
	else if (w->buckets > 0)
		s = w->bucket[pattern->group.hash & (w->buckets - 1)];
	for (; s != NULL; s = s->next)
		if (s->group.hash == pattern->group.hash &&
		    s->group.key_len == pattern->group.key_len &&
		    memcmp(key_of(w, s), key, s->group.key_len) == 0 &&
		    s->start <= pattern->end && s->end >= pattern->start &&
		    s->end + w->lateness > watermark)
			return s;
	return NULL;
}

/* Let s become part of `into`; its mark. */
static struct watermark_mark *
join(struct session_windows *w, struct session *into, struct session *s)
{
	struct watermark_mark *mark = s->mark;
	take_out(w, s); /* while the heap is in order */
	if (s->start < into->start)
		into->start = s->start;
	if (s->end > into->end)
		into->end = s->end;
	aggregate_merge(
	    w->aggregates, group_state(&into->group), group_state(&s->group));
	into->group.count += s->group.count;
	free_session(w, s);
	return mark;
}

struct group *
session_group(struct session_windows *w, int64_t at, int64_t watermark,
    const char *key, size_t len, struct watermark_mark ***mark,
    struct watermark_mark **joined)
{
	struct session own = {.start = at, .end = at + w->gap};
	own.group.hash = (uint32_t)hash_bytes(key, len, w->seed);
	own.group.key_len = (uint32_t)len;
	struct session *s = touched(w, &own, key, watermark, NULL);
	*joined = NULL;
	if (s == NULL) {
		if (own.end <= w->closed || own.end + w->lateness <= watermark)
			return NULL;
		s = add(w, key, len, own.group.hash);
		s->start = own.start;
		s->end = own.end;
		sift_up(w, w->count++, s);
	} else {
		struct session *other = touched(w, &own, key, watermark, s);
		if (other != NULL)
			*joined = join(w, s, other);
		if (own.start < s->start)
			s->start = own.start;
		if (own.end > s->end)
			s->end = own.end;
		sift_down(w, s->due, s);
	}
	*mark = &s->mark;
	return &s->group;
}

int64_t
session_first_end(const struct session_windows *w)
{
	return w->count == 0 ? INT64_MAX : w->due[0]->end;
}

bool
session_close(
    struct session_windows *w, int64_t watermark, struct tumbling_closed *out)
{
	free_session(w, w->given);
	w->given = NULL;
	if (w->count == 0 || w->due[0]->end + w->lateness > watermark)
		return false;
	struct session *s = w->given = w->due[0];
	take_out(w, s);
	w->closed = s->end;
	*out = (struct tumbling_closed){.start = s->start,
	    .end = s->end,
	    .key = key_of(w, s),
	    .key_len = s->group.key_len,
	    .count = s->group.count,
	    .state = group_state(&s->group),
	    .mark = s->mark};
	return true;
}
