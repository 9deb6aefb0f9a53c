/*
 * filter: a transcript of filter policies and messages, read from stdin and
 * printed with what lunad makes of it, so that a case is right when the two
 * are the same text.
 *
 *     scope body|attributes
 *     policy JSON          then "refused WHY" when AWS would
 *     pass|stop MESSAGE    JSON, or JSON of MessageAttributes
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../lunad/sns_filter.h"
#include "json.h"

static bool body;
static struct sns_filter *filter;

static void
print_why(const char *why)
{
	printf("refused ");
	for (; *why != '\0'; why++) {
		if (*why == '\n')
			printf("\\n");
		else
			putchar(*why);
	}
	putchar('\n');
}

static void
policy(const char *text)
{
	struct buf why = {0};

	printf("policy %s\n", text);
	sns_filter_free(filter);
	filter = sns_filter_new(text, strlen(text), body, &why);
	if (filter == NULL)
		print_why(buf_text(&why));
	buf_clear(&why);
}

static void
message(const char *text)
{
	struct json attributes;
	bool pass = false;

	if (filter == NULL)
		return;
	if (body)
		pass = sns_filter_body(filter, text, strlen(text));
	else if (json_scan(text, strlen(text), &attributes, NULL) == 0)
		pass = sns_filter_attributes(filter, attributes);
	printf("%s %s\n", pass ? "pass" : "stop", text);
}

int
main(void)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;

	while ((len = getline(&line, &cap, stdin)) > 0) {
		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		if (strncmp(line, "policy ", 7) == 0) {
			policy(line + 7);
		} else if (strncmp(line, "pass ", 5) == 0 ||
			   strncmp(line, "stop ", 5) == 0) {
			message(line + 5);
		} else if (strncmp(line, "refused ", 8) != 0) {
			if (strncmp(line, "scope ", 6) == 0)
				body = strcmp(line + 6, "body") == 0;
			puts(line);
		}
	}
	sns_filter_free(filter);
	free(line);
	return 0;
}
