#ifndef LUNA_LEASE_INNER_H
#define LUNA_LEASE_INNER_H

#include <sys/types.h>

#include "lease.h"
#include "lookup.h"

/*
 * What the parts of lease share: lease.c (the messages), lease_call.c (calls
 * to the service), lease_news.c (what sqs-acks report).
 */
enum lease_want { LEASE_KEEP, LEASE_DELETE, LEASE_RELEASE };

struct lease_message {
	uint64_t hash;   /* of id */
	uint64_t serial; /* no other message ever has it */
	char *id, *handle;
	int64_t due_ms;  /* of the next renewal, delete or release */
	int64_t hold_ms; /* no lease past this */
	int64_t delay_ms;
	uint64_t mark;
	enum lease_want want;
	int tries;
	bool flying;
};

enum { LEASE_BATCH = 10, LEASE_CALLS = 8 };

/* A call, and which messages it is about. */
struct lease_call {
	struct call call;
	struct buf body;
	enum lease_want want;
	int64_t seconds;
	struct {
		uint64_t hash, serial;
	} about[LEASE_BATCH];
	size_t count;
	bool busy;
};

/* An sqs-ack that has reported and is not at its end. */
struct lease_ack {
	pid_t pid;
	int fd; /* a pidfd; -1: it cannot be watched */
};

struct lease {
	struct caller *caller;
	struct lease_about about; /* its text is ours */
	char name[sizeof(LEASE_PREFIX) + LEASE_DIGITS];

	struct lease_message *message;
	size_t count, cap;
	struct lookup by_id; /* its place in message */
	struct lookup known; /* received, not deleted */
	uint64_t serial;
	size_t wanted;      /* messages to be deleted or released */
	int64_t soonest_ms; /* nothing is due before */
	bool denied;        /* renewals were: no more of them */

	int fd;
	int64_t news_ms; /* when something was last heard or received */
	struct lease_ack *ack;
	size_t acks;
	bool met; /* an sqs-ack has reported */

	struct lease_call call[LEASE_CALLS];
};

/* The message of this id, or NULL. */
struct lease_message *lease_find(struct lease *l, uint64_t hash);
/* It is ours no longer; others may move in memory. */
void lease_drop(struct lease *l, struct lease_message *m, bool deleted);

/* Fails: ERR_SETUP "NoSocket". */
int lease_listen(struct lease *l, struct err *err);
void lease_deafen(struct lease *l);

#endif
