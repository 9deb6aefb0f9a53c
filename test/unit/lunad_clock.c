/*
 * lunad_clock DIR: services whose events are made up, and the clock. Lines of
 * stdin: "steady N" gives the first N events, a second apart and two at a
 * time; "stand" and "stir" make an event of a second that stays due, whether
 * it changes nothing or a row each time; "to MS" (after the start) and "run N",
 * until N steady ones ran in all, print what ran.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../../lunad/core.h"
#include "opt.h"

static int64_t start, steady_left, steady_ran, stuck_ran;
static bool stands, stirs;

static int64_t
steady_due(struct lunad *l)
{
	(void)l;
	return steady_left == 0 ? INT64_MAX
				: start + 1000 * (1 + steady_ran / 2);
}

static void
steady_run(struct lunad *l, int64_t now_ms)
{
	(void)l;
	(void)now_ms;
	steady_left--;
	steady_ran++;
}

static int64_t
stuck_due(struct lunad *l)
{
	(void)l;
	return stands || stirs ? start + 500 : INT64_MAX;
}

static void
stuck_run(struct lunad *l, int64_t now_ms)
{
	if (stirs)
		store_do(
		    l->store, "UPDATE toy SET n = ?", "i", now_ms + stuck_ran);
	stuck_ran++;
}

static const struct operation operations[] = {{0}};
static const struct api steady = {.name = "steady",
    .operation = operations,
    .schema = "CREATE TABLE toy (n INTEGER); INSERT INTO toy VALUES (0)",
    .due = steady_due,
    .run_due = steady_run};
static const struct api stuck = {.name = "stuck",
    .operation = operations,
    .due = stuck_due,
    .run_due = stuck_run};

const struct api *const lunad_apis[] = {&stuck, &steady, NULL};

static void
say(const char *what)
{
	printf("%s: steady %" PRId64 ", stuck %s\n", what, steady_ran,
	    stuck_ran == 0 ? "never" : "often");
	stuck_ran = 0;
}

static void
obey(struct lunad *l, const char *word, int64_t number)
{
	struct err err;

	if (strcmp(word, "steady") == 0)
		steady_left = number;
	else if (strcmp(word, "stand") == 0)
		stands = number != 0;
	else if (strcmp(word, "stir") == 0)
		stirs = number != 0;
	else if (strcmp(word, "to") == 0)
		say(clock_advance(l, lunad_now(l), start + number, &err) < 0
			? err.code
			: word);
	else if (strcmp(word, "run") == 0) {
		for (clock_dirty(l); steady_ran < number; clock_dirty(l))
			clock_run(l, 256);
		say(word);
	}
}

int
main(int argc, char **argv)
{
	struct lunad l;
	struct err err;
	struct opt_list none = {0};
	const struct server_options server = {
	    .listen = "127.0.0.1:0", .signals = -1};
	char word[16];
	int64_t number;

	if (argc != 2)
		return 2;
	if (lunad_open(&l,
		&(struct lunad_options){.dir = argv[1],
		    .fault = &none,
		    .sync = STORE_SYNC_NEVER,
		    .server = &server},
		&err) < 0) {
		puts(err.message);
		return 1;
	}
	start = lunad_now(&l);
	while (scanf("%15s %" SCNd64, word, &number) == 2)
		obey(&l, word, number);
	lunad_close(&l);
	return 0;
}
