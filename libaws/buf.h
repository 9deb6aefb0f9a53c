#ifndef LUNA_BUF_H
#define LUNA_BUF_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A growing run of bytes with a cap. Past the cap nothing is added and
 * `full` stays set, so that a caller appends freely and asks once.
 * data is NUL-terminated whenever it is not NULL; the NUL does not count.
 */
struct buf {
	char *data;
	size_t len;
	size_t cap;
	size_t max; /* 0: no cap but memory */
	bool full;
};

/* A zeroed struct is a valid empty buf without a cap. */
void buf_init(struct buf *b, size_t max_bytes);
void buf_clear(struct buf *b); /* frees the memory; b may be used again */
void buf_reset(struct buf *b); /* forgets the bytes, keeps the memory */

void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_add_text(struct buf *b, const char *text);
void buf_add_char(struct buf *b, char c);
void buf_addf(struct buf *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Room for len more bytes at data + len, or NULL past the cap; the caller
 * writes there and then adds to b->len what it wrote. */
char *buf_room(struct buf *b, size_t len);

/* Forget the bytes after the first len. */
void buf_cut(struct buf *b, size_t len);

/* Drop the first len bytes. */
void buf_consume(struct buf *b, size_t len);

/* "" when nothing was ever added. */
const char *buf_text(const struct buf *b);

/* The bytes, now the caller's to free(); b is empty after it. Never NULL. */
char *buf_take(struct buf *b);

#endif
