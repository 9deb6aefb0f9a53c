/*
 * SES, version 2 of its API: the operations, and configuration sets.
 */
#include "ses.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metric.h"
#include "ses_private.h"

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS ses_identity ("
    " region TEXT NOT NULL, name TEXT NOT NULL, domain INTEGER NOT NULL,"
    " verified INTEGER NOT NULL DEFAULT 0, verified_ms INTEGER,"
    " token TEXT, token_until_ms INTEGER, made_ms INTEGER NOT NULL,"
    " signing INTEGER NOT NULL, own_key INTEGER NOT NULL DEFAULT 0,"
    " dkim_tokens TEXT NOT NULL, feedback INTEGER NOT NULL DEFAULT 1,"
    " config_set TEXT, mail_from TEXT,"
    " on_mx_failure TEXT NOT NULL DEFAULT 'USE_DEFAULT_VALUE',"
    " tags TEXT NOT NULL, PRIMARY KEY (region, name)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS ses_identity_token ON ses_identity (token);"
    "CREATE TABLE IF NOT EXISTS ses_template ("
    " region TEXT NOT NULL, name TEXT NOT NULL, subject TEXT, text TEXT,"
    " html TEXT, made_ms INTEGER NOT NULL, tags TEXT NOT NULL,"
    " PRIMARY KEY (region, name)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS ses_set ("
    " region TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL,"
    " PRIMARY KEY (region, name)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS ses_account ("
    " region TEXT PRIMARY KEY, production INTEGER NOT NULL DEFAULT 0,"
    " sending INTEGER NOT NULL DEFAULT 1, max_24h REAL NOT NULL DEFAULT 200,"
    " max_rate REAL NOT NULL DEFAULT 1, details TEXT,"
    " room REAL NOT NULL DEFAULT 0,"
    " room_ms INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS ses_sent ("
    " region TEXT NOT NULL, minute INTEGER NOT NULL, count REAL NOT NULL,"
    " PRIMARY KEY (region, minute)) WITHOUT ROWID";

int
ses_bad(struct request *r, const char *format, ...)
{
	va_list args;
	char *text = NULL;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	fail(r, 400, "BadRequestException", "%s", text == NULL ? "" : text);
	free(text);
	return ANSWER_ERROR;
}

int
ses_missing(struct request *r, const char *what, const char *name)
{
	return fail(
	    r, 404, "NotFoundException", "%s %s does not exist.", what, name);
}

const char *
ses_text(struct request *r, struct json v, const char *name)
{
	const char *text = param_text(r, json_get(v, name), NULL);

	return text == NULL || text[0] == '\0' ? NULL : text;
}

struct ses_page
ses_page(struct request *r, int64_t most)
{
	struct ses_page p = {.size = param_int(r, "PageSize", most),
	    .after = param(r, "NextToken")};

	if (p.size < 1 || p.size > most)
		p.size = most;
	if (p.after == NULL)
		p.after = "";
	return p;
}

bool
ses_set_exists(struct request *r, const char *name)
{
	return store_number(r->store, 0,
		   "SELECT 1 FROM ses_set WHERE region = ? AND name = ?", "tt",
		   r->region, name) == 1;
}

static int
no_set(struct request *r, const char *name)
{
	return fail(r, 404, "NotFoundException",
	    "Configuration set <%s> does not exist.", name);
}

static int
create_set(struct request *r)
{
	const char *name = param(r, "ConfigurationSetName");
	struct buf body = {0};

	if (name == NULL || name[0] == '\0' || strlen(name) > 64 ||
	    strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			 "0123456789_-") != strlen(name))
		return ses_bad(r,
		    "Invalid configuration set name <%s>: only alphanumeric "
		    "ASCII characters, '_', '-' are allowed.",
		    name == NULL ? "" : name);
	if (ses_set_exists(r, name))
		return fail(r, 400, "AlreadyExistsException",
		    "Configuration set <%s> already exists.", name);
	json_compact(r->in, &body);
	store_do(r->store,
	    "INSERT INTO ses_set (region, name, body) VALUES (?, ?, ?)", "ttt",
	    r->region, name, buf_text(&body));
	buf_clear(&body);
	return ANSWER;
}

static int
get_set(struct request *r)
{
	const char *name = param(r, "ConfigurationSetName");
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT body FROM ses_set WHERE region = ? AND name = ?", "tt",
	    r->region, name);
	bool found = store_next(q);

	if (found)
		buf_add_text(r->out, store_text(q, 0));
	store_end(q);
	return found ? ANSWER : no_set(r, name);
}

static int
delete_set(struct request *r)
{
	const char *name = param(r, "ConfigurationSetName");

	if (store_do(r->store,
		"DELETE FROM ses_set WHERE region = ? AND name = ?", "tt",
		r->region, name) == 0)
		return no_set(r, name);
	return ANSWER;
}

static int
list_sets(struct request *r)
{
	struct ses_page page = ses_page(r, 1000);
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT name FROM ses_set WHERE region = ? AND name > ?"
	    " ORDER BY name LIMIT ?",
	    "tti", r->region, page.after, page.size + 1);
	const char *last = "";
	int64_t n = 0;

	put_open(r->out, NULL, '{');
	put_open(r->out, "ConfigurationSets", '[');
	while (store_next(q) && n++ < page.size) {
		last = request_format(r, "%s", store_text(q, 0));
		put_text(r->out, NULL, last);
	}
	store_end(q);
	put_close(r->out, ']');
	if (n > page.size)
		put_text(r->out, "NextToken", last);
	put_close(r->out, '}');
	return ANSWER;
}

void
ses_settled(struct lunad *l, const char *note, bool delivered)
{
	metric_add(l, note, "AWS/SES", delivered ? "Delivery" : "Bounce", "", 1,
	    "Count", lunad_now(l));
}

#define IDENTITY "/v2/email/identities/{EmailIdentity}"
#define TEMPLATE "/v2/email/templates/{TemplateName}"

static const struct operation operations[] = {
    {.name = "SendEmail",
	.run = ses_send_email,
	.writes = true,
	.method = "POST",
	.path = "/v2/email/outbound-emails"},
    {.name = "SendBulkEmail",
	.run = ses_send_bulk,
	.writes = true,
	.method = "POST",
	.path = "/v2/email/outbound-bulk-emails"},
    {.name = "CreateEmailIdentity",
	.run = ses_create_identity,
	.writes = true,
	.method = "POST",
	.path = "/v2/email/identities"},
    {.name = "GetEmailIdentity",
	.run = ses_get_identity,
	.method = "GET",
	.path = IDENTITY},
    {.name = "DeleteEmailIdentity",
	.run = ses_delete_identity,
	.writes = true,
	.method = "DELETE",
	.path = IDENTITY},
    {.name = "ListEmailIdentities",
	.run = ses_list_identities,
	.method = "POST",
	.path = "/v2/email/list-identities"},
    {.name = "ListEmailIdentities", /* until 2026 */
	.run = ses_list_identities,
	.method = "GET",
	.path = "/v2/email/identities"},
    {.name = "ConfirmEmailIdentity", /* lunad's own: the link in the mail */
	.run = ses_confirm_identity,
	.writes = true,
	.open = true,
	.method = "GET",
	.path = IDENTITY "/confirm/{Token}"},
    {.name = "PutEmailIdentityDkimAttributes",
	.run = ses_put_dkim,
	.writes = true,
	.method = "PUT",
	.path = IDENTITY "/dkim"},
    {.name = "PutEmailIdentityDkimSigningAttributes",
	.run = ses_put_dkim_signing,
	.writes = true,
	.method = "PUT",
	.path = IDENTITY "/dkim/signing"},
    {.name = "PutEmailIdentityDkimSigningAttributes", /* until 2026 */
	.run = ses_put_dkim_signing,
	.writes = true,
	.method = "PUT",
	.path = "/v1/email/identities/{EmailIdentity}/dkim/signing"},
    {.name = "PutEmailIdentityMailFromAttributes",
	.run = ses_put_mail_from,
	.writes = true,
	.method = "PUT",
	.path = IDENTITY "/mail-from"},
    {.name = "PutEmailIdentityFeedbackAttributes",
	.run = ses_put_feedback,
	.writes = true,
	.method = "PUT",
	.path = IDENTITY "/feedback"},
    {.name = "PutEmailIdentityConfigurationSetAttributes",
	.run = ses_put_identity_set,
	.writes = true,
	.method = "PUT",
	.path = IDENTITY "/configuration-set"},
    {.name = "CreateEmailTemplate",
	.run = ses_create_template,
	.writes = true,
	.method = "POST",
	.path = "/v2/email/templates"},
    {.name = "ListEmailTemplates",
	.run = ses_list_templates,
	.method = "GET",
	.path = "/v2/email/templates"},
    {.name = "GetEmailTemplate",
	.run = ses_get_template,
	.method = "GET",
	.path = TEMPLATE},
    {.name = "UpdateEmailTemplate",
	.run = ses_update_template,
	.writes = true,
	.method = "PUT",
	.path = TEMPLATE},
    {.name = "DeleteEmailTemplate",
	.run = ses_delete_template,
	.writes = true,
	.method = "DELETE",
	.path = TEMPLATE},
    {.name = "TestRenderEmailTemplate",
	.run = ses_test_render,
	.method = "POST",
	.path = TEMPLATE "/render"},
    {.name = "GetAccount",
	.run = ses_get_account,
	.method = "GET",
	.path = "/v2/email/account"},
    {.name = "PutAccountDetails",
	.run = ses_put_account_details,
	.writes = true,
	.method = "POST",
	.path = "/v2/email/account/details"},
    {.name = "PutAccountSendingAttributes",
	.run = ses_put_account_sending,
	.writes = true,
	.method = "PUT",
	.path = "/v2/email/account/sending"},
    {.name = "CreateConfigurationSet",
	.run = create_set,
	.writes = true,
	.method = "POST",
	.path = "/v2/email/configuration-sets"},
    {.name = "ListConfigurationSets",
	.run = list_sets,
	.method = "POST",
	.path = "/v2/email/list-configuration-sets"},
    {.name = "ListConfigurationSets", /* until 2026 */
	.run = list_sets,
	.method = "GET",
	.path = "/v2/email/configuration-sets"},
    {.name = "GetConfigurationSet",
	.run = get_set,
	.method = "GET",
	.path = "/v2/email/configuration-sets/{ConfigurationSetName}"},
    {.name = "DeleteConfigurationSet",
	.run = delete_set,
	.writes = true,
	.method = "DELETE",
	.path = "/v2/email/configuration-sets/{ConfigurationSetName}"},
    {0},
};

const struct api ses_api = {
    .name = "ses",
    .json_version = "1.1",
    .error_prefix = "",
    .operation = operations,
    .schema = schema,
};
