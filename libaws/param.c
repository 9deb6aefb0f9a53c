#include "param.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

#define MAX_INPUT ((size_t)16 << 20)

/* The length of an argument's name; 0: it has none. */
static size_t
name_len(const char *arg)
{
	size_t len = strcspn(arg, "=");
	if (arg[len] == '\0')
		return 0;
	return len > 0 && arg[len - 1] == ':' ? len - 1 : len;
}

static int
refuse(struct err *err, const char *arg, const char *what)
{
	/* What stands behind the '=' may be a secret. */
	return err_set(err, ERR_SETUP, "Usage", "%s in '%.*s'", what,
	    (int)strcspn(arg, "="), arg);
}

static int
check(char *const *arg, size_t count, size_t i, struct err *err)
{
	size_t len = name_len(arg[i]), all = strlen(arg[i]);
	if (len == 0)
		return err_set(err, ERR_SETUP, "Usage",
		    "'%s' is no parameter: write name=text or name:=JSON",
		    arg[i]);
	if (text_utf8(arg[i], all) != all)
		return refuse(err, arg[i], "text that is not UTF-8");
	for (size_t j = i + 1; j < count; j++)
		if (name_len(arg[j]) == len && memcmp(arg[i], arg[j], len) == 0)
			return refuse(err, arg[i], "a name given twice");
	return 0;
}

static int
add(const char *arg, struct buf *out, struct err *err)
{
	size_t len = name_len(arg);
	const char *value = arg + len + 1;
	struct json parsed;
	struct err why = {0};
	text_json_string(arg, len, out);
	buf_add_char(out, ':');
	if (arg[len] == '=') {
		text_json_string(value, strlen(value), out);
		return 0;
	}
	value++;
	if (json_scan(value, strlen(value), &parsed, &why) != 0)
		return err_set(err, ERR_SETUP, "Usage",
		    "no JSON after '%.*s:=': %s", (int)len, arg, why.message);
	buf_add(out, parsed.at, parsed.len);
	return 0;
}

static bool
is_named(struct json key, char *const *arg, size_t count, struct buf *text)
{
	buf_reset(text);
	if (json_is(key, "@metadata"))
		return true;
	if (json_text(key, text, NULL) != 0)
		return false;
	for (size_t i = 0; i < count; i++)
		if (name_len(arg[i]) == text->len &&
		    memcmp(arg[i], buf_text(text), text->len) == 0)
			return true;
	return false;
}

int
param_object(char *const *arg, size_t count, struct json base, struct buf *out,
    struct err *err)
{
	const char *comma = "";
	struct json_iter it;
	struct json key, value;
	struct buf text = {0};
	for (size_t i = 0; i < count; i++)
		if (check(arg, count, i, err) != 0)
			return -1;
	buf_add_char(out, '{');
	json_each(base, &it);
	while (json_next(&it, &key, &value)) {
		if (is_named(key, arg, count, &text))
			continue;
		buf_add_text(out, comma);
		buf_add(out, key.at, key.len);
		buf_add_char(out, ':');
		buf_add(out, value.at, value.len);
		comma = ",";
	}
	buf_clear(&text);
	for (size_t i = 0; i < count; i++) {
		buf_add_text(out, comma);
		if (add(arg[i], out, err) != 0)
			return -1;
		comma = ",";
	}
	buf_add_char(out, '}');
	return 0;
}

int
param_read(int fd, struct buf *text, struct json *object, struct err *err)
{
	struct err why = {0};
	char *to;
	ssize_t n = 1;
	text->max = MAX_INPUT;
	while (n != 0 && (to = buf_room(text, 65536)) != NULL) {
		n = read(fd, to, 65536);
		if (n < 0 && errno != EINTR)
			return err_set(err, ERR_SETUP, "Usage",
			    "cannot read the parameters: %s", strerror(errno));
		text->len += n > 0 ? (size_t)n : 0;
	}
	if (n != 0)
		return err_set(
		    err, ERR_SETUP, "Usage", "the parameters are over 16 MiB");
	if (json_scan(buf_text(text), text->len, object, &why) != 0)
		return err_set(err, ERR_SETUP, "Usage",
		    "the parameters on stdin are no JSON: %s", why.message);
	if (object->type != JSON_OBJECT)
		return err_set(err, ERR_SETUP, "Usage",
		    "the parameters on stdin are no JSON object");
	return 0;
}
