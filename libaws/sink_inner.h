#ifndef LUNA_SINK_INNER_H
#define LUNA_SINK_INNER_H

#include "lookup.h"
#include "sink.h"

/*
 * What the parts of sink share: sink.c (the loop), sink_admit.c (records in),
 * sink_call.c (calls out and back), sink_reply.c (what a reply says of each
 * entry).
 */

/* One call in the air, and the memory of its body. */
struct sink_flight {
	struct call call;
	struct batch *batch; /* NULL: free */
	struct buf body;
};

/* What a reply said of an entry. */
enum sink_said { SINK_UNSAID, SINK_ACCEPTED, SINK_REFUSED, SINK_AGAIN };

struct sink {
	struct tool *tool;
	const struct sink_about *about;
	void *ctx;
	struct ident *ident;
	struct window *window;
	struct batcher *batcher;
	struct buf head, tail;
	struct sink_flight *flight;
	struct sink_entry entry; /* scratch */

	int64_t away_ms; /* tick since when the service is away; 0: it is not */
	int64_t probe_ms; /* tick of the next probe */
	int probes;
	bool stopped; /* no further call; why says what records fail with */
	struct err why;
	bool hurry;     /* a signal came */
	int64_t now_ms; /* tick when the loop woke */
	bool full;      /* a call was filled since calls were started */

	double rate, tokens; /* 0: no limit */
	int64_t rate_ms;
	struct lookup blocked; /* keys that nothing may overtake any more */

	/* the reply at hand */
	const struct batch *at_hand;
	enum sink_said *said;
	bool *again; /* entries that go back to their lane */
	bool throttled;
};

/* sink_admit.c */
/* Encode a line and put it into batches, or settle it at once. */
void sink_admit(struct sink *s, struct window_slot *slot);
/* Entries whose lease is over, or whose key is blocked by now, fail instead
 * of being sent. false: some did, and the rest went back to its lane. */
bool sink_may_fly(struct sink *s, struct batch *batch);

/* sink_call.c */
void sink_fly(struct sink *s, struct batch *batch);
void sink_landed(struct sink *s, struct call *call);
/* Print the call instead of making it (--dry-run). */
void sink_show(struct sink *s, struct batch *batch);
/* No further call: what waits fails with why, and so does what comes. */
void sink_stop(struct sink *s, const struct err *why);
double sink_random(void);

/* sink_reply.c */
void sink_read_reply(struct sink *s, const struct call *call);
/* Entry i is settled: its record goes on, or fails with err. */
void sink_settle(
    struct sink *s, const struct batch *batch, size_t i, const struct err *err);

#endif
