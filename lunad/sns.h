#ifndef LUNAD_SNS_H
#define LUNAD_SNS_H

#include <stddef.h>

/*
 * What other services ask of SNS: to publish to a topic's ARN.
 * Returns 0; -1 when the topic does not exist.
 */
struct lunad;
int sns_publish(struct lunad *l, const char *topic_arn, const char *subject,
    const char *message, size_t len);

#endif
