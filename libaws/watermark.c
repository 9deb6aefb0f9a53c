#include "watermark.h"

#include <stdlib.h>
#include <string.h>

#include "group.h"
#include "json.h"
#include "mem.h"
#include "text.h"

/* Up to where a shard was read. */
struct position {
	char *text; /* "SequenceNumber":"…"[,…], or NULL: nowhere */
	int64_t time;
};

struct shard {
	char *id; /* a JSON string, as it came; NULL: records of no stream */
	int64_t time;
	struct buf at; /* the text of its position; empty: nowhere */
	struct position began;
	int64_t heard;
	bool begun; /* its state was learnt */
	bool over;  /* it is read no longer */
	bool named;
};

struct watermark_mark {
	struct watermark_mark *older, *newer;
	size_t refs;
	uint64_t records; /* that had passed when it was made */
	size_t count;
	struct position position[];
};

struct watermark {
	int64_t idle;
	struct shard *shard;
	size_t count, recent;
	char *stream;      /* its name as it came, or NULL */
	struct buf coming; /* the position of the record that was heard */
	uint64_t records;
	struct watermark_mark *oldest, *newest;
	int64_t done_end; /* the last window marked before the start */
	char *done_key;
};

/* A mark may serve another window while so few records came since. */
enum { SHARED = 32 };

struct watermark *
watermark_new(int64_t idle_ms)
{
	struct watermark *w = mem_alloc(sizeof(*w));
	w->idle = idle_ms;
	w->done_end = INT64_MIN;
	return w;
}

static void
free_mark(struct watermark_mark *mark)
{
	for (size_t i = 0; i < mark->count; i++)
		free(mark->position[i].text);
	free(mark);
}

void
watermark_free(struct watermark *w)
{
	if (w == NULL)
		return;
	while (w->oldest != NULL) {
		struct watermark_mark *next = w->oldest->newer;
		free_mark(w->oldest);
		w->oldest = next;
	}
	for (size_t i = 0; i < w->count; i++) {
		free(w->shard[i].id);
		free(w->shard[i].began.text);
		buf_clear(&w->shard[i].at);
	}
	free(w->shard);
	free(w->stream);
	free(w->done_key);
	buf_clear(&w->coming);
	free(w);
}

static bool
is_shard(const struct shard *s, struct json id)
{
	if (s->id == NULL || id.type != JSON_STRING)
		return s->id == NULL && id.type != JSON_STRING;
	return strlen(s->id) == id.len && memcmp(s->id, id.at, id.len) == 0;
}

/* Valid until the next is found. */
static struct shard *
find(struct watermark *w, struct json id, int64_t tick)
{
	if (w->recent < w->count && is_shard(&w->shard[w->recent], id))
		return &w->shard[w->recent];
	for (w->recent = 0; w->recent < w->count; w->recent++)
		if (is_shard(&w->shard[w->recent], id))
			return &w->shard[w->recent];
	w->shard = mem_grow(w->shard, w->count + 1, sizeof(*w->shard));
	w->shard[w->count++] = (struct shard){
	    .id = id.type == JSON_STRING ? json_source(id) : NULL,
	    .time = WATERMARK_NONE,
	    .began.time = WATERMARK_NONE,
	    .heard = tick};
	return &w->shard[w->recent];
}

static void
add_position(struct json sequence, struct json sub, struct buf *out)
{
	if (sequence.type == JSON_NONE)
		return;
	buf_add_text(out, "\"SequenceNumber\":");
	buf_add(out, sequence.at, sequence.len);
	if (sub.type == JSON_NONE)
		return;
	buf_add_text(out, ",\"SubSequenceNumber\":");
	buf_add(out, sub.at, sub.len);
}

/* Of all shards the last window that was marked counts. */
static void
learn_done(struct watermark *w, struct json last)
{
	int64_t end;
	struct json group = json_get(last, "Group");
	if (json_integer(json_get(last, "End"), &end) != 0 ||
	    group.type != JSON_ARRAY || end < w->done_end ||
	    (end == w->done_end && group_compare(group.at, group.len,
				       w->done_key, strlen(w->done_key)) < 0))
		return;
	free(w->done_key);
	w->done_key = json_source(group);
	w->done_end = end;
}

/* What the state file had of a shard when it was begun. */
static void
begin_at(struct watermark *w, struct shard *s, struct json state)
{
	struct json carry = json_get(state, "Carry");
	int64_t time;
	add_position(json_get(state, "SequenceNumber"),
	    json_get(state, "SubSequenceNumber"), &s->at);
	if (json_integer(json_get(carry, "Watermark"), &time) == 0)
		s->time = time;
	struct json since = json_get(state, "Timestamp");
	if (s->at.len == 0 && since.type == JSON_STRING)
		buf_addf(
		    &s->at, "\"Timestamp\":%.*s", (int)since.len, since.at);
	if (s->at.len > 0)
		s->began = (struct position){
		    mem_text_of(s->at.data, s->at.len), s->time};
	learn_done(w, json_get(carry, "Last"));
}

/*
 * The shards that are read from now on. The one that is new goes on where
 * those ended that are no longer there: a child is read after its parents.
 */
static void
learn_shards(struct watermark *w, struct json shards, int64_t tick)
{
	struct json_iter it;
	struct json id, state;
	int64_t inherited = WATERMARK_NONE;
	json_members(shards, &it);
	while (json_next(&it, &id, &state))
		find(w, id, tick)->named = true;
	for (size_t i = 0; i < w->count; i++) {
		struct shard *s = &w->shard[i];
		if (s->id == NULL)
			continue;
		if (!s->named && !s->over && s->time > inherited)
			inherited = s->time;
		s->over = !s->named;
		s->named = false;
	}
	json_members(shards, &it);
	while (json_next(&it, &id, &state)) {
		struct shard *s = find(w, id, tick);
		if (!s->begun && s->at.len == 0)
			begin_at(w, s, state);
		if (!s->begun && s->time == WATERMARK_NONE)
			s->time = inherited;
		s->begun = true;
	}
}

size_t
watermark_hear(struct watermark *w, const struct record *r, int64_t tick)
{
	struct json_iter it;
	struct json key, value, id = {0}, number = {0}, sub = {0};
	buf_reset(&w->coming);
	json_members(record_origin(r, "kinesis"), &it);
	while (json_next(&it, &key, &value)) {
		if (json_is(key, "ShardId"))
			id = value;
		else if (json_is(key, "SequenceNumber"))
			number = value;
		else if (json_is(key, "SubSequenceNumber"))
			sub = value;
		else if (json_is(key, "Shards"))
			learn_shards(w, value, tick);
		else if (w->stream == NULL && json_is(key, "StreamName"))
			w->stream = json_source(value);
	}
	struct shard *s = find(w, id, tick);
	s->heard = tick;
	s->over = false;
	if (id.type == JSON_STRING)
		add_position(number, sub, &w->coming);
	return (size_t)(s - w->shard);
}

int64_t
watermark_of(const struct watermark *w, size_t source)
{
	return w->shard[source].time;
}

void
watermark_pass(struct watermark *w, size_t source, int64_t time_ms)
{
	struct shard *s = &w->shard[source];
	if (time_ms > s->time)
		s->time = time_ms;
	w->records++;
	if (w->coming.len == 0)
		return;
	buf_reset(&s->at);
	buf_add(&s->at, w->coming.data, w->coming.len);
}

static bool
is_idle(const struct watermark *w, const struct shard *s, int64_t tick)
{
	return w->idle > 0 && tick - s->heard >= w->idle;
}

int64_t
watermark_low(struct watermark *w, int64_t tick)
{
	int64_t low = INT64_MAX;
	bool any = false;
	for (size_t i = 0; i < w->count; i++) {
		const struct shard *s = &w->shard[i];
		if (s->over)
			continue;
		any = true;
		if (s->time < low && !is_idle(w, s, tick))
			low = s->time;
	}
	return any ? low : WATERMARK_NONE;
}

int64_t
watermark_wake(const struct watermark *w, int64_t tick)
{
	int64_t wake = -1;
	for (size_t i = 0; w->idle > 0 && i < w->count; i++) {
		const struct shard *s = &w->shard[i];
		int64_t at = s->heard + w->idle;
		if (!s->over && at > tick && (wake < 0 || at < wake))
			wake = at;
	}
	return wake;
}

bool
watermark_streams(const struct watermark *w)
{
	return w->stream != NULL;
}

struct watermark_mark *
watermark_hold(struct watermark *w, bool shared)
{
	struct watermark_mark *mark = w->newest;
	if (mark != NULL &&
	    (mark->records == w->records ||
		(shared && w->records - mark->records < SHARED))) {
		mark->refs++;
		return mark;
	}
	size_t count = w->stream == NULL ? 0 : w->count;
	mark = mem_alloc(sizeof(*mark) + count * sizeof(*mark->position));
	mark->refs = 1;
	mark->records = w->records;
	mark->count = count;
	for (size_t i = 0; i < count; i++) {
		const struct shard *s = &w->shard[i];
		if (s->at.len > 0)
			mark->position[i] = (struct position){
			    mem_text_of(s->at.data, s->at.len), s->time};
	}
	mark->older = w->newest;
	if (w->newest == NULL)
		w->oldest = mark;
	else
		w->newest->newer = mark;
	return w->newest = mark;
}

void
watermark_release(struct watermark *w, struct watermark_mark *mark)
{
	if (mark == NULL || --mark->refs > 0)
		return;
	if (mark->older == NULL)
		w->oldest = mark->newer;
	else
		mark->older->newer = mark->newer;
	if (mark->newer == NULL)
		w->newest = mark->older;
	else
		mark->newer->older = mark->older;
	free_mark(mark);
}

struct watermark_mark *
watermark_join(
    struct watermark *w, struct watermark_mark *a, struct watermark_mark *b)
{
	struct watermark_mark *newer = a->records > b->records ? a : b;
	struct watermark_mark *older = newer == a ? b : a;
	watermark_release(w, newer);
	return older;
}

bool
watermark_done(
    const struct watermark *w, int64_t end_ms, const char *key, size_t len)
{
	if (end_ms != w->done_end || w->done_key == NULL)
		return end_ms < w->done_end;
	return group_compare(key, len, w->done_key, strlen(w->done_key)) <= 0;
}

/* The position of shard i that the oldest open window leaves. */
static bool
position_of(const struct watermark *w, size_t i, struct position *out)
{
	const struct shard *s = &w->shard[i];
	if (w->oldest == NULL)
		*out = (struct position){
		    s->at.len > 0 ? s->at.data : NULL, s->time};
	else if (i < w->oldest->count)
		*out = w->oldest->position[i];
	else
		*out = s->began;
	return out->text != NULL;
}

void
watermark_print(const struct watermark *w, int64_t end_ms, const char *key,
    size_t len, struct buf *out)
{
	struct position at;
	bool first = true;
	buf_add_text(out, ",\"@metadata\":{\"from\":{\"kinesis\":{"
			  "\"StreamName\":");
	buf_add_text(out, w->stream);
	buf_add_text(out, ",\"Positions\":{");
	for (size_t i = 0; i < w->count; i++) {
		if (w->shard[i].id == NULL || !position_of(w, i, &at))
			continue;
		buf_addf(out, "%s%s:{%s,\"Carry\":{", first ? "" : ",",
		    w->shard[i].id, at.text);
		if (at.time != WATERMARK_NONE)
			buf_addf(
			    out, "\"Watermark\":%lld,", (long long)at.time);
		buf_addf(out,
		    "\"Last\":{\"End\":%lld,\"Group\":", (long long)end_ms);
		buf_add(out, key, len);
		buf_add_text(out, "}}}");
		first = false;
	}
	buf_add_text(out, "}}}}");
}
