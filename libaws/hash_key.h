#ifndef LUNA_HASH_KEY_H
#define LUNA_HASH_KEY_H

#include <stddef.h>
#include <stdint.h>

/*
 * Hash keys: numbers of 128 bits, which are written in decimal.
 */
#define HASH_KEY 40 /* digits and a NUL */

struct hash_key {
	uint64_t high, low;
};

/* MD5 of a partition key, as Kinesis reads it. */
struct hash_key hash_key_of(const void *key, size_t len);
/* -1: not a number, or beyond 2^128 - 1. */
int hash_key_parse(const char *digits, size_t len, struct hash_key *h);
void hash_key_print(struct hash_key h, char out[static HASH_KEY]);
/* As memcmp does. */
int hash_key_compare(struct hash_key a, struct hash_key b);
/* One more, and one less; they wrap. */
struct hash_key hash_key_after(struct hash_key h);
struct hash_key hash_key_before(struct hash_key h);
/* Where the range number i of count equal ones begins; i = count: 0, since
 * that is 2^128. */
struct hash_key hash_key_part(uint32_t i, uint32_t count);

#endif
