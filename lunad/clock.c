#include <inttypes.h>
#include <stdlib.h>

#include "core.h"
#include "mem.h"
#include "text.h"

/* Under load what is due is asked for no more often than this. */
#define LOOK_MS 5
/* A transaction of an advance is no larger than this. */
#define EVENTS 256
/* An event that could not be stored is run again after this. */
#define AGAIN_MS 1000

struct clock {
	int64_t offset_ms;
	int64_t last_ms;   /* told last: never goes back */
	int64_t frozen_ms; /* while an event runs; 0: not frozen */
	int64_t due_ms;    /* as of the last look */
	const struct api *due_api;
	int64_t looked_ms; /* real */
	bool dirty;
};

int64_t
lunad_now(struct lunad *l)
{
	struct clock *k = l->clock;
	if (k->frozen_ms != 0)
		return k->frozen_ms;
	int64_t now = text_now() + k->offset_ms;
	if (now > k->last_ms)
		k->last_ms = now;
	return k->last_ms;
}

static void
save(struct lunad *l)
{
	store_do(l->store,
	    "INSERT OR REPLACE INTO core_clock (one, offset_ms) VALUES (1, ?)",
	    "i", l->clock->offset_ms);
}

struct clock *
clock_open(struct lunad *l, const char *start, struct err *err)
{
	struct clock *k = mem_alloc(sizeof(*k));
	int64_t at;
	l->clock = k;
	k->dirty = true;
	if (store_script(l->store,
		"CREATE TABLE IF NOT EXISTS core_clock"
		" (one INTEGER PRIMARY KEY, offset_ms INTEGER NOT NULL)",
		err) < 0)
		return NULL;
	int64_t had = store_number(
	    l->store, INT64_MIN, "SELECT offset_ms FROM core_clock", "");
	k->offset_ms = had == INT64_MIN ? 0 : had;
	if (start == NULL)
		return k;
	if (text_when(start, text_now(), &at) < 0) {
		err_set(err, ERR_SETUP, "Usage",
		    "--clock %s: not a time; write 2026-11-20T12:00:00Z, or "
		    "1d for a day ago",
		    start);
		return NULL;
	}
	if (had != INT64_MIN && at - text_now() < had) {
		char iso[TEXT_ISO];
		text_iso(text_now() + had, iso);
		err_set(err, ERR_SETUP, "Usage",
		    "--clock %s: the clock of this directory is at %s already "
		    "and never goes back",
		    start, iso);
		return NULL;
	}
	k->offset_ms = at - text_now();
	save(l);
	return k;
}

void
clock_free(struct clock *k)
{
	free(k);
}

void
clock_dirty(struct lunad *l)
{
	l->clock->dirty = true;
}

static void
look(struct lunad *l)
{
	struct clock *k = l->clock;
	k->due_ms = INT64_MAX;
	k->dirty = false;
	k->looked_ms = text_tick();
	for (size_t i = 0; lunad_apis[i] != NULL; i++) {
		const struct api *api = lunad_apis[i];
		int64_t due = api->due == NULL ? INT64_MAX : api->due(l);
		if (due < k->due_ms) {
			k->due_ms = due;
			k->due_api = api;
		}
	}
}

/* Run the one event that is due next, as of now_ms. false: it could not be
 * stored and is still due. */
static bool
run_one(struct lunad *l, int64_t now_ms)
{
	struct clock *k = l->clock;
	k->frozen_ms = now_ms;
	k->last_ms = now_ms;
	store_clear(l->store);
	store_save(l->store);
	k->due_api->run_due(l, now_ms);
	bool failed = store_failed(l->store);
	if (failed)
		store_undo(l->store);
	else
		store_keep(l->store);
	k->frozen_ms = 0;
	return !failed;
}

int
clock_run(struct lunad *l, int most)
{
	struct clock *k = l->clock;
	int ran = 0;
	if (k->dirty && text_tick() - k->looked_ms >= LOOK_MS)
		look(l);
	while (ran < most && k->due_ms <= lunad_now(l)) {
		bool stored = run_one(l, lunad_now(l));
		ran++;
		look(l);
		if (!stored)
			k->due_ms = lunad_now(l) + AGAIN_MS;
	}
	return ran;
}

int
clock_wait(struct lunad *l, int limit_ms)
{
	struct clock *k = l->clock;
	int64_t wait = limit_ms;
	if (k->due_ms != INT64_MAX && k->due_ms - lunad_now(l) < wait)
		wait = k->due_ms - lunad_now(l);
	if (k->dirty) {
		int64_t look_in = k->looked_ms + LOOK_MS - text_tick();
		if (look_in < wait)
			wait = look_in;
	}
	return wait < 0 ? 0 : (int)wait;
}

/* The clock as it is, kept with what was done so far. */
static void
settle(struct lunad *l, int64_t offset_ms)
{
	l->clock->offset_ms = offset_ms;
	store_save(l->store);
	save(l);
	store_keep(l->store);
	server_commit(l);
}

int
clock_advance(struct lunad *l, int64_t to_ms)
{
	struct clock *k = l->clock;
	int64_t now = lunad_now(l);
	int64_t offset = k->offset_ms + (to_ms > now ? to_ms - now : 0);
	int ran = 0;
	for (look(l); k->due_ms <= to_ms; look(l)) {
		now = k->due_ms > now ? k->due_ms : now;
		if (!run_one(l, now)) {
			settle(l, now - text_now());
			return -1;
		}
		if (++ran % EVENTS == 0)
			settle(l, now - text_now());
	}
	settle(l, offset);
	return ran;
}
