/*
 * SQS queues: found by name, kept in memory as their rows say, and the
 * receives that wait for them.
 */
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "sqs_private.h"

/* By region and name; a deleted queue keeps its place with id 0. */
static void *queues;
static struct sqs_queue *waited;

static int
compare(const void *a, const void *b)
{
	const struct sqs_queue *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : strcmp(x->region, y->region);
}

static void
queue_free(void *queue)
{
	struct sqs_queue *q = queue;

	free(q->region);
	free(q->name);
	free(q->dead_letter);
	free(q);
}

void
sqs_queue_forget(void)
{
	tdestroy(queues, queue_free);
	queues = NULL;
	waited = NULL;
}

void
sqs_queue_stale(struct sqs_queue *q)
{
	q->stale = true;
}

static void
read_depth(struct sqs_call *c, struct sqs_queue *q)
{
	struct sqs_depth *d = &q->depth;
	sqlite3_stmt *row = store_query(c->store,
	    "SELECT next, fresh, turn, visible, hidden, delayed, sent, bytes,"
	    " least, most, received, deleted, empty, used_at"
	    " FROM sqs_depth WHERE queue = ?",
	    "i", q->id);

	*d = (struct sqs_depth){0};
	if (store_next(row)) {
		d->next = store_int(row, 0);
		d->fresh = store_int(row, 1);
		d->turn = store_int(row, 2);
		d->visible = store_int(row, 3);
		d->hidden = store_int(row, 4);
		d->delayed = store_int(row, 5);
		d->sent = store_int(row, 6);
		d->bytes = store_int(row, 7);
		d->least = store_int(row, 8);
		d->most = store_int(row, 9);
		d->received = store_int(row, 10);
		d->deleted = store_int(row, 11);
		d->empty = store_int(row, 12);
		d->used_at = store_int(row, 13);
	}
	store_end(row);
}

static void
set_attribute(struct sqs_queue *q, const char *name, const char *value)
{
	if (strcmp(name, "VisibilityTimeout") == 0)
		q->visibility_s = atoll(value);
	else if (strcmp(name, "DelaySeconds") == 0)
		q->delay_s = atoll(value);
	else if (strcmp(name, "ReceiveMessageWaitTimeSeconds") == 0)
		q->wait_s = atoll(value);
	else if (strcmp(name, "MessageRetentionPeriod") == 0)
		q->retention_s = atoll(value);
	else if (strcmp(name, "MaximumMessageSize") == 0)
		q->max_bytes = atoll(value);
	else if (strcmp(name, "ContentBasedDeduplication") == 0)
		q->content_dedup = strcmp(value, "true") == 0;
	else if (strcmp(name, "DeduplicationScope") == 0)
		q->group_dedup = strcmp(value, "messageGroup") == 0;
}

static void
read_attributes(struct sqs_call *c, struct sqs_queue *q)
{
	sqlite3_stmt *row = store_query(c->store,
	    "SELECT name, value FROM sqs_attribute WHERE queue = ?", "i",
	    q->id);

	while (store_next(row))
		set_attribute(q, store_text(row, 0), store_text(row, 1));
	store_end(row);
	q->max_receives = 0;
	if (q->dead_letter)
		q->max_receives = store_number(c->store, 0,
		    "SELECT json_extract(value, '$.maxReceiveCount')"
		    " FROM sqs_attribute WHERE queue = ?"
		    " AND name = 'RedrivePolicy'",
		    "i", q->id);
}

/* Read q's rows again; q->id is 0 when they are gone. */
static void
read_queue(struct sqs_call *c, struct sqs_queue *q)
{
	sqlite3_stmt *row = store_query(c->store,
	    "SELECT id, fifo, dead_letter, created_at,"
	    " modified_at, purged_at FROM sqs_queue"
	    " WHERE region = ? AND name = ?",
	    "tt", q->region, q->name);

	q->id = 0;
	free(q->dead_letter);
	q->dead_letter = NULL;
	if (store_next(row)) {
		q->id = store_int(row, 0);
		q->fifo = store_int(row, 1) != 0;
		if (!store_null(row, 2))
			q->dead_letter = mem_text(store_text(row, 2));
		q->created_at = store_int(row, 3);
		q->modified_at = store_int(row, 4);
		q->purged_at = store_int(row, 5);
	}
	store_end(row);
	q->undone = store_undone(c->store);
	q->stale = false;
	q->hidden_until = q->expires_at = 0;
	q->content_dedup = q->group_dedup = false;
	if (q->id) {
		read_attributes(c, q);
		read_depth(c, q);
	}
}

struct sqs_queue *
sqs_queue_find(struct sqs_call *c, const char *region, const char *name)
{
	struct sqs_queue key = {0}, *q, **found;

	key.region = (char *)(uintptr_t)region;
	key.name = (char *)(uintptr_t)name;
	found = tfind(&key, &queues, compare);
	if (found) {
		q = *found;
		/* A touched queue holds counts that no row has yet. */
		if (!q->touched &&
		    (!q->id || q->stale || q->undone != store_undone(c->store)))
			read_queue(c, q);
		return q->id ? q : NULL;
	}
	if (!store_number(c->store, 0,
		"SELECT 1 FROM sqs_queue WHERE region = ? AND name = ?", "tt",
		region, name))
		return NULL;
	q = mem_alloc(sizeof *q);
	q->region = mem_text(region);
	q->name = mem_text(name);
	tsearch(q, &queues, compare);
	read_queue(c, q);
	return q;
}

struct sqs_queue *
sqs_queue_of_arn(struct sqs_call *c, const char *arn)
{
	static const char prefix[] = "arn:aws:sqs:";
	const char *account = LUNAD_ACCOUNT ":";
	char region[64];
	size_t len;

	if (strncmp(arn, prefix, sizeof prefix - 1) != 0)
		return NULL;
	arn += sizeof prefix - 1;
	len = strcspn(arn, ":");
	if (arn[len] == '\0' || len >= sizeof region)
		return NULL;
	memcpy(region, arn, len);
	region[len] = '\0';
	arn += len + 1;
	if (strncmp(arn, account, strlen(account)) != 0)
		return NULL;
	return sqs_queue_find(c, region, arn + strlen(account));
}

struct sqs_queue *
sqs_queue_of_id(struct sqs_call *c, int64_t id)
{
	struct sqs_queue *q = NULL;
	char *region, *name;
	sqlite3_stmt *row = store_query(c->store,
	    "SELECT region, name FROM sqs_queue WHERE id = ?", "i", id);

	if (store_next(row)) {
		region = mem_text(store_text(row, 0));
		name = mem_text(store_text(row, 1));
		store_end(row);
		q = sqs_queue_find(c, region, name);
		free(region);
		free(name);
		return q;
	}
	store_end(row);
	return NULL;
}

int
sqs_queue_missing(struct request *r)
{
	return fail(r, 400, "QueueDoesNotExist",
	    r->query
		? "The specified queue does not exist for this wsdl version."
		: "The specified queue does not exist.");
}

/* A URL's last two parts are account and name; AWS takes a bare name too. */
struct sqs_queue *
sqs_queue_of(struct sqs_call *c, struct request *r, struct json url)
{
	const size_t account = strlen(LUNAD_ACCOUNT);
	const char *text = sqs_text(r, url, NULL), *name, *before;
	struct sqs_queue *q = NULL;

	/* The query form may be sent to the queue's URL instead. */
	if (!text && r->query && r->path[0] && r->path[1])
		text = r->path;
	if (!text || !*text) {
		fail(r, 400, "MissingRequiredParameterException",
		    "The request must contain the parameter QueueUrl.");
		return NULL;
	}
	name = strrchr(text, '/');
	if (!name) {
		q = sqs_queue_find(c, r->region, text);
	} else {
		before = name - account;
		if (before > text && before[-1] == '/' &&
		    strncmp(before, LUNAD_ACCOUNT, account) == 0)
			q = sqs_queue_find(c, r->region, name + 1);
	}
	if (!q)
		sqs_queue_missing(r);
	return q;
}

struct sqs_queue *
sqs_queue_asked(struct sqs_call *c, struct request *r)
{
	return sqs_queue_of(c, r, param_json(r, "QueueUrl"));
}

char *
sqs_queue_arn(struct request *r, const struct sqs_queue *q)
{
	return request_format(
	    r, "arn:aws:sqs:%s:" LUNAD_ACCOUNT ":%s", q->region, q->name);
}

char *
sqs_queue_url(struct request *r, const char *name)
{
	return request_format(r, "%s/" LUNAD_ACCOUNT "/%s",
	    r->base_url ? r->base_url : lunad_base_url(r->lunad), name);
}

struct sqs_depth *
sqs_queue_depth(struct sqs_call *c, struct sqs_queue *q)
{
	if (!q->touched) {
		q->touched = true;
		q->next_touched = c->touched;
		c->touched = q;
	}
	return &q->depth;
}

void
sqs_queue_save(struct sqs_call *c)
{
	while (c->touched) {
		struct sqs_queue *q = c->touched;
		struct sqs_depth *d = &q->depth;

		c->touched = q->next_touched;
		q->touched = false;
		store_do(c->store,
		    "UPDATE sqs_depth SET next = ?, fresh = ?, turn = ?,"
		    " visible = ?, hidden = ?, delayed = ?, sent = ?,"
		    " bytes = ?, least = ?, most = ?, received = ?,"
		    " deleted = ?, empty = ?, used_at = ? WHERE queue = ?",
		    "iiiiiiiiiiiiiii", d->next, d->fresh, d->turn, d->visible,
		    d->hidden, d->delayed, d->sent, d->bytes, d->least, d->most,
		    d->received, d->deleted, d->empty, d->used_at, q->id);
	}
}

void
sqs_queue_used(struct sqs_call *c, struct sqs_queue *q)
{
	sqs_queue_depth(c, q)->used_at = c->now_ms;
	sqs_tick_from(c->now_ms);
}

void
sqs_queue_key(const struct sqs_queue *q, char out[static 32])
{
	snprintf(out, 32, "sqs/%lld", (long long)q->id);
}

void
sqs_queue_wait(struct sqs_queue *q, int64_t wake_at)
{
	q->wake_at = wake_at;
	if (q->waited)
		return;
	q->waited = true;
	q->next_waited = waited;
	waited = q;
}

void
sqs_queue_wake(struct sqs_call *c, struct sqs_queue *q)
{
	char key[32];

	sqs_queue_key(q, key);
	lunad_wake(c->lunad, key);
}

int64_t
sqs_queue_due(void)
{
	int64_t due = SQS_NEVER;

	for (struct sqs_queue *q = waited; q; q = q->next_waited)
		if (q->wake_at < due)
			due = q->wake_at;
	return due;
}

void
sqs_queue_run_due(struct sqs_call *c)
{
	struct sqs_queue **at = &waited, *q;

	while ((q = *at)) {
		if (q->wake_at > c->now_ms) {
			at = &q->next_waited;
			continue;
		}
		*at = q->next_waited;
		q->waited = false;
		sqs_queue_wake(c, q);
	}
}
