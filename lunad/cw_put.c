#include <math.h>
#include <string.h>

#include "cw.h"
#include "cw_metric.h"
#include "cw_query.h"

#define DATA_MAX 1000
#define VALUES_MAX 150
#define TWO_WEEKS_S (INT64_C(14) * 86400)
#define MINUTE_S 60

/* A datum on its way to the store. */
struct datum {
	struct request *r;
	struct json v;
	size_t n; /* from 1, as messages count */
	const char *name_space, *unit;
	int64_t metric, at_s;
};

static int
bad(struct datum *d, const char *what, const char *value)
{
	return fail(d->r, 400, CW_VALUE,
	    "The value %s for parameter MetricData.member.%zu.%s is invalid.",
	    value, d->n, what);
}

static int
both(struct datum *d, const char *a, const char *b)
{
	return fail(d->r, 400, CW_COMBINATION,
	    "The parameters MetricData.member.%zu.%s and "
	    "MetricData.member.%zu.%s are mutually exclusive and you have "
	    "specified both.",
	    d->n, a, d->n, b);
}

static bool
given(struct json v)
{
	return v.type > JSON_NULL;
}

/* A value as it stood in the request. */
static const char *
source(struct datum *d, struct json v)
{
	return v.type == JSON_STRING
		   ? param_text(d->r, v, NULL)
		   : request_format(d->r, "%.*s", (int)v.len, v.at);
}

/* -2^360 to 2^360, no NaN, no infinity. */
static int
read_number(struct datum *d, struct json v, const char *what, double *out)
{
	if (json_double(v, out) == 0 && fabs(*out) <= ldexp(1, 360))
		return 0;
	return bad(d, what, source(d, v));
}

static void
put(struct datum *d, double value, double count)
{
	struct cw_set set = {count, value * count, value, value};
	if (count > 0)
		cw_metric_put(d->r->lunad, d->metric, d->at_s, d->unit, &set);
}

static int
put_values(struct datum *d, struct json values, struct json counts)
{
	size_t n = json_count(values);
	if (given(counts) && json_count(counts) != n)
		return fail(d->r, 400, CW_VALUE,
		    "The parameters MetricData.member.%zu.Values and "
		    "MetricData.member.%zu.Counts must be of the same size.",
		    d->n, d->n);
	if (n > VALUES_MAX)
		return fail(d->r, 400, CW_VALUE,
		    "The collection MetricData.member.%zu.Values must not "
		    "have a size greater than %d.",
		    d->n, VALUES_MAX);
	for (size_t i = 0; i < n; i++) {
		double value, count = 1;
		if (read_number(d, json_at(values, i), "Values", &value) != 0)
			return -1;
		if (given(counts) &&
		    read_number(d, json_at(counts, i), "Counts", &count) != 0)
			return -1;
		put(d, value, count);
	}
	return 0;
}

static int
put_set(struct datum *d, struct json v)
{
	struct cw_set set;
	if (read_number(d, json_get(v, "SampleCount"),
		"StatisticValues.SampleCount", &set.count) != 0 ||
	    read_number(
		d, json_get(v, "Sum"), "StatisticValues.Sum", &set.sum) != 0 ||
	    read_number(d, json_get(v, "Minimum"), "StatisticValues.Minimum",
		&set.least) != 0 ||
	    read_number(d, json_get(v, "Maximum"), "StatisticValues.Maximum",
		&set.greatest) != 0)
		return -1;
	if (set.count <= 0)
		return bad(d, "StatisticValues.SampleCount", "0");
	cw_metric_put(d->r->lunad, d->metric, d->at_s, d->unit, &set);
	return 0;
}

static int
put_datum_values(struct datum *d)
{
	struct json value = json_get(d->v, "Value");
	struct json values = json_get(d->v, "Values");
	struct json set = json_get(d->v, "StatisticValues");
	double number;
	if (given(value) && given(values))
		return both(d, "Value", "Values");
	if (given(value) && given(set))
		return both(d, "Value", "StatisticValues");
	if (given(values) && given(set))
		return both(d, "Values", "StatisticValues");
	if (given(values))
		return put_values(d, values, json_get(d->v, "Counts"));
	if (given(set))
		return put_set(d, set);
	if (!given(value))
		return fail(d->r, 400, CW_MISSING_PARAMETER,
		    "The parameter MetricData.member.%zu.Value is required.",
		    d->n);
	if (read_number(d, value, "Value", &number) != 0)
		return -1;
	put(d, number, 1);
	return 0;
}

/* Two weeks back to two hours ahead; a second or the minute, by resolution. */
static int
read_when(struct datum *d)
{
	struct json when = json_get(d->v, "Timestamp");
	int64_t resolution = MINUTE_S, ms = d->r->now_ms;
	json_integer(json_get(d->v, "StorageResolution"), &resolution);
	if (resolution != 1 && resolution != MINUTE_S)
		return bad(d, "StorageResolution", "other than 1 and 60");
	if (given(when) && check_time(when, &ms) != 0)
		return bad(d, "Timestamp", source(d, when));
	if (ms < d->r->now_ms - TWO_WEEKS_S * 1000)
		return fail(d->r, 400, CW_VALUE,
		    "The parameter MetricData.member.%zu.Timestamp must "
		    "specify a time within the past two weeks.",
		    d->n);
	if (ms > d->r->now_ms + INT64_C(2) * 3600 * 1000)
		return fail(d->r, 400, CW_VALUE,
		    "The parameter MetricData.member.%zu.Timestamp must "
		    "specify a time no more than two hours in the future.",
		    d->n);
	d->at_s = ms / 1000 / resolution * resolution;
	return 0;
}

static int
put_datum(struct datum *d)
{
	struct request *r = d->r;
	struct json name = json_get(d->v, "MetricName");
	struct json unit = json_get(d->v, "Unit");
	struct buf dimensions = {0};
	if (name.type != JSON_STRING)
		return fail(r, 400, CW_MISSING_PARAMETER,
		    "The parameter MetricData.member.%zu.MetricName is "
		    "required.",
		    d->n);
	d->unit = unit.type == JSON_STRING ? param_text(r, unit, NULL) : "None";
	if (!cw_unit_ok(d->unit))
		return bad(d, "Unit", d->unit);
	if (read_when(d) != 0)
		return -1;
	if (json_count(json_get(d->v, "Dimensions")) > 30)
		return bad(d, "Dimensions", "of more than 30");
	int status = cw_dimensions(json_get(d->v, "Dimensions"), &dimensions);
	struct cw_metric_name key = {r->region, d->name_space,
	    param_text(r, name, NULL), buf_text(&dimensions)};
	if (status == 0)
		d->metric = cw_metric_make(r->store, &key);
	buf_clear(&dimensions);
	return status == 0 ? put_datum_values(d)
			   : bad(d, "Dimensions", "given");
}

static int
put_all(struct request *r, const char *name_space, struct json data)
{
	struct json_iter it;
	struct datum d = {.r = r, .name_space = name_space};
	if (json_count(data) > DATA_MAX)
		return fail(r, 400, CW_VALUE,
		    "The collection MetricData must not have a size greater "
		    "than %d.",
		    DATA_MAX);
	json_each(data, &it);
	while (json_next(&it, NULL, &d.v)) {
		d.n++;
		if (put_datum(&d) != 0)
			return -1;
	}
	return 0;
}

int
cw_put_metric_data(struct request *r)
{
	const char *name_space = param(r, "Namespace");
	struct json_iter it;
	struct json entity;
	if (cw_need(r, "Namespace") != 0)
		return ANSWER_ERROR;
	if (strncmp(name_space, "AWS/", 4) == 0 || name_space[0] == ':')
		return fail(r, 400, CW_VALUE,
		    "The value %s for parameter Namespace is invalid.",
		    name_space);
	struct json data = param_json(r, "MetricData");
	struct json entities = param_json(r, "EntityMetricData");
	if (!given(data) && !given(entities))
		return cw_need(r, "MetricData");
	if (put_all(r, name_space, data) != 0)
		return ANSWER_ERROR;
	json_each(entities, &it);
	while (json_next(&it, NULL, &entity))
		if (put_all(r, name_space, json_get(entity, "MetricData")) != 0)
			return ANSWER_ERROR;
	cw_watch_stir(r->lunad);
	cw_metric_expire(r->lunad, r->now_ms);
	return ANSWER;
}
