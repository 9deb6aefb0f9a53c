/*
 * PutRecord and PutRecords.
 *
 * A call's records are looked at once, in order: each goes to the end of the
 * block that its shard gets of this call. Only when all are found good are
 * the blocks stored.
 */
#include <string.h>

#include "fault.h"
#include "kinesis.h"
#include "kinesis_limit.h"
#include "kinesis_metric.h"
#include "kinesis_sequence.h"
#include "text.h"

#define KEY_MAX 256 /* characters */

enum outcome { STORED, THROTTLED, BROKEN };

struct entry {
	struct kinesis_shard *shard;
	enum outcome outcome;
	size_t bytes;
};

struct put {
	struct request *r;
	struct kinesis_stream *s;
	bool faults;                /* entries may be refused on purpose */
	size_t bytes, stored_bytes; /* of data and keys, decoded */
	size_t throttled, broken, count;
	struct entry entry[KINESIS_BATCH];
};

/* The parts of a record as they came. */
struct came {
	struct json data, key, hash;
};

static void
came_of(struct json object, struct came *c)
{
	struct json_iter it;
	struct json name, value;
	*c = (struct came){0};
	json_members(object, &it);
	while (json_next(&it, &name, &value)) {
		if (value.type == JSON_NULL)
			continue;
		if (json_is(name, "Data"))
			c->data = value;
		else if (json_is(name, "PartitionKey"))
			c->key = value;
		else if (json_is(name, "ExplicitHashKey"))
			c->hash = value;
	}
}

/* Where a member stands in messages: "records.3.member.data". */
static const char *
place(const struct put *p, const char *what)
{
	if (strcmp(p->r->operation, "PutRecord") == 0)
		return what;
	return request_format(
	    p->r, "records.%zu.member.%s", p->count + 1, what);
}

/* The base64 of a record, and how many bytes it is. */
static int
read_data(
    struct put *p, struct json v, struct kinesis_record *record, size_t *bytes)
{
	if (v.type == JSON_NONE)
		return kinesis_constraint(
		    p->r, place(p, "data"), NULL, "Member must not be null");
	if (v.type != JSON_STRING)
		return fail(p->r, 400, "SerializationException",
		    "%.40s can not be converted to a Blob", v.at);
	record->data = v.at + 1;
	record->data_len = v.len - 2;
	if (text_unbase64_size(record->data, record->data_len, bytes) == 0)
		return 0;
	/* Some write \/ for a slash. */
	record->data = param_text(p->r, v, &record->data_len);
	if (text_unbase64_size(record->data, record->data_len, bytes) == 0)
		return 0;
	return fail(p->r, 400, "SerializationException",
	    "'%.*s' can not be converted to a Blob: it is not base64",
	    (int)(record->data_len < 40 ? record->data_len : 40), record->data);
}

/* The key as it goes into the block, and decoded. */
static const char *
read_key(
    struct put *p, struct json v, struct kinesis_record *record, size_t *len)
{
	const char *text;
	size_t characters = 0;
	if (v.type == JSON_NONE) {
		kinesis_constraint(p->r, place(p, "partitionKey"), NULL,
		    "Member must not be null");
		return NULL;
	}
	if (v.type != JSON_STRING) {
		fail(p->r, 400, "SerializationException",
		    "%.40s can not be converted to an String", v.at);
		return NULL;
	}
	text = record->key = v.at + 1;
	*len = record->key_len = v.len - 2;
	if (memchr(text, '\\', *len) != NULL)
		text = param_text(p->r, v, len);
	for (size_t i = 0; i < *len; i++)
		characters += ((unsigned char)text[i] & 0xc0) != 0x80;
	if (characters > 0 && characters <= KEY_MAX)
		return text;
	kinesis_constraint(p->r, place(p, "partitionKey"),
	    request_copy(p->r, text, *len),
	    characters == 0
		? "Member must have length greater than or equal to 1"
		: "Member must have length less than or equal to 256");
	return NULL;
}

static int
hash_of(struct put *p, struct json explicit, const char *key, size_t len,
    struct hash_key *hash)
{
	size_t n;
	if (explicit.type == JSON_NONE) {
		*hash = hash_key_of(key, len);
		return 0;
	}
	const char *text = param_text(p->r, explicit, &n);
	if (text == NULL)
		return fail(p->r, 400, "SerializationException",
		    "%.40s can not be converted to an String", explicit.at);
	if (n == 0 || strspn(text, "0123456789") != n || n >= HASH_KEY ||
	    (n > 1 && text[0] == '0'))
		return kinesis_constraint(p->r, place(p, "explicitHashKey"),
		    text,
		    "Member must satisfy regular expression pattern: "
		    "0|([1-9]\\d{0,38})");
	if (hash_key_parse(text, n, hash) == 0)
		return 0;
	return fail(p->r, 400, "InvalidArgumentException",
	    "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: "
	    "[0, 2^128-1]. Specified value was %s",
	    text);
}

/* -1: the whole call is refused for this record. */
static int
draw_fault(struct put *p, const struct kinesis_record *record, struct entry *e)
{
	struct buf data = {0};
	if (!p->faults)
		return 0;
	text_unbase64(record->data, record->data_len, &data);
	enum fault_entry fault = fault_entry(p->r, buf_text(&data), data.len);
	buf_clear(&data);
	if (fault == FAULT_NEVER)
		return fail(p->r, 400, "InvalidArgumentException",
		    "A record was refused on purpose (--fault).");
	/* AWS has two reasons; a client has to take either. */
	if (fault == FAULT_LATER)
		e->outcome = p->count % 2 == 0 ? THROTTLED : BROKEN;
	return 0;
}

static int
put_one(struct put *p, struct json object)
{
	struct came came;
	struct kinesis_record record;
	struct hash_key hash;
	size_t bytes, key_len;
	struct entry *e = &p->entry[p->count];
	came_of(object, &came);
	if (read_data(p, came.data, &record, &bytes) < 0)
		return -1;
	const char *key = read_key(p, came.key, &record, &key_len);
	if (key == NULL || hash_of(p, came.hash, key, key_len, &hash) < 0)
		return -1;
	if (bytes + key_len > (size_t)p->s->max_kib * 1024)
		return kinesis_constraint(p->r, place(p, "data"),
		    request_format(p->r,
			"java.nio.HeapByteBuffer[pos=0 lim=%zu cap=%zu]", bytes,
			bytes),
		    request_format(p->r,
			"Member must have length less than or equal to %lld",
			(long long)p->s->max_kib * 1024));
	e->shard = kinesis_shard_of(p->s, hash);
	e->outcome = STORED;
	e->bytes = bytes;
	p->bytes += bytes + key_len;
	if (draw_fault(p, &record, e) < 0)
		return -1;
	if (e->outcome == STORED &&
	    !kinesis_limit_write(p->r, e->shard, bytes + key_len))
		e->outcome = THROTTLED;
	e->shard->touched = true;
	if (e->outcome == STORED) {
		kinesis_block_add(e->shard, &record);
		p->stored_bytes += bytes;
	}
	p->throttled += e->outcome == THROTTLED;
	p->broken += e->outcome == BROKEN;
	p->count++;
	return 0;
}

static void
drop_all(struct put *p)
{
	for (size_t i = 0; i < p->s->opens; i++)
		if (p->s->open[i]->touched)
			kinesis_block_drop(p->s->open[i]);
}

/* What each shard's next record will be called, until it is stored. */
static void
name_next(struct put *p)
{
	for (size_t i = 0; i < p->s->opens; i++) {
		struct kinesis_shard *d = p->s->open[i];
		if (d->touched)
			kinesis_shard_sequence(
			    d, d->next, p->r->now_ms, d->sequence);
	}
}

static void
store_all(struct put *p)
{
	for (size_t i = 0; i < p->s->opens; i++)
		if (p->s->open[i]->touched)
			kinesis_block_store(p->r, p->s, p->s->open[i]);
}

static const char *
throttle_text(const struct put *p, const struct entry *e)
{
	return request_format(p->r,
	    "Rate exceeded for shard %s in stream %s under account %s.",
	    e->shard->name, p->s->name, p->r->account);
}

/* The members of a stored record, which take the shard's next number. */
static void
put_stored(const struct put *p, const struct entry *e)
{
	static const char sequence[] = "\"SequenceNumber\":\"";
	static const char shard[] = "\",\"ShardId\":\"";
	struct buf *out = p->r->out;
	buf_add(out, sequence, sizeof(sequence) - 1);
	buf_add(out, e->shard->sequence, KINESIS_SEQUENCE - 1);
	buf_add(out, shard, sizeof(shard) - 1);
	buf_add_text(out, e->shard->name);
	buf_add_char(out, '"');
	kinesis_sequence_next(e->shard->sequence);
}

static void
put_entry(const struct put *p, const struct entry *e)
{
	struct buf *out = p->r->out;
	put_open(out, NULL, '{');
	if (e->outcome == STORED) {
		put_stored(p, e);
	} else if (e->outcome == THROTTLED) {
		put_text(
		    out, "ErrorCode", "ProvisionedThroughputExceededException");
		put_text(out, "ErrorMessage", throttle_text(p, e));
	} else {
		put_text(out, "ErrorCode", "InternalFailure");
		put_text(out, "ErrorMessage", "Internal Service Failure");
	}
	put_close(out, '}');
}

static int
dry_run(struct put *p)
{
	return param_bool(p->r, "DryRun", false) ? kinesis_dry_run(p->r) : 0;
}

static void
count(const struct put *p)
{
	const struct kinesis_puts puts = {.records = p->count,
	    .throttled = p->throttled,
	    .broken = p->broken,
	    .bytes = p->bytes,
	    .stored_bytes = p->stored_bytes,
	    .single = strcmp(p->r->operation, "PutRecord") == 0};
	kinesis_metric_put(p->r, p->s, &puts);
	for (size_t i = 0; i < p->count && p->s->monitored != 0; i++)
		kinesis_metric_record(p->r, p->s, p->entry[i].shard,
		    p->entry[i].bytes, p->entry[i].outcome == STORED);
}

static void
put_encryption(const struct put *p)
{
	if (p->s->key_id != NULL)
		put_text(p->r->out, "EncryptionType", "KMS");
}

int
kinesis_put_records(struct request *r)
{
	struct put p = {.r = r, .faults = fault_entries(r)};
	struct json records = param_json(r, "Records"), record;
	struct json_iter it;
	if (records.type != JSON_ARRAY)
		return kinesis_required(r, "Records");
	p.s = kinesis_stream_asked(r);
	if (p.s == NULL)
		return ANSWER_ERROR;
	int rc = 0;
	json_each(records, &it);
	while (rc == 0 && json_next(&it, NULL, &record)) {
		if (p.count == KINESIS_BATCH)
			rc = kinesis_constraint(r, "records", "[...]",
			    "Member must have length less than or equal to "
			    "500");
		else
			rc = put_one(&p, record);
	}
	if (rc == 0 && p.count == 0)
		rc = kinesis_constraint(r, "records", "[]",
		    "Member must have length greater than or equal to 1");
	if (rc == 0 && p.bytes > KINESIS_PUT_MAX)
		rc = fail(r, 400, "InvalidArgumentException",
		    "Records size exceeds 10 MB limit");
	if (rc < 0 || dry_run(&p) < 0) {
		drop_all(&p);
		return ANSWER_ERROR;
	}
	name_next(&p);
	put_open(r->out, NULL, '{');
	put_int(r->out, "FailedRecordCount", (int64_t)(p.throttled + p.broken));
	put_open(r->out, "Records", '[');
	for (size_t i = 0; i < p.count; i++)
		put_entry(&p, &p.entry[i]);
	put_close(r->out, ']');
	put_encryption(&p);
	put_close(r->out, '}');
	store_all(&p);
	count(&p);
	return ANSWER;
}

/* Numbers grow anyway; one of the future would be a lie. Shorter ones are of
 * streams long gone, or the 0 that some begin with. */
static int
check_ordering(struct put *p)
{
	bool bad = false;
	struct kinesis_sequence n;
	const char *after = kinesis_text(p->r,
	    &(struct kinesis_rule){.name = "SequenceNumberForOrdering",
		.form = KINESIS_SEQUENCE_NUMBER},
	    &bad);
	if (bad || after == NULL)
		return bad ? -1 : 0;
	if (strlen(after) < KINESIS_SEQUENCE - 1 ||
	    (kinesis_sequence_parse(after, strlen(after), &n) == 0 &&
		n.at_s * 1000 <= p->r->now_ms))
		return 0;
	return fail(p->r, 400, "InvalidArgumentException",
	    "ExclusiveMinimumSequenceNumber %s used in PutRecord on stream %s "
	    "under account %s is invalid.",
	    after, p->s->name, p->r->account);
}

/* What the one record of PutRecord came to; 0: it is stored. */
static int
outcome_of(struct put *p)
{
	const struct entry *e = &p->entry[0];
	if (e->outcome == STORED)
		return 0;
	count(p);
	if (e->outcome == THROTTLED)
		return fail(p->r, 400, "ProvisionedThroughputExceededException",
		    "%s", throttle_text(p, e));
	return fail(p->r, 500, "InternalFailure", "Internal Service Failure");
}

int
kinesis_put_record(struct request *r)
{
	struct put p = {.r = r, .faults = fault_entries(r)};
	p.s = kinesis_stream_asked(r);
	if (p.s == NULL || check_ordering(&p) < 0)
		return ANSWER_ERROR;
	if (put_one(&p, r->in) < 0 || outcome_of(&p) < 0 || dry_run(&p) < 0) {
		drop_all(&p);
		return ANSWER_ERROR;
	}
	name_next(&p);
	put_open(r->out, NULL, '{');
	put_stored(&p, &p.entry[0]);
	put_encryption(&p);
	put_close(r->out, '}');
	store_all(&p);
	count(&p);
	return ANSWER;
}
