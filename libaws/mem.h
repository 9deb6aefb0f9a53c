#ifndef LUNA_MEM_H
#define LUNA_MEM_H

#include <stddef.h>

/*
 * Allocation that does not fail: without memory the process says so in one
 * line and ends with 75 (run again), since nothing was acknowledged.
 * What is returned is freed with free().
 */
_Noreturn void mem_die(void); /* for a foreign library's failed new */
void *mem_alloc(size_t size); /* zeroed */
void *mem_grow(void *old, size_t count, size_t size);
void *mem_copy(const void *from, size_t len);
char *mem_text(const char *from);                /* NULL stays NULL */
char *mem_text_of(const char *from, size_t len); /* adds the NUL */
char *mem_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
