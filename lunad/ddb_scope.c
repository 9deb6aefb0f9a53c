#include <stdio.h>
#include <string.h>

#include "ddb.h"

struct expression {
	unsigned bit;
	enum ddb_arg arg;
	const char *name;
	bool values; /* may have :values */
};

/* In the order in which AWS names them. */
static const struct expression expressions[] = {
    {TAKES_PROJECTION, ARG_PROJECTION, "ProjectionExpression", false},
    {TAKES_UPDATE, ARG_UPDATE, "UpdateExpression", true},
    {TAKES_FILTER, ARG_FILTER, "FilterExpression", true},
    {TAKES_CONDITION, ARG_CONDITION, "ConditionExpression", true},
    {TAKES_KEY_CONDITION, ARG_KEY_CONDITION, "KeyConditionExpression", true},
};

static const struct expression legacies[] = {
    {TAKES_PROJECTION, ARG_ATTRIBUTES_TO_GET, "AttributesToGet", false},
    {TAKES_UPDATE, ARG_ATTRIBUTE_UPDATES, "AttributeUpdates", false},
    {TAKES_CONDITION, ARG_EXPECTED, "Expected", false},
    {TAKES_FILTER, ARG_QUERY_FILTER, "QueryFilter", false},
    {TAKES_FILTER, ARG_SCAN_FILTER, "ScanFilter", false},
    {TAKES_FILTER | TAKES_CONDITION, ARG_CONDITIONAL_OPERATOR,
	"ConditionalOperator", false},
    {TAKES_KEY_CONDITION, ARG_KEY_CONDITIONS, "KeyConditions", false},
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* The names of those that the request has, with commas between. */
static void
name_given(const struct ddb_args *args, const struct expression *list,
    size_t count, unsigned takes, struct buf *out)
{
	for (size_t i = 0; i < count; i++)
		if ((takes & list[i].bit) != 0 &&
		    ddb_arg_has(args, list[i].arg)) {
			if (out->len > 0)
				buf_add_text(out, ", ");
			buf_add_text(out, list[i].name);
		}
}

static int
refuse_values(struct ddb_call *c, unsigned takes)
{
	struct buf names = {.max = 200};
	int count = 0;
	for (size_t i = 0; i < COUNT(expressions); i++)
		if (expressions[i].values &&
		    (takes & expressions[i].bit) != 0) {
			if (count++ > 0)
				buf_add_text(&names, " and ");
			buf_add_text(&names, expressions[i].name);
		}
	ddb_invalid(&c->err,
	    "ExpressionAttributeValues can only be specified when using "
	    "expressions%s%s%s",
	    count > 0 ? ": " : "", buf_text(&names),
	    count == 0   ? ""
	    : count == 1 ? " is null"
			 : " are null");
	buf_clear(&names);
	return -1;
}

/* Old and new parameters do not mix. */
static int
check_given(struct ddb_call *c, const struct ddb_args *args, unsigned takes)
{
	struct buf new = {.max = 200}, old = {.max = 200};
	int result = 0;
	bool values = false;
	name_given(args, expressions, COUNT(expressions), takes, &new);
	name_given(args, legacies, COUNT(legacies), takes, &old);
	for (size_t i = 0; i < COUNT(expressions); i++)
		if (expressions[i].values && (takes & expressions[i].bit) != 0)
			values |= ddb_arg_has(args, expressions[i].arg);
	/* A filter expression may go with KeyConditions, as on AWS. */
	bool mixed = new.len > 0 && old.len > 0 &&
		     (strcmp(buf_text(&old), "KeyConditions") != 0 ||
			 ddb_arg_has(args, ARG_KEY_CONDITION));
	if (mixed)
		result = ddb_invalid(&c->err,
		    "Can not use both expression and non-expression parameters "
		    "in the same request: Non-expression parameters: {%s} "
		    "Expression parameters: {%s}",
		    buf_text(&old), buf_text(&new));
	else if (ddb_arg_has(args, ARG_NAMES) && new.len == 0)
		result = ddb_invalid(&c->err,
		    "ExpressionAttributeNames can only be specified when using "
		    "expressions");
	else if (ddb_arg_has(args, ARG_VALUES) && !values)
		result = refuse_values(c, takes);
	else if (strcmp(buf_text(&old), "ConditionalOperator") == 0)
		result =
		    ddb_invalid(&c->err, "ConditionalOperator cannot be "
					 "used without Filter or Expected");
	buf_clear(&new);
	buf_clear(&old);
	return result;
}

static bool
good_key(const char *key, size_t len, char first)
{
	if (len < 2 || key[0] != first)
		return false;
	for (size_t i = 1; i < len; i++)
		if (!((key[i] >= '0' && key[i] <= '9') ||
			((key[i] | 0x20) >= 'a' && (key[i] | 0x20) <= 'z') ||
			key[i] == '_'))
			return false;
	return true;
}

static int
bind_value(struct ddb_call *c, struct ddb_bound *b, struct json v)
{
	char why[sizeof(c->err.message)];
	b->value = ddb_value_read(c->pool, v, false, &c->err);
	if (b->value != NULL)
		return 0;
	if (strcmp(c->err.code, "ValidationException") != 0)
		return -1;
	snprintf(why, sizeof(why), "%s", c->err.message);
	return ddb_invalid(&c->err,
	    "ExpressionAttributeValues contains invalid value: %.400s for key "
	    "%.*s",
	    why, (int)b->key_len, b->key);
}

static int
bind_name(struct ddb_call *c, struct ddb_bound *b, struct json v)
{
	if (v.type != JSON_STRING)
		return err_set(&c->err, ERR_REFUSED, "SerializationException",
		    "Unexpected field type");
	b->name = ddb_text(c, v, &b->len);
	if (b->len > 0)
		return 0;
	return ddb_invalid(&c->err,
	    "ExpressionAttributeNames contains invalid value: Empty attribute "
	    "name for key %.*s",
	    (int)b->key_len, b->key);
}

/* The members of ExpressionAttributeNames or …Values. */
static int
bind_all(
    struct ddb_call *c, struct json from, bool values, struct ddb_bound **list)
{
	const char *parameter =
	    values ? "ExpressionAttributeValues" : "ExpressionAttributeNames";
	struct json_iter it;
	struct json key, v;
	if (from.type == JSON_NONE)
		return 0;
	json_members(from, &it);
	while (json_next(&it, &key, &v)) {
		struct ddb_bound *b = ddb_alloc(c->pool, sizeof(*b));
		b->key = ddb_text(c, key, &b->key_len);
		if (!good_key(b->key, b->key_len, values ? ':' : '#'))
			return ddb_invalid(&c->err,
			    "%s contains invalid key: Syntax error; key: "
			    "\"%.200s\"",
			    parameter, b->key);
		if ((values ? bind_value(c, b, v) : bind_name(c, b, v)) != 0)
			return -1;
		*list = b;
		list = &b->next;
	}
	if (json_count(from) == 0)
		return ddb_invalid(&c->err, "%s must not be empty", parameter);
	return 0;
}

static int
check_used(
    struct ddb_call *c, const struct ddb_bound *list, const char *parameter)
{
	struct buf unused = {.max = 300};
	for (; list != NULL; list = list->next)
		if (!list->used) {
			if (unused.len > 0)
				buf_add_text(&unused, ", ");
			buf_add(&unused, list->key, list->key_len);
		}
	int result = 0;
	if (unused.len > 0)
		result = ddb_invalid(&c->err,
		    "Value provided in %s unused in expressions: keys: {%s}",
		    parameter, buf_text(&unused));
	buf_clear(&unused);
	return result;
}

/* Turn "5 > key" around. */
static enum ddb_op
mirrored(enum ddb_op op)
{
	switch (op) {
	case DDB_LT:
		return DDB_GT;
	case DDB_LE:
		return DDB_GE;
	case DDB_GT:
		return DDB_LT;
	case DDB_GE:
		return DDB_LE;
	default:
		return op;
	}
}

static int
check_key_operator(struct ddb_call *c, const struct ddb_expr *e)
{
	switch (e->op) {
	case DDB_EQ:
	case DDB_LT:
	case DDB_LE:
	case DDB_GT:
	case DDB_GE:
		return 0;
	case DDB_BETWEEN:
	case DDB_BEGINS:
		if (e->args->op == DDB_PATH)
			return 0;
		return ddb_invalid(&c->err,
		    "Invalid condition in KeyConditionExpression: %s operator "
		    "must have the key attribute as its first operand",
		    ddb_op_name[e->op]);
	default:
		return ddb_invalid(&c->err,
		    "Invalid operator used in KeyConditionExpression: %s",
		    ddb_op_name[e->op]);
	}
}

/* One comparison of a key condition. */
static int
key_comparison(
    struct ddb_call *c, const struct ddb_expr *e, struct ddb_exprs *x)
{
	const struct ddb_path *path = NULL;
	struct ddb_key_condition k = {.op = e->op};
	size_t values = 0;
	if (check_key_operator(c, e) != 0)
		return -1;
	for (const struct ddb_expr *o = e->args; o != NULL; o = o->next) {
		if (o->op == DDB_VALUE) {
			k.value[values++ & 1] = o->value;
		} else if (o->op != DDB_PATH) {
			return ddb_invalid(&c->err,
			    "KeyConditionExpressions cannot contain nested "
			    "operations");
		} else if (path != NULL) {
			return ddb_invalid(&c->err,
			    "Invalid condition in KeyConditionExpression: "
			    "Multiple attribute names used in one condition");
		} else {
			path = o->path;
			if (o != e->args)
				k.op = mirrored(k.op);
		}
	}
	if (path == NULL)
		return ddb_invalid(&c->err,
		    "Invalid condition in KeyConditionExpression: No key "
		    "attribute specified");
	if (path->steps > 1)
		return ddb_invalid(&c->err,
		    "KeyConditionExpressions cannot have conditions on nested "
		    "attributes");
	k.name = path->first->name;
	k.len = path->first->len;
	for (size_t i = 0; i < x->keys; i++)
		if (x->key[i].len == k.len &&
		    memcmp(x->key[i].name, k.name, k.len) == 0)
			return ddb_invalid(&c->err,
			    "KeyConditionExpressions must only contain one "
			    "condition per key");
	if (x->keys < COUNT(x->key))
		x->key[x->keys++] = k;
	return 0;
}

static int
key_conditions(
    struct ddb_call *c, const struct ddb_expr *e, struct ddb_exprs *x)
{
	if (e->op != DDB_AND)
		return key_comparison(c, e, x);
	for (const struct ddb_expr *o = e->args; o != NULL; o = o->next)
		if (key_conditions(c, o, x) != 0)
			return -1;
	return 0;
}

static struct ddb_expr *
parse_condition(struct ddb_call *c, const struct ddb_args *args,
    const struct expression *x, struct ddb_scope *s)
{
	size_t len;
	const char *text = ddb_arg_text(c, args, x->arg, &len);
	return ddb_condition_parse(s, x->name, text, len);
}

static int
parse_one(struct ddb_call *c, const struct ddb_args *args,
    const struct expression *x, struct ddb_exprs *out)
{
	struct ddb_scope *s = &out->scope;
	struct ddb_expr *e;
	size_t len;
	const char *text;
	switch (x->arg) {
	case ARG_UPDATE:
		text = ddb_arg_text(c, args, x->arg, &len);
		out->update = ddb_update_parse(s, x->name, text, len);
		return out->update == NULL ? -1 : 0;
	case ARG_PROJECTION:
		text = ddb_arg_text(c, args, x->arg, &len);
		out->projection = ddb_projection_parse(s, x->name, text, len);
		return out->projection == NULL ? -1 : 0;
	case ARG_CONDITION:
		out->condition = parse_condition(c, args, x, s);
		return out->condition == NULL ? -1 : 0;
	case ARG_FILTER:
		out->filter = parse_condition(c, args, x, s);
		return out->filter == NULL ? -1 : 0;
	default:
		e = parse_condition(c, args, x, s);
		return e == NULL ? -1 : key_conditions(c, e, out);
	}
}

int
ddb_exprs_read(struct ddb_call *c, const struct ddb_args *args, unsigned takes,
    struct ddb_exprs *out)
{
	out->scope = (struct ddb_scope){.pool = c->pool, .err = &c->err};
	if (check_given(c, args, takes) != 0 ||
	    bind_all(c, args->v[ARG_NAMES], false, &out->scope.names) != 0 ||
	    bind_all(c, args->v[ARG_VALUES], true, &out->scope.values) != 0)
		return -1;
	for (size_t i = 0; i < COUNT(expressions); i++)
		if ((takes & expressions[i].bit) != 0 &&
		    ddb_arg_has(args, expressions[i].arg) &&
		    parse_one(c, args, &expressions[i], out) != 0)
			return -1;
	if (check_used(c, out->scope.names, "ExpressionAttributeNames") != 0 ||
	    check_used(c, out->scope.values, "ExpressionAttributeValues") != 0)
		return -1;
	return ddb_legacy_read(c, args, takes, out);
}

static bool
is_key(const struct ddb_key *key, const struct ddb_step *step)
{
	return key->name != NULL && key->len == step->len &&
	       memcmp(key->name, step->name, key->len) == 0;
}

int
ddb_exprs_check(
    struct ddb_call *c, const struct ddb_table *t, const struct ddb_exprs *x)
{
	for (const struct ddb_path *p = x->scope.paths; p != NULL;
	     p = p->next) {
		bool own =
		    is_key(&t->hash, p->first) || is_key(&t->range, p->first);
		bool index = false;
		for (size_t i = 0; i < t->indexes && p->steps > 1; i++)
			index |= is_key(&t->index[i].hash, p->first) ||
				 is_key(&t->index[i].range, p->first);
		if (p->steps > 1 && (own || index))
			return ddb_invalid(&c->err,
			    "Key attributes must be scalars; list random "
			    "access '[]' and map lookup '.' are not allowed: "
			    "%s: %.*s",
			    own ? "Key" : "IndexKey", (int)p->first->len,
			    p->first->name);
	}
	return 0;
}
