#ifndef LUNAD_SNS_RULE_H
#define LUNAD_SNS_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "json.h"

/*
 * A filter policy as rules: what sns_filter.c matches with. Complaints about
 * a policy have AWS's words and its place in the text.
 */
#define SNS_RULE_KEYS 5           /* a policy's keys with values */
#define SNS_RULE_COMBINATIONS 150 /* of values, over all rules */

struct sns_pattern {
	enum {
		SNS_TEXT,    /* this string */
		SNS_LITERAL, /* true, false, null, or a number as written */
		SNS_NUMBERS, /* a number within low and high */
		SNS_PREFIX,
		SNS_SUFFIX,
		SNS_IGNORE_CASE,
		SNS_ADDRESSES, /* an IP address of the network */
		SNS_EXISTS,
		SNS_ABSENT,
		SNS_NOT_PREFIX,
		SNS_NOT /* none of several */
	} test;
	char *text;
	size_t len;
	int64_t low, high; /* sns_rule_number; ends included */
	uint8_t address[16], mask[16];
	size_t address_len; /* 4 or 16 */
	struct sns_pattern *none_of;
	size_t none_count;
};

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

/* A number in SNS's range (a billion either way) with its five decimals:
 * false when v is none. */
bool sns_rule_number(struct json v, int64_t *out);
/* The bytes of an IP address in text: 4, 16, or 0. */
size_t sns_rule_address(const char *text, uint8_t out[static 16]);

#endif
