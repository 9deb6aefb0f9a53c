#ifndef LUNA_METRIC_H
#define LUNA_METRIC_H

#include <stdbool.h>
#include <stdint.h>

#include "batch.h"
#include "buf.h"
#include "err.h"
#include "opt.h"
#include "record.h"
#include "template.h"

/*
 * CloudWatch data made of records: one datum a record, folded per metric,
 * dimensions and minute (or second) into Values and Counts.
 *
 * Source: CloudWatch API Reference, PutMetricData and MetricDatum.
 */
enum {
	METRIC_DIMS = 30,
	METRIC_VALUES = 150, /* different values in a datum */
	METRIC_GZIP = 10240  /* bytes from which a body is compressed */
};

struct metric_about {
	const char *name_space, *name, *value, *unit, *at; /* NULL: default */
	bool high_res;
	const struct opt_list *dims; /* NAME=TPL */
};

struct metric_maker {
	const char *name_space, *unit;
	bool high_res;
	struct template *name, *value, *dim[METRIC_DIMS];
	char *dim_name[METRIC_DIMS];
	size_t dims;
	struct template_field *at;
};

/* Fails: ERR_SETUP: a unit that is none, a namespace of AWS, a bad template;
 *        metric_clear is still due. */
int metric_init(
    struct metric_maker *m, const struct metric_about *about, struct err *err);
void metric_clear(struct metric_maker *m);

/*
 * Append a record's datum in the form that metric_fold reads.
 * Fails: ERR_RECORD: no number, out of ±2^360, a time that is none or that
 *        CloudWatch refuses (two weeks ago to two hours ahead).
 */
int metric_encode(struct metric_maker *m, const struct record *r,
    int64_t now_ms, struct buf *out, struct err *err);

/* Append the body of PutMetricData. */
void metric_fold(
    const struct metric_maker *m, const struct batch *b, struct buf *out);

#endif
