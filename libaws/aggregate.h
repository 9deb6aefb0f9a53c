#ifndef LUNA_AGGREGATE_H
#define LUNA_AGGREGATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "decimal.h"
#include "err.h"
#include "json.h"
#include "template.h"

/*
 * What is made of the records of a group: NAME=count, or NAME=sum:FIELD, and
 * so min, max, avg and distinct. Sums, and so averages before they are
 * rounded, are exact; see decimal.h and distinct.h.
 */
struct aggregates {
	struct aggregate *item;
	size_t count;
	struct aggregate_input *input; /* each field is read once */
	size_t inputs;
	size_t state_size; /* of a group, to be zeroed; a multiple of 16 */
};

/* What a record has in a field. */
struct aggregate_value {
	struct decimal number; /* borrows from the record */
	uint64_t hash;
	bool present;
};

/* text: an operand. Fails: ERR_SETUP "Usage". */
int aggregate_add(struct aggregates *a, const char *text, struct err *err);
/* Is one of them printed as before, which is ,"NAME": ? */
bool aggregate_named(const struct aggregates *a, const char *before);
void aggregate_clear(struct aggregates *a);

/* The field of an input. */
const struct template_field *aggregate_field(
    const struct aggregates *a, size_t input);
/*
 * Read what a record has in the fields of the inputs into value[a->inputs].
 * Fails: ERR_RECORD "NoNumber": a field to add or compare is absent or no
 *        number; "LoneSurrogate".
 */
int aggregate_read(const struct aggregates *a, const struct json *field,
    struct aggregate_value *value, struct err *err);

/* Add what was read to a group's state; first: it is the group's first. */
void aggregate_fold(const struct aggregates *a, void *state, bool first,
    const struct aggregate_value *value);
/* Add the state of another group, which is cleared. */
void aggregate_merge(const struct aggregates *a, void *state, void *other);
/* Append the members ,"NAME":value; count: of the group's records. */
void aggregate_print(const struct aggregates *a, const void *state,
    uint64_t count, struct buf *out);
/* Free what a state holds. */
void aggregate_release(const struct aggregates *a, void *state);

#endif
