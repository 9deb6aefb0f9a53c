#ifndef LUNA_RECEIVED_H
#define LUNA_RECEIVED_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "json.h"

/*
 * A message as ReceiveMessage gives it, as a record: its body is the payload,
 * everything else @metadata.from.sqs under the service's own names.
 * The page: luna-record(5).
 */
struct received_about {
	const char *queue_url;
	const char *lease;     /* lease_name */
	int64_t hold_until_ms; /* since the epoch */
	bool raw;              /* do not open SNS envelopes */
};

void received_record(
    const struct received_about *about, struct json message, struct buf *out);

#endif
