#include <string.h>

#include "events.h"
#include "store.h"

/* Does the rule or bus of an ARN exist? Fails when not. */
static int
need(struct request *r, const char *arn)
{
	if (check_there(r, arn, "resourceARN") != 0)
		return -1;
	const char *bus = strstr(arn, ":event-bus/");
	const char *rule = strstr(arn, ":rule/");
	if (bus != NULL) {
		bus += strlen(":event-bus/");
		return events_bus_exists(r->store, r->region, bus)
			   ? 0
			   : events_no_bus(r, bus);
	}
	if (rule == NULL)
		return fail(r, 400, "ValidationException",
		    "Parameter ResourceARN is not valid. Reason: Provided Arn "
		    "is not in correct format.");
	rule += strlen(":rule/");
	const char *slash = strrchr(rule, '/');
	if (slash == NULL)
		return events_need_rule(r, "default", rule);
	bus = request_format(r, "%.*s", (int)(slash - rule), rule);
	return events_need_rule(r, bus, slash + 1);
}

void
events_tag(struct request *r, const char *arn, struct json tags)
{
	struct json_iter it;
	struct json one;
	json_each(tags, &it);
	while (json_next(&it, NULL, &one))
		store_do(r->store,
		    "insert or replace into ev_tag values (?, ?, ?)", "ttt",
		    arn, param_text(r, json_get(one, "Key"), NULL),
		    param_text(r, json_get(one, "Value"), NULL));
}

int
events_tag_resource(struct request *r)
{
	const char *arn = param(r, "ResourceARN");
	if (need(r, arn) != 0)
		return ANSWER_ERROR;
	events_tag(r, arn, param_json(r, "Tags"));
	return ANSWER;
}

int
events_untag_resource(struct request *r)
{
	const char *arn = param(r, "ResourceARN");
	struct json_iter it;
	struct json one;
	if (need(r, arn) != 0)
		return ANSWER_ERROR;
	json_each(param_json(r, "TagKeys"), &it);
	while (json_next(&it, NULL, &one))
		store_do(r->store,
		    "delete from ev_tag where arn = ? and key = ?", "tt", arn,
		    param_text(r, one, NULL));
	return ANSWER;
}

int
events_list_tags(struct request *r)
{
	const char *arn = param(r, "ResourceARN");
	if (need(r, arn) != 0)
		return ANSWER_ERROR;
	put_open(r->out, NULL, '{');
	put_open(r->out, "Tags", '[');
	sqlite3_stmt *q = store_query(r->store,
	    "select key, value from ev_tag where arn = ? order by key", "t",
	    arn);
	while (store_next(q)) {
		put_open(r->out, NULL, '{');
		put_text(r->out, "Key", store_text(q, 0));
		put_text(r->out, "Value", store_text(q, 1));
		put_close(r->out, '}');
	}
	store_end(q);
	put_close(r->out, ']');
	put_close(r->out, '}');
	return ANSWER;
}
