/* Drives text: one operation on each line of stdin. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "text.h"

static int
encode(const char *op, const char *text, size_t len, struct buf *out)
{
	int result = 0;
	if (strcmp(op, "hex") == 0)
		text_hex(text, len, out);
	else if (strcmp(op, "base64") == 0)
		text_base64(text, len, out);
	else if (strcmp(op, "unbase64") == 0)
		result = text_unbase64(text, len, out);
	else if (strcmp(op, "unbase64-size") == 0) {
		size_t size = 0;
		result = text_unbase64_size(text, len, &size);
		buf_addf(out, "%zu", size);
	} else if (strcmp(op, "percent") == 0)
		text_percent(text, len, false, out);
	else if (strcmp(op, "percent-path") == 0)
		text_percent(text, len, true, out);
	else if (strcmp(op, "unpercent") == 0)
		result = text_unpercent(text, len, false, out);
	else if (strcmp(op, "unpercent-plus") == 0)
		result = text_unpercent(text, len, true, out);
	else if (strcmp(op, "html") == 0)
		text_html(text, len, out);
	else if (strcmp(op, "slack") == 0)
		text_slack(text, len, out);
	else if (strcmp(op, "json") == 0)
		text_json_string(text, len, out);
	else if (strcmp(op, "rfc2047") == 0)
		result = text_rfc2047(text, len, out);
	else if (strcmp(op, "utf8") == 0)
		buf_addf(out, "%zu of %zu", text_utf8(text, len), len);
	else if (strcmp(op, "add-utf8") == 0)
		text_add_utf8((uint32_t)strtoul(text, NULL, 16), out);
	else
		return 1;
	if (result != 0) {
		buf_reset(out);
		buf_add_text(out, "refused");
	}
	return 0;
}

static int
number(int argc, char **argv, const char *text, size_t len, struct buf *out)
{
	const char *op = argv[1];
	int64_t value = 0;
	size_t size = 0;
	char iso[TEXT_ISO];
	int result = 0;
	if (strcmp(op, "time") == 0)
		result = text_time(text, len, &value);
	else if (strcmp(op, "when") == 0)
		result = text_when(text, atoll(argv[2]), &value);
	else if (strcmp(op, "duration") == 0)
		result = text_duration(text, &value);
	else if (strcmp(op, "integer") == 0 && argc == 4)
		result =
		    text_integer(text, atoll(argv[2]), atoll(argv[3]), &value);
	else if (strcmp(op, "size") == 0) {
		result = text_size(text, &size);
		value = (int64_t)size;
	} else if (strcmp(op, "iso") == 0) {
		text_iso(atoll(text), iso);
		buf_add_text(out, iso);
		return 0;
	} else {
		return 1;
	}
	if (result == 0)
		buf_addf(out, "%" PRId64, value);
	else
		buf_add_text(out, "refused");
	return 0;
}

int
main(int argc, char **argv)
{
	int status = 0;
	char *line = NULL;
	size_t size = 0;
	struct buf out = {0};
	if (argc < 2)
		return 2;
	for (ssize_t n; (n = getline(&line, &size, stdin)) >= 0;) {
		if (n > 0 && line[n - 1] == '\n')
			line[--n] = '\0';
		/* Of exactly its size, so that ASan sees a step too far. */
		char *copy = malloc((size_t)n + 1);
		if (copy == NULL)
			return 2;
		memcpy(copy, line, (size_t)n + 1);
		buf_reset(&out);
		if (encode(argv[1], copy, (size_t)n, &out) != 0 &&
		    number(argc, argv, copy, (size_t)n, &out) != 0)
			status = 2;
		fwrite(buf_text(&out), 1, out.len, stdout);
		putchar('\n');
		free(copy);
	}
	free(line);
	buf_clear(&out);
	return status;
}
