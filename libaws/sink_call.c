#include <string.h>

#include "digest.h"
#include "mem.h"
#include "query.h"
#include "retry.h"
#include "sink_inner.h"
#include "text.h"

enum {
	MARK = 1,           /* in an entry: its number in the call */
	ANSWERED_ROUNDS = 5 /* of back-off: at most 1.6 s */
};

double
sink_random(void)
{
	uint32_t n;
	digest_random(&n, sizeof(n));
	return (double)n / 4294967296.0;
}

void
sink_join(const struct batch *batch, const char *between, struct buf *body)
{
	for (size_t i = 0; i < batch->count; i++) {
		const char *at = batch->bytes.data + batch->entry[i].at;
		const char *end = at + batch->entry[i].len, *mark;
		if (i > 0)
			buf_add_text(body, between);
		while ((mark = memchr(at, MARK, (size_t)(end - at))) != NULL) {
			buf_add(body, at, (size_t)(mark - at));
			buf_addf(body, "%zu", i + 1);
			at = mark + 1;
		}
		buf_add(body, at, (size_t)(end - at));
	}
}

static void
build(struct sink *s, const struct batch *batch, struct call *call,
    struct buf *body)
{
	buf_reset(body);
	if (s->about->assemble != NULL) {
		s->about->assemble(s->ctx, batch, body);
	} else {
		buf_add(body, s->head.data, s->head.len);
		sink_join(batch, s->about->join, body);
		buf_add(body, s->tail.data, s->tail.len);
	}
	if (s->about->service != NULL) /* NULL: prepare gives a URL */
		call->service = service_find(s->about->service);
	call->operation = s->about->operation;
	call->body = buf_text(body);
	call->body_len = body->len;
	if (s->about->prepare != NULL)
		s->about->prepare(s->ctx, batch, call);
}

void
sink_fly(struct sink *s, struct batch *batch)
{
	struct sink_flight *f = s->flight;
	while (f->batch != NULL)
		f++; /* batch_take gives no more than there are */
	struct buf reply = f->call.reply;
	f->call = (struct call){.reply = reply, .user = f};
	f->batch = batch;
	build(s, batch, &f->call, &f->body);
	/* While the service is away one attempt at a time is enough. */
	if (s->away_ms != 0)
		f->call.once = true;
	call_start(ident_caller(s->ident), &f->call);
}

void
sink_show(struct sink *s, struct batch *batch)
{
	struct call call = {0};
	struct buf body = {0}, line = {0};
	struct json parsed;
	build(s, batch, &call, &body);
	buf_addf(&line, "{\"service\":\"%s\",\"operation\":\"%s\"",
	    s->about->service ? s->about->service : s->about->to,
	    s->about->operation);
	if (call.path != NULL) {
		buf_add_text(&line, ",\"path\":");
		text_json_string(call.path, strlen(call.path), &line);
	}
	buf_add_text(&line, ",\"parameters\":");
	if (call.gzip)
		text_json_string("(gzipped)", 9, &line);
	else if (json_scan(body.data, body.len, &parsed, NULL) == 0)
		json_compact(parsed, &line);
	else
		query_show(body.data, body.len, &line);
	buf_add_char(&line, '}');
	tool_print(s->tool, line.data, line.len);
	for (size_t i = 0; i < batch->count; i++)
		sink_settle(s, batch, i, NULL);
	batch_done(s->batcher, batch);
	buf_clear(&body);
	buf_clear(&line);
}

void
sink_stop(struct sink *s, const struct err *why)
{
	if (!s->stopped) {
		s->stopped = true;
		s->why = *why;
		s->tool->set_up_failed |= why->kind == ERR_SETUP;
		s->tool->later |= why->kind == ERR_LATER;
		tool_report(s->tool, 0, why);
	}
	struct batch *batch;
	while ((batch = batch_drain(s->batcher)) != NULL) {
		for (size_t i = 0; i < batch->count; i++)
			sink_settle(s, batch, i, why);
		batch_done(s->batcher, batch);
	}
}

static void
fail_all(struct sink *s, struct batch *batch, const struct err *err)
{
	for (size_t i = 0; i < batch->count; i++)
		sink_settle(s, batch, i, err);
	batch_done(s->batcher, batch);
}

/* The service is away: keep the call, and probe until patience ends. */
static void
stay(struct sink *s, struct batch *batch, const struct call *call)
{
	int64_t now = text_tick();
	int64_t patience = s->tool->patience_ms;
	if (s->away_ms == 0) {
		s->away_ms = now;
		s->probes = 0;
	}
	if (s->hurry || (patience >= 0 && now - s->away_ms >= patience)) {
		fail_all(s, batch, &call->err);
		sink_stop(s, &call->err);
		return;
	}
	int64_t wait = retry_backoff(
	    call->err.throttled ? RETRY_THROTTLED : RETRY_TRANSIENT,
	    s->probes++, sink_random());
	if (call->retry_after_ms > wait)
		wait = call->retry_after_ms;
	if (patience >= 0 && now + wait > s->away_ms + patience)
		wait = s->away_ms + patience - now;
	s->probe_ms = now + wait;
	batch_back(s->batcher, batch, NULL, now, batch->round + 1);
}

/* An answer came and says something of each entry. */
static void
settle_entries(struct sink *s, struct batch *batch)
{
	bool any = false, all = true;
	for (size_t i = 0; i < batch->count; i++) {
		any |= s->again[i];
		all &= s->again[i];
	}
	if (!any) {
		batch_done(s->batcher, batch);
		return;
	}
	/* Where something was accepted the service takes more: the wait grows
	 * only with calls that got nothing through; and not beyond a second or
	 * two while it answers, unless it says that it is too much. */
	int round = all ? batch->round + 1 : 0;
	if (round > ANSWERED_ROUNDS && !s->throttled)
		round = ANSWERED_ROUNDS;
	int64_t wait =
	    retry_backoff(s->throttled ? RETRY_THROTTLED : RETRY_TRANSIENT,
		round, sink_random());
	batch_back(s->batcher, batch, s->again, text_tick() + wait, round);
}

static bool
custom_takes(struct sink *s, const struct call *call)
{
	return s->about->settle != NULL &&
	       s->about->settle(s->ctx, s, s->at_hand, call);
}

void
sink_landed(struct sink *s, struct call *call)
{
	struct sink_flight *f = call->user;
	struct batch *batch = f->batch;
	f->batch = NULL;
	s->at_hand = batch;
	s->throttled = false;
	memset(s->said, 0, batch->count * sizeof(*s->said));
	memset(s->again, 0, batch->count * sizeof(*s->again));
	switch (call->err.kind) {
	case ERR_NONE:
		s->away_ms = 0;
		sink_read_reply(s, call);
		settle_entries(s, batch);
		break;
	case ERR_RECORD:
	case ERR_REFUSED:
		s->away_ms = 0;
		if (custom_takes(s, call)) {
			sink_read_reply(s, NULL);
			settle_entries(s, batch);
		} else if (batch->count > 1) {
			batch_halve(s->batcher, batch);
		} else {
			fail_all(s, batch, &call->err);
		}
		break;
	case ERR_LATER:
		if (s->stopped)
			fail_all(s, batch, &call->err);
		else
			stay(s, batch, call);
		break;
	case ERR_SETUP:
		fail_all(s, batch, &call->err);
		sink_stop(s, &call->err);
		break;
	}
	if (s->stopped)
		sink_stop(s, &s->why); /* what came back just now, too */
}
