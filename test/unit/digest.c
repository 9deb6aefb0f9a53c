/*
 * digest sha256|md5|sha1|crc32|gzip|hmac KEY|uuid|random|equal A B: of
 * stdin, to stdout; what is no text as hex.
 */
#include "digest.h"

#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "text.h"

static void
show(const uint8_t *sum, size_t len)
{
	struct buf out = {0};
	text_hex(sum, len, &out);
	puts(buf_text(&out));
	buf_clear(&out);
}

/* Both ways to it, the second under a key that was used before. */
static void
hmac(const char *key, const char *text, size_t len)
{
	uint8_t sum[DIGEST_SHA256];
	char hex[2 * DIGEST_SHA256 + 1];
	digest_hmac(key, strlen(key), text, len, sum);
	show(sum, sizeof(sum));
	struct digest_key *k = digest_key_new(key, strlen(key));
	digest_key_mac(k, "other", 5, sum);
	digest_key_mac_hex(k, text, len, hex);
	digest_key_free(k);
	puts(hex);
}

static int
run(char **argv, const char *text, size_t len)
{
	uint8_t sum[DIGEST_SHA256];
	char hex[2 * DIGEST_SHA256 + 1], uuid[37];
	struct buf out = {0};
	if (strcmp(argv[1], "sha256") == 0) {
		digest_sha256(text, len, sum);
		show(sum, DIGEST_SHA256);
		digest_sha256_hex(text, len, hex);
		puts(hex);
	} else if (strcmp(argv[1], "md5") == 0) {
		digest_md5(text, len, sum);
		show(sum, DIGEST_MD5);
		digest_md5_hex(text, len, hex);
		puts(hex);
	} else if (strcmp(argv[1], "sha1") == 0) {
		digest_sha1(text, len, sum);
		show(sum, DIGEST_SHA1);
	} else if (strcmp(argv[1], "crc32") == 0) {
		uint32_t crc = digest_crc32(0, text, len / 2);
		crc = digest_crc32(crc, text + len / 2, len - len / 2);
		printf("%08x\n", crc);
	} else if (strcmp(argv[1], "gzip") == 0) {
		digest_gzip(text, len, &out);
		fwrite(out.data, 1, out.len, stdout);
	} else if (strcmp(argv[1], "hmac") == 0) {
		hmac(argv[2], text, len);
	} else if (strcmp(argv[1], "uuid") == 0) {
		digest_uuid(uuid);
		puts(uuid);
	} else if (strcmp(argv[1], "random") == 0) {
		digest_random(sum, sizeof(sum));
		show(sum, sizeof(sum));
	} else if (strcmp(argv[1], "equal") == 0) {
		printf("%d\n", digest_equal(argv[2], argv[3], strlen(argv[2])));
	} else {
		return 2;
	}
	buf_clear(&out);
	return 0;
}

int
main(int argc, char **argv)
{
	struct buf in = {0};
	if (argc < 2)
		return 2;
	for (size_t n = 1; n > 0;) {
		n = fread(buf_room(&in, 65536), 1, 65536, stdin);
		in.len += n;
	}
	int status = run(argv, buf_text(&in), in.len);
	buf_clear(&in);
	return status;
}
