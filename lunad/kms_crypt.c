#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "kms.h"
#include "mem.h"
#include "store.h"
#include "text.h"

#define PLAIN_MAX 4096
#define BYTES_MAX 1024

/*
 * A ciphertext: the version 1, the key's id (16 bytes), the number of its
 * material (4, big endian), the nonce (12), the sealed bytes and the tag. All
 * before the nonce is authenticated, with the encryption context.
 */
#define HEAD_LEN 21

struct pair {
	char *name, *value;
};

static int
by_name(const void *a, const void *b)
{
	return strcmp(
	    ((const struct pair *)a)->name, ((const struct pair *)b)->name);
}

static void
add_counted(struct buf *out, const char *text)
{
	size_t n = strlen(text);
	for (int shift = 24; shift >= 0; shift -= 8)
		buf_add_char(out, (char)(n >> shift & 0xff));
	buf_add(out, text, n);
}

/* The pairs of an encryption context, sorted: its order does not count. */
static void
add_context(struct json context, struct buf *out)
{
	struct json_iter it;
	struct json key, value;
	size_t n = 0;
	struct pair *pair =
	    mem_alloc((json_count(context) + 1) * sizeof(*pair));
	json_members(context, &it);
	while (json_next(&it, &key, &value)) {
		pair[n].name = json_dup(key);
		pair[n].value = json_dup(value);
		if (pair[n].name != NULL && pair[n].value != NULL) {
			n++;
			continue;
		}
		free(pair[n].name);
		free(pair[n].value);
	}
	qsort(pair, n, sizeof(*pair), by_name);
	for (size_t i = 0; i < n; i++) {
		add_counted(out, pair[i].name);
		add_counted(out, pair[i].value);
		free(pair[i].name);
		free(pair[i].value);
	}
	free(pair);
}

static void
add_head(const char *id, int64_t material, struct buf *out)
{
	int half = -1;
	buf_add_char(out, 1);
	for (const char *p = id; *p != '\0'; p++) {
		int digit = *p == '-'   ? -1
			    : *p >= 'a' ? *p - 'a' + 10
			    : *p >= 'A' ? *p - 'A' + 10
					: *p - '0';
		if (digit < 0)
			continue;
		if (half >= 0)
			buf_add_char(out, (char)(half << 4 | digit));
		half = half >= 0 ? -1 : digit;
	}
	for (int shift = 24; shift >= 0; shift -= 8)
		buf_add_char(out, (char)(material >> shift & 0xff));
}

/* A key's newest material, or the n'th; its number, 0 when it is gone. */
static int64_t
secret_of(struct request *r, const char *id, int64_t n,
    uint8_t secret[static KMS_KEY_LEN], char name[static 65])
{
	size_t len = 0;
	int64_t found = 0;
	sqlite3_stmt *q = store_query(r->store,
	    "select n, secret, id from kms_material where region = ? and"
	    " key = ? and n = coalesce(nullif(?, 0), n) order by n desc"
	    " limit 1",
	    "tti", r->region, id, n);
	if (store_next(q)) {
		const char *bytes = store_bytes(q, 1, &len);
		if (len == KMS_KEY_LEN) {
			memcpy(secret, bytes, len);
			found = store_int(q, 0);
			snprintf(name, 65, "%s", store_text(q, 2));
		}
	}
	store_end(q);
	return found;
}

/* Append bytes encrypted under a key, as base64. */
static void
seal(struct request *r, const char *id, struct json context, const void *bytes,
    size_t len, struct buf *out)
{
	uint8_t secret[KMS_KEY_LEN], iv[KMS_IV_LEN];
	char name[65];
	struct buf blob = {0}, aad = {0};
	int64_t n = secret_of(r, id, 0, secret, name);
	add_head(id, n, &blob);
	buf_add(&aad, buf_text(&blob), blob.len);
	add_context(context, &aad);
	digest_random(iv, sizeof(iv));
	buf_add(&blob, iv, sizeof(iv));
	kms_seal(secret, iv, &aad, bytes, len, &blob);
	text_base64(buf_text(&blob), blob.len, out);
	digest_wipe(secret, sizeof(secret));
	buf_clear(&blob);
	buf_clear(&aad);
}

static int
invalid(struct request *r)
{
	return fail(r, 400, "InvalidCiphertextException", "%s", "");
}

/* The bytes of a base64 parameter. */
static int
read_blob(
    struct request *r, const char *name, const char *path, struct buf *out)
{
	size_t len;
	const char *text = param_text(r, param_json(r, name), &len);
	if (check_there(r, text, path) != 0)
		return -1;
	if (text_unbase64(text, len, out) == 0)
		return 0;
	return fail(r, 400, "SerializationException", "%s is not base64", name);
}

/* The key that a ciphertext names, and the number of its material. */
static int
read_head(struct request *r, const struct buf *blob, struct kms_key *key,
    int64_t *material)
{
	const uint8_t *p = (const uint8_t *)buf_text(blob);
	struct buf id = {0};
	if (blob->len < HEAD_LEN + KMS_IV_LEN + KMS_TAG_LEN || p[0] != 1)
		return invalid(r);
	for (size_t i = 1; i <= 16; i++) {
		text_hex(p + i, 1, &id);
		if (i == 4 || i == 6 || i == 8 || i == 10)
			buf_add_char(&id, '-');
	}
	*material = (int64_t)p[17] << 24 | p[18] << 16 | p[19] << 8 | p[20];
	int status = kms_find(r, buf_text(&id), false, key);
	buf_clear(&id);
	return status == 0 ? 0 : invalid(r);
}

/*
 * Decrypt a ciphertext.
 *
 * given: KeyId or SourceKeyId, which must then be the one; or NULL.
 * name:  of the material.
 */
static int
unseal(struct request *r, const struct buf *blob, struct json context,
    const char *given, struct kms_key *key, char name[static 65],
    struct buf *out)
{
	uint8_t secret[KMS_KEY_LEN];
	struct kms_key asked;
	struct buf aad = {0};
	int64_t n = 0;
	if (given != NULL && kms_find(r, given, true, &asked) != 0)
		return -1;
	if (read_head(r, blob, key, &n) != 0)
		return -1;
	if (given != NULL && strcmp(asked.id, key->id) != 0)
		return fail(r, 400, "IncorrectKeyException",
		    "The key ID in the request does not identify a CMK that "
		    "can perform this operation.");
	if (strcmp(key->state, "Enabled") != 0)
		return kms_refuse_state(r, key);
	if (n == 0 || secret_of(r, key->id, n, secret, name) != n)
		return invalid(r);
	const uint8_t *p = (const uint8_t *)buf_text(blob);
	buf_add(&aad, p, HEAD_LEN);
	add_context(context, &aad);
	int status = kms_unseal(secret, p + HEAD_LEN, &aad,
	    p + HEAD_LEN + KMS_IV_LEN, blob->len - HEAD_LEN - KMS_IV_LEN, out);
	digest_wipe(secret, sizeof(secret));
	buf_clear(&aad);
	return status == 0 ? 0 : invalid(r);
}

static int
check_algorithm(struct request *r, const char *name)
{
	const char *algorithm = param(r, name);
	if (algorithm == NULL || strcmp(algorithm, "SYMMETRIC_DEFAULT") == 0)
		return 0;
	return fail(r, 400, "InvalidKeyUsageException",
	    "Algorithm %s is incompatible with key spec SYMMETRIC_DEFAULT.",
	    algorithm);
}

/* A map of strings to strings. */
static int
check_context(struct request *r, const char *name)
{
	struct json context = param_json(r, name), key, value;
	struct json_iter it;
	json_members(context, &it);
	while (json_next(&it, &key, &value))
		if (value.type != JSON_STRING)
			return fail(r, 400, "SerializationException",
			    "%s is not a map of strings", name);
	return 0;
}

static int
dry(struct request *r)
{
	if (!param_bool(r, "DryRun", false))
		return 0;
	return fail(r, 400, "DryRunOperationException",
	    "The request would have succeeded, but the DryRun option is set.");
}

static int
check_plain(struct request *r, const struct buf *plain)
{
	if (plain->len >= 1 && plain->len <= PLAIN_MAX)
		return 0;
	return fail(r, 400, "ValidationException",
	    "1 validation error detected: Value at 'plaintext' failed to "
	    "satisfy constraint: Member must have length %s than or equal to "
	    "%d",
	    plain->len < 1 ? "greater" : "less",
	    plain->len < 1 ? 1 : PLAIN_MAX);
}

int
kms_encrypt(struct request *r)
{
	struct buf plain = {0}, text = {0};
	struct kms_key key;
	int answer = ANSWER_ERROR;
	if (read_blob(r, "Plaintext", "plaintext", &plain) != 0 ||
	    check_plain(r, &plain) != 0 ||
	    kms_find_enabled(r, param(r, "KeyId"), true, &key) != 0 ||
	    check_algorithm(r, "EncryptionAlgorithm") != 0 ||
	    check_context(r, "EncryptionContext") != 0 || dry(r) != 0)
		goto out;
	seal(r, key.id, param_json(r, "EncryptionContext"), buf_text(&plain),
	    plain.len, &text);
	put_open(r->out, NULL, '{');
	put_text(r->out, "CiphertextBlob", buf_text(&text));
	put_text(r->out, "KeyId", key.arn);
	put_text(r->out, "EncryptionAlgorithm", "SYMMETRIC_DEFAULT");
	put_close(r->out, '}');
	answer = ANSWER;
out:
	buf_clear(&plain);
	buf_clear(&text);
	return answer;
}

int
kms_decrypt(struct request *r)
{
	struct buf blob = {0}, plain = {0}, text = {0};
	struct kms_key key;
	char material[65];
	int answer = ANSWER_ERROR;
	if (read_blob(r, "CiphertextBlob", "ciphertextBlob", &blob) != 0 ||
	    check_algorithm(r, "EncryptionAlgorithm") != 0 ||
	    check_context(r, "EncryptionContext") != 0 ||
	    unseal(r, &blob, param_json(r, "EncryptionContext"),
		param(r, "KeyId"), &key, material, &plain) != 0 ||
	    dry(r) != 0)
		goto out;
	text_base64(buf_text(&plain), plain.len, &text);
	put_open(r->out, NULL, '{');
	put_text(r->out, "KeyId", key.arn);
	put_text(r->out, "Plaintext", buf_text(&text));
	put_text(r->out, "EncryptionAlgorithm", "SYMMETRIC_DEFAULT");
	put_text(r->out, "KeyMaterialId", material);
	put_close(r->out, '}');
	answer = ANSWER;
out:
	buf_clear(&blob);
	buf_clear(&plain);
	buf_clear(&text);
	return answer;
}

int
kms_reencrypt(struct request *r)
{
	struct buf blob = {0}, plain = {0}, text = {0};
	struct kms_key from, to;
	char material[65];
	int answer = ANSWER_ERROR;
	if (read_blob(r, "CiphertextBlob", "ciphertextBlob", &blob) != 0 ||
	    check_algorithm(r, "SourceEncryptionAlgorithm") != 0 ||
	    check_algorithm(r, "DestinationEncryptionAlgorithm") != 0 ||
	    check_context(r, "SourceEncryptionContext") != 0 ||
	    check_context(r, "DestinationEncryptionContext") != 0 ||
	    unseal(r, &blob, param_json(r, "SourceEncryptionContext"),
		param(r, "SourceKeyId"), &from, material, &plain) != 0 ||
	    kms_find_enabled(r, param(r, "DestinationKeyId"), true, &to) != 0 ||
	    dry(r) != 0)
		goto out;
	seal(r, to.id, param_json(r, "DestinationEncryptionContext"),
	    buf_text(&plain), plain.len, &text);
	put_open(r->out, NULL, '{');
	put_text(r->out, "CiphertextBlob", buf_text(&text));
	put_text(r->out, "SourceKeyId", from.arn);
	put_text(r->out, "KeyId", to.arn);
	put_text(r->out, "SourceEncryptionAlgorithm", "SYMMETRIC_DEFAULT");
	put_text(r->out, "DestinationEncryptionAlgorithm", "SYMMETRIC_DEFAULT");
	put_close(r->out, '}');
	answer = ANSWER;
out:
	buf_clear(&blob);
	buf_clear(&plain);
	buf_clear(&text);
	return answer;
}

static int
check_bytes(struct request *r, int64_t n)
{
	if (n >= 1 && n <= BYTES_MAX)
		return 0;
	return check_refuse(r, param(r, "NumberOfBytes"), "numberOfBytes",
	    n < 1 ? "Member must have value greater than or equal to 1"
		  : "Member must have value less than or equal to 1024");
}

/* KeySpec or NumberOfBytes. */
static int
read_size(struct request *r, int64_t *n)
{
	const char *spec = param(r, "KeySpec");
	bool bytes = param_json(r, "NumberOfBytes").type > JSON_NULL;
	if ((spec != NULL) == bytes)
		return fail(r, 400, "ValidationException",
		    "Please specify either number of bytes or key spec.");
	*n = param_int(r, "NumberOfBytes", 0);
	if (spec == NULL)
		return check_bytes(r, *n);
	*n = strcmp(spec, "AES_128") == 0 ? 16 : 32;
	return check_enum(r, spec, "keySpec", "AES_256, AES_128");
}

static int
data_key(struct request *r, bool shown)
{
	uint8_t bytes[BYTES_MAX];
	struct buf text = {0};
	struct kms_key key;
	int64_t n = 0;
	if (kms_find_enabled(r, param(r, "KeyId"), true, &key) != 0 ||
	    read_size(r, &n) != 0 ||
	    check_context(r, "EncryptionContext") != 0 || dry(r) != 0)
		return ANSWER_ERROR;
	digest_random(bytes, (size_t)n);
	seal(r, key.id, param_json(r, "EncryptionContext"), bytes, (size_t)n,
	    &text);
	put_open(r->out, NULL, '{');
	put_text(r->out, "CiphertextBlob", buf_text(&text));
	buf_reset(&text);
	text_base64(bytes, (size_t)n, &text);
	if (shown)
		put_text(r->out, "Plaintext", buf_text(&text));
	put_text(r->out, "KeyId", key.arn);
	put_close(r->out, '}');
	digest_wipe(bytes, sizeof(bytes));
	buf_clear(&text);
	return ANSWER;
}

int
kms_data_key(struct request *r)
{
	return data_key(r, true);
}

int
kms_data_key_sealed(struct request *r)
{
	return data_key(r, false);
}

int
kms_random(struct request *r)
{
	uint8_t bytes[BYTES_MAX];
	struct buf text = {0};
	int64_t n = param_int(r, "NumberOfBytes", 0);
	if (param_json(r, "NumberOfBytes").type <= JSON_NULL)
		return fail(r, 400, "ValidationException",
		    "NumberOfBytes is required.");
	if (check_bytes(r, n) != 0)
		return ANSWER_ERROR;
	digest_random(bytes, (size_t)n);
	text_base64(bytes, (size_t)n, &text);
	put_open(r->out, NULL, '{');
	put_text(r->out, "Plaintext", buf_text(&text));
	put_close(r->out, '}');
	buf_clear(&text);
	return ANSWER;
}
