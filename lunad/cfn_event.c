/*
 * Events of stacks: kept, and published to the stack's topics.
 */
#include <stdlib.h>
#include <string.h>

#include "cfn_stack.h"
#include "text.h"

static void
line(struct buf *out, const char *name, const char *value)
{
	buf_addf(out, "%s='%s'\n", name, value == NULL ? "" : value);
}

/*
 * Source: CloudFormation User Guide, "Receive stack notifications".
 */
static void
describe(struct request *r, const struct cfn_stack *s,
    const struct cfn_event *e, struct buf *out)
{
	char iso[TEXT_ISO];
	text_iso(r->now_ms, iso);
	line(out, "StackId", s->id);
	line(out, "Timestamp", iso);
	line(out, "EventId", e->id);
	line(out, "LogicalResourceId", e->logical);
	line(out, "Namespace", r->account);
	line(out, "PhysicalResourceId", e->physical);
	line(out, "ResourceProperties",
	    e->properties == NULL ? "null" : e->properties);
	line(out, "ResourceStatus", e->status);
	line(out, "ResourceStatusReason", e->reason);
	line(out, "ResourceType", e->type);
	line(out, "StackName", s->name);
	line(out, "ClientRequestToken",
	    cfn_get_text(s->about, "ClientRequestToken"));
}

/* A topic that is gone, or refuses, does not stop the stack. */
static void
publish(struct request *r, const struct cfn_stack *s, const struct cfn_event *e)
{
	const cJSON *topics = cfn_get(s->about, "NotificationARNs");
	const cJSON *c = topics == NULL ? NULL : topics->child;
	struct buf text = {0}, reply = {0};
	if (c != NULL)
		describe(r, s, e, &text);
	for (; c != NULL; c = c->next) {
		cJSON *params = cfn_one("TopicArn", cfn_text(c));
		cfn_put_text(
		    params, "Subject", "AWS CloudFormation Notification");
		cfn_put_text(params, "Message", buf_text(&text));
		char *call = cfn_print(params);
		lunad_call(r->lunad, r->region, "sns", "Publish", call,
		    strlen(call), &reply, NULL);
		free(call);
		cJSON_Delete(params);
	}
	buf_clear(&text);
	buf_clear(&reply);
}

void
cfn_event(
    struct request *r, const struct cfn_stack *s, const struct cfn_event *e)
{
	store_do(r->store,
	    "INSERT INTO cfn_event (stack, id, at_ms, logical, physical, type,"
	    " status, reason, properties, token)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	    "ttittttttt", s->id, e->id, r->now_ms, e->logical, e->physical,
	    e->type, e->status, e->reason, e->properties,
	    cfn_get_text(s->about, "ClientRequestToken"));
	publish(r, s, e);
}
