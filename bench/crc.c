/*
 * crc - the CRC-32 of stdin, as the S3 tools compute it
 */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "digest.h"

int
main(void)
{
	static char bytes[1 << 18];
	uint32_t crc = 0;
	ssize_t n;
	while ((n = read(STDIN_FILENO, bytes, sizeof(bytes))) > 0)
		crc = digest_crc32(crc, bytes, (size_t)n);
	printf("%08" PRIx32 "\n", crc);
	return n < 0;
}
