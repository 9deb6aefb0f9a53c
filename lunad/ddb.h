#ifndef LUNAD_DDB_H
#define LUNAD_DDB_H

#include "ddb_expr.h"
#include "ddb_value.h"
#include "err.h"
#include "lunad.h"
#include "store.h"

/*
 * What the parts of DynamoDB share; no other service includes it.
 *
 * Functions that can fail return 0 or -1 (a pointer or NULL) and leave
 * DynamoDB's code and message in the call's err; dynamodb.c answers them.
 */
#define DDB_ITEM_MAX ((size_t)400 * 1024)
#define DDB_PAGE_MAX ((size_t)1024 * 1024)
#define DDB_BATCH_MAX ((size_t)16 * 1024 * 1024)
#define DDB_INDEXES 25 /* of a table: 20 global and 5 local ones */

/* Text in the call's pool. */
#define ddb_format(c, ...) ddb_print((c)->pool, __VA_ARGS__)

/* ddb_param.c: the parameters of all operations. */
enum ddb_arg {
	ARG_TABLE,
	ARG_ITEM,
	ARG_KEY,
	ARG_EXPECTED,
	ARG_CONDITIONAL_OPERATOR,
	ARG_CONDITION,
	ARG_UPDATE,
	ARG_KEY_CONDITION,
	ARG_FILTER,
	ARG_PROJECTION,
	ARG_NAMES,
	ARG_VALUES,
	ARG_RETURN,
	ARG_RETURN_CAPACITY,
	ARG_RETURN_METRICS,
	ARG_RETURN_ON_FAILURE,
	ARG_ATTRIBUTE_UPDATES,
	ARG_ATTRIBUTES_TO_GET,
	ARG_CONSISTENT,
	ARG_INDEX,
	ARG_SELECT,
	ARG_LIMIT,
	ARG_FORWARD,
	ARG_START_KEY,
	ARG_KEY_CONDITIONS,
	ARG_QUERY_FILTER,
	ARG_SCAN_FILTER,
	ARG_SEGMENT,
	ARG_SEGMENTS,
	ARG_REQUEST_ITEMS,
	ARG_TRANSACT_ITEMS,
	ARG_TOKEN,
	ARGS
};

/* The arguments of one operation, of one Put of a transaction, … */
struct ddb_args {
	struct json v[ARGS]; /* JSON_NONE: absent or null */
};

/* What is asked for as ReturnConsumedCapacity. */
enum ddb_capacity { CAPACITY_NONE, CAPACITY_TOTAL, CAPACITY_INDEXES };

struct ddb_call {
	struct request *r;
	struct ddb_pool *pool;
	struct err err;
	struct buf *out;
	struct ddb_args args;
	enum ddb_capacity capacity;
	bool transaction;
	struct ddb_table *table; /* of the operation, for its metrics */
};

/*
 * Read the members of `in` into args and check what its model asks for.
 * required: those that must be there; ends with ARGS.
 * path:     how they are called in messages: "transactItems.1.member.put."
 */
int ddb_args_read(struct ddb_call *c, struct json in, const char *path,
    const enum ddb_arg *required, struct ddb_args *args);
bool ddb_arg_has(const struct ddb_args *args, enum ddb_arg arg);
bool ddb_arg_is(
    const struct ddb_args *args, enum ddb_arg arg, const char *text);
bool ddb_arg_flag(
    const struct ddb_args *args, enum ddb_arg arg, bool otherwise);
/* Decoded text in the call's pool; "" when absent. */
const char *ddb_arg_text(struct ddb_call *c, const struct ddb_args *args,
    enum ddb_arg arg, size_t *len);
const char *ddb_text(struct ddb_call *c, struct json v, size_t *len);

/* What ReturnConsumedCapacity says. */
enum ddb_capacity ddb_capacity_asked(const struct ddb_args *args);
/* A member of the reply whose value is an item. */
void ddb_put_item(
    struct ddb_call *c, const char *name, const struct ddb_value *item);

/* Is this string one of "A, B, C"? */
bool ddb_is_one_of(struct json v, const char *list);
/* "1 validation error detected: Value 'x' at 'y' failed to satisfy …" */
int ddb_constraint(struct ddb_call *c, const char *path, const char *name,
    struct json v, const char *constraint);

/* ddb_table.c */
struct ddb_key {
	const char *name; /* NULL: there is none */
	size_t len;
	enum ddb_type type;
};

enum ddb_projection { PROJECT_ALL, PROJECT_KEYS, PROJECT_SOME };

struct ddb_throughput {
	int64_t read, write;
};

struct ddb_index {
	const char *name;
	bool global;
	unsigned slot; /* in the keys of its rows; 0 is the table itself */
	struct ddb_key hash, range;
	enum ddb_projection projection;
	struct json others; /* NonKeyAttributes */
	struct ddb_throughput throughput;
	bool fresh; /* made by this request */
};

struct ddb_table {
	struct ddb_table *next;
	struct ddb_pool pool; /* all that it points to */
	int64_t id;
	const char *account, *region, *name, *arn, *uuid;
	int64_t created_ms;
	struct json attributes; /* AttributeDefinitions */
	struct ddb_key hash, range;
	struct ddb_index index[DDB_INDEXES];
	size_t indexes;
	unsigned slots; /* ever used */
	bool on_demand;
	int64_t on_demand_ms; /* since when, by UpdateTable or CreateTable */
	struct ddb_throughput throughput;
	bool protected;
	bool sse_changed; /* by this request */
	/* settings that are kept as they came; JSON_NONE when never set */
	struct json stream, sse, class, warm, on_demand_limits;
	int64_t stream_ms; /* when the stream began: its label */
	const char *ttl;   /* the attribute, or NULL */
	int64_t backup_ms; /* point in time recovery since; 0: off */
	int64_t backup_days;
};

/* The table that v names, by name or ARN.
 * Fails: "ResourceNotFoundException"; told: with the name in the text. */
struct ddb_table *ddb_table_find(struct ddb_call *c, struct json v, bool told);
/* The table of that id; the request becomes one of its account. */
struct ddb_table *ddb_table_by_id(struct ddb_call *c, int64_t id);
const struct ddb_index *ddb_table_index(
    const struct ddb_table *t, const char *name, size_t len);
/* Write a new or changed table, and forget what is kept in memory of it. */
void ddb_table_save(struct ddb_call *c, struct ddb_table *t);
void ddb_table_drop(struct ddb_call *c, struct ddb_table *t);
void ddb_table_forget(void);
/* Read the settings of a definition, as CreateTable gets it or as stored:
 * then it has what only lunad knows, too. */
void ddb_table_define(struct ddb_table *t, struct json definition, bool stored);
void ddb_index_define(struct ddb_table *t, struct ddb_index *i,
    struct json definition, bool stored);
/* Append a TableDescription as member `name`. */
void ddb_table_describe(struct ddb_call *c, const struct ddb_table *t,
    const char *name, const char *status);
struct ddb_table *ddb_table_new(struct ddb_call *c, const char *name);
void ddb_table_free(struct ddb_table *t);
/* "arn:…:table/NAME" of this account and region: NAME; else as it is. */
const char *ddb_table_name(struct ddb_call *c, const char *name);
bool ddb_table_good_name(const char *name);

/* ddb_row.c: rows of tables and of indexes. */

/* Append the key of the rows of a table (index NULL) or an index. */
void ddb_key_space(
    const struct ddb_table *t, const struct ddb_index *i, struct buf *out);
/* Append the part that all rows of one hash key have in common. */
void ddb_key_hash(const struct ddb_value *hash, struct buf *out);
/* Append one value so that its order is that of the bytes; ended: nothing
 * that begins with it is equal to it. */
void ddb_key_value(const struct ddb_value *v, bool ended, struct buf *out);
/* The least key above all that begin with this one. */
void ddb_key_after(struct buf *key);
/* The whole key of an item's row; index: -1 when the item is not in it. */
void ddb_key_item(
    const struct ddb_table *t, const struct ddb_value *item, struct buf *out);
int ddb_key_index(const struct ddb_table *t, const struct ddb_index *i,
    const struct ddb_value *item, struct buf *out);
/* Where in 0 … 2^32 a row's hash key is, for segments of a scan. */
uint32_t ddb_key_place(const void *key, size_t len, enum ddb_type hash);

/* Is this a complete item, or a key and no more, of the table? */
int ddb_check_item(struct ddb_call *c, const struct ddb_table *t,
    const struct ddb_value *item);
int ddb_check_key(
    struct ddb_call *c, const struct ddb_table *t, const struct ddb_value *key);
int ddb_check_indexes(struct ddb_call *c, const struct ddb_table *t,
    const struct ddb_value *item);

struct ddb_row {
	struct buf key;
	bool exists;
	size_t size;
	const char *text; /* its JSON, in the call's pool; when asked for */
	size_t len;
	struct ddb_value *item; /* the same as a tree, by ddb_row_item */
};

/* Units of capacity that an operation uses. */
struct ddb_units {
	double table, index[DDB_INDEXES];
};

void ddb_row_find(struct ddb_call *c, const struct ddb_table *t,
    const struct ddb_value *key, bool text, struct ddb_row *row);
/* The row's item as a tree, or NULL when it does not exist. */
struct ddb_value *ddb_row_item(struct ddb_call *c, struct ddb_row *row);
/* Make the item the row's, or none (NULL); indexes too. */
void ddb_row_write(struct ddb_call *c, const struct ddb_table *t,
    struct ddb_row *row, const struct ddb_value *item, struct ddb_units *units);
/* Add the rows of an index that is new. */
void ddb_row_fill(
    struct ddb_call *c, const struct ddb_table *t, const struct ddb_index *i);
/* Forget all rows of a table or of an index. */
void ddb_row_clear(
    struct ddb_call *c, const struct ddb_table *t, const struct ddb_index *i);
/* Set when items of the table expire anew, after its TTL has changed. */
void ddb_row_expiry(struct ddb_call *c, const struct ddb_table *t);
void ddb_row_count(struct ddb_call *c, const struct ddb_table *t,
    const struct ddb_index *i, int64_t *items, int64_t *bytes);
/* The part of an item that an index has. */
struct ddb_value *ddb_row_projected(struct ddb_call *c,
    const struct ddb_table *t, const struct ddb_index *i,
    const struct ddb_value *item);

/* ddb_scope.c: the expressions of one request. */
enum {
	TAKES_UPDATE = 1,
	TAKES_CONDITION = 2,
	TAKES_KEY_CONDITION = 4,
	TAKES_FILTER = 8,
	TAKES_PROJECTION = 16
};

struct ddb_key_condition {
	const char *name;
	size_t len;
	enum ddb_op op;
	const struct ddb_value *value[2];
};

struct ddb_exprs {
	struct ddb_scope scope;
	struct ddb_action *update;
	struct ddb_expr *condition, *filter;
	struct ddb_path *projection;
	struct ddb_key_condition key[3];
	size_t keys;
	bool legacy_filter;
};

int ddb_exprs_read(struct ddb_call *c, const struct ddb_args *args,
    unsigned takes, struct ddb_exprs *out);
/* Paths into keys lead nowhere: refuse them. */
int ddb_exprs_check(
    struct ddb_call *c, const struct ddb_table *t, const struct ddb_exprs *x);
/* ddb_legacy.c: the same of the parameters from before expressions. */
int ddb_legacy_read(struct ddb_call *c, const struct ddb_args *args,
    unsigned takes, struct ddb_exprs *out);

/* ddb_capacity.c */
double ddb_read_units(size_t bytes, bool consistent);
double ddb_write_units(size_t bytes);
/* Count units for the metrics, and append ConsumedCapacity if asked for.
 * name: NULL inside of an array. */
void ddb_consumed(struct ddb_call *c, const struct ddb_table *t,
    const struct ddb_units *units, bool writes, const char *name);
/* The same of several tables: their units are added up first. */
struct ddb_total {
	struct ddb_total *next;
	const struct ddb_table *table;
	struct ddb_units units;
};

void ddb_total_add(struct ddb_call *c, struct ddb_total **totals,
    const struct ddb_table *t, const struct ddb_units *units, double times);
void ddb_total_put(
    struct ddb_call *c, const struct ddb_total *totals, bool writes);
void ddb_metric(struct ddb_call *c, const struct ddb_table *t,
    const char *metric, double value);

/* ddb_write.c: what a Put, an Update or a Delete is, alone or as a part. */
enum ddb_write_kind {
	WRITE_PUT,
	WRITE_UPDATE,
	WRITE_DELETE,
	WRITE_CHECK /* of a condition, in a transaction */
};

struct ddb_write {
	enum ddb_write_kind kind;
	struct ddb_args args;
	struct ddb_table *table;
	struct ddb_exprs exprs;
	const struct ddb_value *key; /* the item, for a Put */
	size_t size;                 /* of the item */
	struct ddb_row row;
	struct ddb_units units;
	const struct ddb_value *after; /* NULL: none */
};

/* Read it from args and find its table. */
int ddb_write_read(struct ddb_call *c, struct ddb_write *w);
/* Does it suit the table's keys? */
int ddb_write_check(struct ddb_call *c, struct ddb_write *w);
/* Find its row and try its condition: 1 when it does not hold. */
int ddb_write_try(struct ddb_call *c, struct ddb_write *w);
/* Make what is to be written, and write it. */
int ddb_write_do(struct ddb_call *c, struct ddb_write *w);
void ddb_write_clear(struct ddb_write *w);

/* ddb_get.c: what a Get is, alone or in a transaction. */
struct ddb_get {
	struct ddb_args args;
	struct ddb_table *table;
	struct ddb_exprs exprs;
	const struct ddb_value *key;
	size_t size;
	bool exists;
};

int ddb_get_read(struct ddb_call *c, struct ddb_get *g);
int ddb_get_check(struct ddb_call *c, struct ddb_get *g);
/* Append the item as member `name`, when there is one. */
void ddb_get_do(struct ddb_call *c, struct ddb_get *g, const char *name);

/* The operations. */
int ddb_create_table(struct ddb_call *c);
int ddb_update_table(struct ddb_call *c);
int ddb_delete_table(struct ddb_call *c);
int ddb_describe_table(struct ddb_call *c);
int ddb_list_tables(struct ddb_call *c);
int ddb_tag(struct ddb_call *c);
int ddb_untag(struct ddb_call *c);
int ddb_list_tags(struct ddb_call *c);
int ddb_update_ttl(struct ddb_call *c);
int ddb_describe_ttl(struct ddb_call *c);
int ddb_update_backups(struct ddb_call *c);
int ddb_describe_backups(struct ddb_call *c);
int ddb_describe_limits(struct ddb_call *c);
int ddb_do_put(struct ddb_call *c);
int ddb_do_get(struct ddb_call *c);
int ddb_do_update(struct ddb_call *c);
int ddb_do_delete(struct ddb_call *c);
int ddb_query(struct ddb_call *c);
int ddb_scan(struct ddb_call *c);
int ddb_batch_write(struct ddb_call *c);
int ddb_batch_get(struct ddb_call *c);
int ddb_transact_write(struct ddb_call *c);
int ddb_transact_get(struct ddb_call *c);

#endif
