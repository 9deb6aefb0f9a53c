#ifndef LUNAD_SCHEDULE_H
#define LUNAD_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Schedule expressions of EventBridge: "rate(5 minutes)" and
 * "cron(minutes hours day-of-month month day-of-week year)", in UTC.
 *
 * Source: EventBridge User Guide, "Cron expressions" and "Rate expressions".
 */
#define SCHEDULE_YEAR_FIRST 1970
#define SCHEDULE_YEAR_LAST 2199
#define SCHEDULE_YEARS (SCHEDULE_YEAR_LAST - SCHEDULE_YEAR_FIRST + 1)

struct schedule {
	int64_t every_ms; /* a rate; 0: cron */
	/* Bit n is the value n; days of the week are 1 (SUN) to 7. */
	uint64_t minute, hour, day, month, weekday;
	uint64_t near_day;     /* nW: the working day nearest to n */
	uint64_t last_weekday; /* nL: the last such day of the month */
	uint64_t nth_weekday;  /* n#k: bit 8 * k + n */
	bool last_day;         /* L */
	bool last_working;     /* LW */
	unsigned char year[SCHEDULE_YEARS];
};

/* 0, or -1 when AWS would refuse text. */
int schedule_parse(const char *text, struct schedule *s);

/*
 * The first time after `after_ms`, INT64_MAX when there is none.
 *
 * start_ms: when the rule began; a rate counts from there.
 */
int64_t schedule_next(
    const struct schedule *s, int64_t start_ms, int64_t after_ms);

#endif
