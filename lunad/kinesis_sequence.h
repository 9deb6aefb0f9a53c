#ifndef LUNAD_KINESIS_SEQUENCE_H
#define LUNAD_KINESIS_SEQUENCE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Sequence numbers as Kinesis makes them: a number of 186 bits, which is
 * always 56 decimal digits. In hexadecimal it is, from the left,
 *
 *	2 ttttttttt s nnnnnnnnnnnnnnnn 00 aaaaaaaaa ssssssss 2
 *
 *	t  second in which the shard was made
 *	s  number of the shard (its last digit, then all of it)
 *	n  position in the shard; its first record has 1
 *	a  second of the arrival
 *
 * Source: kinesalite, which took them apart; version 2 of three.
 */
#define KINESIS_SEQUENCE 57 /* digits and a NUL */
/* The position that ends a closed shard. */
#define KINESIS_SEQUENCE_END INT64_MAX

struct kinesis_sequence {
	int64_t epoch_s;
	uint32_t shard;
	int64_t position;
	int64_t at_s;
};

void kinesis_sequence_print(
    const struct kinesis_sequence *n, char out[static KINESIS_SEQUENCE]);
/* The next position of the same shard and second, in place. */
void kinesis_sequence_next(char digits[static KINESIS_SEQUENCE]);
/* -1: not such a number. */
int kinesis_sequence_parse(
    const char *digits, size_t len, struct kinesis_sequence *n);

#endif
