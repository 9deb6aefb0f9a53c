/*
 * SES: identities. An address is verified by opening the link in the mail
 * that it gets. A domain is verified on AWS by records that AWS finds in the
 * DNS; lunad looks into no DNS and takes PutEmailIdentityDkimSigningAttributes
 * as the word that the records are there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "deliver.h"
#include "digest.h"
#include "mail.h"
#include "mem.h"
#include "ses_private.h"
#include "text.h"

#define SENDER "no-reply-aws@amazon.com"
#define TOKEN_MS ((int64_t)24 * 3600 * 1000)

static bool
exists(struct request *r, const char *name)
{
	return store_number(r->store, 0,
		   "SELECT 1 FROM ses_identity WHERE region = ? AND name = ?",
		   "tt", r->region, name) == 1;
}

static bool
is_domain_name(const char *name)
{
	size_t len = strlen(name);

	return len <= 253 && strchr(name, '.') != NULL && name[0] != '.' &&
	       name[len - 1] != '.' && strstr(name, "..") == NULL &&
	       strspn(name,
		   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		   "0123456789.-") == len;
}

static bool
is_address(const char *name)
{
	struct buf address = {0};
	bool ok = strchr(name, '<') == NULL && strlen(name) <= 320 &&
		  mail_address(name, &address) == 0 &&
		  is_domain_name(mail_domain(name));

	buf_clear(&address);
	return ok;
}

static void
ask(struct request *r, const char *address, const char *token)
{
	struct buf text = {0}, mail = {0}, link = {0};
	struct mail m = {.date_ms = r->now_ms,
	    .from = "Amazon Web Services <" SENDER ">",
	    .to = address};
	char *subject = request_format(r,
	    "Amazon Web Services - Email Address Verification Request in "
	    "region %s",
	    r->region);

	text_percent(address, strlen(address), false, &link);
	buf_addf(&text,
	    "Dear Amazon Web Services Customer,\n\n"
	    "We have received a request to authorize this email address for "
	    "use with Amazon SES in region %s. If you requested this "
	    "verification, please go to the following URL to confirm that you "
	    "are authorized to use this email address:\n\n"
	    "%s/v2/email/identities/%s/confirm/%s\n\n"
	    "Your request will not be processed unless you confirm the address "
	    "using this URL. This link expires 24 hours after your original "
	    "verification request.\n",
	    r->region, lunad_base_url(r->lunad), buf_text(&link), token);
	m.id = request_format(r, "%.32s@%s.amazonses.com", token, r->region);
	m.subject = subject;
	m.text = buf_text(&text);
	m.text_len = text.len;
	mail_write(&m, &mail);
	deliver_mail(r->lunad, NULL, SENDER, address, mail.data, mail.len);
	buf_clear(&text);
	buf_clear(&mail);
	buf_clear(&link);
}

/* What Easy DKIM would have put into the DNS: three names. */
static char *
dkim_tokens(struct request *r)
{
	uint8_t bytes[48];
	struct buf out = {0};
	char *text;

	digest_random(bytes, sizeof(bytes));
	put_open(&out, NULL, '[');
	for (size_t i = 0; i < 3; i++) {
		struct buf hex = {0};

		text_hex(bytes + 16 * i, 16, &hex);
		put_text(&out, NULL, buf_text(&hex));
		buf_clear(&hex);
	}
	put_close(&out, ']');
	text = request_format(r, "%s", buf_text(&out));
	buf_clear(&out);
	return text;
}

static int
insert(struct request *r, const char *name, bool domain, const char *token)
{
	struct json own = param_json(r, "DkimSigningAttributes");
	struct json tags = param_json(r, "Tags");

	store_do(r->store,
	    "INSERT INTO ses_identity (region, name, domain, token,"
	    " token_until_ms, made_ms, signing, own_key, dkim_tokens,"
	    " config_set, tags) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	    "ttitiiiittt", r->region, name, (int64_t)domain, token,
	    r->now_ms + TOKEN_MS, r->now_ms, (int64_t)domain,
	    (int64_t)(json_get(own, "DomainSigningPrivateKey").type !=
		      JSON_NONE),
	    domain ? dkim_tokens(r) : "[]", param(r, "ConfigurationSetName"),
	    tags.type == JSON_ARRAY
		? request_format(r, "%.*s", (int)tags.len, tags.at)
		: "[]");
	return 0;
}

static void put_dkim(struct request *r, sqlite3_stmt *q, bool fresh);

/* The columns that put_* read, in their order. */
#define COLUMNS                                                           \
	"name, domain, verified, signing, own_key, dkim_tokens, made_ms," \
	" feedback, config_set, mail_from, on_mx_failure, tags, verified_ms"

static sqlite3_stmt *
query(struct request *r, const char *name)
{
	return store_query(r->store,
	    "SELECT " COLUMNS " FROM ses_identity"
	    " WHERE region = ? AND name = ?",
	    "tt", r->region, name);
}

int
ses_create_identity(struct request *r)
{
	const char *name = param(r, "EmailIdentity");
	const char *set = param(r, "ConfigurationSetName");
	bool domain = name != NULL && strchr(name, '@') == NULL;
	uint8_t bytes[48];
	struct buf token = {0};
	sqlite3_stmt *q;

	if (name == NULL ||
	    (domain ? !is_domain_name(name) : !is_address(name)))
		return ses_bad(r, "Email identity <%s> is not valid.",
		    name == NULL ? "" : name);
	if (exists(r, name))
		return fail(r, 400, "AlreadyExistsException",
		    "Email identity %s already exist.", name);
	if (set != NULL && !ses_set_exists(r, set))
		return fail(r, 404, "NotFoundException",
		    "Configuration set <%s> does not exist.", set);
	digest_random(bytes, sizeof(bytes));
	text_hex(bytes, sizeof(bytes), &token);
	insert(r, name, domain, buf_text(&token));
	if (!domain)
		ask(r, name, buf_text(&token));
	buf_clear(&token);
	put_open(r->out, NULL, '{');
	put_text(r->out, "IdentityType", domain ? "DOMAIN" : "EMAIL_ADDRESS");
	put_bool(r->out, "VerifiedForSendingStatus", false);
	q = query(r, name);
	if (domain && store_next(q))
		put_dkim(r, q, true);
	store_end(q);
	put_close(r->out, '}');
	return ANSWER;
}

static void
put_dkim(struct request *r, sqlite3_stmt *q, bool fresh)
{
	bool domain = store_int(q, 1) != 0, verified = store_int(q, 2) != 0;
	bool own = store_int(q, 4) != 0;
	const char *tokens = store_text(q, 5);

	put_open(r->out, "DkimAttributes", '{');
	put_bool(r->out, "SigningEnabled", store_int(q, 3) != 0);
	put_text(r->out, "Status",
	    !domain || fresh ? "NOT_STARTED"
	    : verified       ? "SUCCESS"
			     : "PENDING");
	if (domain && !own)
		put_raw(r->out, "Tokens", tokens, strlen(tokens));
	put_text(
	    r->out, "SigningAttributesOrigin", own ? "EXTERNAL" : "AWS_SES");
	if (!own)
		put_text(r->out, "NextSigningKeyLength",
		    domain ? "RSA_2048_BIT" : "RSA_1024_BIT");
	if (domain && !own) {
		put_text(r->out, "CurrentSigningKeyLength", "RSA_2048_BIT");
		put_time(r->out, "LastKeyGenerationTimestamp", store_int(q, 6));
	}
	put_close(r->out, '}');
}

static int
unknown(struct request *r, const char *name)
{
	return ses_missing(r, "Email identity", name);
}

int
ses_get_identity(struct request *r)
{
	const char *name = param(r, "EmailIdentity");
	sqlite3_stmt *q = query(r, name);
	bool domain, verified;

	if (!store_next(q)) {
		store_end(q);
		return unknown(r, name);
	}
	domain = store_int(q, 1) != 0;
	verified = store_int(q, 2) != 0;
	put_open(r->out, NULL, '{');
	put_text(r->out, "IdentityType", domain ? "DOMAIN" : "EMAIL_ADDRESS");
	put_bool(r->out, "FeedbackForwardingStatus", store_int(q, 7) != 0);
	put_bool(r->out, "VerifiedForSendingStatus", verified);
	put_dkim(r, q, false);
	put_open(r->out, "MailFromAttributes", '{');
	if (!store_null(q, 9)) {
		put_text(r->out, "MailFromDomain", store_text(q, 9));
		put_text(r->out, "MailFromDomainStatus", "SUCCESS");
	}
	put_text(r->out, "BehaviorOnMxFailure", store_text(q, 10));
	put_close(r->out, '}');
	put_open(r->out, "Policies", '{');
	put_close(r->out, '}');
	put_raw(r->out, "Tags", store_text(q, 11), strlen(store_text(q, 11)));
	if (!store_null(q, 8))
		put_text(r->out, "ConfigurationSetName", store_text(q, 8));
	put_text(
	    r->out, "VerificationStatus", verified ? "SUCCESS" : "PENDING");
	put_open(r->out, "VerificationInfo", '{');
	if (verified)
		put_time(r->out, "LastSuccessTimestamp", store_int(q, 12));
	put_close(r->out, '}');
	put_close(r->out, '}');
	store_end(q);
	return ANSWER;
}

int
ses_list_identities(struct request *r)
{
	struct ses_page page = ses_page(r, 1000);
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT " COLUMNS " FROM ses_identity WHERE region = ?"
	    " AND name > ? ORDER BY name LIMIT ?",
	    "tti", r->region, page.after, page.size + 1);
	const char *last = "";
	int64_t n = 0;

	put_open(r->out, NULL, '{');
	put_open(r->out, "EmailIdentities", '[');
	while (store_next(q) && n++ < page.size) {
		bool verified = store_int(q, 2) != 0;

		last = request_format(r, "%s", store_text(q, 0));
		put_open(r->out, NULL, '{');
		put_text(r->out, "IdentityType",
		    store_int(q, 1) != 0 ? "DOMAIN" : "EMAIL_ADDRESS");
		put_text(r->out, "IdentityName", last);
		put_bool(r->out, "SendingEnabled", verified);
		put_text(r->out, "VerificationStatus",
		    verified ? "SUCCESS" : "PENDING");
		put_close(r->out, '}');
	}
	store_end(q);
	put_close(r->out, ']');
	if (n > page.size)
		put_text(r->out, "NextToken", last);
	put_close(r->out, '}');
	return ANSWER;
}

int
ses_delete_identity(struct request *r)
{
	const char *name = param(r, "EmailIdentity");

	if (store_do(r->store,
		"DELETE FROM ses_identity WHERE region = ? AND name = ?", "tt",
		r->region, name) == 0)
		return unknown(r, name);
	return ANSWER;
}

int
ses_confirm_identity(struct request *r)
{
	const char *name = param(r, "EmailIdentity");
	const char *token = param(r, "Token");

	if (store_do(r->store,
		"UPDATE ses_identity SET verified = 1, verified_ms = ?"
		" WHERE token = ? AND name = ? AND token_until_ms > ?",
		"itti", r->now_ms, token, name, r->now_ms) == 0)
		return ses_bad(r,
		    "The link is wrong or older than 24 hours; delete the "
		    "identity and create it again for another.");
	put_open(r->out, NULL, '{');
	put_text(r->out, "EmailIdentity", name);
	put_text(r->out, "VerificationStatus", "SUCCESS");
	put_close(r->out, '}');
	return ANSWER;
}

int
ses_put_dkim(struct request *r)
{
	const char *name = param(r, "EmailIdentity");
	const char *domain = strchr(name, '@');

	if (!exists(r, name)) {
		if (domain != NULL && exists(r, domain + 1))
			return ANSWER;
		return ses_bad(r, "Domain %s is not verified for DKIM signing.",
		    domain == NULL ? name : domain + 1);
	}
	store_do(r->store,
	    "UPDATE ses_identity SET signing = ? WHERE region = ? AND name = ?",
	    "itt", (int64_t)param_bool(r, "SigningEnabled", false), r->region,
	    name);
	return ANSWER;
}

int
ses_put_dkim_signing(struct request *r)
{
	const char *name = param(r, "EmailIdentity");
	const char *origin = param(r, "SigningAttributesOrigin");
	bool own = origin != NULL && strcmp(origin, "EXTERNAL") == 0;
	sqlite3_stmt *q;

	if (strchr(name, '@') != NULL)
		return ses_bad(r, "Email identity %s is no domain.", name);
	if (store_do(r->store,
		"UPDATE ses_identity SET verified = 1, verified_ms = ?,"
		" signing = 1, own_key = ? WHERE region = ? AND name = ?",
		"iitt", r->now_ms, (int64_t)own, r->region, name) == 0)
		return unknown(r, name);
	put_open(r->out, NULL, '{');
	put_text(r->out, "DkimStatus", "SUCCESS");
	q = query(r, name);
	if (!own && store_next(q))
		put_raw(r->out, "DkimTokens", store_text(q, 5),
		    strlen(store_text(q, 5)));
	store_end(q);
	put_close(r->out, '}');
	return ANSWER;
}

int
ses_put_mail_from(struct request *r)
{
	const char *name = param(r, "EmailIdentity");
	const char *domain = param(r, "MailFromDomain");
	const char *behavior = param(r, "BehaviorOnMxFailure");

	if (domain != NULL && domain[0] == '\0')
		domain = NULL;
	if (store_do(r->store,
		"UPDATE ses_identity SET mail_from = ?, on_mx_failure = ?"
		" WHERE region = ? AND name = ?",
		"tttt", domain,
		behavior == NULL ? "USE_DEFAULT_VALUE" : behavior, r->region,
		name) == 0)
		return unknown(r, name);
	return ANSWER;
}

int
ses_put_feedback(struct request *r)
{
	const char *name = param(r, "EmailIdentity");

	if (store_do(r->store,
		"UPDATE ses_identity SET feedback = ?"
		" WHERE region = ? AND name = ?",
		"itt", (int64_t)param_bool(r, "EmailForwardingEnabled", false),
		r->region, name) == 0)
		return unknown(r, name);
	return ANSWER;
}

int
ses_put_identity_set(struct request *r)
{
	const char *name = param(r, "EmailIdentity");
	const char *set = param(r, "ConfigurationSetName");

	if (set != NULL && !ses_set_exists(r, set))
		return fail(r, 404, "NotFoundException",
		    "Configuration set <%s> does not exist.", set);
	if (store_do(r->store,
		"UPDATE ses_identity SET config_set = ?"
		" WHERE region = ? AND name = ?",
		"ttt", set, r->region, name) == 0)
		return unknown(r, name);
	return ANSWER;
}

static bool
is_verified(struct request *r, const char *name)
{
	return store_number(r->store, 0,
		   "SELECT verified FROM ses_identity"
		   " WHERE region = ? AND name = ?",
		   "tt", r->region, name) == 1;
}

/* A local part has its case, a domain has none: it is looked for in lower
 * case as well. */
bool
ses_verified(struct request *r, const char *address)
{
	const char *domain = mail_domain(address);
	char *lower;

	if (is_verified(r, address))
		return true;
	if (domain == NULL)
		return false;
	lower = request_format(r, "%s", domain);
	for (char *p = lower; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + 32);
	if (is_verified(r, request_format(r, "%.*s%s", (int)(domain - address),
			       address, lower)))
		return true;
	for (const char *at = lower; at != NULL;
	     at = strchr(at, '.') == NULL ? NULL : strchr(at, '.') + 1)
		if (is_verified(r, at))
			return true;
	return false;
}
