/*
 * Drives batch: each line of stdin is an operation, what it gives is printed.
 * Times are ms. Entries are called by one word, calls by their number.
 *
 *	open ENTRIES BYTES OVERHEAD ONE-OF-A-KEY JOBS LINGER
 *	add TIME NAME SIZE [KEY [GROUP]]	KEY -: none
 *	take TIME [flush] [hurry]	"1: a b c", or "nothing"
 *	due TIME [flush]
 *	done CALL | halve CALL | all CALL TIME ROUND
 *	back CALL TIME ROUND NAME...	only these lead the next call
 *	count	how many wait, how many calls fly
 *	drain	a line each, as take
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "mem.h"

#define WORDS 40
#define CALLS 200

struct driven {
	struct batcher *batcher;
	struct batch *call[CALLS];
	size_t calls;
	char *word[WORDS];
	size_t words;
};

static long
number(const struct driven *d, size_t i)
{
	return i < d->words ? strtol(d->word[i], NULL, 10) : 0;
}

static size_t
size(const struct driven *d, size_t i)
{
	return (size_t)number(d, i);
}

static bool
says(const struct driven *d, const char *what)
{
	for (size_t i = 1; i < d->words; i++)
		if (strcmp(d->word[i], what) == 0)
			return true;
	return false;
}

static void
print(struct driven *d, struct batch *b)
{
	if (b == NULL) {
		puts("nothing");
		return;
	}
	d->call[++d->calls] = b;
	printf("%zu:", d->calls);
	for (size_t i = 0; i < b->count; i++)
		printf(" %.*s", (int)b->entry[i].len,
		    b->bytes.data + b->entry[i].at);
	printf(b->round > 0 ? " (round %d)\n" : "\n", b->round);
}

static void
add(struct driven *d)
{
	const char *key = d->words > 4 ? d->word[4] : "-";
	struct batch_item item = {.bytes = d->word[2],
	    .len = strlen(d->word[2]),
	    .size = size(d, 3),
	    .group = (uint64_t)number(d, 5)};
	if (strcmp(key, "-") != 0) {
		item.key = key;
		item.key_len = strlen(key);
	}
	batch_add(d->batcher, &item, number(d, 1));
}

/* The call that the first word is about, which has landed. */
static struct batch *
landed(struct driven *d)
{
	struct batch *b = d->call[size(d, 1)];
	d->call[size(d, 1)] = NULL;
	return b;
}

static void
back(struct driven *d)
{
	struct batch *b = landed(d);
	bool *keep = mem_alloc(b->count * sizeof(*keep));
	for (size_t i = 0; i < b->count; i++)
		for (size_t w = 4; w < d->words; w++)
			keep[i] |=
			    strlen(d->word[w]) == b->entry[i].len &&
			    memcmp(d->word[w], b->bytes.data + b->entry[i].at,
				b->entry[i].len) == 0;
	batch_back(d->batcher, b, keep, number(d, 2), (int)number(d, 3));
	free(keep);
}

static void
drain(struct driven *d)
{
	struct batch *b;
	while ((b = batch_drain(d->batcher)) != NULL) {
		print(d, b);
		batch_done(d->batcher, b);
		d->call[d->calls] = NULL;
	}
}

static int
operate(struct driven *d)
{
	const char *op = d->word[0];
	if (strcmp(op, "open") == 0) {
		struct batch_limits limits = {.max_entries = size(d, 1),
		    .max_bytes = size(d, 2),
		    .entry_overhead = size(d, 3),
		    .one_of_a_key = number(d, 4) != 0,
		    .jobs = size(d, 5),
		    .linger_ms = number(d, 6)};
		d->batcher = batch_open(&limits);
	} else if (strcmp(op, "add") == 0)
		add(d);
	else if (strcmp(op, "take") == 0)
		print(d, batch_take(d->batcher, number(d, 1), says(d, "flush"),
			     says(d, "hurry")));
	else if (strcmp(op, "due") == 0)
		printf("%lld\n", (long long)batch_due(d->batcher, number(d, 1),
				     says(d, "flush")));
	else if (strcmp(op, "done") == 0)
		batch_done(d->batcher, landed(d));
	else if (strcmp(op, "halve") == 0)
		batch_halve(d->batcher, landed(d));
	else if (strcmp(op, "all") == 0)
		batch_back(d->batcher, landed(d), NULL, number(d, 2),
		    (int)number(d, 3));
	else if (strcmp(op, "back") == 0)
		back(d);
	else if (strcmp(op, "count") == 0)
		printf("%zu wait, %zu fly\n", batch_waiting(d->batcher),
		    batch_flying(d->batcher));
	else if (strcmp(op, "drain") == 0)
		drain(d);
	else
		return -1;
	return 0;
}

int
main(void)
{
	struct driven d = {0};
	char line[1024], *save;
	while (fgets(line, sizeof(line), stdin) != NULL) {
		d.words = 0;
		for (char *w = strtok_r(line, " \n", &save);
		     w != NULL && d.words < WORDS;
		     w = strtok_r(NULL, " \n", &save))
			d.word[d.words++] = w;
		if (d.words > 0 && operate(&d) != 0) {
			printf("what is %s?\n", d.word[0]);
			return 2;
		}
	}
	for (size_t i = 1; i <= d.calls; i++)
		if (d.call[i] != NULL)
			batch_done(d.batcher, d.call[i]);
	batch_close(d.batcher);
	return 0;
}
