#ifndef LUNA_STACK_H
#define LUNA_STACK_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "call.h"
#include "err.h"
#include "json.h"

/*
 * A CloudFormation stack, as an operator sees it: its state, its change
 * sets, its events as they happen.
 */
#define STACK_BODY 51200 /* bytes of a template that a request takes */

struct stack {
	struct caller *caller;
	int stop_fd; /* readable after a signal */
	const char *name;

	/* by stack_look: */
	struct buf id;     /* "" : there is no such stack */
	struct buf status; /* "CREATE_COMPLETE" */
	struct buf reason;
	struct buf about; /* its member of Stacks */

	/* of the last call */
	struct buf reply;
	struct json root;

	struct buf seen;  /* EventId of the last one that was told */
	struct buf fault; /* the first failure among the events */
};

void stack_init(
    struct stack *s, struct caller *caller, const char *name, int stop_fd);
void stack_clear(struct stack *s);

/*
 * One operation; its reply is s->root, until the next.
 *
 * params: JSON, an object.
 * Fails:  as call_run_until, ERR_LATER "InvalidReply".
 */
int stack_call(struct stack *s, const char *operation, const struct buf *params,
    struct err *err);

/* What state is it in? Once it has been found it is looked for by its id. */
int stack_look(struct stack *s, struct err *err);
bool stack_is(const struct stack *s, const char *status);
bool stack_busy(const struct stack *s); /* …_IN_PROGRESS, but review */
/* Did what just ended go well? */
bool stack_good(const struct stack *s);
/* Append the members of @metadata.from.cloudformation. */
void stack_origin(const struct stack *s, struct buf *out);
/* A member of the last look, or JSON_NONE. */
struct json stack_member(const struct stack *s, const char *name);

/*
 * Pass on what happened since the last time, the oldest first.
 *
 * tell: NULL: only remember how far they go.
 */
int stack_events(struct stack *s, void (*tell)(void *user, struct json event),
    void *user, struct err *err);
/* Events, again and again, until the stack is no longer busy. */
int stack_wait(struct stack *s, void (*tell)(void *user, struct json event),
    void *user, struct err *err);

/* Begin to delete it, as it was looked at. */
int stack_delete(struct stack *s, struct err *err);

/* Call for each element of a list, page by page. rest: more parameters, as
 * members with a comma before, or "". */
int stack_each(struct stack *s, const char *operation, const char *list,
    const char *rest, void (*tell)(void *user, struct json element), void *user,
    struct err *err);

/*
 * stack_plan.c: a change set.
 */
struct stack_plan {
	const char *template_path;
	char *const *value; /* NAME=VALUE */
	size_t values;
	const char *const *capability;
	size_t capabilities;

	/* the module's */
	struct buf template, params;
	struct buf set; /* its name, "" when there is none */
	bool creates, fresh;
	bool empty; /* nothing would change */
};

/*
 * Read the template and check it, its parameters and capabilities against
 * the stack, which was looked at.
 *
 * Fails: ERR_SETUP: what the operator has to mend; as stack_call.
 */
int stack_plan_check(struct stack *s, struct stack_plan *p, struct err *err);
/* Make the change set and wait for it; p->empty: there was nothing to do. */
int stack_plan_make(struct stack *s, struct stack_plan *p, struct err *err);
int stack_plan_execute(struct stack *s, struct stack_plan *p, struct err *err);
/* Delete the change set, and the stack if it is there only for it. */
int stack_plan_drop(struct stack *s, struct stack_plan *p, struct err *err);
void stack_plan_clear(struct stack_plan *p);

#endif
