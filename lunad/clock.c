#include <inttypes.h>
#include <stdlib.h>

#include "core.h"
#include "diag.h"
#include "mem.h"
#include "text.h"

/* Under load what is due is asked for no more often than this. */
#define LOOK_MS 5
/* A transaction of an advance is no larger than this. */
#define EVENTS 256
/* After so long it is the requests' turn. */
#define TURN_MS 5
/* An event that could not be stored is run again after this. */
#define AGAIN_MS 1000
/* A service whose due time stands however often it is run would hold the
 * clock for ever: after so many runs, of which one that changed no row counts
 * for a thousand, it is reported and left out for a while (real time). */
#define STANDING 10000000
#define IDLE 1000
#define HELD_MS 60000

struct clock {
	int64_t offset_ms;
	int64_t last_ms;   /* told last: never goes back */
	int64_t frozen_ms; /* while an event runs; 0: not frozen */
	int64_t due_ms;    /* as of the last look */
	size_t due_api;
	int64_t looked_ms; /* real */
	bool dirty;
	int64_t standing;       /* of due_api at due_ms */
	int64_t *held_until_ms; /* each api's; real */
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
	size_t apis = 0;
	int64_t at, now = text_now();
	l->clock = k;
	k->dirty = true;
	while (lunad_apis[apis] != NULL)
		apis++;
	k->held_until_ms = mem_alloc((apis + 1) * sizeof(int64_t));
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
	if (text_when(start, now, &at) < 0) {
		err_set(err, ERR_SETUP, "Usage",
		    "--clock %s: not a time; write 2026-11-20T12:00:00Z, or "
		    "1d for a day ago",
		    start);
		return NULL;
	}
	if (had != INT64_MIN && at - now < had) {
		char iso[TEXT_ISO];
		text_iso(now + had, iso);
		err_set(err, ERR_SETUP, "Usage",
		    "--clock %s: the clock of this directory is at %s already "
		    "and never goes back",
		    start, iso);
		return NULL;
	}
	k->offset_ms = at - now;
	save(l);
	return k;
}

void
clock_free(struct clock *k)
{
	if (k != NULL)
		free(k->held_until_ms);
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
		if (api->due == NULL || k->held_until_ms[i] > k->looked_ms)
			continue;
		int64_t due = api->due(l);
		if (due < k->due_ms) {
			k->due_ms = due;
			k->due_api = i;
		}
	}
}

/* After a run of what was due: is it due as before, and was for too long?
 * Then it is held. */
static int
hold(struct lunad *l, size_t api, int64_t due_ms, int64_t changes,
    struct err *err)
{
	struct clock *k = l->clock;
	char iso[TEXT_ISO];
	if (k->due_api != api || k->due_ms != due_ms) {
		k->standing = 0;
		return 0;
	}
	k->standing += store_changes(l->store) == changes ? IDLE : 1;
	if (k->standing < STANDING)
		return 0;
	k->standing = 0;
	k->held_until_ms[api] = text_tick() + HELD_MS;
	look(l);
	text_iso(due_ms, iso);
	return err_set(err, ERR_LATER, "ClockStands",
	    "what %s has to do at %s stays due however often it is done; it "
	    "is left out for a minute: please report this",
	    lunad_apis[api]->name, iso);
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
	lunad_apis[k->due_api]->run_due(l, now_ms);
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
	int64_t began = text_tick();
	struct err err;
	int ran = 0;
	if (k->dirty && text_tick() - k->looked_ms >= LOOK_MS)
		look(l);
	while (ran < most && k->due_ms <= lunad_now(l) &&
	       text_tick() - began < TURN_MS) {
		size_t api = k->due_api;
		int64_t due = k->due_ms, changes = store_changes(l->store);
		bool stored = run_one(l, lunad_now(l));
		ran++;
		look(l);
		if (!stored)
			k->due_ms = lunad_now(l) + AGAIN_MS;
		else if (hold(l, api, due, changes, &err) < 0)
			diag("%s", err.message);
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

int64_t
clock_ahead(const struct lunad *l)
{
	return l->clock->offset_ms;
}

int
clock_advance(struct lunad *l, int64_t now_ms, int64_t to_ms, struct err *err)
{
	struct clock *k = l->clock;
	int64_t offset = k->offset_ms + (to_ms > now_ms ? to_ms - now_ms : 0);
	int ran = 0;
	look(l);
	while (k->due_ms <= to_ms) {
		size_t api = k->due_api;
		int64_t due = k->due_ms, changes = store_changes(l->store);
		now_ms = due > now_ms ? due : now_ms;
		if (!run_one(l, now_ms)) {
			settle(l, now_ms - text_now());
			return err_set(err, ERR_LATER, "NotStored",
			    "what is due now cannot be stored: the clock "
			    "stands there");
		}
		look(l);
		if (hold(l, api, due, changes, err) < 0) {
			settle(l, now_ms - text_now());
			return -1;
		}
		if (++ran % EVENTS == 0)
			settle(l, now_ms - text_now());
	}
	settle(l, offset);
	return ran;
}
