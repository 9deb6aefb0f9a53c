#include "series.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "text.h"

struct series {
	const struct series_about *about;
	struct call call;
	struct buf body, fields, token;
	bool begun;
	/* The page: the series, the one that is read, its times and values. */
	struct json_iter results, times, values;
	struct json label;
};

static int
add_dims(const struct opt_list *dims, struct buf *out, struct err *err)
{
	buf_add_text(out, ",\"Dimensions\":[");
	for (size_t i = 0; i < dims->count; i++) {
		const char *equals = strchr(dims->item[i], '=');
		if (equals == NULL || equals == dims->item[i])
			return err_set(err, ERR_SETUP, "Usage",
			    "--dim wants NAME=VALUE, not '%s'", dims->item[i]);
		buf_add_text(out, i == 0 ? "{\"Name\":" : ",{\"Name\":");
		text_json_string(
		    dims->item[i], (size_t)(equals - dims->item[i]), out);
		text_json_member("Value", equals + 1, out);
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
	return 0;
}

static int
add_metric(const struct series_about *a, struct buf *out, struct err *err)
{
	text_json_member("Namespace", a->name_space, out);
	text_json_member("MetricName", a->metric, out);
	return add_dims(a->dims, out, err);
}

static int
make_fields(struct series *s, struct err *err)
{
	const struct series_about *a = s->about;
	if (a->sql == NULL) {
		if (add_metric(a, &s->fields, err) != 0)
			return -1;
		text_json_member("Stat", a->stat, &s->fields);
		buf_add_char(&s->fields, ',');
	}
	buf_addf(
	    &s->fields, "\"Period\":%lld", (long long)(a->period_ms / 1000));
	return 0;
}

static void
make_body(struct series *s)
{
	const struct series_about *a = s->about;
	struct buf *out = &s->body;
	buf_reset(out);
	buf_addf(out,
	    "{\"StartTime\":%lld,\"EndTime\":%lld,"
	    "\"ScanBy\":\"TimestampAscending\",\"MetricDataQueries\":["
	    "{\"Id\":\"m\"",
	    (long long)(a->from_ms / 1000), (long long)(a->to_ms / 1000));
	if (a->sql != NULL) {
		text_json_member("Expression", a->sql, out);
	} else {
		buf_add_text(out, ",\"MetricStat\":{\"Metric\":{");
		add_metric(a, out, NULL);
		buf_add_char(out, '}');
		text_json_member("Stat", a->stat, out);
	}
	buf_addf(out, ",\"Period\":%lld", (long long)(a->period_ms / 1000));
	buf_add_text(out, a->sql != NULL ? "}]" : "}}]");
	if (s->token.len > 0)
		text_json_member("NextToken", s->token.data, out);
	buf_add_char(out, '}');
}

struct series *
series_open(const struct series_about *about, struct err *err)
{
	struct series *s = mem_alloc(sizeof(*s));
	s->about = about;
	if (make_fields(s, err) == 0)
		return s;
	series_close(s);
	return NULL;
}

void
series_close(struct series *s)
{
	if (s == NULL)
		return;
	call_clear(&s->call);
	buf_clear(&s->body);
	buf_clear(&s->fields);
	buf_clear(&s->token);
	free(s);
}

const struct buf *
series_fields(const struct series *s)
{
	return &s->fields;
}

/* A series can fail in a reply that succeeds. */
static int
check_status(struct json result, struct err *err)
{
	struct json status = json_get(result, "StatusCode");
	bool forbidden = json_is(status, "Forbidden");
	if (!forbidden && !json_is(status, "InternalError"))
		return 0;
	struct json message =
	    json_get(json_at(json_get(result, "Messages"), 0), "Value");
	char *text = json_dup(message);
	err_set(err, forbidden ? ERR_SETUP : ERR_LATER,
	    forbidden ? "Forbidden" : "InternalError",
	    "GetMetricData has no data: %s",
	    text == NULL ? "CloudWatch does not say why" : text);
	free(text);
	return -1;
}

static int
take_page(struct series *s, struct err *err)
{
	struct json reply, v, results;
	struct json_iter it;
	if (json_scan(s->call.reply.data, s->call.reply.len, &reply, NULL) !=
		0 ||
	    (results = json_get(reply, "MetricDataResults")).type != JSON_ARRAY)
		return err_set(err, ERR_LATER, "InvalidReply",
		    "the reply to GetMetricData has no results");
	json_each(results, &it);
	while (json_next(&it, NULL, &v))
		if (check_status(v, err) != 0)
			return -1;
	json_each(results, &s->results);
	json_each((struct json){0}, &s->times);
	json_each((struct json){0}, &s->values);
	buf_reset(&s->token);
	v = json_get(reply, "NextToken");
	if (v.type == JSON_STRING && json_text(v, &s->token, err) != 0)
		return -1;
	return 1;
}

int
series_page(struct series *s, struct caller *caller, struct err *err)
{
	if (s->begun && s->token.len == 0)
		return 0;
	s->begun = true;
	make_body(s);
	struct buf reply = s->call.reply;
	s->call = (struct call){.reply = reply,
	    .service = service_find("cloudwatch"),
	    .operation = "GetMetricData",
	    .body = s->body.data,
	    .body_len = s->body.len};
	return call_run(caller, &s->call, err) == 0 ? take_page(s, err) : -1;
}

bool
series_more(const struct series *s)
{
	return s->token.len > 0;
}

/* Timestamps are seconds as numbers, or ISO 8601 from older endpoints. */
static int
time_of(struct json v, int64_t *ms)
{
	double seconds;
	if (v.type == JSON_STRING)
		return text_time(v.at + 1, v.len - 2, ms);
	if (json_double(v, &seconds) != 0 || !(seconds > -1e12) ||
	    !(seconds < 1e12))
		return -1;
	*ms = (int64_t)(seconds * 1000);
	return 0;
}

bool
series_next(struct series *s, struct series_point *p)
{
	struct json time, result;
	for (;;) {
		while (json_next(&s->times, NULL, &time) &&
		       json_next(&s->values, NULL, &p->text))
			if (time_of(time, &p->ms) == 0 &&
			    json_double(p->text, &p->value) == 0) {
				p->label = s->label;
				return true;
			}
		if (!json_next(&s->results, NULL, &result))
			return false;
		s->label = json_get(result, "Label");
		json_each(json_get(result, "Timestamps"), &s->times);
		json_each(json_get(result, "Values"), &s->values);
	}
}

int
series_span(struct series_about *about, const char *since, const char *until,
    int64_t now_ms, struct err *err)
{
	int64_t from, to, back, period = about->period_ms;
	if (text_when(since, now_ms, &from) != 0)
		return err_set(err, ERR_SETUP, "Usage",
		    "--since wants a time, not '%s'", since);
	if (text_when(until, now_ms, &to) != 0)
		return err_set(err, ERR_SETUP, "Usage",
		    "--until wants a time, not '%s'", until);
	/* "3h" means before the end that was named. */
	if (strcmp(until, "now") != 0 && text_duration(since, &back) == 0 &&
	    strchr(since, '-') == NULL)
		from = to - back;
	if (from >= to)
		return err_set(
		    err, ERR_SETUP, "Usage", "--since is not before --until");
	about->from_ms = from - from % period;
	about->to_ms = to + (period - to % period) % period;
	return 0;
}
