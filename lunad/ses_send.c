/*
 * SES: sending: from whom, to whom, and whether it may be.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "deliver.h"
#include "diag.h"
#include "digest.h"
#include "fault.h"
#include "mail.h"
#include "metric.h"
#include "ses_private.h"
#include "text.h"

#define SIMULATOR "@simulator.amazonses.com"
#define BULK 50

static void
count(struct request *r, const char *metric)
{
	metric_add(
	    r->lunad, r->region, "AWS/SES", metric, "", 1, "Count", r->now_ms);
}

static bool
is_simulator(const char *address)
{
	const char *at = strrchr(address, '@');

	return at != NULL && strcasecmp(at, SIMULATOR) == 0;
}

/* Name one that failed the check, each once. */
static void
add_failed(struct buf *failed, const char *given)
{
	const char *at = strstr(buf_text(failed), given);
	size_t len = strlen(given);

	if (at != NULL && (at[len] == '\0' || at[len] == ',') &&
	    (at == failed->data || at[-1] == ' '))
		return;
	if (failed->len > 0)
		buf_add_text(failed, ", ");
	buf_add_text(failed, given);
}

static void
check_mailbox(struct request *r, const char *given, struct buf *failed)
{
	struct buf address = {0};

	if (mail_address(given, &address) != 0 ||
	    !ses_verified(r, buf_text(&address)))
		add_failed(failed, given);
	buf_clear(&address);
}

/* A sender always has to be verified, in the sandbox a recipient too. */
static int
check_identities(struct request *r, const struct ses_account *a,
    const struct ses_send *s, const struct buf *raw)
{
	const char *feedback = param(r, "FeedbackForwardingEmailAddress");
	struct buf failed = {0}, value = {0}, mailbox = {0};
	const char *at;
	char region[64];
	int rc = 0;

	if (s->from != NULL)
		check_mailbox(r, s->from, &failed);
	if (raw != NULL &&
	    mail_header(buf_text(raw), raw->len, "From", &value) == 0)
		for (at = buf_text(&value); mail_next(&at, &mailbox);)
			check_mailbox(r, buf_text(&mailbox), &failed);
	if (feedback != NULL && feedback[0] != '\0')
		check_mailbox(r, feedback, &failed);
	for (size_t i = 0; !a->production && i < s->count; i++)
		if (!is_simulator(s->address[i]) &&
		    !ses_verified(r, s->address[i]))
			add_failed(&failed, s->given[i]);
	if (failed.len > 0) {
		snprintf(region, sizeof(region), "%s", r->region);
		for (char *p = region; *p != '\0'; p++)
			*p = (char)toupper((unsigned char)*p);
		rc = fail(r, 400, "MessageRejected",
		    "Email address is not verified. The following identities "
		    "failed the check in region %s: %s",
		    region, buf_text(&failed));
	}
	buf_clear(&failed);
	buf_clear(&value);
	buf_clear(&mailbox);
	return rc;
}

static bool
is_tag(const char *text, const char *also)
{
	for (; *text != '\0'; text++)
		if (!isalnum((unsigned char)*text) &&
		    strchr(also, *text) == NULL)
			return false;
	return true;
}

static int
check_tags(struct request *r, struct json tags)
{
	struct json_iter it;
	struct json e;

	json_each(tags, &it);
	while (json_next(&it, NULL, &e)) {
		const char *name = ses_text(r, e, "Name");
		const char *value = ses_text(r, e, "Value");

		if (name == NULL || value == NULL)
			return ses_bad(r, "The tag %s must be specified.",
			    name == NULL ? "name" : "value");
		if (strlen(name) > 255 || strlen(value) > 255)
			return ses_bad(r,
			    "Tag %s cannot exceed 255 characters.",
			    strlen(name) > 255 ? "name" : "value");
		if (!is_tag(name, "_-"))
			return ses_bad(r,
			    "Invalid tag name <%s>: only alphanumeric ASCII "
			    "characters, '_',  '-' are allowed.",
			    name);
		if (!is_tag(value, "_-.@"))
			return ses_bad(r,
			    "Invalid tag value <%s>: only alphanumeric ASCII "
			    "characters, '_',  '-' , '.', '@' are allowed.",
			    value);
	}
	return 0;
}

/* What every send is asked first. */
static int
check_request(struct request *r, struct ses_account *a)
{
	const char *set = param(r, "ConfigurationSetName");
	const char *from = param(r, "FromEmailAddress");

	ses_account_read(r, a);
	if (!a->sending)
		return fail(r, 400, "SendingPausedException",
		    "Account sending is disabled.");
	if (set != NULL && set[0] != '\0' && !ses_set_exists(r, set))
		return fail(r, 404, "NotFoundException",
		    "Configuration set <%s> does not exist.", set);
	if (from != NULL && !mail_is_header(from))
		return ses_bad(r, "Illegal address");
	return 0;
}

static int
read_send(struct request *r, struct json destination, struct ses_send *s)
{
	char uuid[37];

	digest_uuid(uuid);
	*s = (struct ses_send){.from = ses_text(r, r->in, "FromEmailAddress"),
	    .to = json_get(destination, "ToAddresses"),
	    .cc = json_get(destination, "CcAddresses"),
	    .bcc = json_get(destination, "BccAddresses"),
	    .reply_to = param_json(r, "ReplyToAddresses"),
	    .id = request_format(r, "0100%012llx-%s-000000",
		(unsigned long long)r->now_ms, uuid)};
	if (ses_envelope(r, s, s->to) < 0 || ses_envelope(r, s, s->cc) < 0 ||
	    ses_envelope(r, s, s->bcc) < 0)
		return -1;
	return 0;
}

/* The simulator's addresses end what they are named for; no mail is made. */
static void
simulate(struct request *r, const char *address)
{
	count(
	    r, strncasecmp(address, "bounce", 6) == 0 ? "Bounce" : "Delivery");
	if (strncasecmp(address, "complaint", 9) == 0)
		count(r, "Complaint");
}

static void
deliver_all(struct request *r, const struct ses_send *s, const struct buf *mail)
{
	struct buf from = {0};
	char note[96];

	if (s->from == NULL || mail_address(s->from, &from) != 0) {
		struct buf value = {0}, mailbox = {0};
		const char *at;

		mail_header(mail->data, mail->len, "From", &value);
		at = buf_text(&value);
		if (mail_next(&at, &mailbox))
			mail_address(buf_text(&mailbox), &from);
		buf_clear(&value);
		buf_clear(&mailbox);
	}
	snprintf(note, sizeof(note), "ses %s", r->region);
	for (size_t i = 0; i < s->count; i++) {
		if (is_simulator(s->address[i]))
			simulate(r, s->address[i]);
		else
			deliver_mail(r->lunad, note, buf_text(&from),
			    s->address[i], mail->data, mail->len);
	}
	buf_clear(&from);
}

/* The last that can refuse it, then it goes. */
static int
dispatch_mail(struct request *r, const struct ses_account *a,
    const struct ses_send *s, const struct buf *mail)
{
	if (s->count == 0)
		return ses_bad(
		    r, "At least one destination address is required.");
	if (mail != NULL && mail->len > SES_MESSAGE_MAX)
		return ses_bad(r,
		    "Message length is more than %zu bytes long: '%zu'.",
		    SES_MESSAGE_MAX, mail->len);
	if (ses_spend(r, a, s->count) < 0)
		return -1;
	count(r, "Send");
	if (mail != NULL)
		deliver_all(r, s, mail);
	return 0;
}

static int
send_raw(struct request *r, const struct ses_account *a, struct ses_send *s,
    struct json content)
{
	size_t len = 0;
	const char *data = param_text(r, json_get(content, "Data"), &len);
	struct buf raw = {0}, mail = {0};
	int failed = -1;

	if (data == NULL || text_unbase64(data, len, &raw) != 0 ||
	    raw.len == 0 || memchr(raw.data, '\0', raw.len) != NULL)
		ses_bad(r, "Content.Raw.Data is no message in base64.");
	else if (s->count > 0 ||
		 (ses_envelope_header(r, s, &raw, "To") == 0 &&
		     ses_envelope_header(r, s, &raw, "Cc") == 0 &&
		     ses_envelope_header(r, s, &raw, "Bcc") == 0))
		failed = ses_write_raw(r, s, &raw, &mail);
	if (failed == 0)
		failed = check_identities(r, a, s, &raw);
	if (failed == 0)
		failed = dispatch_mail(r, a, s, &mail);
	buf_clear(&raw);
	buf_clear(&mail);
	return failed;
}

static int
send_simple(struct request *r, const struct ses_account *a,
    const struct ses_send *s, struct json content)
{
	struct buf mail = {0};
	int failed = ses_write_simple(r, s, content, &mail);

	if (failed == 0)
		failed = check_identities(r, a, s, NULL);
	if (failed == 0)
		failed = dispatch_mail(r, a, s, &mail);
	buf_clear(&mail);
	return failed;
}

/* The template that a Template part names, or has within it. */
static int
find_template(struct request *r, struct json content, struct ses_parts *parts)
{
	const char *name = ses_text(r, content, "TemplateName");
	const char *arn = ses_text(r, content, "TemplateArn");
	struct json inlined = json_get(content, "TemplateContent");

	if (name == NULL && arn != NULL)
		name = ses_template_of_arn(arn);
	if (name != NULL) {
		if (ses_template_find(r, name, parts))
			return 0;
		return ses_missing(r, "Template", name);
	}
	if (inlined.type != JSON_OBJECT)
		return ses_bad(r,
		    "Content.Template requires TemplateName, TemplateArn, or "
		    "TemplateContent.");
	*parts = (struct ses_parts){0};
	parts->subject =
	    param_text(r, json_get(inlined, "Subject"), &parts->subject_len);
	parts->text =
	    param_text(r, json_get(inlined, "Text"), &parts->text_len);
	parts->html =
	    param_text(r, json_get(inlined, "Html"), &parts->html_len);
	return 0;
}

/*
 * A template that lacks data is accepted and not delivered, as on AWS: there
 * an event tells, here a line on stderr.
 */
static int
send_rendered(struct request *r, const struct ses_account *a,
    const struct ses_send *s, const struct ses_parts *parts, struct json data,
    struct json with)
{
	struct ses_rendered text = {0};
	struct buf mail = {0};
	struct err err = {0};
	int failed = check_identities(r, a, s, NULL);

	if (failed != 0)
		return -1;
	if (ses_render(parts, data, &text, &err) != 0) {
		diag("ses: message %s is accepted and not delivered: "
		     "rendering failure: %s",
		    s->id, err.message);
		failed = dispatch_mail(r, a, s, NULL);
	} else {
		failed = ses_write_rendered(r, s, &text, with, &mail);
		if (failed == 0)
			failed = dispatch_mail(r, a, s, &mail);
	}
	ses_rendered_clear(&text);
	buf_clear(&mail);
	return failed;
}

int
ses_send_email(struct request *r)
{
	struct json content = param_json(r, "Content");
	struct json raw = json_get(content, "Raw");
	struct json simple = json_get(content, "Simple");
	struct json template = json_get(content, "Template");
	struct ses_account a;
	struct ses_send s;
	struct ses_parts parts;
	struct json data;
	int failed = -1;

	if (check_request(r, &a) < 0 ||
	    check_tags(r, param_json(r, "EmailTags")) < 0 ||
	    read_send(r, param_json(r, "Destination"), &s) < 0)
		return ANSWER_ERROR;
	if (raw.type == JSON_OBJECT)
		failed = send_raw(r, &a, &s, raw);
	else if (s.from == NULL)
		ses_bad(r, "Source cannot be empty");
	else if (simple.type == JSON_OBJECT)
		failed = send_simple(r, &a, &s, simple);
	else if (template.type != JSON_OBJECT)
		ses_bad(r, "Content must contain Raw, Simple, or Template.");
	else if (find_template(r, template, &parts) == 0 &&
		 ses_template_data(
		     r, ses_text(r, template, "TemplateData"), &data) == 0)
		failed = send_rendered(r, &a, &s, &parts, data, template);
	if (failed != 0)
		return ANSWER_ERROR;
	put_open(r->out, NULL, '{');
	put_text(r->out, "MessageId", s.id);
	put_close(r->out, '}');
	return ANSWER;
}

static const char *
bulk_status(const struct request *r)
{
	if (strcmp(r->error_code, "MessageRejected") == 0)
		return "MESSAGE_REJECTED";
	if (strcmp(r->error_code, "TooManyRequestsException") == 0)
		return strncmp(buf_text(&r->error_message), "Daily", 5) == 0
			   ? "ACCOUNT_DAILY_QUOTA_EXCEEDED"
			   : "ACCOUNT_THROTTLED";
	return "INVALID_PARAMETER";
}

/* --fault: is this entry refused on purpose? */
static int
refused(struct request *r, struct json entry)
{
	switch (fault_entry(r, entry.at, entry.len)) {
	case FAULT_LATER:
		return fail(r, 429, "TooManyRequestsException",
		    "Maximum sending rate exceeded.");
	case FAULT_NEVER:
		return fail(r, 400, "MessageRejected",
		    "The entry was refused on purpose (--fault).");
	case FAULT_NONE:
		break;
	}
	return 0;
}

/* One entry; what refuses it is its own result. */
static void
send_entry(struct request *r, const struct ses_account *a,
    const struct ses_parts *parts, struct json template, struct json entry)
{
	struct json own = json_get(
	    json_get(entry, "ReplacementEmailContent"), "ReplacementTemplate");
	const char *text = ses_text(r, own, "ReplacementTemplateData");
	struct ses_send s;
	struct json data;
	int failed;

	/* Data of its own replaces the default as a whole. */
	if (text == NULL || strcmp(text, "{}") == 0)
		text = ses_text(r, template, "TemplateData");
	failed = refused(r, entry) < 0 ||
		 read_send(r, json_get(entry, "Destination"), &s) < 0 ||
		 ses_template_data(r, text, &data) < 0 ||
		 send_rendered(r, a, &s, parts, data, template) < 0;
	put_open(r->out, NULL, '{');
	put_text(r->out, "Status", failed ? bulk_status(r) : "SUCCESS");
	if (failed)
		put_text(r->out, "Error", buf_text(&r->error_message));
	else
		put_text(r->out, "MessageId", s.id);
	put_close(r->out, '}');
	r->error_status = 0;
}

int
ses_send_bulk(struct request *r)
{
	struct json template =
	    json_get(param_json(r, "DefaultContent"), "Template");
	struct json entries = param_json(r, "BulkEmailEntries"), e;
	struct ses_account a;
	struct ses_parts parts;
	struct json_iter it;

	if (check_request(r, &a) < 0 ||
	    check_tags(r, param_json(r, "DefaultEmailTags")) < 0)
		return ANSWER_ERROR;
	if (ses_text(r, r->in, "FromEmailAddress") == NULL)
		return ses_bad(r, "FromEmailAddress is required.");
	if (json_count(entries) < 1 || json_count(entries) > BULK)
		return ses_bad(
		    r, "BulkEmailEntries must have 1 to %d entries.", BULK);
	if (find_template(r, template, &parts) < 0)
		return ANSWER_ERROR;
	put_open(r->out, NULL, '{');
	put_open(r->out, "BulkEmailEntryResults", '[');
	json_each(entries, &it);
	while (json_next(&it, NULL, &e))
		send_entry(r, &a, &parts, template, e);
	put_close(r->out, ']');
	put_close(r->out, '}');
	return ANSWER;
}
