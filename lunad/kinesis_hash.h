#ifndef LUNAD_KINESIS_HASH_H
#define LUNAD_KINESIS_HASH_H

#include <stddef.h>
#include <stdint.h>

/*
 * Hash keys: numbers of 128 bits, which are written in decimal.
 */
#define KINESIS_HASH 40 /* digits and a NUL */

struct kinesis_hash {
	uint64_t high, low;
};

/* MD5 of a partition key, as Kinesis reads it. */
struct kinesis_hash kinesis_hash_of(const void *key, size_t len);
/* -1: not a number, or beyond 2^128 - 1. */
int kinesis_hash_parse(const char *digits, size_t len, struct kinesis_hash *h);
void kinesis_hash_print(struct kinesis_hash h, char out[static KINESIS_HASH]);
/* As memcmp does. */
int kinesis_hash_compare(struct kinesis_hash a, struct kinesis_hash b);
/* One more, and one less; they wrap. */
struct kinesis_hash kinesis_hash_after(struct kinesis_hash h);
struct kinesis_hash kinesis_hash_before(struct kinesis_hash h);
/* Where the range number i of count equal ones begins; i = count: 0, since
 * that is 2^128. */
struct kinesis_hash kinesis_hash_part(uint32_t i, uint32_t count);

#endif
