#ifndef LUNAD_DELIVER_H
#define LUNAD_DELIVER_H

#include <stddef.h>

#include "lunad.h"

/*
 * What leaves lunad: mail to a Maildir per address (or --smtp URL), HTTP
 * posts to subscribers. Queued in the store, carried out after the request
 * that caused it, sent again with back-off (virtual time) until it is given
 * up. Mail to a Maildir arrives once, the rest at least once.
 *
 * note: what the sender wants to know again when it is settled, text that
 *       begins with its service ("sns …", "ses …"); or NULL.
 */

/* mail: a whole RFC 5322 message with CRLF line ends.
 * from, to: addresses alone, for the envelope. */
void deliver_mail(struct lunad *l, const char *note, const char *from,
    const char *to, const char *mail, size_t len);

/*
 * headers: "Name: value" lines separated by '\n', which no value may have.
 * policy:  a healthyRetryPolicy of SNS as JSON text, or NULL for its default:
 *          three more tries, 20 s apart.
 */
void deliver_http(struct lunad *l, const char *note, const char *url,
    const char *headers, const char *body, size_t len, const char *policy);

extern const struct api deliver_api;

#endif
