#ifndef LUNAD_DDB_EXPR_H
#define LUNAD_DDB_EXPR_H

#include <stdbool.h>
#include <stddef.h>

#include "ddb_value.h"
#include "err.h"

/*
 * DynamoDB's expressions: parsed into trees in a pool, evaluated on items.
 */

/* A document path: a.b[1] is three steps. */
struct ddb_step {
	struct ddb_step *next;
	const char *name; /* NULL: an element of a list */
	size_t len;
	size_t index;
};

struct ddb_path {
	struct ddb_path *next;
	struct ddb_step *first;
	size_t steps;
};

enum ddb_op {
	/* conditions */
	DDB_AND,
	DDB_OR,
	DDB_NOT,
	DDB_EQ,
	DDB_NE,
	DDB_LT,
	DDB_LE,
	DDB_GT,
	DDB_GE,
	DDB_BETWEEN,
	DDB_IN,
	DDB_EXISTS,
	DDB_NOT_EXISTS,
	DDB_TYPE_IS,
	DDB_BEGINS,
	DDB_CONTAINS,
	DDB_NOT_CONTAINS, /* legacy filters only */
	/* operands */
	DDB_SIZE,
	DDB_PATH,
	DDB_VALUE,
	DDB_PLUS,
	DDB_MINUS,
	DDB_IF_NOT_EXISTS,
	DDB_LIST_APPEND,
	DDB_OPS
};

struct ddb_expr {
	struct ddb_expr *next; /* the operand after this one */
	enum ddb_op op;
	bool parens; /* stood in parentheses */
	struct ddb_expr *args;
	size_t count;
	const struct ddb_path *path;
	const struct ddb_value *value;
};

enum ddb_act { DDB_SET, DDB_REMOVE, DDB_ADD, DDB_DELETE };

struct ddb_action {
	struct ddb_action *next;
	enum ddb_act act;
	const struct ddb_path *path;
	const struct ddb_expr *value; /* NULL for REMOVE */
	bool legacy; /* of AttributeUpdates: other texts, and ADD of a list */
};

/* A "#name" or ":value" of the request. */
struct ddb_bound {
	struct ddb_bound *next;
	const char *key;
	size_t key_len;
	bool used;
	const char *name; /* what #name stands for */
	size_t len;
	struct ddb_value *value;
};

/* What the expressions of one request share. */
struct ddb_scope {
	struct ddb_pool *pool;
	struct ddb_bound *names, *values;
	struct ddb_path *paths; /* every path of every expression */
	struct err *err;
};

struct ddb_bound *ddb_bound_find(
    struct ddb_bound *list, const char *key, size_t len);

/*
 * parameter: "ConditionExpression"; begins the message of a failure.
 * Fails:     NULL and ERR_REFUSED "ValidationException", DynamoDB's text.
 * Source:    DynamoDB Developer Guide, "Expressions".
 */
struct ddb_expr *ddb_condition_parse(
    struct ddb_scope *s, const char *parameter, const char *text, size_t len);
struct ddb_action *ddb_update_parse(
    struct ddb_scope *s, const char *parameter, const char *text, size_t len);
struct ddb_path *ddb_projection_parse(
    struct ddb_scope *s, const char *parameter, const char *text, size_t len);

/* How an operator or a function is written; "IN", "size". */
extern const char *const ddb_op_name[DDB_OPS];

/* A path of one name. */
struct ddb_path *ddb_path_of(
    struct ddb_pool *pool, const char *name, size_t len);
/* As DynamoDB prints it: [a, b, [1]]. */
void ddb_path_show(const struct ddb_path *path, struct buf *out);
bool ddb_path_equal(const struct ddb_path *a, const struct ddb_path *b);

/* Is this one of the words that an expression cannot use as a name? */
bool ddb_reserved(const char *name, size_t len);

/* ddb_eval.c */

/* The value at path, or NULL. */
struct ddb_value *ddb_path_find(
    const struct ddb_value *item, const struct ddb_path *path);
/* item: NULL for one that does not exist. */
bool ddb_matches(struct ddb_pool *pool, const struct ddb_expr *e,
    const struct ddb_value *item);
/* Only what the paths lead to, as a new item. */
struct ddb_value *ddb_project(struct ddb_pool *pool,
    const struct ddb_value *item, const struct ddb_path *paths);

/* ddb_update.c */

/*
 * Carry out actions on item, in place; every operand is what it was before.
 * Fails: ERR_REFUSED "ValidationException": a path that leads nowhere, a
 *        wrong type, an attribute that does not exist, a number too long.
 */
int ddb_update(struct ddb_pool *pool, struct ddb_value *item,
    const struct ddb_action *actions, struct err *err);

#endif
