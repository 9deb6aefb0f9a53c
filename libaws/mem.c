#include "mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "diag.h"

void
mem_die(void)
{
	diag("out of memory");
	_Exit(EX_TEMPFAIL);
}

static void *
have(void *p)
{
	if (p == NULL)
		mem_die();
	return p;
}

void *
mem_alloc(size_t size)
{
	return have(calloc(1, size == 0 ? 1 : size));
}

void *
mem_grow(void *old, size_t count, size_t size)
{
	return have(reallocarray(old, count == 0 ? 1 : count, size));
}

void *
mem_copy(const void *from, size_t len)
{
	void *p = have(malloc(len == 0 ? 1 : len));
	if (len > 0)
		memcpy(p, from, len);
	return p;
}

char *
mem_text(const char *from)
{
	return from == NULL ? NULL : mem_copy(from, strlen(from) + 1);
}

char *
mem_text_of(const char *from, size_t len)
{
	char *p = have(malloc(len + 1));
	if (len > 0)
		memcpy(p, from, len);
	p[len] = '\0';
	return p;
}

char *
mem_format(const char *format, ...)
{
	char *p = NULL;
	va_list ap;
	va_start(ap, format);
	if (vasprintf(&p, format, ap) < 0)
		p = NULL;
	va_end(ap);
	return have(p);
}
