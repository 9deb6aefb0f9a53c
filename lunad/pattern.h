#ifndef LUNAD_PATTERN_H
#define LUNAD_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "json.h"

/*
 * Event patterns of EventBridge: an object whose leaves are arrays of what a
 * field may be.
 *
 * SNS's filter policies (sns_filter.h) look alike and are kept apart: nearly
 * nothing of the two is the same thing. EventBridge has wildcard, and prefix
 * and suffix that ignore case, also in anything-but, and whole numbers of any
 * length; SNS has none of them, but five keys, 150 combinations and numbers
 * within a billion to five decimals. What they refuse, they refuse in other
 * words, at other places of the text; and a policy is compiled, since it is
 * asked of each message, where a pattern is read from its rule.
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
