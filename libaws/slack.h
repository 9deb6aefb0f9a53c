#ifndef LUNA_SLACK_H
#define LUNA_SLACK_H

#include <stddef.h>

#include "alarm.h"
#include "buf.h"
#include "err.h"

/*
 * Messages for Slack's incoming webhooks, as JSON.
 *
 * Source: Slack API, "Sending messages using incoming webhooks", "Section
 *         block".
 */
enum { SLACK_TEXT = 40000 }; /* characters of a text, as UTF-16 counts */

/* Append text, escaped already, as a JSON string of at most `most` bytes, cut
 * at a whole character. */
void slack_string(const struct buf *text, size_t most, struct buf *out);
/*
 * Append the message that says text, which is escaped already.
 * Fails: ERR_RECORD "TooLarge": Slack would cut it, and not say so.
 */
int slack_say(const struct buf *text, struct buf *out, struct err *err);
/* Append an alarm's message: name and states, reason, facts, link, colour;
 * a text longer than its place is cut, and ends in an ellipsis. */
void slack_alarm(const struct alarm *alarm, struct buf *out);

#endif
