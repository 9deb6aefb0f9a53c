#ifndef LUNAD_SUM_H
#define LUNAD_SUM_H

#include <stddef.h>
#include <stdint.h>

/*
 * Sums of bytes that come in pieces. lunad's own, so that a mistake in
 * libaws's is found when the two meet.
 *
 * Sources: RFC 1321, 3174, 3720 (CRC-32C); FIPS 180-4; NVMe base
 * specification 2.0, 5.2.1.3.4 (CRC-64/NVME).
 */
enum sum_kind {
	SUM_MD5,
	SUM_SHA1,
	SUM_SHA256,
	SUM_CRC32,
	SUM_CRC32C,
	SUM_CRC64NVME
};

#define SUM_MAX 32

struct sum;
struct sum *sum_new(enum sum_kind kind);
void sum_free(struct sum *s);
void sum_add(struct sum *s, const void *bytes, size_t len);
/* The sum, big-endian; returns its length. s begins anew. */
size_t sum_end(struct sum *s, uint8_t out[static SUM_MAX]);
size_t sum_size(enum sum_kind kind);

/* The sum of two runs of bytes, one after the other, from the CRC of each
 * and the length of the second. */
uint64_t sum_join(
    enum sum_kind kind, uint64_t first, uint64_t second, uint64_t second_len);

#endif
