#ifndef LUNAD_KINESIS_LIMIT_H
#define LUNAD_KINESIS_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What AWS lets through a shard: 1,000 records and 1 MiB a second in, 5 calls
 * and 2 MiB a second out. Held only with --limits; by virtual time.
 */
struct request;
struct kinesis_shard;

struct kinesis_rate {
	int64_t written_ms, read_ms; /* when the buckets were last filled */
	double records, bytes;       /* that may still be written */
	double calls, read;          /* that may still be made, and be read */
	int64_t read_from_ms;        /* nothing is read before */
};

/* May a record of this size be written now? */
bool kinesis_limit_write(
    struct request *r, struct kinesis_shard *shard, size_t bytes);
/* May the shard be read now? Then kinesis_limit_took says how much it was. */
bool kinesis_limit_read(struct request *r, struct kinesis_shard *shard);
void kinesis_limit_took(
    struct request *r, struct kinesis_shard *shard, size_t bytes);

#endif
