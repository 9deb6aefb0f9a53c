#include "metric.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "text.h"

#define DAY_MS ((int64_t)86400000)

static const char *const units[] = {"None", "Count", "Percent", "Seconds",
    "Microseconds", "Milliseconds", "Bytes", "Kilobytes", "Megabytes",
    "Gigabytes", "Terabytes", "Bits", "Kilobits", "Megabits", "Gigabits",
    "Terabits", "Bytes/Second", "Kilobytes/Second", "Megabytes/Second",
    "Gigabytes/Second", "Terabytes/Second", "Bits/Second", "Kilobits/Second",
    "Megabits/Second", "Gigabits/Second", "Terabits/Second", "Count/Second",
    NULL};

static int
check_unit(const char *unit, struct err *err)
{
	for (size_t i = 0; unit != NULL && units[i] != NULL; i++)
		if (strcmp(units[i], unit) == 0)
			return 0;
	if (unit == NULL)
		return 0;
	return err_set(err, ERR_SETUP, "Usage",
	    "--unit %s is no unit of CloudWatch (Count, Seconds, Bytes, "
	    "Percent, Count/Second, …)",
	    unit);
}

static int
add_dim(struct metric_maker *m, const char *text, struct err *err)
{
	const char *equals = strchr(text, '=');
	if (equals == NULL || equals == text || m->dims == METRIC_DIMS)
		return err_set(err, ERR_SETUP, "Usage",
		    "--dim wants NAME=TPL, at most %d of them, not '%s'",
		    METRIC_DIMS, text);
	m->dim_name[m->dims] = mem_text_of(text, (size_t)(equals - text));
	m->dim[m->dims] = template_new(equals + 1, err);
	return m->dim[m->dims++] == NULL ? -1 : 0;
}

int
metric_init(
    struct metric_maker *m, const struct metric_about *about, struct err *err)
{
	*m = (struct metric_maker){.name_space = about->name_space,
	    .unit = about->unit,
	    .high_res = about->high_res};
	if (strncmp(about->name_space, "AWS/", 4) == 0)
		return err_set(err, ERR_SETUP, "Usage",
		    "namespace %s: those that begin with AWS/ belong to AWS",
		    about->name_space);
	if (check_unit(about->unit, err) != 0)
		return -1;
	if ((m->name = template_new(about->name, err)) == NULL)
		return -1;
	if (about->value != NULL &&
	    (m->value = template_new(about->value, err)) == NULL)
		return -1;
	if (about->at != NULL &&
	    (m->at = template_field_new(about->at, err)) == NULL)
		return -1;
	for (size_t i = 0; i < about->dims->count; i++)
		if (add_dim(m, about->dims->item[i], err) != 0)
			return -1;
	return 0;
}

void
metric_clear(struct metric_maker *m)
{
	template_free(m->name);
	template_free(m->value);
	template_field_free(m->at);
	for (size_t i = 0; i < m->dims; i++) {
		free(m->dim_name[i]);
		template_free(m->dim[i]);
	}
	*m = (struct metric_maker){0};
}

static int
find_time(const struct metric_maker *m, const struct record *r, int64_t now_ms,
    int64_t *ms, struct err *err)
{
	*ms = now_ms;
	if (m->at == NULL)
		return 0;
	struct json at = template_field_get(m->at, r);
	size_t quote = at.type == JSON_STRING ? 1 : 0;
	if (at.len <= 2 * quote ||
	    text_time(at.at + quote, at.len - 2 * quote, ms) != 0)
		return err_set(err, ERR_RECORD, "InvalidTime",
		    "the field of --at holds no time");
	if (*ms < now_ms - 14 * DAY_MS || *ms > now_ms + DAY_MS / 12)
		return err_set(err, ERR_RECORD, "TimeOutOfRange",
		    "%.*s: CloudWatch takes from two weeks ago to two hours "
		    "ahead",
		    (int)at.len, at.at);
	return 0;
}

static int
find_value(const struct metric_maker *m, const struct record *r,
    struct buf *out, struct err *err)
{
	struct buf text = {0};
	char *end;
	int failed = 0;
	if (m->value == NULL)
		buf_add_char(&text, '1');
	else
		failed = template_fill(m->value, r, TEMPLATE_PLAIN, &text, err);
	double v = strtod(buf_text(&text), &end);
	/* strtod also reads hex, inf and nan; JSON's grammar has none. */
	struct json n;
	if (failed == 0 &&
	    (json_scan(buf_text(&text), text.len, &n, NULL) != 0 ||
		n.type != JSON_NUMBER || !(fabs(v) <= ldexp(1, 360))))
		failed = err_set(err, ERR_RECORD, "InvalidValue",
		    "'%s' is no number that CloudWatch takes (±2^360)",
		    buf_text(&text));
	if (failed == 0)
		buf_add(out, n.at, n.len);
	buf_clear(&text);
	return failed;
}

/* Seconds NUL head NUL value: head is what must agree for two records to be
 * folded into one datum, as JSON members. */
int
metric_encode(struct metric_maker *m, const struct record *r, int64_t now_ms,
    struct buf *out, struct err *err)
{
	struct buf text = {0};
	int64_t ms;
	int failed = find_time(m, r, now_ms, &ms, err);
	int64_t seconds = ms / 1000;
	if (!m->high_res)
		seconds -= seconds % 60;
	buf_addf(out, "%lld", (long long)seconds);
	buf_add_char(out, '\0');
	if (failed == 0)
		failed = template_fill(m->name, r, TEMPLATE_PLAIN, &text, err);
	buf_add_text(out, "\"MetricName\":");
	text_json_string(buf_text(&text), text.len, out);
	for (size_t i = 0; failed == 0 && i < m->dims; i++) {
		buf_reset(&text);
		failed =
		    template_fill(m->dim[i], r, TEMPLATE_PLAIN, &text, err);
		if (failed == 0 && text.len == 0)
			failed = err_set(err, ERR_RECORD, "EmptyDimension",
			    "dimension '%s' would be empty", m->dim_name[i]);
		buf_addf(
		    out, "%s{\"Name\":", i == 0 ? ",\"Dimensions\":[" : ",");
		text_json_string(m->dim_name[i], strlen(m->dim_name[i]), out);
		buf_add_text(out, ",\"Value\":");
		text_json_string(buf_text(&text), text.len, out);
		buf_add_text(out, "}");
	}
	if (m->dims > 0)
		buf_add_char(out, ']');
	if (m->unit != NULL)
		buf_addf(out, ",\"Unit\":\"%s\"", m->unit);
	if (m->high_res)
		buf_add_text(out, ",\"StorageResolution\":1");
	buf_add_char(out, '\0');
	if (failed == 0)
		failed = find_value(m, r, out, err);
	buf_clear(&text);
	return failed;
}

/* A datum in the making; texts point into the batch. */
struct value {
	const char *text;
	size_t len, count;
};

struct datum {
	const char *seconds, *head;
	uint64_t hash;
	struct value *value;
	size_t values;
};

static void
fold_one(struct datum *data, size_t *count, const char *entry, size_t len)
{
	const char *seconds = entry, *head = seconds + strlen(seconds) + 1;
	const char *text = head + strlen(head) + 1;
	size_t text_len = len - (size_t)(text - entry);
	uint64_t hash = batch_hash(entry, (size_t)(text - entry));
	struct datum *d = NULL;
	for (size_t i = 0; i < *count && d == NULL; i++)
		if (data[i].hash == hash && data[i].values < METRIC_VALUES &&
		    strcmp(data[i].seconds, seconds) == 0 &&
		    strcmp(data[i].head, head) == 0)
			d = &data[i];
	if (d == NULL) {
		d = &data[(*count)++];
		*d = (struct datum){seconds, head, hash, NULL, 0};
	}
	for (size_t i = 0; i < d->values; i++)
		if (d->value[i].len == text_len &&
		    memcmp(d->value[i].text, text, text_len) == 0) {
			d->value[i].count++;
			return;
		}
	d->value = mem_grow(d->value, d->values + 1, sizeof(*d->value));
	d->value[d->values++] = (struct value){text, text_len, 1};
}

static void
add_datum(const struct datum *d, struct buf *out)
{
	buf_addf(out, "{%s,\"Timestamp\":%s,\"Values\":[", d->head, d->seconds);
	for (size_t i = 0; i < d->values; i++)
		buf_addf(out, "%s%.*s", i == 0 ? "" : ",", (int)d->value[i].len,
		    d->value[i].text);
	buf_add_text(out, "],\"Counts\":[");
	for (size_t i = 0; i < d->values; i++)
		buf_addf(out, "%s%zu", i == 0 ? "" : ",", d->value[i].count);
	buf_add_text(out, "]}");
}

void
metric_fold(
    const struct metric_maker *m, const struct batch *b, struct buf *out)
{
	struct datum *data = mem_alloc(b->count * sizeof(*data));
	size_t count = 0;
	for (size_t i = 0; i < b->count; i++)
		fold_one(data, &count, b->bytes.data + b->entry[i].at,
		    b->entry[i].len);
	buf_add_char(out, '{');
	text_json_member("Namespace", m->name_space, out);
	buf_add_text(out, ",\"MetricData\":[");
	for (size_t i = 0; i < count; i++) {
		buf_add_text(out, i == 0 ? "" : ",");
		add_datum(&data[i], out);
		free(data[i].value);
	}
	buf_add_text(out, "]}");
	free(data);
}
