#ifndef LUNAD_MAIL_H
#define LUNAD_MAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/*
 * Messages of RFC 5322, with MIME (RFC 2045–2049) where a text needs it: what
 * SNS and SES send. Text is UTF-8.
 */
struct mail_attachment {
	const char *type; /* NULL: application/octet-stream */
	const char *name;
	const char *id;          /* Content-ID, or NULL */
	const char *description; /* or NULL */
	bool inlined;
	const char *base64; /* its bytes */
	size_t base64_len;
};

struct mail {
	int64_t date_ms;
	const char *id; /* "…@…", without <> */
	const char *from, *to, *cc,
	    *reply_to;           /* as headers have them, or NULL */
	const char *subject;     /* encoded here */
	const char *headers;     /* further lines with CRLF, or NULL */
	const char *text, *html; /* either may be NULL */
	size_t text_len, html_len;
	const struct mail_attachment *attachment;
	size_t attachments;
};

/* Append the message, line ends CRLF. What goes into headers must have
 * passed mail_is_header. */
void mail_write(const struct mail *m, struct buf *out);

/* No CR, LF or other control character in it? */
bool mail_is_header(const char *text);

/*
 * Append the address of one mailbox: "Ada <ada@example.com>" or the address
 * alone. -1: there is none, or more than that.
 */
int mail_address(const char *mailbox, struct buf *out);
/* "example.com" of an address; NULL when it is none. */
const char *mail_domain(const char *address);

/*
 * The value of a header of a whole message, unfolded, appended. -1: it has
 * no such header. len: of the message.
 */
int mail_header(
    const char *message, size_t len, const char *name, struct buf *out);
/* The mailboxes of a header's value, one at a time; at moves on. */
bool mail_next(const char **at, struct buf *mailbox);

/*
 * Append a whole message with CRLF line ends, its date and id replaced and
 * what is for its sender alone (Bcc, Return-Path) left out.
 */
void mail_stamp(const char *message, size_t len, int64_t date_ms,
    const char *id, struct buf *out);

/* Append text with CRLF where it had LF, CR or CRLF. */
void mail_crlf(const char *text, size_t len, struct buf *out);

#endif
