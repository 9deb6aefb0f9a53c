#include <string.h>

#include "ddb_page.h"

/*
 * Query and Scan: what may be asked together, and of which index.
 */
static bool
is_key(const struct ddb_key *key, const char *name, size_t len)
{
	return key->name != NULL && key->len == len &&
	       memcmp(key->name, name, len) == 0;
}

static int
check_select(struct ddb_call *c, struct ddb_page *p)
{
	const char *what = ddb_arg_has(&p->args, ARG_PROJECTION)
			       ? "ProjectionExpression"
			       : "AttributesToGet";
	bool some = p->exprs.projection != NULL;
	p->count_only = ddb_arg_is(&p->args, ARG_SELECT, "COUNT");
	if (p->count_only && some)
		return ddb_invalid(&c->err,
		    "Cannot specify the %s when choosing to get only the Count",
		    what);
	if (ddb_arg_is(&p->args, ARG_SELECT, "SPECIFIC_ATTRIBUTES") && !some)
		return ddb_invalid(&c->err,
		    "Must specify the AttributesToGet or ProjectionExpression "
		    "when choosing to get SPECIFIC_ATTRIBUTES");
	if (ddb_arg_is(&p->args, ARG_SELECT, "ALL_ATTRIBUTES") && some)
		return ddb_invalid(&c->err,
		    "Cannot specify the %s when choosing to get ALL_ATTRIBUTES",
		    what);
	if (!ddb_arg_is(&p->args, ARG_SELECT, "ALL_PROJECTED_ATTRIBUTES"))
		return 0;
	if (!ddb_arg_has(&p->args, ARG_INDEX))
		return ddb_invalid(&c->err,
		    "ALL_PROJECTED_ATTRIBUTES can be used only when Querying "
		    "using an IndexName");
	if (some)
		return ddb_invalid(&c->err,
		    "Cannot specify the %s when choosing to get "
		    "ALL_PROJECTED_ATTRIBUTES",
		    what);
	return 0;
}

static int
find_index(struct ddb_call *c, struct ddb_page *p)
{
	size_t len;
	if (!ddb_arg_has(&p->args, ARG_INDEX))
		return 0;
	const char *name = ddb_arg_text(c, &p->args, ARG_INDEX, &len);
	p->index = ddb_table_index(p->table, name, len);
	if (p->index == NULL)
		return ddb_invalid(&c->err,
		    "The table does not have the specified index: %s", name);
	if (p->index->global && p->consistent)
		return ddb_invalid(&c->err, "Consistent reads are not "
					    "supported on global secondary "
					    "indexes");
	return 0;
}

static bool
projects(const struct ddb_page *p, const char *name, size_t len)
{
	const struct ddb_index *i = p->index;
	if (i->projection == PROJECT_ALL || is_key(&i->hash, name, len) ||
	    is_key(&i->range, name, len) ||
	    is_key(&p->table->hash, name, len) ||
	    is_key(&p->table->range, name, len))
		return true;
	struct json_iter it;
	struct json v;
	json_each(i->others, &it);
	while (i->projection == PROJECT_SOME && json_next(&it, NULL, &v))
		if (v.len == len + 2 && memcmp(v.at + 1, name, len) == 0)
			return true;
	return false;
}

/* What is asked for and an index does not have. */
static int
check_projected(struct ddb_call *c, struct ddb_page *p)
{
	const struct ddb_index *i = p->index;
	if (i == NULL || i->projection == PROJECT_ALL)
		return 0;
	bool all = ddb_arg_is(&p->args, ARG_SELECT, "ALL_ATTRIBUTES");
	if (all && i->global)
		return ddb_invalid(&c->err,
		    "One or more parameter values were invalid: Select type "
		    "ALL_ATTRIBUTES is not supported for global secondary "
		    "index %s because its projection type is not ALL",
		    i->name);
	p->fetch = all;
	for (const struct ddb_path *o = p->exprs.projection; o != NULL;
	     o = o->next) {
		if (projects(p, o->first->name, o->first->len))
			continue;
		p->fetch = true;
		if (i->global)
			return ddb_invalid(&c->err,
			    "One or more parameter values were invalid: Global "
			    "secondary index %s does not project [%.*s]",
			    i->name, (int)o->first->len, o->first->name);
	}
	return 0;
}

/* A filter looks at what is no key, and at what the index has. */
static int
check_filter_path(
    struct ddb_call *c, const struct ddb_page *p, const struct ddb_path *path)
{
	const char *name = path->first->name;
	size_t len = path->first->len;
	if (is_key(page_hash(p), name, len) || is_key(page_range(p), name, len))
		return ddb_invalid(&c->err,
		    "%s can only contain non-primary key attributes: Primary "
		    "key attribute: %.*s",
		    p->exprs.legacy_filter ? "QueryFilter"
					   : "Filter Expression",
		    (int)len, name);
	if (p->index != NULL && !projects(p, name, len))
		return ddb_invalid(&c->err,
		    "One or more parameter values were invalid: Secondary "
		    "index %s does not project one or more filter attributes: "
		    "[%.*s]",
		    p->index->name, (int)len, name);
	return 0;
}

static int
check_filter(
    struct ddb_call *c, const struct ddb_page *p, const struct ddb_expr *e)
{
	if (e == NULL)
		return 0;
	if (e->op == DDB_PATH)
		return check_filter_path(c, p, e->path);
	for (const struct ddb_expr *o = e->args; o != NULL; o = o->next)
		if (check_filter(c, p, o) != 0)
			return -1;
	return 0;
}

static const struct ddb_key_condition *
condition_on(const struct ddb_page *p, const struct ddb_key *key)
{
	for (size_t i = 0; i < p->exprs.keys; i++)
		if (is_key(key, p->exprs.key[i].name, p->exprs.key[i].len))
			return &p->exprs.key[i];
	return NULL;
}

static bool
range_operator(enum ddb_op op)
{
	return op == DDB_EQ || op == DDB_LT || op == DDB_LE || op == DDB_GT ||
	       op == DDB_GE || op == DDB_BETWEEN || op == DDB_BEGINS;
}

static int
check_condition(struct ddb_call *c, const struct ddb_key *key,
    const struct ddb_key_condition *k)
{
	if (!range_operator(k->op))
		return ddb_invalid(&c->err, "Attempted conditional constraint "
					    "is not an indexable operation");
	for (int i = 0; i < 2; i++)
		if (k->value[i] != NULL && k->value[i]->type != key->type)
			return ddb_invalid(&c->err,
			    "One or more parameter values were invalid: "
			    "Condition parameter type does not match schema "
			    "type");
	if (key->type != DDB_N && k->value[0]->len == 0 && k->op == DDB_EQ)
		return ddb_invalid(&c->err,
		    "One or more parameter values are not valid. The "
		    "AttributeValue for a key attribute cannot contain an "
		    "empty %s value. Key: %s",
		    key->type == DDB_S ? "string" : "binary", key->name);
	return 0;
}

static int
check_keys(struct ddb_call *c, struct ddb_page *p)
{
	const struct ddb_key *hash = page_hash(p), *range = page_range(p);
	p->hash = condition_on(p, hash);
	p->range = condition_on(p, range);
	if (range->name == NULL && p->exprs.keys > 1)
		return ddb_invalid(
		    &c->err, "Query key condition not supported");
	if (p->hash == NULL)
		return ddb_invalid(&c->err,
		    "Query condition missed key schema element: %s",
		    hash->name);
	if (check_condition(c, hash, p->hash) != 0)
		return -1;
	if (p->hash->op != DDB_EQ)
		return ddb_invalid(
		    &c->err, "Query key condition not supported");
	if (p->exprs.keys == 1)
		return 0;
	if (p->range == NULL)
		return ddb_invalid(&c->err,
		    "Query condition missed key schema element: %s",
		    range->name);
	return check_condition(c, range, p->range);
}

/* What Query and Scan have in common, up to the table and the index. */
static int
read_page(struct ddb_call *c, unsigned takes, struct ddb_page *p)
{
	static const enum ddb_arg required[] = {ARG_TABLE, ARGS};
	if (ddb_args_read(c, c->r->in, "", required, &p->args) != 0)
		return -1;
	if (ddb_arg_has(&p->args, ARG_START_KEY)) {
		p->start = ddb_item_read(
		    c->pool, p->args.v[ARG_START_KEY], false, &c->err);
		if (p->start == NULL)
			return -1;
	}
	p->consistent = ddb_arg_flag(&p->args, ARG_CONSISTENT, false);
	p->forward = ddb_arg_flag(&p->args, ARG_FORWARD, true);
	json_integer(p->args.v[ARG_LIMIT], &p->limit);
	return ddb_exprs_read(c, &p->args, takes, &p->exprs);
}

static int
find_all(struct ddb_call *c, struct ddb_page *p)
{
	p->table = ddb_table_find(c, p->args.v[ARG_TABLE], false);
	if (p->table == NULL)
		return -1;
	c->table = p->table;
	if (find_index(c, p) != 0 || check_select(c, p) != 0)
		return -1;
	return 0;
}

static int
query(struct ddb_call *c, struct ddb_page *p)
{
	if (read_page(c, TAKES_KEY_CONDITION | TAKES_FILTER | TAKES_PROJECTION,
		p) != 0)
		return -1;
	if (!ddb_arg_has(&p->args, ARG_KEY_CONDITION) &&
	    !ddb_arg_has(&p->args, ARG_KEY_CONDITIONS))
		return ddb_invalid(&c->err,
		    "Either the KeyConditions or KeyConditionExpression "
		    "parameter must be specified in the request.");
	if (p->exprs.keys < 1 || p->exprs.keys > 2)
		return ddb_invalid(
		    &c->err, "Conditions can be of length 1 or 2 only");
	if (find_all(c, p) != 0 ||
	    page_check_start(c, p, "The provided starting key is invalid",
		"The provided key element does not match the schema") != 0 ||
	    check_keys(c, p) != 0 ||
	    ddb_exprs_check(c, p->table, &p->exprs) != 0 ||
	    check_filter(c, p, p->exprs.filter) != 0 ||
	    check_projected(c, p) != 0)
		return -1;
	return page_query_range(c, p);
}

int
ddb_query(struct ddb_call *c)
{
	struct ddb_page p = {0};
	int result = query(c, &p);
	if (result == 0)
		page_run(c, &p);
	page_clear(&p);
	return result;
}

static int
check_segments(struct ddb_call *c, const struct ddb_page *p)
{
	int64_t segment = 0, segments = 1;
	bool one = ddb_arg_has(&p->args, ARG_SEGMENT);
	bool all = ddb_arg_has(&p->args, ARG_SEGMENTS);
	if (one && !all)
		return ddb_invalid(&c->err,
		    "The TotalSegments parameter is required but was not "
		    "present in the request when Segment parameter is present");
	if (all && !one)
		return ddb_invalid(&c->err,
		    "The Segment parameter is required but was not present in "
		    "the request when parameter TotalSegments is present");
	json_integer(p->args.v[ARG_SEGMENT], &segment);
	json_integer(p->args.v[ARG_SEGMENTS], &segments);
	if (segment < segments)
		return 0;
	return ddb_invalid(&c->err,
	    "The Segment parameter is zero-based and must be less than "
	    "parameter TotalSegments: Segment: %lld is not less than "
	    "TotalSegments: %lld",
	    (long long)segment, (long long)segments);
}

static int
scan(struct ddb_call *c, struct ddb_page *p)
{
	if (read_page(c, TAKES_FILTER | TAKES_PROJECTION, p) != 0 ||
	    check_segments(c, p) != 0 || find_all(c, p) != 0)
		return -1;
	p->forward = true;
	const char *refusal =
	    p->index == NULL
		? "The provided starting key is invalid: The provided key "
		  "element does not match the schema"
		: "The provided starting key is invalid";
	if (page_check_start(c, p, refusal, refusal) != 0 ||
	    ddb_exprs_check(c, p->table, &p->exprs) != 0 ||
	    check_projected(c, p) != 0)
		return -1;
	return page_scan_range(c, p);
}

int
ddb_scan(struct ddb_call *c)
{
	struct ddb_page p = {0};
	int result = scan(c, &p);
	if (result == 0)
		page_run(c, &p);
	page_clear(&p);
	return result;
}
