#ifndef LUNA_MAIL_H
#define LUNA_MAIL_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "err.h"
#include "opt.h"
#include "record.h"
#include "template.h"

/*
 * The mails of a record as SES takes them: one SendEmail an address.
 *
 * Source: SES API v2 Reference, SendEmail.
 */
struct mail_about { /* templates as text; NULL: not said */
	const char *from, *subject, *body, *html, *reply;
	const char *body_file;     /* holds body */
	const char *template_name; /* of SES, instead of subject and body */
	const struct opt_list *to;
	const char *to_file; /* recipients, one a line */
};

struct mail {
	struct template *from, *subject, *body, *html, *reply;
	const char *template_name;
	struct template **to;
	size_t to_count;
	struct buf text, address; /* scratch */
	/* The addresses of the record at hand, each ended by a NUL. */
	struct buf addresses;
	size_t next;
};

/* Fails: ERR_SETUP "Usage": what is missing, excludes each other, or cannot
 *        be read; mail_clear is still due. */
int mail_init(struct mail *m, const struct mail_about *about, struct err *err);
void mail_clear(struct mail *m);

/*
 * Append the body of SendEmail for recipient `part` (from 0, in order) of r;
 * more: another follows.
 * Fails: ERR_RECORD: "InvalidAddress", "NoRecipient", or as template_fill.
 */
int mail_encode(struct mail *m, const struct record *r, size_t part,
    struct buf *out, bool *more, struct err *err);

#endif
