#include "buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

void
buf_init(struct buf *b, size_t max_bytes)
{
	*b = (struct buf){.max = max_bytes};
}

void
buf_clear(struct buf *b)
{
	free(b->data);
	*b = (struct buf){.max = b->max};
}

void
buf_reset(struct buf *b)
{
	b->len = 0;
	b->full = false;
	if (b->data != NULL)
		b->data[0] = '\0';
}

char *
buf_room(struct buf *b, size_t len)
{
	if (b->full || (b->max != 0 && len > b->max - b->len)) {
		b->full = true;
		return NULL;
	}
	size_t need = b->len + len + 1;
	if (need > b->cap) {
		size_t cap = b->cap < 128 ? 256 : b->cap * 2;
		b->cap = cap < need ? need : cap;
		b->data = mem_grow(b->data, b->cap, 1);
	}
	return b->data + b->len;
}

void
buf_add(struct buf *b, const void *bytes, size_t len)
{
	char *to = buf_room(b, len);
	if (to == NULL)
		return;
	if (len > 0)
		memcpy(to, bytes, len);
	to[len] = '\0';
	b->len += len;
}

void
buf_add_text(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void
buf_add_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void
buf_addf(struct buf *b, const char *format, ...)
{
	va_list ap, again;
	va_start(ap, format);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	char *to = n < 0 ? NULL : buf_room(b, (size_t)n);
	if (to != NULL) {
		vsnprintf(to, (size_t)n + 1, format, again);
		b->len += (size_t)n;
	}
	va_end(again);
}

void
buf_cut(struct buf *b, size_t len)
{
	if (len >= b->len)
		return;
	b->len = len;
	b->data[len] = '\0';
}

void
buf_consume(struct buf *b, size_t len)
{
	if (len == 0)
		return;
	b->len -= len;
	memmove(b->data, b->data + len, b->len + 1);
}

const char *
buf_text(const struct buf *b)
{
	return b->data == NULL ? "" : b->data;
}

char *
buf_take(struct buf *b)
{
	char *data = b->data == NULL ? mem_text("") : b->data;
	*b = (struct buf){.max = b->max};
	return data;
}
