#include "stack.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "operation.h"
#include "text.h"

/* Between two looks, in ms: at once after news, slower without. */
#define WAIT_FIRST 500
#define WAIT_MOST 5000

void
stack_init(
    struct stack *s, struct caller *caller, const char *name, int stop_fd)
{
	*s = (struct stack){.caller = caller, .name = name, .stop_fd = stop_fd};
}

void
stack_clear(struct stack *s)
{
	struct buf *bufs[] = {&s->id, &s->status, &s->reason, &s->about,
	    &s->reply, &s->seen, &s->fault};
	for (size_t i = 0; i < sizeof(bufs) / sizeof(bufs[0]); i++)
		buf_clear(bufs[i]);
}

int
stack_call(struct stack *s, const char *operation, const struct buf *params,
    struct err *err)
{
	struct operation o;
	struct operation_about about = {
	    .service = "cloudformation", .name = operation};
	int status = operation_init(&o, &about, err);
	if (status == 0)
		status =
		    operation_encode(&o, buf_text(params), params->len, err);
	if (status == 0)
		status = call_run_until(s->caller, &o.call, s->stop_fd, err);
	buf_reset(&s->reply);
	if (status == 0)
		status = operation_reply(&o, &s->reply, err);
	if (status == 0)
		status =
		    json_scan(buf_text(&s->reply), s->reply.len, &s->root, err);
	operation_clear(&o);
	return status;
}

static void
take(struct buf *to, struct json v)
{
	buf_reset(to);
	if (v.type == JSON_STRING)
		json_text(v, to, NULL);
}

/* The parameters that name the stack. */
static void
begin(const struct stack *s, struct buf *params)
{
	buf_reset(params);
	buf_add_char(params, '{');
	text_json_member(
	    "StackName", s->id.len > 0 ? buf_text(&s->id) : s->name, params);
}

int
stack_look(struct stack *s, struct err *err)
{
	struct buf params = {0};
	struct err failed = {0};
	begin(s, &params);
	buf_add_char(&params, '}');
	int status = stack_call(s, "DescribeStacks", &params, &failed);
	buf_clear(&params);
	if (status != 0 && strcmp(failed.code, "ValidationError") == 0 &&
	    strstr(failed.message, "does not exist") != NULL) {
		buf_reset(&s->id);
		buf_reset(&s->status);
		buf_reset(&s->about);
		return 0;
	}
	if (status != 0) {
		*err = failed;
		return -1;
	}
	struct json one = json_at(json_get(s->root, "Stacks"), 0);
	take(&s->id, json_get(one, "StackId"));
	take(&s->status, json_get(one, "StackStatus"));
	take(&s->reason, json_get(one, "StackStatusReason"));
	buf_reset(&s->about);
	json_compact(one, &s->about);
	if (s->id.len > 0 && s->status.len > 0)
		return 0;
	return err_set(err, ERR_LATER, "InvalidReply",
	    "the reply to DescribeStacks has no stack");
}

bool
stack_is(const struct stack *s, const char *status)
{
	return strcmp(buf_text(&s->status), status) == 0;
}

int
stack_delete(struct stack *s, struct err *err)
{
	struct buf params = {0};
	begin(s, &params);
	buf_add_char(&params, '}');
	int status = stack_call(s, "DeleteStack", &params, err);
	buf_clear(&params);
	return status;
}

static bool
ends_with(const struct buf *text, const char *end)
{
	size_t n = strlen(end);
	return text->len >= n && strcmp(text->data + text->len - n, end) == 0;
}

bool
stack_busy(const struct stack *s)
{
	return ends_with(&s->status, "_IN_PROGRESS") &&
	       !stack_is(s, "REVIEW_IN_PROGRESS");
}

bool
stack_good(const struct stack *s)
{
	return stack_is(s, "CREATE_COMPLETE") ||
	       stack_is(s, "UPDATE_COMPLETE") || stack_is(s, "DELETE_COMPLETE");
}

void
stack_origin(const struct stack *s, struct buf *out)
{
	buf_add_text(out, "\"StackName\":");
	text_json_string(s->name, strlen(s->name), out);
	if (s->id.len == 0)
		return;
	buf_add_text(out, ",\"StackId\":");
	text_json_string(s->id.data, s->id.len, out);
}

struct json
stack_member(const struct stack *s, const char *name)
{
	struct json about;
	if (s->about.len == 0 ||
	    json_scan(s->about.data, s->about.len, &about, NULL) != 0)
		return (struct json){.type = JSON_NONE};
	return json_get(about, name);
}

int
stack_each(struct stack *s, const char *operation, const char *list,
    const char *rest, void (*tell)(void *user, struct json element), void *user,
    struct err *err)
{
	struct buf params = {0}, token = {0};
	int status;
	do {
		struct json_iter it;
		struct json v;
		begin(s, &params);
		buf_add_text(&params, rest);
		if (token.len > 0)
			text_json_member("NextToken", token.data, &params);
		buf_add_char(&params, '}');
		status = stack_call(s, operation, &params, err);
		if (status != 0)
			break;
		json_each(json_get(s->root, list), &it);
		while (json_next(&it, NULL, &v))
			tell(user, v);
		take(&token, json_get(s->root, "NextToken"));
	} while (token.len > 0);
	buf_clear(&params);
	buf_clear(&token);
	return status;
}

/* The events that are new, newest first, as CloudFormation gives them. */
struct news {
	struct stack *stack;
	struct buf *event;
	size_t count;
	bool known; /* the last one that was told has come */
};

static void
collect(void *user, struct json event)
{
	struct news *n = user;
	if (n->known)
		return;
	if (n->stack->seen.len > 0 &&
	    json_is(json_get(event, "EventId"), buf_text(&n->stack->seen))) {
		n->known = true;
		return;
	}
	n->event = mem_grow(n->event, n->count + 1, sizeof(*n->event));
	n->event[n->count] = (struct buf){0};
	json_compact(event, &n->event[n->count++]);
}

/* What is cancelled because something else failed is not the fault. */
static void
note_fault(struct stack *s, struct json event)
{
	struct buf status = {0}, reason = {0}, name = {0}, type = {0};
	take(&status, json_get(event, "ResourceStatus"));
	take(&reason, json_get(event, "ResourceStatusReason"));
	take(&name, json_get(event, "LogicalResourceId"));
	take(&type, json_get(event, "ResourceType"));
	if (s->fault.len == 0 && ends_with(&status, "_FAILED") &&
	    strcmp(buf_text(&type), "AWS::CloudFormation::Stack") != 0 &&
	    strstr(buf_text(&reason), "cancelled") == NULL)
		buf_addf(&s->fault, "%s (%s) %s: %s", buf_text(&name),
		    buf_text(&type), buf_text(&status), buf_text(&reason));
	buf_clear(&status);
	buf_clear(&reason);
	buf_clear(&name);
	buf_clear(&type);
}

int
stack_events(struct stack *s, void (*tell)(void *user, struct json event),
    void *user, struct err *err)
{
	struct news n = {.stack = s};
	int status = stack_each(
	    s, "DescribeStackEvents", "StackEvents", "", collect, &n, err);
	for (size_t i = n.count; i-- > 0;) {
		struct json event;
		if (status == 0 && json_scan(buf_text(&n.event[i]),
				       n.event[i].len, &event, NULL) == 0) {
			take(&s->seen, json_get(event, "EventId"));
			if (tell != NULL) {
				note_fault(s, event);
				tell(user, event);
			}
		}
		buf_clear(&n.event[i]);
	}
	free(n.event);
	return status;
}

static int
pause_ms(struct stack *s, int ms, struct err *err)
{
	struct pollfd fd = {.fd = s->stop_fd, .events = POLLIN};
	if (poll(&fd, 1, ms) <= 0)
		return 0;
	return err_set(err, ERR_LATER, "Interrupted",
	    "a signal came; the stack goes on: %s", buf_text(&s->status));
}

int
stack_wait(struct stack *s, void (*tell)(void *user, struct json event),
    void *user, struct err *err)
{
	struct buf last = {0};
	int wait_ms = WAIT_FIRST, status;
	for (;;) {
		/* The state first: no event of its end is missed. */
		status = stack_look(s, err);
		if (status == 0)
			status = stack_events(s, tell, user, err);
		if (status != 0 || !stack_busy(s))
			break;
		bool news = strcmp(buf_text(&last), buf_text(&s->seen)) != 0;
		buf_reset(&last);
		buf_add(&last, buf_text(&s->seen), s->seen.len);
		wait_ms = news ? WAIT_FIRST : wait_ms * 3 / 2;
		if (wait_ms > WAIT_MOST)
			wait_ms = WAIT_MOST;
		status = pause_ms(s, wait_ms, err);
		if (status != 0)
			break;
	}
	buf_clear(&last);
	return status;
}
