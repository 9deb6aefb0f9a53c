#ifndef LUNAD_SES_PRIVATE_H
#define LUNAD_SES_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "json.h"
#include "lunad.h"
#include "store.h"

/*
 * What the parts of SES share.
 *
 *     ses.c           the operations, configuration sets
 *     ses_account.c   the sandbox, quotas and rates
 *     ses_identity.c  addresses and domains, verified or not
 *     ses_library.c   templates, stored
 *     ses_send.c      what is sent: from whom, to whom, may it
 *     ses_content.c   the message itself
 *     ses_template.c  templates, rendered
 */
#define SES_RECIPIENTS 50
#define SES_MESSAGE_MAX ((size_t)40 << 20)

int ses_bad(struct request *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int ses_missing(struct request *r, const char *what, const char *name);
/* The text of a member of v, or NULL; "" counts as absent. */
const char *ses_text(struct request *r, struct json v, const char *name);
/* A page of a list: PageSize and NextToken; next is the token that follows. */
struct ses_page {
	int64_t size;
	const char *after;
};
struct ses_page ses_page(struct request *r, int64_t most);
bool ses_set_exists(struct request *r, const char *name);

/* ses_account.c */
struct ses_account {
	bool production, sending;
	double max_24h, max_rate; /* -1: no limit */
	double sent_24h;
};
void ses_account_read(struct request *r, struct ses_account *a);
int ses_get_account(struct request *r);
int ses_put_account_details(struct request *r);
int ses_put_account_sending(struct request *r);
/* Count n recipients against the quotas, or fail. */
int ses_spend(struct request *r, const struct ses_account *a, size_t n);

/* ses_identity.c */
int ses_create_identity(struct request *r);
int ses_get_identity(struct request *r);
int ses_list_identities(struct request *r);
int ses_delete_identity(struct request *r);
int ses_confirm_identity(struct request *r);
int ses_put_dkim(struct request *r);
int ses_put_dkim_signing(struct request *r);
int ses_put_mail_from(struct request *r);
int ses_put_feedback(struct request *r);
int ses_put_identity_set(struct request *r);
/* May mail be sent from here: the address or a domain above it verified? */
bool ses_verified(struct request *r, const char *address);

/* ses_library.c */
int ses_create_template(struct request *r);
int ses_get_template(struct request *r);
int ses_update_template(struct request *r);
int ses_delete_template(struct request *r);
int ses_list_templates(struct request *r);
int ses_test_render(struct request *r);
/* A template's parts as written: stored under a name, or given inline. */
struct ses_parts {
	const char *subject, *text, *html; /* NULL: has none */
	size_t subject_len, text_len, html_len;
};
bool ses_template_find(
    struct request *r, const char *name, struct ses_parts *parts);
/* What comes of them and data (JSON text of an object). */
struct ses_rendered {
	struct buf subject, text, html;
	bool has_text, has_html;
};
int ses_render(const struct ses_parts *parts, struct json data,
    struct ses_rendered *out, struct err *err);
void ses_rendered_clear(struct ses_rendered *out);
/* TemplateData, read; -1: the failure is set. */
int ses_template_data(struct request *r, const char *text, struct json *data);
/* A "template/NAME" of an ARN, or NULL. */
const char *ses_template_of_arn(const char *arn);

/* ses_send.c */
int ses_send_email(struct request *r);
int ses_send_bulk(struct request *r);

/* ses_content.c: what a send asks for, and the message that comes of it. */
struct ses_send {
	const char *from; /* as given: "Ada <ada@example.com>"; or NULL */
	struct json to, cc, bcc, reply_to; /* arrays or JSON_NONE */
	const char *id;                    /* MessageId */
	/* the envelope: addresses alone, and as they were given */
	const char *address[SES_RECIPIENTS], *given[SES_RECIPIENTS];
	size_t count;
};
/* Add the mailboxes of a list to the envelope. -1: the failure is set. */
int ses_envelope(struct request *r, struct ses_send *s, struct json list);
/* The same of a header of a raw message, when it has it. */
int ses_envelope_header(struct request *r, struct ses_send *s,
    const struct buf *raw, const char *name);
/*
 * Append the message of Content's Simple part; of its Raw part, decoded; or
 * of a rendered template with the Headers and Attachments of `with`. -1: the
 * failure is set.
 */
int ses_write_simple(struct request *r, const struct ses_send *s,
    struct json simple, struct buf *out);
int ses_write_raw(struct request *r, const struct ses_send *s,
    const struct buf *raw, struct buf *out);
int ses_write_rendered(struct request *r, const struct ses_send *s,
    const struct ses_rendered *text, struct json with, struct buf *out);

#endif
