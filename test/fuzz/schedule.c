/*
 * Whatever a schedule says: it is refused, or its times go on, are of its
 * fields, and none lies between two of them. The first bytes are the time
 * after which.
 */
#include "../../lunad/schedule.h"

#include <string.h>
#include <time.h>

#include "fuzz.h"

#define FROM 5
#define TEXT_MAX 300
#define MINUTE_MS INT64_C(60000)

static bool
bit(uint64_t set, int n)
{
	return (set >> n & 1) != 0;
}

static void
must_be_of(const struct schedule *s, int64_t ms)
{
	struct tm tm;
	time_t at = (time_t)(ms / 1000);
	gmtime_r(&at, &tm);
	must(ms % MINUTE_MS == 0);
	must(bit(s->minute, tm.tm_min) && bit(s->hour, tm.tm_hour));
	must(bit(s->month, tm.tm_mon + 1));
	must(s->year[tm.tm_year + 1900 - SCHEDULE_YEAR_FIRST] != 0);
}

/* Half way to a time, it is still the next. */
static void
must_be_next(const struct schedule *s, int64_t start, int64_t from, int64_t at)
{
	must(at > from);
	for (int64_t t = from; t < at - 1; t += (at - t) / 2)
		must(schedule_next(s, start, t) == at);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[TEXT_MAX];
	struct schedule s;
	int64_t start = 0;
	if (size < FROM || size - FROM >= sizeof(text))
		return 0;
	memcpy(text, data + FROM, size - FROM);
	text[size - FROM] = '\0';
	/* 2^40 ms: until the year 2004, and as much again. */
	for (size_t i = 0; i < FROM; i++)
		start = start << 8 | data[i];
	start *= 2;
	if (schedule_parse(text, &s) != 0)
		return 0;
	int64_t from = start;
	for (int i = 0; i < 4; i++) {
		int64_t at = schedule_next(&s, start, from);
		if (at == INT64_MAX) {
			must(s.every_ms == 0);
			break;
		}
		must_be_next(&s, start, from, at);
		if (s.every_ms == 0)
			must_be_of(&s, at);
		else
			must((at - start) % s.every_ms == 0);
		from = at;
	}
	return 0;
}
