#include <string.h>

#include "ddb_lex.h"

/*
 * The grammar of conditions (condition, filter and key condition
 * expressions), and of the functions of both kinds of expressions.
 */
#define OPERANDS_MAX 100 /* of IN */

struct function {
	const char *name;
	enum ddb_op op;
	size_t operands;
	bool update;
};

static const struct function functions[] = {
    {"attribute_exists", DDB_EXISTS, 1, false},
    {"attribute_not_exists", DDB_NOT_EXISTS, 1, false},
    {"attribute_type", DDB_TYPE_IS, 2, false},
    {"begins_with", DDB_BEGINS, 2, false},
    {"contains", DDB_CONTAINS, 2, false},
    {"size", DDB_SIZE, 1, false},
    {"if_not_exists", DDB_IF_NOT_EXISTS, 2, true},
    {"list_append", DDB_LIST_APPEND, 2, true},
};

static bool
is_condition(const struct ddb_expr *e)
{
	return e->op < DDB_SIZE;
}

static void
check_distinct(struct parser *p, const struct ddb_expr *e)
{
	const struct ddb_expr *first = e->args;
	if (first == NULL || first->op != DDB_PATH)
		return;
	for (const struct ddb_expr *o = first->next; o != NULL; o = o->next) {
		if (o->op != DDB_PATH || !ddb_path_equal(first->path, o->path))
			continue;
		struct buf path = {.max = 300};
		ddb_path_show(first->path, &path);
		parse_trouble(p, TROUBLE_DISTINCT,
		    "The first operand must be distinct from the remaining "
		    "operands for this operator or function; operator: %s, "
		    "first operand: %s",
		    ddb_op_name[e->op], buf_text(&path));
		buf_clear(&path);
	}
}

/* Conditions are no operands. */
static void
check_operands(struct parser *p, const struct ddb_expr *e)
{
	for (const struct ddb_expr *o = e->args; o != NULL; o = o->next)
		if (is_condition(o))
			parse_trouble(p, TROUBLE_MISUSED,
			    "The function is not allowed to be used this way "
			    "in an expression; function: %s",
			    ddb_op_name[o->op]);
	if (!p->update || e->op == DDB_IF_NOT_EXISTS)
		check_distinct(p, e);
}

static void
check_attribute_type(struct parser *p, const struct ddb_expr *wanted)
{
	enum ddb_type type = parse_type(wanted);
	if (type != DDB_S) {
		if (type == DDB_TYPES)
			parse_trouble(p, TROUBLE_TYPE,
			    "Incorrect operand type for operator or function; "
			    "operator or function: attribute_type, operand "
			    "type: {NS,SS,L,BS,N,M,B,BOOL,NULL,S}");
		else
			parse_wrong_type(p, DDB_TYPE_IS, type);
		return;
	}
	const struct ddb_value *v = wanted->value;
	if (ddb_type_of(v->text, v->len) == DDB_TYPES)
		parse_trouble(p, TROUBLE_TYPE,
		    "Invalid attribute type name found; type: %.*s, valid "
		    "types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
		    v->len > 200 ? 200 : (int)v->len, v->text);
}

static void
check_types(struct parser *p, const struct ddb_expr *e)
{
	for (const struct ddb_expr *o = e->args; o != NULL; o = o->next) {
		enum ddb_type type = parse_type(o);
		bool wrong = false;
		if (type == DDB_TYPES)
			continue;
		switch (e->op) {
		case DDB_BEGINS:
			wrong = type != DDB_S && type != DDB_B;
			break;
		case DDB_SIZE:
			wrong = type == DDB_N || type == DDB_BOOL ||
				type == DDB_NULL;
			break;
		case DDB_LIST_APPEND:
			wrong = type != DDB_L;
			break;
		case DDB_LT:
		case DDB_LE:
		case DDB_GT:
		case DDB_GE:
		case DDB_BETWEEN:
			wrong = !ddb_ordered(type);
			break;
		default:
			break;
		}
		if (wrong)
			parse_wrong_type(p, e->op, type);
	}
}

static void
check_function(struct parser *p, const struct function *f, struct ddb_expr *e)
{
	if (e->count != f->operands) {
		parse_trouble(p, TROUBLE_OPERANDS,
		    "Incorrect number of operands for operator or function; "
		    "operator or function: %s, number of operands: %zu",
		    f->name, e->count);
		return;
	}
	check_operands(p, e);
	if ((f->op == DDB_EXISTS || f->op == DDB_NOT_EXISTS ||
		f->op == DDB_IF_NOT_EXISTS) &&
	    e->args->op != DDB_PATH)
		parse_trouble(p, TROUBLE_TYPE,
		    "Operator or function requires a document path; operator "
		    "or function: %s",
		    f->name);
	if (f->op == DDB_TYPE_IS)
		check_attribute_type(p, e->args->next);
	else
		check_types(p, e);
}

static struct ddb_expr *
function_call(struct parser *p, struct token name)
{
	const struct function *f = NULL;
	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++)
		if (strlen(functions[i].name) == name.len &&
		    memcmp(functions[i].name, name.at, name.len) == 0)
			f = &functions[i];
	if (f == NULL)
		parse_trouble(p, TROUBLE_FUNCTION,
		    "Invalid function name; function: %.*s", (int)name.len,
		    name.at);
	else if (f->update != p->update)
		parse_trouble(p, TROUBLE_FUNCTION,
		    "The function is not allowed in %s expression; function: "
		    "%s",
		    p->update ? "an update" : "a condition", f->name);
	struct ddb_expr *e = parse_node(p, f == NULL ? DDB_SIZE : f->op);
	parse_operator(p);
	if (parse_deeper(p) != 0 || parse_operands(p, e) != 0)
		return NULL;
	p->depth--;
	if (f != NULL)
		check_function(p, f, e);
	return e;
}

struct ddb_expr *
parse_operand(struct parser *p)
{
	if (p->now.type == TOKEN_VALUE)
		return parse_value(p);
	if (parse_take(p, "(")) {
		if (parse_deeper(p) != 0)
			return NULL;
		struct ddb_expr *e = parse_operand(p);
		p->depth--;
		if (e == NULL || parse_expect(p, ")") != 0)
			return NULL;
		parse_parens(p, e);
		return e;
	}
	if (p->now.type == TOKEN_WORD) {
		struct parser ahead = *p;
		parse_next(&ahead);
		if (parse_is(&ahead, "(")) {
			struct token name = p->now;
			parse_next(p);
			parse_next(p);
			return function_call(p, name);
		}
	}
	struct ddb_expr *e = parse_node(p, DDB_PATH);
	e->path = parse_path(p);
	return e->path == NULL ? NULL : e;
}

static struct ddb_expr *parse_or(struct parser *p);

static void
check_between(struct parser *p, const struct ddb_expr *e)
{
	const struct ddb_expr *low = e->args->next, *high = low->next;
	if (low->op != DDB_VALUE || high->op != DDB_VALUE ||
	    low->value->type == DDB_TYPES || high->value->type == DDB_TYPES)
		return;
	bool same = low->value->type == high->value->type;
	if (same && (!ddb_ordered(low->value->type) ||
			ddb_value_compare(low->value, high->value) <= 0))
		return;
	struct buf from = {.max = 150}, to = {.max = 150};
	ddb_value_show(low->value, &from);
	ddb_value_show(high->value, &to);
	parse_trouble(p, TROUBLE_TYPE,
	    "The BETWEEN operator requires %s; lower bound operand: "
	    "AttributeValue: %s, upper bound operand: AttributeValue: %s",
	    same ? "upper bound to be greater than or equal to lower bound"
		 : "same data type for lower and upper bounds",
	    buf_text(&from), buf_text(&to));
	buf_clear(&from);
	buf_clear(&to);
}

/* left BETWEEN a AND b; the word has been taken. */
static int
between(struct parser *p, struct ddb_expr *e)
{
	struct ddb_expr *low = parse_operand(p);
	if (low == NULL)
		return -1;
	if (!parse_keyword(p, "AND"))
		return parse_wrong(p);
	parse_next(p);
	struct ddb_expr *high = parse_operand(p);
	if (high == NULL)
		return -1;
	e->args->next = low;
	low->next = high;
	e->count = 3;
	check_between(p, e);
	return 0;
}

static int
in_list(struct parser *p, struct ddb_expr *e)
{
	if (parse_expect(p, "(") != 0 || parse_operands(p, e) != 0)
		return -1;
	if (e->count - 1 > OPERANDS_MAX)
		parse_trouble(p, TROUBLE_LIMIT,
		    "The IN operator is provided with too many operands; "
		    "number of operands: %zu",
		    e->count - 1);
	return 0;
}

/* What follows an operand of a comparison. */
static struct ddb_expr *
comparison(struct parser *p, struct ddb_expr *left)
{
	static const enum ddb_op signs[] = {
	    DDB_EQ, DDB_NE, DDB_LE, DDB_LT, DDB_GE, DDB_GT};
	enum ddb_op op = DDB_OPS;
	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++)
		if (parse_is(p, ddb_op_name[signs[i]]))
			op = signs[i];
	if (parse_keyword(p, "BETWEEN"))
		op = DDB_BETWEEN;
	if (parse_keyword(p, "IN"))
		op = DDB_IN;
	if (op == DDB_OPS)
		return left;
	struct ddb_expr *e = parse_node(p, op);
	e->args = left;
	e->count = 1;
	parse_operator(p);
	parse_next(p);
	int result = 0;
	if (op == DDB_BETWEEN) {
		result = between(p, e);
	} else if (op == DDB_IN) {
		result = in_list(p, e);
	} else {
		left->next = parse_operand(p);
		e->count = 2;
		result = left->next == NULL ? -1 : 0;
	}
	if (result != 0)
		return NULL;
	check_operands(p, e);
	check_types(p, e);
	return e;
}

static struct ddb_expr *
parse_primary(struct parser *p)
{
	struct ddb_expr *e;
	if (parse_take(p, "(")) {
		if (parse_deeper(p) != 0)
			return NULL;
		e = parse_or(p);
		p->depth--;
		if (e == NULL || parse_expect(p, ")") != 0)
			return NULL;
		parse_parens(p, e);
		if (is_condition(e) && e->op < DDB_EXISTS)
			return e;
	} else {
		e = parse_operand(p);
	}
	return e == NULL ? NULL : comparison(p, e);
}

/* Where a condition must stand: -1 when e is none. */
static int
want_condition(struct parser *p, const struct ddb_expr *e)
{
	if (is_condition(e))
		return 0;
	if (e->op == DDB_PATH || e->op == DDB_VALUE)
		return parse_wrong(p);
	parse_trouble(p, TROUBLE_MISUSED,
	    "The function is not allowed to be used this way in an "
	    "expression; function: %s",
	    ddb_op_name[e->op]);
	return 0;
}

static struct ddb_expr *
parse_not(struct parser *p)
{
	if (!parse_keyword(p, "NOT"))
		return parse_primary(p);
	if (parse_deeper(p) != 0)
		return NULL;
	parse_operator(p);
	parse_next(p);
	struct ddb_expr *e = parse_node(p, DDB_NOT);
	e->args = parse_not(p);
	p->depth--;
	e->count = 1;
	if (e->args == NULL || want_condition(p, e->args) != 0)
		return NULL;
	return e;
}

/* A chain of one connective; a single link is itself. */
static struct ddb_expr *
parse_chain(
    struct parser *p, enum ddb_op op, struct ddb_expr *(*link)(struct parser *))
{
	struct ddb_expr *first = link(p);
	if (first == NULL || !parse_keyword(p, ddb_op_name[op]))
		return first;
	struct ddb_expr *e = parse_node(p, op), *last = first;
	e->args = first;
	e->count = 1;
	if (want_condition(p, first) != 0)
		return NULL;
	while (parse_keyword(p, ddb_op_name[op])) {
		parse_operator(p);
		parse_next(p);
		last->next = link(p);
		last = last->next;
		if (last == NULL || want_condition(p, last) != 0)
			return NULL;
		e->count++;
	}
	return e;
}

static struct ddb_expr *
parse_and(struct parser *p)
{
	return parse_chain(p, DDB_AND, parse_not);
}

static struct ddb_expr *
parse_or(struct parser *p)
{
	return parse_chain(p, DDB_OR, parse_and);
}

struct ddb_expr *
ddb_condition_parse(
    struct ddb_scope *s, const char *parameter, const char *text, size_t len)
{
	static const char *const keywords[] = {
	    "AND", "OR", "NOT", "BETWEEN", "IN", NULL};
	struct parser p;
	if (parse_begin(&p, s, parameter, text, len, keywords) != 0)
		return NULL;
	struct ddb_expr *e = parse_or(&p);
	if (e == NULL)
		return NULL;
	if (p.now.type == TOKEN_END && want_condition(&p, e) != 0)
		return NULL;
	return parse_finish(&p) == 0 ? e : NULL;
}
