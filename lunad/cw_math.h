#ifndef LUNAD_CW_MATH_H
#define LUNAD_CW_MATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

/*
 * Metric math: expressions over time series.
 *
 * Operators: + - * / ^ %, < <= > >= == !=, AND OR (&& ||), and the unary -.
 * Functions: SUM AVG MIN MAX STDDEV DATAPOINT_COUNT ABS CEIL FLOOR LOG LOG10
 * FILL IF METRICS RATE DIFF DIFF_TIME RUNNING_SUM PERIOD TIME_SERIES.
 *
 * Source: CloudWatch User Guide, "Using math expressions with CloudWatch
 * metrics".
 */

/* The periods that every series of an evaluation has. */
struct cw_grid {
	int64_t from_s, period_s;
	size_t count;
};

/* A series: grid.count values, NAN where there is none. */
struct cw_line {
	double *at;
	char *id; /* of the query it came from, or NULL */
};

struct cw_value {
	enum { CW_NUMBER, CW_SERIES, CW_LIST } kind;
	double number;
	struct cw_line *line; /* one for CW_SERIES */
	size_t count;
};

void cw_value_clear(struct cw_value *v);
/* A series without values. */
void cw_value_series(
    struct cw_value *v, const struct cw_grid *grid, const char *id);

struct cw_math;

/* Fails: ERR_REFUSED, the message has what and where. */
int cw_math_parse(const char *text, struct cw_math **out, struct err *err);
void cw_math_free(struct cw_math *m);
/* The i'th id that the expression names, or NULL past the last; METRICS()
 * counts as "METRICS". */
const char *cw_math_id(const struct cw_math *m, size_t i);

struct cw_math_env {
	struct cw_grid grid;
	void *arg;
	/* The value of an id; 0, or -1 and err. */
	int (*value)(
	    void *arg, const char *id, struct cw_value *out, struct err *err);
	const char *const *metric; /* ids that are metrics, for METRICS() */
	size_t metric_count;
};

/* out needs cw_value_clear in either case. */
int cw_math_run(const struct cw_math *m, const struct cw_math_env *env,
    struct cw_value *out, struct err *err);

#endif
