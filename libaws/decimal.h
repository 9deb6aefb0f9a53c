#ifndef LUNA_DECIMAL_H
#define LUNA_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/*
 * Numbers as JSON writes them, added and compared exactly: in an integer of
 * 128 bits with a scale, and in as many digits as it takes where that is too
 * narrow.
 *
 * A number is value / 10^scale with scale >= 0. One that does not fit keeps
 * its text; its last digit stands for 10^-scale.
 */
#define DECIMAL_DIGITS 1000 /* at most, before the point and after it */

struct decimal {
	__extension__ __int128 value;
	int32_t scale;
	const char *text; /* borrowed; NULL: it is in value */
	size_t len;
};

/* text: a JSON number. -1: it has too many digits. */
int decimal_read(const char *text, size_t len, struct decimal *out);
/* <0, 0, >0. */
int decimal_compare(const struct decimal *a, const struct decimal *b);

/* A sum of as many digits after the point as the longest of its numbers.
 * A zeroed struct is 0. */
struct decimal_sum {
	__extension__ __int128 value;
	int32_t scale;
	struct decimal_wide *wide; /* or NULL */
};

void decimal_add(struct decimal_sum *sum, const struct decimal *number);
void decimal_merge(struct decimal_sum *sum, const struct decimal_sum *other);
/* Append it. */
void decimal_print(const struct decimal_sum *sum, struct buf *out);
/*
 * Append sum / count, with DECIMAL_MORE digits more after the point than the
 * sum, the last one rounded, half to even; zeroes at its end are left out.
 */
#define DECIMAL_MORE 6
void decimal_mean(
    const struct decimal_sum *sum, uint64_t count, struct buf *out);
void decimal_clear(struct decimal_sum *sum);

#endif
