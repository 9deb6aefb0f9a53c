#ifndef LUNA_REPLY_H
#define LUNA_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "http.h"
#include "retry.h"
#include "service.h"

/*
 * What a service's answer says of itself, whatever its protocol. Pure.
 */

/* Is the body what x-amz-crc32 says it is? True without that header. */
bool reply_intact(const struct http_request *r);

/* The request's id as the service calls it; "" when it does not say. */
void reply_request_id(const struct http_request *r, char out[static 80]);

/* A header that is a whole number, or -1. */
int64_t reply_number(const struct http_request *r, const char *name);

/*
 * The service's clock when it answered, to a second. -1: no Date, or one
 * that cannot be trusted, because the answer was kept somewhere (Age).
 *
 * last: the Date read before, zeroed at first: within a second all answers
 *       have the same, and to read one costs more than to compare it.
 */
struct reply_date {
	char text[40];
	int64_t ms;
};
int64_t reply_date(const struct http_request *r, struct reply_date *last);

/*
 * Fill err's code, message and request_id from an answer that is no success;
 * its kind is not set. A body that is no service's error gives the code
 * "HTTP503" and what the body begins with.
 *
 * Returns: whether the same request may succeed later.
 * Source:  each protocol's "Operation error serialization" in the Smithy
 *          specification: "__type" after '#', X-Amzn-Errortype before ':',
 *          X-Amzn-Query-Error before ';', and XML's Error/Code.
 */
enum retry_class reply_error(const struct http_request *r, struct err *err);

/*
 * Append the body of a success as one line of JSON: JSON without white space,
 * XML by xml_json (of a query reply what is in OPERATIONResult), nothing as
 * {}, and what is neither, where the protocol allows it, as {"body":"…"} or
 * {"body_base64":"…"}.
 *
 * operation: may be NULL for REST.
 * Fails:     ERR_LATER "InvalidReply".
 */
int reply_line(const struct service *service, const char *operation,
    const char *body, size_t len, struct buf *out, struct err *err);

#endif
