#ifndef LUNAD_KINESIS_ITERATOR_H
#define LUNAD_KINESIS_ITERATOR_H

#include "kinesis.h"

/*
 * Shard iterators: where in a shard a reader is, in a text that says it
 * again. They live for five minutes of virtual time.
 */
struct kinesis_iterator {
	struct kinesis_stream *stream;
	struct kinesis_shard *shard;
	int64_t position; /* of the next record to read */
};

/* Its text as a member. */
void kinesis_iterator_put(
    struct request *r, const char *name, const struct kinesis_iterator *it);
/* The parameter ShardIterator. -1: the request has failed. */
int kinesis_iterator_asked(struct request *r, struct kinesis_iterator *it);

#endif
