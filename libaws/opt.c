#include "opt.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "text.h"

enum { LONG_ONLY = 256 }; /* getopt values of options without a letter */

struct shown {
	struct option *longs;
	const struct opt **row;
	size_t count;
	struct buf letters;
};

static void
shown_init(
    struct shown *s, const struct opt *const tables[], bool stop_at_operand)
{
	*s = (struct shown){0};
	buf_add_text(&s->letters, stop_at_operand ? "+:" : ":");
	for (size_t t = 0; tables[t] != NULL; t++)
		for (const struct opt *o = tables[t]; o->name != NULL; o++) {
			s->longs =
			    mem_grow(s->longs, s->count + 2, sizeof(*s->longs));
			s->row =
			    mem_grow(s->row, s->count + 1, sizeof(*s->row));
			bool arg = o->type != OPT_FLAG && o->type != OPT_COUNT;
			s->longs[s->count] = (struct option){o->name,
			    arg ? required_argument : no_argument, NULL,
			    LONG_ONLY + (int)s->count};
			s->row[s->count++] = o;
			s->longs[s->count] = (struct option){0};
			if (o->letter != '\0') {
				buf_add_char(&s->letters, o->letter);
				if (arg)
					buf_add_char(&s->letters, ':');
			}
		}
}

static void
shown_clear(struct shown *s)
{
	free(s->longs);
	free(s->row);
	buf_clear(&s->letters);
}

static const struct opt *
find(const struct shown *s, int value)
{
	if (value >= LONG_ONLY)
		return s->row[value - LONG_ONLY];
	for (size_t i = 0; i < s->count; i++)
		if (s->row[i]->letter == value)
			return s->row[i];
	return NULL;
}

static int
wrong(const struct opt *o, const char *value, const char *want, struct err *err)
{
	return err_set(err, ERR_SETUP, "Usage", "--%s wants %s, not '%s'",
	    o->name, want, value);
}

static int
take_integer(const struct opt *o, const char *value, struct err *err)
{
	int64_t high = o->low == 0 && o->high == 0 ? INT64_MAX : o->high;
	if (text_integer(value, o->low, high, o->to) == 0)
		return 0;
	if (high == INT64_MAX)
		return wrong(o, value, "a whole number", err);
	char want[80];
	snprintf(want, sizeof(want), "a whole number from %lld to %lld",
	    (long long)o->low, (long long)high);
	return wrong(o, value, want, err);
}

/* Bare numbers are milliseconds for OPT_MILLIS, else seconds. */
static int
take_duration(const struct opt *o, const char *value, struct err *err)
{
	int64_t *to = o->to;
	if (o->type == OPT_DURATION && strcmp(value, "inf") == 0) {
		*to = -1;
		return 0;
	}
	if (o->type == OPT_MILLIS && text_integer(value, 0, INT32_MAX, to) == 0)
		return 0;
	if (text_duration(value, to) == 0)
		return 0;
	return wrong(o, value, "a time such as 90, 250ms, 5m or 3h", err);
}

static int
take_rate(const struct opt *o, const char *value, struct err *err)
{
	char *end;
	errno = 0;
	double rate = strtod(value, &end);
	if (strcmp(end, "/m") == 0)
		rate /= 60;
	else if (*end != '\0' && strcmp(end, "/s") != 0)
		end = NULL;
	if (end == NULL || end == value || errno != 0 || !(rate > 0) ||
	    rate > 1e9)
		return wrong(o, value, "a rate such as 5, 100/s or 30/m", err);
	*(double *)o->to = rate;
	return 0;
}

static int
take(const struct opt *o, const char *value, struct err *err)
{
	switch (o->type) {
	case OPT_FLAG:
		*(bool *)o->to = true;
		return 0;
	case OPT_COUNT:
		++*(int *)o->to;
		return 0;
	case OPT_TEXT:
		*(const char **)o->to = value;
		return 0;
	case OPT_LIST: {
		struct opt_list *list = o->to;
		list->item =
		    mem_grow(list->item, list->count + 1, sizeof(*list->item));
		list->item[list->count++] = value;
		return 0;
	}
	case OPT_INTEGER:
		return take_integer(o, value, err);
	case OPT_DURATION:
	case OPT_MILLIS:
		return take_duration(o, value, err);
	case OPT_SIZE:
		if (text_size(value, o->to) == 0)
			return 0;
		return wrong(o, value, "a size such as 4096, 64K or 16M", err);
	case OPT_RATE:
		return take_rate(o, value, err);
	}
	return 0;
}

/* What getopt did not understand, as the user typed it. */
static int
refuse(char **argv, int got, struct err *err)
{
	const char *word = argv[optind - 1];
	if (got == ':')
		return err_set(err, ERR_SETUP, "Usage",
		    "option '%s' wants a value; see --help", word);
	if (optopt > 0 && optopt < LONG_ONLY)
		return err_set(err, ERR_SETUP, "Usage",
		    "there is no option '-%c'; see --help", optopt);
	return err_set(err, ERR_SETUP, "Usage",
	    "there is no option '%s', or it takes no value; see --help", word);
}

int
opt_parse(int argc, char **argv, const struct opt *const tables[],
    bool stop_at_operand, int *first, struct err *err)
{
	struct shown s;
	shown_init(&s, tables, stop_at_operand);
	int r = 0, got;
	optind = 0;
	opterr = 0;
	while (r == 0 && (got = getopt_long(argc, argv, buf_text(&s.letters),
			      s.longs, NULL)) != -1) {
		const struct opt *o =
		    got == '?' || got == ':' ? NULL : find(&s, got);
		r = o == NULL ? refuse(argv, got, err) : take(o, optarg, err);
	}
	*first = optind;
	shown_clear(&s);
	return r;
}

static void
help_row(const struct opt *o)
{
	char left[80];
	int n =
	    o->letter == '\0'
		? snprintf(left, sizeof(left), "    --%s", o->name)
		: snprintf(left, sizeof(left), "-%c, --%s", o->letter, o->name);
	if (o->arg != NULL && n > 0 && (size_t)n < sizeof(left))
		snprintf(left + n, sizeof(left) - (size_t)n, " %s", o->arg);
	printf("  %-26s %s\n", left, o->help);
}

void
opt_help(const char *synopsis, const struct opt *const tables[])
{
	printf("usage: %s\n", synopsis);
	for (size_t t = 0; tables[t] != NULL; t++) {
		if (tables[t]->name != NULL)
			putchar('\n');
		for (const struct opt *o = tables[t]; o->name != NULL; o++)
			help_row(o);
	}
}

void
opt_list_free(struct opt_list *list)
{
	free(list->item);
	*list = (struct opt_list){0};
}
