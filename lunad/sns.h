#ifndef LUNAD_SNS_H
#define LUNAD_SNS_H

#include <stdbool.h>
#include <stddef.h>

#include "lunad.h"

/*
 * What other services ask of SNS: to publish to a topic's ARN.
 * Returns 0; -1 when the topic does not exist.
 */
int sns_publish(struct lunad *l, const char *topic_arn, const char *subject,
    const char *message, size_t len);

/* What deliver.c tells: a delivery with this note is done or given up (then
 * with what was to be delivered). */
void sns_settled(struct lunad *l, const char *note, bool delivered,
    const char *body, size_t len);

extern const struct api sns_api;

#endif
