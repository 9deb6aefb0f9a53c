#include "sum.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "digest.h"
#include "mem.h"

/* Reflected polynomials. */
#define POLY_CRC32 UINT64_C(0xedb88320)
#define POLY_CRC32C UINT64_C(0x82f63b78)
#define POLY_CRC64NVME UINT64_C(0x9a6c9329ac4bc9b5)
#define STRIDE 8 /* bytes a step: as many tables */

struct sum {
	enum sum_kind kind;
	EVP_MD_CTX *md;
	uint64_t crc;
};

static uint64_t table[2][STRIDE][256]; /* of CRC-32C and CRC-64/NVME */
static pthread_once_t made = PTHREAD_ONCE_INIT;

static void
make_table(uint64_t poly, uint64_t t[STRIDE][256])
{
	for (uint64_t i = 0; i < 256; i++) {
		uint64_t c = i;
		for (int bit = 0; bit < 8; bit++)
			c = (c & 1) != 0 ? c >> 1 ^ poly : c >> 1;
		t[0][i] = c;
	}
	for (size_t i = 0; i < 256; i++)
		for (size_t n = 1; n < STRIDE; n++)
			t[n][i] = t[n - 1][i] >> 8 ^ t[0][t[n - 1][i] & 0xff];
}

static void
make_tables(void)
{
	make_table(POLY_CRC32C, table[0]);
	make_table(POLY_CRC64NVME, table[1]);
}

static bool
is_crc(enum sum_kind kind)
{
	return kind >= SUM_CRC32;
}

static const EVP_MD *
md_of(enum sum_kind kind)
{
	return kind == SUM_MD5    ? EVP_md5()
	       : kind == SUM_SHA1 ? EVP_sha1()
				  : EVP_sha256();
}

static void
begin(struct sum *s)
{
	s->crc = s->kind == SUM_CRC32C      ? UINT32_MAX
		 : s->kind == SUM_CRC64NVME ? UINT64_MAX
					    : 0;
	if (s->md != NULL && EVP_DigestInit_ex(s->md, NULL, NULL) != 1)
		mem_die();
}

struct sum *
sum_new(enum sum_kind kind)
{
	struct sum *s = mem_alloc(sizeof(*s));
	s->kind = kind;
	pthread_once(&made, make_tables);
	if (!is_crc(kind)) {
		s->md = EVP_MD_CTX_new();
		if (s->md == NULL ||
		    EVP_DigestInit_ex(s->md, md_of(kind), NULL) != 1)
			mem_die();
	}
	begin(s);
	return s;
}

void
sum_free(struct sum *s)
{
	if (s == NULL)
		return;
	EVP_MD_CTX_free(s->md);
	free(s);
}

static uint64_t
word_of(const uint8_t *p)
{
	uint64_t w = 0;
	for (int i = 7; i >= 0; i--)
		w = w << 8 | p[i];
	return w;
}

/* Eight bytes a step, each through its own table. */
static uint64_t
crc_add(uint64_t t[STRIDE][256], uint64_t crc, const uint8_t *p, size_t len)
{
	for (; len >= STRIDE; len -= STRIDE, p += STRIDE) {
		uint64_t w = word_of(p) ^ crc;
		crc = t[7][w & 0xff] ^ t[6][w >> 8 & 0xff] ^
		      t[5][w >> 16 & 0xff] ^ t[4][w >> 24 & 0xff] ^
		      t[3][w >> 32 & 0xff] ^ t[2][w >> 40 & 0xff] ^
		      t[1][w >> 48 & 0xff] ^ t[0][w >> 56];
	}
	for (; len > 0; len--, p++)
		crc = crc >> 8 ^ t[0][(crc ^ *p) & 0xff];
	return crc;
}

void
sum_add(struct sum *s, const void *bytes, size_t len)
{
	if (s->kind == SUM_CRC32)
		s->crc = digest_crc32((uint32_t)s->crc, bytes, len);
	else if (is_crc(s->kind))
		s->crc = crc_add(
		    table[s->kind == SUM_CRC64NVME], s->crc, bytes, len);
	else if (EVP_DigestUpdate(s->md, bytes, len) != 1)
		mem_die();
}

size_t
sum_size(enum sum_kind kind)
{
	static const size_t size[] = {
	    [SUM_MD5] = 16,
	    [SUM_SHA1] = 20,
	    [SUM_SHA256] = 32,
	    [SUM_CRC32] = 4,
	    [SUM_CRC32C] = 4,
	    [SUM_CRC64NVME] = 8,
	};
	return size[kind];
}

size_t
sum_end(struct sum *s, uint8_t out[static SUM_MAX])
{
	size_t size = sum_size(s->kind);
	if (is_crc(s->kind)) {
		uint64_t crc = s->kind == SUM_CRC32 ? s->crc : ~s->crc;
		for (size_t i = 0; i < size; i++)
			out[i] = (uint8_t)(crc >> 8 * (size - 1 - i));
	} else if (EVP_DigestFinal_ex(s->md, out, NULL) != 1) {
		mem_die();
	}
	begin(s);
	return size;
}

/* a times b modulo the polynomial, reflected: bit 0 is the highest power. */
static uint64_t
multiply(uint64_t a, uint64_t b, uint64_t poly, int bits)
{
	uint64_t product = 0;
	for (uint64_t m = UINT64_C(1) << (bits - 1); m != 0; m >>= 1) {
		if ((a & m) != 0)
			product ^= b;
		b = (b & 1) != 0 ? b >> 1 ^ poly : b >> 1;
	}
	return product;
}

/* The first sum is carried over len more bytes: times x to 8 * len. */
uint64_t
sum_join(
    enum sum_kind kind, uint64_t first, uint64_t second, uint64_t second_len)
{
	int bits = kind == SUM_CRC64NVME ? 64 : 32;
	uint64_t poly = kind == SUM_CRC64NVME ? POLY_CRC64NVME
			: kind == SUM_CRC32C  ? POLY_CRC32C
					      : POLY_CRC32;
	uint64_t power = UINT64_C(1) << (bits - 9); /* x to the 8 */
	for (; second_len != 0; second_len >>= 1) {
		if ((second_len & 1) != 0)
			first = multiply(power, first, poly, bits);
		power = multiply(power, power, poly, bits);
	}
	return first ^ second;
}
