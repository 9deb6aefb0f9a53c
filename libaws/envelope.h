#ifndef LUNA_ENVELOPE_H
#define LUNA_ENVELOPE_H

#include "buf.h"
#include "json.h"

/*
 * What SNS wraps around a message for a queue that did not ask for raw
 * delivery: {"Type":"Notification","MessageId":…,"TopicArn":…,"Message":…}.
 *
 * Source: SNS Developer Guide, "Amazon SNS message delivery: JSON formats".
 */

/*
 * Is body such a notification? Then its Message is appended to message, and
 * to fields: "sns":{"TopicArn":…,"MessageId":…,"Subject":…,"Timestamp":…,
 * "MessageAttributes":…}, the members that it has.
 */
bool envelope_open(
    const char *body, size_t len, struct buf *message, struct buf *fields);

#endif
