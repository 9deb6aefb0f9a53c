#include "kinesis_limit.h"

#include "kinesis.h"

#define MIB 1048576.0
#define WRITE_RECORDS 1000.0
#define WRITE_BYTES MIB
#define READ_CALLS 5.0
#define READ_BYTES (2 * MIB)

/* What a bucket holds after the time since it was last filled. */
static double
fill(double had, double most, int64_t from_ms, int64_t now_ms)
{
	double now = had + most * (double)(now_ms - from_ms) / 1000;
	return from_ms == 0 || now > most ? most : now;
}

bool
kinesis_limit_write(struct request *r, struct kinesis_shard *d, size_t bytes)
{
	struct kinesis_rate *rate = &d->rate;
	double size = (double)bytes;
	if (!lunad_limits(r->lunad))
		return true;
	rate->records =
	    fill(rate->records, WRITE_RECORDS, rate->written_ms, r->now_ms);
	rate->bytes =
	    fill(rate->bytes, WRITE_BYTES, rate->written_ms, r->now_ms);
	rate->written_ms = r->now_ms;
	/* A record larger than a second's share takes a full bucket, and
	 * those of the seconds after it. */
	if (rate->records < 1 ||
	    rate->bytes < (size < WRITE_BYTES ? size : WRITE_BYTES))
		return false;
	rate->records--;
	rate->bytes -= size;
	return true;
}

bool
kinesis_limit_read(struct request *r, struct kinesis_shard *d)
{
	struct kinesis_rate *rate = &d->rate;
	if (!lunad_limits(r->lunad))
		return true;
	rate->calls = fill(rate->calls, READ_CALLS, rate->read_ms, r->now_ms);
	rate->read = fill(rate->read, READ_BYTES, rate->read_ms, r->now_ms);
	rate->read_ms = r->now_ms;
	if (rate->calls < 1 || r->now_ms < rate->read_from_ms)
		return false;
	rate->calls--;
	return true;
}

/* Beyond a second's share nothing is read until all of it is made up for:
 * five seconds after 10 MiB. */
void
kinesis_limit_took(struct request *r, struct kinesis_shard *d, size_t bytes)
{
	struct kinesis_rate *rate = &d->rate;
	rate->read -= (double)bytes;
	if (rate->read < 0)
		rate->read_from_ms =
		    r->now_ms +
		    (int64_t)((READ_BYTES - rate->read) / READ_BYTES * 1000);
}
