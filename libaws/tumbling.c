#include "tumbling.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "mem.h"

struct span {
	int64_t start;
	struct group_table groups;
	struct watermark_mark *mark;
};

struct tumbling {
	int64_t every, lateness;
	const struct aggregates *aggregates;
	uint64_t seed;
	struct span **open; /* by start */
	size_t count, cap;
	struct span *recent;  /* that a record was put into */
	struct span *closing; /* whose groups are given out */
	size_t given;
	struct span *spare;
	int64_t closed; /* the greatest end of those */
};

struct tumbling *
tumbling_new(int64_t every_ms, int64_t lateness_ms,
    const struct aggregates *aggregates, uint64_t seed)
{
	struct tumbling *t = mem_alloc(sizeof(*t));
	t->every = every_ms;
	t->lateness = lateness_ms;
	t->aggregates = aggregates;
	t->seed = seed;
	t->closed = INT64_MIN;
	return t;
}

static void
span_free(struct tumbling *t, struct span *s)
{
	if (s == NULL)
		return;
	group_sort(&s->groups);
	for (size_t i = 0; i < s->groups.count; i++)
		aggregate_release(
		    t->aggregates, group_state(group_at(&s->groups, i)));
	group_clear(&s->groups);
	free(s);
}

/* Its groups have been given out: its memory is the next one's. */
static void
recycle(struct tumbling *t, struct span *s)
{
	for (size_t i = 0; i < s->groups.count; i++)
		aggregate_release(
		    t->aggregates, group_state(group_at(&s->groups, i)));
	group_reset(&s->groups);
	if (t->spare == NULL)
		t->spare = s;
	else
		span_free(t, s);
}

void
tumbling_free(struct tumbling *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->count; i++)
		span_free(t, t->open[i]);
	span_free(t, t->closing);
	span_free(t, t->spare);
	free(t->open);
	free(t);
}

static int64_t
start_of(const struct tumbling *t, int64_t at)
{
	int64_t into = at % t->every;
	return at - into - (into < 0 ? t->every : 0);
}

/* Where in open the span of that start is, or belongs. */
static size_t
find(const struct tumbling *t, int64_t start)
{
	size_t low = 0, high = t->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (t->open[middle]->start < start)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct span *
span_of(struct tumbling *t, int64_t start)
{
	if (t->recent != NULL && t->recent->start == start)
		return t->recent;
	size_t i = find(t, start);
	if (i < t->count && t->open[i]->start == start)
		return t->recent = t->open[i];
	struct span *s = t->spare;
	t->spare = NULL;
	if (s == NULL) {
		s = mem_alloc(sizeof(*s));
		s->groups.state_size = t->aggregates->state_size;
	}
	s->start = start;
	s->mark = NULL;
	if (t->count == t->cap) {
		t->cap = t->cap == 0 ? 16 : t->cap * 2;
		t->open = mem_grow(t->open, t->cap, sizeof(struct span *));
	}
	memmove(t->open + i + 1, t->open + i,
	    (t->count - i) * sizeof(struct span *));
	t->open[i] = s;
	t->count++;
	return t->recent = s;
}

struct group *
tumbling_group(struct tumbling *t, int64_t at, int64_t watermark,
    const char *key, size_t len, struct watermark_mark ***mark)
{
	int64_t start = start_of(t, at), end = start + t->every;
	if (end <= t->closed || end + t->lateness <= watermark)
		return NULL;
	struct span *s = span_of(t, start);
	*mark = &s->mark;
	return group_of(&s->groups, key, len, hash_bytes(key, len, t->seed));
}

int64_t
tumbling_first_end(const struct tumbling *t)
{
	return t->count == 0 ? INT64_MAX : t->open[0]->start + t->every;
}

/* Take the first span out, to give its groups out. */
static void
begin_closing(struct tumbling *t)
{
	t->closing = t->open[0];
	t->recent = NULL;
	t->count--;
	memmove(t->open, t->open + 1, t->count * sizeof(struct span *));
	t->given = 0;
	t->closed = t->closing->start + t->every;
	group_sort(&t->closing->groups);
}

bool
tumbling_close(
    struct tumbling *t, int64_t watermark, struct tumbling_closed *out)
{
	if (t->closing != NULL && t->given == t->closing->groups.count) {
		recycle(t, t->closing);
		t->closing = NULL;
	}
	if (t->closing == NULL) {
		if (t->count == 0 ||
		    tumbling_first_end(t) + t->lateness > watermark)
			return false;
		begin_closing(t);
	}
	struct span *s = t->closing;
	struct group *g = group_at(&s->groups, t->given++);
	*out = (struct tumbling_closed){.start = s->start,
	    .end = s->start + t->every,
	    .key = group_key_of(&s->groups, g),
	    .key_len = g->key_len,
	    .count = g->count,
	    .state = group_state(g)};
	if (t->given == s->groups.count) {
		out->mark = s->mark;
		s->mark = NULL;
	}
	return true;
}
