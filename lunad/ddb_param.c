#include <stdio.h>
#include <string.h>

#include "ddb.h"
#include "text.h"

enum kind { TEXT, FLAG, WHOLE, LIST, MAP };

/* Source: the botocore model of dynamodb. */
static const struct param {
	const char *name;
	enum kind kind;
	int64_t least, most; /* of a number, or of a length; most 0: any */
	const char *one_of;
} params[ARGS] = {
    [ARG_TABLE] = {"TableName", TEXT, 1, 1024, NULL},
    [ARG_ITEM] = {"Item", MAP, 0, 0, NULL},
    [ARG_KEY] = {"Key", MAP, 0, 0, NULL},
    [ARG_EXPECTED] = {"Expected", MAP, 0, 0, NULL},
    [ARG_CONDITIONAL_OPERATOR] = {"ConditionalOperator", TEXT, 0, 0, "AND, OR"},
    [ARG_CONDITION] = {"ConditionExpression", TEXT, 0, 0, NULL},
    [ARG_UPDATE] = {"UpdateExpression", TEXT, 0, 0, NULL},
    [ARG_KEY_CONDITION] = {"KeyConditionExpression", TEXT, 0, 0, NULL},
    [ARG_FILTER] = {"FilterExpression", TEXT, 0, 0, NULL},
    [ARG_PROJECTION] = {"ProjectionExpression", TEXT, 0, 0, NULL},
    [ARG_NAMES] = {"ExpressionAttributeNames", MAP, 0, 0, NULL},
    [ARG_VALUES] = {"ExpressionAttributeValues", MAP, 0, 0, NULL},
    [ARG_RETURN] = {"ReturnValues", TEXT, 0, 0,
	"ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW"},
    [ARG_RETURN_CAPACITY] = {"ReturnConsumedCapacity", TEXT, 0, 0,
	"INDEXES, TOTAL, NONE"},
    [ARG_RETURN_METRICS] = {"ReturnItemCollectionMetrics", TEXT, 0, 0,
	"SIZE, NONE"},
    [ARG_RETURN_ON_FAILURE] = {"ReturnValuesOnConditionCheckFailure", TEXT, 0,
	0, "ALL_OLD, NONE"},
    [ARG_ATTRIBUTE_UPDATES] = {"AttributeUpdates", MAP, 0, 0, NULL},
    [ARG_ATTRIBUTES_TO_GET] = {"AttributesToGet", LIST, 1, 255, NULL},
    [ARG_CONSISTENT] = {"ConsistentRead", FLAG, 0, 0, NULL},
    [ARG_INDEX] = {"IndexName", TEXT, 3, 255, NULL},
    [ARG_SELECT] = {"Select", TEXT, 0, 0,
	"SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, "
	"ALL_PROJECTED_ATTRIBUTES"},
    [ARG_LIMIT] = {"Limit", WHOLE, 1, INT32_MAX, NULL},
    [ARG_FORWARD] = {"ScanIndexForward", FLAG, 0, 0, NULL},
    [ARG_START_KEY] = {"ExclusiveStartKey", MAP, 0, 0, NULL},
    [ARG_KEY_CONDITIONS] = {"KeyConditions", MAP, 0, 0, NULL},
    [ARG_QUERY_FILTER] = {"QueryFilter", MAP, 0, 0, NULL},
    [ARG_SCAN_FILTER] = {"ScanFilter", MAP, 0, 0, NULL},
    [ARG_SEGMENT] = {"Segment", WHOLE, 0, 999999, NULL},
    [ARG_SEGMENTS] = {"TotalSegments", WHOLE, 1, 1000000, NULL},
    [ARG_REQUEST_ITEMS] = {"RequestItems", MAP, 1, 0, NULL},
    [ARG_TRANSACT_ITEMS] = {"TransactItems", LIST, 1, 100, NULL},
    [ARG_TOKEN] = {"ClientRequestToken", TEXT, 1, 36, NULL},
};

bool
ddb_arg_has(const struct ddb_args *args, enum ddb_arg arg)
{
	return args->v[arg].type != JSON_NONE;
}

bool
ddb_arg_is(const struct ddb_args *args, enum ddb_arg arg, const char *text)
{
	return json_is(args->v[arg], text);
}

bool
ddb_arg_flag(const struct ddb_args *args, enum ddb_arg arg, bool otherwise)
{
	return ddb_arg_has(args, arg) ? json_true(args->v[arg]) : otherwise;
}

enum ddb_capacity
ddb_capacity_asked(const struct ddb_args *args)
{
	if (ddb_arg_is(args, ARG_RETURN_CAPACITY, "TOTAL"))
		return CAPACITY_TOTAL;
	if (ddb_arg_is(args, ARG_RETURN_CAPACITY, "INDEXES"))
		return CAPACITY_INDEXES;
	return CAPACITY_NONE;
}

void
ddb_put_item(struct ddb_call *c, const char *name, const struct ddb_value *item)
{
	put_raw(c->out, name, "", 0);
	ddb_item_print(item, c->out);
}

const char *
ddb_text(struct ddb_call *c, struct json v, size_t *len)
{
	struct buf text = {0};
	const char *kept = "";
	*len = 0;
	if (v.type == JSON_STRING && json_text(v, &text, NULL) == 0) {
		kept = ddb_copy(c->pool, text.data, text.len);
		*len = text.len;
	}
	buf_clear(&text);
	return kept;
}

const char *
ddb_arg_text(struct ddb_call *c, const struct ddb_args *args, enum ddb_arg arg,
    size_t *len)
{
	return ddb_text(c, args->v[arg], len);
}

static int
serialization(struct ddb_call *c, const char *text)
{
	return err_set(
	    &c->err, ERR_REFUSED, "SerializationException", "%s", text);
}

/* JSON of a type that the model does not have there. */
static int
wrong_json(struct ddb_call *c, const struct param *p, struct json v)
{
	static const char *const wanted[] = {
	    [TEXT] = "String", [FLAG] = "Boolean", [WHOLE] = "Integer"};
	const char *found = v.type == JSON_STRING   ? "STRING_VALUE"
			    : v.type == JSON_NUMBER ? "NUMBER_VALUE"
			    : v.type == JSON_TRUE   ? "TRUE_VALUE"
						    : "FALSE_VALUE";
	if (v.type == JSON_OBJECT)
		return serialization(
		    c, "Start of structure or map found where not expected");
	if (p->kind == LIST || p->kind == MAP)
		return serialization(c, "Unexpected field type");
	if (v.type == JSON_ARRAY)
		return err_set(&c->err, ERR_REFUSED, "SerializationException",
		    "Unrecognized collection type class java.lang.%s",
		    wanted[p->kind]);
	return err_set(&c->err, ERR_REFUSED, "SerializationException",
	    "%s cannot be converted to %s", found, wanted[p->kind]);
}

static bool
right_json(const struct param *p, struct json v)
{
	switch (p->kind) {
	case TEXT:
		return v.type == JSON_STRING;
	case FLAG:
		return v.type == JSON_TRUE || v.type == JSON_FALSE ||
		       json_is(v, "true") || json_is(v, "false");
	case WHOLE:
		return v.type == JSON_NUMBER;
	case LIST:
		return v.type == JSON_ARRAY;
	case MAP:
		return v.type == JSON_OBJECT;
	}
	return false;
}

int
ddb_constraint(struct ddb_call *c, const char *path, const char *name,
    struct json v, const char *constraint)
{
	char first[2] = {name[0], '\0'};
	if (first[0] >= 'A' && first[0] <= 'Z')
		first[0] = (char)(first[0] - 'A' + 'a');
	struct buf value = {.max = 120};
	if (v.type == JSON_NONE) {
		buf_add_text(&value, "null");
	} else if (v.type == JSON_STRING) {
		buf_add_char(&value, '\'');
		json_text(v, &value, NULL);
		buf_add_char(&value, '\'');
	} else {
		buf_addf(
		    &value, "'%.*s'", v.len > 100 ? 100 : (int)v.len, v.at);
	}
	ddb_invalid(&c->err,
	    "1 validation error detected: Value %s at '%s%s%s' failed to "
	    "satisfy constraint: %s",
	    buf_text(&value), path, first, name + 1, constraint);
	buf_clear(&value);
	return -1;
}

bool
ddb_is_one_of(struct json v, const char *list)
{
	while (*list != '\0') {
		size_t len = strcspn(list, ",");
		if (v.len == len + 2 && memcmp(v.at + 1, list, len) == 0)
			return true;
		list += len + strspn(list + len, ", ");
	}
	return false;
}

static int
check_bounds(
    struct ddb_call *c, const struct param *p, const char *path, struct json v)
{
	char text[96];
	int64_t n = 0;
	const char *what = "length";
	switch (p->kind) {
	case WHOLE:
		what = "value";
		if (json_integer(v, &n) != 0)
			n = v.at[0] == '-' ? INT64_MIN : INT64_MAX;
		break;
	case TEXT:
		n = (int64_t)v.len - 2;
		break;
	default:
		n = p->least == 0 && p->most == 0 ? 0 : (int64_t)json_count(v);
		break;
	}
	if (n < p->least)
		snprintf(text, sizeof(text),
		    "Member must have %s greater than or equal to %lld", what,
		    (long long)p->least);
	else if (p->most != 0 && n > p->most)
		snprintf(text, sizeof(text),
		    "Member must have %s less than or equal to %lld", what,
		    (long long)p->most);
	else
		return 0;
	return ddb_constraint(c, path, p->name, v, text);
}

static int
check(
    struct ddb_call *c, const struct param *p, const char *path, struct json v)
{
	char text[160];
	if (!right_json(p, v))
		return wrong_json(c, p, v);
	if (check_bounds(c, p, path, v) != 0)
		return -1;
	if (p->one_of == NULL || ddb_is_one_of(v, p->one_of))
		return 0;
	snprintf(text, sizeof(text), "Member must satisfy enum value set: [%s]",
	    p->one_of);
	return ddb_constraint(c, path, p->name, v, text);
}

int
ddb_args_read(struct ddb_call *c, struct json in, const char *path,
    const enum ddb_arg *required, struct ddb_args *args)
{
	struct json_iter it;
	struct json key, v;
	json_members(in, &it);
	while (json_next(&it, &key, &v))
		for (int i = 0; i < ARGS; i++)
			if (params[i].name[0] == key.at[1] &&
			    json_is(key, params[i].name)) {
				if (v.type != JSON_NULL)
					args->v[i] = v;
				break;
			}
	for (; *required != ARGS; required++)
		if (!ddb_arg_has(args, *required))
			return ddb_constraint(c, path, params[*required].name,
			    (struct json){0}, "Member must not be null");
	for (int i = 0; i < ARGS; i++)
		if (args->v[i].type != JSON_NONE &&
		    check(c, &params[i], path, args->v[i]) != 0)
			return -1;
	return 0;
}
