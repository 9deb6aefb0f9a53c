#ifndef LUNA_LOOKUP_H
#define LUNA_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Numbers by the hash of a key (batch_hash, which is never 0): open
 * addressing, at most half full. Two keys of one hash are one key. A zeroed
 * struct is an empty lookup.
 */
struct lookup {
	struct lookup_cell *cell;
	size_t cap; /* a power of two, or 0 */
	size_t count;
};

void lookup_clear(struct lookup *l);

/* Set the number of hash. Returns whether there was none before. */
bool lookup_put(struct lookup *l, uint64_t hash, size_t number);
/* number: may be NULL. Returns whether there is one. */
bool lookup_get(const struct lookup *l, uint64_t hash, size_t *number);
void lookup_drop(struct lookup *l, uint64_t hash);

#endif
