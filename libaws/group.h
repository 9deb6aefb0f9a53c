#ifndef LUNA_GROUP_H
#define LUNA_GROUP_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "json.h"
#include "template.h"

/*
 * Records by the values of some fields: what tells the groups apart, and a
 * table of them. A key is the values as a JSON array: source bytes, but
 * strings with escapes spelled in one way; an absent field is null.
 */
struct group_fields {
	struct group_field {
		struct template_field *field;
		struct buf before; /* ,"name": as it is printed */
	} * item;
	size_t count;
};

/*
 * list: FIELD or NAME=FIELD, separated by commas; without NAME the last name
 * of the path is the field's.
 * Fails: ERR_SETUP "Usage".
 */
int group_fields_add(
    struct group_fields *fields, const char *list, struct err *err);
void group_fields_clear(struct group_fields *fields);

/* Append the key of a record that has these values in the fields. Fails:
 * ERR_RECORD "LoneSurrogate". */
int group_key(const struct group_fields *fields, const struct json *value,
    struct buf *out, struct err *err);
/* Append a value as keys have it. */
int group_value(struct json v, struct buf *out, struct err *err);
/* Append the members ,"name":value of a key. */
void group_print(const struct group_fields *fields, const char *key, size_t len,
    struct buf *out);

/* What is kept of a group, then state_size bytes, aligned to 16, then its
 * key. */
struct group {
	uint64_t count; /* of its records; 0: it is new */
	uint32_t hash, key_len;
};

struct group_table {
	size_t count;
	/* the module's */
	size_t state_size;
	struct group_slot *slot;
	size_t cap;
	struct buf bytes; /* the groups */
	struct group_order *order;
};

/* A zeroed table with a state_size, a multiple of 16, is empty. */
void group_clear(struct group_table *t);
void group_reset(struct group_table *t); /* empty, but keeps its memory */

/* The group of a key, made if there is none. Valid until the next is made. */
struct group *group_of(
    struct group_table *t, const char *key, size_t len, uint64_t hash);
/* In the order of group_sort, or any. */
struct group *group_at(const struct group_table *t, size_t index);
/* By the bytes of their keys. */
void group_sort(struct group_table *t);

void *group_state(struct group *g);
const char *group_key_of(const struct group_table *t, const struct group *g);
/* <0, 0, >0: the order of keys. */
int group_compare(const char *a, size_t a_len, const char *b, size_t b_len);

#endif
