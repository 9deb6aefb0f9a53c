#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ddb_value.h"
#include "mem.h"

#define CHUNK ((size_t)64 * 1024)

struct ddb_chunk {
	struct ddb_chunk *next;
	size_t size;
	max_align_t data[];
};

static void
add_chunk(struct ddb_pool *pool, size_t size)
{
	struct ddb_chunk *c = mem_grow(NULL, 1, sizeof(*c) + size);
	c->next = pool->chunk;
	c->size = size;
	pool->chunk = c;
	pool->at = (char *)c->data;
	pool->left = size;
}

void *
ddb_alloc(struct ddb_pool *pool, size_t size)
{
	size = (size + sizeof(void *) - 1) & ~(sizeof(void *) - 1);
	if (size > pool->left)
		add_chunk(pool, size > CHUNK ? size : CHUNK);
	void *p = pool->at;
	pool->at += size;
	pool->left -= size;
	return memset(p, 0, size);
}

char *
ddb_copy(struct ddb_pool *pool, const void *bytes, size_t len)
{
	char *p = ddb_alloc(pool, len + 1);
	if (len > 0)
		memcpy(p, bytes, len);
	return p;
}

char *
ddb_print(struct ddb_pool *pool, const char *format, ...)
{
	va_list ap, again;
	va_start(ap, format);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	char *text = ddb_alloc(pool, n < 0 ? 1 : (size_t)n + 1);
	if (n > 0)
		vsnprintf(text, (size_t)n + 1, format, again);
	va_end(again);
	return text;
}

void
ddb_pool_reset(struct ddb_pool *pool)
{
	struct ddb_chunk *kept = NULL;
	while (pool->chunk != NULL) {
		struct ddb_chunk *c = pool->chunk;
		pool->chunk = c->next;
		if (kept == NULL && c->size == CHUNK)
			kept = c;
		else
			free(c);
	}
	*pool = (struct ddb_pool){0};
	if (kept != NULL) {
		kept->next = NULL;
		*pool = (struct ddb_pool){kept, (char *)kept->data, kept->size};
	}
}

void
ddb_pool_clear(struct ddb_pool *pool)
{
	while (pool->chunk != NULL) {
		struct ddb_chunk *c = pool->chunk;
		pool->chunk = c->next;
		free(c);
	}
	*pool = (struct ddb_pool){0};
}
