#ifndef LUNAD_DDB_SCHEMA_H
#define LUNAD_DDB_SCHEMA_H

#include "ddb.h"

/*
 * Checks of what CreateTable and UpdateTable are given; each says what the
 * service says. Private to ddb_schema.c, ddb_create.c and ddb_alter.c.
 */
#define SCHEMA_WRONG "One or more parameter values were invalid: "

/* names: AttributeDefinitions, as "a, b". */
int schema_definitions(struct ddb_call *c, struct json definitions);
/* A KeySchema at path, all its attributes in definitions. */
int schema_keys(struct ddb_call *c, const char *path, struct json schema,
    struct json definitions);
int schema_throughput(
    struct ddb_call *c, const char *path, struct json units, bool on_demand);
/* One index: its name, keys and projection. */
int schema_index(struct ddb_call *c, const char *path, struct json index,
    struct json definitions);
int schema_enum(struct ddb_call *c, const char *path, const char *name,
    struct json v, const char *one_of);
int schema_stream(struct ddb_call *c, struct json stream);
/* Decoded text of a member, in the call's pool. */
const char *schema_text(struct ddb_call *c, struct json from, const char *name);

/* Keep Tags of a table; NONE is none. */
int ddb_tags_put(
    struct ddb_call *c, const struct ddb_table *t, struct json tags);

#endif
