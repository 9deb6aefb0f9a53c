#include "events.h"

#include <stdlib.h>
#include <string.h>

#include "store.h"

#define LIMIT_MAX 100

extern const struct api events_api;

const char *
events_bus(struct request *r)
{
	const char *bus = param(r, "EventBusName");
	const char *slash = bus == NULL || strncmp(bus, "arn:", 4) != 0
				? NULL
				: strchr(bus, '/');
	if (bus == NULL || *bus == '\0')
		return "default";
	return slash != NULL ? slash + 1 : bus;
}

bool
events_bus_exists(struct store *s, const char *region, const char *bus)
{
	return strcmp(bus, "default") == 0 ||
	       store_number(s, 0,
		   "select 1 from ev_bus where region = ? and name = ?", "tt",
		   region, bus) != 0;
}

int
events_no_bus(struct request *r, const char *bus)
{
	return fail(r, 400, "ResourceNotFoundException",
	    "Event bus %s does not exist.", bus);
}

void
events_rule_arn(
    const char *region, const char *bus, const char *rule, struct buf *out)
{
	bool custom = strcmp(bus, "default") != 0;
	buf_addf(out, "arn:aws:events:%s:%s:rule/%s%s%s", region, LUNAD_ACCOUNT,
	    custom ? bus : "", custom ? "/" : "", rule);
}

int
events_need_rule(struct request *r, const char *bus, const char *rule)
{
	if (check_there(r, rule, "name") != 0)
		return -1;
	if (!events_bus_exists(r->store, r->region, bus))
		return events_no_bus(r, bus);
	if (store_number(r->store, 0,
		"select 1 from ev_rule where region = ? and bus = ? and"
		" name = ?",
		"ttt", r->region, bus, rule) != 0)
		return 0;
	return fail(r, 400, "ResourceNotFoundException",
	    "Rule %s does not exist on EventBus %s.", rule, bus);
}

int
events_limit(struct request *r, int64_t *limit)
{
	*limit = param_int(r, "Limit", LIMIT_MAX);
	if (*limit >= 1 && *limit <= LIMIT_MAX)
		return 0;
	return check_refuse(r, param(r, "Limit"), "limit",
	    *limit < 1 ? "Member must have value greater than or equal to 1"
		       : "Member must have value less than or equal to 100");
}

static const char *
bus_arn(struct request *r, const char *name)
{
	return request_format(r, "arn:aws:events:%s:%s:event-bus/%s", r->region,
	    LUNAD_ACCOUNT, name);
}

static int
create_bus(struct request *r)
{
	const char *name = param(r, "Name");
	const char *description = param(r, "Description");
	if (check_there(r, name, "name") != 0 ||
	    check_length(r, name, "name", 1, 256) != 0 ||
	    check_word(r, name, "name") != 0)
		return ANSWER_ERROR;
	if (events_bus_exists(r->store, r->region, name))
		return fail(r, 400, "ResourceAlreadyExistsException",
		    "Event bus %s already exists.", name);
	store_do(r->store,
	    "insert into ev_bus (region, name, description, created_ms)"
	    " values (?, ?, ?, ?)",
	    "ttti", r->region, name, description, r->now_ms);
	events_tag(r, bus_arn(r, name), param_json(r, "Tags"));
	put_open(r->out, NULL, '{');
	put_text(r->out, "EventBusArn", bus_arn(r, name));
	if (description != NULL)
		put_text(r->out, "Description", description);
	put_close(r->out, '}');
	return ANSWER;
}

static int
delete_bus(struct request *r)
{
	const char *name = param(r, "Name");
	if (check_there(r, name, "name") != 0)
		return ANSWER_ERROR;
	if (strcmp(name, "default") == 0)
		return fail(r, 400, "ValidationException",
		    "Cannot delete event bus default.");
	if (store_number(r->store, 0,
		"select 1 from ev_rule where region = ? and bus = ? limit 1",
		"tt", r->region, name) != 0)
		return fail(r, 400, "ValidationException",
		    "Event bus %s can't be deleted since it has rules.", name);
	if (store_do(r->store,
		"delete from ev_bus where region = ? and name = ?", "tt",
		r->region, name) == 0)
		return events_no_bus(r, name);
	store_do(r->store, "delete from ev_tag where arn = ?", "t",
	    bus_arn(r, name));
	return ANSWER;
}

static void
put_bus(struct request *r, const char *name, const char *description,
    int64_t created_ms)
{
	put_text(r->out, "Name", name);
	put_text(r->out, "Arn", bus_arn(r, name));
	if (*description != '\0')
		put_text(r->out, "Description", description);
	put_time(r->out, "CreationTime", created_ms);
	put_time(r->out, "LastModifiedTime", created_ms);
}

/* All buses of the region, the default one among them. */
static const char all_buses[] =
    "select name, description, created_ms from ev_bus where region = ?1"
    " union all select 'default', '', 0 order by name";

static int
describe_bus(struct request *r)
{
	const char *name = param(r, "Name");
	const char *slash = name == NULL ? NULL : strrchr(name, '/');
	bool found = false;
	if (name == NULL)
		name = "default";
	else if (strncmp(name, "arn:", 4) == 0 && slash != NULL)
		name = slash + 1;
	sqlite3_stmt *q = store_query(r->store, all_buses, "t", r->region);
	while (!found && store_next(q))
		if (strcmp(store_text(q, 0), name) == 0) {
			put_open(r->out, NULL, '{');
			put_bus(r, name, store_text(q, 1), store_int(q, 2));
			put_close(r->out, '}');
			found = true;
		}
	store_end(q);
	return found ? ANSWER : events_no_bus(r, name);
}

static int
list_buses(struct request *r)
{
	const char *prefix = param(r, "NamePrefix");
	const char *after = param(r, "NextToken"), *last = NULL;
	int64_t limit, n = 0;
	if (events_limit(r, &limit) != 0)
		return ANSWER_ERROR;
	put_open(r->out, NULL, '{');
	put_open(r->out, "EventBuses", '[');
	sqlite3_stmt *q = store_query(r->store, all_buses, "t", r->region);
	while (n <= limit && store_next(q)) {
		const char *name = store_text(q, 0);
		if ((prefix != NULL &&
			strncmp(name, prefix, strlen(prefix)) != 0) ||
		    (after != NULL && strcmp(name, after) <= 0) || ++n > limit)
			continue;
		put_open(r->out, NULL, '{');
		put_bus(r, name, store_text(q, 1), store_int(q, 2));
		put_close(r->out, '}');
		last = request_format(r, "%s", name);
	}
	store_end(q);
	put_close(r->out, ']');
	if (n > limit)
		put_text(r->out, "NextToken", last);
	put_close(r->out, '}');
	return ANSWER;
}

static const char schema[] =
    "create table if not exists ev_bus ("
    " region text not null, name text not null, description text,"
    " created_ms integer not null, primary key (region, name))"
    " without rowid;"
    "create table if not exists ev_rule ("
    " region text not null, bus text not null, name text not null,"
    " pattern text, schedule text, state text not null,"
    " description text, role text,"
    " since_ms integer not null," /* a rate counts from here */
    " next_ms integer,"           /* null: no schedule, or disabled */
    " primary key (region, bus, name)) without rowid;"
    "create index if not exists ev_rule_by_time on ev_rule (next_ms)"
    " where next_ms is not null;"
    "create table if not exists ev_target ("
    " region text not null, bus text not null, rule text not null,"
    " id text not null, arn text not null, body text not null,"
    " primary key (region, bus, rule, id)) without rowid;"
    "create table if not exists ev_tag ("
    " arn text not null, key text not null, value text not null,"
    " primary key (arn, key)) without rowid;";

static const struct operation operations[] = {
    {.name = "PutRule", .run = events_put_rule, .writes = true},
    {.name = "DescribeRule", .run = events_describe_rule},
    {.name = "ListRules", .run = events_list_rules},
    {.name = "DeleteRule", .run = events_delete_rule, .writes = true},
    {.name = "EnableRule", .run = events_enable_rule, .writes = true},
    {.name = "DisableRule", .run = events_disable_rule, .writes = true},
    {.name = "TestEventPattern", .run = events_test_pattern},
    {.name = "PutTargets", .run = events_put_targets, .writes = true},
    {.name = "RemoveTargets", .run = events_remove_targets, .writes = true},
    {.name = "ListTargetsByRule", .run = events_list_targets},
    {.name = "ListRuleNamesByTarget", .run = events_list_rules_by_target},
    {.name = "PutEvents", .run = events_put_events, .writes = true},
    {.name = "CreateEventBus", .run = create_bus, .writes = true},
    {.name = "DeleteEventBus", .run = delete_bus, .writes = true},
    {.name = "DescribeEventBus", .run = describe_bus},
    {.name = "ListEventBuses", .run = list_buses},
    {.name = "TagResource", .run = events_tag_resource, .writes = true},
    {.name = "UntagResource", .run = events_untag_resource, .writes = true},
    {.name = "ListTagsForResource", .run = events_list_tags},
    {.name = NULL},
};

const struct api events_api = {
    .name = "events",
    .target = "AWSEvents",
    .json_version = "1.1",
    .error_prefix = "",
    .operation = operations,
    .schema = schema,
    .due = events_due,
    .run_due = events_run,
    .open = events_open,
};
