/*
 * cw-get - print the data points of a CloudWatch metric
 *
 * In:  nothing
 * Out: {"timestamp":…,"value":…}, a data point a record, oldest first, with
 *      @metadata.from.cw; with --plot a picture
 * API: GetMetricData
 */
#include <stdlib.h>
#include <string.h>

#include "ident.h"
#include "mem.h"
#include "plot.h"
#include "text.h"
#include "tool.h"

static const char *metric, *stat = "Average", *since = "3h", *until = "now";
static const char *sql;
static struct opt_list dims;
static int64_t period_ms = 300000;
static bool plot;

static const struct opt options[] = {
    {'m', "metric", OPT_TEXT, &metric, "NAME", "the metric's name", 0, 0},
    {'d', "dim", OPT_LIST, &dims, "NAME=VALUE", "a dimension", 0, 0},
    {0, "stat", OPT_TEXT, &stat, "S",
	"Average, Sum, Minimum, Maximum, SampleCount, p99, … (Average)", 0, 0},
    {0, "period", OPT_DURATION, &period_ms, "S", "of a data point (5m)", 0, 0},
    {0, "since", OPT_TEXT, &since, "T", "from this time, or so long ago (3h)",
	0, 0},
    {0, "until", OPT_TEXT, &until, "T", "up to this time (now)", 0, 0},
    {0, "sql", OPT_TEXT, &sql, "QUERY", "a Metrics Insights query instead", 0,
	0},
    {0, "plot", OPT_FLAG, &plot, NULL, "draw them", 0, 0}, {0}};

static const struct tool_about about = {.name = "cw-get",
    .synopsis = "-m NAME [-d NAME=VALUE]... [--stat S] [--period S]\n"
		"[--since T] [--until T] [--plot] NAMESPACE\n"
		"cw-get --sql QUERY [--period S] [--since T] [--until T] "
		"[--plot]",
    .options = options,
    .kind = TOOL_CALLS,
    .min_operands = 0,
    .max_operands = 1};

/* One series of the reply; Metrics Insights may give several. */
struct series {
	char *label;
	struct plot_point *point;
	size_t points;
};

struct getting {
	struct tool tool;
	int64_t from_ms, to_ms;
	struct buf fields, line, next;
	struct series *series;
	size_t count;
};

static void
add_text(struct buf *out, const char *name, const char *text)
{
	buf_addf(out, "\"%s\":", name);
	text_json_string(text, strlen(text), out);
}

static void
add_dims(struct tool *tool, struct buf *out)
{
	buf_add_text(out, ",\"Dimensions\":[");
	for (size_t i = 0; i < dims.count; i++) {
		const char *equals = strchr(dims.item[i], '=');
		if (equals == NULL || equals == dims.item[i])
			tool_usage(tool, "--dim wants NAME=VALUE, not '%s'",
			    dims.item[i]);
		buf_add_text(out, i == 0 ? "{\"Name\":" : ",{\"Name\":");
		text_json_string(
		    dims.item[i], (size_t)(equals - dims.item[i]), out);
		buf_add_char(out, ',');
		add_text(out, "Value", equals + 1);
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}

static void
make_query(struct getting *g, struct buf *out)
{
	const char *space = g->tool.operand[0];
	buf_addf(out,
	    "{\"StartTime\":%lld,\"EndTime\":%lld,"
	    "\"ScanBy\":\"TimestampAscending\",\"MetricDataQueries\":["
	    "{\"Id\":\"m\",",
	    (long long)(g->from_ms / 1000), (long long)(g->to_ms / 1000));
	if (sql != NULL) {
		add_text(out, "Expression", sql);
		buf_addf(
		    out, ",\"Period\":%lld", (long long)(period_ms / 1000));
	} else {
		buf_add_text(out, "\"MetricStat\":{\"Metric\":{");
		add_text(out, "Namespace", space);
		buf_add_char(out, ',');
		add_text(out, "MetricName", metric);
		add_dims(&g->tool, out);
		buf_addf(
		    out, "},\"Period\":%lld,", (long long)(period_ms / 1000));
		add_text(out, "Stat", stat);
		buf_add_char(out, '}');
		add_text(&g->fields, "Namespace", space);
		buf_add_char(&g->fields, ',');
		add_text(&g->fields, "MetricName", metric);
		add_dims(&g->tool, &g->fields);
		buf_add_char(&g->fields, ',');
		add_text(&g->fields, "Stat", stat);
	}
	buf_addf(&g->fields, "%s\"Period\":%lld", g->fields.len ? "," : "",
	    (long long)(period_ms / 1000));
	buf_add_text(out, "}]");
	if (g->next.len > 0) {
		buf_add_char(out, ',');
		add_text(out, "NextToken", g->next.data);
	}
	buf_add_char(out, '}');
}

static struct series *
find_series(struct getting *g, struct json label)
{
	char *text = json_dup(label);
	if (text == NULL)
		text = mem_text("");
	for (size_t i = 0; i < g->count; i++)
		if (strcmp(g->series[i].label, text) == 0) {
			free(text);
			return &g->series[i];
		}
	g->series = mem_grow(g->series, g->count + 1, sizeof(*g->series));
	g->series[g->count] = (struct series){.label = text};
	return &g->series[g->count++];
}

static void
print_point(struct getting *g, int64_t ms, struct json value, struct json label)
{
	char time[TEXT_ISO];
	struct buf body = {0};
	text_iso(ms, time);
	buf_addf(&body, "{\"timestamp\":\"%s\",\"value\":%.*s", time,
	    (int)value.len, value.at);
	if (sql != NULL)
		buf_addf(&body, ",\"label\":%.*s", (int)label.len, label.at);
	buf_add_char(&body, '}');
	buf_reset(&g->line);
	record_from(
	    body.data, body.len, "cw", g->fields.data, g->fields.len, &g->line);
	tool_print(&g->tool, g->line.data, g->line.len);
	buf_clear(&body);
}

/* Timestamps are seconds as numbers, or ISO 8601 from older endpoints. */
static int
time_of(struct json v, int64_t *ms)
{
	double seconds;
	if (v.type == JSON_STRING)
		return text_time(v.at + 1, v.len - 2, ms);
	if (json_double(v, &seconds) != 0)
		return -1;
	*ms = (int64_t)(seconds * 1000);
	return 0;
}

static void
take_series(struct getting *g, struct json result)
{
	struct json label = json_get(result, "Label"), time, value;
	struct json_iter times, values;
	json_each(json_get(result, "Timestamps"), &times);
	json_each(json_get(result, "Values"), &values);
	struct series *s = plot ? find_series(g, label) : NULL;
	while (json_next(&times, NULL, &time) &&
	       json_next(&values, NULL, &value)) {
		struct plot_point p;
		if (time_of(time, &p.ms) != 0 ||
		    json_double(value, &p.value) != 0)
			continue;
		if (s == NULL) {
			print_point(g, p.ms, value, label);
			continue;
		}
		s->point = mem_grow(s->point, s->points + 1, sizeof(*s->point));
		s->point[s->points++] = p;
	}
}

static int
take_page(struct getting *g, const struct call *call, struct err *err)
{
	struct json reply, v;
	struct json_iter it;
	if (json_scan(call->reply.data, call->reply.len, &reply, err) != 0)
		return -1;
	json_each(json_get(reply, "MetricDataResults"), &it);
	while (json_next(&it, NULL, &v))
		take_series(g, v);
	buf_reset(&g->next);
	v = json_get(reply, "NextToken");
	return v.type == JSON_STRING ? json_text(v, &g->next, err) : 0;
}

static int
get_pages(struct getting *g, struct ident *ident, struct err *err)
{
	int r = 0;
	struct call call = {0};
	do {
		struct buf body = {0};
		buf_reset(&g->fields);
		make_query(g, &body);
		struct buf reply = call.reply;
		call = (struct call){.reply = reply,
		    .service = service_find("cloudwatch"),
		    .operation = "GetMetricData",
		    .body = body.data,
		    .body_len = body.len};
		r = call_run(ident_caller(ident), &call, err);
		if (r == 0)
			r = take_page(g, &call, err);
		buf_clear(&body);
	} while (r == 0 && g->next.len > 0 && tool_flush(&g->tool) == 0 &&
		 !tool_stopping(&g->tool));
	call_clear(&call);
	return r;
}

static void
draw(struct getting *g)
{
	for (size_t i = 0; i < g->count; i++) {
		struct series *s = &g->series[i];
		struct buf out = {0};
		char *title =
		    sql != NULL
			? mem_text(s->label)
			: mem_format("%s %s, %s of %lld s", g->tool.operand[0],
			      metric, stat, (long long)(period_ms / 1000));
		struct plot_about how = {.title = title,
		    .from_ms = g->from_ms,
		    .to_ms = g->to_ms,
		    .period_ms = period_ms,
		    .width = plot_width(),
		    .height = 10};
		plot_draw(&how, s->point, s->points, &out);
		out.len--; /* tool_print adds the line's end */
		tool_print(&g->tool, out.data, out.len);
		buf_clear(&out);
		free(title);
		free(s->label);
		free(s->point);
	}
	free(g->series);
}

static void
read_options(struct getting *g)
{
	struct tool *t = &g->tool;
	int64_t now = text_now();
	if ((sql == NULL) != (metric != NULL && t->operand_count == 1))
		tool_usage(t, "name a metric (-m NAME NAMESPACE), or a query "
			      "(--sql QUERY)");
	if (text_when(since, now, &g->from_ms) != 0)
		tool_usage(t, "--since wants a time, not '%s'", since);
	if (text_when(until, now, &g->to_ms) != 0)
		tool_usage(t, "--until wants a time, not '%s'", until);
	/* "3h" means before the end that was named. */
	int64_t back;
	if (strcmp(until, "now") != 0 && text_duration(since, &back) == 0 &&
	    strchr(since, '-') == NULL)
		g->from_ms = g->to_ms - back;
	if (g->from_ms >= g->to_ms)
		tool_usage(t, "--since is not before --until");
	if (period_ms < 1000)
		tool_usage(t, "--period wants at least a second");
	/* Whole periods, as CloudWatch keeps them. */
	g->from_ms -= g->from_ms % period_ms;
	g->to_ms += (period_ms - g->to_ms % period_ms) % period_ms;
}

int
main(int argc, char **argv)
{
	struct getting g = {0};
	struct err err;
	tool_start(&g.tool, &about, argc, argv);
	read_options(&g);
	struct ident *ident = ident_open(&g.tool.conf, about.name, 1, &err);
	if (ident == NULL || get_pages(&g, ident, &err) != 0)
		return tool_refused(&g.tool, &err);
	if (plot)
		draw(&g);
	ident_close(ident);
	opt_list_free(&dims);
	buf_clear(&g.fields);
	buf_clear(&g.line);
	buf_clear(&g.next);
	return tool_finish(&g.tool);
}
