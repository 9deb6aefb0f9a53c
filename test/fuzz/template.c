/*
 * The input is a template (or a field, or a test) and, after a line feed, a
 * record. What is filled in suits its place, a failed fill leaves nothing
 * behind, and a field alone is what the template of it fills in.
 */
#include "template.h"

#include <stdio.h>
#include <string.h>

#include "fuzz.h"
#include "mem.h"
#include "text.h"

static void
check_header(const char *text, size_t len)
{
	must(memchr(text, '\r', len) == NULL);
	must(memchr(text, '\n', len) == NULL);
	must(memchr(text, '\0', len) == NULL);
}

/* Nothing of the value but what its place takes. */
static void
check_place(const char *text, size_t len, enum template_place place)
{
	for (size_t i = 0; i < len; i++) {
		if (place == TEMPLATE_URL)
			must(text[i] != '\0' &&
			     (strchr("%-._~", text[i]) != NULL ||
				 (text[i] >= '0' && text[i] <= '9') ||
				 ((text[i] | 0x20) >= 'a' &&
				     (text[i] | 0x20) <= 'z')));
		if (place == TEMPLATE_HTML)
			must(text[i] == '\0' ||
			     strchr("<>\"'", text[i]) == NULL);
		if (place == TEMPLATE_SLACK)
			must(text[i] != '<' && text[i] != '>');
	}
	if (place == TEMPLATE_HEADER)
		check_header(text, len);
}

static void
check_fill(
    const struct template *t, const struct record *r, enum template_place place)
{
	struct buf out = {0};
	struct err err = {0};
	bool alone = template_single(t, r).type != JSON_NONE;
	buf_add_text(&out, "before");
	if (template_fill(t, r, place, &out, &err) != 0) {
		must(strcmp(buf_text(&out), "before") == 0);
		must(err.kind == ERR_RECORD && err.message[0] != '\0');
		must(template_constant(t) == NULL || place == TEMPLATE_HEADER);
	} else if (alone) {
		check_place(out.data + 6, out.len - 6, place);
	} else if (place == TEMPLATE_HEADER) {
		check_header(out.data + 6, out.len - 6);
	}
	buf_clear(&out);
}

/* {{field}} is the field. */
static void
check_field(const char *path, const struct record *r)
{
	struct template_field *f = template_field_new(path, NULL);
	char *text = mem_format("{{%s}}", path);
	struct template *t = template_new(text, NULL);
	free(text);
	if (f != NULL) {
		must(t != NULL);
		struct json v = template_field_get(f, r);
		must(v.at == template_single(t, r).at);
		must(v.len == template_single(t, r).len);
	}
	template_field_free(f);
	template_free(t);
}

static void
check_test(const char *text, const struct record *r)
{
	struct template_test *test = template_test_new(text, NULL);
	if (test == NULL)
		return;
	template_test_holds(test, r);
	template_test_free(test);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *feed = size == 0 ? NULL : memchr(data, '\n', size);
	if (feed == NULL)
		return 0;
	size_t len = (size_t)(feed - (const char *)data);
	struct record r;
	if (record_parse(&r, feed + 1, size - len - 1, 1, NULL) != 0)
		return 0;
	char *text = mem_text_of((const char *)data, len);
	struct err err = {0};
	struct template *t = template_new(text, &err);
	if (t == NULL) {
		must(strcmp(err.code, "BadTemplate") == 0);
	} else {
		for (int place = TEMPLATE_PLAIN; place <= TEMPLATE_HEADER;
		     place++)
			check_fill(t, &r, (enum template_place)place);
		if (strstr(text, "{{") == NULL)
			must(strcmp(template_constant(t), text) == 0);
	}
	template_free(t);
	check_field(text, &r);
	check_test(text, &r);
	free(text);
	return 0;
}
