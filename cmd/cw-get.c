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

/* The points of one label, for the picture. */
struct line {
	char *label;
	struct plot_point *point;
	size_t points;
};

struct getting {
	struct tool tool;
	struct series_about what;
	struct series *series;
	struct buf body, out;
	struct line *line;
	size_t lines;
};

static struct line *
find_line(struct getting *g, struct json label)
{
	char *text = json_dup(label);
	if (text == NULL)
		text = mem_text("");
	for (size_t i = 0; i < g->lines; i++)
		if (strcmp(g->line[i].label, text) == 0) {
			free(text);
			return &g->line[i];
		}
	g->line = mem_grow(g->line, g->lines + 1, sizeof(*g->line));
	g->line[g->lines] = (struct line){.label = text};
	return &g->line[g->lines++];
}

static void
keep_point(struct getting *g, const struct series_point *p)
{
	struct line *l = find_line(g, p->label);
	l->point = mem_grow(l->point, l->points + 1, sizeof(*l->point));
	l->point[l->points++] = (struct plot_point){p->ms, p->value};
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
	for (size_t i = 0; i < g->lines; i++) {
		struct line *l = &g->line[i];
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
clear_lines(struct getting *g)
{
	for (size_t i = 0; i < g->lines; i++) {
		free(g->line[i].label);
		free(g->line[i].point);
	}
	free(g->line);
}

/* The span, moved out to whole periods, as CloudWatch keeps them. */
static void
read_span(struct tool *t, int64_t *from_ms, int64_t *to_ms)
{
	int64_t now = text_now();
	if (text_when(since, now, from_ms) != 0)
		tool_usage(t, "--since wants a time, not '%s'", since);
	if (text_when(until, now, to_ms) != 0)
		tool_usage(t, "--until wants a time, not '%s'", until);
	/* "3h" means before the end that was named. */
	int64_t back;
	if (strcmp(until, "now") != 0 && text_duration(since, &back) == 0 &&
	    strchr(since, '-') == NULL)
		*from_ms = *to_ms - back;
	if (*from_ms >= *to_ms)
		tool_usage(t, "--since is not before --until");
	*from_ms -= *from_ms % period_ms;
	*to_ms += (period_ms - *to_ms % period_ms) % period_ms;
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
	read_span(t, &g->what.from_ms, &g->what.to_ms);
	struct err err;
	if ((g->series = series_open(&g->what, &err)) == NULL)
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
	clear_lines(&g);
	series_close(g.series);
	ident_close(ident);
	opt_list_free(&dims);
	buf_clear(&g.body);
	buf_clear(&g.out);
	return r == 0 ? tool_finish(&g.tool) : tool_refused(&g.tool, &err);
}
