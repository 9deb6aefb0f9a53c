#include "lease.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "digest.h"
#include "lease_inner.h"
#include "mem.h"
#include "text.h"

struct lease *
lease_open(
    struct caller *caller, const struct lease_about *about, struct err *err)
{
	struct lease *l = mem_alloc(sizeof(*l));
	uint8_t random[LEASE_DIGITS / 2];
	struct buf hex = {0};
	digest_random(random, sizeof(random));
	text_hex(random, sizeof(random), &hex);
	snprintf(l->name, sizeof(l->name), LEASE_PREFIX "%s", buf_text(&hex));
	buf_clear(&hex);
	l->caller = caller;
	l->about = *about;
	l->about.queue_url = mem_text(about->queue_url);
	l->news_ms = text_tick();
	l->soonest_ms = INT64_MAX;
	if (lease_listen(l, err) != 0) {
		lease_close(l);
		return NULL;
	}
	return l;
}

static void
message_clear(struct lease_message *m)
{
	free(m->id);
	free(m->handle);
}

void
lease_close(struct lease *l)
{
	if (l == NULL)
		return;
	lease_deafen(l);
	for (size_t i = 0; i < l->count; i++)
		message_clear(&l->message[i]);
	for (size_t i = 0; i < LEASE_CALLS; i++) {
		if (l->call[i].busy)
			call_cancel(l->caller, &l->call[i].call);
		buf_clear(&l->call[i].body);
		call_clear(&l->call[i].call);
	}
	lookup_clear(&l->by_id);
	lookup_clear(&l->known);
	free(l->message);
	free((char *)l->about.queue_url);
	free(l);
}

const char *
lease_name(const struct lease *l)
{
	return l->name;
}

struct lease_message *
lease_find(struct lease *l, uint64_t hash)
{
	size_t at;
	return lookup_get(&l->by_id, hash, &at) ? &l->message[at] : NULL;
}

static struct lease_message *
message_new(struct lease *l, uint64_t hash)
{
	if (l->count == l->cap) {
		l->cap = l->cap == 0 ? 64 : l->cap * 2;
		l->message = mem_grow(l->message, l->cap, sizeof(*l->message));
	}
	lookup_put(&l->by_id, hash, l->count);
	return &l->message[l->count++];
}

void
lease_drop(struct lease *l, struct lease_message *m, bool deleted)
{
	size_t at = (size_t)(m - l->message);
	if (m->want != LEASE_KEEP)
		l->wanted--;
	lookup_drop(&l->by_id, m->hash);
	if (deleted)
		lookup_drop(&l->known, m->hash);
	message_clear(m);
	l->count--;
	if (at == l->count)
		return;
	*m = l->message[l->count];
	lookup_put(&l->by_id, m->hash, at);
}

enum lease_was
lease_add(struct lease *l, const char *id, const char *handle,
    int64_t received_ms, uint64_t mark)
{
	uint64_t hash = batch_hash(id, strlen(id));
	struct lease_message *m = lease_find(l, hash);
	bool held = m != NULL && m->want == LEASE_KEEP;
	if (m != NULL)
		lease_drop(l, m, false);
	m = message_new(l, hash);
	/* Half the time, so that one lost renewal does no harm. */
	*m = (struct lease_message){.hash = hash,
	    .serial = ++l->serial,
	    .id = mem_text(id),
	    .handle = mem_text(handle),
	    .due_ms = received_ms + l->about.visibility_ms / 2,
	    .hold_ms = received_ms + l->about.hold_ms,
	    .mark = mark};
	l->news_ms = text_tick();
	if (m->due_ms < l->soonest_ms)
		l->soonest_ms = m->due_ms;
	if (!l->about.remembers || lookup_put(&l->known, hash, 0))
		return LEASE_NEW;
	return held ? LEASE_HELD : LEASE_SETTLED;
}

size_t
lease_count(const struct lease *l)
{
	return l->count;
}

static void
want(struct lease *l, struct lease_message *m, enum lease_want what,
    int64_t delay_ms)
{
	if (m->want == LEASE_KEEP)
		l->wanted++;
	m->want = what;
	m->delay_ms = delay_ms;
	m->tries = 0;
	m->due_ms = l->soonest_ms = 0;
}

void
lease_delete(struct lease *l, const char *id)
{
	struct lease_message *m = lease_find(l, batch_hash(id, strlen(id)));
	if (m != NULL)
		want(l, m, LEASE_DELETE, 0);
}

void
lease_release(struct lease *l, const char *id, int64_t delay_ms)
{
	struct lease_message *m = lease_find(l, batch_hash(id, strlen(id)));
	if (m != NULL)
		want(l, m, LEASE_RELEASE, delay_ms);
}

void
lease_release_after(struct lease *l, uint64_t mark, int64_t delay_ms)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->message[i].want == LEASE_KEEP &&
		    l->message[i].mark > mark)
			want(l, &l->message[i], LEASE_RELEASE, delay_ms);
}

void
lease_release_all(struct lease *l, int64_t delay_ms)
{
	lease_release_after(l, 0, delay_ms);
}

size_t
lease_expire(struct lease *l, int64_t now_ms)
{
	size_t was = l->count;
	for (size_t i = was; i-- > 0;)
		if (l->message[i].want == LEASE_KEEP &&
		    l->message[i].hold_ms <= now_ms)
			lease_drop(l, &l->message[i], false);
	return was - l->count;
}

bool
lease_busy(const struct lease *l)
{
	for (size_t i = 0; i < LEASE_CALLS; i++)
		if (l->call[i].busy)
			return true;
	return l->wanted > 0;
}
