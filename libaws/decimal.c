#include "decimal.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

__extension__ typedef __int128 int128; /* or no cast of it could be written */

#define BASE 1000000000
enum {
	FITS = 37, /* so many digits are always within 128 bits */
	OF_BASE = 9,
	FRACTION = (DECIMAL_DIGITS + DECIMAL_MORE) / OF_BASE + 1, /* limbs */
	WHOLE = FRACTION + 3, /* room for 10^20 numbers of 10^1000 */
	LIMBS = FRACTION + WHOLE,
	POINT = FRACTION * OF_BASE,
	DIGITS = LIMBS * OF_BASE,
	CARRY_AT = 1 << 30 /* numbers in a limb before it may overflow */
};

/* limb[i] counts 10^(9 (i - FRACTION)); each has its own sign until they are
 * carried. */
struct decimal_wide {
	uint32_t added;
	int64_t limb[LIMBS];
};

static int128
power(int32_t n)
{
	int128 p = 1;
	for (; n >= 18; n -= 18)
		p *= INT64_C(1000000000000000000);
	for (; n > 0; n--)
		p *= 10;
	return p;
}

/* value * 10^n; false when that is too wide. */
static bool
shift(int128 value, int32_t n, int128 *out)
{
	if (n == 0 || value == 0) {
		*out = value;
		return true;
	}
	return n <= FITS && !__builtin_mul_overflow(value, power(n), out);
}

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The exponent whose e is at p, held within what no number may have. */
static int32_t
exponent(const char *p, const char *end)
{
	bool minus = ++p < end && *p == '-';
	if (p < end && !is_digit(*p))
		p++;
	int32_t e = 0;
	for (; p < end && is_digit(*p); p++)
		if (e < 100 * DECIMAL_DIGITS)
			e = e * 10 + (*p - '0');
	return minus ? -e : e;
}

/* What fits into 18 digits without an exponent, as most numbers do. */
static bool
read_short(const char *text, size_t len, struct decimal *out)
{
	const char *p = text, *end = text + len, *point = NULL;
	if (len > 18)
		return false;
	bool minus = *p == '-';
	int64_t value = 0;
	for (p += minus; p < end; p++)
		if (is_digit(*p))
			value = value * 10 + (*p - '0');
		else if (*p == '.')
			point = p;
		else
			return false;
	*out = (struct decimal){.value = minus ? -value : value,
	    .scale = point == NULL ? 0 : (int32_t)(end - point) - 1};
	return true;
}

int
decimal_read(const char *text, size_t len, struct decimal *out)
{
	if (read_short(text, len, out))
		return 0;
	const char *p = text, *end = text + len;
	bool minus = *p == '-', fraction = false;
	int128 value = 0;
	size_t digits = 0, after = 0;
	for (p += minus; p < end && *p != 'e' && *p != 'E'; p++) {
		if (*p == '.') {
			fraction = true;
			continue;
		}
		after += fraction;
		if (digits > 0 || *p != '0')
			digits++;
		if (digits <= FITS)
			value = value * 10 + (*p - '0');
	}
	int32_t e = p < end ? exponent(p, end) : 0;
	if (len > 4 * DECIMAL_DIGITS)
		return -1;
	if (digits == 0)
		e = e < 0 && e >= -DECIMAL_DIGITS ? e : 0;
	e -= (int32_t)after;
	if (e < -DECIMAL_DIGITS || (int32_t)digits + e > DECIMAL_DIGITS)
		return -1;
	*out = (struct decimal){.scale = e < 0 ? -e : 0};
	if (digits > FITS || !shift(value, e > 0 ? e : 0, &out->value)) {
		out->text = text;
		out->len = len;
	} else if (minus) {
		out->value = -out->value;
	}
	return 0;
}

/* Count digit * 10^e. */
static inline void
count_digit(struct decimal_wide *w, int32_t e, int digit)
{
	static const int64_t powers[OF_BASE] = {
	    1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
	int32_t at = POINT + e;
	w->limb[at / OF_BASE] += digit * powers[at % OF_BASE];
}

static void
count_value(struct decimal_wide *w, int128 value, int32_t scale, int sign)
{
	for (int32_t e = -scale; value != 0; value /= 10, e++)
		count_digit(w, e, sign * (int)(value % 10));
}

static void
count_text(struct decimal_wide *w, const struct decimal *n, int sign)
{
	const char *p = n->text, *end = p + n->len;
	int32_t digits = 0, e;
	if (*p == '-') {
		sign = -sign;
		p++;
	}
	const char *from = p;
	for (; p < end && *p != 'e' && *p != 'E'; p++)
		digits += *p != '.';
	/* With an exponent that moves the point to the right of its last
	 * digit the scale does not tell where that stands. */
	e = p < end ? exponent(p, end) : 0;
	const char *point = memchr(from, '.', (size_t)(p - from));
	e += (point == NULL ? digits : (int32_t)(point - from)) - 1;
	for (const char *q = from; q < p; q++)
		if (*q != '.') {
			if (*q != '0')
				count_digit(w, e, sign * (*q - '0'));
			e--;
		}
}

/* All limbs but the last, which has the sign, are at least 0 after this. */
static void
carry(struct decimal_wide *w)
{
	for (int i = 0; i < LIMBS - 1; i++) {
		int64_t over = w->limb[i] / BASE;
		if (w->limb[i] % BASE < 0)
			over--;
		w->limb[i] -= over * BASE;
		w->limb[i + 1] += over;
	}
	w->added = 1;
}

static void
count_number(struct decimal_wide *w, const struct decimal *n, int sign)
{
	if (n->text != NULL)
		count_text(w, n, sign);
	else
		count_value(w, n->value, n->scale, sign);
	if (++w->added == CARRY_AT)
		carry(w);
}

int
decimal_compare(const struct decimal *a, const struct decimal *b)
{
	int128 x = a->value, y = b->value;
	int32_t scale = a->scale > b->scale ? a->scale : b->scale;
	if (a->text == NULL && b->text == NULL &&
	    shift(a->value, scale - a->scale, &x) &&
	    shift(b->value, scale - b->scale, &y))
		return (x > y) - (x < y);
	struct decimal_wide *diff = mem_alloc(sizeof(*diff));
	count_number(diff, a, 1);
	count_number(diff, b, -1);
	carry(diff);
	int sign = diff->limb[LIMBS - 1] < 0 ? -1 : 0;
	for (int i = 0; i < LIMBS && sign == 0; i++)
		sign = diff->limb[i] > 0;
	free(diff);
	return sign;
}

/* Let the sum be wide. */
static void
widen(struct decimal_sum *sum)
{
	if (sum->wide != NULL)
		return;
	sum->wide = mem_alloc(sizeof(*sum->wide));
	count_value(sum->wide, sum->value, sum->scale, 1);
	sum->wide->added = 1;
}

void
decimal_add(struct decimal_sum *sum, const struct decimal *n)
{
	int128 have, add;
	int32_t scale = sum->scale > n->scale ? sum->scale : n->scale;
	if (sum->wide == NULL && n->text == NULL &&
	    shift(sum->value, scale - sum->scale, &have) &&
	    shift(n->value, scale - n->scale, &add) &&
	    !__builtin_add_overflow(have, add, &have)) {
		sum->value = have;
	} else {
		widen(sum);
		count_number(sum->wide, n, 1);
	}
	sum->scale = scale;
}

void
decimal_merge(struct decimal_sum *sum, const struct decimal_sum *other)
{
	if (other->wide == NULL) {
		struct decimal n = {
		    .value = other->value, .scale = other->scale};
		decimal_add(sum, &n);
		return;
	}
	widen(sum);
	carry(sum->wide);
	carry(other->wide);
	for (int i = 0; i < LIMBS; i++)
		sum->wide->limb[i] += other->wide->limb[i];
	sum->wide->added = 2;
	if (other->scale > sum->scale)
		sum->scale = other->scale;
}

/* Append digits of which the last `scale` are behind the point; trim: without
 * zeroes at the end. */
static void
print(bool minus, const char *digits, size_t len, size_t scale, bool trim,
    struct buf *out)
{
	size_t whole = len - scale, from = 0;
	while (trim && len > whole && digits[len - 1] == '0')
		len--;
	while (from + 1 < whole && digits[from] == '0')
		from++;
	for (size_t i = from; minus && i < len; i++)
		if (digits[i] != '0') {
			buf_add_char(out, '-');
			break;
		}
	buf_add(out, digits + from, whole - from);
	if (len > whole) {
		buf_add_char(out, '.');
		buf_add(out, digits + whole, len - whole);
	}
}

static void
print_value(int128 value, int32_t scale, bool trim, struct buf *out)
{
	char digits[FITS + 3 + DECIMAL_DIGITS + DECIMAL_MORE];
	char *end = digits + sizeof(digits), *p = end;
	bool minus = value < 0;
	do {
		int digit = (int)(value % 10);
		*--p = (char)('0' + (minus ? -digit : digit));
		value /= 10;
	} while (value != 0 || end - p <= scale);
	print(minus, p, (size_t)(end - p), (size_t)scale, trim, out);
}

/* The magnitude of w, its digits from the highest; is it negative? */
static bool
magnitude(struct decimal_wide *w)
{
	carry(w);
	bool minus = w->limb[LIMBS - 1] < 0;
	for (int i = 0; minus && i < LIMBS; i++)
		w->limb[i] = -w->limb[i];
	if (minus)
		carry(w);
	return minus;
}

static void
spell(const struct decimal_wide *w, char digits[static DIGITS])
{
	for (int i = 0; i < LIMBS; i++) {
		int64_t limb = w->limb[i];
		for (int j = 0; j < OF_BASE; j++, limb /= 10)
			digits[DIGITS - 1 - i * OF_BASE - j] =
			    (char)('0' + limb % 10);
	}
}

void
decimal_print(const struct decimal_sum *sum, struct buf *out)
{
	char digits[DIGITS];
	if (sum->wide == NULL) {
		print_value(sum->value, sum->scale, false, out);
		return;
	}
	struct decimal_wide copy = *sum->wide;
	bool minus = magnitude(&copy);
	spell(&copy, digits);
	size_t scale = (size_t)sum->scale;
	print(minus, digits, DIGITS - POINT + scale, scale, false, out);
}

/* Is the number that has digits up to len, and something behind all of them
 * if rest, to be rounded up at `at`? Half to even. */
static bool
rounds_up(const char *digits, size_t len, size_t at, bool rest)
{
	if (digits[at] != '5')
		return digits[at] > '5';
	for (size_t i = at + 1; i < len; i++)
		rest |= digits[i] != '0';
	return rest || (digits[at - 1] - '0') % 2 == 1;
}

static void
wide_mean(const struct decimal_sum *sum, uint64_t count, struct buf *out)
{
	char digits[DIGITS];
	struct decimal_wide copy = *sum->wide;
	bool minus = magnitude(&copy);
	int128 rest = 0;
	for (int i = LIMBS - 1; i >= 0; i--) {
		rest = rest * BASE + copy.limb[i];
		copy.limb[i] = (int64_t)(rest / count);
		rest %= count;
	}
	spell(&copy, digits);
	size_t scale = (size_t)sum->scale + DECIMAL_MORE;
	size_t at = DIGITS - POINT + scale;
	if (rounds_up(digits, DIGITS, at, rest != 0)) {
		size_t i = at - 1;
		for (; digits[i] == '9'; i--)
			digits[i] = '0';
		digits[i]++;
	}
	print(minus, digits, at, scale, true, out);
}

void
decimal_mean(const struct decimal_sum *sum, uint64_t count, struct buf *out)
{
	int128 value;
	if (sum->wide != NULL || !shift(sum->value, DECIMAL_MORE, &value)) {
		struct decimal_sum wide = *sum;
		widen(&wide);
		wide_mean(&wide, count, out);
		if (wide.wide != sum->wide)
			free(wide.wide);
		return;
	}
	bool minus = value < 0;
	int128 whole = (minus ? -value : value) / count;
	int128 rest = (minus ? -value : value) % count;
	int128 other = (int128)count - rest;
	if (rest > other || (rest == other && whole % 2 == 1))
		whole++;
	print_value(
	    minus ? -whole : whole, sum->scale + DECIMAL_MORE, true, out);
}

void
decimal_clear(struct decimal_sum *sum)
{
	free(sum->wide);
	*sum = (struct decimal_sum){0};
}
