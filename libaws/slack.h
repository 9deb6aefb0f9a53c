#ifndef LUNA_SLACK_H
#define LUNA_SLACK_H

#include <stddef.h>

#include "alarm.h"
#include "buf.h"

/*
 * Messages for Slack's incoming webhooks, as JSON.
 *
 * Source: Slack API, "Sending messages using incoming webhooks", "Section
 *         block".
 */
enum { SLACK_TEXT = 38000 }; /* bytes of a text; of 40,000 characters */

/* Append text, escaped already, as a JSON string of at most `most` bytes, cut
 * at a whole character. */
void slack_string(const struct buf *text, size_t most, struct buf *out);
/* Append the message that says text, which is escaped already. */
void slack_say(const struct buf *text, struct buf *out);
/* Append an alarm's message: name and states, reason, facts, link, colour. */
void slack_alarm(const struct alarm *alarm, struct buf *out);

#endif
