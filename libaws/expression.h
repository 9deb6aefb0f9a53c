#ifndef LUNA_EXPRESSION_H
#define LUNA_EXPRESSION_H

#include "buf.h"
#include "err.h"
#include "table.h"

/*
 * DynamoDB expressions as people write them: attribute names as they are,
 * although hundreds of them are reserved words, and values by name.
 */
struct expression;

/*
 * values: "name=text" or "name:=json" each, for :name in the expressions.
 * Fails: ERR_SETUP "Usage".
 */
struct expression *expression_new(
    char *const *values, int count, struct err *err);
void expression_free(struct expression *e);

/*
 * Append text with every attribute name replaced by a placeholder. A text
 * value that is compared with a key attribute of type N becomes a number.
 */
int expression_add(struct expression *e, const char *text,
    const struct table *table, struct buf *out, struct err *err);

/* Append ,"ExpressionAttributeNames":{…},"ExpressionAttributeValues":{…} of
 * all that was added; a value that no expression used is a usage error. */
int expression_finish(struct expression *e, struct buf *out, struct err *err);

/*
 * Append the parameters of a Query, or, where key is NULL, of a Scan, as
 * members without braces.
 */
struct expression_query {
	const char *table, *index; /* index: or NULL */
	const char *key, *filter;  /* expressions, or NULL */
	bool reverse;
	char *const *value; /* as expression_new takes them */
	int values;
};
int expression_query(const struct expression_query *q,
    const struct table *table, struct buf *out, struct err *err);

#endif
