#ifndef LUNA_DIGEST_H
#define LUNA_DIGEST_H

#include <stddef.h>
#include <stdint.h>

/*
 * Hashes, keyed hashes, random bytes and wiping: the one door to OpenSSL
 * (and to zlib's CRC-32 and gzip). Algorithms are fetched once a process.
 *
 * Nothing here fails: a libcrypto that cannot hash at all ends the process
 * with 75, as a lack of memory does (mem.h).
 */
#define DIGEST_SHA256 32
#define DIGEST_MD5 16
#define DIGEST_SHA1 20

struct buf;

void digest_sha256(
    const void *bytes, size_t len, uint8_t out[static DIGEST_SHA256]);
void digest_md5(const void *bytes, size_t len, uint8_t out[static DIGEST_MD5]);
void digest_sha1(
    const void *bytes, size_t len, uint8_t out[static DIGEST_SHA1]);
void digest_hmac(const void *key, size_t key_len, const void *bytes, size_t len,
    uint8_t out[static DIGEST_SHA256]);

/* The lower-case hex forms, NUL-terminated. */
void digest_sha256_hex(
    const void *bytes, size_t len, char out[static 2 * DIGEST_SHA256 + 1]);
void digest_md5_hex(
    const void *bytes, size_t len, char out[static 2 * DIGEST_MD5 + 1]);

/*
 * HMAC-SHA256 under one key many times: the key is digested once.
 * Owns: the key's schedule, wiped by digest_key_free.
 */
struct digest_key;
struct digest_key *digest_key_new(const void *key, size_t len);
void digest_key_mac(struct digest_key *key, const void *bytes, size_t len,
    uint8_t out[static DIGEST_SHA256]);
void digest_key_mac_hex(struct digest_key *key, const void *bytes, size_t len,
    char out[static 2 * DIGEST_SHA256 + 1]);
void digest_key_free(struct digest_key *key);

uint32_t digest_crc32(uint32_t crc, const void *bytes, size_t len);
/* The CRC-32 of what has the one followed by len bytes that have the other. */
uint32_t digest_crc32_join(uint32_t one, uint32_t other, uint64_t len);
/* Append bytes gzipped. */
void digest_gzip(const void *bytes, size_t len, struct buf *out);

/* len bytes of the kernel's random source. */
void digest_random(void *out, size_t len);
/* A random UUID (version 4) in its 36 characters and a NUL. */
void digest_uuid(char out[static 37]);
/* Overwrite so that no compiler leaves it out. */
void digest_wipe(void *bytes, size_t len);
/* Compare in a time that does not tell where they differ. 1: equal. */
int digest_equal(const void *a, const void *b, size_t len);

#endif
