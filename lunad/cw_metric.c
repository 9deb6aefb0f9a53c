#include "cw_metric.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lunad.h"
#include "mem.h"
#include "metric.h"
#include "store.h"
#include "text.h"

#define MINUTE_MS 60000
#define DAY_MS INT64_C(86400000)
#define KEPT_S (INT64_C(455) * 86400)

/*
 * What metric_add gathered since the last flush, by everything that a row of
 * the store is told apart by. Only a crash of the process loses it: a minute
 * of the numbers that lunad's services keep of themselves.
 */
struct waiting {
	char *key; /* region \x1f namespace \x1f name \x1f unit \x1f
		    * dimensions; NULL: free */
	size_t key_len;
	uint64_t hash;
	int64_t at_s;
	struct cw_set set;
};

static struct {
	struct waiting *slot;
	size_t used, size; /* size: a power of two */
	int64_t due_ms;
	int64_t expired_day;
} waiting = {.due_ms = INT64_MAX};

struct pair {
	char *name, *value;
};

static int
by_name(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	return strcmp(x->name, y->name);
}

static int
print_pairs(struct pair *pair, size_t n, struct buf *out)
{
	int status = 0;
	qsort(pair, n, sizeof(*pair), by_name);
	buf_add_char(out, '[');
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && strcmp(pair[i - 1].name, pair[i].name) == 0)
			status = -1;
		buf_add_text(out, i > 0 ? ",{\"Name\":" : "{\"Name\":");
		text_json_string(pair[i].name, strlen(pair[i].name), out);
		buf_add_text(out, ",\"Value\":");
		text_json_string(pair[i].value, strlen(pair[i].value), out);
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
	return status;
}

int
cw_dimensions(struct json array, struct buf *out)
{
	struct json_iter it;
	struct json one;
	size_t n = 0;
	int status = 0;
	struct pair *pair = mem_alloc((json_count(array) + 1) * sizeof(*pair));
	json_each(array, &it);
	while (json_next(&it, NULL, &one)) {
		pair[n].name = json_dup(json_get(one, "Name"));
		pair[n].value = json_dup(json_get(one, "Value"));
		if (pair[n].name == NULL || pair[n].value == NULL ||
		    *pair[n].name == '\0' || *pair[n].value == '\0')
			status = -1;
		n++;
	}
	if (status == 0)
		status = print_pairs(pair, n, out);
	for (size_t i = 0; i < n; i++) {
		free(pair[i].name);
		free(pair[i].value);
	}
	free(pair);
	return status;
}

int64_t
cw_metric_find(struct store *s, const struct cw_metric_name *name)
{
	return store_number(s, 0,
	    "select id from cw_metric where region = ? and namespace = ?"
	    " and name = ? and dimensions = ?",
	    "tttt", name->region, name->name_space, name->name,
	    name->dimensions);
}

int64_t
cw_metric_make(struct store *s, const struct cw_metric_name *name)
{
	int64_t id = cw_metric_find(s, name);
	if (id != 0)
		return id;
	store_do(s,
	    "insert into cw_metric (region, namespace, name, dimensions)"
	    " values (?, ?, ?, ?)",
	    "tttt", name->region, name->name_space, name->name,
	    name->dimensions);
	return store_last_id(s);
}

void
cw_metric_put(struct lunad *l, int64_t metric, int64_t at_s, const char *unit,
    const struct cw_set *set)
{
	store_do(lunad_store(l),
	    "insert into cw_point values (?, ?, ?, ?, ?, ?, ?)"
	    " on conflict do update set count = count + excluded.count,"
	    " sum = sum + excluded.sum",
	    "iitdddd", metric, at_s, unit, set->least, set->greatest,
	    set->count, set->sum);
}

static uint64_t
hash_of(const char *key, size_t len, int64_t at_s, const struct cw_set *set)
{
	uint64_t h = UINT64_C(1469598103934665603), word[3];
	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)key[i]) * UINT64_C(1099511628211);
	word[0] = (uint64_t)at_s;
	memcpy(&word[1], &set->least, sizeof(word[1]));
	memcpy(&word[2], &set->greatest, sizeof(word[2]));
	for (size_t i = 0; i < 3; i++) {
		h = (h ^ word[i]) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 29;
	}
	return h;
}

/* Where an entry is, or would be put. */
static struct waiting *
slot_of(const char *key, size_t len, uint64_t hash, int64_t at_s,
    const struct cw_set *set)
{
	size_t i = hash & (waiting.size - 1);
	for (;; i = (i + 1) & (waiting.size - 1)) {
		struct waiting *w = &waiting.slot[i];
		if (w->key == NULL)
			return w;
		if (w->hash == hash && w->at_s == at_s &&
		    w->set.least == set->least &&
		    w->set.greatest == set->greatest && w->key_len == len &&
		    memcmp(w->key, key, len) == 0)
			return w;
	}
}

static void
grow(void)
{
	struct waiting *old = waiting.slot;
	size_t size = waiting.size;
	waiting.size = size == 0 ? 256 : size * 2;
	waiting.slot = mem_alloc(waiting.size * sizeof(*waiting.slot));
	for (size_t i = 0; i < size; i++) {
		struct waiting *w = &old[i];
		if (w->key != NULL)
			*slot_of(
			    w->key, w->key_len, w->hash, w->at_s, &w->set) = *w;
	}
	free(old);
}

static void
gather(struct lunad *l, const char *key, size_t len, int64_t at_ms,
    const struct cw_set *set)
{
	if (4 * (waiting.used + 1) > 3 * waiting.size)
		grow();
	int64_t at_s = at_ms / MINUTE_MS * 60;
	uint64_t hash = hash_of(key, len, at_s, set);
	struct waiting *w = slot_of(key, len, hash, at_s, set);
	if (w->key != NULL) {
		w->set.count += set->count;
		w->set.sum += set->sum;
		return;
	}
	*w = (struct waiting){mem_copy(key, len + 1), len, hash, at_s, *set};
	waiting.used++;
	if (waiting.due_ms == INT64_MAX)
		waiting.due_ms = (lunad_now(l) / MINUTE_MS + 1) * MINUTE_MS;
}

void
metric_add_set(struct lunad *l, const char *region, const char *name_space,
    const char *name, const char *dimensions, const struct metric_set *set,
    const char *unit, int64_t at_ms)
{
	char small[512];
	struct cw_set point = {set->count, set->sum, set->least, set->greatest};
	int n = snprintf(small, sizeof(small), "%s\x1f%s\x1f%s\x1f%s\x1f%s",
	    region, name_space, name, unit, dimensions);
	if (n < 0 || !(set->count > 0))
		return;
	if ((size_t)n < sizeof(small)) {
		gather(l, small, (size_t)n, at_ms, &point);
		return;
	}
	char *key = mem_format("%s\x1f%s\x1f%s\x1f%s\x1f%s", region, name_space,
	    name, unit, dimensions);
	gather(l, key, (size_t)n, at_ms, &point);
	free(key);
}

void
metric_add(struct lunad *l, const char *region, const char *name_space,
    const char *name, const char *dimensions, double value, const char *unit,
    int64_t at_ms)
{
	metric_add_set(l, region, name_space, name, dimensions,
	    &(struct metric_set){1, value, value, value}, unit, at_ms);
}

/* "QueueName=orders\n…" as cw_dimensions prints it; changes text. */
static void
dimensions_of(char *text, struct buf *out)
{
	struct pair pair[30];
	size_t n = 0;
	char *save = NULL;
	for (char *one = strtok_r(text, "\n", &save);
	     one != NULL && n < sizeof(pair) / sizeof(*pair);
	     one = strtok_r(NULL, "\n", &save)) {
		char *equal = strchr(one, '=');
		if (equal == NULL)
			continue;
		*equal = '\0';
		pair[n++] = (struct pair){one, equal + 1};
	}
	print_pairs(pair, n, out);
}

static void
flush_one(struct lunad *l, struct waiting *w, struct buf *dimensions)
{
	char *rest = w->key, *part[4];
	for (size_t i = 0; i < 4; i++) {
		part[i] = rest;
		rest = strchr(rest, '\x1f');
		*rest++ = '\0';
	}
	buf_reset(dimensions);
	dimensions_of(rest, dimensions);
	struct cw_metric_name name = {
	    part[0], part[1], part[2], buf_text(dimensions)};
	int64_t metric = cw_metric_make(lunad_store(l), &name);
	cw_metric_put(l, metric, w->at_s, part[3], &w->set);
	free(w->key);
	w->key = NULL;
}

void
cw_metric_flush(struct lunad *l)
{
	struct buf dimensions = {0};
	for (size_t i = 0; waiting.used > 0 && i < waiting.size; i++)
		if (waiting.slot[i].key != NULL)
			flush_one(l, &waiting.slot[i], &dimensions);
	buf_clear(&dimensions);
	waiting.used = 0;
	waiting.due_ms = INT64_MAX;
}

int64_t
cw_metric_due(void)
{
	return waiting.due_ms;
}

void
cw_metric_forget(void)
{
	for (size_t i = 0; i < waiting.size; i++)
		free(waiting.slot[i].key);
	free(waiting.slot);
	waiting.slot = NULL;
	waiting.used = waiting.size = 0;
	waiting.due_ms = INT64_MAX;
	waiting.expired_day = 0;
}

void
cw_metric_expire(struct lunad *l, int64_t now_ms)
{
	struct store *s = lunad_store(l);
	if (now_ms / DAY_MS == waiting.expired_day)
		return;
	waiting.expired_day = now_ms / DAY_MS;
	store_do(s,
	    "delete from cw_point where at_s < ?"
	    " and metric in (select id from cw_metric)",
	    "i", now_ms / 1000 - KEPT_S);
}

static struct cw_point *
add_point(struct cw_points *out)
{
	if ((out->count & (out->count - 1)) == 0)
		out->point = mem_grow(out->point,
		    out->count == 0 ? 4 : 2 * out->count, sizeof(*out->point));
	return &out->point[out->count++];
}

/* Rows come by unit: is this one of the unit that the series has? */
static bool
of_unit(struct cw_points *out, const char *unit)
{
	if (out->unit[0] == '\0') {
		snprintf(out->unit, sizeof(out->unit), "%s", unit);
		snprintf(out->units, sizeof(out->units), "%s", unit);
	}
	if (strcmp(out->unit, unit) == 0)
		return true;
	size_t len = strlen(out->units), n = strlen(unit);
	if (len < n || strcmp(out->units + len - n, unit) != 0)
		snprintf(
		    out->units + len, sizeof(out->units) - len, ", %s", unit);
	return false;
}

static void
read_simple(struct store *s, const struct cw_ask *ask, struct cw_points *out)
{
	sqlite3_stmt *q = store_query(s,
	    "select unit, (at_s - ?) / ? as n, sum(count), sum(sum),"
	    " min(least), max(greatest) from cw_point"
	    " where metric = ? and at_s >= ? and at_s < ?"
	    " and unit = coalesce(?, unit) group by 1, 2 order by 1, 2",
	    "iiiiit", ask->from_s, ask->period_s, ask->metric, ask->from_s,
	    ask->to_s, ask->unit);
	while (store_next(q)) {
		if (!of_unit(out, store_text(q, 0)))
			continue;
		struct cw_set set = {store_double(q, 2), store_double(q, 3),
		    store_double(q, 4), store_double(q, 5)};
		*add_point(out) = (struct cw_point){
		    ask->from_s + store_int(q, 1) * ask->period_s,
		    cw_stat_of(&ask->stat, &set), set.count};
	}
	store_end(q);
}

/* The values of the period that is being read. */
struct period {
	struct cw_value_count *value;
	size_t count, size;
	bool spread; /* a statistic set: AWS has no percentile of it */
	int64_t n;
};

static void
end_period(const struct cw_ask *ask, struct period *p, struct cw_points *out)
{
	double samples = 0;
	for (size_t i = 0; i < p->count; i++)
		samples += p->value[i].count;
	if (p->count > 0 && !p->spread)
		*add_point(out) = (struct cw_point){
		    ask->from_s + p->n * ask->period_s,
		    cw_stat_percentile(ask->stat.percent, p->value, p->count),
		    samples};
	p->count = 0;
	p->spread = false;
}

static void
read_percentile(
    struct store *s, const struct cw_ask *ask, struct cw_points *out)
{
	struct period p = {.n = -1};
	sqlite3_stmt *q = store_query(s,
	    "select unit, (at_s - ?) / ? as n, least, greatest, count"
	    " from cw_point where metric = ? and at_s >= ? and at_s < ?"
	    " and unit = coalesce(?, unit) order by 1, 2, 3",
	    "iiiiit", ask->from_s, ask->period_s, ask->metric, ask->from_s,
	    ask->to_s, ask->unit);
	while (store_next(q)) {
		if (!of_unit(out, store_text(q, 0)))
			continue;
		if (store_int(q, 1) != p.n) {
			end_period(ask, &p, out);
			p.n = store_int(q, 1);
		}
		if (p.count == p.size) {
			p.size = p.size == 0 ? 64 : 2 * p.size;
			p.value = mem_grow(p.value, p.size, sizeof(*p.value));
		}
		p.spread = p.spread || store_double(q, 2) < store_double(q, 3);
		p.value[p.count++] = (struct cw_value_count){
		    store_double(q, 2), store_double(q, 4)};
	}
	store_end(q);
	end_period(ask, &p, out);
	free(p.value);
}

void
cw_points_read(struct store *s, const struct cw_ask *ask, struct cw_points *out)
{
	*out = (struct cw_points){0};
	if (ask->metric == 0)
		return;
	if (ask->stat.kind == CW_PERCENTILE)
		read_percentile(s, ask, out);
	else
		read_simple(s, ask, out);
	if (strcmp(out->unit, out->units) == 0)
		out->units[0] = '\0';
}

void
cw_points_clear(struct cw_points *p)
{
	free(p->point);
	*p = (struct cw_points){0};
}
