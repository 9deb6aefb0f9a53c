#include "ddb_number.h"

#include <stdint.h>
#include <string.h>

#define GREATEST 125
#define LEAST (-130)
/* An exponent beyond it is out of range whatever the digits are. */
#define EXPONENT_MAX 100000000

static int
invalid(struct err *err, const char *text)
{
	return err_set(err, ERR_REFUSED, "ValidationException", "%s", text);
}

static int
no_number(const char *text, size_t len, struct err *err)
{
	if (len == 0)
		return invalid(err,
		    "The parameter cannot be converted to a numeric value");
	return err_set(err, ERR_REFUSED, "ValidationException",
	    "The parameter cannot be converted to a numeric value: %.*s",
	    len > 200 ? 200 : (int)len, text);
}

static int
in_range(const struct ddb_number *n, struct err *err)
{
	if (n->digits == 0)
		return 0;
	if (n->exponent > GREATEST)
		return invalid(err,
		    "Number overflow. Attempting to store a number with "
		    "magnitude larger than supported range");
	if (n->exponent < LEAST)
		return invalid(err,
		    "Number underflow. Attempting to store a number with "
		    "magnitude smaller than supported range");
	if (n->digits > DDB_DIGITS)
		return invalid(err,
		    "Attempting to store more than 38 significant digits in a "
		    "Number");
	return 0;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The digits as they come: which one leads, and the last that is not 0. */
struct reading {
	struct ddb_number n;
	int64_t seen;  /* digits before the point, from the leading one on */
	int64_t count; /* digits from the leading one on */
	int64_t zeros; /* behind the point, before the leading one */
	bool any, point;
};

static void
take_digit(struct reading *r, unsigned char digit)
{
	r->any = true;
	if (r->count == 0 && digit == 0) {
		r->zeros += r->point;
		return;
	}
	if (!r->point)
		r->seen++;
	if (r->count < DDB_DIGITS)
		r->n.digit[r->count] = digit;
	r->count++;
	if (digit != 0)
		r->n.digits =
		    r->count > DDB_DIGITS ? DDB_DIGITS + 1 : (unsigned)r->count;
}

/* The exponent from p to end; false when it is none. */
static bool
take_exponent(const char *p, const char *end, int64_t *out)
{
	bool negative = p < end && *p == '-';
	if (p < end && (*p == '-' || *p == '+'))
		p++;
	if (p == end)
		return false;
	int64_t value = 0;
	for (; p < end; p++) {
		if (!is_digit(*p))
			return false;
		if (value < EXPONENT_MAX)
			value = value * 10 + (*p - '0');
	}
	*out = negative ? -value : value;
	return true;
}

int
ddb_number_read(
    const char *text, size_t len, struct ddb_number *out, struct err *err)
{
	struct reading r = {0};
	const char *p = text, *end = text + len;
	int64_t exponent = 0;

	r.n.negative = p < end && *p == '-';
	if (p < end && (*p == '-' || *p == '+'))
		p++;
	for (; p < end && (is_digit(*p) || (*p == '.' && !r.point)); p++)
		if (*p == '.')
			r.point = true;
		else
			take_digit(&r, (unsigned char)(*p - '0'));
	if (!r.any)
		return no_number(text, len, err);
	if (p < end && (*p | 0x20) == 'e') {
		if (!take_exponent(p + 1, end, &exponent))
			return no_number(text, len, err);
		p = end;
	}
	if (p != end)
		return no_number(text, len, err);
	*out = r.n;
	if (out->digits == 0) {
		*out = (struct ddb_number){0};
		return 0;
	}
	exponent += r.seen > 0 ? r.seen - 1 : -r.zeros - 1;
	out->exponent = exponent > EXPONENT_MAX    ? EXPONENT_MAX
			: exponent < -EXPONENT_MAX ? -EXPONENT_MAX
						   : (int)exponent;
	return in_range(out, err);
}

void
ddb_number_print(const struct ddb_number *n, struct buf *out)
{
	char text[DDB_NUMBER_TEXT], *p = text;
	if (n->digits == 0) {
		buf_add_char(out, '0');
		return;
	}
	if (n->negative)
		*p++ = '-';
	if (n->exponent < 0) {
		*p++ = '0';
		*p++ = '.';
		for (int i = -1; i > n->exponent; i--)
			*p++ = '0';
	}
	for (unsigned i = 0; i < n->digits; i++) {
		*p++ = (char)('0' + n->digit[i]);
		if ((int)i == n->exponent && i + 1 < n->digits)
			*p++ = '.';
	}
	for (int i = (int)n->digits; i <= n->exponent; i++)
		*p++ = '0';
	buf_add(out, text, (size_t)(p - text));
}

static int
compare_magnitude(const struct ddb_number *a, const struct ddb_number *b)
{
	if (a->exponent != b->exponent)
		return a->exponent < b->exponent ? -1 : 1;
	unsigned both = a->digits < b->digits ? a->digits : b->digits;
	int order = memcmp(a->digit, b->digit, both);
	if (order != 0 || a->digits == b->digits)
		return order;
	return a->digits < b->digits ? -1 : 1;
}

static int
sign(const struct ddb_number *n)
{
	return n->digits == 0 ? 0 : n->negative ? -1 : 1;
}

int
ddb_number_compare(const struct ddb_number *a, const struct ddb_number *b)
{
	int left = sign(a), right = sign(b);
	if (left != right)
		return left < right ? -1 : 1;
	int order = left == 0 ? 0 : compare_magnitude(a, b);
	return left < 0 ? -order : order;
}

/* Every place that a digit of a number can have, and one for a carry. */
#define PLACES (GREATEST + 1 - (LEAST - DDB_DIGITS) + 1)

static void
place(signed char *places, const struct ddb_number *n)
{
	size_t at = (size_t)(GREATEST + 1 - n->exponent);
	for (unsigned i = 0; i < n->digits; i++)
		places[at + i] =
		    (signed char)(places[at + i] +
				  (n->negative ? -n->digit[i] : n->digit[i]));
}

/* Make every place 0 … 9; returns whether the number is negative. */
static bool
settle(signed char *places)
{
	bool negative = false;
	for (size_t i = 0; i < PLACES; i++)
		if (places[i] != 0) {
			negative = places[i] < 0;
			break;
		}
	int carry = 0;
	for (size_t i = PLACES; i-- > 0;) {
		int v = (negative ? -places[i] : places[i]) + carry;
		carry = v < 0 ? -1 : v / 10;
		places[i] = (signed char)(v - carry * 10);
	}
	return negative;
}

int
ddb_number_add(const struct ddb_number *a, const struct ddb_number *b,
    struct ddb_number *out, struct err *err)
{
	signed char places[PLACES] = {0};
	place(places, a);
	place(places, b);
	struct ddb_number sum = {.negative = settle(places)};
	size_t first = 0, last = PLACES;
	while (first < PLACES && places[first] == 0)
		first++;
	while (last > first && places[last - 1] == 0)
		last--;
	if (first == last) {
		*out = (struct ddb_number){0};
		return 0;
	}
	sum.exponent = GREATEST + 1 - (int)first;
	sum.digits = (unsigned)(last - first);
	if (in_range(&sum, err) != 0)
		return -1;
	for (unsigned i = 0; i < sum.digits; i++)
		sum.digit[i] = (unsigned char)places[first + i];
	*out = sum;
	return 0;
}

/*
 * 0: negative, 1: zero, 2: positive; then the exponent as one byte and pairs
 * of digits from 1 to 100, and 0 behind them. All but the first byte is
 * inverted for a negative number.
 */
void
ddb_number_key(const struct ddb_number *n, struct buf *out)
{
	unsigned char key[2 + DDB_DIGITS / 2 + 2];
	size_t len = 0;
	if (n->digits == 0) {
		buf_add_char(out, 1);
		return;
	}
	key[len++] = (unsigned char)(n->exponent - LEAST);
	for (unsigned i = 0; i < n->digits; i += 2) {
		int low = i + 1 < n->digits ? n->digit[i + 1] : 0;
		key[len++] = (unsigned char)(n->digit[i] * 10 + low + 1);
	}
	key[len++] = 0;
	if (n->negative)
		for (size_t i = 0; i < len; i++)
			key[i] = (unsigned char)~key[i];
	buf_add_char(out, n->negative ? 0 : 2);
	buf_add(out, key, len);
}

/* One byte, and one for every pair of digits as 100s, and one for a minus. */
size_t
ddb_number_size(const struct ddb_number *n)
{
	if (n->digits == 0)
		return 1;
	bool alone = n->exponent % 2 == 0; /* the leading digit is */
	size_t pairs = alone ? 1 + n->digits / 2 : (n->digits + 1) / 2;
	return 1 + pairs + n->negative;
}
