#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cw_math.h"
#include "cw_math_tree.h"
#include "mem.h"

struct run {
	const struct cw_math_env *env;
	struct err *err;
};

static int eval(struct run *r, const struct cw_node *n, struct cw_value *out);

void
cw_value_clear(struct cw_value *v)
{
	for (size_t i = 0; i < v->count; i++) {
		free(v->line[i].at);
		free(v->line[i].id);
	}
	free(v->line);
	*v = (struct cw_value){0};
}

static struct cw_line *
add_line(struct cw_value *v, const struct cw_grid *grid, const char *id)
{
	v->line = mem_grow(v->line, v->count + 1, sizeof(*v->line));
	struct cw_line *line = &v->line[v->count++];
	line->at = mem_grow(NULL, grid->count, sizeof(*line->at));
	line->id = mem_text(id);
	for (size_t i = 0; i < grid->count; i++)
		line->at[i] = NAN;
	return line;
}

void
cw_value_series(struct cw_value *v, const struct cw_grid *grid, const char *id)
{
	*v = (struct cw_value){.kind = CW_SERIES};
	add_line(v, grid, id);
}

static int
wrong(struct run *r, const char *what, const char *more)
{
	return err_set(r->err, ERR_REFUSED, "ValidationError",
	    "Error in expression: %s%s", what, more);
}

static double
apply(enum cw_operator op, double a, double b)
{
	switch (op) {
	case CW_OR:
		return a != 0 || b != 0;
	case CW_AND:
		return a != 0 && b != 0;
	case CW_EQUAL:
		return a == b;
	case CW_UNEQUAL:
		return a != b;
	case CW_LESS_EQUAL:
		return a <= b;
	case CW_GREATER_EQUAL:
		return a >= b;
	case CW_LESS:
		return a < b;
	case CW_GREATER:
		return a > b;
	case CW_ADD:
		return a + b;
	case CW_SUBTRACT:
		return a - b;
	case CW_MULTIPLY:
		return a * b;
	case CW_DIVIDE:
		return a / b;
	case CW_MODULO:
		return fmod(a, b);
	default:
		return pow(a, b);
	}
}

/* A value that is missing on either side, or has no result, is missing. */
static double
apply_both(enum cw_operator op, double a, double b)
{
	if (isnan(a) || isnan(b))
		return NAN;
	double v = apply(op, a, b);
	return isfinite(v) ? v : NAN;
}

/* The i'th value of a line, or the number. */
static double
at(const struct cw_value *v, size_t line, size_t i)
{
	if (v->kind == CW_NUMBER)
		return v->number;
	return v->line[v->kind == CW_LIST ? line : 0].at[i];
}

/* Make out of a's and b's shape: the one that has more lines. */
static void
shape(struct run *r, const struct cw_value *a, const struct cw_value *b,
    struct cw_value *out)
{
	const struct cw_value *like = a->kind >= b->kind ? a : b;
	*out = (struct cw_value){.kind = like->kind};
	for (size_t i = 0; i < like->count; i++)
		add_line(out, &r->env->grid, like->line[i].id);
}

static int
binary(struct run *r, const struct cw_node *n, struct cw_value *out)
{
	struct cw_value a = {0}, b = {0};
	int status = -1;
	if (eval(r, n->child[0], &a) != 0 || eval(r, n->child[1], &b) != 0)
		goto out;
	if (a.kind == CW_LIST && b.kind == CW_LIST) {
		wrong(r, "an operator between two arrays of series", "");
		goto out;
	}
	shape(r, &a, &b, out);
	if (out->kind == CW_NUMBER)
		out->number = apply_both(n->op, a.number, b.number);
	for (size_t j = 0; j < out->count; j++)
		for (size_t i = 0; i < r->env->grid.count; i++)
			out->line[j].at[i] =
			    apply_both(n->op, at(&a, j, i), at(&b, j, i));
	status = 0;
out:
	cw_value_clear(&a);
	cw_value_clear(&b);
	return status;
}

/* Functions of one number. */
static double
one_abs(double v)
{
	return fabs(v);
}

static double
one_minus(double v)
{
	return -v;
}

static const struct {
	const char *name;
	double (*of)(double v);
} ones[] = {{"ABS", one_abs}, {"CEIL", ceil}, {"FLOOR", floor}, {"LOG", log},
    {"LOG10", log10}};

static void
each(struct run *r, double (*of)(double v), struct cw_value *v)
{
	if (v->kind == CW_NUMBER)
		v->number = of(v->number);
	for (size_t j = 0; j < v->count; j++)
		for (size_t i = 0; i < r->env->grid.count; i++) {
			double x = of(v->line[j].at[i]);
			v->line[j].at[i] = isfinite(x) ? x : NAN;
		}
}

/* Sums up some values. */
struct total {
	double count, sum, squares, least, greatest;
};

static void
total_add(struct total *t, double v)
{
	if (isnan(v))
		return;
	t->least = t->count == 0 || v < t->least ? v : t->least;
	t->greatest = t->count == 0 || v > t->greatest ? v : t->greatest;
	t->count++;
	t->sum += v;
	t->squares += v * v;
}

static double
total_of(const struct total *t, const char *name)
{
	if (strcmp(name, "DATAPOINT_COUNT") == 0)
		return t->count;
	if (t->count == 0)
		return NAN;
	double mean = t->sum / t->count;
	if (strcmp(name, "SUM") == 0)
		return t->sum;
	if (strcmp(name, "AVG") == 0)
		return mean;
	if (strcmp(name, "MIN") == 0)
		return t->least;
	if (strcmp(name, "MAX") == 0)
		return t->greatest;
	return sqrt(fmax(0, t->squares / t->count - mean * mean));
}

/* Of a series, its values to a number; of an array, at each time over all
 * its series to one series. */
static void
aggregate(struct run *r, const char *name, const struct cw_value *v,
    struct cw_value *out)
{
	size_t n = r->env->grid.count;
	if (v->kind != CW_LIST) {
		struct total t = {0};
		for (size_t i = 0; v->kind == CW_SERIES && i < n; i++)
			total_add(&t, v->line[0].at[i]);
		if (v->kind == CW_NUMBER)
			total_add(&t, v->number);
		*out = (struct cw_value){.number = total_of(&t, name)};
		return;
	}
	cw_value_series(out, &r->env->grid, NULL);
	for (size_t i = 0; i < n; i++) {
		struct total t = {0};
		for (size_t j = 0; j < v->count; j++)
			total_add(&t, v->line[j].at[i]);
		if (t.count > 0)
			out->line[0].at[i] = total_of(&t, name);
	}
}

/* Functions of a value and the one before it, which may lie further back. */
static double
step_diff(double before, double now, double seconds, double *sum)
{
	(void)seconds;
	(void)sum;
	return now - before;
}

static double
step_diff_time(double before, double now, double seconds, double *sum)
{
	(void)before;
	(void)now;
	(void)sum;
	return seconds;
}

static double
step_rate(double before, double now, double seconds, double *sum)
{
	(void)sum;
	return (now - before) / seconds;
}

static double
step_sum(double before, double now, double seconds, double *sum)
{
	(void)before;
	(void)seconds;
	*sum += now;
	return *sum;
}

static const struct {
	const char *name;
	double (*of)(double before, double now, double seconds, double *sum);
	bool first; /* does it say something of the first value? */
} steps[] = {{"DIFF", step_diff, false}, {"DIFF_TIME", step_diff_time, false},
    {"RATE", step_rate, false}, {"RUNNING_SUM", step_sum, true}};

static void
step(struct run *r, size_t which, struct cw_value *v)
{
	const struct cw_grid *grid = &r->env->grid;
	for (size_t j = 0; j < v->count; j++) {
		double before = NAN, sum = 0;
		size_t since = 0;
		for (size_t i = 0; i < grid->count; i++) {
			double now = v->line[j].at[i];
			if (isnan(now))
				continue;
			double s = (double)(i - since) * (double)grid->period_s;
			v->line[j].at[i] =
			    isnan(before) && !steps[which].first
				? NAN
				: steps[which].of(before, now, s, &sum);
			before = now;
			since = i;
		}
	}
}

static void
fill_line(double *at, size_t n, const char *word, double number)
{
	bool linear = word != NULL && strcmp(word, "LINEAR") == 0;
	size_t last = n;
	for (size_t i = 0; i < n; i++) {
		if (!isnan(at[i])) {
			for (size_t k = last + 1; linear && k < i; k++)
				at[k] = at[last] + (at[i] - at[last]) *
						       (double)(k - last) /
						       (double)(i - last);
			last = i;
		} else if (word == NULL) {
			at[i] = number;
		} else if (!linear && last < n) {
			at[i] = at[last];
		}
	}
}

static int
fill(struct run *r, const struct cw_node *n, struct cw_value *out)
{
	const struct cw_node *with = n->child[1];
	struct cw_value number = {0};
	if (eval(r, n->child[0], out) != 0)
		return -1;
	const char *word = with->kind == CW_NODE_TEXT ? with->text : NULL;
	int status = word == NULL ? eval(r, with, &number) : 0;
	if (status == 0 && (out->kind == CW_NUMBER || number.kind != CW_NUMBER))
		status = wrong(r,
		    "FILL takes a series and a number, REPEAT or LINEAR", "");
	for (size_t j = 0; status == 0 && j < out->count; j++)
		fill_line(
		    out->line[j].at, r->env->grid.count, word, number.number);
	cw_value_clear(&number);
	return status;
}

static int
choose(struct run *r, const struct cw_node *n, struct cw_value *out)
{
	struct cw_value v[3] = {{.number = 0}, {0}, {.number = NAN}};
	int status = -1;
	for (size_t k = 0; k < n->count; k++)
		if (eval(r, n->child[k], &v[k]) != 0)
			goto out;
	if (v[0].kind == CW_LIST || v[1].kind == CW_LIST ||
	    v[2].kind == CW_LIST) {
		wrong(r, "IF takes series and numbers, not arrays", "");
		goto out;
	}
	shape(r, &v[0], v[1].kind >= v[2].kind ? &v[1] : &v[2], out);
	if (out->kind == CW_NUMBER)
		out->number = v[0].number != 0 ? v[1].number : v[2].number;
	for (size_t i = 0; out->count > 0 && i < r->env->grid.count; i++) {
		double c = at(&v[0], 0, i);
		out->line[0].at[i] =
		    isnan(c) ? NAN : at(&v[c != 0 ? 1 : 2], 0, i);
	}
	status = 0;
out:
	for (size_t k = 0; k < 3; k++)
		cw_value_clear(&v[k]);
	return status;
}

/* Append the series of v to a list. */
static void
append(struct run *r, struct cw_value *list, const struct cw_value *v)
{
	size_t n = r->env->grid.count;
	for (size_t j = 0; j < (v->kind == CW_NUMBER ? 1 : v->count); j++) {
		struct cw_line *to = add_line(list, &r->env->grid,
		    v->kind == CW_NUMBER ? NULL : v->line[j].id);
		for (size_t i = 0; i < n; i++)
			to->at[i] = at(v, j, i);
	}
}

static int
metrics(struct run *r, const struct cw_node *n, struct cw_value *out)
{
	const char *part = n->count > 0 ? n->child[0]->text : "";
	*out = (struct cw_value){.kind = CW_LIST};
	for (size_t i = 0; i < r->env->metric_count; i++) {
		struct cw_value one = {0};
		const char *id = r->env->metric[i];
		if (strstr(id, part) == NULL)
			continue;
		int status = r->env->value(r->env->arg, id, &one, r->err);
		if (status == 0)
			append(r, out, &one);
		cw_value_clear(&one);
		if (status != 0)
			return -1;
	}
	return 0;
}

static int
array(struct run *r, const struct cw_node *n, struct cw_value *out)
{
	*out = (struct cw_value){.kind = CW_LIST};
	for (size_t i = 0; i < n->count; i++) {
		struct cw_value one = {0};
		int status = eval(r, n->child[i], &one);
		if (status == 0)
			append(r, out, &one);
		cw_value_clear(&one);
		if (status != 0)
			return -1;
	}
	return 0;
}

static int
series_of(struct run *r, const struct cw_value *v, struct cw_value *out)
{
	if (v->kind != CW_NUMBER)
		return wrong(r, "TIME_SERIES takes a number", "");
	cw_value_series(out, &r->env->grid, NULL);
	for (size_t i = 0; i < r->env->grid.count; i++)
		out->line[0].at[i] = v->number;
	return 0;
}

/* Functions of one value. */
static int
call_one(
    struct run *r, const char *name, struct cw_value *v, struct cw_value *out)
{
	for (size_t i = 0; i < sizeof(ones) / sizeof(*ones); i++)
		if (strcmp(name, ones[i].name) == 0) {
			each(r, ones[i].of, v);
			*out = *v;
			*v = (struct cw_value){0};
			return 0;
		}
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		if (strcmp(name, steps[i].name) == 0) {
			if (v->kind == CW_NUMBER)
				return wrong(r, name, " takes a series");
			step(r, i, v);
			*out = *v;
			*v = (struct cw_value){0};
			return 0;
		}
	if (strcmp(name, "TIME_SERIES") == 0)
		return series_of(r, v, out);
	if (strcmp(name, "PERIOD") == 0) {
		if (v->kind != CW_SERIES)
			return wrong(r, "PERIOD takes a series", "");
		*out =
		    (struct cw_value){.number = (double)r->env->grid.period_s};
		return 0;
	}
	aggregate(r, name, v, out);
	return 0;
}

static int
call(struct run *r, const struct cw_node *n, struct cw_value *out)
{
	struct cw_value v = {0};
	if (strcmp(n->text, "FILL") == 0)
		return fill(r, n, out);
	if (strcmp(n->text, "IF") == 0)
		return choose(r, n, out);
	if (strcmp(n->text, "METRICS") == 0)
		return metrics(r, n, out);
	int status = eval(r, n->child[0], &v);
	if (status == 0)
		status = call_one(r, n->text, &v, out);
	cw_value_clear(&v);
	return status;
}

static int
eval(struct run *r, const struct cw_node *n, struct cw_value *out)
{
	int status;
	*out = (struct cw_value){0};
	switch (n->kind) {
	case CW_NODE_NUMBER:
		out->number = n->number;
		return 0;
	case CW_NODE_ID:
		return r->env->value(r->env->arg, n->text, out, r->err);
	case CW_NODE_ARRAY:
		return array(r, n, out);
	case CW_NODE_BINARY:
		return binary(r, n, out);
	case CW_NODE_MINUS:
		status = eval(r, n->child[0], out);
		if (status == 0)
			each(r, one_minus, out);
		return status;
	case CW_NODE_CALL:
		return call(r, n, out);
	default:
		return wrong(r, "unexpected text ", n->text);
	}
}

int
cw_math_run(const struct cw_math *m, const struct cw_math_env *env,
    struct cw_value *out, struct err *err)
{
	struct run r = {env, err};
	return eval(&r, m->root, out);
}
