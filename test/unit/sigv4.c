/*
 * sigv4 DIR: sign the HTTP request on stdin and write each stage to a file
 * of DIR: canonical, to-sign, signature, signed.
 *
 * From the environment: KEY_ID SECRET [TOKEN] REGION SERVICE TIME and, when
 * 1, KEEP_PATH SIGN_BODY LATE_TOKEN; BODY_HASH stands for the body's. With
 * EXPIRES (seconds) the signature goes into the query.
 */
#include "sigv4.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define HEADERS 32

static int
is_set(const char *name)
{
	const char *v = getenv(name);
	return v != NULL && strcmp(v, "1") == 0;
}

static const char *
need(const char *name)
{
	const char *v = getenv(name);
	if (v != NULL)
		return v;
	fprintf(stderr, "sigv4: %s is not set\n", name);
	exit(2);
}

/* Split text in place: the request line, headers (a line that begins with a
 * space continues the one before), the body. */
static void
split(char *text, struct sigv4_request *req, struct sigv4_header *header)
{
	char *line = strstr(text, "\n\n");
	if (line != NULL) {
		line[1] = '\0';
		req->body = line + 2;
		req->body_len = strlen(line + 2);
	}
	char *end = text + strcspn(text, "\n");
	char *rest = *end == '\0' ? end : end + 1;
	*end = '\0';
	char *version = strrchr(text, ' ');
	char *path = strchr(text, ' ');
	*version = *path++ = '\0';
	char *query = strchr(path, '?');
	if (query != NULL)
		*query++ = '\0';
	*req = (struct sigv4_request){.method = text,
	    .path = path,
	    .query = query,
	    .header = header,
	    .body = req->body,
	    .body_len = req->body_len};
	while (*rest != '\0' && req->header_count < HEADERS) {
		char *colon = strchr(rest, ':');
		*colon = '\0';
		header[req->header_count++] =
		    (struct sigv4_header){rest, colon + 1};
		for (rest = colon + 1; *rest != '\0'; rest++)
			if (*rest == '\n' && rest[1] != ' ')
				break;
		if (*rest == '\n')
			*rest++ = '\0';
	}
}

static void
save(const char *dir, const char *name, const char *text)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "w");
	if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0) {
		perror(path);
		exit(1);
	}
}

static void
save_signed(const char *dir, const char *request,
    const struct sigv4_request *req, const struct cred *cred,
    const struct sigv4_signed *out)
{
	struct buf b = {0};
	const char *body = strstr(request, "\n\n");
	size_t len =
	    body == NULL ? strlen(request) : (size_t)(body - request) + 1;
	buf_add(&b, request, len);
	if (request[len - 1] != '\n')
		buf_add_char(&b, '\n');
	if (cred->token != NULL)
		buf_addf(&b, "X-Amz-Security-Token:%s\n", cred->token);
	buf_addf(&b, "X-Amz-Date:%s\n", out->date);
	if (req->sign_body)
		buf_addf(&b, "x-amz-content-sha256:%s\n", out->body_hash);
	buf_addf(&b, "Authorization:%s\n\n", buf_text(&out->authorization));
	buf_add(&b, req->body, req->body_len);
	save(dir, "signed", buf_text(&b));
	buf_clear(&b);
}

/* The request as it came, its query replaced by that of the signature. */
static void
save_presigned(const char *dir, const char *request,
    const struct sigv4_request *req, const struct sigv4_signed *out)
{
	struct buf b = {0};
	const char *line = request + strcspn(request, "\n");
	const char *body = strstr(request, "\n\n");
	buf_addf(&b, "%s %s?%s HTTP/1.1", req->method, req->path,
	    buf_text(&out->query));
	if (body == NULL)
		buf_add_text(&b, line);
	else
		buf_add(&b, line, (size_t)(body - line));
	if (b.data[b.len - 1] != '\n')
		buf_add_char(&b, '\n');
	buf_add_char(&b, '\n');
	buf_add(&b, req->body, req->body_len);
	save(dir, "signed", buf_text(&b));
	buf_clear(&b);
}

int
main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	static char text[65536], copy[65536];
	size_t n = fread(text, 1, sizeof(text) - 1, stdin);
	memcpy(copy, text, n);

	struct sigv4_header header[HEADERS];
	struct sigv4_request req = {0};
	split(text, &req, header);
	req.keep_path = is_set("KEEP_PATH");
	req.sign_body = is_set("SIGN_BODY");
	req.late_token = is_set("LATE_TOKEN");
	req.body_hash = getenv("BODY_HASH");
	struct cred cred = {0};
	cred_set(
	    &cred, need("KEY_ID"), need("SECRET"), getenv("TOKEN"), 0, "test");
	int64_t now;
	if (text_time(need("TIME"), strlen(need("TIME")), &now) != 0)
		return 2;

	struct sigv4 *s = sigv4_new(need("REGION"), need("SERVICE"));
	struct sigv4_signed out = {0};
	/* Twice: the second time with all that the signer keeps. */
	const char *expires = getenv("EXPIRES");
	for (int i = 0; i < 2; i++)
		if (expires != NULL)
			sigv4_presign(s, &req, &cred, atoi(expires), now, &out);
		else
			sigv4_sign(s, &req, &cred, now, &out);
	save(argv[1], "canonical", buf_text(&out.canonical));
	save(argv[1], "to-sign", buf_text(&out.to_sign));
	save(argv[1], "signature", out.signature);
	if (expires != NULL)
		save_presigned(argv[1], copy, &req, &out);
	else
		save_signed(argv[1], copy, &req, &cred, &out);
	sigv4_signed_clear(&out);
	sigv4_free(s);
	cred_clear(&cred);
	return 0;
}
