#ifndef LUNAD_CW_STAT_H
#define LUNAD_CW_STAT_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

/*
 * Statistics of CloudWatch: the five simple ones, and percentiles ("p99.9").
 */
struct cw_stat {
	enum {
		CW_SAMPLE_COUNT,
		CW_AVERAGE,
		CW_SUM,
		CW_MINIMUM,
		CW_MAXIMUM,
		CW_PERCENTILE
	} kind;
	double percent; /* of CW_PERCENTILE, 0 to 100 */
};

/* 0, or -1 when text names none. */
int cw_stat_parse(const char *text, struct cw_stat *stat);

/* What a period holds. */
struct cw_set {
	double count, sum, least, greatest;
};

/* The simple statistics of it. */
double cw_stat_of(const struct cw_stat *stat, const struct cw_set *set);

/*
 * A percentile of values, each there `count` times: the least value that so
 * many per cent of the samples do not exceed.
 *
 * value: ascending. n: at least 1.
 */
struct cw_value_count {
	double value, count;
};
double cw_stat_percentile(
    double percent, const struct cw_value_count *values, size_t n);

/* A number as CloudWatch writes it in texts: "1.0", "0.06668", "1.0E7". */
void cw_number(double value, struct buf *out);

#endif
