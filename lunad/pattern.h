#ifndef LUNAD_PATTERN_H
#define LUNAD_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "json.h"

/*
 * Event patterns of EventBridge, which are also the filter policies of SNS:
 * an object whose leaves are arrays of what a field may be.
 *
 * Source: EventBridge User Guide, "Comparison operators for use in event
 * patterns"; the texts of refusals as recorded from both services.
 */
enum pattern_dialect {
	PATTERN_EVENTS,
	PATTERN_SNS /* anything-but knows prefix only */
};

/*
 * Is text a valid pattern? 0; or -1 with the reason appended to why, as AWS
 * says it after "Reason: " or "FilterPolicy: ", with its line and column.
 */
int pattern_check(const char *text, size_t len, enum pattern_dialect dialect,
    struct buf *why);

/*
 * Does event, an object, match? pattern passed pattern_check. Elements of an
 * array match when any of them does; "a.b" names b inside of a as well as a
 * member "a.b".
 */
bool pattern_match(struct json pattern, struct json event);

#endif
