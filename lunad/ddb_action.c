#include <string.h>

#include "ddb_lex.h"

/*
 * The grammar of update expressions.
 */
static const char *const sections[] = {"SET", "REMOVE", "ADD", "DELETE", NULL};

/* operand, operand + operand or operand - operand, also in parentheses. */
static struct ddb_expr *
parse_sum(struct parser *p)
{
	struct ddb_expr *left;
	if (parse_take(p, "(")) {
		if (parse_deeper(p) != 0)
			return NULL;
		left = parse_sum(p);
		p->depth--;
		if (left == NULL || parse_expect(p, ")") != 0)
			return NULL;
		parse_parens(p, left);
		if (left->op == DDB_PLUS || left->op == DDB_MINUS)
			return left;
	} else {
		left = parse_operand(p);
	}
	if (left == NULL || (!parse_is(p, "+") && !parse_is(p, "-")))
		return left;
	struct ddb_expr *e =
	    parse_node(p, parse_is(p, "+") ? DDB_PLUS : DDB_MINUS);
	parse_operator(p);
	parse_next(p);
	e->args = left;
	left->next = parse_operand(p);
	e->count = 2;
	if (left->next == NULL)
		return NULL;
	for (struct ddb_expr *o = e->args; o != NULL; o = o->next)
		if (parse_type(o) != DDB_TYPES && parse_type(o) != DDB_N)
			parse_wrong_type(p, e->op, parse_type(o));
	return e;
}

static void
check_operand(struct parser *p, enum ddb_act act, const struct ddb_expr *e)
{
	static const char *const names[DDB_TYPES] = {
	    [DDB_S] = "STRING",
	    [DDB_N] = "NUMBER",
	    [DDB_B] = "BINARY",
	    [DDB_BOOL] = "BOOLEAN",
	    [DDB_NULL] = "NULL",
	    [DDB_L] = "LIST",
	    [DDB_M] = "MAP",
	};
	enum ddb_type type = e->value->type;
	if (type == DDB_TYPES || names[type] == NULL ||
	    (act == DDB_ADD && type == DDB_N))
		return;
	parse_trouble(p, TROUBLE_OPERANDS,
	    "Incorrect operand type for operator or function; operator: %s, "
	    "operand type: %s, typeSet: ALLOWED_FOR_%s_OPERAND",
	    sections[act], names[type], sections[act]);
}

static struct ddb_action *
parse_action(struct parser *p, enum ddb_act act)
{
	struct ddb_action *a = ddb_alloc(p->scope->pool, sizeof(*a));
	a->act = act;
	a->path = parse_path(p);
	if (a->path == NULL)
		return NULL;
	parse_operator(p);
	switch (act) {
	case DDB_REMOVE:
		return a;
	case DDB_SET:
		if (parse_expect(p, "=") != 0)
			return NULL;
		a->value = parse_sum(p);
		return a->value == NULL ? NULL : a;
	case DDB_ADD:
	case DDB_DELETE:
		a->value = parse_value(p);
		if (a->value == NULL)
			return NULL;
		check_operand(p, act, a->value);
		return a;
	}
	return NULL;
}

static int
section_of(const struct parser *p)
{
	for (int i = 0; sections[i] != NULL; i++)
		if (parse_keyword(p, sections[i]))
			return i;
	return -1;
}

struct ddb_action *
ddb_update_parse(
    struct ddb_scope *s, const char *parameter, const char *text, size_t len)
{
	struct ddb_action *actions = NULL, **end = &actions;
	bool seen[4] = {false};
	struct parser p;
	if (parse_begin(&p, s, parameter, text, len, sections) != 0)
		return NULL;
	p.update = true;
	do {
		int section = section_of(&p);
		if (section < 0) {
			parse_wrong(&p);
			return NULL;
		}
		if (seen[section])
			parse_trouble(&p, TROUBLE_SECTION,
			    "The \"%s\" section can only be used once in an "
			    "update expression;",
			    sections[section]);
		seen[section] = true;
		parse_next(&p);
		do {
			struct ddb_action *a =
			    parse_action(&p, (enum ddb_act)section);
			if (a == NULL)
				return NULL;
			for (struct ddb_action *o = actions; o != NULL;
			     o = o->next)
				parse_overlap(&p, o->path, a->path);
			*end = a;
			end = &a->next;
		} while (parse_take(&p, ","));
	} while (section_of(&p) >= 0);
	return parse_finish(&p) == 0 ? actions : NULL;
}
