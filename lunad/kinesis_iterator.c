#include "kinesis_iterator.h"

#include <string.h>
#include <time.h>

#include "kinesis_sequence.h"

#define LIFE_MS 300000

/* What the text is made of; the stream's name follows. */
struct plain {
	int64_t made_ms, stream, shard, position;
};

void
kinesis_iterator_put(
    struct request *r, const char *name, const struct kinesis_iterator *it)
{
	const struct plain plain = {.made_ms = r->now_ms,
	    .stream = it->stream->id,
	    .shard = it->shard->index,
	    .position = it->position};
	struct buf bytes = {0}, text = {0};
	buf_add(&bytes, &plain, sizeof(plain));
	buf_add_text(&bytes, it->stream->name);
	kinesis_token(bytes.data, bytes.len, &text);
	put_text(r->out, name, buf_text(&text));
	buf_clear(&bytes);
	buf_clear(&text);
}

/* "Thu Jan 22 01:22:02 UTC 2015" */
static const char *
java_time(struct request *r, int64_t ms)
{
	char text[40];
	time_t at = ms / 1000;
	struct tm tm;
	gmtime_r(&at, &tm);
	strftime(text, sizeof(text), "%a %b %d %H:%M:%S UTC %Y", &tm);
	return request_format(r, "%s", text);
}

static int
locate(struct request *r, const struct plain *plain, const char *name,
    struct kinesis_iterator *it)
{
	char id[KINESIS_SHARD_ID];
	it->position = plain->position;
	it->stream = kinesis_stream_find(r->store, r->region, name);
	if (it->stream != NULL && it->stream->id == plain->stream)
		it->shard =
		    kinesis_shard_find(it->stream, plain->shard, r->now_ms);
	if (it->shard != NULL)
		return 0;
	kinesis_shard_name((uint32_t)plain->shard, id);
	return fail(r, 400, "ResourceNotFoundException",
	    "Shard %s in stream %s under account %s does not exist", id, name,
	    r->account);
}

int
kinesis_iterator_asked(struct request *r, struct kinesis_iterator *it)
{
	bool bad = false;
	struct plain plain;
	struct buf bytes = {0};
	const char *text = kinesis_text(r,
	    &(struct kinesis_rule){.name = "ShardIterator",
		.least = 1,
		.most = 512,
		.required = true},
	    &bad);
	*it = (struct kinesis_iterator){0};
	if (text == NULL)
		return -1;
	if (kinesis_untoken(text, &bytes) < 0 || bytes.len <= sizeof(plain)) {
		buf_clear(&bytes);
		return fail(r, 400, "InvalidArgumentException",
		    "Invalid ShardIterator.");
	}
	memcpy(&plain, bytes.data, sizeof(plain));
	const char *name = request_copy(
	    r, bytes.data + sizeof(plain), bytes.len - sizeof(plain));
	buf_clear(&bytes);
	if (r->now_ms - plain.made_ms > LIFE_MS)
		return fail(r, 400, "ExpiredIteratorException",
		    "Iterator expired. The iterator was created at time %s "
		    "while right now it is %s which is further in the future "
		    "than the tolerated delay of %d milliseconds.",
		    java_time(r, plain.made_ms), java_time(r, r->now_ms),
		    LIFE_MS);
	return locate(r, &plain, name, it);
}

/* The position that a sequence number of this shard names. */
static int
position_of(struct request *r, const struct kinesis_iterator *it,
    const char *number, int64_t *position)
{
	char other[KINESIS_SHARD_ID];
	const char *id = it->shard->name;
	struct kinesis_sequence n;
	if (kinesis_sequence_parse(number, strlen(number), &n) < 0)
		return fail(r, 400, "InvalidArgumentException",
		    "StartingSequenceNumber %s used in GetShardIterator on "
		    "shard %s in stream %s under account %s is invalid.",
		    number, id, it->stream->name, r->account);
	if (n.shard != it->shard->index) {
		kinesis_shard_name(n.shard, other);
		return fail(r, 400, "InvalidArgumentException",
		    "Invalid StartingSequenceNumber. It encodes %s, while it "
		    "was used in a call to a shard with %s",
		    other, id);
	}
	if (n.epoch_s != it->shard->epoch_s)
		return fail(r, 400, "InvalidArgumentException",
		    "StartingSequenceNumber %s used in GetShardIterator on "
		    "shard %s in stream %s under account %s is invalid "
		    "because it did not come from this stream.",
		    number, id, it->stream->name, r->account);
	*position = n.position;
	return 0;
}

static int
at_number(struct request *r, struct kinesis_iterator *it, const char *type,
    const char *number)
{
	if (number == NULL)
		return fail(r, 400, "InvalidArgumentException",
		    "Must either specify (1) AT_SEQUENCE_NUMBER or "
		    "AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) "
		    "TRIM_HORIZON or LATEST and no StartingSequenceNumber. "
		    "Request specified %s and no StartingSequenceNumber.",
		    type);
	if (position_of(r, it, number, &it->position) < 0)
		return -1;
	if (it->position >= it->shard->next)
		it->position = it->shard->next;
	else if (strcmp(type, "AFTER_SEQUENCE_NUMBER") == 0)
		it->position++;
	return 0;
}

static int
at_time(struct request *r, struct kinesis_iterator *it)
{
	bool bad = false;
	int64_t at_ms = kinesis_time(r, r->in, "Timestamp", &bad);
	if (bad)
		return -1;
	if (at_ms < 0)
		return fail(r, 400, "InvalidArgumentException",
		    "Must specify timestampInMillis parameter for iterator of "
		    "type AT_TIMESTAMP. Current request has no timestamp "
		    "parameter.");
	if (at_ms > r->now_ms)
		return fail(r, 400, "InvalidArgumentException",
		    "The timestampInMillis parameter cannot be greater than "
		    "the currentTimestampInMillis. timestampInMillis: %lld, "
		    "currentTimestampInMillis: %lld",
		    (long long)at_ms, (long long)r->now_ms);
	it->position = kinesis_block_since(r->store, it->shard, at_ms);
	return 0;
}

static int
find_position(struct request *r, struct kinesis_iterator *it, const char *type)
{
	bool bad = false;
	const char *number = kinesis_text(r,
	    &(struct kinesis_rule){.name = "StartingSequenceNumber",
		.form = KINESIS_SEQUENCE_NUMBER},
	    &bad);
	if (bad)
		return -1;
	if (strcmp(type, "AT_TIMESTAMP") == 0)
		return at_time(r, it);
	if (strstr(type, "_SEQUENCE_NUMBER") != NULL)
		return at_number(r, it, type, number);
	if (number != NULL)
		return fail(r, 400, "InvalidArgumentException",
		    "Must either specify (1) AT_SEQUENCE_NUMBER or "
		    "AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) "
		    "TRIM_HORIZON or LATEST and no StartingSequenceNumber. "
		    "Request specified %s and also a StartingSequenceNumber.",
		    type);
	it->position = strcmp(type, "LATEST") == 0 ? it->shard->next : 1;
	return 0;
}

int
kinesis_get_iterator(struct request *r)
{
	bool bad = false;
	struct kinesis_iterator it = {0};
	const char *type = kinesis_text(r,
	    &(struct kinesis_rule){.name = "ShardIteratorType",
		.among = "AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, "
			 "AT_SEQUENCE_NUMBER, TRIM_HORIZON",
		.required = true},
	    &bad);
	if (type == NULL)
		return ANSWER_ERROR;
	it.stream = kinesis_stream_asked(r);
	if (it.stream == NULL)
		return ANSWER_ERROR;
	it.shard = kinesis_shard_asked(r, it.stream, "ShardId");
	if (it.shard == NULL || find_position(r, &it, type) < 0)
		return ANSWER_ERROR;
	if (param_bool(r, "DryRun", false))
		return kinesis_dry_run(r);
	put_open(r->out, NULL, '{');
	kinesis_iterator_put(r, "ShardIterator", &it);
	put_close(r->out, '}');
	return ANSWER;
}
