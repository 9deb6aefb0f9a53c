#include "cw_judge.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cw_stat.h"

static const char *const states[] = {[CW_OK] = "OK",
    [CW_ALARM] = "ALARM",
    [CW_INSUFFICIENT_DATA] = "INSUFFICIENT_DATA"};

static const struct {
	const char *name, *words;
} comparisons[] = {
    [CW_GREATER_OR_EQUAL] = {"GreaterThanOrEqualToThreshold",
	"greater than or equal to"},
    [CW_GREATER_THAN] = {"GreaterThanThreshold", "greater than"},
    [CW_LESS_THAN] = {"LessThanThreshold", "less than"},
    [CW_LESS_OR_EQUAL] = {"LessThanOrEqualToThreshold",
	"less than or equal to"},
};

const char *
cw_state_name(enum cw_state state)
{
	return states[state];
}

int
cw_state_parse(const char *text, enum cw_state *state)
{
	for (unsigned i = 0; i < sizeof(states) / sizeof(*states); i++)
		if (strcmp(text, states[i]) == 0) {
			*state = i;
			return 0;
		}
	return -1;
}

const char *
cw_comparison_name(enum cw_comparison comparison)
{
	return comparisons[comparison].name;
}

int
cw_comparison_parse(const char *text, enum cw_comparison *comparison)
{
	for (unsigned i = 0; i < sizeof(comparisons) / sizeof(*comparisons);
	     i++)
		if (strcmp(text, comparisons[i].name) == 0) {
			*comparison = i;
			return 0;
		}
	return -1;
}

int
cw_missing_parse(const char *text, enum cw_missing *missing)
{
	static const char *const names[] = {[CW_MISSING] = "missing",
	    [CW_IGNORE] = "ignore",
	    [CW_BREACHING] = "breaching",
	    [CW_NOT_BREACHING] = "notBreaching"};
	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(text, names[i]) == 0) {
			*missing = i;
			return 0;
		}
	return -1;
}

static bool
breaches(const struct cw_rule *rule, double value)
{
	switch (rule->comparison) {
	case CW_GREATER_OR_EQUAL:
		return value >= rule->threshold;
	case CW_GREATER_THAN:
		return value > rule->threshold;
	case CW_LESS_THAN:
		return value < rule->threshold;
	default:
		return value <= rule->threshold;
	}
}

/* "2 datapoints" and its verb. */
static void
add_count(struct buf *out, int64_t n, const char *what)
{
	buf_addf(out, "%lld %s%s", (long long)n, what, n == 1 ? "" : "s");
}

static const char *
verb(int64_t n)
{
	return n == 1 ? "was" : "were";
}

static void
add_point(struct buf *out, const struct cw_seen *p)
{
	struct tm tm;
	char when[32];
	time_t at = (time_t)p->at_s;
	gmtime_r(&at, &tm);
	snprintf(when, sizeof(when), " (%02d/%02d/%02d %02d:%02d:%02d)",
	    tm.tm_mday % 100, tm.tm_mon + 1, tm.tm_year % 100, tm.tm_hour,
	    tm.tm_min, tm.tm_sec);
	cw_number(p->value, out);
	buf_add_text(out, when);
}

/* What was found in the range. */
struct tally {
	const struct cw_seen *seen;
	const size_t *used;
	size_t used_count;
	int64_t real, breaching;
	int64_t filled; /* missing points that were given a value */
};

/* The points that speak for the state, newest first; their number. */
static int64_t
add_points(struct buf *out, const struct cw_rule *rule, const struct tally *t,
    bool alarm)
{
	int64_t n = 0;
	buf_add_char(out, '[');
	for (size_t i = 0; i < t->used_count; i++) {
		const struct cw_seen *p = &t->seen[t->used[i]];
		if (isnan(p->value) || breaches(rule, p->value) != alarm)
			continue;
		if (n++ > 0)
			buf_add_text(out, ", ");
		add_point(out, p);
	}
	buf_add_char(out, ']');
	return n;
}

static void
add_missing(struct buf *out, const struct cw_rule *rule, int64_t n)
{
	add_count(out, n, "missing datapoint");
	buf_addf(out, " %s treated as [%s]", verb(n),
	    rule->missing == CW_BREACHING ? "Breaching" : "NonBreaching");
}

static void
add_transition(struct buf *out, const struct cw_rule *rule, bool alarm)
{
	int64_t n = rule->periods - rule->to_alarm + 1;
	if (rule->to_alarm == 0)
		return;
	buf_add_text(out, " (minimum ");
	add_count(out, alarm ? rule->to_alarm : n, "datapoint");
	buf_add_text(out, alarm ? " for OK -> ALARM transition)"
				: " for ALARM -> OK transition)");
}

static void
explain(struct buf *out, const struct cw_rule *rule, const struct tally *t,
    bool alarm)
{
	int64_t n = alarm ? t->breaching : t->real - t->breaching;
	buf_add_text(out, "Threshold Crossed: ");
	if (t->real == 0) {
		buf_add_text(out, "no datapoints were received for ");
		add_count(out, rule->periods, "period");
		buf_add_text(out, " and ");
		add_missing(out, rule, rule->periods);
		buf_add_char(out, '.');
		return;
	}
	if (n > 0) {
		struct buf points = {0};
		add_points(&points, rule, t, alarm);
		if (rule->to_alarm > 0)
			buf_addf(out, "%lld out of the last %lld datapoints",
			    (long long)n, (long long)rule->periods);
		else
			add_count(out, n, "datapoint");
		buf_addf(out, " %s %s %s%s the threshold (", buf_text(&points),
		    verb(n), alarm ? "" : "not ",
		    comparisons[rule->comparison].words);
		cw_number(rule->threshold, out);
		buf_add_char(out, ')');
		buf_clear(&points);
	}
	if (t->filled > 0) {
		buf_add_text(out, n > 0 ? " and " : "");
		add_missing(out, rule, t->filled);
	}
	add_transition(out, rule, alarm);
	buf_add_char(out, '.');
}

/* How many periods back, the newest being 1, the oldest of the points that
 * breach is. */
static int64_t
oldest_breach(const struct cw_rule *rule, const struct cw_seen *seen)
{
	int64_t range = rule->periods + CW_RANGE_MORE;
	for (int64_t i = 0; i < range; i++)
		if (!isnan(seen[i].value) && breaches(rule, seen[i].value))
			return range - i;
	return 0;
}

/* Fewer real points than periods, and the missing ones have no value. */
static struct cw_verdict
judge_sparse(const struct cw_rule *rule, const struct tally *t,
    int64_t to_alarm, enum cw_state now)
{
	struct cw_verdict v = {.state = CW_OK};
	if (t->breaching >= to_alarm) {
		v.state = CW_ALARM;
	} else if (t->real > t->breaching) {
		v.state = CW_OK;
	} else if (rule->missing == CW_IGNORE) {
		v = (struct cw_verdict){.state = now, .kept = true};
	} else if (t->breaching > 0 &&
		   oldest_breach(rule, t->seen) >= to_alarm) {
		v.state = CW_ALARM;
	} else {
		v.state = CW_INSUFFICIENT_DATA;
	}
	return v;
}

/* The points that are evaluated: the newest real ones, then as few missing
 * ones as possible. */
static void
choose(const struct cw_rule *rule, const struct cw_seen *seen, size_t *used,
    struct tally *t)
{
	size_t range = (size_t)(rule->periods + CW_RANGE_MORE);
	size_t want = (size_t)rule->periods, missing = 0;
	for (size_t i = 0; i < range; i++)
		t->real += !isnan(seen[i].value);
	if (t->real > rule->periods)
		t->real = rule->periods;
	missing = want - (size_t)t->real;
	for (size_t i = range; i-- > 0 && t->used_count < want;) {
		if (isnan(seen[i].value)) {
			if (missing == 0)
				continue;
			missing--;
		} else if (breaches(rule, seen[i].value)) {
			t->breaching++;
		}
		used[t->used_count++] = i;
	}
}

struct cw_verdict
cw_judge(const struct cw_rule *rule, const struct cw_seen *seen,
    enum cw_state now, size_t *used, struct buf *reason)
{
	struct cw_verdict v = {.state = CW_OK};
	struct tally t = {.seen = seen, .used = used};
	int64_t to_alarm = rule->to_alarm > 0 ? rule->to_alarm : rule->periods;
	choose(rule, seen, used, &t);
	int64_t lacking = rule->periods - t.real;
	if (lacking > 0 && rule->missing == CW_BREACHING) {
		t.filled = lacking;
		if (t.breaching + lacking >= to_alarm)
			v.state = CW_ALARM;
	} else if (lacking > 0 && rule->missing == CW_NOT_BREACHING) {
		t.filled = lacking;
		if (t.breaching >= to_alarm)
			v.state = CW_ALARM;
	} else if (lacking > 0) {
		v = judge_sparse(rule, &t, to_alarm, now);
	} else if (t.breaching >= to_alarm) {
		v.state = CW_ALARM;
	}
	v.used_count = t.used_count;
	if (v.kept)
		return v;
	if (v.state != CW_INSUFFICIENT_DATA) {
		explain(reason, rule, &t, v.state == CW_ALARM);
		return v;
	}
	buf_add_text(reason, "Insufficient Data: ");
	add_count(reason, rule->periods, "datapoint");
	buf_addf(reason, " %s unknown.", verb(rule->periods));
	return v;
}
