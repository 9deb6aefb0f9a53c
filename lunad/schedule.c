#include "schedule.h"

#include <string.h>
#include <strings.h>

#define MINUTE_MS INT64_C(60000)
#define DAY_MS (24 * 60 * MINUTE_MS)
#define FIELD_MAX 128

/* A field's values while it is read. */
struct field {
	int low, high;
	const char *const *names; /* of low, low + 1, …; or NULL */
	void (*set)(struct schedule *s, int value);
};

static const char *const month_names[] = {"JAN", "FEB", "MAR", "APR", "MAY",
    "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC", NULL};
static const char *const weekday_names[] = {
    "SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", NULL};

static void
set_minute(struct schedule *s, int value)
{
	s->minute |= UINT64_C(1) << value;
}

static void
set_hour(struct schedule *s, int value)
{
	s->hour |= UINT64_C(1) << value;
}

static void
set_day(struct schedule *s, int value)
{
	s->day |= UINT64_C(1) << value;
}

static void
set_month(struct schedule *s, int value)
{
	s->month |= UINT64_C(1) << value;
}

static void
set_weekday(struct schedule *s, int value)
{
	s->weekday |= UINT64_C(1) << value;
}

static void
set_year(struct schedule *s, int value)
{
	s->year[value - SCHEDULE_YEAR_FIRST] = 1;
}

enum { MINUTE, HOUR, DAY, MONTH, WEEKDAY, YEAR, FIELDS };

static const struct field fields[FIELDS] = {
    [MINUTE] = {0, 59, NULL, set_minute},
    [HOUR] = {0, 23, NULL, set_hour},
    [DAY] = {1, 31, NULL, set_day},
    [MONTH] = {1, 12, month_names, set_month},
    [WEEKDAY] = {1, 7, weekday_names, set_weekday},
    [YEAR] = {SCHEDULE_YEAR_FIRST, SCHEDULE_YEAR_LAST, NULL, set_year},
};

/* A decimal number at *p, which moves past it; -1: none, or too large. */
static int
number(const char **p)
{
	int value = 0;
	const char *at = *p;
	for (; *at >= '0' && *at <= '9'; at++) {
		value = value * 10 + (*at - '0');
		if (value > 99999)
			return -1;
	}
	if (at == *p)
		return -1;
	*p = at;
	return value;
}

/* A value of the field at *p: a number in its range, or a name; else -1. */
static int
value_at(const struct field *f, const char **p)
{
	for (int i = 0; f->names != NULL && f->names[i] != NULL; i++)
		if (strncasecmp(*p, f->names[i], 3) == 0) {
			*p += 3;
			return f->low + i;
		}
	int value = number(p);
	return value < f->low || value > f->high ? -1 : value;
}

/* "*", "a", "a-b", each with "/step": where a range that ends before it
 * begins goes round. */
static int
read_range(struct schedule *s, const struct field *f, const char *p)
{
	int from = f->low, to = f->high, step = 1;
	bool single = false;
	if (*p == '*') {
		p++;
	} else {
		from = value_at(f, &p);
		if (from < 0)
			return -1;
		single = true;
		to = from;
		if (*p == '-') {
			p++;
			to = value_at(f, &p);
			single = false;
			if (to < 0)
				return -1;
		}
	}
	if (*p == '/') {
		p++;
		step = number(&p);
		if (step <= 0)
			return -1;
		if (single)
			to = f->high;
	}
	if (*p != '\0')
		return -1;
	int span = f->high - f->low + 1;
	int count = to >= from ? to - from : to + span - from;
	for (int i = 0; i <= count; i += step)
		f->set(s, f->low + (from - f->low + i) % span);
	return 0;
}

static int
read_day(struct schedule *s, const char *p)
{
	const struct field *f = &fields[DAY];
	if (strcasecmp(p, "L") == 0) {
		s->last_day = true;
		return 0;
	}
	if (strcasecmp(p, "LW") == 0) {
		s->last_working = true;
		return 0;
	}
	const char *at = p;
	int day = value_at(f, &at);
	if (day >= 0 && strcasecmp(at, "W") == 0) {
		s->near_day |= UINT64_C(1) << day;
		return 0;
	}
	return read_range(s, f, p);
}

static int
read_weekday(struct schedule *s, const char *p)
{
	const struct field *f = &fields[WEEKDAY];
	if (strcasecmp(p, "L") == 0) {
		set_weekday(s, f->high);
		return 0;
	}
	const char *at = p;
	int day = value_at(f, &at);
	if (day >= 0 && strcasecmp(at, "L") == 0) {
		s->last_weekday |= UINT64_C(1) << day;
		return 0;
	}
	if (day >= 0 && *at == '#') {
		if (at[1] < '1' || at[1] > '5' || at[2] != '\0')
			return -1;
		s->nth_weekday |= UINT64_C(1) << (8 * (at[1] - '0') + day);
		return 0;
	}
	return read_range(s, f, p);
}

static int
read_field(struct schedule *s, int which, char *text)
{
	char *save = NULL;
	if (text[0] == ',' || text[strlen(text) - 1] == ',' ||
	    strstr(text, ",,") != NULL)
		return -1;
	for (char *one = strtok_r(text, ",", &save); one != NULL;
	     one = strtok_r(NULL, ",", &save)) {
		int status;
		if (which == DAY)
			status = read_day(s, one);
		else if (which == WEEKDAY)
			status = read_weekday(s, one);
		else
			status = read_range(s, &fields[which], one);
		if (status != 0)
			return -1;
	}
	return 0;
}

/* inside: what stands between the parentheses. */
static int
read_cron(struct schedule *s, char *inside)
{
	char *part[FIELDS + 1], *save = NULL;
	int n = 0;
	for (char *one = strtok_r(inside, " ", &save); one != NULL;
	     one = strtok_r(NULL, " ", &save)) {
		if (n == FIELDS)
			return -1;
		part[n++] = one;
	}
	if (n != FIELDS)
		return -1;
	/* One of the two says when, the other that it does not matter. */
	bool day = strcmp(part[DAY], "?") == 0;
	bool weekday = strcmp(part[WEEKDAY], "?") == 0;
	if (day == weekday)
		return -1;
	for (int i = 0; i < FIELDS; i++) {
		if ((i == DAY && day) || (i == WEEKDAY && weekday))
			continue;
		if (read_field(s, i, part[i]) != 0)
			return -1;
	}
	return 0;
}

static int
read_rate(struct schedule *s, const char *p)
{
	static const struct {
		const char *one, *many;
		int64_t ms;
	} units[] = {{"minute", "minutes", MINUTE_MS},
	    {"hour", "hours", 60 * MINUTE_MS}, {"day", "days", DAY_MS}};
	int count = number(&p);
	if (count <= 0 || *p++ != ' ')
		return -1;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		const char *unit = count == 1 ? units[i].one : units[i].many;
		if (strcmp(p, unit) == 0) {
			s->every_ms = count * units[i].ms;
			return 0;
		}
	}
	return -1;
}

int
schedule_parse(const char *text, struct schedule *s)
{
	char inside[FIELD_MAX];
	memset(s, 0, sizeof(*s));
	size_t len = strlen(text);
	bool rate = strncmp(text, "rate(", 5) == 0;
	if ((!rate && strncmp(text, "cron(", 5) != 0) || text[len - 1] != ')' ||
	    len - 6 >= sizeof(inside))
		return -1;
	memcpy(inside, text + 5, len - 6);
	inside[len - 6] = '\0';
	return rate ? read_rate(s, inside) : read_cron(s, inside);
}

/* Days since the epoch of the first day of a month (1 to 12). */
static int64_t
month_start(int year, int month)
{
	int64_t y = year - (month <= 2);
	int64_t era = y / 400, of_era = y - era * 400;
	int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 +
	       of_year - 719468;
}

static int
month_days(int year, int month)
{
	int next = month == 12 ? 1 : month + 1;
	return (int)(month_start(year + (month == 12), next) -
		     month_start(year, month));
}

/* 1 (SUN) to 7; the epoch was a Thursday. */
static int
weekday_of(int64_t days)
{
	return (int)((days + 4) % 7) + 1;
}

static bool
works(int64_t days)
{
	int weekday = weekday_of(days);
	return weekday != 1 && weekday != 7;
}

/* The working day nearest to `day` in the same month. */
static int
nearest_working(int64_t start, int day, int last)
{
	if (day > last)
		return 0;
	for (int off = 0; off <= 2; off++) {
		if (day - off >= 1 && works(start + day - off - 1))
			return day - off;
		if (day + off <= last && works(start + day + off - 1))
			return day + off;
	}
	return 0;
}

/* The days of a month on which s runs, as bits. */
static uint64_t
days_of(const struct schedule *s, int year, int month)
{
	int64_t start = month_start(year, month);
	int last = month_days(year, month);
	uint64_t days = s->day;
	if (s->last_day)
		days |= UINT64_C(1) << last;
	for (int day = 1; day <= 31; day++)
		if (s->near_day >> day & 1)
			days |= UINT64_C(1)
				<< nearest_working(start, day, last);
	int end = last;
	while (s->last_working && !works(start + end - 1))
		end--;
	if (s->last_working)
		days |= UINT64_C(1) << end;
	for (int day = 1; day <= last; day++) {
		int weekday = weekday_of(start + day - 1);
		if ((s->weekday >> weekday & 1) ||
		    ((s->last_weekday >> weekday & 1) && day + 7 > last) ||
		    (s->nth_weekday >> (8 * ((day + 6) / 7) + weekday) & 1))
			days |= UINT64_C(1) << day;
	}
	return days & ((UINT64_C(1) << (last + 1)) - 2);
}

/* The first minute of the day at or after `from` (0 to 1439), or -1. */
static int
minute_of_day(const struct schedule *s, int from)
{
	for (int m = from; m < 24 * 60; m++) {
		if (!(s->hour >> (m / 60) & 1))
			m += 59 - m % 60;
		else if (s->minute >> (m % 60) & 1)
			return m;
	}
	return -1;
}

/* The first run in a month at or after minute `from` of day `first`, ms; or
 * -1. */
static int64_t
month_next(
    const struct schedule *s, int year, int month, int64_t first, int from)
{
	int64_t start = month_start(year, month);
	uint64_t days = days_of(s, year, month);
	for (int day = 1; day <= 31; day++) {
		int64_t at = start + day - 1;
		if (!(days >> day & 1) || at < first)
			continue;
		int minute = minute_of_day(s, at == first ? from : 0);
		if (minute >= 0)
			return at * DAY_MS + minute * MINUTE_MS;
	}
	return -1;
}

static int64_t
cron_next(const struct schedule *s, int64_t after_ms)
{
	int64_t minute = after_ms / MINUTE_MS + 1;
	int64_t first = minute / (24 * 60), at;
	int from = (int)(minute % (24 * 60));
	int month = 12 * SCHEDULE_YEAR_FIRST;
	for (; month < 12 * (SCHEDULE_YEAR_LAST + 1); month++) {
		int year = month / 12, of_year = month % 12 + 1;
		if (!s->year[year - SCHEDULE_YEAR_FIRST] ||
		    !(s->month >> of_year & 1) ||
		    month_start(year, of_year) + 31 <= first)
			continue;
		at = month_next(s, year, of_year, first, from);
		if (at >= 0)
			return at;
	}
	return INT64_MAX;
}

int64_t
schedule_next(const struct schedule *s, int64_t start_ms, int64_t after_ms)
{
	if (s->every_ms == 0)
		return cron_next(s, after_ms < 0 ? 0 : after_ms);
	if (after_ms < start_ms)
		return start_ms + s->every_ms;
	int64_t done = (after_ms - start_ms) / s->every_ms;
	return start_ms + (done + 1) * s->every_ms;
}
