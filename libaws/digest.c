#include "digest.h"

#include <sys/random.h>

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <sysexits.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#define ZLIB_CONST
#include <zlib.h>

#include "buf.h"
#include "diag.h"
#include "mem.h"

/*
 * Fetched once and never changed after: a fetch costs more than a hash.
 * keyed is an HMAC-SHA256 context to copy, with the hash already chosen.
 */
static struct {
	pthread_once_t once;
	EVP_MD *sha256, *sha1, *md5;
	EVP_MAC_CTX *keyed;
} cache = {.once = PTHREAD_ONCE_INIT};

static void
must(int ok)
{
	if (ok)
		return;
	diag("libcrypto cannot hash: no memory, or no SHA-256, SHA-1, MD5 or "
	     "HMAC in its configuration");
	_Exit(EX_TEMPFAIL);
}

static void
fetch(void)
{
	cache.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	/* Checksums that AWS's APIs ask for, not security: also where only
	 * FIPS algorithms are the default. */
	cache.sha1 = EVP_MD_fetch(NULL, "SHA1", "-fips");
	cache.md5 = EVP_MD_fetch(NULL, "MD5", "-fips");
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	must(cache.sha256 != NULL && cache.sha1 != NULL && cache.md5 != NULL &&
	     mac != NULL);
	cache.keyed = EVP_MAC_CTX_new(mac);
	EVP_MAC_free(mac);
	char name[] = "SHA256";
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
	    OSSL_PARAM_construct_end(),
	};
	/* A context without a key cannot be copied. */
	const uint8_t none[1] = {0};
	must(cache.keyed != NULL &&
	     EVP_MAC_init(cache.keyed, none, sizeof(none), params));
}

static void
hash(EVP_MD *const *md, const void *bytes, size_t len, uint8_t *out)
{
	must(pthread_once(&cache.once, fetch) == 0);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	must(ctx != NULL && EVP_DigestInit_ex2(ctx, *md, NULL) &&
	     EVP_DigestUpdate(ctx, bytes, len) &&
	     EVP_DigestFinal_ex(ctx, out, NULL));
	EVP_MD_CTX_free(ctx);
}

void
digest_sha256(const void *bytes, size_t len, uint8_t out[static DIGEST_SHA256])
{
	hash(&cache.sha256, bytes, len, out);
}

void
digest_sha1(const void *bytes, size_t len, uint8_t out[static DIGEST_SHA1])
{
	hash(&cache.sha1, bytes, len, out);
}

void
digest_md5(const void *bytes, size_t len, uint8_t out[static DIGEST_MD5])
{
	hash(&cache.md5, bytes, len, out);
}

static void
hex(const uint8_t *bytes, size_t len, char *out)
{
	static const char digit[16] = "0123456789abcdef";
	for (size_t i = 0; i < len; i++) {
		*out++ = digit[bytes[i] >> 4];
		*out++ = digit[bytes[i] & 15];
	}
	*out = '\0';
}

void
digest_sha256_hex(
    const void *bytes, size_t len, char out[static 2 * DIGEST_SHA256 + 1])
{
	uint8_t sum[DIGEST_SHA256];
	digest_sha256(bytes, len, sum);
	hex(sum, sizeof(sum), out);
}

void
digest_md5_hex(
    const void *bytes, size_t len, char out[static 2 * DIGEST_MD5 + 1])
{
	uint8_t sum[DIGEST_MD5];
	digest_md5(bytes, len, sum);
	hex(sum, sizeof(sum), out);
}

struct digest_key {
	EVP_MAC_CTX *ctx;
};

struct digest_key *
digest_key_new(const void *key, size_t len)
{
	must(pthread_once(&cache.once, fetch) == 0);
	struct digest_key *k = mem_alloc(sizeof(*k));
	k->ctx = EVP_MAC_CTX_dup(cache.keyed);
	must(k->ctx != NULL && EVP_MAC_init(k->ctx, key, len, NULL));
	return k;
}

void
digest_key_mac(struct digest_key *key, const void *bytes, size_t len,
    uint8_t out[static DIGEST_SHA256])
{
	size_t n = 0;
	must(EVP_MAC_init(key->ctx, NULL, 0, NULL) &&
	     EVP_MAC_update(key->ctx, bytes, len) &&
	     EVP_MAC_final(key->ctx, out, &n, DIGEST_SHA256));
}

void
digest_key_mac_hex(struct digest_key *key, const void *bytes, size_t len,
    char out[static 2 * DIGEST_SHA256 + 1])
{
	uint8_t sum[DIGEST_SHA256];
	digest_key_mac(key, bytes, len, sum);
	hex(sum, sizeof(sum), out);
}

void
digest_key_free(struct digest_key *key)
{
	if (key == NULL)
		return;
	EVP_MAC_CTX_free(key->ctx);
	free(key);
}

void
digest_hmac(const void *key, size_t key_len, const void *bytes, size_t len,
    uint8_t out[static DIGEST_SHA256])
{
	struct digest_key *k = digest_key_new(key, key_len);
	digest_key_mac(k, bytes, len, out);
	digest_key_free(k);
}

uint32_t
digest_crc32(uint32_t crc, const void *bytes, size_t len)
{
	return (uint32_t)crc32_z(crc, bytes, len);
}

uint32_t
digest_crc32_join(uint32_t one, uint32_t other, uint64_t len)
{
	return (uint32_t)crc32_combine(one, other, (z_off_t)len);
}

void
digest_gzip(const void *bytes, size_t len, struct buf *out)
{
	z_stream z = {0};
	const int gzip = 16 + MAX_WBITS;
	if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzip, 8,
		Z_DEFAULT_STRATEGY) != Z_OK)
		must(0);
	const uint8_t *at = bytes;
	int state = Z_OK;
	while (state == Z_OK) {
		const size_t chunk = 1 << 16;
		if (z.avail_in == 0) {
			size_t n = len < UINT_MAX ? len : UINT_MAX;
			z.next_in = at;
			z.avail_in = (uInt)n;
			at += n;
			len -= n;
		}
		char *room = buf_room(out, chunk);
		if (room == NULL)
			break;
		z.next_out = (Bytef *)room;
		z.avail_out = (uInt)chunk;
		state = deflate(&z, len == 0 ? Z_FINISH : Z_NO_FLUSH);
		out->len += chunk - z.avail_out;
		out->data[out->len] = '\0';
	}
	deflateEnd(&z);
}

void
digest_random(void *out, size_t len)
{
	uint8_t *at = out;
	while (len > 0) {
		ssize_t n = getrandom(at, len, 0);
		if (n < 0) /* interrupted; it has no other way to fail here */
			continue;
		at += n;
		len -= (size_t)n;
	}
}

void
digest_uuid(char out[static 37])
{
	uint8_t b[16];
	char text[33];
	digest_random(b, sizeof(b));
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	hex(b, sizeof(b), text);
	for (int from = 0, to = 0; from <= 32;) {
		if (to == 8 || to == 13 || to == 18 || to == 23)
			out[to++] = '-';
		out[to++] = text[from++];
	}
}

void
digest_wipe(void *bytes, size_t len)
{
	OPENSSL_cleanse(bytes, len);
}

int
digest_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}
