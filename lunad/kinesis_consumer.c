/*
 * Consumers with a throughput of their own: registered, described, listed.
 * What they would read by (SubscribeToShard) needs HTTP/2 and is refused.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "kinesis.h"

#define CONSUMERS_MAX 20
#define LISTED 100

struct consumer {
	const char *name;
	int64_t created_ms;
};

static const char *
arn_of(
    struct request *r, const struct kinesis_stream *s, const struct consumer *c)
{
	return request_format(r, "%s/consumer/%s:%" PRId64,
	    kinesis_stream_arn(r, s), c->name, c->created_ms / 1000);
}

static void
put_consumer(
    struct request *r, const struct kinesis_stream *s, const struct consumer *c)
{
	put_text(r->out, "ConsumerName", c->name);
	put_text(r->out, "ConsumerARN", arn_of(r, s, c));
	put_text(r->out, "ConsumerStatus", "ACTIVE");
	put_time(r->out, "ConsumerCreationTimestamp", c->created_ms);
}

static int
missing(struct request *r, const char *what)
{
	return fail(r, 400, "ResourceNotFoundException",
	    "Consumer %s, account %s not found.", what, r->account);
}

/* by name; NULL fills in nothing. */
static bool
find(struct request *r, const struct kinesis_stream *s, const char *name,
    struct consumer *c)
{
	int64_t at = store_number(r->store, -1,
	    "SELECT created_at FROM kinesis_consumer"
	    " WHERE stream = ? AND name = ?",
	    "it", s->id, name);
	*c = (struct consumer){name, at};
	return at >= 0;
}

const char *
kinesis_consumer_of_arn(
    struct request *r, const struct kinesis_stream *s, const char *arn)
{
	struct consumer c;
	const char *name = strstr(arn, "/consumer/");
	if (name != NULL) {
		name += strlen("/consumer/");
		name = request_copy(r, name, strcspn(name, ":"));
		if (find(r, s, name, &c) && strcmp(arn_of(r, s, &c), arn) == 0)
			return name;
	}
	missing(r, arn);
	return NULL;
}

/* By ConsumerARN, or by StreamARN and ConsumerName. */
static int
consumer_asked(
    struct request *r, const struct kinesis_stream **s, struct consumer *c)
{
	bool bad = false;
	const char *arn = param(r, "ConsumerARN");
	if (arn != NULL) {
		*s = kinesis_stream_of_arn(r, "ConsumerARN");
		if (*s == NULL)
			return -1;
		const char *name = kinesis_consumer_of_arn(r, *s, arn);
		return name != NULL && find(r, *s, name, c) ? 0 : -1;
	}
	if (param(r, "StreamARN") == NULL || param(r, "ConsumerName") == NULL)
		return fail(r, 400, "InvalidArgumentException",
		    "Either ConsumerARN, or StreamARN and ConsumerName, must "
		    "be given.");
	*s = kinesis_stream_of_arn(r, "StreamARN");
	const char *name =
	    *s == NULL ? NULL
		       : kinesis_text(r,
			     &(struct kinesis_rule){.name = "ConsumerName",
				 .form = KINESIS_NAME,
				 .most = 128},
			     &bad);
	if (name == NULL)
		return -1;
	return find(r, *s, name, c) ? 0 : missing(r, name);
}

int
kinesis_register_consumer(struct request *r)
{
	bool bad = false;
	struct consumer c;
	const struct kinesis_stream *s = kinesis_stream_of_arn(r, "StreamARN");
	const char *name =
	    s == NULL ? NULL
		      : kinesis_text(r,
			    &(struct kinesis_rule){.name = "ConsumerName",
				.form = KINESIS_NAME,
				.most = 128,
				.required = true},
			    &bad);
	if (name == NULL)
		return ANSWER_ERROR;
	if (find(r, s, name, &c))
		return fail(r, 400, "ResourceInUseException",
		    "Consumer %s under stream %s already exists for account "
		    "%s.",
		    name, s->name, r->account);
	if (store_number(r->store, 0,
		"SELECT count(*) FROM kinesis_consumer WHERE stream = ?", "i",
		s->id) >= CONSUMERS_MAX)
		return fail(r, 400, "LimitExceededException",
		    "A stream cannot have more than %d consumers.",
		    CONSUMERS_MAX);
	c = (struct consumer){name, r->now_ms};
	store_do(r->store,
	    "INSERT INTO kinesis_consumer (stream, name, created_at)"
	    " VALUES (?, ?, ?)",
	    "iti", s->id, name, r->now_ms);
	put_open(r->out, NULL, '{');
	put_open(r->out, "Consumer", '{');
	put_consumer(r, s, &c);
	put_close(r->out, '}');
	put_close(r->out, '}');
	return kinesis_tags_put(r, s->id, name, param_json(r, "Tags"));
}

int
kinesis_deregister_consumer(struct request *r)
{
	struct consumer c;
	const struct kinesis_stream *s;
	if (consumer_asked(r, &s, &c) < 0)
		return ANSWER_ERROR;
	store_do(r->store,
	    "DELETE FROM kinesis_consumer WHERE stream = ? AND name = ?", "it",
	    s->id, c.name);
	kinesis_resource_drop(r->store, s->id, c.name);
	return ANSWER;
}

int
kinesis_describe_consumer(struct request *r)
{
	struct consumer c;
	const struct kinesis_stream *s;
	if (consumer_asked(r, &s, &c) < 0)
		return ANSWER_ERROR;
	put_open(r->out, NULL, '{');
	put_open(r->out, "ConsumerDescription", '{');
	put_consumer(r, s, &c);
	put_text(r->out, "StreamARN", kinesis_stream_arn(r, s));
	put_close(r->out, '}');
	put_close(r->out, '}');
	return ANSWER;
}

static void
put_list(struct request *r, const struct kinesis_stream *s, const char *after,
    int64_t most)
{
	const char *last = NULL;
	bool more = false;
	struct buf token = {0};
	put_open(r->out, "Consumers", '[');
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT name, created_at FROM kinesis_consumer"
	    " WHERE stream = ? AND name > ? ORDER BY name",
	    "it", s->id, after);
	while (!more && store_next(q)) {
		more = most-- == 0;
		if (more)
			break;
		last = request_format(r, "%s", store_text(q, 0));
		const struct consumer c = {last, store_int(q, 1)};
		put_open(r->out, NULL, '{');
		put_consumer(r, s, &c);
		put_close(r->out, '}');
	}
	store_end(q);
	put_close(r->out, ']');
	if (more) {
		kinesis_token(last, strlen(last), &token);
		put_text(r->out, "NextToken", buf_text(&token));
		buf_clear(&token);
	}
}

int
kinesis_list_consumers(struct request *r)
{
	bool bad = false;
	const char *after = "", *token = param(r, "NextToken");
	const struct kinesis_stream *s = kinesis_stream_of_arn(r, "StreamARN");
	struct buf name = {0};
	if (s == NULL)
		return ANSWER_ERROR;
	int64_t most = kinesis_integer(r, "MaxResults", 1, 10000, LISTED, &bad);
	if (bad)
		return ANSWER_ERROR;
	if (token != NULL) {
		bad = kinesis_untoken(token, &name) < 0;
		after = request_copy(r, buf_text(&name), name.len);
		buf_clear(&name);
	}
	if (bad)
		return fail(
		    r, 400, "InvalidArgumentException", "Invalid NextToken.");
	put_open(r->out, NULL, '{');
	put_list(r, s, after, most);
	put_close(r->out, '}');
	return ANSWER;
}

int
kinesis_subscribe(struct request *r)
{
	struct consumer c;
	const struct kinesis_stream *s;
	if (param(r, "ConsumerARN") == NULL)
		return kinesis_required(r, "ConsumerARN");
	if (consumer_asked(r, &s, &c) < 0 ||
	    kinesis_shard_asked(r, s, "ShardId") == NULL)
		return ANSWER_ERROR;
	return fail(r, 400, "UnknownOperationException",
	    "lunad has no SubscribeToShard, which is a stream over HTTP/2: "
	    "read with GetRecords.");
}
