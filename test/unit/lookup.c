/*
 * Drives lookup with random operations on few hashes, beside a plain array
 * that knows what must be found; prints how many it did.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lookup.h"

#define KEYS 3000

int
main(int argc, char **argv)
{
	struct lookup l = {0};
	static size_t known[KEYS]; /* 0: not there */
	size_t count = 0, steps = 300000;
	srand(argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1);
	for (size_t i = 0; i < steps; i++) {
		size_t key = (size_t)rand() % KEYS, got = 0;
		/* Many share their low bits, so that cells collide. */
		uint64_t hash = key % 7 * 64 + (key << 20) + 1;
		bool there = lookup_get(&l, hash, &got);
		if (there != (known[key] != 0) || got != known[key] ||
		    l.count != count) {
			printf("step %zu: key %zu is wrong\n", i, key);
			return 1;
		}
		/* Now it grows, now it shrinks. */
		if (rand() % 10 < (i / 30000 % 2 == 0 ? 7 : 3)) {
			if (lookup_put(&l, hash, i + 1) == there)
				return 1;
			count += !there;
			known[key] = i + 1;
		} else {
			lookup_drop(&l, hash);
			count -= there;
			known[key] = 0;
		}
	}
	lookup_clear(&l);
	printf("%zu steps\n", steps);
	return 0;
}
