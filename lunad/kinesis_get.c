/*
 * GetRecords.
 */
#include <inttypes.h>
#include <string.h>

#include "fault.h"
#include "kinesis.h"
#include "kinesis_iterator.h"
#include "kinesis_limit.h"
#include "kinesis_metric.h"
#include "kinesis_sequence.h"

struct get {
	struct request *r;
	struct kinesis_iterator at;
	int64_t limit, records;
	size_t bytes;    /* of data and keys */
	int64_t last_ms; /* when the last of them came */
	bool full;
};

/* How many bytes the base64 of a record is. */
static size_t
decoded(const struct kinesis_record *record)
{
	size_t len = record->data_len;
	size_t pad = 0;
	while (pad < 2 && pad < len && record->data[len - 1 - pad] == '=')
		pad++;
	return len / 4 * 3 - pad;
}

static void
add(struct buf *out, const char *literal)
{
	buf_add(out, literal, strlen(literal));
}

/* common: what stands between number and data in all records of a block. */
static void
put_record(struct buf *out, const char *sequence,
    const struct kinesis_record *record, const struct buf *common)
{
	size_t size = record->data_len + record->key_len + common->len + 160;
	char last = out->data[out->len - 1];
	if (buf_room(out, size) == NULL)
		return;
	add(out,
	    last == '[' ? "{\"SequenceNumber\":\"" : ",{\"SequenceNumber\":\"");
	buf_add(out, sequence, KINESIS_SEQUENCE - 1);
	buf_add(out, common->data, common->len);
	buf_add(out, record->data, record->data_len);
	add(out, "\",\"PartitionKey\":\"");
	buf_add(out, record->key, record->key_len);
	add(out, "\"}");
}

static void
begin_block(const struct kinesis_block *b, struct buf *common)
{
	buf_reset(common);
	add(common, "\",");
	if (b->sealed)
		add(common, "\"EncryptionType\":\"KMS\",");
	buf_addf(common,
	    "\"ApproximateArrivalTimestamp\":%" PRId64 ".%03d,\"Data\":\"",
	    b->at_ms / 1000, (int)(b->at_ms % 1000));
}

/* What the reader wants of a block. */
static void
put_block(struct get *g, struct kinesis_block *b, struct buf *common)
{
	struct kinesis_record record;
	char sequence[KINESIS_SEQUENCE];
	int64_t position = b->first;
	for (; position < g->at.position; position++)
		if (!kinesis_block_record(b, &record))
			return;
	begin_block(b, common);
	kinesis_shard_sequence(g->at.shard, position, b->at_ms, sequence);
	while (!g->full && kinesis_block_record(b, &record)) {
		size_t size = decoded(&record) + record.key_len;
		g->full = g->records > 0 && g->bytes + size > KINESIS_GET_MAX;
		if (g->full)
			break;
		put_record(g->r->out, sequence, &record, common);
		kinesis_sequence_next(sequence);
		g->bytes += size;
		g->last_ms = b->at_ms;
		g->at.position = ++position;
		g->full = ++g->records == g->limit;
	}
}

static void
put_records(struct get *g)
{
	struct kinesis_block b;
	struct buf common = {0};
	int64_t horizon = kinesis_stream_horizon(g->at.stream, g->r->now_ms);
	put_open(g->r->out, "Records", '[');
	if (g->at.position < g->at.shard->next) {
		kinesis_block_open(
		    g->r->store, g->at.shard, g->at.position, &b);
		while (!g->full && kinesis_block_next(&b))
			if (b.at_ms >= horizon)
				put_block(g, &b, &common);
		kinesis_block_close(&b);
		/* What has expired is passed over, also without a successor. */
		if (g->records == 0)
			g->at.position = g->at.shard->next;
	}
	put_close(g->r->out, ']');
	buf_clear(&common);
}

/* Asked for by --fault partial: AWS's pages are empty at times although more
 * records stand ahead. The next one's age says how far behind this is. */
static void
put_no_records(struct get *g)
{
	struct kinesis_block b;
	put_open(g->r->out, "Records", '[');
	put_close(g->r->out, ']');
	kinesis_block_open(g->r->store, g->at.shard, g->at.position, &b);
	if (kinesis_block_next(&b))
		g->last_ms = b.at_ms;
	else
		g->at.position = g->at.shard->next;
	kinesis_block_close(&b);
}

static void
put_children(struct get *g)
{
	struct buf *out = g->r->out;
	const struct kinesis_stream *s = g->at.stream;
	char id[KINESIS_SHARD_ID], hash[HASH_KEY];
	put_open(out, "ChildShards", '[');
	for (size_t i = 0; i < s->shards; i++) {
		const struct kinesis_shard *d = &s->shard[i];
		int64_t index = g->at.shard->index;
		if (d->parent != index && d->adjacent != index)
			continue;
		put_open(out, NULL, '{');
		put_text(out, "ShardId", d->name);
		put_open(out, "ParentShards", '[');
		kinesis_shard_name((uint32_t)d->parent, id);
		put_text(out, NULL, id);
		if (d->adjacent >= 0) {
			kinesis_shard_name((uint32_t)d->adjacent, id);
			put_text(out, NULL, id);
		}
		put_close(out, ']');
		put_open(out, "HashKeyRange", '{');
		hash_key_print(d->from, hash);
		put_text(out, "StartingHashKey", hash);
		hash_key_print(d->to, hash);
		put_text(out, "EndingHashKey", hash);
		put_close(out, '}');
		put_close(out, '}');
	}
	put_close(out, ']');
}

static int
begin(struct get *g)
{
	bool bad = false;
	g->limit = kinesis_integer(
	    g->r, "Limit", 1, KINESIS_GET_RECORDS, KINESIS_GET_RECORDS, &bad);
	if (bad || kinesis_iterator_asked(g->r, &g->at) < 0)
		return -1;
	if (kinesis_limit_read(g->r, g->at.shard))
		return 0;
	kinesis_metric_refused(g->r, g->at.stream, g->at.shard);
	return fail(g->r, 400, "ProvisionedThroughputExceededException",
	    "Rate exceeded for shard %s in stream %s under account %s.",
	    g->at.shard->name, g->at.stream->name, g->r->account);
}

int
kinesis_get_records(struct request *r)
{
	struct get g = {.r = r};
	if (begin(&g) < 0)
		return ANSWER_ERROR;
	if (param_bool(r, "DryRun", false))
		return kinesis_dry_run(r);
	put_open(r->out, NULL, '{');
	if (g.at.position < g.at.shard->next &&
	    fault_entry(r, "", 0) == FAULT_LATER)
		put_no_records(&g);
	else
		put_records(&g);
	bool tip = g.at.position >= g.at.shard->next;
	int64_t behind = tip ? 0 : r->now_ms - g.last_ms;
	/* A closed shard has ended for the reader that finds nothing more. */
	if (tip && g.records == 0 && g.at.shard->closed_ms != 0)
		put_children(&g);
	else
		kinesis_iterator_put(r, "NextShardIterator", &g.at);
	put_int(r->out, "MillisBehindLatest", behind);
	put_close(r->out, '}');
	kinesis_limit_took(r, g.at.shard, g.bytes);
	kinesis_metric_get(r, g.at.stream, g.at.shard,
	    &(struct kinesis_gets){.records = (size_t)g.records,
		.bytes = g.bytes,
		.behind_ms = behind});
	return ANSWER;
}
