/*
 * Until CloudWatch is built in, its metrics go nowhere.
 */
#include "metric.h"

__attribute__((weak)) void
metric_add(struct lunad *l, const char *region, const char *name_space,
    const char *name, const char *dimensions, double value, const char *unit,
    int64_t at_ms)
{
	(void)l, (void)region, (void)name_space, (void)name;
	(void)dimensions, (void)value, (void)unit, (void)at_ms;
}

__attribute__((weak)) void
metric_add_set(struct lunad *l, const char *region, const char *name_space,
    const char *name, const char *dimensions, const struct metric_set *set,
    const char *unit, int64_t at_ms)
{
	(void)l, (void)region, (void)name_space, (void)name;
	(void)dimensions, (void)set, (void)unit, (void)at_ms;
}
