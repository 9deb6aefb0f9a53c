/*
 * lines - records of 250 bytes, as many as asked for, on stdout
 *
 * usage: lines COUNT
 *
 * A generator, so that ten million records need no file, and costs less
 * than what is measured.
 */
#include <inttypes.h>
#include <stdio.h>

#include "text.h"

int
main(int argc, char **argv)
{
	int64_t count;

	if (argc != 2 || text_integer(argv[1], 0, INT64_MAX, &count) != 0) {
		fprintf(stderr, "usage: lines COUNT\n");
		return 2;
	}
	for (int64_t i = 1; i <= count && !ferror(stdout); i++)
		printf("{\"id\":\"r%09" PRId64 "\",\"event_time\":"
		       "\"2026-11-20T22:00:00.000Z\",\"event_type\":\"view\","
		       "\"user_id\":%" PRId64 ",\"price\":12.34,"
		       "\"pad\":\"%0128d\"}\n",
		    i, 512000000 + i % 50000, 0);
	return fflush(stdout) == 0 ? 0 : 1;
}
