#ifndef LUNA_KPL_H
#define LUNA_KPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Stream records that hold several, as the Kinesis Producer Library puts them
 * together: four bytes of magic, a protobuf message, the message's MD5.
 *
 * Source: amazon-kinesis-producer, "aggregation-format.md".
 */
struct kpl_text {
	const char *at;
	size_t len;
};

struct kpl {
	struct kpl_text *key, *hash_key; /* tables */
	size_t keys, hash_keys;
	const char *at, *end; /* what is not read yet */
};

struct kpl_record {
	struct kpl_text key, data;
	struct kpl_text hash_key; /* ExplicitHashKey, decimal; at NULL: none */
};

/*
 * bytes: borrowed while k is used.
 * Returns: whether it is such a record, whole and sound; then kpl_next gives
 *          at least one, and kpl_clear is due.
 */
bool kpl_open(struct kpl *k, const void *bytes, size_t len);
bool kpl_next(struct kpl *k, struct kpl_record *out);
void kpl_clear(struct kpl *k);

#endif
