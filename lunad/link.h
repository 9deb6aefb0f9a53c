#ifndef LUNAD_LINK_H
#define LUNAD_LINK_H

#include <microhttpd.h>

#include "core.h"

/*
 * A request as the server holds it: a call, its connection, and where it
 * stands. server.c moves them, wait.c keeps those that wait.
 */
enum link_state {
	LINK_NEW,     /* the headers are there */
	LINK_READING, /* the body comes */
	LINK_PENDING, /* the reply is ready; it leaves after COMMIT */
	LINK_PARKED,  /* it runs again on a wake, or at until_ms */
	LINK_DELAYED, /* the reply leaves at until_ms */
	LINK_READY,   /* the reply may leave */
	LINK_GONE     /* its client went away while it waited */
};

struct link {
	struct call call;
	struct server *server;
	struct MHD_Connection *connection;
	char *target;
	enum link_state state;
	bool suspended;
	/* while it waits */
	char *key;
	uint32_t hash;
	bool woken;
	int64_t until_ms; /* real */
	struct link *next, *previous;
	size_t sent; /* of a slow reply */
};

/* wait.c */
struct waiting {
	struct link *first, *last;
	int64_t next_ms; /* none of them is due before this */
	bool woken;      /* some are */
};

void wait_add(struct waiting *w, struct link *k);
void wait_drop(struct waiting *w, struct link *k);
void wait_wake(struct waiting *w, const char *key);
/* The next link that is woken or due at now_ms, taken out; or NULL, when
 * next_ms is right again. Start with *at = NULL. */
struct link *wait_take(struct waiting *w, int64_t now_ms, struct link **at);
/* Has its client hung up? */
bool wait_gone(const struct link *k);
uint32_t wait_hash(const char *key);

#endif
