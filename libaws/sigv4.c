#include "sigv4.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "digest.h"
#include "mem.h"
#include "text.h"

#define ALGORITHM "AWS4-HMAC-SHA256"
#define DAY 8 /* "20150830" */

/* A header or a query parameter; borrowed. */
struct pair {
	const char *name, *value;
	size_t name_len, value_len;
};

struct sigv4 {
	char *region, *service;

	/* What holds for a day and a key. A key id names one secret. */
	char day[DAY + 1];
	char *key_id;
	struct digest_key *key;
	struct buf scope; /* "20150830/us-east-1/sqs/aws4_request" */

	/* What holds for a second. */
	int64_t second;
	char date[SIGV4_TIME];

	/* Room that is used again from one request to the next. */
	struct pair *pair;
	size_t pair_count, pair_cap;
	struct buf scratch, params;
};

struct sigv4 *
sigv4_new(const char *region, const char *service)
{
	struct sigv4 *s = mem_alloc(sizeof(*s));
	s->region = mem_text(region);
	s->service = mem_text(service);
	s->second = INT64_MIN;
	return s;
}

void
sigv4_free(struct sigv4 *s)
{
	if (s == NULL)
		return;
	digest_key_free(s->key);
	free(s->key_id);
	free(s->region);
	free(s->service);
	free(s->pair);
	buf_clear(&s->scope);
	buf_clear(&s->scratch);
	buf_clear(&s->params);
	free(s);
}

void
sigv4_signed_clear(struct sigv4_signed *out)
{
	buf_clear(&out->authorization);
	buf_clear(&out->query);
	buf_clear(&out->canonical);
	buf_clear(&out->to_sign);
}

static void
set_date(struct sigv4 *s, int64_t now_ms)
{
	int64_t second = now_ms / 1000;
	if (second == s->second)
		return;
	s->second = second;
	time_t t = (time_t)second;
	struct tm tm;
	gmtime_r(&t, &tm);
	strftime(s->date, sizeof(s->date), "%Y%m%dT%H%M%SZ", &tm);
}

static void
hmac_text(uint8_t key[static DIGEST_SHA256], const char *text)
{
	uint8_t out[DIGEST_SHA256];
	digest_hmac(key, DIGEST_SHA256, text, strlen(text), out);
	memcpy(key, out, sizeof(out));
	digest_wipe(out, sizeof(out));
}

static void
set_key(struct sigv4 *s, const struct cred *cred)
{
	if (s->key != NULL && memcmp(s->day, s->date, DAY) == 0 &&
	    strcmp(s->key_id, cred->key_id) == 0)
		return;
	memcpy(s->day, s->date, DAY);
	free(s->key_id);
	s->key_id = mem_text(cred->key_id);
	buf_reset(&s->scope);
	buf_addf(
	    &s->scope, "%s/%s/%s/aws4_request", s->day, s->region, s->service);

	size_t len = strlen(cred->secret);
	char *first = mem_alloc(4 + len);
	memcpy(first, "AWS4", 4);
	memcpy(first + 4, cred->secret, len);
	uint8_t key[DIGEST_SHA256];
	digest_hmac(first, 4 + len, s->day, DAY, key);
	digest_wipe(first, 4 + len);
	free(first);
	hmac_text(key, s->region);
	hmac_text(key, s->service);
	hmac_text(key, "aws4_request");
	digest_key_free(s->key);
	s->key = digest_key_new(key, sizeof(key));
	digest_wipe(key, sizeof(key));
}

static unsigned char
lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static int
by_header(const struct pair *a, const struct pair *b)
{
	for (size_t i = 0; i < a->name_len && i < b->name_len; i++)
		if (lower(a->name[i]) != lower(b->name[i]))
			return lower(a->name[i]) - lower(b->name[i]);
	return (a->name_len > b->name_len) - (a->name_len < b->name_len);
}

static int
compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
	return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

static int
by_param(const struct pair *a, const struct pair *b)
{
	int order = compare(a->name, a->name_len, b->name, b->name_len);
	if (order != 0)
		return order;
	return compare(a->value, a->value_len, b->value, b->value_len);
}

/* Insert in order; equals stay as they came. There are few. */
static void
insert(struct sigv4 *s, struct pair pair,
    int (*order)(const struct pair *, const struct pair *))
{
	if (s->pair_count == s->pair_cap) {
		s->pair_cap = s->pair_cap == 0 ? 16 : s->pair_cap * 2;
		s->pair = mem_grow(s->pair, s->pair_cap, sizeof(*s->pair));
	}
	size_t at = s->pair_count++;
	for (; at > 0 && order(&s->pair[at - 1], &pair) > 0; at--)
		s->pair[at] = s->pair[at - 1];
	s->pair[at] = pair;
}

/* Encoded as the service will encode it, however the sender did. */
static void
add_recoded(struct sigv4 *s, const char *at, size_t len, struct buf *out)
{
	buf_reset(&s->scratch);
	if (memchr(at, '%', len) == NULL ||
	    text_unpercent(at, len, false, &s->scratch) != 0)
		text_percent(at, len, false, out);
	else
		text_percent(buf_text(&s->scratch), s->scratch.len, false, out);
}

/* Take back the last segment that follows start. */
static void
drop_segment(struct buf *out, size_t start)
{
	while (out->len > start && out->data[out->len - 1] != '/')
		out->len--;
	if (out->len > start)
		out->len--;
}

static void
add_path(struct sigv4 *s, const struct sigv4_request *req, struct buf *out)
{
	size_t start = out->len;
	const char *at = req->path;
	while (*at == '/') {
		at++;
		size_t len = strcspn(at, "/");
		if (req->keep_path) {
			buf_add_char(out, '/');
			add_recoded(s, at, len, out);
		} else if (len == 2 && memcmp(at, "..", 2) == 0) {
			drop_segment(out, start);
		} else if (len > 0 && !(len == 1 && *at == '.')) {
			buf_add_char(out, '/');
			text_percent(at, len, false, out);
		}
		at += len;
	}
	bool ends = at > req->path && at[-1] == '/';
	if (out->len == start || (ends && !req->keep_path))
		buf_add_char(out, '/');
	buf_add_char(out, '\n');
}

static void
read_params(struct sigv4 *s, const char *query)
{
	size_t len = strlen(query);
	/* At most 3 bytes for one, so that the pairs stay in place. */
	buf_reset(&s->params);
	buf_room(&s->params, 3 * len);
	s->pair_count = 0;
	for (const char *at = query; *at != '\0';) {
		size_t all = strcspn(at, "&"), name = strcspn(at, "=&");
		size_t skip = name + (name < all);
		struct pair p = {.name = buf_text(&s->params) + s->params.len};
		size_t from = s->params.len;
		add_recoded(s, at, name, &s->params);
		p.name_len = s->params.len - from;
		p.value = p.name + p.name_len;
		add_recoded(s, at + skip, all - skip, &s->params);
		p.value_len = s->params.len - from - p.name_len;
		if (all > 0)
			insert(s, p, by_param);
		at += all;
		at += *at == '&';
	}
}

static void
add_query(struct sigv4 *s, const char *query, struct buf *out)
{
	if (query != NULL && *query != '\0') {
		read_params(s, query);
		for (size_t i = 0; i < s->pair_count; i++) {
			const struct pair *p = &s->pair[i];
			if (i > 0)
				buf_add_char(out, '&');
			buf_add(out, p->name, p->name_len);
			buf_add_char(out, '=');
			buf_add(out, p->value, p->value_len);
		}
	}
	buf_add_char(out, '\n');
}

static void
add_headers(struct sigv4 *s, const struct sigv4_header *header, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct pair p = {.name = header[i].name,
		    .value = header[i].value,
		    .name_len = strlen(header[i].name)};
		insert(s, p, by_header);
	}
}

/* The request's headers and, in the header form, the signature's own. */
static void
read_headers(struct sigv4 *s, const struct sigv4_request *req,
    const struct cred *cred, const char *body_hash)
{
	struct sigv4_header own[3] = {{"x-amz-date", s->date}};
	size_t own_count = 1;
	s->pair_count = 0;
	add_headers(s, req->header, req->header_count);
	if (cred == NULL)
		return;
	if (req->sign_body)
		own[own_count++] =
		    (struct sigv4_header){"x-amz-content-sha256", body_hash};
	if (cred->token != NULL && !req->late_token)
		own[own_count++] =
		    (struct sigv4_header){"x-amz-security-token", cred->token};
	add_headers(s, own, own_count);
}

static void
add_lower(struct buf *out, const char *text, size_t len)
{
	char *to = buf_room(out, len);
	for (size_t i = 0; i < len; i++)
		to[i] = (char)lower(text[i]);
	to[len] = '\0';
	out->len += len;
}

/* Trimmed, and runs of white space as one space. */
static void
add_value(struct buf *out, const char *value)
{
	static const char space[] = " \t\r\n";
	value += strspn(value, space);
	while (*value != '\0') {
		size_t len = strcspn(value, space);
		buf_add(out, value, len);
		value += len;
		value += strspn(value, space);
		if (*value != '\0')
			buf_add_char(out, ' ');
	}
}

/* Is it one of several headers of a name, and not the first? */
static bool
again(const struct sigv4 *s, size_t i)
{
	return i > 0 && by_header(&s->pair[i - 1], &s->pair[i]) == 0;
}

/* The header lines and an empty line. */
static void
add_header_lines(const struct sigv4 *s, struct buf *out)
{
	for (size_t i = 0; i < s->pair_count; i++) {
		const struct pair *p = &s->pair[i];
		if (again(s, i)) {
			out->data[out->len - 1] = ','; /* was the line's end */
		} else {
			add_lower(out, p->name, p->name_len);
			buf_add_char(out, ':');
		}
		add_value(out, p->value);
		buf_add_char(out, '\n');
	}
	buf_add_char(out, '\n');
}

static void
add_header_names(const struct sigv4 *s, struct buf *out)
{
	for (size_t i = 0; i < s->pair_count; i++) {
		if (again(s, i))
			continue;
		if (i > 0)
			buf_add_char(out, ';');
		add_lower(out, s->pair[i].name, s->pair[i].name_len);
	}
}

static void
set_body_hash(const struct sigv4_request *req, char out[static SIGV4_HEX])
{
	if (req->body_hash == NULL) {
		digest_sha256_hex(req->body, req->body_len, out);
		return;
	}
	size_t len = strnlen(req->body_hash, SIGV4_HEX - 1);
	memcpy(out, req->body_hash, len);
	out[len] = '\0';
}

/* Where the names of the signed headers are in the canonical request. */
struct names {
	size_t at, len;
};

/* cred: NULL in the query form. */
static struct names
set_canonical(struct sigv4 *s, const struct sigv4_request *req,
    const struct cred *cred, struct sigv4_signed *out)
{
	struct buf *to = &out->canonical;
	struct names names;
	buf_reset(to);
	buf_add_text(to, req->method);
	buf_add_char(to, '\n');
	add_path(s, req, to);
	add_query(s, req->query, to);
	read_headers(s, req, cred, out->body_hash);
	add_header_lines(s, to);
	names.at = to->len;
	add_header_names(s, to);
	names.len = to->len - names.at;
	buf_add_char(to, '\n');
	buf_add_text(to, out->body_hash);
	return names;
}

static void
set_to_sign(struct sigv4 *s, struct sigv4_signed *out)
{
	char hash[SIGV4_HEX];
	digest_sha256_hex(out->canonical.data, out->canonical.len, hash);
	struct buf *to = &out->to_sign;
	buf_reset(to);
	buf_add_text(to, ALGORITHM "\n");
	buf_add_text(to, s->date);
	buf_add_char(to, '\n');
	buf_add(to, s->scope.data, s->scope.len);
	buf_add_char(to, '\n');
	buf_add_text(to, hash);
}

static void
set_authorization(struct sigv4 *s, struct names names, struct sigv4_signed *out)
{
	struct buf *to = &out->authorization;
	buf_reset(to);
	buf_add_text(to, ALGORITHM " Credential=");
	buf_add_text(to, s->key_id);
	buf_add_char(to, '/');
	buf_add(to, s->scope.data, s->scope.len);
	buf_add_text(to, ", SignedHeaders=");
	buf_add(to, out->canonical.data + names.at, names.len);
	buf_add_text(to, ", Signature=");
	buf_add_text(to, out->signature);
}

void
sigv4_sign(struct sigv4 *s, const struct sigv4_request *req,
    const struct cred *cred, int64_t now_ms, struct sigv4_signed *out)
{
	set_date(s, now_ms);
	set_key(s, cred);
	memcpy(out->date, s->date, sizeof(out->date));
	set_body_hash(req, out->body_hash);
	struct names names = set_canonical(s, req, cred, out);
	set_to_sign(s, out);
	digest_key_mac_hex(
	    s->key, out->to_sign.data, out->to_sign.len, out->signature);
	set_authorization(s, names, out);
}

static void
add_param(struct buf *query, const char *name, const char *value)
{
	if (query->len > 0)
		buf_add_char(query, '&');
	buf_add_text(query, name);
	buf_add_char(query, '=');
	text_percent(value, strlen(value), false, query);
}

/* Append what is signed of the signature's own parameters. */
static void
add_params(struct sigv4 *s, const struct sigv4_request *req,
    const struct cred *cred, int64_t expires_s, struct buf *query)
{
	struct buf text = {0};
	add_param(query, "X-Amz-Algorithm", ALGORITHM);
	buf_addf(&text, "%s/%s", s->key_id, buf_text(&s->scope));
	add_param(query, "X-Amz-Credential", text.data);
	add_param(query, "X-Amz-Date", s->date);
	buf_reset(&text);
	read_headers(s, req, NULL, NULL);
	add_header_names(s, &text);
	add_param(query, "X-Amz-SignedHeaders", buf_text(&text));
	buf_reset(&text);
	buf_addf(&text, "%lld", (long long)expires_s);
	add_param(query, "X-Amz-Expires", text.data);
	if (cred->token != NULL && !req->late_token)
		add_param(query, "X-Amz-Security-Token", cred->token);
	buf_clear(&text);
}

void
sigv4_presign(struct sigv4 *s, const struct sigv4_request *req,
    const struct cred *cred, int64_t expires_s, int64_t now_ms,
    struct sigv4_signed *out)
{
	struct sigv4_request with = *req;
	set_date(s, now_ms);
	set_key(s, cred);
	memcpy(out->date, s->date, sizeof(out->date));
	set_body_hash(req, out->body_hash);
	buf_reset(&out->query);
	if (req->query != NULL)
		buf_add_text(&out->query, req->query);
	add_params(s, req, cred, expires_s, &out->query);
	with.query = out->query.data;
	set_canonical(s, &with, NULL, out);
	set_to_sign(s, out);
	digest_key_mac_hex(
	    s->key, out->to_sign.data, out->to_sign.len, out->signature);
	if (cred->token != NULL && req->late_token)
		add_param(&out->query, "X-Amz-Security-Token", cred->token);
	add_param(&out->query, "X-Amz-Signature", out->signature);
}
