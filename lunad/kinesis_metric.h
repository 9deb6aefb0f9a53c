#ifndef LUNAD_KINESIS_METRIC_H
#define LUNAD_KINESIS_METRIC_H

#include "kinesis.h"

/*
 * The AWS/Kinesis metrics: gathered in memory by stream, and by shard where
 * enhanced monitoring asks for it, and handed to CloudWatch once a virtual
 * minute. A crash loses the minute, as it does for all of lunad's metrics.
 */
struct kinesis_puts {
	size_t records, throttled, broken;
	size_t bytes, stored_bytes;
	bool single; /* by PutRecord */
};
void kinesis_metric_put(struct request *r, struct kinesis_stream *s,
    const struct kinesis_puts *puts);

/* The same of one record, for its shard. */
void kinesis_metric_record(struct request *r, struct kinesis_stream *s,
    const struct kinesis_shard *shard, size_t bytes, bool stored);

struct kinesis_gets {
	size_t records, bytes;
	int64_t behind_ms;
};
void kinesis_metric_get(struct request *r, struct kinesis_stream *s,
    const struct kinesis_shard *shard, const struct kinesis_gets *gets);
/* A read that was throttled. */
void kinesis_metric_refused(struct request *r, struct kinesis_stream *s,
    const struct kinesis_shard *shard);

int64_t kinesis_metric_due(void);
void kinesis_metric_run_due(struct lunad *l);
void kinesis_metric_forget(void);
void kinesis_metric_free(struct kinesis_meter *m);

#endif
