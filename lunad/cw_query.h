#ifndef LUNAD_CW_QUERY_H
#define LUNAD_CW_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cw_math.h"
#include "cw_metric.h"
#include "err.h"
#include "json.h"

/*
 * MetricDataQueries: metrics and expressions over them, as GetMetricData and
 * alarms on expressions have them.
 */
struct cw_query {
	char *id, *label;
	bool returned;    /* ReturnData */
	int64_t period_s; /* 0: an expression that takes its metrics' */
	/* a metric: */
	char *name_space, *name, *dimensions, *unit, *stat_text;
	struct cw_stat stat;
	/* an expression, or NULL: */
	char *expression;
	struct cw_math *math;
};

struct cw_queries {
	char *region;
	struct cw_query *query;
	size_t count;
};

#define CW_QUERIES_MAX 500

/*
 * Read and check all of them: ids, statistics, periods, expressions and what
 * they name.
 *
 * where: "MetricDataQueries" or "Metrics", for messages.
 * Fails: ERR_REFUSED, code and message as CloudWatch has them; out needs
 *        cw_queries_clear in either case.
 */
int cw_queries_read(const char *region, struct json array, const char *where,
    struct cw_queries *out, struct err *err);
void cw_queries_clear(struct cw_queries *q);

/* The period of a query's result, seconds. */
int64_t cw_query_period(const struct cw_queries *q, size_t index);

/*
 * The values of a query from from_s up to to_s, by periods that begin at
 * from_s.
 *
 * units: of a metric, when it has several and the query names none
 *        ("Count, Seconds"); may be NULL.
 */
int cw_query_run(struct store *s, const struct cw_queries *q, size_t index,
    int64_t from_s, int64_t to_s, struct cw_grid *grid, struct cw_value *out,
    char *units, size_t units_size, struct err *err);

/* Is seconds a period that CloudWatch takes: 1, 5, 10, 20, 30, or a multiple
 * of 60? */
bool cw_period_ok(int64_t seconds);

/* "Seconds", "Count", … */
bool cw_unit_ok(const char *unit);

#endif
