#include "check.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

int
check_refuse(struct request *r, const char *value, const char *path,
    const char *constraint)
{
	const char *quote = value == NULL ? "" : "'";
	return fail(r, 400, "ValidationException",
	    "1 validation error detected: Value %s%s%s at '%s' failed to "
	    "satisfy constraint: %s",
	    quote, value == NULL ? "null" : value, quote, path, constraint);
}

int
check_there(struct request *r, const char *value, const char *path)
{
	if (value != NULL)
		return 0;
	return check_refuse(r, NULL, path, "Member must not be null");
}

int
check_length(struct request *r, const char *value, const char *path,
    size_t least, size_t most)
{
	/* Characters, not bytes. */
	size_t n = 0;
	for (const char *p = value; *p != '\0'; p++)
		n += ((unsigned char)*p & 0xc0) != 0x80;
	if (n >= least && n <= most)
		return 0;
	return check_refuse(r, value, path,
	    request_format(r, "Member must have length %s than or equal to %zu",
		n < least ? "greater" : "less", n < least ? least : most));
}

int
check_word(struct request *r, const char *value, const char *path)
{
	const char *p = value;
	while (
	    isalnum((unsigned char)*p) || *p == '.' || *p == '-' || *p == '_')
		p++;
	if (*p == '\0' && p > value)
		return 0;
	return check_refuse(r, value, path,
	    "Member must satisfy regular expression pattern: "
	    "[\\.\\-_A-Za-z0-9]+");
}

int
check_enum(
    struct request *r, const char *value, const char *path, const char *values)
{
	size_t n = strlen(value);
	for (const char *p = values; p != NULL; p = strstr(p, ", ")) {
		p += *p == ',' ? 2 : 0;
		if (strncmp(p, value, n) == 0 && (p[n] == ',' || p[n] == '\0'))
			return 0;
	}
	return check_refuse(r, value, path,
	    request_format(
		r, "Member must satisfy enum value set: [%s]", values));
}

int
check_time(struct json v, int64_t *ms)
{
	double seconds;
	if (v.type == JSON_NUMBER) {
		if (json_double(v, &seconds) != 0 || fabs(seconds) > 1e12)
			return -1;
		*ms = (int64_t)floor(seconds * 1000 + 0.5);
		return 0;
	}
	char *text = json_dup(v);
	int status = text == NULL ? -1 : text_time(text, strlen(text), ms);
	free(text);
	return status;
}

bool
check_contains(struct json array, const char *text)
{
	struct json_iter it;
	struct json one;
	json_each(array, &it);
	while (json_next(&it, NULL, &one))
		if (one.type == JSON_STRING && json_is(one, text))
			return true;
	return false;
}
