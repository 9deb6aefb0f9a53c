#ifndef LUNA_PLOT_H
#define LUNA_PLOT_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/*
 * A time series as a picture of text: bars of Unicode blocks, a value axis
 * with round numbers, a time axis in UTC. Pure.
 */
struct plot_point {
	int64_t ms;
	double value;
};

struct plot_about {
	const char *title; /* a line above, or NULL */
	int64_t from_ms, to_ms, period_ms;
	size_t width;  /* columns, at least 30 */
	size_t height; /* rows of bars, at least 2 */
};

/* points: in any order; several of one column are shown by their largest. */
void plot_draw(const struct plot_about *about, const struct plot_point *point,
    size_t count, struct buf *out);

/* Points that come mixed, by their labels. */
struct plot_line {
	char *label;
	struct plot_point *point;
	size_t points;
};
struct plot_lines {
	struct plot_line *line;
	size_t count;
};
void plot_lines_add(
    struct plot_lines *l, const char *label, struct plot_point point);
void plot_lines_clear(struct plot_lines *l);

/* The columns of the terminal on stdout: COLUMNS, or what it says, or 80. */
size_t plot_width(void);

#endif
