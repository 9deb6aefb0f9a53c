#include <poll.h>
#include <string.h>

#include "link.h"

uint32_t
wait_hash(const char *key)
{
	uint32_t h = 2166136261;
	for (; *key != '\0'; key++)
		h = (h ^ (unsigned char)*key) * 16777619;
	return h;
}

void
wait_add(struct waiting *w, struct link *k)
{
	k->next = NULL;
	k->previous = w->last;
	if (w->last == NULL)
		w->first = k;
	else
		w->last->next = k;
	w->last = k;
	if (w->first == k || k->until_ms < w->next_ms)
		w->next_ms = k->until_ms;
}

void
wait_drop(struct waiting *w, struct link *k)
{
	if (k->previous == NULL)
		w->first = k->next;
	else
		k->previous->next = k->next;
	if (k->next == NULL)
		w->last = k->previous;
	else
		k->next->previous = k->previous;
	k->next = k->previous = NULL;
}

void
wait_wake(struct waiting *w, const char *key)
{
	if (w->first == NULL)
		return;
	uint32_t hash = wait_hash(key);
	for (struct link *k = w->first; k != NULL; k = k->next)
		if (k->hash == hash && k->state == LINK_PARKED &&
		    strcmp(k->key, key) == 0)
			k->woken = w->woken = true;
}

struct link *
wait_take(struct waiting *w, int64_t now_ms, struct link **at)
{
	if (*at == NULL) {
		if (w->first == NULL || (!w->woken && now_ms < w->next_ms))
			return NULL;
		w->woken = false;
		w->next_ms = INT64_MAX;
		*at = w->first;
	}
	while (*at != NULL) {
		struct link *k = *at;
		*at = k->next;
		if (k->woken || k->until_ms <= now_ms) {
			k->woken = false;
			wait_drop(w, k);
			return k;
		}
		if (k->until_ms < w->next_ms)
			w->next_ms = k->until_ms;
	}
	return NULL;
}

bool
wait_gone(const struct link *k)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    k->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct pollfd at = {.events = POLLRDHUP};
	if (info == NULL)
		return false;
	at.fd = info->connect_fd;
	return poll(&at, 1, 0) > 0;
}
