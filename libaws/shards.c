#include "shards.h"

#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "mem.h"
#include "retry.h"
#include "shards_inner.h"
#include "text.h"

enum {
	BUSY = 8,     /* shards in flight or being given out */
	LIMIT = 2000, /* records of a reply: about its 2 MiB a second */
	TIP_MS = 400, /* between calls of a shard with nothing new */
	SECOND_MS = 1000,
	BYTES_S = 2 << 20, /* that a shard gives a second */
	MAX_REPLY = 32 << 20
};

struct shards *
shards_open(
    struct caller *caller, const struct shards_about *about, struct err *err)
{
	struct shards *s = mem_alloc(sizeof(*s));
	struct buf url = {0};
	*s = (struct shards){.caller = caller, .about = *about};
	/* A server on this machine says when it wants less. */
	s->paced = service_endpoint(service_find("kinesis"), call_conf(caller),
		       &url, NULL) != 0 ||
		   !service_is_local(buf_text(&url));
	buf_clear(&url);
	if (shards_list(s, err) == 0 && shards_check(s, err) == 0) {
		shards_begin(s);
		s->changed = true;
		return s;
	}
	shards_close(s);
	return NULL;
}

void
shards_close(struct shards *s)
{
	if (s == NULL)
		return;
	shards_stop(s);
	for (size_t i = 0; i < s->count; i++)
		shards_free_one(s->shard[i]);
	if (s->in_kpl)
		kpl_clear(&s->kpl);
	buf_clear(&s->key);
	buf_clear(&s->data);
	free(s->shard);
	free(s);
}

/* Where the shard is to be read from. */
static void
add_place(const struct shard *shard, struct buf *out)
{
	if (shard->sequence != NULL) {
		/* In the middle of an aggregated record: that one again. */
		text_json_member("ShardIteratorType",
		    shard->sub < 0 ? "AFTER_SEQUENCE_NUMBER"
				   : "AT_SEQUENCE_NUMBER",
		    out);
		text_json_member(
		    "StartingSequenceNumber", shard->sequence, out);
	} else if (shard->from == SHARDS_TIME) {
		text_json_member("ShardIteratorType", "AT_TIMESTAMP", out);
		buf_addf(out, ",\"Timestamp\":%lld.%03d",
		    (long long)(shard->since_ms / 1000),
		    (int)(shard->since_ms % 1000));
	} else {
		text_json_member("ShardIteratorType",
		    shard->from == SHARDS_LATEST ? "LATEST" : "TRIM_HORIZON",
		    out);
	}
}

static void
start(struct shards *s, struct shard *shard, int64_t now_ms)
{
	struct buf reply = shard->call.reply, *body = &shard->body;
	shard->asks_iterator = shard->iterator == NULL;
	buf_reset(body);
	buf_add_char(body, '{');
	if (shard->asks_iterator) {
		buf_add_text(body, s->about.stream);
		text_json_member("ShardId", shard->id, body);
		add_place(shard, body);
	} else {
		text_json_member("ShardIterator", shard->iterator, body);
		buf_addf(body, ",\"Limit\":%d", (int)LIMIT);
		shard->called_ms[shard->calls++ % SHARD_CALLS] = now_ms;
	}
	buf_add_char(body, '}');
	shard->call = (struct call){.reply = reply,
	    .service = service_find("kinesis"),
	    .operation =
		shard->asks_iterator ? "GetShardIterator" : "GetRecords",
	    .body = body->data,
	    .body_len = body->len,
	    .max_reply = MAX_REPLY,
	    .user = shard};
	shard->state = SHARD_FLYING;
	s->busy++;
	call_start(s->caller, &shard->call);
}

/* When the shard may be called: not before its back-off, nor a sixth time in
 * a second. */
static int64_t
may_call_at(const struct shards *s, const struct shard *shard)
{
	int64_t at = shard->not_before_ms;
	if (s->paced && shard->calls >= SHARD_CALLS &&
	    shard->iterator != NULL) {
		int64_t fifth =
		    shard->called_ms[shard->calls % SHARD_CALLS] + SECOND_MS;
		if (fifth > at)
			at = fifth;
	}
	return at;
}

void
shards_move(struct shards *s)
{
	int64_t now = text_tick();
	for (size_t i = 0; i < s->count && s->busy < BUSY && !s->stopped; i++) {
		size_t n = (s->turn + i) % s->count;
		struct shard *shard = s->shard[n];
		if (shard->state != SHARD_READY || shard->held ||
		    may_call_at(s, shard) > now)
			continue;
		start(s, shard, now);
		s->turn = n + 1;
	}
}

int64_t
shards_due(const struct shards *s, int64_t now_ms)
{
	int64_t soonest = -1;
	if (s->stopped || s->busy >= BUSY)
		return -1;
	for (size_t i = 0; i < s->count; i++) {
		if (s->shard[i]->state != SHARD_READY || s->shard[i]->held)
			continue;
		int64_t wait = may_call_at(s, s->shard[i]) - now_ms;
		if (wait < 0)
			wait = 0;
		if (soonest < 0 || wait < soonest)
			soonest = wait;
	}
	return soonest;
}

static void
end_shard(struct shards *s, struct shard *shard)
{
	shard->state = SHARD_ENDED;
	s->changed |= shard->closed;
	s->wake = true;
	if (!s->about.settle)
		shards_wake(s);
}

void
shards_given(struct shards *s, struct shard *shard)
{
	s->busy--;
	shard->state = SHARD_READY;
	if (shard->last_reply || (shard->at_tip && !s->about.follow))
		end_shard(s, shard);
}

static void
back_off(struct shards *s, struct shard *shard, const struct err *err)
{
	uint32_t n;
	digest_random(&n, sizeof(n));
	shard->not_before_ms =
	    text_tick() +
	    retry_backoff(err->throttled ? RETRY_THROTTLED : RETRY_TRANSIENT,
		s->failures++, 0.5 + (double)n / 8589934592.0);
}

/* The call failed: what now? Leaves err NONE when nobody needs to know. */
static void
failed(struct shards *s, struct shard *shard, struct err *err)
{
	s->busy--;
	shard->state = SHARD_READY;
	if (strcmp(err->code, "ExpiredIteratorException") == 0 &&
	    !shard->asks_iterator) {
		/* The next one begins behind what came. */
		free(shard->iterator);
		shard->iterator = NULL;
		err_clear(err);
	} else if (err->kind == ERR_LATER && err->throttled) {
		s->paced = true; /* other readers may be there, too */
		back_off(s, shard, err);
		err_clear(err);
	} else if (err->kind == ERR_LATER && s->about.follow) {
		back_off(s, shard, err);
	} else {
		s->stopped = true;
	}
}

/* A shard gives 2 MiB a second; what came counts. */
static void
pace(struct shards *s, struct shard *shard, size_t records)
{
	int64_t called = shard->called_ms[(shard->calls - 1) % SHARD_CALLS];
	shard->not_before_ms = 0;
	if (records == 0 && shard->at_tip)
		shard->not_before_ms = called + TIP_MS;
	else if (s->paced) /* base64 is a third more */
		shard->not_before_ms = called + (int64_t)shard->call.reply.len *
						    3 / 4 * SECOND_MS / BYTES_S;
}

/* Should it expire before a record came, the tip will have moved on: another
 * is to begin at this one's time, less a second as clocks differ. */
static void
took_iterator(struct shard *shard, struct json reply)
{
	free(shard->iterator);
	shard->iterator = json_dup(json_get(reply, "ShardIterator"));
	if (shard->from != SHARDS_LATEST)
		return;
	shard->from = SHARDS_TIME;
	shard->since_ms = text_now() - 1000 - shard->call.took_ms;
}

/* Is every record one, with what is printed of it? */
static bool
is_sound(struct json records, size_t *count)
{
	static const char *const names[] = {
	    "SequenceNumber", "PartitionKey", "Data"};
	struct json_iter it;
	struct json v, of[3];
	if (records.type != JSON_ARRAY)
		return false;
	json_each(records, &it);
	for (*count = 0; json_next(&it, NULL, &v); ++*count) {
		json_pick(v, names, 3, of);
		for (size_t i = 0; i < 3; i++)
			if (of[i].type != JSON_STRING)
				return false;
		if (of[0].len < 3 ||
		    strspn(of[0].at + 1, "0123456789") != of[0].len - 2)
			return false;
	}
	return true;
}

/* Is it what the call asked for? */
static bool
is_reply(const struct shard *shard, struct json reply, size_t *records)
{
	char *iterator;
	if (!shard->asks_iterator)
		return is_sound(json_get(reply, "Records"), records);
	iterator = json_dup(json_get(reply, "ShardIterator"));
	free(iterator);
	return iterator != NULL;
}

/* What the shard's end leads to; where the service does not say, ask. */
static int
closed(struct shards *s, struct json reply, struct err *err)
{
	if (!shards_add_children(s, reply) && shards_list(s, err) != 0)
		return -1;
	return shards_check(s, err);
}

static void
took_records(struct shards *s, struct shard *shard, struct json reply,
    size_t records, struct err *err)
{
	struct json next = json_get(reply, "NextShardIterator");
	int64_t behind = -1;
	free(shard->iterator);
	shard->iterator = json_dup(next);
	shard->last_reply = next.type != JSON_STRING;
	shard->closed |= shard->last_reply;
	if (json_integer(json_get(reply, "MillisBehindLatest"), &behind) != 0)
		behind = -1;
	shard->behind_ms = behind;
	shard->at_tip = behind == 0;
	pace(s, shard, records);
	/* Without an iterator these are asked for again. */
	if (shard->last_reply && closed(s, reply, err) != 0)
		failed(s, shard, err);
	else
		shards_give(s, shard, reply);
}

void
shards_landed(struct shards *s, struct call *call, struct err *err)
{
	struct shard *shard = call->user;
	struct json reply;
	size_t records = 0;
	*err = call->err;
	if (err->kind == ERR_NONE &&
	    (json_scan(call->reply.data, call->reply.len, &reply, NULL) != 0 ||
		!is_reply(shard, reply, &records)))
		err_set(err, ERR_LATER, "InvalidReply",
		    "kinesis:%s answered with something else", call->operation);
	if (err->kind != ERR_NONE) {
		failed(s, shard, err);
		return;
	}
	s->failures = 0;
	if (shard->asks_iterator) {
		took_iterator(shard, reply);
		shard->state = SHARD_READY;
		s->busy--;
	} else {
		took_records(s, shard, reply, records, err);
	}
}

void
shards_hold(struct shards *s,
    enum shards_work (*work)(const void *ctx, const char *shard),
    const void *ctx)
{
	for (size_t i = 0; i < s->count; i++) {
		struct shard *shard = s->shard[i];
		enum shards_work w = work(ctx, shard->id);
		s->wake |= shard->unsettled && w == SHARDS_SETTLED;
		shard->held = w == SHARDS_FULL;
		shard->unsettled = w != SHARDS_SETTLED;
	}
	if (s->wake)
		shards_wake(s);
}

bool
shards_changed(struct shards *s)
{
	bool changed = s->changed;
	s->changed = false;
	return changed;
}

void
shards_print(const struct shards *s, int64_t since_ms, struct buf *out)
{
	const char *comma = "";
	buf_add_char(out, '{');
	for (size_t i = 0; i < s->count; i++) {
		const struct shard *shard = s->shard[i];
		if (shard->state == SHARD_WAITS ||
		    (shard->state == SHARD_ENDED && shard->closed))
			continue;
		const struct position *at = position_find(
		    s->about.positions, shard->id, strlen(shard->id));
		struct position since = {.since_ms = since_ms};
		buf_addf(out, "%s\"%s\":", comma, shard->id);
		if (at == NULL && since_ms >= 0 &&
		    shard->from != SHARDS_HORIZON)
			at = &since;
		if (at != NULL)
			position_print(at, out);
		else
			buf_add_text(out, "{}");
		comma = ",";
	}
	buf_add_char(out, '}');
}

int64_t
shards_behind(const struct shards *s)
{
	int64_t most = -1;
	for (size_t i = 0; i < s->count; i++)
		if (s->shard[i]->state != SHARD_ENDED &&
		    s->shard[i]->behind_ms > most)
			most = s->shard[i]->behind_ms;
	return most;
}

void
shards_stop(struct shards *s)
{
	s->stopped = true;
	for (size_t i = 0; i < s->count; i++) {
		struct shard *shard = s->shard[i];
		if (shard->state != SHARD_FLYING)
			continue;
		call_cancel(s->caller, &shard->call);
		shard->state = SHARD_READY;
		s->busy--;
	}
}

bool
shards_ended(const struct shards *s)
{
	if (s->busy > 0)
		return false;
	/* What still waits does so for one that is held. */
	for (size_t i = 0; i < s->count && !s->stopped; i++)
		if (s->shard[i]->state == SHARD_READY && !s->shard[i]->held)
			return false;
	return true;
}
