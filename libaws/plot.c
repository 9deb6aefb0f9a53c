#include "plot.h"

#include <sys/ioctl.h>

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"
#include "text.h"

enum { EIGHTHS = 8, LABEL = 32 };

static const char *const block[] = {
    " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

/* 1, 2 or 5 times a power of ten, not less than x. */
static double
round_up(double x)
{
	double power = pow(10, floor(log10(x)));
	double lead = x / power;
	if (lead <= 1)
		return power;
	return (lead <= 2 ? 2 : lead <= 5 ? 5 : 10) * power;
}

static void
number(double v, char out[static LABEL])
{
	if (v != 0 && (fabs(v) >= 1e7 || fabs(v) < 1e-3))
		snprintf(out, LABEL, "%.3g", v);
	else
		snprintf(out, LABEL, "%.10g", v);
}

/* Value range: from zero where all are positive, to round numbers. */
static void
range(const double *column, const bool *has, size_t columns, double *low,
    double *high)
{
	*low = 0;
	*high = 0;
	for (size_t i = 0; i < columns; i++) {
		if (!has[i])
			continue;
		*high = column[i] > *high ? column[i] : *high;
		*low = column[i] < *low ? column[i] : *low;
	}
	*high = *high > 0 ? round_up(*high) : 0;
	*low = *low < 0 ? -round_up(-*low) : 0;
	if (*high == *low)
		*high = *low + 1;
}

static void
collect(const struct plot_about *a, const struct plot_point *point,
    size_t count, size_t columns, double *column, bool *has)
{
	double span = (double)(a->to_ms - a->from_ms);
	for (size_t i = 0; i < count; i++) {
		double at = (double)(point[i].ms - a->from_ms) / span;
		if (at < 0 || at >= 1)
			continue;
		/* A point stands for its whole period. */
		double wide = (double)a->period_ms / span * (double)columns;
		size_t first = (size_t)(at * (double)columns);
		size_t last = (size_t)ceil(at * (double)columns + wide - 1e-9);
		for (size_t c = first; c < columns && (c == first || c < last);
		     c++) {
			if (!has[c] || point[i].value > column[c])
				column[c] = point[i].value;
			has[c] = true;
		}
	}
}

static void
rows(const struct plot_about *a, const double *column, const bool *has,
    size_t columns, size_t margin, struct buf *out)
{
	double low, high;
	char label[LABEL];
	range(column, has, columns, &low, &high);
	double step = (high - low) / (double)a->height;
	for (size_t row = 0; row < a->height; row++) {
		double bottom = high - step * (double)(row + 1);
		label[0] = '\0';
		if (row == 0)
			number(high, label);
		else if (row == a->height / 2)
			number(high - step * (double)row, label);
		buf_addf(out, "%*s ┤", (int)margin, label);
		for (size_t c = 0; c < columns; c++) {
			double fill = has[c] ? (column[c] - bottom) / step : 0;
			long eighths = lround(fill * EIGHTHS);
			if (has[c] && eighths < 1 && row + 1 == a->height &&
			    column[c] > low)
				eighths = 1; /* little is not nothing */
			eighths = eighths < 0 ? 0 : eighths;
			buf_add_text(
			    out, block[eighths > EIGHTHS ? EIGHTHS : eighths]);
		}
		buf_add_char(out, '\n');
	}
	number(low, label);
	buf_addf(out, "%*s └", (int)margin, label);
	for (size_t c = 0; c < columns; c++)
		buf_add_text(out, "─");
	buf_add_char(out, '\n');
}

/* Day and minute at the left, in the middle and at the right. */
static void
times(
    const struct plot_about *a, size_t columns, size_t margin, struct buf *out)
{
	char iso[3][TEXT_ISO];
	const char *text[3]; /* from the month up to the minute */
	for (int i = 0; i < 3; i++) {
		text_iso(a->from_ms + (a->to_ms - a->from_ms) * i / 2, iso[i]);
		iso[i][10] = ' ';
		iso[i][16] = '\0';
		text[i] = iso[i] + 5;
	}
	size_t len = strlen(text[0]), space = columns;
	buf_addf(out, "%*s  %s", (int)margin, "", text[0]);
	if (space < 3 * len + 2) {
		if (space >= 2 * len + 1)
			buf_addf(out, "%*s", (int)(space - len), text[2]);
	} else {
		size_t middle = columns / 2 - len / 2;
		buf_addf(out, "%*s", (int)(middle - len + len), text[1]);
		buf_addf(out, "%*s", (int)(columns - middle - len), text[2]);
	}
	buf_add_text(out, " UTC\n");
}

void
plot_draw(const struct plot_about *about, const struct plot_point *point,
    size_t count, struct buf *out)
{
	size_t margin = 8;
	size_t width = about->width < 30 ? 30 : about->width;
	size_t columns = width - margin - 2 - 4;
	size_t periods =
	    (size_t)((about->to_ms - about->from_ms) / about->period_ms);
	if (periods > 0 && periods <= columns)
		columns -= columns % periods; /* bars of one width */
	double *column = mem_alloc(columns * sizeof(*column));
	bool *has = mem_alloc(columns * sizeof(*has));
	collect(about, point, count, columns, column, has);
	if (about->title != NULL)
		buf_addf(out, "%*s  %s\n", (int)margin, "", about->title);
	rows(about, column, has, columns, margin, out);
	times(about, columns, margin, out);
	free(column);
	free(has);
}

size_t
plot_width(void)
{
	struct winsize size;
	const char *columns = getenv("COLUMNS");
	int64_t n;
	if (columns != NULL && text_integer(columns, 1, 10000, &n) == 0)
		return (size_t)n;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return 80;
}

void
plot_lines_add(struct plot_lines *l, const char *label, struct plot_point point)
{
	size_t i = 0;
	while (i < l->count && strcmp(l->line[i].label, label) != 0)
		i++;
	if (i == l->count) {
		l->line = mem_grow(l->line, l->count + 1, sizeof(*l->line));
		l->line[l->count++] =
		    (struct plot_line){.label = mem_text(label)};
	}
	struct plot_line *line = &l->line[i];
	line->point =
	    mem_grow(line->point, line->points + 1, sizeof(*line->point));
	line->point[line->points++] = point;
}

void
plot_lines_clear(struct plot_lines *l)
{
	for (size_t i = 0; i < l->count; i++) {
		free(l->line[i].label);
		free(l->line[i].point);
	}
	free(l->line);
	*l = (struct plot_lines){0};
}
