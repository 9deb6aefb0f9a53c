#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cw.h"
#include "cw_alarm.h"
#include "cw_metric.h"
#include "cw_query.h"
#include "mem.h"
#include "store.h"

/*
 * Alarms are judged at each full minute of virtual time (those with a period
 * below a minute: at each tenth second), over periods that end there, as AWS
 * does. One event judges all that are due.
 *
 * An alarm without a point in or after its range, whose state follows from
 * that, settles: it is not judged again before points come. So an advance by
 * a month over silent metrics costs nothing.
 */
#define MINUTE_MS 60000
#define SHORT_MS 10000

static struct {
	int64_t judged_ms; /* the last full minute, or tenth second */
	bool stirred;
} watch;

void
cw_watch_stir(struct lunad *l)
{
	(void)l;
	watch.stirred = true;
}

void
cw_watch_open(struct lunad *l)
{
	watch.judged_ms = lunad_now(l) / SHORT_MS * SHORT_MS;
	watch.stirred = true;
	cw_metric_forget();
}

int64_t
cw_watch_due(struct lunad *l)
{
	int64_t flush = cw_metric_due();
	int64_t step_s = store_number(lunad_store(l), 0,
	    "select min(step_s) from cw_alarm where settled = 0 or ?", "i",
	    (int64_t)watch.stirred);
	if (step_s == 0)
		return flush;
	int64_t step = step_s * 1000;
	int64_t due = (watch.judged_ms / step + 1) * step;
	return due < flush ? due : flush;
}

/* What an evaluation looks at. */
struct look {
	struct cw_rule rule;
	struct cw_queries q; /* one query, or those of Metrics */
	size_t which;
	int64_t period_s, from_s, to_s;
	struct cw_seen *seen;
	size_t range;
	const char *unit;
};

/* The metric of a simple alarm as a query. */
static void
read_single(const struct cw_alarm *a, struct cw_queries *q)
{
	struct buf dimensions = {0};
	char *stat = cw_alarm_text(a, "Statistic");
	q->region = mem_text(a->region);
	q->query = mem_alloc(sizeof(*q->query));
	q->count = 1;
	struct cw_query *one = &q->query[0];
	one->id = mem_text("m1");
	one->returned = true;
	one->period_s = cw_alarm_int(a, "Period");
	one->name_space = cw_alarm_text(a, "Namespace");
	one->name = cw_alarm_text(a, "MetricName");
	one->unit = cw_alarm_text(a, "Unit");
	one->stat_text =
	    stat != NULL ? stat : cw_alarm_text(a, "ExtendedStatistic");
	cw_stat_parse(one->stat_text, &one->stat);
	cw_dimensions(json_get(a->config, "Dimensions"), &dimensions);
	one->dimensions = buf_take(&dimensions);
}

static int
open_look(const struct cw_alarm *a, int64_t now_ms, struct look *look)
{
	struct json metrics = json_get(a->config, "Metrics");
	*look = (struct look){.rule = cw_alarm_rule(a)};
	if (metrics.type != JSON_ARRAY)
		read_single(a, &look->q);
	else if (cw_queries_read(
		     a->region, metrics, "Metrics", &look->q, NULL) != 0)
		return -1;
	while (look->which + 1 < look->q.count &&
	       !look->q.query[look->which].returned)
		look->which++;
	look->period_s = cw_query_period(&look->q, look->which);
	int64_t step = look->period_s < 60 ? SHORT_MS : MINUTE_MS;
	look->range = (size_t)(look->rule.periods + CW_RANGE_MORE);
	look->to_s = now_ms / step * step / 1000;
	look->from_s = look->to_s - (int64_t)look->range * look->period_s;
	look->seen = mem_alloc(look->range * sizeof(*look->seen));
	for (size_t i = 0; i < look->range; i++)
		look->seen[i] = (struct cw_seen){
		    look->from_s + (int64_t)i * look->period_s, NAN, 0};
	return 0;
}

static void
close_look(struct look *look)
{
	cw_queries_clear(&look->q);
	free(look->seen);
}

static void
see_metric(struct store *s, struct look *look)
{
	const struct cw_query *q = &look->q.query[look->which];
	struct cw_metric_name name = {
	    look->q.region, q->name_space, q->name, q->dimensions};
	struct cw_ask ask = {cw_metric_find(s, &name), look->from_s, look->to_s,
	    look->period_s, q->stat, q->unit};
	struct cw_points points;
	cw_points_read(s, &ask, &points);
	for (size_t i = 0; i < points.count; i++) {
		int64_t n =
		    (points.point[i].at_s - look->from_s) / look->period_s;
		look->seen[n].value = points.point[i].value;
		look->seen[n].samples = points.point[i].samples;
	}
	cw_points_clear(&points);
}

static void
see(struct store *s, struct look *look)
{
	struct cw_grid grid;
	struct cw_value v;
	if (look->q.query[look->which].math == NULL) {
		see_metric(s, look);
		return;
	}
	if (cw_query_run(s, &look->q, look->which, look->from_s, look->to_s,
		&grid, &v, NULL, 0, NULL) == 0 &&
	    v.kind == CW_SERIES)
		for (size_t i = 0; i < look->range; i++)
			look->seen[i].value = v.line[0].at[i];
	cw_value_clear(&v);
}

/* Is there nothing in the range, nor after it? */
static bool
silent(struct store *s, const struct look *look)
{
	for (size_t i = 0; i < look->range; i++)
		if (!isnan(look->seen[i].value))
			return false;
	for (size_t i = 0; i < look->q.count; i++) {
		const struct cw_query *q = &look->q.query[i];
		if (q->math != NULL)
			continue;
		struct cw_metric_name name = {
		    look->q.region, q->name_space, q->name, q->dimensions};
		if (store_number(s, 0,
			"select 1 from cw_point where metric = ? and"
			" at_s >= ? limit 1",
			"ii", cw_metric_find(s, &name), look->from_s) != 0)
			return false;
	}
	return true;
}

/* A percentile of few samples says little: the alarm may ask that it is not
 * judged by it. */
static bool
too_few(const struct cw_alarm *a, const struct look *look, const size_t *used,
    size_t count)
{
	const struct cw_stat *stat = &look->q.query[look->which].stat;
	struct json ask =
	    json_get(a->config, "EvaluateLowSampleCountPercentile");
	if (ask.type == JSON_NONE || !json_is(ask, "ignore") ||
	    stat->kind != CW_PERCENTILE)
		return false;
	double p = stat->percent / 100;
	double least = p > 0.5 ? 10 / (1 - p) : 10 / p;
	for (size_t i = 0; i < count; i++) {
		const struct cw_seen *seen = &look->seen[used[i]];
		if (!isnan(seen->value) && seen->samples < least)
			return true;
	}
	return false;
}

/* StateReasonData; used: newest first. */
static void
write_data(const struct look *look, const size_t *used, size_t count,
    int64_t now_ms, struct buf *out)
{
	const struct cw_query *q = &look->q.query[look->which];
	char stamp[CW_STAMP];
	bool first = true;
	put_open(out, NULL, '{');
	put_text(out, "version", "1.0");
	cw_stamp(now_ms, stamp);
	put_text(out, "queryDate", stamp);
	for (size_t i = count; first && i-- > 0;)
		if (!isnan(look->seen[used[i]].value)) {
			cw_stamp(look->seen[used[i]].at_s * 1000, stamp);
			put_text(out, "startDate", stamp);
			first = false;
		}
	if (q->unit != NULL)
		put_text(out, "unit", q->unit);
	if (q->stat_text != NULL)
		put_text(out, "statistic", q->stat_text);
	put_int(out, "period", look->period_s);
	put_open(out, "recentDatapoints", '[');
	first = true;
	for (size_t i = count; i-- > 0;)
		if (!isnan(look->seen[used[i]].value)) {
			buf_add_text(out, first ? "" : ",");
			cw_number(look->seen[used[i]].value, out);
			first = false;
		}
	put_close(out, ']');
	struct buf number = {0};
	cw_number(look->rule.threshold, &number);
	put_raw(out, "threshold", buf_text(&number), number.len);
	put_open(out, "evaluatedDatapoints", '[');
	for (size_t i = 0; i < count; i++) {
		const struct cw_seen *seen = &look->seen[used[i]];
		put_open(out, NULL, '{');
		cw_stamp(seen->at_s * 1000, stamp);
		put_text(out, "timestamp", stamp);
		if (!isnan(seen->value) && q->math == NULL) {
			buf_reset(&number);
			cw_number(seen->samples, &number);
			put_raw(
			    out, "sampleCount", buf_text(&number), number.len);
		}
		if (!isnan(seen->value)) {
			buf_reset(&number);
			cw_number(seen->value, &number);
			put_raw(out, "value", buf_text(&number), number.len);
		}
		put_close(out, '}');
	}
	put_close(out, ']');
	put_close(out, '}');
	buf_clear(&number);
}

static void
judge(struct lunad *l, struct cw_alarm *a, int64_t now_ms)
{
	struct store *s = lunad_store(l);
	struct buf reason = {0}, data = {0};
	struct look look;
	if (open_look(a, now_ms, &look) != 0)
		goto out;
	see(s, &look);
	size_t *used = mem_alloc((size_t)look.rule.periods * sizeof(*used));
	struct cw_verdict v =
	    cw_judge(&look.rule, look.seen, a->state, used, &reason);
	if (!v.kept && too_few(a, &look, used, v.used_count))
		v.kept = true;
	if (!v.kept && v.state != a->state) {
		write_data(&look, used, v.used_count, now_ms, &data);
		cw_alarm_change(
		    l, a, v.state, buf_text(&reason), buf_text(&data), now_ms);
	} else if (silent(s, &look)) {
		store_do(s,
		    "update cw_alarm set settled = 1 where region = ? and"
		    " name = ?",
		    "tt", a->region, a->name);
	}
	free(used);
out:
	close_look(&look);
	buf_clear(&reason);
	buf_clear(&data);
}

void
cw_watch_run(struct lunad *l, int64_t now_ms)
{
	struct store *s = lunad_store(l);
	struct cw_alarm *list = NULL;
	size_t n = 0;
	if (cw_metric_due() != INT64_MAX) {
		cw_metric_flush(l);
		watch.stirred = true;
	}
	if (watch.stirred)
		store_do(
		    s, "update cw_alarm set settled = 0 where settled = 1", "");
	watch.stirred = false;
	cw_metric_expire(l, now_ms);
	bool minute = now_ms / MINUTE_MS != watch.judged_ms / MINUTE_MS;
	if (now_ms / SHORT_MS == watch.judged_ms / SHORT_MS)
		return;
	watch.judged_ms = now_ms / SHORT_MS * SHORT_MS;
	struct sqlite3_stmt *q = store_query(s,
	    "select region, name, config, enabled, state, reason,"
	    " reason_data, config_ms, state_ms, transition_ms from cw_alarm"
	    " where settled = 0 and (? or step_s < 60)"
	    " order by region, name",
	    "i", (int64_t)minute);
	do
		list = mem_grow(list, n + 1, sizeof(*list));
	while (cw_alarm_next(q, &list[n]) && ++n > 0);
	for (size_t i = 0; i < n; i++) {
		judge(l, &list[i], now_ms);
		cw_alarm_clear(&list[i]);
	}
	free(list);
}
