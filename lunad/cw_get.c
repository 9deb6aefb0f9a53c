#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cw.h"
#include "cw_query.h"
#include "text.h"

#define POINTS_MAX 100800
#define HOUR_S 3600
#define DAY_S 86400

/* GetMetricData on its way: what was asked, and how much of the answer is
 * skipped (earlier pages) and still has room. */
struct get {
	struct request *r;
	struct cw_queries queries;
	int64_t from_s, to_s;
	bool ascending;
	int64_t skip, room;
	int64_t seen; /* points so far, skipped ones too */
	bool cut;
	bool many_stats, many_periods; /* among the metrics */
};

/*
 * How far back points of a period are kept on AWS; finer ones are folded
 * into coarser ones with age. It also bounds what one query can ask for.
 */
static int64_t
oldest(int64_t now_s, int64_t period_s)
{
	if (period_s < 60)
		return now_s - 3 * HOUR_S;
	if (period_s < 300)
		return now_s - 15 * DAY_S;
	if (period_s < HOUR_S)
		return now_s - 63 * DAY_S;
	return now_s - 455 * DAY_S;
}

static int
read_times(struct get *g)
{
	struct request *r = g->r;
	int64_t from_ms, to_ms;
	if (cw_need(r, "StartTime") != 0 || cw_need(r, "EndTime") != 0)
		return -1;
	if (check_time(param_json(r, "StartTime"), &from_ms) != 0 ||
	    check_time(param_json(r, "EndTime"), &to_ms) != 0)
		return fail(r, 400, CW_VALUE,
		    "The parameters StartTime and EndTime must be times.");
	if (from_ms >= to_ms)
		return fail(r, 400, CW_VALIDATION,
		    "The parameter StartTime must be less than the parameter "
		    "EndTime.");
	g->from_s = from_ms / 1000;
	g->to_s = (to_ms + 999) / 1000;
	return 0;
}

static int
read_get(struct get *g)
{
	struct request *r = g->r;
	struct json queries = param_json(r, "MetricDataQueries");
	const char *scan = param(r, "ScanBy");
	struct err err = {0};
	if (json_count(queries) == 0)
		return cw_need(r, "MetricDataQueries");
	if (read_times(g) != 0)
		return -1;
	if (scan != NULL && strcmp(scan, "TimestampDescending") != 0 &&
	    strcmp(scan, "TimestampAscending") != 0)
		return check_refuse(r, scan, "scanBy",
		    "Member must satisfy enum value set: "
		    "[TimestampDescending, TimestampAscending]");
	g->ascending = scan != NULL && strcmp(scan, "TimestampAscending") == 0;
	g->skip = param_int(r, "NextToken", 0);
	g->room = param_int(r, "MaxDatapoints", POINTS_MAX);
	if (g->room < 1 || g->room > POINTS_MAX)
		g->room = POINTS_MAX;
	if (cw_queries_read(r->region, queries, "MetricDataQueries",
		&g->queries, &err) != 0)
		return cw_fail(r, &err);
	return 0;
}

/* As AWS labels a metric: its name, and what tells it from the others. */
static void
find_differences(struct get *g)
{
	const struct cw_query *first = NULL;
	for (size_t i = 0; i < g->queries.count; i++) {
		const struct cw_query *q = &g->queries.query[i];
		if (q->math != NULL)
			continue;
		if (first == NULL)
			first = q;
		g->many_stats = g->many_stats ||
				strcmp(q->stat_text, first->stat_text) != 0;
		g->many_periods =
		    g->many_periods || q->period_s != first->period_s;
	}
}

static const char *
label(struct get *g, const struct cw_query *q, const char *id)
{
	if (q->label != NULL)
		return q->label;
	if (q->math != NULL)
		return id != NULL ? id : q->id;
	const char *text = q->name;
	if (g->many_stats)
		text = request_format(g->r, "%s %s", text, q->stat_text);
	if (g->many_periods)
		text = request_format(
		    g->r, "%s %lld", text, (long long)q->period_s);
	return text;
}

static void
put_stamp(struct request *r, struct buf *out, int64_t at_s)
{
	char iso[TEXT_ISO];
	if (!r->query) {
		put_time(out, NULL, at_s * 1000);
		return;
	}
	text_iso(at_s * 1000, iso);
	put_text(out, NULL, iso);
}

/* The part of a line that belongs to this page. */
static void
put_points(struct get *g, const struct cw_grid *grid,
    const struct cw_line *line, struct buf *stamps, struct buf *values)
{
	for (size_t k = 0; k < grid->count; k++) {
		size_t i = g->ascending ? k : grid->count - 1 - k;
		if (isnan(line->at[i]))
			continue;
		if (g->seen - g->skip >= g->room) {
			g->cut = true;
			return;
		}
		if (g->seen++ < g->skip)
			continue;
		put_stamp(
		    g->r, stamps, grid->from_s + (int64_t)i * grid->period_s);
		put_double(values, NULL, line->at[i]);
	}
}

static void
put_units(struct buf *out, const char *units)
{
	struct buf text = {0};
	buf_addf(&text, "Multiple units returned: '[%s]'", units);
	put_open(out, "Messages", '[');
	put_open(out, NULL, '{');
	put_text(out, "Code", "MultipleUnits");
	put_text(out, "Value", buf_text(&text));
	put_close(out, '}');
	put_close(out, ']');
	buf_clear(&text);
}

static void
put_result(struct get *g, const struct cw_query *q, const struct cw_grid *grid,
    const struct cw_line *line, const char *id, const char *units)
{
	struct buf *out = g->r->out;
	struct buf stamps = {0}, values = {0};
	int64_t before = g->seen;
	put_points(g, grid, line, &stamps, &values);
	/* A line that was whole on an earlier page is not said again. */
	if (g->skip == 0 || g->seen > g->skip ||
	    (g->seen == before && before > g->skip)) {
		put_open(out, NULL, '{');
		put_text(out, "Id", q->id);
		put_text(out, "Label", label(g, q, id));
		put_open(out, "Timestamps", '[');
		buf_add(out, buf_text(&stamps), stamps.len);
		put_close(out, ']');
		put_open(out, "Values", '[');
		buf_add(out, buf_text(&values), values.len);
		put_close(out, ']');
		put_text(
		    out, "StatusCode", g->cut ? "PartialData" : "Complete");
		if (units[0] != '\0')
			put_units(out, units);
		put_close(out, '}');
	}
	buf_clear(&stamps);
	buf_clear(&values);
}

static void
run_one(struct get *g, size_t index)
{
	const struct cw_query *q = &g->queries.query[index];
	int64_t period = cw_query_period(&g->queries, index);
	int64_t step = period < 60 ? period : 60;
	int64_t from_s = g->from_s / step * step, to_s = g->to_s;
	int64_t now_s = g->r->now_ms / 1000;
	int64_t least = oldest(now_s, period);
	char units[256];
	struct cw_grid grid;
	struct cw_value v;
	struct err err = {0};
	if (from_s < least)
		from_s += (least - from_s + period - 1) / period * period;
	if (to_s > now_s + 3 * HOUR_S)
		to_s = now_s + 3 * HOUR_S;
	int status = cw_query_run(g->r->store, &g->queries, index, from_s, to_s,
	    &grid, &v, units, sizeof(units), &err);
	if (status == 0 && v.kind == CW_NUMBER) {
		double number = v.number;
		cw_value_series(&v, &grid, NULL);
		for (size_t i = 0; i < grid.count; i++)
			v.line[0].at[i] = number;
	}
	for (size_t i = 0; status == 0 && !g->cut && i < v.count; i++)
		put_result(g, q, &grid, &v.line[i],
		    v.kind == CW_LIST ? v.line[i].id : NULL,
		    q->math == NULL ? units : "");
	cw_value_clear(&v);
}

int
cw_get_metric_data(struct request *r)
{
	struct get g = {.r = r};
	int status = read_get(&g);
	if (status != 0)
		goto out;
	find_differences(&g);
	cw_metric_flush(r->lunad);
	put_open(r->out, NULL, '{');
	put_open(r->out, "MetricDataResults", '[');
	for (size_t i = 0; i < g.queries.count && !g.cut; i++)
		if (g.queries.query[i].returned)
			run_one(&g, i);
	put_close(r->out, ']');
	put_open(r->out, "Messages", '[');
	put_close(r->out, ']');
	if (g.cut)
		put_text(r->out, "NextToken",
		    request_format(r, "%lld", (long long)(g.skip + g.room)));
	put_close(r->out, '}');
out:
	cw_queries_clear(&g.queries);
	return status == 0 ? ANSWER : ANSWER_ERROR;
}
