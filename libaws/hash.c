#include "hash.h"

#include <sys/auxv.h>

#include <endian.h>
#include <string.h>

__extension__ typedef unsigned __int128 uint128;

/* Both halves of a product of 128 bits, folded: each bit of the result
 * depends on each of the factors. */
static inline uint64_t
fold(uint64_t a, uint64_t b)
{
	uint128 product = (uint128)a * b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t
eight(const unsigned char *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

/* Odd numbers with as many ones as zeroes, from the digits of pi. */
#define P1 UINT64_C(0x243f6a8885a308d3)
#define P2 UINT64_C(0x13198a2e03707345)
#define P3 UINT64_C(0xa4093822299f31d1)

uint64_t
hash_bytes(const void *bytes, size_t len, uint64_t seed)
{
	const unsigned char *p = bytes;
	uint64_t h = seed ^ fold((uint64_t)len ^ P1, P2), a = 0, b = 0;
	size_t left = len;
	for (; left > 16; left -= 16, p += 16)
		h = fold(eight(p) ^ P3 ^ h, eight(p + 8) ^ P2);
	if (left >= 8) {
		/* They overlap where there are fewer than 16. */
		a = eight(p);
		b = eight(p + left - 8);
	} else {
		for (size_t i = 0; i < left; i++)
			a = a << 8 | p[i];
	}
	return fold(fold(a ^ P1 ^ h, b ^ P2) ^ P3, h ^ P1);
}

uint64_t
hash_seed(void)
{
	uint64_t seed = 0;
	unsigned long at = getauxval(AT_RANDOM);
	if (at != 0)
		memcpy(&seed, (const void *)at, sizeof(seed));
	return seed;
}
