/*
 * SQS redrive policies: where dead letters go, and who may send them there.
 *
 * Source: Amazon SQS API Reference, SetQueueAttributes; texts as AWS
 * answered them.
 */
#include <stdio.h>
#include <string.h>

#include "sqs_private.h"

#define MAX_RECEIVES 1000
#define MAX_SOURCES 10

static int
refuse(const char *policy, const char *reason, struct sqs_refusal *why)
{
	return sqs_refuse_value(why, policy, "RedrivePolicy", reason);
}

/* Does the dead-letter queue's RedriveAllowPolicy admit q? */
static bool
admits(struct sqs_call *c, struct request *r, const struct sqs_queue *target,
    const struct sqs_queue *q)
{
	sqlite3_stmt *row = store_query(c->store,
	    "SELECT value FROM sqs_attribute"
	    " WHERE queue = ? AND name = 'RedriveAllowPolicy'",
	    "i", target->id);
	struct json v, source;
	struct json_iter it;
	bool yes = true;
	size_t len;
	const char *text, *arn = sqs_queue_arn(r, q);

	if (store_next(row)) {
		text = store_bytes(row, 0, &len);
		if (json_scan(text, len, &v, NULL) == 0 &&
		    !json_is(json_get(v, "redrivePermission"), "allowAll")) {
			yes = false;
			json_each(json_get(v, "sourceQueueArns"), &it);
			while (json_next(&it, NULL, &source))
				yes = yes || json_is(source, arn);
		}
	}
	store_end(row);
	return yes;
}

int
sqs_redrive_read(struct sqs_call *c, struct request *r,
    const struct sqs_queue *q, const char *policy, struct sqs_redrive *out,
    struct sqs_refusal *why)
{
	struct json v, target, receives;
	const struct sqs_queue *dead;
	const char *arn;
	char reason[160];

	if (json_scan(policy, strlen(policy), &v, NULL) != 0 ||
	    v.type != JSON_OBJECT)
		return refuse(
		    policy, "Redrive policy is not a valid JSON map.", why);
	target = json_get(v, "deadLetterTargetArn");
	receives = json_get(v, "maxReceiveCount");
	if (target.type != JSON_STRING)
		return refuse(policy,
		    "Redrive policy does not contain mandatory attribute: "
		    "deadLetterTargetArn.",
		    why);
	if (receives.type == JSON_NONE)
		return refuse(policy,
		    "Redrive policy does not contain mandatory attribute: "
		    "maxReceiveCount.",
		    why);
	if (sqs_number(receives, 1, MAX_RECEIVES, &out->max_receives) != 0) {
		const char *text = sqs_text(r, receives, NULL);

		snprintf(reason, sizeof reason,
		    "Invalid value for maxReceiveCount: %.40s, valid values "
		    "are from 1 to 1000 both inclusive.",
		    text ? text : "null");
		return refuse(policy, reason, why);
	}
	arn = param_text(r, target, NULL);
	dead = arn ? sqs_queue_of_arn(c, arn) : NULL;
	if (!dead)
		return refuse(
		    policy, "Dead letter target does not exist.", why);
	if (dead->fifo != q->fifo)
		return refuse(policy,
		    "Dead-letter queue must be same type of queue as the "
		    "source.",
		    why);
	if (!admits(c, r, dead, q))
		return refuse(policy,
		    "The dead-letter queue does not allow this source queue.",
		    why);
	out->target = sqs_queue_arn(r, dead);
	return 0;
}

int
sqs_redrive_allow_check(
    struct request *r, const char *policy, struct sqs_refusal *why)
{
	struct json v, permission, sources;

	(void)r;
	if (json_scan(policy, strlen(policy), &v, NULL) != 0)
		return sqs_refuse_value(why, policy, "RedriveAllowPolicy",
		    "Amazon SQS can't create the redrive allow policy, as it's "
		    "in an unsupported format.");
	permission = json_get(v, "redrivePermission");
	sources = json_get(v, "sourceQueueArns");
	if (!json_is(permission, "allowAll") &&
	    !json_is(permission, "denyAll") && !json_is(permission, "byQueue"))
		return sqs_refuse_value(why, policy, "RedriveAllowPolicy",
		    "Amazon SQS can't create the redrive allow policy, as it's "
		    "in an unsupported format.");
	if (json_is(permission, "byQueue") != (json_count(sources) > 0) ||
	    json_count(sources) > MAX_SOURCES)
		return sqs_refuse_value(why, policy, "RedriveAllowPolicy",
		    "sourceQueueArns must name 1 to 10 queues with byQueue, "
		    "and none otherwise.");
	return 0;
}
