/*
 * SNS: signatures of what subscribers get. Keys are made when the first
 * signature is wanted, and kept with the data: they prove a message's form,
 * not its origin, since whoever has the data has them.
 *
 * The plain key is RSA as everybody has it. What goes into queues, by far the
 * most, is signed with the quick one: its exponents have changed places, so
 * that signing takes what checking takes elsewhere (5 us, not 80). Its
 * certificate is as good as any other for OpenSSL, Java and Node; Go refuses a
 * public exponent of that length.
 *
 * 1,024 bits where AWS has 2,048: a third of the time.
 *
 * Source: SNS Developer Guide, "Verifying the signatures of Amazon SNS
 * messages"; RFC 8017, 9.2.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "diag.h"
#include "digest.h"
#include "mem.h"
#include "sns_private.h"
#include "text.h"

#define KEY_BITS 1024
#define KEY_BYTES (KEY_BITS / 8)
#define CERTIFICATE_S (50L * 365 * 24 * 3600)

struct signer {
	EVP_PKEY *key;
	EVP_PKEY_CTX *raw; /* the quick one's */
	char *certificate;
	char name[48];
};

/* There is one lunad a process. */
static struct signer signers[SNS_KEYS];
static EVP_MD *sha1, *sha256;

static char *
taken(BIO *bio)
{
	char *at;
	long len = BIO_get_mem_data(bio, &at);
	char *text = mem_text_of(at, len < 0 ? 0 : (size_t)len);

	BIO_free(bio);
	return text;
}

/* A certificate of one key by another. */
static char *
certify(EVP_PKEY *subject, EVP_PKEY *issuer)
{
	X509 *x = X509_new();
	X509_NAME *name;
	BIO *bio = BIO_new(BIO_s_mem());
	uint32_t serial;

	if (x == NULL || bio == NULL)
		mem_die();
	digest_random(&serial, sizeof(serial));
	X509_set_version(x, 2);
	ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial);
	X509_gmtime_adj(X509_getm_notBefore(x), -24 * 3600);
	X509_gmtime_adj(X509_getm_notAfter(x), CERTIFICATE_S);
	X509_set_pubkey(x, subject);
	name = X509_get_subject_name(x);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	    (const unsigned char *)"sns.amazonaws.com", -1, -1, 0);
	X509_set_issuer_name(x, name);
	X509_sign(x, issuer, EVP_sha256());
	PEM_write_bio_X509(bio, x);
	X509_free(x);
	return taken(bio);
}

/* The public half of a key with its exponents exchanged. */
static EVP_PKEY *
exchanged(EVP_PKEY *key)
{
	BIGNUM *n = NULL, *d = NULL;
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *other = NULL;

	if (build != NULL && ctx != NULL &&
	    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
	    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_D, &d) == 1 &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, d) == 1 &&
	    (params = OSSL_PARAM_BLD_to_param(build)) != NULL &&
	    EVP_PKEY_fromdata_init(ctx) == 1)
		EVP_PKEY_fromdata(ctx, &other, EVP_PKEY_PUBLIC_KEY, params);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(ctx);
	BN_free(n);
	BN_clear_free(d);
	if (other == NULL)
		mem_die();
	return other;
}

static void
make_key(struct store *s, enum sns_key which)
{
	struct signer *to = &signers[which];
	BIO *bio = BIO_new(BIO_s_mem());
	EVP_PKEY *subject;
	char *secret;

	to->key = EVP_RSA_gen(KEY_BITS);
	if (to->key == NULL || bio == NULL)
		mem_die();
	PEM_write_bio_PrivateKey(bio, to->key, NULL, NULL, 0, NULL, NULL);
	secret = taken(bio);
	subject = which == SNS_QUICK ? exchanged(to->key) : to->key;
	to->certificate = certify(subject, to->key);
	if (subject != to->key)
		EVP_PKEY_free(subject);
	store_do(s,
	    "INSERT OR REPLACE INTO sns_key (id, secret, certificate)"
	    " VALUES (?, ?, ?)",
	    "itt", (int64_t)which, secret, to->certificate);
	digest_wipe(secret, strlen(secret));
	free(secret);
}

static void
forget(struct signer *s)
{
	EVP_PKEY_CTX_free(s->raw);
	EVP_PKEY_free(s->key);
	free(s->certificate);
	*s = (struct signer){0};
}

void
sns_sign_forget(void)
{
	for (size_t i = 0; i < SNS_KEYS; i++)
		forget(&signers[i]);
}

static void
read_key(struct store *s, enum sns_key which)
{
	struct signer *to = &signers[which];
	sqlite3_stmt *q = store_query(s,
	    "SELECT secret, certificate FROM sns_key WHERE id = ?", "i",
	    (int64_t)which);

	if (store_next(q)) {
		BIO *bio = BIO_new_mem_buf(store_text(q, 0), -1);

		to->key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
		if (to->key != NULL)
			to->certificate = mem_text(store_text(q, 1));
		BIO_free(bio);
	}
	store_end(q);
}

static struct signer *
load(struct lunad *l, enum sns_key which)
{
	static uint64_t undone;
	struct signer *to = &signers[which];
	struct store *s = lunad_store(l);
	char hex[2 * DIGEST_MD5 + 1];

	/* A key that a request made which was undone is none. */
	if (undone != store_undone(s))
		sns_sign_forget();
	undone = store_undone(s);
	if (to->key != NULL)
		return to;
	if (sha1 == NULL) {
		sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
		sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	}
	read_key(s, which);
	if (to->key == NULL)
		make_key(s, which);
	digest_md5_hex(to->certificate, strlen(to->certificate), hex);
	memcpy(to->name, hex, sizeof(hex));
	strcat(to->name, ".pem");
	return to;
}

static int
sign_plain(struct signer *s, const char *text, size_t len, int version,
    unsigned char out[static KEY_BYTES])
{
	size_t size = KEY_BYTES;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int ok = ctx != NULL &&
		 EVP_DigestSignInit(ctx, NULL, version == 2 ? sha256 : sha1,
		     NULL, s->key) == 1 &&
		 EVP_DigestSign(
		     ctx, out, &size, (const unsigned char *)text, len) == 1;

	EVP_MD_CTX_free(ctx);
	return ok ? 0 : -1;
}

/* The padded hash to the power of 65537: what is elsewhere encryption. */
static int
sign_quick(struct signer *s, const char *text, size_t len, int version,
    unsigned char out[static KEY_BYTES])
{
	static const unsigned char names[2][19] = {
	    {0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a,
		0x05, 0x00, 0x04, 0x14},
	    {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
		0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}};
	size_t name_len = version == 2 ? 19 : 15, size = KEY_BYTES;
	size_t hash_len = version == 2 ? DIGEST_SHA256 : DIGEST_SHA1;
	unsigned char padded[KEY_BYTES];
	unsigned char *at = padded + KEY_BYTES - hash_len;

	if (version == 2)
		digest_sha256(text, len, at);
	else
		digest_sha1(text, len, at);
	at -= name_len;
	memcpy(at, names[version == 2], name_len);
	*--at = 0;
	memset(padded + 2, 0xff, (size_t)(at - padded) - 2);
	padded[0] = 0;
	padded[1] = 1;
	if (s->raw == NULL) {
		s->raw = EVP_PKEY_CTX_new(s->key, NULL);
		if (s->raw == NULL || EVP_PKEY_encrypt_init(s->raw) != 1 ||
		    EVP_PKEY_CTX_set_rsa_padding(s->raw, RSA_NO_PADDING) != 1)
			return -1;
	}
	return EVP_PKEY_encrypt(s->raw, out, &size, padded, KEY_BYTES) == 1
		   ? 0
		   : -1;
}

void
sns_sign(struct lunad *l, enum sns_key which, const char *text, size_t len,
    int version, struct buf *out)
{
	unsigned char signature[KEY_BYTES];
	struct signer *s = load(l, which);
	int failed = which == SNS_QUICK
			 ? sign_quick(s, text, len, version, signature)
			 : sign_plain(s, text, len, version, signature);

	if (failed == 0)
		text_base64(signature, sizeof(signature), out);
	else
		diag("sns: a message could not be signed");
}

const char *
sns_sign_name(struct lunad *l, enum sns_key which)
{
	return load(l, which)->name;
}

const char *
sns_sign_certificate(struct lunad *l, const char *name)
{
	for (enum sns_key i = 0; i < SNS_KEYS; i++)
		if (strcmp(load(l, i)->name, name) == 0)
			return signers[i].certificate;
	return NULL;
}
