/*
 * SNS: signatures of what subscribers get. The key is made when the first
 * signature is wanted and kept with the data. It has 1,024 bits where AWS's
 * has 2,048: every message is signed, this takes a third of the time, and a
 * key that lies beside its messages proves their form, not their origin.
 *
 * Source: SNS Developer Guide, "Verifying the signatures of Amazon SNS
 * messages".
 */
#include <string.h>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "diag.h"
#include "digest.h"
#include "mem.h"
#include "sns_private.h"
#include "text.h"

#define KEY_BITS 1024
#define CERTIFICATE_S (50L * 365 * 24 * 3600)

/* There is one lunad a process. */
static struct {
	EVP_PKEY *key;
	EVP_MD *sha1, *sha256;
	char *certificate;
	char name[48];
} state;

static char *
taken(BIO *bio)
{
	char *at;
	long len = BIO_get_mem_data(bio, &at);
	char *text = mem_text_of(at, len < 0 ? 0 : (size_t)len);

	BIO_free(bio);
	return text;
}

/* A certificate of the key by itself. */
static char *
certify(EVP_PKEY *key)
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
	X509_set_pubkey(x, key);
	name = X509_get_subject_name(x);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	    (const unsigned char *)"sns.amazonaws.com", -1, -1, 0);
	X509_set_issuer_name(x, name);
	X509_sign(x, key, EVP_sha256());
	PEM_write_bio_X509(bio, x);
	X509_free(x);
	return taken(bio);
}

static void
make_key(struct store *s)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *secret;

	state.key = EVP_RSA_gen(KEY_BITS);
	if (state.key == NULL || bio == NULL)
		mem_die();
	PEM_write_bio_PrivateKey(bio, state.key, NULL, NULL, 0, NULL, NULL);
	secret = taken(bio);
	state.certificate = certify(state.key);
	store_do(s,
	    "INSERT OR REPLACE INTO sns_key (id, secret, certificate)"
	    " VALUES (1, ?, ?)",
	    "tt", secret, state.certificate);
	digest_wipe(secret, strlen(secret));
	free(secret);
}

static void
load(struct lunad *l)
{
	struct store *s = lunad_store(l);
	char hex[2 * DIGEST_MD5 + 1];
	sqlite3_stmt *q;
	BIO *bio;

	/* A key of a request that was undone is none. */
	if (state.key != NULL &&
	    store_number(s, 0,
		"SELECT 1 FROM sns_key WHERE id = 1 AND certificate = ?", "t",
		state.certificate) == 1)
		return;
	sns_sign_forget();
	q = store_query(
	    s, "SELECT secret, certificate FROM sns_key WHERE id = 1", "");
	if (store_next(q)) {
		bio = BIO_new_mem_buf(store_text(q, 0), -1);
		state.key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
		state.certificate = mem_text(store_text(q, 1));
		BIO_free(bio);
	}
	store_end(q);
	if (state.key == NULL) {
		free(state.certificate);
		make_key(s);
	}
	if (state.sha1 == NULL) {
		state.sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
		state.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	}
	digest_md5_hex(state.certificate, strlen(state.certificate), hex);
	memcpy(state.name, hex, sizeof(hex));
	strcat(state.name, ".pem");
}

void
sns_sign_forget(void)
{
	EVP_PKEY_free(state.key);
	free(state.certificate);
	state.key = NULL;
	state.certificate = NULL;
}

void
sns_sign(
    struct lunad *l, const char *text, size_t len, int version, struct buf *out)
{
	unsigned char signature[KEY_BITS / 8];
	size_t size = sizeof(signature);
	EVP_MD_CTX *ctx;

	load(l);
	ctx = EVP_MD_CTX_new();
	if (ctx != NULL &&
	    EVP_DigestSignInit(ctx, NULL,
		version == 2 ? state.sha256 : state.sha1, NULL,
		state.key) == 1 &&
	    EVP_DigestSign(
		ctx, signature, &size, (const unsigned char *)text, len) == 1)
		text_base64(signature, size, out);
	else
		diag("sns: a message could not be signed");
	EVP_MD_CTX_free(ctx);
}

const char *
sns_sign_name(struct lunad *l)
{
	load(l);
	return state.name;
}

const char *
sns_sign_certificate(struct lunad *l)
{
	load(l);
	return state.certificate;
}
