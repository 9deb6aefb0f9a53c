/*
 * A profile file: values are trimmed, and what follows any file that parses
 * is found in it.
 */
#include "ini.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static void
check(const char *value)
{
	static const char space[] = " \t\r\f\v";
	size_t len = value == NULL ? 0 : strlen(value);
	if (len == 0)
		return;
	must(strchr(space, value[0]) == NULL);
	must(strchr(space, value[len - 1]) == NULL);
}

/* What is put after any file that parses is found there. */
static void
append(const uint8_t *data, size_t size)
{
	static const char more[] = "\n[profile  \"a b\"]\nNew_Key = one # c\n"
				   "s3 =\n  inner = two\n";
	char *text = malloc(size + sizeof(more));
	if (text == NULL)
		return;
	if (size > 0)
		memcpy(text, data, size);
	memcpy(text + size, more, sizeof(more));
	struct ini *ini = ini_parse(text, size + sizeof(more) - 1, NULL);
	if (ini != NULL) {
		const char *v = ini_get(ini, "profile a b", "new_key");
		must(ini_has(ini, "profile a b"));
		must(v != NULL && strcmp(v, "one") == 0);
		v = ini_get(ini, "profile a b", "s3.inner");
		must(v != NULL && strcmp(v, "two") == 0);
	}
	ini_free(ini);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = {0};
	struct ini *ini = ini_parse((const char *)data, size, &err);
	if (ini == NULL) {
		must(err.kind == ERR_SETUP);
		must(strncmp(err.message, "line ", 5) == 0);
		return 0;
	}
	check(ini_get(ini, "default", "region"));
	check(ini_get(ini, "default", "s3.addressing_style"));
	check(ini_get(ini, "a", "b"));
	ini_free(ini);
	append(data, size);
	return 0;
}
