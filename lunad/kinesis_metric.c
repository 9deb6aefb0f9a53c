#include "kinesis_metric.h"

#include <stdio.h>
#include <stdlib.h>

#include "mem.h"
#include "metric.h"

#define MINUTE_MS 60000

/* What is measured, by stream; the shards' own come first, in the order of
 * the bits of kinesis_stream.monitored. */
enum number {
	INCOMING_BYTES,
	INCOMING_RECORDS,
	OUTGOING_BYTES,
	OUTGOING_RECORDS,
	WRITE_EXCEEDED,
	READ_EXCEEDED,
	ITERATOR_AGE,
	SHARD_NUMBERS,
	PUT_RECORD_BYTES = SHARD_NUMBERS,
	PUT_RECORD_LATENCY,
	PUT_RECORD_SUCCESS,
	PUT_RECORDS_BYTES,
	PUT_RECORDS_LATENCY,
	PUT_RECORDS_SUCCESS,
	PUT_RECORDS_TOTAL,
	PUT_RECORDS_SUCCESSFUL,
	PUT_RECORDS_FAILED,
	PUT_RECORDS_THROTTLED,
	GET_LATENCY,
	GET_SUCCESS,
	NUMBERS
};

static const struct {
	const char *name, *unit;
} numbers[NUMBERS] = {
    [INCOMING_BYTES] = {"IncomingBytes", "Bytes"},
    [INCOMING_RECORDS] = {"IncomingRecords", "Count"},
    [OUTGOING_BYTES] = {"GetRecords.Bytes", "Bytes"},
    [OUTGOING_RECORDS] = {"GetRecords.Records", "Count"},
    [WRITE_EXCEEDED] = {"WriteProvisionedThroughputExceeded", "Count"},
    [READ_EXCEEDED] = {"ReadProvisionedThroughputExceeded", "Count"},
    [ITERATOR_AGE] = {"GetRecords.IteratorAgeMilliseconds", "Milliseconds"},
    [PUT_RECORD_BYTES] = {"PutRecord.Bytes", "Bytes"},
    [PUT_RECORD_LATENCY] = {"PutRecord.Latency", "Milliseconds"},
    [PUT_RECORD_SUCCESS] = {"PutRecord.Success", "Count"},
    [PUT_RECORDS_BYTES] = {"PutRecords.Bytes", "Bytes"},
    [PUT_RECORDS_LATENCY] = {"PutRecords.Latency", "Milliseconds"},
    [PUT_RECORDS_SUCCESS] = {"PutRecords.Success", "Count"},
    [PUT_RECORDS_TOTAL] = {"PutRecords.TotalRecords", "Count"},
    [PUT_RECORDS_SUCCESSFUL] = {"PutRecords.SuccessfulRecords", "Count"},
    [PUT_RECORDS_FAILED] = {"PutRecords.FailedRecords", "Count"},
    [PUT_RECORDS_THROTTLED] = {"PutRecords.ThrottledRecords", "Count"},
    [GET_LATENCY] = {"GetRecords.Latency", "Milliseconds"},
    [GET_SUCCESS] = {"GetRecords.Success", "Count"},
};

static const char *const shard_names[SHARD_NUMBERS] = {
    [INCOMING_BYTES] = "IncomingBytes",
    [INCOMING_RECORDS] = "IncomingRecords",
    [OUTGOING_BYTES] = "OutgoingBytes",
    [OUTGOING_RECORDS] = "OutgoingRecords",
    [WRITE_EXCEEDED] = "WriteProvisionedThroughputExceeded",
    [READ_EXCEEDED] = "ReadProvisionedThroughputExceeded",
    [ITERATOR_AGE] = "IteratorAgeMilliseconds",
};

/* One shard's, found by its index. */
struct shard_meter {
	uint32_t index;
	struct metric_set set[SHARD_NUMBERS];
};

struct kinesis_meter {
	struct metric_set set[NUMBERS];
	struct shard_meter *shard;
	size_t shards;
};

/* The end of the running minute; KINESIS_NEVER when nothing was counted. */
static int64_t tick_at = KINESIS_NEVER;

void
kinesis_metric_forget(void)
{
	tick_at = KINESIS_NEVER;
}

void
kinesis_metric_free(struct kinesis_meter *m)
{
	if (m != NULL)
		free(m->shard);
	free(m);
}

static void
sample(struct metric_set *set, double value)
{
	if (set->count == 0 || value < set->least)
		set->least = value;
	if (set->count == 0 || value > set->greatest)
		set->greatest = value;
	set->count++;
	set->sum += value;
}

static struct kinesis_meter *
meter_of(struct request *r, struct kinesis_stream *s)
{
	int64_t end = (r->now_ms / MINUTE_MS + 1) * MINUTE_MS;
	if (tick_at > end)
		tick_at = end;
	if (s->meter == NULL)
		s->meter = mem_alloc(sizeof(*s->meter));
	return s->meter;
}

/* NULL: the stream's shards are not monitored. */
static struct metric_set *
shard_sets(struct kinesis_stream *s, const struct kinesis_shard *d)
{
	struct kinesis_meter *m = s->meter;
	size_t i = 0;
	if (s->monitored == 0)
		return NULL;
	while (i < m->shards && m->shard[i].index != d->index)
		i++;
	if (i == m->shards) {
		m->shard = mem_grow(m->shard, m->shards + 1, sizeof(*m->shard));
		m->shard[m->shards++] = (struct shard_meter){.index = d->index};
	}
	return m->shard[i].set;
}

static double
latency(struct request *r)
{
	return (double)(lunad_now(r->lunad) - r->now_ms);
}

void
kinesis_metric_put(struct request *r, struct kinesis_stream *s,
    const struct kinesis_puts *puts)
{
	struct metric_set *set = meter_of(r, s)->set;
	double stored =
	    (double)(puts->records - puts->throttled - puts->broken);
	sample(&set[INCOMING_BYTES], (double)puts->stored_bytes);
	sample(&set[INCOMING_RECORDS], stored);
	sample(&set[WRITE_EXCEEDED], (double)puts->throttled);
	if (puts->single) {
		sample(&set[PUT_RECORD_BYTES], (double)puts->bytes);
		sample(&set[PUT_RECORD_LATENCY], latency(r));
		sample(&set[PUT_RECORD_SUCCESS], stored);
		return;
	}
	sample(&set[PUT_RECORDS_BYTES], (double)puts->bytes);
	sample(&set[PUT_RECORDS_LATENCY], latency(r));
	sample(&set[PUT_RECORDS_SUCCESS], stored > 0);
	sample(&set[PUT_RECORDS_TOTAL], (double)puts->records);
	sample(&set[PUT_RECORDS_SUCCESSFUL], stored);
	sample(&set[PUT_RECORDS_FAILED], (double)puts->broken);
	sample(&set[PUT_RECORDS_THROTTLED], (double)puts->throttled);
}

void
kinesis_metric_record(struct request *r, struct kinesis_stream *s,
    const struct kinesis_shard *d, size_t bytes, bool stored)
{
	meter_of(r, s);
	struct metric_set *set = shard_sets(s, d);
	if (set == NULL)
		return;
	if (stored) {
		sample(&set[INCOMING_BYTES], (double)bytes);
		sample(&set[INCOMING_RECORDS], 1);
	}
	sample(&set[WRITE_EXCEEDED], stored ? 0 : 1);
}

void
kinesis_metric_get(struct request *r, struct kinesis_stream *s,
    const struct kinesis_shard *d, const struct kinesis_gets *gets)
{
	struct metric_set *set = meter_of(r, s)->set;
	struct metric_set *shard = shard_sets(s, d);
	sample(&set[OUTGOING_BYTES], (double)gets->bytes);
	sample(&set[OUTGOING_RECORDS], (double)gets->records);
	sample(&set[ITERATOR_AGE], (double)gets->behind_ms);
	sample(&set[READ_EXCEEDED], 0);
	sample(&set[GET_LATENCY], latency(r));
	sample(&set[GET_SUCCESS], 1);
	if (shard == NULL)
		return;
	sample(&shard[OUTGOING_BYTES], (double)gets->bytes);
	sample(&shard[OUTGOING_RECORDS], (double)gets->records);
	sample(&shard[ITERATOR_AGE], (double)gets->behind_ms);
	sample(&shard[READ_EXCEEDED], 0);
}

void
kinesis_metric_refused(
    struct request *r, struct kinesis_stream *s, const struct kinesis_shard *d)
{
	struct metric_set *set = meter_of(r, s)->set;
	struct metric_set *shard = shard_sets(s, d);
	sample(&set[READ_EXCEEDED], 1);
	sample(&set[GET_SUCCESS], 0);
	if (shard != NULL)
		sample(&shard[READ_EXCEEDED], 1);
}

int64_t
kinesis_metric_due(void)
{
	return tick_at;
}

/* Hand over what was counted, and begin anew. */
static void
flush(struct lunad *l, const char *region, const char *dimensions,
    const char *name, const char *unit, struct metric_set *set, int64_t at_ms)
{
	if (set->count > 0)
		metric_add_set(l, region, "AWS/Kinesis", name, dimensions, set,
		    unit, at_ms);
	*set = (struct metric_set){0};
}

static void
flush_shards(struct lunad *l, struct kinesis_stream *s, int64_t at_ms)
{
	char dimensions[200], id[KINESIS_SHARD_ID];
	for (size_t k = 0; k < s->meter->shards; k++) {
		struct shard_meter *m = &s->meter->shard[k];
		kinesis_shard_name(m->index, id);
		snprintf(dimensions, sizeof(dimensions),
		    "ShardId=%s\nStreamName=%s", id, s->name);
		for (size_t i = 0; i < SHARD_NUMBERS; i++)
			if ((s->monitored >> i & 1) != 0)
				flush(l, s->region, dimensions, shard_names[i],
				    numbers[i].unit, &m->set[i], at_ms);
	}
	s->meter->shards = 0;
}

void
kinesis_metric_run_due(struct lunad *l)
{
	char dimensions[160];
	int64_t at_ms = tick_at - MINUTE_MS;
	tick_at = KINESIS_NEVER;
	for (struct kinesis_stream *s = kinesis_stream_first(); s != NULL;
	     s = s->next) {
		if (s->meter == NULL)
			continue;
		snprintf(
		    dimensions, sizeof(dimensions), "StreamName=%s", s->name);
		for (size_t i = 0; i < NUMBERS; i++)
			flush(l, s->region, dimensions, numbers[i].name,
			    numbers[i].unit, &s->meter->set[i], at_ms);
		flush_shards(l, s, at_ms);
	}
}
