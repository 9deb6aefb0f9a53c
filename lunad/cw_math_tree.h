#ifndef LUNAD_CW_MATH_TREE_H
#define LUNAD_CW_MATH_TREE_H

#include <stddef.h>

/* What cw_math.c reads an expression into and cw_math_run.c walks. */
enum cw_operator {
	CW_OR,
	CW_AND,
	CW_EQUAL,
	CW_UNEQUAL,
	CW_LESS_EQUAL,
	CW_GREATER_EQUAL,
	CW_LESS,
	CW_GREATER,
	CW_ADD,
	CW_SUBTRACT,
	CW_MULTIPLY,
	CW_DIVIDE,
	CW_MODULO,
	CW_POWER
};

struct cw_node {
	enum {
		CW_NODE_NUMBER,
		CW_NODE_ID,
		CW_NODE_TEXT, /* "…", and the words REPEAT and LINEAR */
		CW_NODE_ARRAY,
		CW_NODE_CALL,
		CW_NODE_MINUS,
		CW_NODE_BINARY
	} kind;
	double number;
	char *text; /* id, text or the function's name */
	enum cw_operator op;
	struct cw_node **child;
	size_t count;
};

struct cw_math {
	struct cw_node *root;
	char **id;
	size_t id_count;
};

#endif
