/*
 * lunad_pattern: lines of
 *
 *     pattern JSON    "taken", or "refused WHY" as AWS says it
 *     EVENT           "match" or "no match"
 *
 * A line feed of WHY is written \n.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../lunad/pattern.h"
#include "mem.h"

/* Returns the pattern when it is one; or NULL. */
static char *
take(const char *text)
{
	struct buf why = {0};
	if (pattern_check(text, strlen(text), &why) == 0) {
		puts("taken");
		return mem_text(text);
	}
	printf("refused ");
	for (const char *p = buf_text(&why); *p != '\0'; p++)
		if (*p == '\n')
			printf("\\n");
		else
			putchar(*p);
	putchar('\n');
	buf_clear(&why);
	return NULL;
}

int
main(void)
{
	char *line = NULL, *pattern = NULL;
	size_t cap = 0;
	ssize_t len;
	struct json p, event;
	while ((len = getline(&line, &cap, stdin)) > 0) {
		if (line[len - 1] == '\n')
			line[--len] = '\0';
		if (strncmp(line, "pattern ", 8) == 0) {
			free(pattern);
			pattern = take(line + 8);
			continue;
		}
		if (pattern == NULL ||
		    json_scan(pattern, strlen(pattern), &p, NULL) != 0 ||
		    json_scan(line, strlen(line), &event, NULL) != 0)
			return 2;
		puts(pattern_match(p, event) ? "match" : "no match");
	}
	free(pattern);
	free(line);
	return 0;
}
