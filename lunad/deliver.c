#include "deliver.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diag.h"
#include "http.h"
#include "json.h"
#include "maildir.h"
#include "mem.h"
#include "ses.h"
#include "smtp.h"
#include "sns.h"
#include "store.h"
#include "text.h"

/* In flight at a time, so that a slow subscriber holds up few others. */
#define FLIGHTS 64
#define HEADERS 16
/* Mail that a server does not take is given up after SES's 14 hours. */
#define MAIL_PATIENCE_MS ((int64_t)14 * 3600 * 1000)
#define MAIL_DELAY_MAX_MS 300000

enum kind { MAIL, POST };

/* A post under way. */
struct flight {
	int64_t id;
	struct http_request request;
	char *url, *headers, *body;
	const char *header[HEADERS];
};

/* What came of a transfer: settled as due work, in a savepoint. */
struct outcome {
	int64_t id;
	struct err err; /* ERR_NONE: delivered; ERR_LATER: once more */
	struct outcome *next;
};

/* There is one lunad a process. */
static struct {
	struct http *http;
	struct smtp *smtp;
	size_t posts; /* under way */
	struct outcome *first, *last;
} state;

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS deliver ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL,"
    " next_ms INTEGER NOT NULL, made_ms INTEGER NOT NULL,"
    " tries INTEGER NOT NULL DEFAULT 0, flying INTEGER NOT NULL DEFAULT 0,"
    " note TEXT, sender TEXT, target TEXT NOT NULL, headers TEXT,"
    " policy TEXT, body BLOB NOT NULL);"
    "CREATE INDEX IF NOT EXISTS deliver_next"
    " ON deliver (flying, kind, next_ms);";

void
deliver_mail(struct lunad *l, const char *note, const char *from,
    const char *to, const char *mail, size_t len)
{
	store_do(lunad_store(l),
	    "INSERT INTO deliver"
	    " (kind, next_ms, made_ms, note, sender, target, body)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?)",
	    "iiitttb", (int64_t)MAIL, lunad_now(l), lunad_now(l), note, from,
	    to, mail, len);
}

void
deliver_http(struct lunad *l, const char *note, const char *url,
    const char *headers, const char *body, size_t len, const char *policy)
{
	store_do(lunad_store(l),
	    "INSERT INTO deliver"
	    " (kind, next_ms, made_ms, note, target, headers, policy, body)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
	    "iiittttb", (int64_t)POST, lunad_now(l), lunad_now(l), note, url,
	    headers, policy, body, len);
}

/* The end of a delivery: its row is gone, its sender knows. */
static void
settle(struct lunad *l, int64_t id, bool delivered)
{
	struct store *s = lunad_store(l);
	char *note = NULL;
	struct buf body = {0};
	sqlite3_stmt *q = store_query(
	    s, "SELECT note, body FROM deliver WHERE id = ?", "i", id);
	size_t len;

	if (store_next(q) && !store_null(q, 0)) {
		const char *bytes = store_bytes(q, 1, &len);

		note = mem_text(store_text(q, 0));
		if (!delivered)
			buf_add(&body, bytes, len);
	}
	store_end(q);
	store_do(s, "DELETE FROM deliver WHERE id = ?", "i", id);
	if (note != NULL && strncmp(note, "sns ", 4) == 0)
		sns_settled(l, note + 4, delivered, buf_text(&body), body.len);
	else if (note != NULL && strncmp(note, "ses ", 4) == 0)
		ses_settled(l, note + 4, delivered);
	free(note);
	buf_clear(&body);
}

static int64_t
member(struct json policy, const char *name, int64_t otherwise)
{
	int64_t n;

	return json_integer(json_get(policy, name), &n) == 0 && n >= 0
		   ? n
		   : otherwise;
}

/*
 * The pause before try number `tries` + 1 of a post, in the four phases of
 * SNS: at once, at the least delay, rising, at the greatest. -1: no more.
 */
static int64_t
pause_ms(const char *text, int64_t tries)
{
	struct json p = {0};
	int64_t retries, none, least, most, low, high, rising;

	if (json_scan(text, strlen(text), &p, NULL) != 0)
		p = (struct json){0};
	retries = member(p, "numRetries", 3);
	none = member(p, "numNoDelayRetries", 0);
	least = member(p, "numMinDelayRetries", 0);
	most = member(p, "numMaxDelayRetries", 0);
	low = member(p, "minDelayTarget", 20) * 1000;
	high = member(p, "maxDelayTarget", 20) * 1000;
	if (tries > retries)
		return -1;
	if (tries <= none)
		return 0;
	if (tries <= none + least)
		return low;
	if (tries > retries - most)
		return high;
	rising = retries - none - least - most;
	return rising <= 1 ? low
			   : low + (high - low) * (tries - none - least - 1) /
				       (rising - 1);
}

/* Once more later, or given up. */
static void
failed(struct lunad *l, int64_t id, bool for_good, const struct err *why)
{
	struct store *s = lunad_store(l);
	sqlite3_stmt *q = store_query(s,
	    "SELECT kind, tries + 1, made_ms, coalesce(policy, ''), target"
	    " FROM deliver WHERE id = ?",
	    "i", id);
	int64_t pause = -1, tries;

	if (!store_next(q)) {
		store_end(q);
		return;
	}
	tries = store_int(q, 1);
	if (for_good)
		pause = -1;
	else if (store_int(q, 0) == POST)
		pause = pause_ms(store_text(q, 3), tries);
	else if (lunad_now(l) - store_int(q, 2) < MAIL_PATIENCE_MS)
		pause = tries < 9 ? (int64_t)1000 << (tries - 1)
				  : MAIL_DELAY_MAX_MS;
	if (tries == 1 || pause < 0)
		diag("deliver: to %.200s: %s: %s", store_text(q, 4),
		    why->message,
		    pause < 0 ? "given up" : "will be tried again");
	store_end(q);
	if (pause < 0)
		settle(l, id, false);
	else
		store_do(s,
		    "UPDATE deliver SET flying = 0, tries = ?, next_ms = ?"
		    " WHERE id = ?",
		    "iii", tries, lunad_now(l) + pause, id);
}

static void
start_post(struct lunad *l, int64_t id, sqlite3_stmt *q)
{
	struct flight *f = mem_alloc(sizeof(*f));
	struct http_request *r = &f->request;
	size_t len;
	const char *body = store_bytes(q, 4, &len);
	char *line, *rest;

	f->id = id;
	f->url = mem_text(store_text(q, 2));
	f->headers = rest = mem_text(store_text(q, 3));
	f->body = mem_copy(body, len);
	while (
	    r->header_count < HEADERS && (line = strsep(&rest, "\n")) != NULL)
		f->header[r->header_count++] = line;
	r->method = "POST";
	r->url = f->url;
	r->header = f->header;
	r->body = f->body;
	r->body_len = len;
	r->timeout_ms = 15000; /* as SNS */
	r->user = f;
	store_end(q);
	store_do(lunad_store(l), "UPDATE deliver SET flying = 1 WHERE id = ?",
	    "i", id);
	if (state.http == NULL) {
		static const struct http_options options = {
		    .user_agent = "Amazon Simple Notification Service Agent",
		    .connections = FLIGHTS};

		state.http = http_open(&options);
	}
	state.posts++;
	http_start(state.http, r);
}

static void
put_mail(struct lunad *l, int64_t id, sqlite3_stmt *q)
{
	struct buf mail = {0};
	struct err err = {0};
	char *dir = mem_format("%s/mail", lunad_dir(l)), *to;
	char name[64];
	size_t len;
	const char *body = store_bytes(q, 4, &len);

	snprintf(name, sizeof(name), "%lld.%lld.lunad",
	    (long long)(store_int(q, 5) / 1000), (long long)id);
	to = mem_text(store_text(q, 2));
	buf_addf(&mail, "Return-Path: <%s>\r\nDelivered-To: %s\r\n",
	    store_text(q, 1), to);
	buf_add(&mail, body, len);
	store_end(q);
	if (maildir_put(
		dir, to, name, mail.data, mail.len, lunad_sync(l), &err) == 0)
		settle(l, id, true);
	else
		failed(l, id, false, &err);
	buf_clear(&mail);
	free(to);
	free(dir);
}

static void
send_mail(struct lunad *l, int64_t id, sqlite3_stmt *q)
{
	struct err err = {0};
	size_t len;
	const char *body = store_bytes(q, 4, &len);

	if (state.smtp == NULL)
		state.smtp = smtp_open(lunad_smtp(l));
	if (state.smtp != NULL)
		smtp_send(state.smtp, id, store_text(q, 1), store_text(q, 2),
		    body, len);
	store_end(q);
	if (state.smtp != NULL) {
		store_do(lunad_store(l),
		    "UPDATE deliver SET flying = 1 WHERE id = ?", "i", id);
		return;
	}
	err_set(&err, ERR_LATER, "Smtp", "no thread for it");
	failed(l, id, false, &err);
}

static int64_t
next_of(struct lunad *l, enum kind kind)
{
	if (kind == POST && state.posts >= FLIGHTS)
		return INT64_MAX;
	return store_number(lunad_store(l), INT64_MAX,
	    "SELECT next_ms FROM deliver WHERE flying = 0 AND kind = ?"
	    " ORDER BY next_ms LIMIT 1",
	    "i", (int64_t)kind);
}

/* What is due next: what came of a transfer, a mail, or a post while there is
 * room for one. */
static int64_t
due(struct lunad *l)
{
	int64_t mail, post;

	if (state.first != NULL)
		return 0;
	mail = next_of(l, MAIL);
	post = next_of(l, POST);
	return mail < post ? mail : post;
}

static void
settle_outcome(struct lunad *l)
{
	struct outcome *o = state.first;

	state.first = o->next;
	if (o->err.kind == ERR_NONE)
		settle(l, o->id, true);
	else
		failed(l, o->id, o->err.kind != ERR_LATER, &o->err);
	free(o);
}

static void
run_due(struct lunad *l, int64_t now_ms)
{
	enum kind kind = next_of(l, MAIL) <= next_of(l, POST) ? MAIL : POST;
	sqlite3_stmt *q;
	int64_t id;

	if (state.first != NULL) {
		settle_outcome(l);
		return;
	}
	q = store_query(lunad_store(l),
	    "SELECT id, sender, target, headers, body, made_ms FROM deliver"
	    " WHERE flying = 0 AND kind = ? AND next_ms <= ?"
	    " ORDER BY next_ms, id LIMIT 1",
	    "ii", (int64_t)kind, now_ms);
	if (!store_next(q)) {
		store_end(q);
		return;
	}
	id = store_int(q, 0);
	if (kind == POST)
		start_post(l, id, q);
	else if (lunad_smtp(l) != NULL)
		send_mail(l, id, q);
	else
		put_mail(l, id, q);
}

static struct outcome *
add_outcome(int64_t id)
{
	struct outcome *o = mem_alloc(sizeof(*o));

	o->id = id;
	if (state.first == NULL)
		state.first = o;
	else
		state.last->next = o;
	state.last = o;
	return o;
}

/* SNS's own rule: 5xx and 429 are tried again, other answers are not. */
static void
judge(const struct http_request *r, struct err *err)
{
	*err = r->err;
	if (err->kind != ERR_NONE || (r->status >= 200 && r->status < 300))
		return;
	err_set(err,
	    r->status >= 500 || r->status == 429 || r->status < 200
		? ERR_LATER
		: ERR_REFUSED,
	    "Http", "answered %d", r->status);
}

static void
collect(void)
{
	struct http_request *r;
	struct err err;
	int64_t id;

	while (state.posts > 0 && (r = http_next(state.http)) != NULL) {
		struct flight *f = r->user;

		judge(r, &add_outcome(f->id)->err);
		state.posts--;
		http_request_clear(r);
		free(f->url);
		free(f->headers);
		free(f->body);
		free(f);
	}
	while (state.smtp != NULL && smtp_next(state.smtp, &id, &err))
		add_outcome(id)->err = err;
}

static bool
wait_too(struct lunad *l, struct pollfd *fds, size_t count, int timeout_ms)
{
	struct pollfd all[8];
	size_t n = count;

	(void)l;
	if ((state.posts == 0 &&
		(state.smtp == NULL || smtp_pending(state.smtp) == 0)) ||
	    count >= sizeof(all) / sizeof(*all))
		return false;
	memcpy(all, fds, count * sizeof(*fds));
	if (state.smtp != NULL)
		all[n++] = (struct pollfd){
		    .fd = smtp_fd(state.smtp), .events = POLLIN};
	if (state.posts > 0)
		http_poll(state.http, all, n, timeout_ms);
	else
		poll(all, (nfds_t)n, timeout_ms);
	memcpy(fds, all, count * sizeof(*fds));
	collect();
	return true;
}

/* What was under way when the last lunad ended was perhaps not delivered. */
static void
restart(struct lunad *l)
{
	store_do(lunad_store(l),
	    "UPDATE deliver SET flying = 0 WHERE flying = 1", "");
}

static const struct operation operations[] = {{0}};

const struct api deliver_api = {
    .name = "deliver",
    .operation = operations,
    .schema = schema,
    .due = due,
    .run_due = run_due,
    .wait = wait_too,
    .open = restart,
};
