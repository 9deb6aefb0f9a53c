#ifndef LUNAD_GUNZIP_H
#define LUNAD_GUNZIP_H

#include <stddef.h>

/* Replace b's gzipped bytes by what they hold. -1: they are not gzip, or
 * hold more than max bytes; then b is as it was. */
struct buf;
int gunzip(struct buf *b, size_t max);

#endif
