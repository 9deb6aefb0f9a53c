#include "hash_key.h"

#include <stdio.h>

#include "digest.h"

#define BILLION 1000000000U
#define LIMBS 4 /* of 32 bits, the least first */

static struct hash_key
of_limbs(const uint32_t limb[static LIMBS])
{
	return (struct hash_key){(uint64_t)limb[3] << 32 | limb[2],
	    (uint64_t)limb[1] << 32 | limb[0]};
}

static void
to_limbs(struct hash_key h, uint32_t limb[static LIMBS])
{
	limb[0] = (uint32_t)h.low;
	limb[1] = (uint32_t)(h.low >> 32);
	limb[2] = (uint32_t)h.high;
	limb[3] = (uint32_t)(h.high >> 32);
}

/* Returns what is carried out of it. */
static uint32_t
times_plus(uint32_t limb[static LIMBS], uint32_t factor, uint32_t more)
{
	for (size_t i = 0; i < LIMBS; i++) {
		uint64_t v = (uint64_t)limb[i] * factor + more;
		limb[i] = (uint32_t)v;
		more = (uint32_t)(v >> 32);
	}
	return more;
}

/* rest: what stands above the limbs. Returns the remainder. */
static uint32_t
divide(uint32_t limb[static LIMBS], uint32_t by, uint32_t rest)
{
	for (size_t i = LIMBS; i-- > 0;) {
		uint64_t v = (uint64_t)rest << 32 | limb[i];
		limb[i] = (uint32_t)(v / by);
		rest = (uint32_t)(v % by);
	}
	return rest;
}

struct hash_key
hash_key_of(const void *key, size_t len)
{
	uint8_t md5[DIGEST_MD5];
	struct hash_key h = {0};
	digest_md5(key, len, md5);
	for (size_t i = 0; i < 8; i++) {
		h.high = h.high << 8 | md5[i];
		h.low = h.low << 8 | md5[8 + i];
	}
	return h;
}

int
hash_key_parse(const char *digits, size_t len, struct hash_key *h)
{
	uint32_t limb[LIMBS] = {0};
	if (len == 0 || len > HASH_KEY - 1)
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (digits[i] < '0' || digits[i] > '9')
			return -1;
		if (times_plus(limb, 10, (uint32_t)(digits[i] - '0')) != 0)
			return -1;
	}
	*h = of_limbs(limb);
	return 0;
}

void
hash_key_print(struct hash_key h, char out[static HASH_KEY])
{
	uint32_t limb[LIMBS], part[5];
	char text[sizeof("000000000") * 5];
	to_limbs(h, limb);
	for (size_t i = 0; i < 5; i++)
		part[i] = divide(limb, BILLION, 0);
	snprintf(text, sizeof(text), "%09u%09u%09u%09u%09u", part[4], part[3],
	    part[2], part[1], part[0]);
	const char *at = text;
	while (at[0] == '0' && at[1] != '\0')
		at++;
	snprintf(out, HASH_KEY, "%.*s", HASH_KEY - 1, at);
}

int
hash_key_compare(struct hash_key a, struct hash_key b)
{
	if (a.high != b.high)
		return a.high < b.high ? -1 : 1;
	return a.low < b.low ? -1 : a.low > b.low;
}

struct hash_key
hash_key_after(struct hash_key h)
{
	h.low++;
	h.high += h.low == 0;
	return h;
}

struct hash_key
hash_key_before(struct hash_key h)
{
	h.high -= h.low == 0;
	h.low--;
	return h;
}

struct hash_key
hash_key_part(uint32_t i, uint32_t count)
{
	uint32_t limb[LIMBS] = {0};
	if (i == count)
		return (struct hash_key){0};
	/* 2^128 / count: a one stands above four zeros. */
	if (count > 1)
		divide(limb, count, 1);
	times_plus(limb, i, 0);
	return of_limbs(limb);
}
