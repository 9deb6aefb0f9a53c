#ifndef LUNAD_DELIVER_H
#define LUNAD_DELIVER_H

#include <stddef.h>

/*
 * What leaves lunad: mail to a Maildir per address (or --smtp URL), HTTP
 * posts to subscribers. Queued in the store, carried out asynchronously,
 * sent again with back-off until it is given up.
 */
struct lunad;

/* mail: a whole RFC 5322 message with CRLF line ends. */
void deliver_mail(struct lunad *l, const char *from, const char *to,
    const char *mail, size_t len);
/* headers: "Name: value" lines separated by '\n'. */
void deliver_http(struct lunad *l, const char *url, const char *headers,
    const char *body, size_t len);

#endif
