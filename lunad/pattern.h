#ifndef LUNAD_PATTERN_H
#define LUNAD_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "json.h"

/*
 * Event patterns of EventBridge: an object whose leaves are arrays of what a
 * field may be. (SNS's filter policies are cousins with other limits: see
 * sns_filter.h.)
 *
 * Source: EventBridge User Guide, "Comparison operators for use in event
 * patterns"; the texts of refusals as recorded.
 */

/*
 * Is text a valid pattern? 0; or -1 with the reason appended to why, as AWS
 * says it after "Reason: ", with its line and column.
 */
int pattern_check(const char *text, size_t len, struct buf *why);

/*
 * Does event, an object, match? pattern passed pattern_check. Elements of an
 * array match when any of them does; "a.b" names b inside of a as well as a
 * member "a.b".
 */
bool pattern_match(struct json pattern, struct json event);

#endif
