/*
 * cw-metric - put a measurement of each record to CloudWatch
 *
 * In:  records
 * Out: the records, with @metadata.to.cw = {}
 * API: PutMetricData
 */
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "mem.h"
#include "metric.h"
#include "sink.h"
#include "text.h"

static const char *name_text, *value_text, *unit_text, *at_text;
static struct opt_list dims;
static bool high_res;

static const struct opt options[] = {
    {'m', "metric", OPT_TEXT, &name_text, "NAME", "the metric's name", 0, 0},
    {0, "value", OPT_TEXT, &value_text, "TPL", "the value (1)", 0, 0},
    {'u', "unit", OPT_TEXT, &unit_text, "UNIT",
	"Count, Seconds, Bytes, Percent, … (None)", 0, 0},
    {'d', "dim", OPT_LIST, &dims, "NAME=TPL", "a dimension", 0, 0},
    {0, "at", OPT_TEXT, &at_text, "FIELD", "the record's time, instead of now",
	0, 0},
    {0, "high-res", OPT_FLAG, &high_res, NULL,
	"keep seconds apart, instead of minutes", 0, 0},
    {0}};

static const struct tool_about about = {.name = "cw-metric",
    .synopsis = "-m NAME [--value TPL] [-u UNIT] [-d NAME=TPL]...\n"
		"[--at FIELD] [--high-res] NAMESPACE",
    .options = options,
    .kind = TOOL_READS | TOOL_CALLS | TOOL_SINKS,
    .min_operands = 1,
    .max_operands = 1};

struct measuring {
	struct metric_maker maker;
	struct buf plain;
	bool compress;
};

static int
encode(void *ctx, const struct record *r, size_t part, struct sink_entry *e,
    struct err *err)
{
	struct measuring *m = ctx;
	(void)part;
	return metric_encode(&m->maker, r, text_now(), &e->body, err);
}

static void
assemble(void *ctx, const struct batch *b, struct buf *body)
{
	struct measuring *m = ctx;
	buf_reset(&m->plain);
	metric_fold(&m->maker, b, &m->plain);
	if (m->compress && m->plain.len >= METRIC_GZIP)
		digest_gzip(m->plain.data, m->plain.len, body);
	else
		buf_add(body, m->plain.data, m->plain.len);
}

static void
prepare(void *ctx, const struct batch *b, struct call *call)
{
	struct measuring *m = ctx;
	(void)b;
	call->gzip = m->compress && m->plain.len >= METRIC_GZIP;
}

static const struct sink_about sink_about = {.to = "cw",
    .service = "cloudwatch",
    .operation = "PutMetricData",
    .max_entries = 1000,
    .max_bytes = 900000, /* of 1 MB, with room for what is around them */
    .entry_overhead = 60,
    .join = "",
    .reply = SINK_WHOLE,
    .encode = encode,
    .assemble = assemble,
    .prepare = prepare};

int
main(int argc, char **argv)
{
	struct tool tool;
	struct measuring m = {0};
	struct err err;
	tool_start(&tool, &about, argc, argv);
	if (name_text == NULL)
		tool_usage(&tool, "--metric is missing: what is measured?");
	struct metric_about what = {.name_space = tool.operand[0],
	    .name = name_text,
	    .value = value_text,
	    .unit = unit_text,
	    .at = at_text,
	    .high_res = high_res,
	    .dims = &dims};
	if (metric_init(&m.maker, &what, &err) != 0)
		tool_usage(&tool, "%s", err.message);
	struct sink *sink = sink_open(&tool, &sink_about, &m, &err);
	m.compress = sink != NULL && ident_conf(sink_ident(sink))->compress &&
		     !tool.dry_run;
	int status = sink != NULL ? sink_run(sink) : tool_refused(&tool, &err);
	metric_clear(&m.maker);
	buf_clear(&m.plain);
	opt_list_free(&dims);
	return status;
}
