#include <stdio.h>
#include <string.h>

#include "ddb.h"

/*
 * The parameters from before expressions, made into the same trees:
 * Expected, QueryFilter, ScanFilter, KeyConditions, AttributeUpdates and
 * AttributesToGet.
 */
#define WRONG "One or more parameter values were invalid: "

struct comparison {
	const char *name;
	enum ddb_op op;
	size_t least, most; /* arguments */
	bool scalars;       /* S, N and B only */
	bool sets;
};

static const struct comparison comparisons[] = {
    {"EQ", DDB_EQ, 1, 1, false, true},
    {"NE", DDB_NE, 1, 1, false, true},
    {"IN", DDB_IN, 1, 100, true, false},
    {"LE", DDB_LE, 1, 1, true, false},
    {"LT", DDB_LT, 1, 1, true, false},
    {"GE", DDB_GE, 1, 1, true, false},
    {"GT", DDB_GT, 1, 1, true, false},
    {"BETWEEN", DDB_BETWEEN, 2, 2, true, false},
    {"NOT_NULL", DDB_EXISTS, 0, 0, false, false},
    {"NULL", DDB_NOT_EXISTS, 0, 0, false, false},
    {"CONTAINS", DDB_CONTAINS, 1, 1, true, false},
    {"NOT_CONTAINS", DDB_NOT_CONTAINS, 1, 1, true, false},
    {"BEGINS_WITH", DDB_BEGINS, 1, 1, true, false},
};

/* One condition on an attribute: its operator and its values. */
struct condition {
	const char *name;
	size_t len;
	const struct comparison *is;
	struct ddb_value *values;
	size_t count;
};

static struct ddb_expr *
node(struct ddb_call *c, enum ddb_op op)
{
	struct ddb_expr *e = ddb_alloc(c->pool, sizeof(*e));
	e->op = op;
	return e;
}

static struct ddb_expr *
make_condition(struct ddb_call *c, const struct condition *k)
{
	struct ddb_expr *e = node(c, k->is->op), **end = &e->args;
	*end = node(c, DDB_PATH);
	(*end)->path = ddb_path_of(c->pool, k->name, k->len);
	end = &(*end)->next;
	for (struct ddb_value *v = k->values; v != NULL; v = v->next) {
		*end = node(c, DDB_VALUE);
		(*end)->value = v;
		end = &(*end)->next;
	}
	e->count = k->count + 1;
	return e;
}

static int
read_operator(struct ddb_call *c, struct json v, struct condition *k)
{
	for (size_t i = 0; i < sizeof(comparisons) / sizeof(*comparisons); i++)
		if (json_is(v, comparisons[i].name))
			k->is = &comparisons[i];
	if (k->is != NULL)
		return 0;
	return ddb_constraint(c, "", "ComparisonOperator", v,
	    v.type == JSON_STRING
		? "Member must satisfy enum value set: [IN, NULL, BETWEEN, LT, "
		  "NOT_CONTAINS, EQ, GT, NOT_NULL, NE, LE, BEGINS_WITH, GE, "
		  "CONTAINS]"
		: "Member must not be null");
}

static int
read_values(struct ddb_call *c, struct json list, struct condition *k)
{
	struct ddb_value **end = &k->values;
	struct json_iter it;
	struct json v;
	json_each(list, &it);
	while (json_next(&it, NULL, &v)) {
		*end = ddb_value_read(c->pool, v, false, &c->err);
		if (*end == NULL)
			return -1;
		end = &(*end)->next;
		k->count++;
	}
	return 0;
}

static bool
allowed(const struct comparison *is, enum ddb_type type)
{
	if (!is->scalars && !is->sets)
		return true;
	if (is->op == DDB_BEGINS)
		return type == DDB_S || type == DDB_B;
	if (ddb_ordered(type))
		return true;
	return !is->scalars;
}

static int
check_values(struct ddb_call *c, const struct condition *k)
{
	const struct ddb_value *first = k->values;
	if (k->count < k->is->least || k->count > k->is->most)
		return ddb_invalid(&c->err,
		    WRONG "Invalid number of argument(s) for the %s "
			  "ComparisonOperator",
		    k->is->name);
	for (const struct ddb_value *v = first; v != NULL; v = v->next) {
		if (v->type != first->type)
			return ddb_invalid(&c->err,
			    WRONG "AttributeValues inside AttributeValueList "
				  "must be of same type");
		if (!allowed(k->is, v->type))
			return ddb_invalid(&c->err,
			    WRONG "ComparisonOperator %s is not valid for %s "
				  "AttributeValue type",
			    k->is->name, ddb_type_name[v->type]);
	}
	if (k->is->op == DDB_BETWEEN &&
	    ddb_value_compare(first, first->next) > 0)
		return ddb_invalid(&c->err,
		    "The BETWEEN condition was provided a range where the "
		    "lower bound is greater than the upper bound");
	return 0;
}

/* {"AttributeValueList":[…],"ComparisonOperator":"EQ"} */
static int
read_condition(
    struct ddb_call *c, struct json key, struct json from, struct condition *k)
{
	*k = (struct condition){0};
	k->name = ddb_text(c, key, &k->len);
	if (read_operator(c, json_get(from, "ComparisonOperator"), k) != 0 ||
	    read_values(c, json_get(from, "AttributeValueList"), k) != 0)
		return -1;
	return check_values(c, k);
}

static int
expected_refused(
    struct ddb_call *c, const char *text, const struct condition *k)
{
	return ddb_invalid(&c->err, WRONG "%s for Attribute: %.*s", text,
	    (int)k->len, k->name);
}

/* {"Value":{…}} or {"Exists":false} */
static int
read_exists(struct ddb_call *c, struct json value, struct json exists,
    struct condition *k)
{
	bool wanted = exists.type == JSON_NONE || json_true(exists);
	if (wanted && value.type == JSON_NONE)
		return expected_refused(c,
		    exists.type == JSON_NONE
			? "Value must be provided when Exists is null"
			: "Value must be provided when Exists is true",
		    k);
	if (!wanted && value.type != JSON_NONE)
		return expected_refused(
		    c, "Value cannot be used when Exists is false", k);
	k->is = &comparisons[wanted ? 0 : 9];
	if (!wanted)
		return 0;
	k->values = ddb_value_read(c->pool, value, false, &c->err);
	k->count = 1;
	return k->values == NULL ? -1 : 0;
}

static int
read_expected(
    struct ddb_call *c, struct json key, struct json from, struct condition *k)
{
	struct json value = json_get(from, "Value");
	struct json list = json_get(from, "AttributeValueList");
	struct json op = json_get(from, "ComparisonOperator");
	struct json exists = json_get(from, "Exists");
	*k = (struct condition){0};
	k->name = ddb_text(c, key, &k->len);
	if (list.type != JSON_NONE && value.type != JSON_NONE)
		return expected_refused(c,
		    "Value and AttributeValueList cannot be used together", k);
	if (op.type == JSON_NONE && list.type != JSON_NONE)
		return expected_refused(c,
		    "AttributeValueList can only be used with a "
		    "ComparisonOperator",
		    k);
	if (op.type == JSON_NONE)
		return read_exists(c, value, exists, k);
	if (exists.type != JSON_NONE)
		return expected_refused(c,
		    "Exists and ComparisonOperator cannot be used together", k);
	if (read_operator(c, op, k) != 0)
		return -1;
	if (k->is->least > 0 && list.type == JSON_NONE &&
	    value.type == JSON_NONE)
		return ddb_invalid(&c->err,
		    WRONG "Value or AttributeValueList must be used with "
			  "ComparisonOperator: %s for Attribute: %.*s",
		    k->is->name, (int)k->len, k->name);
	if (value.type != JSON_NONE) {
		k->values = ddb_value_read(c->pool, value, false, &c->err);
		k->count = 1;
		if (k->values == NULL)
			return -1;
	} else if (read_values(c, list, k) != 0) {
		return -1;
	}
	return check_values(c, k);
}

/* All members of a map of conditions, joined by AND or OR. */
static int
read_conditions(struct ddb_call *c, const struct ddb_args *args,
    struct json from,
    int (*read)(
	struct ddb_call *, struct json, struct json, struct condition *),
    struct ddb_exprs *x, struct ddb_expr **out)
{
	bool any = ddb_arg_is(args, ARG_CONDITIONAL_OPERATOR, "OR");
	struct ddb_expr *joined = node(c, any ? DDB_OR : DDB_AND);
	struct ddb_expr **end = &joined->args;
	struct json_iter it;
	struct json key, v;
	json_members(from, &it);
	while (json_next(&it, &key, &v)) {
		struct condition k;
		if (read(c, key, v, &k) != 0)
			return -1;
		*end = make_condition(c, &k);
		struct ddb_path *seen = ddb_alloc(c->pool, sizeof(*seen));
		*seen = *(*end)->args->path;
		seen->next = x->scope.paths;
		x->scope.paths = seen;
		end = &(*end)->next;
		joined->count++;
	}
	if (joined->count > 0)
		*out = joined;
	return 0;
}

static int
read_key_conditions(struct ddb_call *c, struct json from, struct ddb_exprs *x)
{
	struct json_iter it;
	struct json key, v;
	json_members(from, &it);
	while (json_next(&it, &key, &v)) {
		struct condition k;
		if (read_condition(c, key, v, &k) != 0)
			return -1;
		struct ddb_key_condition *to =
		    &x->key[x->keys < 2 ? x->keys : 2];
		*to = (struct ddb_key_condition){k.name, k.len, k.is->op,
		    {k.values, k.values == NULL ? NULL : k.values->next}};
		if (x->keys < 3)
			x->keys++;
	}
	return 0;
}

static const char *
long_type(enum ddb_type type)
{
	static const char *const names[DDB_TYPES] = {"STRING", "NUMBER",
	    "BINARY", "BOOLEAN", "NULL", "STRING_SET", "NUMBER_SET",
	    "BINARY_SET", "LIST", "MAP"};
	return names[type];
}

static int
check_action(struct ddb_call *c, enum ddb_act act, enum ddb_type type)
{
	bool set = type == DDB_SS || type == DDB_NS || type == DDB_BS;
	if (act == DDB_DELETE && !set)
		return ddb_invalid(&c->err,
		    WRONG "DELETE action with value is not supported for the "
			  "type %s",
		    long_type(type));
	if (act == DDB_ADD && !set && type != DDB_N && type != DDB_L)
		return ddb_invalid(&c->err,
		    WRONG "ADD action is not supported for the type %s",
		    long_type(type));
	return 0;
}

static int
read_action(struct ddb_call *c, struct json v, struct ddb_action *a)
{
	struct json act = json_get(v, "Action"), value = json_get(v, "Value");
	a->legacy = true;
	a->act = DDB_SET;
	if (json_is(act, "ADD"))
		a->act = DDB_ADD;
	else if (json_is(act, "DELETE"))
		a->act = DDB_DELETE;
	else if (act.type == JSON_STRING && !json_is(act, "PUT"))
		return ddb_constraint(c, "attributeUpdates.", "Action", act,
		    "Member must satisfy enum value set: [ADD, DELETE, PUT]");
	if (value.type == JSON_NONE || value.type == JSON_NULL) {
		if (a->act == DDB_DELETE) {
			a->act = DDB_REMOVE;
			return 0;
		}
		return ddb_invalid(&c->err,
		    WRONG "Only DELETE action is allowed when no attribute "
			  "value is specified");
	}
	struct ddb_value *to = ddb_value_read(c->pool, value, false, &c->err);
	if (to == NULL || check_action(c, a->act, to->type) != 0)
		return -1;
	struct ddb_expr *e = node(c, DDB_VALUE);
	e->value = to;
	a->value = e;
	return 0;
}

static int
read_updates(struct ddb_call *c, struct json from, struct ddb_exprs *x)
{
	struct ddb_action **end = &x->update;
	struct json_iter it;
	struct json key, v;
	json_members(from, &it);
	while (json_next(&it, &key, &v)) {
		struct ddb_action *a = ddb_alloc(c->pool, sizeof(*a));
		size_t len;
		const char *name = ddb_text(c, key, &len);
		a->path = ddb_path_of(c->pool, name, len);
		if (read_action(c, v, a) != 0)
			return -1;
		*end = a;
		end = &a->next;
	}
	return 0;
}

static int
read_attributes(struct ddb_call *c, struct json list, struct ddb_exprs *x)
{
	struct ddb_path **end = &x->projection;
	struct json_iter it;
	struct json v;
	json_each(list, &it);
	while (json_next(&it, NULL, &v)) {
		size_t len;
		const char *name = ddb_text(c, v, &len);
		struct ddb_path *path = ddb_path_of(c->pool, name, len);
		for (struct ddb_path *o = x->projection; o != NULL; o = o->next)
			if (ddb_path_equal(o, path))
				return ddb_invalid(&c->err,
				    WRONG "Duplicate value in attribute name: "
					  "%.200s",
				    name);
		*end = path;
		end = &path->next;
	}
	return 0;
}

int
ddb_legacy_read(struct ddb_call *c, const struct ddb_args *args, unsigned takes,
    struct ddb_exprs *x)
{
	const struct json *v = args->v;
	if ((takes & TAKES_PROJECTION) != 0 &&
	    read_attributes(c, v[ARG_ATTRIBUTES_TO_GET], x) != 0)
		return -1;
	if ((takes & TAKES_UPDATE) != 0 &&
	    read_updates(c, v[ARG_ATTRIBUTE_UPDATES], x) != 0)
		return -1;
	if ((takes & TAKES_CONDITION) != 0 &&
	    read_conditions(
		c, args, v[ARG_EXPECTED], read_expected, x, &x->condition) != 0)
		return -1;
	if ((takes & TAKES_KEY_CONDITION) != 0 &&
	    read_key_conditions(c, v[ARG_KEY_CONDITIONS], x) != 0)
		return -1;
	if ((takes & TAKES_FILTER) == 0)
		return 0;
	struct json filter = v[ARG_QUERY_FILTER].type != JSON_NONE
				 ? v[ARG_QUERY_FILTER]
				 : v[ARG_SCAN_FILTER];
	x->legacy_filter = filter.type != JSON_NONE;
	return read_conditions(c, args, filter, read_condition, x, &x->filter);
}
