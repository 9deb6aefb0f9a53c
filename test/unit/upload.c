/*
 * upload SIZE [EXPECTED]: how many parts an object of SIZE bytes takes, and
 * the largest of them in MiB; EXPECTED is what was known before.
 */
#include "upload.h"

#include <stdio.h>
#include <stdlib.h>

int
main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	int64_t size = atoll(argv[1]), expected = argc > 2 ? atoll(argv[2]) : 0;
	int64_t sent = 0, largest = 0;
	int parts = 0;
	for (; sent < size; parts++) {
		int64_t part = upload_part_size(sent, expected);
		largest = part > largest ? part : largest;
		sent += part;
	}
	printf("%d parts of at most %lld MiB\n", parts,
	    (long long)(largest >> 20));
	return 0;
}
