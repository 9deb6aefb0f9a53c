/*
 * What belongs to a stream or a consumer by its ARN: which of them that is,
 * and resource policies, which are checked and kept, and never applied.
 */
#include "policy.h"

#include <string.h>

#include "kinesis.h"

int
kinesis_resource_asked(struct request *r, struct kinesis_resource *of)
{
	const struct kinesis_stream *s =
	    kinesis_stream_of_arn(r, "ResourceARN");
	if (s == NULL)
		return -1;
	*of = (struct kinesis_resource){s->id, ""};
	const char *arn = param(r, "ResourceARN");
	if (strstr(arn, "/consumer/") == NULL)
		return 0;
	of->consumer = kinesis_consumer_of_arn(r, s, arn);
	return of->consumer == NULL ? -1 : 0;
}

void
kinesis_resource_drop(struct store *store, int64_t stream, const char *consumer)
{
	store_do(store,
	    "DELETE FROM kinesis_tag"
	    " WHERE stream = ?1 AND (?2 IS NULL OR consumer = ?2)",
	    "it", stream, consumer);
	store_do(store,
	    "DELETE FROM kinesis_policy"
	    " WHERE stream = ?1 AND (?2 IS NULL OR consumer = ?2)",
	    "it", stream, consumer);
}

int
kinesis_put_policy(struct request *r)
{
	bool bad = false;
	struct kinesis_resource of;
	struct buf why = {0};
	if (kinesis_resource_asked(r, &of) < 0)
		return ANSWER_ERROR;
	const char *policy = kinesis_text(r,
	    &(struct kinesis_rule){.name = "Policy", .required = true}, &bad);
	if (policy == NULL)
		return ANSWER_ERROR;
	if (policy_check(policy, POLICY_RESOURCE, &why) < 0)
		fail(r, 400, "InvalidArgumentException", "%s", buf_text(&why));
	else
		store_do(r->store,
		    "INSERT OR REPLACE INTO kinesis_policy"
		    " (stream, consumer, policy) VALUES (?, ?, ?)",
		    "itt", of.stream, of.consumer, policy);
	buf_clear(&why);
	return r->error_status == 0 ? ANSWER : ANSWER_ERROR;
}

int
kinesis_get_policy(struct request *r)
{
	struct kinesis_resource of;
	if (kinesis_resource_asked(r, &of) < 0)
		return ANSWER_ERROR;
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT policy FROM kinesis_policy"
	    " WHERE stream = ? AND consumer = ?",
	    "it", of.stream, of.consumer);
	put_open(r->out, NULL, '{');
	put_text(r->out, "Policy", store_next(q) ? store_text(q, 0) : "{}");
	put_close(r->out, '}');
	store_end(q);
	return ANSWER;
}

int
kinesis_delete_policy(struct request *r)
{
	struct kinesis_resource of;
	if (kinesis_resource_asked(r, &of) < 0)
		return ANSWER_ERROR;
	store_do(r->store,
	    "DELETE FROM kinesis_policy WHERE stream = ? AND consumer = ?",
	    "it", of.stream, of.consumer);
	return ANSWER;
}
