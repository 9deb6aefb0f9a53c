#ifndef LUNA_SERIES_H
#define LUNA_SERIES_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "call.h"
#include "err.h"
#include "json.h"
#include "opt.h"

/*
 * Data points of CloudWatch metrics, page after page:
 *
 *	while ((r = series_page(s, caller, &err)) > 0)
 *		while (series_next(s, &point))
 *			…
 *
 * Source: CloudWatch API Reference, GetMetricData.
 */
struct series_about {
	const char *name_space, *metric, *stat;
	const struct opt_list *dims; /* "NAME=VALUE" each */
	const char
	    *sql; /* a Metrics Insights query instead of these, or NULL */
	int64_t from_ms, to_ms, period_ms; /* whole seconds count */
};

/*
 * The span from since to until ("now", a time, or "3h" before it; a since of
 * that kind is before an until that was named), moved out to whole periods,
 * as CloudWatch keeps them. now_ms: the time.
 * Fails: ERR_SETUP "Usage".
 */
int series_span(struct series_about *about, const char *since,
    const char *until, int64_t now_ms, struct err *err);

struct series_point {
	int64_t ms;
	double value;
	/* Views of the page. label: of the series, which a query may give
	 * several of. */
	struct json text, label;
};

struct series;

/* about: borrowed. Fails: ERR_SETUP "Usage", a dimension without a value. */
struct series *series_open(const struct series_about *about, struct err *err);
void series_close(struct series *s);

/* What was asked for, as JSON members without braces. */
const struct buf *series_fields(const struct series *s);

/*
 * Ask for the next page. 1: it is here; 0: there is none; -1 and err.
 *
 * Fails: as call_run; ERR_LATER or ERR_SETUP with a series' StatusCode
 *        InternalError or Forbidden; ERR_LATER "InvalidReply".
 */
int series_page(struct series *s, struct caller *caller, struct err *err);
/* Does another page follow this one? */
bool series_more(const struct series *s);

/* The next point of the page, oldest first in its series; false: no more. */
bool series_next(struct series *s, struct series_point *p);

#endif
