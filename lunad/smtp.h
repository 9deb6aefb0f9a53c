#ifndef LUNAD_SMTP_H
#define LUNAD_SMTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

/*
 * Mail to a server (--smtp URL), one at a time, on a thread of its own: what
 * HTTP is to libaws/http.h, which libcurl's mail protocol does not fit.
 */
struct smtp;

/* For the life of the process; NULL without threads or descriptors.
 * url: "smtp://host:port", "smtps://user:password@host"; borrowed. */
struct smtp *smtp_open(const char *url);

/* Copies all. mail: with CRLF line ends. */
void smtp_send(struct smtp *s, int64_t id, const char *from, const char *to,
    const char *mail, size_t len);
/* Readable when smtp_next has something. */
int smtp_fd(const struct smtp *s);
/* A mail that is done: err.kind is ERR_NONE, ERR_LATER, or ERR_REFUSED. */
bool smtp_next(struct smtp *s, int64_t *id, struct err *err);
size_t smtp_pending(struct smtp *s);

#endif
