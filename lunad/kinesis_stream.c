/*
 * Streams: found by name, and kept in memory as their rows say.
 */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "kinesis.h"
#include "kinesis_metric.h"
#include "mem.h"

/* By name and region; a deleted stream keeps its place with id 0. */
static void *streams;
static struct kinesis_stream *first;

static int
compare(const void *a, const void *b)
{
	const struct kinesis_stream *x = a, *y = b;
	int order = strcmp(x->name, y->name);
	return order != 0 ? order : strcmp(x->region, y->region);
}

static void
stream_free(void *stream)
{
	struct kinesis_stream *s = stream;
	kinesis_shard_free(s);
	kinesis_metric_free(s->meter);
	free(s->key_id);
	free(s->region);
	free(s->name);
	free(s);
}

void
kinesis_stream_forget(void)
{
	tdestroy(streams, stream_free);
	streams = NULL;
	first = NULL;
}

struct kinesis_stream *
kinesis_stream_first(void)
{
	return first;
}

void
kinesis_stream_stale(struct kinesis_stream *s)
{
	s->stale = true;
}

/* Read its rows; id is 0 when they are gone. */
static void
read_stream(struct store *store, struct kinesis_stream *s)
{
	sqlite3_stmt *q = store_query(store,
	    "SELECT id, created_at, on_demand, retention, max_kib, monitored,"
	    " key_id FROM kinesis_stream WHERE region = ? AND name = ?",
	    "tt", s->region, s->name);
	s->id = 0;
	free(s->key_id);
	s->key_id = NULL;
	if (store_next(q)) {
		s->id = store_int(q, 0);
		s->created_ms = store_int(q, 1);
		s->on_demand = store_int(q, 2) != 0;
		s->retention_h = store_int(q, 3);
		s->max_kib = store_int(q, 4);
		s->monitored = (unsigned)store_int(q, 5);
		if (!store_null(q, 6))
			s->key_id = mem_text(store_text(q, 6));
		store_end(q);
	}
	s->undone = store_undone(store);
	s->stale = false;
	kinesis_shard_read(store, s);
}

struct kinesis_stream *
kinesis_stream_find(struct store *store, const char *region, const char *name)
{
	const struct kinesis_stream key = {.region = (char *)(uintptr_t)region,
	    .name = (char *)(uintptr_t)name};
	struct kinesis_stream **found = tfind(&key, &streams, compare), *s;
	if (found != NULL) {
		s = *found;
		if (s->id == 0 || s->stale || s->undone != store_undone(store))
			read_stream(store, s);
		return s->id == 0 ? NULL : s;
	}
	if (store_number(store, 0,
		"SELECT 1 FROM kinesis_stream WHERE region = ? AND name = ?",
		"tt", region, name) == 0)
		return NULL;
	s = mem_alloc(sizeof(*s));
	s->region = mem_text(region);
	s->name = mem_text(name);
	s->next = first;
	first = s;
	tsearch(s, &streams, compare);
	read_stream(store, s);
	return s;
}

void
kinesis_stream_load(struct store *store)
{
	sqlite3_stmt *q =
	    store_query(store, "SELECT region, name FROM kinesis_stream", "");
	while (store_next(q))
		kinesis_stream_find(store, store_text(q, 0), store_text(q, 1));
}

int64_t
kinesis_stream_horizon(const struct kinesis_stream *s, int64_t now_ms)
{
	return now_ms - s->retention_h * KINESIS_HOUR_MS + 1;
}

int
kinesis_stream_missing(struct request *r, const char *name)
{
	return fail(r, 400, "ResourceNotFoundException",
	    "Stream %s under account %s not found.", name, r->account);
}

const char *
kinesis_stream_arn(struct request *r, const struct kinesis_stream *s)
{
	return request_format(r,
	    "arn:aws:kinesis:%s:" LUNAD_ACCOUNT ":stream/%s", s->region,
	    s->name);
}

const char *
kinesis_stream_name(struct request *r, const char *arn)
{
	const char *begin = request_format(
	    r, "arn:aws:kinesis:%s:" LUNAD_ACCOUNT ":stream/", r->region);
	size_t n = strlen(begin);
	if (strncmp(arn, begin, n) != 0)
		return NULL;
	return request_copy(r, arn + n, strcspn(arn + n, "/"));
}

struct kinesis_stream *
kinesis_stream_of_arn(struct request *r, const char *what)
{
	bool bad = false;
	const char *arn = kinesis_text(r,
	    &(struct kinesis_rule){
		.name = what, .least = 1, .most = 2048, .required = true},
	    &bad);
	if (arn == NULL)
		return NULL;
	const char *name = kinesis_stream_name(r, arn);
	struct kinesis_stream *s =
	    name == NULL ? NULL
			 : kinesis_stream_find(r->store, r->region, name);
	if (s == NULL)
		kinesis_stream_missing(r, name == NULL ? arn : name);
	return s;
}

struct kinesis_stream *
kinesis_stream_asked(struct request *r)
{
	bool bad = false;
	const char *name = kinesis_text(r,
	    &(struct kinesis_rule){
		.name = "StreamName", .form = KINESIS_NAME, .most = 128},
	    &bad);
	if (bad)
		return NULL;
	const char *arn = param(r, "StreamARN");
	if (arn == NULL && name == NULL) {
		fail(r, 400, "InvalidArgumentException",
		    "Either StreamName or StreamARN must be given.");
		return NULL;
	}
	if (arn != NULL) {
		struct kinesis_stream *s =
		    kinesis_stream_of_arn(r, "StreamARN");
		if (s == NULL || name == NULL || strcmp(s->name, name) == 0)
			return s;
		fail(r, 400, "InvalidArgumentException",
		    "StreamARN %s is not that of StreamName %s.", arn, name);
		return NULL;
	}
	struct kinesis_stream *s =
	    kinesis_stream_find(r->store, r->region, name);
	if (s == NULL)
		kinesis_stream_missing(r, name);
	return s;
}
