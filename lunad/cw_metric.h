#ifndef LUNAD_CW_METRIC_H
#define LUNAD_CW_METRIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cw_stat.h"
#include "json.h"

/*
 * The store of data points. A row is a second, a unit and a value (or the
 * bounds of a statistic set) with how often it was there: equal values add
 * up, and percentiles stay exact.
 *
 * Points are kept for 455 days of virtual time, AWS's 15 months.
 */
struct lunad;
struct store;

/*
 * Dimensions in the form by which metrics are told apart: a JSON array of
 * {"Name":…,"Value":…} sorted by name, without spaces.
 *
 * array: Dimensions of a request, or absent.
 * Returns -1 when an element lacks a name or a value, or a name comes twice.
 */
int cw_dimensions(struct json array, struct buf *out);

struct cw_metric_name {
	const char *region, *name_space, *name;
	const char *dimensions; /* from cw_dimensions */
};

/* 0: there is none. */
int64_t cw_metric_find(struct store *s, const struct cw_metric_name *name);
/* The same, making it when it is not there. */
int64_t cw_metric_make(struct store *s, const struct cw_metric_name *name);

void cw_metric_put(struct lunad *l, int64_t metric, int64_t at_s,
    const char *unit, const struct cw_set *set);

/*
 * Bring what metric_add gathered to the store. Call it inside a savepoint
 * only when nothing can fail any more: what is rolled back is lost.
 */
void cw_metric_flush(struct lunad *l);
/* Virtual time at which that is due; INT64_MAX: nothing is waiting. */
int64_t cw_metric_due(void);
void cw_metric_forget(void);
/* Drop points past their time; does work once a virtual day. */
void cw_metric_expire(struct lunad *l, int64_t now_ms);

/*
 * A metric as a series of periods: from_s, from_s + period_s, … below to_s.
 *
 * unit: NULL takes the alphabetically first that is there, as AWS does;
 *       units then lists all.
 */
struct cw_ask {
	int64_t metric; /* 0: an empty series */
	int64_t from_s, to_s, period_s;
	struct cw_stat stat;
	const char *unit;
};

struct cw_point {
	int64_t at_s; /* begin of the period */
	double value;
	double samples;
};

struct cw_points {
	struct cw_point *point;
	size_t count; /* ascending; only periods that have data */
	char unit[32];
	char units[256]; /* "Count, Seconds" when there are several */
};

void cw_points_read(
    struct store *s, const struct cw_ask *ask, struct cw_points *out);
void cw_points_clear(struct cw_points *p);

#endif
