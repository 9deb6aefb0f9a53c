/*
 * lunad_math: lines of
 *
 *     periods SECONDS
 *     ID = VALUE …    a metric; "-" is a period without a value
 *     EXPRESSION      its value: a number, or "[id] VALUE …" for each series;
 *                     or "refused WHY"
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../lunad/cw_math.h"
#include "../../lunad/cw_stat.h"
#include "mem.h"

#define METRICS_MAX 16

struct metrics {
	const char *id[METRICS_MAX];
	double *at[METRICS_MAX];
	size_t count;
	struct cw_grid grid;
};

static int
value(void *arg, const char *id, struct cw_value *out, struct err *err)
{
	struct metrics *m = arg;
	for (size_t i = 0; i < m->count; i++)
		if (strcmp(m->id[i], id) == 0) {
			cw_value_series(out, &m->grid, id);
			memcpy(out->line[0].at, m->at[i],
			    m->grid.count * sizeof(double));
			return 0;
		}
	return err_set(err, ERR_REFUSED, "x", "no %s", id);
}

static void
add(struct metrics *m, char *line)
{
	char *save = NULL, *word = strtok_r(line, " ", &save);
	size_t n = 0;
	double *at = mem_alloc(64 * sizeof(*at));
	m->id[m->count] = mem_text(word);
	strtok_r(NULL, " ", &save);
	while ((word = strtok_r(NULL, " ", &save)) != NULL && n < 64)
		at[n++] = strcmp(word, "-") == 0 ? NAN : atof(word);
	m->at[m->count++] = at;
	m->grid.count = n;
}

static void
print(double v)
{
	struct buf text = {0};
	if (isnan(v))
		buf_add_char(&text, '-');
	else
		cw_number(v, &text);
	fputs(buf_text(&text), stdout);
	buf_clear(&text);
}

static void
show(struct metrics *m, const char *text)
{
	struct cw_math *math = NULL;
	struct cw_value v = {0};
	struct err err = {0};
	struct cw_math_env env = {m->grid, m, value, m->id, m->count};
	if (cw_math_parse(text, &math, &err) != 0 ||
	    cw_math_run(math, &env, &v, &err) != 0) {
		printf("refused %s\n", err.message);
	} else if (v.kind == CW_NUMBER) {
		print(v.number);
		putchar('\n');
	}
	for (size_t i = 0; i < v.count && err.kind == ERR_NONE; i++) {
		printf("[%s]", v.line[i].id == NULL ? "" : v.line[i].id);
		for (size_t j = 0; j < m->grid.count; j++) {
			putchar(' ');
			print(v.line[i].at[j]);
		}
		putchar('\n');
	}
	cw_value_clear(&v);
	cw_math_free(math);
}

int
main(void)
{
	struct metrics m = {.grid = {0, 60, 0}};
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;
	while ((len = getline(&line, &cap, stdin)) > 0) {
		if (line[len - 1] == '\n')
			line[--len] = '\0';
		if (strncmp(line, "periods ", 8) == 0)
			m.grid.period_s = atoll(line + 8);
		else if (strstr(line, " = ") != NULL && m.count < METRICS_MAX)
			add(&m, line);
		else
			show(&m, line);
	}
	for (size_t i = 0; i < m.count; i++) {
		free((void *)(uintptr_t)m.id[i]);
		free(m.at[i]);
	}
	free(line);
	return 0;
}
