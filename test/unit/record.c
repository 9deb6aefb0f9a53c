/*
 * Drives record: one operation on each line of stdin.
 *
 *	parse | payload | body | origin SERVICE | emit [SERVICE FIELDS]
 *	set NAME VALUE | fail TOOL CODE MESSAGE | later TOOL CODE MESSAGE
 *	from SERVICE FIELDS	(on all of stdin, as one body)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "record.h"

static void
print_line(struct buf *out)
{
	fwrite(buf_text(out), 1, out->len, stdout);
	putchar('\n');
	buf_reset(out);
}

/* As a sink would: fail the record, for the reason that parsing gave first. */
static void
fail(const struct record *r, bool parsed, char **arg, const struct err *why,
    struct buf *out)
{
	struct err err = {0};
	if (parsed)
		err_set(&err,
		    strcmp(arg[0], "later") == 0 ? ERR_LATER : ERR_RECORD,
		    arg[2], "%s", arg[3]);
	else
		err = *why;
	record_emit_error(r, parsed, arg[1], &err, out);
}

static int
operate(int argc, char **arg, const char *line, size_t len, uint64_t number,
    struct buf *out)
{
	struct record r;
	struct err err = {0};
	bool parsed = record_parse(&r, line, len, number, &err) == 0;
	if (argc == 4 &&
	    (strcmp(arg[0], "fail") == 0 || strcmp(arg[0], "later") == 0))
		fail(&r, parsed, arg, &err, out);
	else if (!parsed)
		buf_addf(out, "%s: %s", err.code, err.message);
	else if (strcmp(arg[0], "parse") == 0)
		buf_add(out, r.meta.at == NULL ? "" : r.meta.at, r.meta.len);
	else if (strcmp(arg[0], "payload") == 0)
		record_payload(&r, out);
	else if (strcmp(arg[0], "body") == 0) {
		if (record_body(&r, out, &err) != 0)
			buf_addf(out, "%s: %s", err.code, err.message);
	} else if (strcmp(arg[0], "origin") == 0 && argc == 2) {
		struct json v = record_origin(&r, arg[1]);
		buf_add(out, v.at == NULL ? "none" : v.at,
		    v.at == NULL ? 4 : v.len);
	} else if (strcmp(arg[0], "emit") == 0 && argc == 3)
		record_emit(&r, arg[1], arg[2], strlen(arg[2]), out);
	else if (strcmp(arg[0], "emit") == 0)
		record_emit(&r, NULL, NULL, 0, out);
	else if (strcmp(arg[0], "set") == 0 && argc == 3)
		record_set(&r, arg[1], arg[2], strlen(arg[2]), out);
	else
		return 2;
	return 0;
}

static int
from(const char *service, const char *fields)
{
	char chunk[4096];
	struct buf body = {0}, out = {0};
	for (size_t n; (n = fread(chunk, 1, sizeof(chunk), stdin)) > 0;)
		buf_add(&body, chunk, n);
	if (body.len > 0)
		buf_cut(&body, body.len - 1);
	record_from(
	    buf_text(&body), body.len, service, fields, strlen(fields), &out);
	print_line(&out);
	buf_clear(&body);
	buf_clear(&out);
	return 0;
}

int
main(int argc, char **argv)
{
	int status = 0;
	uint64_t number = 0;
	char *line = NULL;
	size_t size = 0;
	struct buf out = {0};
	if (argc < 2)
		return 2;
	if (argc == 4 && strcmp(argv[1], "from") == 0)
		return from(argv[2], argv[3]);
	for (ssize_t n; (n = getline(&line, &size, stdin)) >= 0;) {
		if (n > 0 && line[n - 1] == '\n')
			n--;
		/* Of exactly its size, so that ASan sees a step too far. */
		char *copy = malloc(n == 0 ? 1 : (size_t)n);
		if (copy == NULL)
			return 2;
		memcpy(copy, line, (size_t)n);
		if (operate(argc - 1, argv + 1, copy, (size_t)n, ++number,
			&out) != 0)
			status = 2;
		print_line(&out);
		free(copy);
	}
	free(line);
	buf_clear(&out);
	return status;
}
