/*
 * lunad_filter: lines of
 *
 *     scope body|attributes
 *     policy JSON             "taken", or "refused WHY" as AWS says it
 *     MESSAGE                 "pass" or "stop": a body, or MessageAttributes
 *
 * and what lunad makes of each. A line feed of WHY is written \n.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../lunad/sns_filter.h"
#include "json.h"

struct state {
	bool body;
	struct sns_filter *filter;
};

static void
policy(struct state *s, const char *text)
{
	struct buf why = {0};

	sns_filter_free(s->filter);
	s->filter = sns_filter_new(text, strlen(text), s->body, &why);
	if (s->filter != NULL) {
		puts("taken");
		return;
	}
	printf("refused ");
	for (const char *p = buf_text(&why); *p != '\0'; p++) {
		if (*p == '\n')
			printf("\\n");
		else
			putchar(*p);
	}
	putchar('\n');
	buf_clear(&why);
}

static void
message(const struct state *s, const char *text)
{
	struct json attributes = {0};
	bool pass = false;

	if (s->filter != NULL && s->body)
		pass = sns_filter_body(s->filter, text, strlen(text));
	else if (s->filter != NULL &&
		 json_scan(text, strlen(text), &attributes, NULL) == 0)
		pass = sns_filter_attributes(s->filter, attributes);
	puts(pass ? "pass" : "stop");
}

int
main(void)
{
	struct state s = {0};
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;

	while ((len = getline(&line, &cap, stdin)) > 0) {
		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		if (strncmp(line, "policy ", 7) == 0)
			policy(&s, line + 7);
		else if (strncmp(line, "scope ", 6) == 0)
			s.body = strcmp(line + 6, "body") == 0;
		else
			message(&s, line);
	}
	sns_filter_free(s.filter);
	free(line);
	return 0;
}
