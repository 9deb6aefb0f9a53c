/*
 * cw-get - print the data points of a CloudWatch metric
 *
 * In:  nothing
 * Out: {"timestamp":…,"value":…}, a data point a record, oldest first, with
 *      @metadata.from.cw; with --plot a picture
 * API: GetMetricData
 */
#include <stdlib.h>

#include "ident.h"
#include "mem.h"
#include "plot.h"
#include "series.h"
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

struct getting {
	struct tool tool;
	struct series_about what;
	struct series *series;
	struct buf body, out;
	struct plot_lines lines;
};

static void
keep_point(struct getting *g, const struct series_point *p)
{
	char *label = json_dup(p->label);
	plot_lines_add(&g->lines, label == NULL ? "" : label,
	    (struct plot_point){p->ms, p->value});
	free(label);
}

static void
print_point(struct getting *g, const struct series_point *p)
{
	char time[TEXT_ISO];
	const struct buf *fields = series_fields(g->series);
	text_iso(p->ms, time);
	buf_reset(&g->body);
	buf_reset(&g->out);
	buf_addf(&g->body, "{\"timestamp\":\"%s\",\"value\":%.*s", time,
	    (int)p->text.len, p->text.at);
	if (sql != NULL && p->label.type == JSON_STRING)
		buf_addf(&g->body, ",\"label\":%.*s", (int)p->label.len,
		    p->label.at);
	buf_add_char(&g->body, '}');
	record_from(g->body.data, g->body.len, "cw", fields->data, fields->len,
	    &g->out);
	tool_print(&g->tool, g->out.data, g->out.len);
}

static int
get_points(struct getting *g, struct caller *caller, struct err *err)
{
	struct series_point p;
	int r;
	while ((r = series_page(g->series, caller, err)) > 0) {
		while (series_next(g->series, &p))
			if (plot)
				keep_point(g, &p);
			else
				print_point(g, &p);
		if (tool_flush(&g->tool) != 0)
			return 0;
		if (series_more(g->series) && tool_stopping(&g->tool))
			return err_set(err, ERR_LATER, "Interrupted",
			    "a signal came before the last page");
	}
	return r;
}

static void
draw(struct getting *g)
{
	for (size_t i = 0; i < g->lines.count; i++) {
		const struct plot_line *l = &g->lines.line[i];
		char *title =
		    sql != NULL
			? mem_text(l->label)
			: mem_format("%s %s, %s of %lld s", g->tool.operand[0],
			      metric, stat, (long long)(period_ms / 1000));
		struct plot_about how = {.title = title,
		    .from_ms = g->what.from_ms,
		    .to_ms = g->what.to_ms,
		    .period_ms = period_ms,
		    .width = plot_width(),
		    .height = 10};
		buf_reset(&g->out);
		plot_draw(&how, l->point, l->points, &g->out);
		/* tool_print adds the line's end */
		tool_print(&g->tool, g->out.data, g->out.len - 1);
		free(title);
	}
}

static void
read_options(struct getting *g)
{
	struct tool *t = &g->tool;
	if ((sql == NULL) != (metric != NULL && t->operand_count == 1))
		tool_usage(t, "name a metric (-m NAME NAMESPACE), or a query "
			      "(--sql QUERY)");
	if (period_ms < 1000)
		tool_usage(t, "--period wants at least a second");
	g->what = (struct series_about){.name_space = t->operand[0],
	    .metric = metric,
	    .stat = stat,
	    .dims = &dims,
	    .sql = sql,
	    .period_ms = period_ms};
	struct err err;
	if (series_span(&g->what, since, until, text_now(), &err) != 0 ||
	    (g->series = series_open(&g->what, &err)) == NULL)
		tool_usage(t, "%s", err.message);
}

int
main(int argc, char **argv)
{
	struct getting g = {0};
	struct err err;
	tool_start(&g.tool, &about, argc, argv);
	read_options(&g);
	struct ident *ident = ident_open(&g.tool.conf, about.name, 1, &err);
	int r = -1;
	if (ident != NULL) {
		call_stop_on(ident_caller(ident), g.tool.stop_fd);
		r = get_points(&g, ident_caller(ident), &err);
	}
	if (r == 0)
		draw(&g);
	plot_lines_clear(&g.lines);
	series_close(g.series);
	ident_close(ident);
	opt_list_free(&dims);
	buf_clear(&g.body);
	buf_clear(&g.out);
	return r == 0 ? tool_finish(&g.tool) : tool_refused(&g.tool, &err);
}
