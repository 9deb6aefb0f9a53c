#ifndef LUNAD_EVENTS_H
#define LUNAD_EVENTS_H

#include "check.h"
#include "lunad.h"

/*
 * What EventBridge's files share: events.c has the table of operations and
 * the buses, events_rule.c rules, events_target.c their targets,
 * events_input.c what a target gets of an event, events_send.c events on
 * their way, events_tag.c tags.
 */

/* The bus that a request names by name or ARN; "default" without. */
const char *events_bus(struct request *r);
/* Does it exist? Every region has "default". */
bool events_bus_exists(struct store *s, const char *region, const char *bus);
int events_no_bus(struct request *r, const char *bus);
/* "arn:aws:events:…:rule/[BUS/]NAME" */
void events_rule_arn(
    const char *region, const char *bus, const char *rule, struct buf *out);
/* Is there such a rule? Fails when there is not. */
int events_need_rule(struct request *r, const char *bus, const char *rule);
/* Pages: Limit, 1 to 100; NextToken is the last name of the page before. */
int events_limit(struct request *r, int64_t *limit);

/* events_rule.c */
int events_put_rule(struct request *r);
int events_describe_rule(struct request *r);
int events_list_rules(struct request *r);
int events_delete_rule(struct request *r);
int events_enable_rule(struct request *r);
int events_disable_rule(struct request *r);
int events_test_pattern(struct request *r);
/* events_target.c */
int events_put_targets(struct request *r);
int events_remove_targets(struct request *r);
int events_list_targets(struct request *r);
int events_list_rules_by_target(struct request *r);
/* events_tag.c */
int events_tag_resource(struct request *r);
int events_untag_resource(struct request *r);
int events_list_tags(struct request *r);
/* Set the tags of a list of {"Key":…,"Value":…}. */
void events_tag(struct request *r, const char *arn, struct json tags);
/* events_send.c */
int events_put_events(struct request *r);
int64_t events_due(struct lunad *l);
void events_run(struct lunad *l, int64_t now_ms);
void events_open(struct lunad *l);

/*
 * events_input.c: what a target gets of an event: its Input, what its
 * InputPath finds, its InputTemplate filled, or the event.
 *
 * target: as PutTargets had it. event: compact.
 * Returns -1 when there is nothing to deliver: a path that leads nowhere, or
 * a filled template that is no JSON.
 */
struct events_rule_name {
	const char *region, *bus, *name;
};
int events_input(struct json target, struct json event,
    const struct events_rule_name *rule, int64_t now_ms, struct buf *out);
/* "$.detail.items[0].id" of an event; type JSON_NONE when it leads nowhere. */
struct json events_find(struct json event, const char *path);
/* The first placeholder of a template that neither the map nor EventBridge
 * defines, to be freed; NULL when there is none. */
char *events_bad_placeholder(struct json transformer);

#endif
