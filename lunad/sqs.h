#ifndef LUNAD_SQS_H
#define LUNAD_SQS_H

#include <stddef.h>

/*
 * What other services ask of SQS: to take a message for a queue's ARN.
 *
 * attributes: MessageAttributes as JSON text of SendMessage, or NULL.
 * group, dedup: FIFO queues; NULL otherwise.
 * Returns 0; -1 when the queue does not exist or refuses the message.
 */
struct lunad;
int sqs_accept(struct lunad *l, const char *queue_arn, const char *body,
    size_t len, const char *attributes, const char *group, const char *dedup);

#endif
