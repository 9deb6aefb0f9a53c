#ifndef LUNAD_KMS_SEAL_H
#define LUNAD_KMS_SEAL_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/*
 * AES-256-GCM: lunad's door to OpenSSL's ciphers.
 */
#define KMS_KEY_LEN 32
#define KMS_IV_LEN 12
#define KMS_TAG_LEN 16

/* Append the sealed bytes and their tag. */
void kms_seal(const uint8_t key[static KMS_KEY_LEN],
    const uint8_t iv[static KMS_IV_LEN], const struct buf *context,
    const void *bytes, size_t len, struct buf *out);

/* Append what was sealed. -1: it, or its context, is another. */
int kms_unseal(const uint8_t key[static KMS_KEY_LEN],
    const uint8_t iv[static KMS_IV_LEN], const struct buf *context,
    const void *sealed, size_t len, struct buf *out);

#endif
