#ifndef LUNA_ALARM_H
#define LUNA_ALARM_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "json.h"

/*
 * CloudWatch alarm notifications, in the shapes that people have them: bare,
 * in an SNS envelope, in the Records of a Lambda event.
 *
 * Source: CloudWatch User Guide, "Alarm events"; SNS and Lambda Developer
 *         Guides, message formats.
 */
struct alarm {
	char *name, *was, *now; /* "OK", "ALARM", "INSUFFICIENT_DATA" */
	char *reason;
	char *metric; /* "AWS/EC2 CPUUtilization Average", or "" */
	char *bound;  /* "<= 1 for 1 of 1 × 300 s", or "" */
	char *value;  /* the datapoint that the reason names, or "" */
	char *time;
	char *region; /* "us-east-1"; without an ARN what the notice calls it */
	char *link;   /* to the alarm in the console, or "" */
};

/*
 * The part-th notification of a record: text is what a message says when it
 * is no alarm, appended; more: another part follows.
 *
 * Returns true and fills alarm when it is one; alarm_clear it.
 */
bool alarm_read(struct json root, size_t part, struct alarm *alarm,
    struct buf *text, bool *more);
void alarm_clear(struct alarm *alarm);

#endif
