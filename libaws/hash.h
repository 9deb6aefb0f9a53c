#ifndef LUNA_HASH_H
#define LUNA_HASH_H

#include <stddef.h>
#include <stdint.h>

/*
 * A fast hash of 64 well-mixed bits for tables and estimates; no defence
 * against who knows the seed. The same everywhere for one seed.
 */
uint64_t hash_bytes(const void *bytes, size_t len, uint64_t seed);
/* A seed that differs from process to process. */
uint64_t hash_seed(void);

#endif
