#include "kinesis_sequence.h"

#include <stdio.h>
#include <string.h>

#define BILLION 1000000000U
#define LIMBS 6 /* of 32 bits, the least first: 192 bits */
#define DIGITS (KINESIS_SEQUENCE - 1)
#define VERSION 2U

/* Append the lowest `bits` of value below what is there. */
static void
push(uint32_t limb[static LIMBS], unsigned bits, uint64_t value)
{
	for (; bits > 0; bits -= 4) {
		for (size_t i = LIMBS; --i > 0;)
			limb[i] = limb[i] << 4 | limb[i - 1] >> 28;
		limb[0] = limb[0] << 4 | (uint32_t)(value >> (bits - 4) & 15);
	}
}

/* Take the lowest `bits` off. */
static uint64_t
pull(uint32_t limb[static LIMBS], unsigned bits)
{
	uint64_t value = 0;
	for (unsigned at = 0; at < bits; at += 4) {
		value |= (uint64_t)(limb[0] & 15) << at;
		for (size_t i = 0; i + 1 < LIMBS; i++)
			limb[i] = limb[i] >> 4 | limb[i + 1] << 28;
		limb[LIMBS - 1] >>= 4;
	}
	return value;
}

void
kinesis_sequence_print(
    const struct kinesis_sequence *n, char out[static KINESIS_SEQUENCE])
{
	uint32_t limb[LIMBS] = {0};
	push(limb, 4, VERSION);
	push(limb, 36, (uint64_t)n->epoch_s);
	push(limb, 4, n->shard);
	push(limb, 64, (uint64_t)n->position);
	push(limb, 8, 0);
	push(limb, 36, (uint64_t)n->at_s);
	push(limb, 32, n->shard);
	push(limb, 4, VERSION);
	for (size_t at = DIGITS; at > 0;) {
		uint64_t rest = 0;
		for (size_t i = LIMBS; i-- > 0;) {
			rest = rest << 32 | limb[i];
			limb[i] = (uint32_t)(rest / BILLION);
			rest %= BILLION;
		}
		for (size_t i = 0; i < 9 && at > 0; i++, rest /= 10)
			out[--at] = (char)('0' + rest % 10);
	}
	out[DIGITS] = '\0';
}

void
kinesis_sequence_next(char digits[static KINESIS_SEQUENCE])
{
	/* A position is 2^80: 20 hexadecimal digits are below it. */
	static const char one[] = "1208925819614629174706176";
	size_t at = DIGITS, i = sizeof(one) - 1;
	int carry = 0;
	while (i > 0) {
		int sum = digits[--at] + one[--i] - '0' + carry;
		carry = sum > '9';
		digits[at] = (char)(sum - 10 * carry);
	}
	while (carry != 0) {
		at--;
		carry = digits[at] == '9';
		digits[at] = carry ? '0' : (char)(digits[at] + 1);
	}
}

int
kinesis_sequence_parse(
    const char *digits, size_t len, struct kinesis_sequence *n)
{
	uint32_t limb[LIMBS] = {0};
	if (len != DIGITS)
		return -1;
	for (size_t d = 0; d < len; d++) {
		if (digits[d] < '0' || digits[d] > '9')
			return -1;
		uint64_t carry = (uint64_t)(digits[d] - '0');
		for (size_t i = 0; i < LIMBS; i++) {
			carry += (uint64_t)limb[i] * 10;
			limb[i] = (uint32_t)carry;
			carry >>= 32;
		}
	}
	if (pull(limb, 4) != VERSION)
		return -1;
	n->shard = (uint32_t)pull(limb, 32);
	n->at_s = (int64_t)pull(limb, 36);
	pull(limb, 8);
	uint64_t position = pull(limb, 64);
	uint64_t low = pull(limb, 4);
	n->epoch_s = (int64_t)pull(limb, 36);
	if (pull(limb, 4) != VERSION || limb[0] != 0 ||
	    low != (n->shard & 15) || position > INT64_MAX ||
	    n->shard > INT32_MAX)
		return -1;
	n->position = (int64_t)position;
	return 0;
}
