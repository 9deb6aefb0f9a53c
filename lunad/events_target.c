#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events.h"
#include "store.h"

#define TARGETS_MAX 5

/* Queues, topics, streams and buses: what lunad delivers to. */
static bool
deliverable(const char *arn)
{
	char service[32] = "";
	sscanf(arn, "arn:%*[^:]:%31[^:]:", service);
	return strcmp(service, "sqs") == 0 || strcmp(service, "sns") == 0 ||
	       strcmp(service, "kinesis") == 0 ||
	       (strcmp(service, "events") == 0 &&
		   strstr(arn, ":event-bus/") != NULL);
}

static int
check_target(struct request *r, struct json target, size_t n)
{
	struct json transformer = json_get(target, "InputTransformer");
	const char *id = param_text(r, json_get(target, "Id"), NULL);
	const char *arn = param_text(r, json_get(target, "Arn"), NULL);
	const char *path = request_format(r, "targets.%zu.member.id", n);
	int inputs = (json_get(target, "Input").type > JSON_NULL) +
		     (json_get(target, "InputPath").type > JSON_NULL) +
		     (transformer.type > JSON_NULL);
	if (check_there(r, id, path) != 0 ||
	    check_there(
		r, arn, request_format(r, "targets.%zu.member.arn", n)) != 0 ||
	    check_word(r, id, path) != 0 ||
	    check_length(r, id, path, 1, 64) != 0)
		return -1;
	if (!deliverable(arn))
		return fail(r, 400, "ValidationException",
		    "Parameter %s is not valid. Reason: Provided Arn is not "
		    "of a queue, a topic, a stream or an event bus, which is "
		    "what lunad delivers to.",
		    arn);
	if (inputs > 1)
		return fail(r, 400, "ValidationException",
		    "Only one of Input, InputPath, or InputTransformer must "
		    "be provided for target %s.",
		    id);
	char *bad = events_bad_placeholder(transformer);
	if (bad == NULL)
		return 0;
	fail(r, 400, "ValidationException",
	    "InputTemplate for target %s contains invalid placeholder %s.", id,
	    bad);
	free(bad);
	return -1;
}

static void
put_failures(struct request *r)
{
	put_open(r->out, NULL, '{');
	put_int(r->out, "FailedEntryCount", 0);
	put_open(r->out, "FailedEntries", '[');
	put_close(r->out, ']');
	put_close(r->out, '}');
}

int
events_put_targets(struct request *r)
{
	const char *bus = events_bus(r), *rule = param(r, "Rule");
	struct json targets = param_json(r, "Targets"), one;
	struct json_iter it;
	size_t n = 0;
	if (events_need_rule(r, bus, rule) != 0)
		return ANSWER_ERROR;
	if (json_count(targets) == 0)
		return check_there(r, NULL, "targets");
	json_each(targets, &it);
	while (json_next(&it, NULL, &one)) {
		struct buf body = {0};
		if (check_target(r, one, ++n) != 0)
			return ANSWER_ERROR;
		json_compact(one, &body);
		store_do(r->store,
		    "insert or replace into ev_target values"
		    " (?, ?, ?, ?, ?, ?)",
		    "tttttt", r->region, bus, rule,
		    param_text(r, json_get(one, "Id"), NULL),
		    param_text(r, json_get(one, "Arn"), NULL), buf_text(&body));
		buf_clear(&body);
	}
	if (store_number(r->store, 0,
		"select count(*) from ev_target where region = ? and bus = ?"
		" and rule = ?",
		"ttt", r->region, bus, rule) > TARGETS_MAX)
		return fail(r, 400, "LimitExceededException",
		    "The requested resource exceeds the maximum number "
		    "allowed.");
	put_failures(r);
	return ANSWER;
}

int
events_remove_targets(struct request *r)
{
	const char *bus = events_bus(r), *rule = param(r, "Rule");
	struct json_iter it;
	struct json one;
	if (events_need_rule(r, bus, rule) != 0)
		return ANSWER_ERROR;
	json_each(param_json(r, "Ids"), &it);
	while (json_next(&it, NULL, &one))
		store_do(r->store,
		    "delete from ev_target where region = ? and bus = ? and"
		    " rule = ? and id = ?",
		    "tttt", r->region, bus, rule, param_text(r, one, NULL));
	put_failures(r);
	return ANSWER;
}

int
events_list_targets(struct request *r)
{
	const char *bus = events_bus(r), *rule = param(r, "Rule");
	const char *after = param(r, "NextToken"), *last = NULL;
	int64_t limit, n = 0;
	if (events_limit(r, &limit) != 0 || events_need_rule(r, bus, rule) != 0)
		return ANSWER_ERROR;
	put_open(r->out, NULL, '{');
	put_open(r->out, "Targets", '[');
	sqlite3_stmt *q = store_query(r->store,
	    "select id, body from ev_target where region = ? and bus = ? and"
	    " rule = ? and id > ? order by id",
	    "tttt", r->region, bus, rule, after == NULL ? "" : after);
	while (n <= limit && store_next(q)) {
		if (++n > limit)
			continue;
		put_raw(
		    r->out, NULL, store_text(q, 1), strlen(store_text(q, 1)));
		last = request_format(r, "%s", store_text(q, 0));
	}
	store_end(q);
	put_close(r->out, ']');
	if (n > limit)
		put_text(r->out, "NextToken", last);
	put_close(r->out, '}');
	return ANSWER;
}

int
events_list_rules_by_target(struct request *r)
{
	const char *bus = events_bus(r), *arn = param(r, "TargetArn");
	const char *after = param(r, "NextToken"), *last = NULL;
	int64_t limit, n = 0;
	if (check_there(r, arn, "targetArn") != 0 ||
	    events_limit(r, &limit) != 0)
		return ANSWER_ERROR;
	if (!events_bus_exists(r->store, r->region, bus))
		return events_no_bus(r, bus);
	put_open(r->out, NULL, '{');
	put_open(r->out, "RuleNames", '[');
	sqlite3_stmt *q = store_query(r->store,
	    "select distinct rule from ev_target where region = ? and"
	    " bus = ? and arn = ? and rule > ? order by rule",
	    "tttt", r->region, bus, arn, after == NULL ? "" : after);
	while (n <= limit && store_next(q)) {
		if (++n > limit)
			continue;
		put_text(r->out, NULL, store_text(q, 0));
		last = request_format(r, "%s", store_text(q, 0));
	}
	store_end(q);
	put_close(r->out, ']');
	if (n > limit)
		put_text(r->out, "NextToken", last);
	put_close(r->out, '}');
	return ANSWER;
}
