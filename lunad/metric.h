#ifndef LUNAD_METRIC_H
#define LUNAD_METRIC_H

#include <stdint.h>

/*
 * The metrics that services keep of themselves (AWS/SQS, AWS/SNS, …).
 *
 * dimensions: "QueueName=orders" pairs separated by '\n', in AWS's order.
 * unit:       "Count", "Bytes", "Milliseconds", …
 */
struct lunad;
void metric_add(struct lunad *l, const char *region, const char *name_space,
    const char *name, const char *dimensions, double value, const char *unit,
    int64_t at_ms);

/* The same of many values at once, as a statistic set. */
struct metric_set {
	double count, sum, least, greatest;
};
void metric_add_set(struct lunad *l, const char *region, const char *name_space,
    const char *name, const char *dimensions, const struct metric_set *set,
    const char *unit, int64_t at_ms);

#endif
