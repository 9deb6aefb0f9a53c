/*
 * lunad_alarm: lines of
 *
 *     alarm COMPARISON THRESHOLD N M MISSING    M "-": not given
 *     state STATE                               that it has
 *     POINT …         the evaluation range, oldest first; "-" is missing
 *
 * and for each range the state that follows and why, or "kept". Points are a
 * minute apart and end at 2026-11-20 22:30.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../lunad/cw_judge.h"
#include "text.h"

#define POINTS_MAX 64

static int
read_rule(const char *line, struct cw_rule *rule)
{
	char comparison[64], to_alarm[16], missing[16];
	long long periods;
	if (sscanf(line, "alarm %63s %lf %lld %15s %15s", comparison,
		&rule->threshold, &periods, to_alarm, missing) != 5 ||
	    cw_comparison_parse(comparison, &rule->comparison) != 0 ||
	    cw_missing_parse(missing, &rule->missing) != 0)
		return -1;
	rule->periods = periods;
	rule->to_alarm = to_alarm[0] == '-' ? 0 : atoll(to_alarm);
	return 0;
}

static int
read_points(char *line, struct cw_seen *seen)
{
	static const char end[] = "2026-11-20T22:30:00Z";
	char *save = NULL;
	int n = 0;
	int64_t ms;
	for (char *one = strtok_r(line, " ", &save); one != NULL;
	     one = strtok_r(NULL, " ", &save))
		if (n < POINTS_MAX)
			seen[n++] = (struct cw_seen){.samples = 1,
			    .value = one[0] == '-' && one[1] == '\0'
					 ? NAN
					 : atof(one)};
	if (text_time(end, strlen(end), &ms) != 0)
		return -1;
	for (int i = 0; i < n; i++)
		seen[i].at_s = ms / 1000 - (n - i) * 60;
	return n;
}

int
main(void)
{
	struct cw_rule rule = {.periods = 1};
	struct cw_seen seen[POINTS_MAX];
	size_t used[POINTS_MAX];
	enum cw_state state = CW_INSUFFICIENT_DATA;
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;
	while ((len = getline(&line, &cap, stdin)) > 0) {
		if (line[len - 1] == '\n')
			line[--len] = '\0';
		if (strncmp(line, "alarm ", 6) == 0) {
			if (read_rule(line, &rule) != 0)
				return 2;
			continue;
		}
		if (strncmp(line, "state ", 6) == 0) {
			if (cw_state_parse(line + 6, &state) != 0)
				return 2;
			continue;
		}
		if (read_points(line, seen) != rule.periods + CW_RANGE_MORE)
			return 2;
		struct buf reason = {0};
		struct cw_verdict v =
		    cw_judge(&rule, seen, state, used, &reason);
		if (v.kept)
			puts("kept");
		else
			printf("%s %s\n", cw_state_name(v.state),
			    buf_text(&reason));
		buf_clear(&reason);
	}
	free(line);
	return 0;
}
