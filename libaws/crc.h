#ifndef LUNA_CRC_H
#define LUNA_CRC_H

#include <stddef.h>
#include <stdint.h>

/*
 * The cyclic checksums of S3 that zlib does not have, eight bytes a step.
 *
 * Source: RFC 3720, appendix B.4 (CRC-32C); NVM Express NVM Command Set
 *         Specification, "64b CRC Definition" (CRC-64/NVME).
 */
#define CRC_32C UINT64_C(0x82f63b78) /* polynomials, lowest bit first */
#define CRC_64NVME UINT64_C(0x9a6c9329ac4bc9b5)

/* Owns: its tables, 16 KiB. */
struct crc;
struct crc *crc_new(uint64_t polynomial);
void crc_free(struct crc *c);

/* As digest_crc32: the checksum of what has `sum` (0: nothing) and bytes. */
uint64_t crc_add(
    const struct crc *c, uint64_t sum, const void *bytes, size_t len);

#endif
