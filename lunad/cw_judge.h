#ifndef LUNAD_CW_JUDGE_H
#define LUNAD_CW_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/*
 * What the last data points of an alarm make of its state, and why, in AWS's
 * words.
 *
 * Source: CloudWatch User Guide, "Configuring how CloudWatch alarms treat
 * missing data": the rules of its evaluation range, with its tables, and
 * "Avoiding premature transitions to alarm state".
 */
enum cw_state { CW_OK, CW_ALARM, CW_INSUFFICIENT_DATA };
const char *cw_state_name(enum cw_state state);
/* -1: none of the three. */
int cw_state_parse(const char *text, enum cw_state *state);

enum cw_comparison {
	CW_GREATER_OR_EQUAL,
	CW_GREATER_THAN,
	CW_LESS_THAN,
	CW_LESS_OR_EQUAL
};
const char *cw_comparison_name(enum cw_comparison comparison);
int cw_comparison_parse(const char *text, enum cw_comparison *comparison);

enum cw_missing { CW_MISSING, CW_IGNORE, CW_BREACHING, CW_NOT_BREACHING };
int cw_missing_parse(const char *text, enum cw_missing *missing);

struct cw_rule {
	enum cw_comparison comparison;
	double threshold;
	int64_t periods;  /* N: EvaluationPeriods */
	int64_t to_alarm; /* M: DatapointsToAlarm; 0: not given, so N */
	enum cw_missing missing;
};

/* More periods than N are looked at, so that late points count: AWS documents
 * 5 for N = 3. */
#define CW_RANGE_MORE 2

struct cw_seen {
	int64_t at_s; /* begin of the period */
	double value; /* NAN: missing */
	double samples;
};

/*
 * seen:   the evaluation range, periods + CW_RANGE_MORE, oldest first.
 * now:    the state that the alarm has.
 * reason: appended, unless the state is kept as it is for lack of data.
 * used:   appended, the indices of the points that were evaluated, newest
 *         first; room for rule->periods.
 * Returns the state; *kept: nothing was found out, leave all as it is.
 */
struct cw_verdict {
	enum cw_state state;
	bool kept;
	size_t used_count; /* of used[] */
};
struct cw_verdict cw_judge(const struct cw_rule *rule,
    const struct cw_seen *seen, enum cw_state now, size_t *used,
    struct buf *reason);

#endif
