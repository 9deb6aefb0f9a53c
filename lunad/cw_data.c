#include <stdlib.h>
#include <string.h>

#include "cw.h"
#include "cw_metric.h"
#include "cw_query.h"
#include "store.h"

#define STATISTICS_POINTS_MAX 1440
#define LIST_PAGE 500
#define TWO_WEEKS_S (INT64_C(14) * 86400)
#define MINUTE_S 60

/* Has a metric (its dimensions) all that the filters ask for? */
static bool
has_dimensions(const char *dimensions, struct json filters)
{
	struct json_iter it, own;
	struct json filter, one, all;
	if (json_scan(dimensions, strlen(dimensions), &all, NULL) != 0)
		return false;
	json_each(filters, &it);
	while (json_next(&it, NULL, &filter)) {
		struct json value = json_get(filter, "Value");
		char *name = json_dup(json_get(filter, "Name"));
		char *want = json_dup(value);
		bool found = false;
		json_each(all, &own);
		while (!found && name != NULL && json_next(&own, NULL, &one))
			found = json_is(json_get(one, "Name"), name) &&
				(want == NULL ||
				    json_is(json_get(one, "Value"), want));
		free(name);
		free(want);
		if (!found)
			return false;
	}
	return true;
}

int
cw_list_metrics(struct request *r)
{
	struct json filters = param_json(r, "Dimensions");
	const char *recent = param(r, "RecentlyActive");
	int64_t since_s = r->now_ms / 1000 - TWO_WEEKS_S, page = 0, last = 0;
	bool more = false;
	if (recent != NULL && strcmp(recent, "PT3H") != 0)
		return check_refuse(r, recent, "recentlyActive",
		    "Member must satisfy enum value set: [PT3H]");
	if (recent != NULL)
		since_s = r->now_ms / 1000 - 3 * 3600;
	cw_metric_flush(r->lunad);
	put_open(r->out, NULL, '{');
	put_open(r->out, "Metrics", '[');
	sqlite3_stmt *q = store_query(r->store,
	    "select id, namespace, name, dimensions from cw_metric m"
	    " where region = ? and namespace = coalesce(?, namespace)"
	    " and name = coalesce(?, name) and id > ? and exists (select 1"
	    " from cw_point where metric = m.id and at_s >= ?) order by id",
	    "tttii", r->region, param(r, "Namespace"), param(r, "MetricName"),
	    param_int(r, "NextToken", 0), since_s);
	while (!more && store_next(q)) {
		if (!has_dimensions(store_text(q, 3), filters))
			continue;
		if (page++ == LIST_PAGE) {
			more = true;
			continue;
		}
		last = store_int(q, 0);
		put_open(r->out, NULL, '{');
		put_text(r->out, "Namespace", store_text(q, 1));
		put_text(r->out, "MetricName", store_text(q, 2));
		put_raw(r->out, "Dimensions", store_text(q, 3),
		    strlen(store_text(q, 3)));
		put_close(r->out, '}');
	}
	store_end(q);
	put_close(r->out, ']');
	if (more)
		put_text(r->out, "NextToken",
		    request_format(r, "%lld", (long long)last));
	put_close(r->out, '}');
	return ANSWER;
}

/* What GetMetricStatistics was asked. */
struct asked {
	int64_t from_s, to_s, period_s;
	const char *unit;
	struct json statistics, extended;
	struct cw_metric_name name;
};

static int
read_asked(struct request *r, struct asked *a)
{
	static const char *const needed[] = {
	    "Namespace", "MetricName", "StartTime", "EndTime", "Period"};
	int64_t from_ms, to_ms;
	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++)
		if (cw_need(r, needed[i]) != 0)
			return -1;
	if (check_time(param_json(r, "StartTime"), &from_ms) != 0 ||
	    check_time(param_json(r, "EndTime"), &to_ms) != 0)
		return fail(r, 400, CW_VALUE,
		    "The parameters StartTime and EndTime must be times.");
	if (from_ms >= to_ms)
		return fail(r, 400, CW_VALUE,
		    "The parameter StartTime must be less than the parameter "
		    "EndTime.");
	a->period_s = param_int(r, "Period", 0);
	if (!cw_period_ok(a->period_s))
		return fail(r, 400, CW_VALUE,
		    "The parameter Period must be 1, 5, 10, 20, 30, or a "
		    "multiple of 60.");
	a->statistics = param_json(r, "Statistics");
	a->extended = param_json(r, "ExtendedStatistics");
	if (json_count(a->statistics) + json_count(a->extended) == 0)
		return fail(r, 400, CW_COMBINATION,
		    "Must specify either Statistics or ExtendedStatistics");
	int64_t points = (to_ms - from_ms) / 1000 / a->period_s;
	if (points > STATISTICS_POINTS_MAX)
		return fail(r, 400, CW_COMBINATION,
		    "You have requested up to %lld datapoints, which exceeds "
		    "the limit of %d. You may reduce the datapoints requested "
		    "by increasing Period, or decreasing the time range.",
		    (long long)points, STATISTICS_POINTS_MAX);
	int64_t step = a->period_s < MINUTE_S ? a->period_s : MINUTE_S;
	a->from_s = from_ms / 1000 / step * step;
	a->to_s = to_ms / 1000;
	a->unit = param(r, "Unit");
	return 0;
}

static int
check_statistics(struct request *r, struct json list, bool extended)
{
	struct json_iter it;
	struct json one;
	struct cw_stat stat;
	json_each(list, &it);
	while (json_next(&it, NULL, &one)) {
		const char *text = param_text(r, one, NULL);
		if (cw_stat_parse(text, &stat) == 0 &&
		    (stat.kind == CW_PERCENTILE) == extended)
			continue;
		if (text == NULL)
			text = "";
		if (extended)
			return fail(r, 400, CW_VALUE,
			    "The value %s for parameter ExtendedStatistics is "
			    "not supported.",
			    text);
		return check_refuse(r, text, "statistics",
		    "Member must satisfy enum value set: [Minimum, Maximum, "
		    "Average, Sum, SampleCount]");
	}
	return 0;
}

/* The points of each statistic side by side: they have the same periods. */
struct columns {
	struct cw_points *points;
	const char **name;
	size_t count;
};

static void
read_columns(
    struct request *r, struct cw_ask *ask, struct json list, struct columns *c)
{
	struct json_iter it;
	struct json one;
	json_each(list, &it);
	while (json_next(&it, NULL, &one)) {
		c->name[c->count] = param_text(r, one, NULL);
		cw_stat_parse(c->name[c->count], &ask->stat);
		cw_points_read(r->store, ask, &c->points[c->count++]);
	}
}

static void
print_columns(
    struct request *r, const char *unit, const struct columns *c, size_t simple)
{
	for (size_t i = 0; i < c->points[0].count; i++) {
		int64_t at_s = c->points[0].point[i].at_s;
		put_open(r->out, NULL, '{');
		put_time(r->out, "Timestamp", at_s * 1000);
		for (size_t k = 0; k < simple; k++)
			put_double(
			    r->out, c->name[k], c->points[k].point[i].value);
		if (simple < c->count)
			put_open(r->out, "ExtendedStatistics", '{');
		for (size_t k = simple; k < c->count; k++)
			for (size_t j = 0; j < c->points[k].count; j++)
				if (c->points[k].point[j].at_s == at_s)
					put_double(r->out, c->name[k],
					    c->points[k].point[j].value);
		if (simple < c->count)
			put_close(r->out, '}');
		put_text(r->out, "Unit", unit);
		put_close(r->out, '}');
	}
}

static void
print_unit(
    struct request *r, const struct asked *a, int64_t metric, const char *unit)
{
	size_t n = json_count(a->statistics) + json_count(a->extended);
	struct columns c = {.points = request_alloc(r, n * sizeof(*c.points)),
	    .name = request_alloc(r, n * sizeof(*c.name))};
	struct cw_ask ask = {
	    metric, a->from_s, a->to_s, a->period_s, {.kind = CW_SUM}, unit};
	read_columns(r, &ask, a->statistics, &c);
	size_t simple = c.count;
	read_columns(r, &ask, a->extended, &c);
	print_columns(r, unit, &c, simple);
	for (size_t i = 0; i < c.count; i++)
		cw_points_clear(&c.points[i]);
}

int
cw_get_metric_statistics(struct request *r)
{
	struct asked a = {0};
	struct buf dimensions = {0};
	if (read_asked(r, &a) != 0 ||
	    check_statistics(r, a.statistics, false) != 0 ||
	    check_statistics(r, a.extended, true) != 0)
		return ANSWER_ERROR;
	int status = cw_dimensions(param_json(r, "Dimensions"), &dimensions);
	const char *key = request_format(r, "%s", buf_text(&dimensions));
	buf_clear(&dimensions);
	if (status != 0)
		return fail(
		    r, 400, CW_VALUE, "The parameter Dimensions is invalid.");
	cw_metric_flush(r->lunad);
	int64_t metric = cw_metric_find(
	    r->store, &(struct cw_metric_name){r->region, param(r, "Namespace"),
			  param(r, "MetricName"), key});
	put_open(r->out, NULL, '{');
	put_text(r->out, "Label", param(r, "MetricName"));
	put_open(r->out, "Datapoints", '[');
	sqlite3_stmt *q = store_query(r->store,
	    "select distinct unit from cw_point where metric = ?"
	    " and at_s >= ? and at_s < ? and unit = coalesce(?, unit)"
	    " order by unit",
	    "iiit", metric, a.from_s, a.to_s, a.unit);
	while (store_next(q))
		print_unit(r, &a, metric, store_text(q, 0));
	store_end(q);
	put_close(r->out, ']');
	put_close(r->out, '}');
	return ANSWER;
}
