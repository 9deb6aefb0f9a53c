/*
 * SES: the account of a region: the sandbox, and how much may be sent.
 *
 * Leaving the sandbox is a person's decision on AWS; here PutAccountDetails
 * grants it at once, with the quotas that AWS gives most. What AWS has no
 * call for, other quotas, is a further member of it:
 *
 *     "SendQuota": {"Max24HourSend": -1, "MaxSendRate": 1000}   -1: no limit
 *
 * Source: SES Developer Guide, "Managing your sending limits": both count
 * recipients; a message goes as long as any room is left, and its recipients
 * beyond that room are paid off later.
 */
#include <string.h>

#include "ses_private.h"

#define PRODUCTION_24H 50000.0
#define PRODUCTION_RATE 14.0
#define MINUTES_24H (24 * 60)

void
ses_account_read(struct request *r, struct ses_account *a)
{
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT production, sending, max_24h, max_rate FROM ses_account"
	    " WHERE region = ?",
	    "t", r->region);

	*a = (struct ses_account){
	    .sending = true, .max_24h = 200, .max_rate = 1};
	if (store_next(q)) {
		a->production = store_int(q, 0) != 0;
		a->sending = store_int(q, 1) != 0;
		a->max_24h = store_double(q, 2);
		a->max_rate = store_double(q, 3);
	}
	store_end(q);
}

static double
sent_24h(struct request *r)
{
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT coalesce(sum(count), 0) FROM ses_sent"
	    " WHERE region = ? AND minute > ?",
	    "ti", r->region, r->now_ms / 60000 - MINUTES_24H);
	double n = store_next(q) ? store_double(q, 0) : 0;

	store_end(q);
	return n;
}

int
ses_get_account(struct request *r)
{
	struct ses_account a;
	sqlite3_stmt *q;

	ses_account_read(r, &a);
	put_open(r->out, NULL, '{');
	put_bool(r->out, "DedicatedIpAutoWarmupEnabled", false);
	put_text(r->out, "EnforcementStatus", "HEALTHY");
	put_bool(r->out, "ProductionAccessEnabled", a.production);
	put_bool(r->out, "SendingEnabled", a.sending);
	put_open(r->out, "SendQuota", '{');
	put_double(r->out, "Max24HourSend", a.max_24h);
	put_double(r->out, "MaxSendRate", a.max_rate);
	put_double(r->out, "SentLast24Hours", sent_24h(r));
	put_close(r->out, '}');
	put_open(r->out, "SuppressionAttributes", '{');
	put_open(r->out, "SuppressedReasons", '[');
	put_close(r->out, ']');
	put_close(r->out, '}');
	q = store_query(r->store,
	    "SELECT details FROM ses_account WHERE region = ?"
	    " AND details IS NOT NULL",
	    "t", r->region);
	if (store_next(q))
		put_raw(r->out, "Details", store_text(q, 0),
		    strlen(store_text(q, 0)));
	store_end(q);
	put_close(r->out, '}');
	return ANSWER;
}

/* A limit of SendQuota: what it is by default, unless given. -1: malformed. */
static int
read_limit(struct json quota, const char *name, double *limit)
{
	struct json v = json_get(quota, name);

	if (v.type == JSON_NONE)
		return 0;
	return json_double(v, limit) == 0 && (*limit > 0 || *limit == -1) ? 0
									  : -1;
}

static void
put_details(struct request *r, bool production, struct buf *out)
{
	static const char *const names[] = {"MailType", "WebsiteURL",
	    "ContactLanguage", "UseCaseDescription",
	    "AdditionalContactEmailAddresses"};

	put_open(out, NULL, '{');
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct json v = param_json(r, names[i]);

		if (v.type != JSON_NONE)
			put_raw(out, names[i], v.at, v.len);
	}
	if (production) {
		put_open(out, "ReviewDetails", '{');
		put_text(out, "Status", "GRANTED");
		put_close(out, '}');
	}
	put_close(out, '}');
}

int
ses_put_account_details(struct request *r)
{
	struct json quota = param_json(r, "SendQuota");
	struct ses_account a;
	struct buf details = {0};

	if (param(r, "MailType") == NULL || param(r, "WebsiteURL") == NULL)
		return ses_bad(r,
		    "1 validation error detected: Value null at '%s' failed to "
		    "satisfy constraint: Member must not be null",
		    param(r, "MailType") == NULL ? "mailType" : "websiteURL");
	ses_account_read(r, &a);
	if (param_bool(r, "ProductionAccessEnabled", false) && !a.production) {
		a.production = true;
		a.max_24h = PRODUCTION_24H;
		a.max_rate = PRODUCTION_RATE;
	}
	if (read_limit(quota, "Max24HourSend", &a.max_24h) < 0 ||
	    read_limit(quota, "MaxSendRate", &a.max_rate) < 0)
		return ses_bad(r,
		    "SendQuota: a limit is a number above 0, or -1 for none");
	put_details(r, a.production, &details);
	store_do(r->store,
	    "INSERT INTO ses_account"
	    " (region, production, max_24h, max_rate, details)"
	    " VALUES (?, ?, ?, ?, ?) ON CONFLICT (region) DO UPDATE SET"
	    " production = excluded.production, max_24h = excluded.max_24h,"
	    " max_rate = excluded.max_rate, details = excluded.details",
	    "tiddt", r->region, (int64_t)a.production, a.max_24h, a.max_rate,
	    buf_text(&details));
	buf_clear(&details);
	return ANSWER;
}

int
ses_put_account_sending(struct request *r)
{
	store_do(r->store,
	    "INSERT INTO ses_account (region, sending) VALUES (?, ?)"
	    " ON CONFLICT (region) DO UPDATE SET sending = excluded.sending",
	    "ti", r->region, (int64_t)param_bool(r, "SendingEnabled", false));
	return ANSWER;
}

/* How many may go at this moment: a second's worth at most; below 0 what
 * went beyond it is still owed. */
static double
room(struct request *r, const struct ses_account *a)
{
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT room, room_ms FROM ses_account WHERE region = ?", "t",
	    r->region);
	double most = a->max_rate < 1 ? 1 : a->max_rate, n = most;

	if (store_next(q) && store_int(q, 1) != 0)
		n = store_double(q, 0) +
		    a->max_rate * (double)(r->now_ms - store_int(q, 1)) / 1000;
	store_end(q);
	return n > most ? most : n;
}

int
ses_spend(struct request *r, const struct ses_account *a, size_t n)
{
	int64_t minute = r->now_ms / 60000;
	double left = a->max_rate < 0 ? 0 : room(r, a);

	if (a->max_rate >= 0 && left < 1)
		return fail(r, 429, "TooManyRequestsException",
		    "Maximum sending rate exceeded.");
	if (a->max_24h >= 0 && sent_24h(r) >= a->max_24h)
		return fail(r, 429, "TooManyRequestsException",
		    "Daily message quota exceeded.");
	if (a->max_rate >= 0)
		store_do(r->store,
		    "INSERT INTO ses_account (region, room, room_ms)"
		    " VALUES (?, ?, ?) ON CONFLICT (region) DO UPDATE SET"
		    " room = excluded.room, room_ms = excluded.room_ms",
		    "tdi", r->region, left - (double)n, r->now_ms);
	store_do(r->store,
	    "INSERT INTO ses_sent (region, minute, count) VALUES (?, ?, ?)"
	    " ON CONFLICT (region, minute) DO UPDATE"
	    " SET count = count + excluded.count",
	    "tid", r->region, minute, (double)n);
	store_do(r->store,
	    "DELETE FROM ses_sent WHERE region = ? AND minute <= ?", "ti",
	    r->region, minute - MINUTES_24H);
	return 0;
}
