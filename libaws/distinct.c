#include "distinct.h"

#include <math.h>
#include <stdlib.h>

#include "mem.h"

enum {
	BITS = 14,
	REGISTERS = 1 << BITS,
	RANKS = 64 - BITS + 1 /* the greatest a register may have */
};

static void
count_hash(uint8_t *registers, uint64_t hash)
{
	/* The bit below those that are looked at ends the search. */
	uint64_t rest = hash << BITS | UINT64_C(1) << (BITS - 1);
	uint8_t rank = (uint8_t)(__builtin_clzll(rest) + 1);
	uint8_t *r = &registers[hash >> (64 - BITS)];
	if (*r < rank)
		*r = rank;
}

/* Where hash is, or the empty place where it belongs. */
static uint64_t *
place(const struct distinct *d, uint64_t hash)
{
	uint32_t i = (uint32_t)hash & (d->cap - 1);
	while (d->hash[i] != 0 && d->hash[i] != hash)
		i = (i + 1) & (d->cap - 1);
	return &d->hash[i];
}

static void
grow(struct distinct *d)
{
	uint64_t *old = d->hash;
	uint32_t was = d->cap;
	d->cap = was == 0 ? 8 : was * 2;
	d->hash = mem_alloc(d->cap * sizeof(*d->hash));
	for (uint32_t i = 0; i < was; i++)
		if (old[i] != 0)
			*place(d, old[i]) = old[i];
	free(old);
}

static void
estimate_from_now(struct distinct *d)
{
	d->registers = mem_alloc(REGISTERS);
	for (uint32_t i = 0; i < d->cap; i++)
		if (d->hash[i] != 0)
			count_hash(d->registers, d->hash[i]);
	free(d->hash);
	d->hash = NULL;
	d->cap = 0;
}

void
distinct_add(struct distinct *d, uint64_t hash)
{
	if (hash == 0) /* which stands for an empty place */
		hash = 1;
	if (d->registers != NULL) {
		count_hash(d->registers, hash);
		return;
	}
	if (d->count * 4 >= d->cap * 3)
		grow(d);
	uint64_t *at = place(d, hash);
	if (*at != 0)
		return;
	*at = hash;
	if (++d->count > DISTINCT_EXACT)
		estimate_from_now(d);
}

void
distinct_merge(struct distinct *d, const struct distinct *other)
{
	for (uint32_t i = 0; i < other->cap; i++)
		if (other->hash[i] != 0)
			distinct_add(d, other->hash[i]);
	if (other->registers == NULL)
		return;
	if (d->registers == NULL)
		estimate_from_now(d);
	for (int i = 0; i < REGISTERS; i++)
		if (d->registers[i] < other->registers[i])
			d->registers[i] = other->registers[i];
}

static double
sigma(double x)
{
	double y = 1, z = x, was;
	if (x == 1)
		return INFINITY;
	do {
		was = z;
		x *= x;
		z += x * y;
		y += y;
	} while (z != was);
	return z;
}

static double
tau(double x)
{
	double y = 1, z = 1 - x, was;
	if (x == 0 || x == 1)
		return 0;
	do {
		was = z;
		x = sqrt(x);
		y /= 2;
		z -= (1 - x) * (1 - x) * y;
	} while (z != was);
	return z / 3;
}

uint64_t
distinct_count(const struct distinct *d)
{
	const double m = REGISTERS;
	double of[RANKS + 1] = {0}; /* registers of each rank */
	if (d->registers == NULL)
		return d->count;
	for (int i = 0; i < REGISTERS; i++)
		of[d->registers[i]]++;
	double z = m * tau(1 - of[RANKS] / m);
	for (int rank = RANKS - 1; rank >= 1; rank--)
		z = (z + of[rank]) / 2;
	z += m * sigma(of[0] / m);
	return (uint64_t)llround(m * m / (2 * M_LN2) / z);
}

void
distinct_clear(struct distinct *d)
{
	free(d->hash);
	free(d->registers);
	*d = (struct distinct){0};
}
