#include <string.h>
#include <strings.h>

#include "s3_private.h"
#include "text.h"

const struct s3_sum s3_sums[S3_SUMS] = {
    {SUM_CRC32, "CRC32", "x-amz-checksum-crc32", "ChecksumCRC32", true, true},
    {SUM_CRC32C, "CRC32C", "x-amz-checksum-crc32c", "ChecksumCRC32C", true,
	true},
    {SUM_CRC64NVME, "CRC64NVME", "x-amz-checksum-crc64nvme",
	"ChecksumCRC64NVME", false, true},
    {SUM_SHA1, "SHA1", "x-amz-checksum-sha1", "ChecksumSHA1", true, false},
    {SUM_SHA256, "SHA256", "x-amz-checksum-sha256", "ChecksumSHA256", true,
	false},
};

const struct s3_sum *
s3_sum_named(const char *name)
{
	for (size_t i = 0; i < S3_SUMS; i++)
		if (strcasecmp(s3_sums[i].name, name) == 0)
			return &s3_sums[i];
	return NULL;
}

const char *
s3_sum_word(const struct s3_sum *sum)
{
	return sum->header + sizeof("x-amz-checksum-") - 1;
}

const char *
s3_sum_text(struct request *r, const uint8_t *sum, size_t len)
{
	struct buf b = {0};
	text_base64(sum, len, &b);
	char *text = request_copy(r, b.data, b.len);
	buf_clear(&b);
	return text;
}
