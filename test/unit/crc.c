/*
 * crc 32|32c|64nvme: the checksum of stdin in hex, read in runs of 1, 2, 3 …
 * bytes; and, of CRC-32, joined from that of the first third and of the rest.
 */
#include "crc.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"

int
main(int argc, char **argv)
{
	static char text[65536];
	size_t len = fread(text, 1, sizeof(text), stdin), run = 1;
	if (argc != 2)
		return 2;
	if (len > 0 && text[len - 1] == '\n')
		len--;
	if (strcmp(argv[1], "32") == 0) {
		size_t third = len / 3;
		uint32_t one = digest_crc32(0, text, third);
		uint32_t other = digest_crc32(0, text + third, len - third);
		printf("%08" PRIx32 " %08" PRIx32 "\n",
		    digest_crc32(0, text, len),
		    digest_crc32_join(one, other, len - third));
		return 0;
	}
	bool wide = strcmp(argv[1], "64nvme") == 0;
	struct crc *c = crc_new(wide ? CRC_64NVME : CRC_32C);
	uint64_t sum = 0;
	for (size_t at = 0; at < len; at += run++)
		sum =
		    crc_add(c, sum, text + at, run < len - at ? run : len - at);
	printf("%0*" PRIx64 "\n", wide ? 16 : 8, sum);
	crc_free(c);
	return 0;
}
