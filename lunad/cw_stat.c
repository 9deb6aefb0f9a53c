#include "cw_stat.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
cw_stat_parse(const char *text, struct cw_stat *stat)
{
	static const char *const names[] = {[CW_SAMPLE_COUNT] = "SampleCount",
	    [CW_AVERAGE] = "Average",
	    [CW_SUM] = "Sum",
	    [CW_MINIMUM] = "Minimum",
	    [CW_MAXIMUM] = "Maximum"};
	if (text == NULL)
		return -1;
	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(text, names[i]) == 0) {
			stat->kind = i;
			return 0;
		}
	char *end = NULL;
	if (text[0] != 'p' || text[1] < '0' || text[1] > '9')
		return -1;
	stat->kind = CW_PERCENTILE;
	stat->percent = strtod(text + 1, &end);
	return *end == '\0' && stat->percent <= 100 ? 0 : -1;
}

double
cw_stat_of(const struct cw_stat *stat, const struct cw_set *set)
{
	switch (stat->kind) {
	case CW_SAMPLE_COUNT:
		return set->count;
	case CW_SUM:
		return set->sum;
	case CW_MINIMUM:
		return set->least;
	case CW_MAXIMUM:
		return set->greatest;
	default:
		return set->sum / set->count;
	}
}

double
cw_stat_percentile(
    double percent, const struct cw_value_count *values, size_t n)
{
	double all = 0, seen = 0;
	for (size_t i = 0; i < n; i++)
		all += values[i].count;
	double want = all * percent / 100;
	for (size_t i = 0; i < n; i++) {
		seen += values[i].count;
		/* The product may be off by its last bit. */
		if (seen >= want * (1 - 1e-12))
			return values[i].value;
	}
	return values[n - 1].value;
}

void
cw_number(double value, struct buf *out)
{
	char text[40];
	double size = fabs(value);
	for (int digits = 1; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*e", digits - 1, value);
		if (strtod(text, NULL) == value)
			break;
	}
	char *e = strchr(text, 'e');
	if (e == NULL) {
		buf_add_text(out, text);
		return;
	}
	int exponent = atoi(e + 1), precision = (int)(e - text) - 1;
	precision -= text[0] == '-';
	precision -= precision > 0;
	if (size != 0 && (size < 1e-3 || size >= 1e7)) {
		*e = '\0';
		buf_addf(
		    out, "%s%sE%d", text, precision == 0 ? ".0" : "", exponent);
		return;
	}
	int places = precision - exponent;
	buf_addf(out, "%.*f", places < 1 ? 1 : places, value);
}
