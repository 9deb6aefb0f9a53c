#ifndef LUNA_SHARDS_INNER_H
#define LUNA_SHARDS_INNER_H

#include "hash_key.h"
#include "kpl.h"
#include "shards.h"

/*
 * What the parts of shards share: shards_list.c (which there are, and where
 * each begins), shards.c (calls out and back), shards_give.c (records out).
 */
enum shard_state {
	SHARD_WAITS, /* for its parents' end */
	SHARD_READY, /* to be called when its time has come */
	SHARD_FLYING,
	SHARD_LANDED, /* its reply is being given out */
	SHARD_ENDED   /* read to its end, or to the tip in a drain */
};

#define SHARD_CALLS 5 /* GetRecords a second and shard */

struct shard {
	char *id, *parent, *parent2; /* NULL: none */
	bool closed;                 /* by a split or merge */
	struct hash_key low, high; /* its keys' hashes; low > high: not known */
	enum shard_state state;
	enum shards_from from; /* where it begins without a sequence */
	int64_t since_ms;      /* SHARDS_TIME */
	bool was_read;         /* something that came of it has a position */
	bool follows;          /* it came of something that has one */
	enum { SHARD_UNSEEN, SHARD_LOOKING, SHARD_SEEN } looked;
	bool at_tip;          /* as of the reply at hand */
	bool held, unsettled; /* by shards_hold */
	char *iterator;       /* NULL: to be asked for */
	char *sequence;       /* the last one given out; NULL: none */
	int64_t sub;          /* … and in it; -1: all of it */
	bool asks_iterator;   /* the call in flight is GetShardIterator */
	bool last_reply;      /* no iterator came: the shard has ended */
	int64_t behind_ms;    /* -1: not known yet */
	int64_t not_before_ms;
	int64_t called_ms[SHARD_CALLS]; /* the last calls, a ring */
	size_t calls;
	struct call call;
	struct buf body;
	struct json_iter it; /* of the reply's records */
};

struct shards {
	struct caller *caller;
	struct shards_about about;
	struct shard **shard; /* in the order in which they were found */
	size_t count, cap;
	size_t busy; /* flying or landed */
	size_t turn; /* whom to call first */
	bool paced;  /* keep to AWS's limits of itself */
	bool stopped, changed;
	bool wake;    /* what waits may be free now */
	int failures; /* in a row */

	/* the record at hand */
	struct shard *giving;
	struct buf key, data;
	struct kpl kpl;
	bool in_kpl;
	struct json record;
	int64_t sub;
};

/* shards_list.c */
/* Ask which shards there are, and add those that are new. */
int shards_list(struct shards *s, struct err *err);
/* Add the ChildShards of a reply; false: it has none. */
bool shards_add_children(struct shards *s, struct json reply);
/* Do none descend from themselves? Fails: ERR_LATER. */
int shards_check(struct shards *s, struct err *err);
/* Where each begins, once the list is there. */
void shards_begin(struct shards *s);
struct shard *shards_find(const struct shards *s, const char *id, size_t len);
/* Those that only waited for what has ended may be read. */
void shards_wake(struct shards *s);
void shards_free_one(struct shard *shard);

/* shards.c */

/* The reply of a shard was given out. */
void shards_given(struct shards *s, struct shard *shard);

/* shards_give.c */
/* A reply with records came. */
void shards_give(struct shards *s, struct shard *shard, struct json reply);

#endif
