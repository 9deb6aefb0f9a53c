#include "err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A message is one line, whatever a service put into it. */
static void
flatten(char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = ' ';
}

int
err_set(struct err *err, enum err_kind kind, const char *code,
    const char *format, ...)
{
	if (err == NULL)
		return -1;
	err_clear(err);
	err->kind = kind;
	snprintf(err->code, sizeof(err->code), "%s", code);
	va_list ap;
	va_start(ap, format);
	vsnprintf(err->message, sizeof(err->message), format, ap);
	va_end(ap);
	flatten(err->code);
	flatten(err->message);
	return -1;
}

void
err_prefix(struct err *err, const char *format, ...)
{
	if (err == NULL)
		return;
	char was[sizeof(err->message)];
	memcpy(was, err->message, sizeof(was));
	va_list ap;
	va_start(ap, format);
	int n = vsnprintf(err->message, sizeof(err->message), format, ap);
	va_end(ap);
	/* What does not fit behind the prefix is cut. */
	size_t at = n < 0 ? 0 : (size_t)n;
	size_t len = strlen(was);
	if (at + 2 < sizeof(err->message)) {
		size_t room = sizeof(err->message) - at - 3;
		memcpy(err->message + at, ": ", 2);
		memcpy(err->message + at + 2, was, len < room ? len : room);
		err->message[at + 2 + (len < room ? len : room)] = '\0';
	}
	flatten(err->message);
}

void
err_clear(struct err *err)
{
	err->kind = ERR_NONE;
	err->throttled = 0;
	err->code[0] = '\0';
	err->message[0] = '\0';
	err->request_id[0] = '\0';
}
