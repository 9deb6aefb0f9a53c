/*
 * lunad_policy: lines of
 *
 *     identity DOCUMENT
 *     trust DOCUMENT
 *     resource DOCUMENT
 *
 * and for each "ok", or why IAM does not take it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../lunad/policy.h"

int
main(void)
{
	static const char *const kinds[] = {"identity", "trust", "resource"};
	char *line = NULL, *document;
	size_t cap = 0;
	ssize_t len;
	while ((len = getline(&line, &cap, stdin)) > 0) {
		struct buf why = {0};
		size_t kind = 0;
		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		document = strchr(line, ' ');
		if (document == NULL)
			return 2;
		*document++ = '\0';
		while (kind < 3 && strcmp(line, kinds[kind]) != 0)
			kind++;
		if (kind == 3)
			return 2;
		puts(policy_check(document, (enum policy_kind)kind, &why) == 0
			 ? "ok"
			 : buf_text(&why));
		buf_clear(&why);
	}
	free(line);
	return 0;
}
