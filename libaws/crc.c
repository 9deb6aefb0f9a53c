#include "crc.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

enum { STEP = 8 };

struct crc {
	uint64_t ones; /* what a sum is begun and ended with */
	uint64_t table[STEP][256];
};

struct crc *
crc_new(uint64_t polynomial)
{
	struct crc *c = mem_alloc(sizeof(*c));
	c->ones = polynomial > UINT32_MAX ? UINT64_MAX : UINT32_MAX;
	for (unsigned i = 0; i < 256; i++) {
		uint64_t sum = i;
		for (int bit = 0; bit < 8; bit++)
			sum = sum >> 1 ^ (sum & 1 ? polynomial : 0);
		c->table[0][i] = sum;
	}
	for (size_t step = 1; step < STEP; step++)
		for (size_t i = 0; i < 256; i++) {
			uint64_t sum = c->table[step - 1][i];
			c->table[step][i] = sum >> 8 ^ c->table[0][sum & 0xff];
		}
	return c;
}

void
crc_free(struct crc *c)
{
	free(c);
}

uint64_t
crc_add(const struct crc *c, uint64_t sum, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;
	sum ^= c->ones;
	for (; len >= STEP; at += STEP, len -= STEP) {
		uint64_t word;
		memcpy(&word, at, sizeof(word));
		word = le64toh(word) ^ sum;
		sum = 0;
		for (int i = 0; i < STEP; i++, word >>= 8)
			sum ^= c->table[STEP - 1 - i][word & 0xff];
	}
	for (; len > 0; at++, len--)
		sum = sum >> 8 ^ c->table[0][(sum ^ *at) & 0xff];
	return sum ^ c->ones;
}
