/*
 * lunad_auth: check the signed HTTP request on stdin as lunad does, at TIME.
 *
 * From the environment: KEY_ID SECRET [TOKEN] TIME [EXPIRES_MS]. Prints
 * "ok REGION SERVICE" or "refused WHY: message". With CANONICAL=1 the
 * canonical request instead, of an unsigned one: PLAIN=1 for all but S3,
 * SIGNED_HEADERS, PAYLOAD.
 */
#include "../../lunad/auth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../lunad/canonical.h"
#include "../../lunad/keys.h"
#include "text.h"

#define HEADERS 64

static const char *const why[] = {[AUTH_MISSING] = "missing",
    [AUTH_INCOMPLETE] = "incomplete",
    [AUTH_CREDENTIAL] = "credential",
    [AUTH_UNKNOWN_KEY] = "unknown-key",
    [AUTH_WRONG_TOKEN] = "wrong-token",
    [AUTH_SKEWED] = "skewed",
    [AUTH_EXPIRED] = "expired",
    [AUTH_MISMATCH] = "mismatch",
    [AUTH_EXPIRED_TOKEN] = "expired-token"};

static const char *
need(const char *name)
{
	const char *v = getenv(name);
	if (v != NULL)
		return v;
	fprintf(stderr, "lunad_auth: %s is not set\n", name);
	exit(2);
}

/* The next line, without its end; NULL at the end. */
static char *
line_of(char **text)
{
	char *line = *text;
	if (*line == '\0')
		return NULL;
	size_t len = strcspn(line, "\n");
	*text = line[len] == '\0' ? line + len : line + len + 1;
	line[len] = '\0';
	if (len > 0 && line[len - 1] == '\r')
		line[len - 1] = '\0';
	return line;
}

/* A line that begins with a space goes on with the value before, which stands
 * before it. */
static void
go_on(struct auth_header *h, const char *more)
{
	size_t len = strlen(more);
	memmove((char *)h->value + h->value_len, more, len + 1);
	h->value_len += len;
}

static void
split(char *text, struct auth_request *q, struct auth_header *header)
{
	char *line = line_of(&text);
	char *target = line == NULL ? NULL : strchr(line, ' ');
	char *version = target == NULL ? NULL : strrchr(line, ' ');
	if (version == target)
		exit(2);
	*target = *version = '\0';
	*q = (struct auth_request){
	    .method = line, .target = target + 1, .header = header};
	while ((line = line_of(&text)) != NULL && *line != '\0') {
		char *colon = strchr(line, ':');
		if (*line == ' ' && q->headers > 0) {
			go_on(&header[q->headers - 1], line);
			continue;
		}
		if (colon == NULL || q->headers == HEADERS)
			exit(2);
		*colon = '\0';
		header[q->headers++] = (struct auth_header){
		    line, colon + 1, strlen(line), strlen(colon + 1)};
	}
	q->body = text;
	q->body_len = strlen(text);
}

static int
canonical(const struct auth_request *q)
{
	struct buf out = {0};
	const char *names = need("SIGNED_HEADERS");
	canonical_request(q, (struct canonical_list){names, strlen(names)},
	    false, getenv("PLAIN") != NULL, need("PAYLOAD"), &out);
	fputs(buf_text(&out), stdout);
	buf_clear(&out);
	return 0;
}

static int
check(const struct auth_request *q)
{
	char user[] = "user", account[] = "123456789012";
	char *id = strdup(need("KEY_ID")), *secret = strdup(need("SECRET"));
	const char *expires = getenv("EXPIRES_MS");
	int64_t now;
	if (text_time(need("TIME"), strlen(need("TIME")), &now) < 0)
		exit(2);
	struct keys *keys = keys_new();
	keys_add(keys,
	    &(struct key){.id = id,
		.secret = secret,
		.token = getenv("TOKEN"),
		.account = account,
		.arn = user,
		.user_id = user,
		.expires_ms = expires == NULL ? now + 1 : atoll(expires)});
	struct auth *a = auth_new(keys);
	struct auth_result who;
	int error = 0;
	/* The second time the derived key is there already. */
	for (int i = 0; i < 2 && error == 0; i++)
		error = auth_check(a, q, now, &who);
	if (error == 0)
		printf("ok %s %s\n", who.region, who.service);
	else
		printf("refused %s: %s\n", why[error], who.message);
	auth_free(a);
	keys_free(keys);
	free(id);
	free(secret);
	return 0;
}

int
main(void)
{
	static char text[1 << 20];
	struct auth_header header[HEADERS];
	struct auth_request q;
	text[fread(text, 1, sizeof(text) - 1, stdin)] = '\0';
	split(text, &q, header);
	return getenv("CANONICAL") != NULL ? canonical(&q) : check(&q);
}
