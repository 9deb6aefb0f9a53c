#include "cw_query.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

/* Expressions may name expressions; so deep. */
#define DEPTH_MAX 10

bool
cw_period_ok(int64_t seconds)
{
	return seconds == 1 || seconds == 5 || seconds == 10 || seconds == 20 ||
	       seconds == 30 || (seconds > 0 && seconds % 60 == 0);
}

bool
cw_unit_ok(const char *unit)
{
	static const char *const units[] = {"Seconds", "Microseconds",
	    "Milliseconds", "Bytes", "Kilobytes", "Megabytes", "Gigabytes",
	    "Terabytes", "Bits", "Kilobits", "Megabits", "Gigabits", "Terabits",
	    "Percent", "Count", "Bytes/Second", "Kilobytes/Second",
	    "Megabytes/Second", "Gigabytes/Second", "Terabytes/Second",
	    "Bits/Second", "Kilobits/Second", "Megabits/Second",
	    "Gigabits/Second", "Terabits/Second", "Count/Second", "None"};
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (strcmp(unit, units[i]) == 0)
			return true;
	return false;
}

static int
missing(struct err *err, const char *where, size_t n, const char *what)
{
	return err_set(err, ERR_REFUSED, "MissingRequiredParameterException",
	    "The parameter %s.member.%zu.%s is required.", where, n, what);
}

static int
invalid(struct err *err, const char *where, size_t n, const char *what,
    const char *value)
{
	return err_set(err, ERR_REFUSED, "InvalidParameterValueException",
	    "The value %s for parameter %s.member.%zu.%s is invalid.", value,
	    where, n, what);
}

static int
read_stat(struct json stat, const char *where, size_t n, struct cw_query *q,
    struct err *err)
{
	struct json metric = json_get(stat, "Metric");
	struct buf dimensions = {0};
	q->name_space = json_dup(json_get(metric, "Namespace"));
	q->name = json_dup(json_get(metric, "MetricName"));
	q->stat_text = json_dup(json_get(stat, "Stat"));
	q->unit = json_dup(json_get(stat, "Unit"));
	if (q->name_space == NULL || q->name == NULL)
		return missing(err, where, n,
		    q->name == NULL ? "MetricStat.Metric.MetricName"
				    : "MetricStat.Metric.Namespace");
	if (q->stat_text == NULL)
		return missing(err, where, n, "MetricStat.Stat");
	if (cw_stat_parse(q->stat_text, &q->stat) != 0)
		return invalid(err, where, n, "MetricStat.Stat", q->stat_text);
	if (q->unit != NULL && !cw_unit_ok(q->unit))
		return invalid(err, where, n, "MetricStat.Unit", q->unit);
	if (json_integer(json_get(stat, "Period"), &q->period_s) != 0)
		return missing(err, where, n, "MetricStat.Period");
	int status = cw_dimensions(json_get(metric, "Dimensions"), &dimensions);
	q->dimensions = buf_take(&dimensions);
	if (status != 0)
		return invalid(err, where, n, "MetricStat.Metric.Dimensions",
		    q->dimensions);
	return 0;
}

static bool
id_ok(const char *id)
{
	if (!islower((unsigned char)*id))
		return false;
	for (; *id != '\0'; id++)
		if (!isalnum((unsigned char)*id) && *id != '_')
			return false;
	return true;
}

static int
read_expression(
    const char *where, size_t n, struct cw_query *q, struct err *err)
{
	if (strncasecmp(q->expression, "SELECT ", 7) == 0 ||
	    strncmp(q->expression, "SEARCH(", 7) == 0)
		return err_set(err, ERR_REFUSED, "ValidationException",
		    "Error in expression '%s': lunad has no %s", q->id,
		    q->expression[2] == 'A' ? "SEARCH"
					    : "CloudWatch Metrics Insights");
	if (cw_math_parse(q->expression, &q->math, err) == 0)
		return 0;
	snprintf(err->code, sizeof(err->code), "ValidationException");
	(void)where;
	(void)n;
	return -1;
}

static int
read_one(struct json v, const char *where, size_t n, struct cw_query *q,
    struct err *err)
{
	struct json stat = json_get(v, "MetricStat");
	struct json returned = json_get(v, "ReturnData");
	struct json period = json_get(v, "Period");
	q->id = json_dup(json_get(v, "Id"));
	q->label = json_dup(json_get(v, "Label"));
	q->expression = json_dup(json_get(v, "Expression"));
	q->returned = returned.type == JSON_NONE || json_true(returned);
	if (q->id == NULL)
		return missing(err, where, n, "Id");
	if (!id_ok(q->id))
		return invalid(err, where, n, "Id", q->id);
	if ((stat.type == JSON_OBJECT) == (q->expression != NULL))
		return err_set(err, ERR_REFUSED, "ValidationException",
		    "Exactly one of MetricStat and Expression is required in "
		    "%s.member.%zu.",
		    where, n);
	if (q->expression == NULL) {
		if (read_stat(stat, where, n, q, err) != 0)
			return -1;
	} else {
		json_integer(period, &q->period_s);
		if (read_expression(where, n, q, err) != 0)
			return -1;
	}
	if ((q->expression == NULL || period.type != JSON_NONE) &&
	    !cw_period_ok(q->period_s))
		return err_set(err, ERR_REFUSED,
		    "InvalidParameterValueException",
		    "The parameter Period must be 1, 5, 10, 20, 30, or a "
		    "multiple of 60.");
	return 0;
}

static int
index_of(const struct cw_queries *q, const char *id)
{
	for (size_t i = 0; i < q->count; i++)
		if (strcmp(q->query[i].id, id) == 0)
			return (int)i;
	return -1;
}

/* Does what an expression names exist, and not lead back to it? */
static int
check_names(
    const struct cw_queries *q, size_t index, int depth, struct err *err)
{
	const struct cw_math *math = q->query[index].math;
	const char *id;
	if (math == NULL)
		return 0;
	if (depth > DEPTH_MAX)
		return err_set(err, ERR_REFUSED, "ValidationException",
		    "Error in expression '%s': it leads back to itself",
		    q->query[index].id);
	for (size_t i = 0; (id = cw_math_id(math, i)) != NULL; i++) {
		int other = index_of(q, id);
		if (strcmp(id, "METRICS") == 0)
			continue;
		if (other < 0)
			return err_set(err, ERR_REFUSED, "ValidationException",
			    "Error in expression '%s': there is no query "
			    "with the id %s",
			    q->query[index].id, id);
		if (check_names(q, (size_t)other, depth + 1, err) != 0)
			return -1;
	}
	return 0;
}

/* The kinds of values do not depend on the data: run it without any. */
static int
check_kinds(const struct cw_queries *q, size_t index, struct err *err)
{
	struct cw_grid grid;
	struct cw_value v;
	int status =
	    cw_query_run(NULL, q, index, 0, 60, &grid, &v, NULL, 0, err);
	if (status != 0)
		snprintf(err->code, sizeof(err->code), "ValidationException");
	cw_value_clear(&v);
	return status;
}

int
cw_queries_read(const char *region, struct json array, const char *where,
    struct cw_queries *out, struct err *err)
{
	struct json_iter it;
	struct json v;
	*out = (struct cw_queries){.region = mem_text(region)};
	if (json_count(array) > CW_QUERIES_MAX)
		return err_set(err, ERR_REFUSED, "ValidationException",
		    "The collection %s must not have a size greater than %d.",
		    where, CW_QUERIES_MAX);
	out->query = mem_alloc((json_count(array) + 1) * sizeof(*out->query));
	json_each(array, &it);
	while (json_next(&it, NULL, &v)) {
		struct cw_query *q = &out->query[out->count++];
		if (read_one(v, where, out->count, q, err) != 0)
			return -1;
		if (index_of(out, q->id) + 1 != (int)out->count)
			return err_set(err, ERR_REFUSED, "ValidationException",
			    "The values for parameter id in %s are not "
			    "unique.",
			    where);
	}
	for (size_t i = 0; i < out->count; i++)
		if (check_names(out, i, 0, err) != 0 ||
		    check_kinds(out, i, err) != 0)
			return -1;
	return 0;
}

void
cw_queries_clear(struct cw_queries *q)
{
	for (size_t i = 0; i < q->count; i++) {
		struct cw_query *one = &q->query[i];
		free(one->id);
		free(one->label);
		free(one->name_space);
		free(one->name);
		free(one->dimensions);
		free(one->unit);
		free(one->stat_text);
		free(one->expression);
		cw_math_free(one->math);
	}
	free(q->query);
	free(q->region);
	*q = (struct cw_queries){0};
}

static int64_t
metrics_period(const struct cw_queries *q)
{
	int64_t most = 0;
	for (size_t i = 0; i < q->count; i++)
		if (q->query[i].math == NULL && q->query[i].period_s > most)
			most = q->query[i].period_s;
	return most;
}

int64_t
cw_query_period(const struct cw_queries *q, size_t index)
{
	const struct cw_query *one = &q->query[index];
	const char *id;
	int64_t most = 0;
	if (one->period_s > 0)
		return one->period_s;
	for (size_t i = 0; (id = cw_math_id(one->math, i)) != NULL; i++) {
		int64_t p = strcmp(id, "METRICS") == 0
				? metrics_period(q)
				: cw_query_period(q, (size_t)index_of(q, id));
		most = p > most ? p : most;
	}
	return most > 0 ? most : 60;
}

/* One evaluation: all that it reads has the same grid. */
struct run {
	struct store *store;
	const struct cw_queries *q;
	const struct cw_grid *grid;
	int64_t to_s;
	char *units;
	size_t units_size;
};

static int run_query(
    struct run *run, size_t index, struct cw_value *out, struct err *err);

static void
run_metric(struct run *run, const struct cw_query *q, struct cw_value *out)
{
	const struct cw_grid *grid = run->grid;
	struct cw_metric_name name = {
	    run->q->region, q->name_space, q->name, q->dimensions};
	struct cw_ask ask = {.from_s = grid->from_s,
	    .to_s = run->to_s,
	    .period_s = grid->period_s,
	    .stat = q->stat,
	    .unit = q->unit};
	struct cw_points points;
	cw_value_series(out, grid, q->id);
	if (run->store == NULL)
		return;
	ask.metric = cw_metric_find(run->store, &name);
	cw_points_read(run->store, &ask, &points);
	for (size_t i = 0; i < points.count; i++) {
		int64_t n =
		    (points.point[i].at_s - grid->from_s) / grid->period_s;
		if (n >= 0 && (size_t)n < grid->count)
			out->line[0].at[n] = points.point[i].value;
	}
	if (run->units != NULL)
		snprintf(run->units, run->units_size, "%s", points.units);
	cw_points_clear(&points);
}

static int
value_of(void *arg, const char *id, struct cw_value *out, struct err *err)
{
	struct run *run = arg;
	return run_query(run, (size_t)index_of(run->q, id), out, err);
}

static int
run_query(struct run *run, size_t index, struct cw_value *out, struct err *err)
{
	const struct cw_query *q = &run->q->query[index];
	*out = (struct cw_value){0};
	if (q->math == NULL) {
		run_metric(run, q, out);
		return 0;
	}
	const char **metric = mem_alloc(run->q->count * sizeof(*metric));
	struct cw_math_env env = {.grid = *run->grid,
	    .arg = run,
	    .value = value_of,
	    .metric = metric};
	for (size_t i = 0; i < run->q->count; i++)
		if (run->q->query[i].math == NULL)
			metric[env.metric_count++] = run->q->query[i].id;
	int status = cw_math_run(q->math, &env, out, err);
	free(metric);
	return status;
}

int
cw_query_run(struct store *s, const struct cw_queries *q, size_t index,
    int64_t from_s, int64_t to_s, struct cw_grid *grid, struct cw_value *out,
    char *units, size_t units_size, struct err *err)
{
	int64_t period = cw_query_period(q, index);
	*grid = (struct cw_grid){.from_s = from_s,
	    .period_s = period,
	    .count = to_s > from_s
			 ? (size_t)((to_s - from_s + period - 1) / period)
			 : 0};
	struct run run = {s, q, grid, to_s, units, units_size};
	if (units != NULL)
		units[0] = '\0';
	return run_query(&run, index, out, err);
}
