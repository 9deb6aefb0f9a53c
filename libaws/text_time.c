#include "text.h"

#include <string.h>
#include <time.h>

/* 0000-01-01 to 9999-12-31: what the ISO form can say. */
#define MS_FIRST INT64_C(-62167219200000)
#define MS_LAST INT64_C(253402300799999)
#define MS_DAY INT64_C(86400000)

/*
 * Days since the epoch of a date of the Gregorian calendar. The year is
 * taken to begin in March, so that the leap day is its last; 719468 days
 * are between 0000-03-01 and the epoch.
 */
static int64_t
days_of(int64_t year, int64_t month, int64_t day)
{
	if (month <= 2) {
		year--;
		month += 12;
	}
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t of_era = year - era * 400;
	int64_t of_year = (153 * (month - 3) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 +
	       of_year - 719468;
}

static void
date_of(int64_t days, int *year, int *month, int *day)
{
	days += 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t rest = days - era * 146097;
	int64_t of_era =
	    (rest - rest / 1460 + rest / 36524 - rest / 146096) / 365;
	rest -= of_era * 365 + of_era / 4 - of_era / 100;
	int64_t m = (5 * rest + 2) / 153;
	*day = (int)(rest - (153 * m + 2) / 5 + 1);
	*month = (int)(m < 10 ? m + 3 : m - 9);
	*year = (int)(era * 400 + of_era + (*month <= 2));
}

static void
put(char *at, int value, int width)
{
	while (width-- > 0) {
		at[width] = (char)('0' + value % 10);
		value /= 10;
	}
}

void
text_iso(int64_t ms, char out[static TEXT_ISO])
{
	if (ms < MS_FIRST)
		ms = MS_FIRST;
	if (ms > MS_LAST)
		ms = MS_LAST;
	int64_t days = ms / MS_DAY - (ms % MS_DAY < 0);
	int rest = (int)(ms - days * MS_DAY);
	int year, month, day;
	date_of(days, &year, &month, &day);
	memcpy(out, "0000-00-00T00:00:00.000Z", TEXT_ISO);
	put(out, year, 4);
	put(out + 5, month, 2);
	put(out + 8, day, 2);
	put(out + 11, rest / 3600000, 2);
	put(out + 14, rest / 60000 % 60, 2);
	put(out + 17, rest / 1000 % 60, 2);
	put(out + 20, rest % 1000, 3);
}

struct cursor {
	const char *at, *end;
};

static bool
take(struct cursor *c, char wanted)
{
	if (c->at == c->end || *c->at != wanted)
		return false;
	c->at++;
	return true;
}

/* Exactly width digits as a number, or -1. */
static int64_t
digits(struct cursor *c, int width)
{
	int64_t value = 0;
	for (; width > 0; width--, c->at++) {
		if (c->at == c->end || *c->at < '0' || *c->at > '9')
			return -1;
		value = value * 10 + (*c->at - '0');
	}
	return value;
}

/* The digits after the point, as milliseconds; -1 when there are none. */
static int64_t
fraction(struct cursor *c)
{
	int64_t value = 0;
	int n = 0;
	for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++, n++)
		if (n < 3)
			value = value * 10 + (*c->at - '0');
	if (n == 0)
		return -1;
	for (; n < 3; n++)
		value *= 10;
	return value;
}

static bool
is_date(int64_t year, int64_t month, int64_t day)
{
	static const int days[] = {
	    31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	if (year < 0 || month < 1 || month > 12 || day < 1)
		return false;
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return day <= days[month - 1] + (month == 2 && leap);
}

/* YYYY-MM-DD, or YYYYMMDD when basic. */
static int
read_date(struct cursor *c, bool basic, int64_t *ms)
{
	int64_t year = digits(c, 4);
	if (!basic && !take(c, '-'))
		return -1;
	int64_t month = digits(c, 2);
	if (!basic && !take(c, '-'))
		return -1;
	int64_t day = digits(c, 2);
	if (!is_date(year, month, day))
		return -1;
	*ms = days_of(year, month, day) * MS_DAY;
	return 0;
}

/* HH:MM[:SS[.f]], or HHMM[SS[.f]] when basic; second 60 is the next one. */
static int
read_clock(struct cursor *c, bool basic, int64_t *ms)
{
	int64_t hour = digits(c, 2);
	if (!basic && !take(c, ':'))
		return -1;
	int64_t minute = digits(c, 2), second = 0, part = 0;
	bool more = basic ? c->at < c->end && *c->at >= '0' && *c->at <= '9'
			  : take(c, ':');
	if (more) {
		second = digits(c, 2);
		if (take(c, '.') || take(c, ','))
			part = fraction(c);
	}
	if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
	    second > 60 || part < 0)
		return -1;
	*ms += ((hour * 60 + minute) * 60 + second) * 1000 + part;
	return 0;
}

/* Nothing, Z, UTC, +HH, +HHMM or +HH:MM, up to the end. */
static int
read_zone(struct cursor *c, int64_t *ms)
{
	take(c, ' ');
	if (c->end - c->at == 3 && memcmp(c->at, "UTC", 3) == 0)
		return 0;
	if (c->at == c->end)
		return c->at[-1] == ' ' ? -1 : 0;
	if (take(c, 'Z') || take(c, 'z'))
		return c->at == c->end ? 0 : -1;
	bool east = take(c, '+');
	if (!east && !take(c, '-'))
		return -1;
	int64_t hour = digits(c, 2), minute = 0;
	if (c->at < c->end) {
		take(c, ':');
		minute = digits(c, 2);
	}
	if (c->at != c->end || hour < 0 || hour > 23 || minute < 0 ||
	    minute > 59)
		return -1;
	int64_t shift = (hour * 60 + minute) * 60000;
	*ms += east ? -shift : shift;
	return 0;
}

static int
read_iso(struct cursor c, int64_t *ms)
{
	bool basic = c.end - c.at > 8 && c.at[4] != '-';
	if (read_date(&c, basic, ms) != 0)
		return -1;
	if (c.at == c.end)
		return 0;
	if (!take(&c, 'T') && !take(&c, 't') && (basic || !take(&c, ' ')))
		return -1;
	if (read_clock(&c, basic, ms) != 0)
		return -1;
	return read_zone(&c, ms);
}

/*
 * Seconds, or milliseconds when the whole part has 12 digits or more; with
 * an exponent always seconds, as some of AWS's services print 1.4E9.
 */
static int
read_epoch(struct cursor c, int64_t *ms)
{
	bool minus = take(&c, '-');
	int64_t value = 0, exponent = 0;
	int whole = 0, power = 3;
	for (int64_t d; (d = digits(&c, 1)) >= 0; whole++) {
		if (whole == 18)
			return -1;
		value = value * 10 + d;
	}
	if (whole == 0)
		return -1;
	if (take(&c, '.')) {
		int64_t d = digits(&c, 1);
		if (d < 0)
			return -1;
		for (; d >= 0; d = digits(&c, 1)) {
			if (value > MS_LAST)
				continue;
			value = value * 10 + d;
			power--;
		}
	}
	if (take(&c, 'e') || take(&c, 'E')) {
		bool down = take(&c, '-');
		if (!down)
			take(&c, '+');
		int width = c.end - c.at < 3 ? (int)(c.end - c.at) : 3;
		exponent = width == 0 ? -1 : digits(&c, width);
		if (exponent < 0)
			return -1;
		power += (int)(down ? -exponent : exponent);
	} else if (whole >= 12) {
		power -= 3;
	}
	if (c.at != c.end)
		return -1;
	for (; power > 0 && value <= MS_LAST; power--)
		value *= 10;
	for (; power < 0 && value > 0; power++)
		value /= 10;
	*ms = minus ? -value : value;
	return 0;
}

int
text_time(const char *text, size_t len, int64_t *ms)
{
	struct cursor c = {text, text + len};
	int64_t value;
	if (read_epoch(c, &value) != 0 && read_iso(c, &value) != 0)
		return -1;
	if (value < MS_FIRST || value > MS_LAST)
		return -1;
	*ms = value;
	return 0;
}

int
text_when(const char *text, int64_t now_ms, int64_t *ms)
{
	int64_t span, at = now_ms;
	bool future = text[0] == '+';
	if (future || text[0] == '-') {
		if (text_duration(text + 1, &span) != 0)
			return -1;
		at += future ? span : -span;
	} else if (strcmp(text, "now") != 0) {
		if (text_time(text, strlen(text), ms) == 0)
			return 0;
		if (text_duration(text, &span) != 0)
			return -1;
		at -= span;
	}
	if (at < MS_FIRST || at > MS_LAST)
		return -1;
	*ms = at;
	return 0;
}

int
text_duration(const char *text, int64_t *ms)
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60000},
	    {"h", 3600000}, {"d", MS_DAY}, {"w", 7 * MS_DAY}};
	struct cursor c = {text, text + strlen(text)};
	int64_t whole = digits(&c, 1), part = 0, scale = 1;
	if (whole < 0)
		return -1;
	for (int64_t d; (d = digits(&c, 1)) >= 0;)
		if (whole <= MS_LAST)
			whole = whole * 10 + d;
	if (take(&c, '.')) {
		int64_t d = digits(&c, 1);
		if (d < 0)
			return -1;
		for (; d >= 0; d = digits(&c, 1)) {
			if (scale == 1000000000)
				continue;
			part = part * 10 + d;
			scale *= 10;
		}
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (strcmp(c.at, units[i].name) != 0)
			continue;
		if (whole > MS_LAST / units[i].ms)
			return -1;
		*ms = whole * units[i].ms + part * units[i].ms / scale;
		return 0;
	}
	return -1;
}

int
text_size(const char *text, size_t *bytes)
{
	static const char letters[] = "KMGT";
	size_t value = 0, unit = 1;
	const char *p = text;
	for (; *p >= '0' && *p <= '9'; p++) {
		size_t digit = (size_t)(*p - '0');
		if (value > (SIZE_MAX - digit) / 10)
			return -1;
		value = value * 10 + digit;
	}
	if (p == text)
		return -1;
	char upper = *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p;
	const char *at = upper == '\0' ? NULL : strchr(letters, upper);
	if (at != NULL) {
		unit = (size_t)1 << (10 * (at - letters + 1));
		p++;
		if (strcmp(p, "iB") == 0)
			p += 2;
	}
	if (*p != '\0' || value > SIZE_MAX / unit)
		return -1;
	*bytes = value * unit;
	return 0;
}

int
text_integer(const char *text, int64_t low, int64_t high, int64_t *out)
{
	bool minus = *text == '-';
	const char *p = text + minus;
	if (*p == '\0')
		return -1;
	int64_t value = 0; /* kept negative: INT64_MIN has no positive */
	for (; *p >= '0' && *p <= '9'; p++) {
		int digit = *p - '0';
		if (value < (INT64_MIN + digit) / 10)
			return -1;
		value = value * 10 - digit;
	}
	if (*p != '\0' || (!minus && value == INT64_MIN))
		return -1;
	if (!minus)
		value = -value;
	if (value < low || value > high)
		return -1;
	*out = value;
	return 0;
}

static int64_t
clock_ms(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
text_now(void)
{
	return clock_ms(CLOCK_REALTIME);
}

int64_t
text_tick(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}
