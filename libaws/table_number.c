#include "table_number.h"

#include <stdbool.h>
#include <stdlib.h>

enum {
	DIGITS = 38,
	SHOWN = 40,   /* bytes of a number in a complaint */
	FAR = 1 << 30 /* an exponent that no number of digits makes up for */
};

/* A number's significant digits and the power of ten of the first. */
struct decimal {
	bool negative;
	char digit[DIGITS + 1];
	size_t digits; /* 0: zero; more than DIGITS: only counted */
	long power;
};

static void
read_decimal(const char *text, size_t len, struct decimal *d)
{
	*d = (struct decimal){.negative = len > 0 && text[0] == '-'};
	long point = 0, exponent = 0;
	size_t zeros = 0; /* that follow; only significant before a digit */
	bool fraction = false;
	size_t i = d->negative ? 1 : 0;
	for (; i < len && text[i] != 'e' && text[i] != 'E'; i++) {
		if (text[i] == '.') {
			fraction = true;
			continue;
		}
		if (d->digits > 0 || text[i] != '0')
			point += !fraction;
		else
			point -= fraction;
		if (text[i] == '0') {
			zeros += d->digits > 0;
			continue;
		}
		for (; zeros > 0; zeros--, d->digits++)
			if (d->digits < DIGITS)
				d->digit[d->digits] = '0';
		if (d->digits < DIGITS)
			d->digit[d->digits] = text[i];
		d->digits++;
	}
	if (i < len)
		exponent = strtol(text + i + 1, NULL, 10);
	/* Far out of range is far enough; the sum must not overflow. */
	exponent = exponent > FAR ? FAR : exponent < -FAR ? -FAR : exponent;
	d->power = point - 1 + exponent;
	if (d->digits == 0)
		*d = (struct decimal){0};
}

int
table_number_check(const char *text, size_t len, struct err *err)
{
	struct decimal d;
	read_decimal(text, len, &d);
	int shown = len > SHOWN ? SHOWN : (int)len;
	if (d.digits > DIGITS)
		return err_set(err, ERR_RECORD, "NumberTooLong",
		    "%.*s has %zu digits; DynamoDB keeps %d", shown, text,
		    d.digits, DIGITS);
	if (d.digits > 0 && (d.power > 125 || d.power < -130))
		return err_set(err, ERR_RECORD, "NumberOutOfRange",
		    "%.*s is outside of 1E-130 to 9.99…E+125", shown, text);
	return 0;
}

void
table_number_key(const char *text, size_t len, struct buf *out)
{
	struct decimal d;
	read_decimal(text, len, &d);
	size_t n = d.digits < DIGITS ? d.digits : DIGITS;
	buf_addf(out, "%c%.*se%ld", d.negative ? '-' : '+', (int)n, d.digit,
	    d.power);
}
