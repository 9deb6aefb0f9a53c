#include "diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static const char *program = "luna";

void
diag_name(const char *name)
{
	program = name;
}

const char *
diag_program(void)
{
	return program;
}

static void
write_all(const char *bytes, size_t len)
{
	for (size_t at = 0; at < len;) {
		ssize_t w = write(STDERR_FILENO, bytes + at, len - at);
		if (w <= 0)
			return; /* nowhere left to complain */
		at += (size_t)w;
	}
}

/* One write a line; a line that is longer than the buffer is cut. */
static void __attribute__((format(printf, 2, 0)))
put(const char *prefix, const char *format, va_list ap)
{
	char line[2048];
	int n = 0;
	if (prefix != NULL)
		n = snprintf(line, sizeof(line) / 2, "%s: ", prefix);
	if (n < 0)
		return;
	size_t len = (size_t)n;
	n = vsnprintf(line + len, sizeof(line) - len - 1, format, ap);
	if (n < 0)
		return;
	len += (size_t)n;
	if (len > sizeof(line) - 2)
		len = sizeof(line) - 2;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = ' ';
	line[len++] = '\n';
	write_all(line, len);
}

void
diag(const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	put(program, format, ap);
	va_end(ap);
}

void
diag_plain(const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	put(NULL, format, ap);
	va_end(ap);
}

void
diag_progress(const char *text)
{
	char line[256];
	/* To the left edge, the text, and nothing to its right. */
	int n = snprintf(line, sizeof(line), "\r%s\033[K", text);
	if (n > 0 && (size_t)n < sizeof(line))
		write_all(line, (size_t)n);
}
