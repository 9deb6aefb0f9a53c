#ifndef LUNAD_SNS_PATTERN_H
#define LUNAD_SNS_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "json.h"

/*
 * One pattern of a filter policy: an element of a key's list.
 */
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
	int64_t low, high; /* sns_pattern_number; ends included */
	uint8_t address[16], mask[16];
	size_t address_len; /* 4 or 16 */
	struct sns_pattern *none_of;
	size_t none_count;
};

/* A policy's text while it is read, and where complaints go. */
struct sns_source {
	const char *text;
	size_t len;
	struct buf *why;
};

/* p: zeroed. -1 and why; p is cleared by sns_pattern_clear in either case. */
int sns_pattern_read(
    struct sns_source *s, struct json element, struct sns_pattern *p);
void sns_pattern_clear(struct sns_pattern *p);

/*
 * Complain in AWS's words and with its place in the text: returns -1.
 *
 * at: where AWS's reader, a stream, stands by then; NULL: it does not say. A
 *     string or a bracket is first only opened; what was looked at is passed.
 */
int sns_pattern_refuse(struct sns_source *s, const char *at, const char *format,
    ...) __attribute__((format(printf, 3, 4)));
const char *sns_pattern_opened(struct json v);
const char *sns_pattern_passed(struct json v);

/* A number in SNS's range (a billion either way) with its five decimals:
 * false when v is none. */
bool sns_pattern_number(struct json v, int64_t *out);
/* The bytes of an IP address in text: 4, 16, or 0. */
size_t sns_pattern_address(const char *text, uint8_t out[static 16]);

#endif
