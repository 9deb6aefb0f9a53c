#ifndef LUNAD_SNS_RULE_H
#define LUNAD_SNS_RULE_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "sns_pattern.h"

/*
 * A filter policy as rules: what sns_filter.c matches with.
 */
#define SNS_RULE_KEYS 5           /* a policy's keys with values */
#define SNS_RULE_COMBINATIONS 150 /* of values, over all rules */

/* A path ("detail.source") and the patterns of which its value wants one. */
struct sns_values {
	char *path;
	size_t weight; /* how deep it lies times the number of elements */
	struct sns_pattern *pattern;
	size_t count;
	bool absent; /* {"exists":false} is among them */
};

struct sns_rule {
	size_t count;
	size_t value[SNS_RULE_KEYS]; /* of sns_rules.values */
};

struct sns_rules {
	struct sns_values *values;
	size_t value_count;
	struct sns_rule *rule;
	size_t rule_count;
};

/* 0; or -1 and why, as sns_filter_new says. rules is cleared by
 * sns_rule_clear in either case. */
int sns_rule_read(const char *policy, size_t len, bool nested,
    struct sns_rules *rules, struct buf *why);
void sns_rule_clear(struct sns_rules *rules);

/*
 * Append what AWS's JSON reader says of a text that is none, as it follows
 * "failed to parse JSON. "; nothing when it is JSON.
 */
void sns_rule_json(const char *text, size_t len, struct buf *why);

#endif
