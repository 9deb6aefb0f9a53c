/*
 * A request as lunad gets it from anyone: a flag, then path, query, header
 * name and value, header name and value, … each up to a line feed. The
 * canonical request has its lines, whatever is in there, and signing what
 * was signed before gives the same.
 */
#include "sigv4.h"

#include <string.h>

#include "fuzz.h"
#include "mem.h"

#define HEADERS 16

/* The text up to the next line feed, cut off in place. */
static const char *
next(char **at)
{
	char *text = *at, *end = strchr(text, '\n');
	*at = end == NULL ? text + strlen(text) : end + 1;
	if (end != NULL)
		*end = '\0';
	return text;
}

/* METHOD, path and query are a line each, whose bytes are all visible. */
static void
check(const struct sigv4_signed *out, const struct sigv4_request *req)
{
	const char *path = buf_text(&out->canonical) + 4;
	must(strncmp(buf_text(&out->canonical), "GET\n/", 5) == 0);
	const char *query = strchr(path, '\n') + 1;
	const char *head = strchr(query, '\n') + 1;
	for (const char *c = path; c < head - 1; c++)
		must((*c > ' ' && *c <= '~') || c == query - 1);
	if (!req->keep_path)
		must(strstr(path, "//") == NULL || strstr(path, "//") > query);
	const char *names = strstr(head, "\n\n");
	must(names != NULL && strchr(names + 2, '\n') != NULL);
	must(strlen(strchr(names + 2, '\n') + 1) == SIGV4_HEX - 1);
	must(strlen(out->signature) == SIGV4_HEX - 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = mem_text_of((const char *)data, size), *at = text;
	struct sigv4_header header[HEADERS];
	struct sigv4_request req = {.method = "GET", .header = header};
	const char *flags = next(&at);
	req.keep_path = flags[0] == 'k';
	req.path = next(&at);
	req.query = next(&at);
	while (*at != '\0' && req.header_count < HEADERS) {
		struct sigv4_header *h = &header[req.header_count++];
		h->name = next(&at);
		h->value = next(&at);
	}
	struct cred cred = {.key_id = text, .secret = text};
	struct sigv4 *s = sigv4_new("us-east-1", "sqs");
	struct sigv4_signed out = {0}, again = {0};
	sigv4_sign(s, &req, &cred, 1440938160000, &out);
	sigv4_sign(s, &req, &cred, 1440938160999, &again);
	check(&out, &req);
	must(strcmp(buf_text(&out.authorization),
		 buf_text(&again.authorization)) == 0);
	sigv4_signed_clear(&out);
	sigv4_signed_clear(&again);
	sigv4_free(s);
	free(text);
	return 0;
}
