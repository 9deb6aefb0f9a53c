#include "kms_seal.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "digest.h"
#include "mem.h"

/* OpenSSL fails here only without memory, or by a mistake of ours. */
static void
must(int ok)
{
	if (ok != 1)
		abort();
}

void
kms_seal(const uint8_t key[static KMS_KEY_LEN],
    const uint8_t iv[static KMS_IV_LEN], const struct buf *context,
    const void *bytes, size_t len, struct buf *out)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	uint8_t *to = (uint8_t *)buf_room(out, len + KMS_TAG_LEN);
	int n;
	must(c != NULL);
	must(EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, iv));
	must(EVP_EncryptUpdate(c, NULL, &n,
	    (const unsigned char *)buf_text(context), (int)context->len));
	must(EVP_EncryptUpdate(c, to, &n, bytes, (int)len));
	must(EVP_EncryptFinal_ex(c, to + len, &n));
	must(EVP_CIPHER_CTX_ctrl(
	    c, EVP_CTRL_GCM_GET_TAG, KMS_TAG_LEN, to + len));
	EVP_CIPHER_CTX_free(c);
	out->len += len + KMS_TAG_LEN;
	out->data[out->len] = '\0';
}

int
kms_unseal(const uint8_t key[static KMS_KEY_LEN],
    const uint8_t iv[static KMS_IV_LEN], const struct buf *context,
    const void *sealed, size_t len, struct buf *out)
{
	const uint8_t *from = sealed;
	uint8_t tag[KMS_TAG_LEN];
	int n;
	if (len < KMS_TAG_LEN)
		return -1;
	len -= KMS_TAG_LEN;
	for (size_t i = 0; i < KMS_TAG_LEN; i++)
		tag[i] = from[len + i];
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	uint8_t *plain = mem_alloc(len + 1);
	must(c != NULL);
	must(EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, iv));
	must(EVP_DecryptUpdate(c, NULL, &n,
	    (const unsigned char *)buf_text(context), (int)context->len));
	must(EVP_DecryptUpdate(c, plain, &n, from, (int)len));
	must(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, KMS_TAG_LEN, tag));
	int ok = EVP_DecryptFinal_ex(c, plain + len, &n);
	if (ok == 1)
		buf_add(out, plain, len);
	EVP_CIPHER_CTX_free(c);
	digest_wipe(plain, len);
	free(plain);
	return ok == 1 ? 0 : -1;
}
