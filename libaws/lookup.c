#include "lookup.h"

#include <stdlib.h>

#include "mem.h"

struct lookup_cell {
	uint64_t hash; /* 0: free */
	size_t number;
};

void
lookup_clear(struct lookup *l)
{
	free(l->cell);
	*l = (struct lookup){0};
}

/* The cell of hash, or the free one where it belongs. */
static size_t
place(const struct lookup *l, uint64_t hash)
{
	size_t at = hash & (l->cap - 1);
	while (l->cell[at].hash != 0 && l->cell[at].hash != hash)
		at = (at + 1) & (l->cap - 1);
	return at;
}

static void
grow(struct lookup *l)
{
	struct lookup_cell *old = l->cell;
	size_t was = l->cap;
	l->cap = was == 0 ? 64 : 2 * was;
	l->cell = mem_alloc(l->cap * sizeof(*l->cell));
	for (size_t i = 0; i < was; i++)
		if (old[i].hash != 0)
			l->cell[place(l, old[i].hash)] = old[i];
	free(old);
}

bool
lookup_put(struct lookup *l, uint64_t hash, size_t number)
{
	if (2 * l->count >= l->cap)
		grow(l);
	struct lookup_cell *cell = &l->cell[place(l, hash)];
	bool added = cell->hash == 0;
	*cell = (struct lookup_cell){hash, number};
	l->count += added;
	return added;
}

bool
lookup_get(const struct lookup *l, uint64_t hash, size_t *number)
{
	if (l->count == 0)
		return false;
	const struct lookup_cell *cell = &l->cell[place(l, hash)];
	if (cell->hash == 0)
		return false;
	if (number != NULL)
		*number = cell->number;
	return true;
}

/* The cells behind a freed one close up, so that no search ends early. */
void
lookup_drop(struct lookup *l, uint64_t hash)
{
	if (!lookup_get(l, hash, NULL))
		return;
	size_t mask = l->cap - 1, hole = place(l, hash);
	for (size_t at = hole;;) {
		at = (at + 1) & mask;
		if (l->cell[at].hash == 0)
			break;
		size_t home = l->cell[at].hash & mask;
		/* Is home cyclically in (hole, at]? Then it stays. */
		if (((at - home) & mask) < ((at - hole) & mask))
			continue;
		l->cell[hole] = l->cell[at];
		hole = at;
	}
	l->cell[hole] = (struct lookup_cell){0};
	l->count--;
}
