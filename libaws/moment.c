#include "moment.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "text.h"

enum { DAY = 10, CLOCK = 8 /* YYYY-MM-DD and HH:MM:SS */ };

struct moment {
	const char *path;
	char day[DAY]; /* of a time that was read, and its first ms */
	int64_t day_ms;
};

struct moment *
moment_new(const char *path)
{
	struct moment *m = mem_alloc(sizeof(*m));
	m->path = path;
	return m;
}

void
moment_free(struct moment *m)
{
	free(m);
}

static int
pair(const char *p, int max)
{
	int tens = p[0] - '0', ones = p[1] - '0';
	if (tens < 0 || tens > 9 || ones < 0 || ones > 9 ||
	    tens * 10 + ones > max)
		return -1;
	return tens * 10 + ones;
}

/* YYYY-MM-DD?HH:MM:SS of the day that was read before, then " UTC", "Z", or
 * nothing: what most times are, in a tenth of the time. */
static bool
same_day(const struct moment *m, const char *p, size_t len, int64_t *ms)
{
	if (len < DAY + 1 + CLOCK || memcmp(p, m->day, DAY) != 0)
		return false;
	size_t rest = len - (DAY + 1 + CLOCK);
	const char *zone = p + len - rest;
	if (rest != 0 && !(rest == 1 && zone[0] == 'Z') &&
	    !(rest == 4 && memcmp(zone, " UTC", 4) == 0))
		return false;
	const char *clock = p + DAY + 1;
	int hour = pair(clock, 23), minute = pair(clock + 3, 59);
	int second = pair(clock + 6, 59);
	if ((p[DAY] != ' ' && p[DAY] != 'T') || clock[2] != ':' ||
	    clock[5] != ':' || hour < 0 || minute < 0 || second < 0)
		return false;
	*ms = m->day_ms + ((hour * 60 + minute) * 60 + second) * INT64_C(1000);
	return true;
}

static int
read_text(struct moment *m, const char *p, size_t len, int64_t *ms)
{
	if (same_day(m, p, len, ms))
		return 0;
	if (text_time(p, len, ms) != 0)
		return -1;
	int64_t day_ms;
	if (len > DAY && p[4] == '-' && text_time(p, DAY, &day_ms) == 0) {
		memcpy(m->day, p, DAY);
		m->day_ms = day_ms;
	}
	return 0;
}

int
moment_read(struct moment *m, struct json v, int64_t *ms, struct err *err)
{
	int result = -1;
	if (v.type == JSON_NONE)
		return err_set(
		    err, ERR_RECORD, "NoTime", "field %s is absent", m->path);
	if (v.type == JSON_NUMBER)
		result = read_text(m, v.at, v.len, ms);
	if (v.type == JSON_STRING && memchr(v.at, '\\', v.len) == NULL) {
		result = read_text(m, v.at + 1, v.len - 2, ms);
	} else if (v.type == JSON_STRING) {
		char *text = json_dup(v);
		if (text != NULL)
			result = read_text(m, text, strlen(text), ms);
		free(text);
	}
	if (result == 0)
		return 0;
	return err_set(err, ERR_RECORD, "NoTime", "field %s is no time: %.*s",
	    m->path, (int)(v.len < 60 ? v.len : 60), v.at);
}
