/*
 * lunad_ses_template: lines of
 *
 *     data JSON
 *     template TEXT    "result TEXT", "missing WHAT" or "invalid WHAT"
 *
 * and what lunad makes of each template with the data before it. A line feed
 * of a template or a result is written \n.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../lunad/ses_template.h"

static void
unfold(char *text)
{
	char *to = text;

	for (; *text != '\0'; text++) {
		if (text[0] == '\\' && text[1] == 'n') {
			*to++ = '\n';
			text++;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

static void
show(const char *verb, const char *text)
{
	printf("%s ", verb);
	for (; *text != '\0'; text++) {
		if (*text == '\n')
			printf("\\n");
		else
			putchar(*text);
	}
	putchar('\n');
}

static void
render(char *text, const char *data)
{
	struct buf out = {0};
	struct err err = {0};
	struct json root;

	unfold(text);
	buf_init(&out, SES_TEMPLATE_MAX);
	if (json_scan(data, strlen(data), &root, &err) != 0)
		show("data", err.message);
	else if (ses_template_check(text, strlen(text), &err) != 0)
		show("invalid", err.message);
	else if (ses_template_render(text, strlen(text), root, &out, &err) == 0)
		show("result", buf_text(&out));
	else
		show(err.code[0] == 'M' ? "missing" : "invalid", err.message);
	buf_clear(&out);
}

int
main(void)
{
	char *line = NULL, data[4096] = "{}";
	size_t cap = 0;
	ssize_t len;

	while ((len = getline(&line, &cap, stdin)) > 0) {
		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		if (strncmp(line, "data ", 5) == 0)
			snprintf(data, sizeof(data), "%s", line + 5);
		if (strncmp(line, "template ", 9) == 0)
			render(line + 9, data);
	}
	free(line);
	return 0;
}
