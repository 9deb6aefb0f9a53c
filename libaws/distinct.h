#ifndef LUNA_DISTINCT_H
#define LUNA_DISTINCT_H

#include <stdint.h>

/*
 * How many different values there are, told by their hashes (of 64 well
 * mixed bits, the same for the same value): exactly up to DISTINCT_EXACT, past
 * that estimated by HyperLogLog with 2^14 registers, whose standard error is
 * 0.81 %. The result depends on the set of values alone, not on their order.
 *
 * Source: Ertl, "New cardinality estimation algorithms for HyperLogLog
 * sketches" (2017), algorithm 6: no bias to correct by tables.
 */
#define DISTINCT_EXACT 1024

/* A zeroed struct is an empty set. */
struct distinct {
	uint64_t *hash;     /* a table of those there are, or NULL */
	uint8_t *registers; /* past the bound, or NULL */
	uint32_t count, cap;
};

void distinct_add(struct distinct *d, uint64_t hash);
void distinct_merge(struct distinct *d, const struct distinct *other);
uint64_t distinct_count(const struct distinct *d);
void distinct_clear(struct distinct *d);

#endif
