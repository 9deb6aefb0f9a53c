#ifndef LUNAD_DDB_LEX_H
#define LUNAD_DDB_LEX_H

#include <stdbool.h>
#include <stddef.h>

#include "ddb_expr.h"

/*
 * The words of an expression, and what its three grammars share: private to
 * ddb_parse.c, ddb_condition.c and ddb_action.c.
 */
enum token_type {
	TOKEN_END,
	TOKEN_WORD,
	TOKEN_NAME,  /* #name */
	TOKEN_VALUE, /* :value */
	TOKEN_INDEX, /* a number */
	TOKEN_SIGN,  /* = <> < <= > >= ( ) [ ] . , + - */
	TOKEN_BAD
};

struct token {
	enum token_type type;
	const char *at;
	size_t len;
};

/* Kinds of trouble; of several, the first of the least kind is told. */
enum trouble {
	TROUBLE_PARENS,
	TROUBLE_FUNCTION,
	TROUBLE_MISUSED,
	TROUBLE_RESERVED,
	TROUBLE_SECTION,
	TROUBLE_UNDEFINED,
	TROUBLE_LIMIT,
	TROUBLE_OPERANDS,
	TROUBLE_DISTINCT,
	TROUBLE_OVERLAP,
	TROUBLE_CONFLICT,
	TROUBLE_TYPE,
	TROUBLES
};

struct parser {
	struct ddb_scope *scope;
	const char *parameter;
	const char *text, *end;
	const char *const *keywords; /* of this grammar; ends with NULL */
	bool update;
	struct token last, now;
	size_t operators, depth;
	char *trouble[TROUBLES];
};

/* 0, or -1 with the scope's err set: the expression is empty or too long. */
int parse_begin(struct parser *p, struct ddb_scope *s, const char *parameter,
    const char *text, size_t len, const char *const *keywords);
/* At the end of the text, and no trouble: 0; else -1 with err set. */
int parse_finish(struct parser *p);

void parse_next(struct parser *p);
bool parse_is(const struct parser *p, const char *sign);
bool parse_keyword(const struct parser *p, const char *word);
/* Take it if it is there. */
bool parse_take(struct parser *p, const char *sign);
/* The token is not what the grammar wants; -1. */
int parse_wrong(struct parser *p);
int parse_expect(struct parser *p, const char *sign);
void parse_trouble(struct parser *p, enum trouble kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void parse_operator(struct parser *p);
/* One level further in; -1: further than any good expression goes. */
int parse_deeper(struct parser *p);

struct ddb_expr *parse_node(struct parser *p, enum ddb_op op);
/* NULL: err is set. */
struct ddb_path *parse_path(struct parser *p);
/* A path, a value, a function, or one of these in parentheses. */
struct ddb_expr *parse_operand(struct parser *p);
/* Operands to the closing parenthesis, which is taken. */
int parse_operands(struct parser *p, struct ddb_expr *to);
/* :value, and nothing else. */
struct ddb_expr *parse_value(struct parser *p);
/* Mark e as having stood in parentheses. */
void parse_parens(struct parser *p, struct ddb_expr *e);
/* Two paths of one expression that cannot both be meant. */
void parse_overlap(
    struct parser *p, const struct ddb_path *a, const struct ddb_path *b);
/* The type that an operand is known to have, or DDB_TYPES. */
enum ddb_type parse_type(const struct ddb_expr *e);
void parse_wrong_type(struct parser *p, enum ddb_op op, enum ddb_type type);

#endif
