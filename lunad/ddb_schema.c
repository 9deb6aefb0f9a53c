#include "ddb_schema.h"

#include <string.h>

#define UNITS_MAX INT64_C(1000000000000)

const char *
schema_text(struct ddb_call *c, struct json from, const char *name)
{
	size_t len;
	return ddb_text(c, json_get(from, name), &len);
}

static int
missing(struct ddb_call *c, const char *path, const char *name)
{
	return ddb_constraint(
	    c, path, name, (struct json){0}, "Member must not be null");
}

int
schema_enum(struct ddb_call *c, const char *path, const char *name,
    struct json v, const char *one_of)
{
	if (v.type == JSON_NONE || v.type == JSON_NULL ||
	    ddb_is_one_of(v, one_of))
		return 0;
	return ddb_constraint(c, path, name, v,
	    ddb_format(c, "Member must satisfy enum value set: [%s]", one_of));
}

/* A text that must be there, of one_of if that is not NULL. */
static int
want_text(struct ddb_call *c, const char *path, struct json from,
    const char *name, const char *one_of)
{
	struct json v = json_get(from, name);
	if (v.type == JSON_NONE || v.type == JSON_NULL)
		return missing(c, path, name);
	if (v.type != JSON_STRING)
		return err_set(&c->err, ERR_REFUSED, "SerializationException",
		    "Unexpected field type");
	return one_of == NULL ? 0 : schema_enum(c, path, name, v, one_of);
}

int
schema_definitions(struct ddb_call *c, struct json definitions)
{
	struct json_iter it;
	struct json v;
	size_t n = 0;
	json_each(definitions, &it);
	while (json_next(&it, NULL, &v)) {
		const char *path =
		    ddb_format(c, "attributeDefinitions.%zu.member.", ++n);
		if (want_text(c, path, v, "AttributeName", NULL) != 0 ||
		    want_text(c, path, v, "AttributeType", "B, N, S") != 0)
			return -1;
	}
	return 0;
}

static bool
defined(struct ddb_call *c, struct json definitions, struct json name)
{
	struct json_iter it;
	struct json v;
	size_t len;
	const char *text = ddb_text(c, name, &len);
	json_each(definitions, &it);
	while (json_next(&it, NULL, &v))
		if (json_is(json_get(v, "AttributeName"), text))
			return true;
	return false;
}

/* "a, b" of the AttributeName members. */
static const char *
names_of(struct ddb_call *c, struct json list)
{
	struct buf names = {.max = 200};
	struct json_iter it;
	struct json v;
	json_each(list, &it);
	while (json_next(&it, NULL, &v))
		buf_addf(&names, "%s%s", names.len > 0 ? ", " : "",
		    schema_text(c, v, "AttributeName"));
	const char *text = ddb_copy(c->pool, buf_text(&names), names.len);
	buf_clear(&names);
	return text;
}

int
schema_keys(struct ddb_call *c, const char *path, struct json schema,
    struct json definitions)
{
	struct json key[2] = {json_at(schema, 0), json_at(schema, 1)};
	size_t count = json_count(schema);
	if (schema.type != JSON_ARRAY)
		return missing(c, path, "keySchema");
	if (count < 1 || count > 2)
		return ddb_constraint(c, path, "keySchema", schema,
		    count < 1
			? "Member must have length greater than or equal to 1"
			: "Member must have length less than or equal to 2");
	for (size_t i = 0; i < count; i++) {
		const char *at =
		    ddb_format(c, "%skeySchema.%zu.member.", path, i + 1);
		if (want_text(c, at, key[i], "AttributeName", NULL) != 0 ||
		    want_text(c, at, key[i], "KeyType", "HASH, RANGE") != 0)
			return -1;
	}
	for (size_t i = 0; i < count; i++)
		if (!defined(c, definitions, json_get(key[i], "AttributeName")))
			return ddb_invalid(&c->err,
			    SCHEMA_WRONG "Some index key attributes are not "
					 "defined in AttributeDefinitions. "
					 "Keys: [%s], AttributeDefinitions: "
					 "[%s]",
			    names_of(c, schema), names_of(c, definitions));
	if (count == 2 && strcmp(schema_text(c, key[0], "AttributeName"),
			      schema_text(c, key[1], "AttributeName")) == 0)
		return ddb_invalid(&c->err,
		    "Both the Hash Key and the Range Key element in the "
		    "KeySchema have the same name");
	if (!json_is(json_get(key[0], "KeyType"), "HASH"))
		return ddb_invalid(&c->err,
		    "Invalid KeySchema: The first KeySchemaElement is not a "
		    "HASH key type");
	if (count == 2 && !json_is(json_get(key[1], "KeyType"), "RANGE"))
		return ddb_invalid(&c->err,
		    "Invalid KeySchema: The second KeySchemaElement is not a "
		    "RANGE key type");
	return 0;
}

static int
check_units(
    struct ddb_call *c, const char *path, struct json units, const char *name)
{
	struct json v = json_get(units, name);
	int64_t n;
	if (v.type == JSON_NONE || v.type == JSON_NULL)
		return missing(c, path, name);
	if (v.type != JSON_NUMBER || json_integer(v, &n) != 0)
		return err_set(&c->err, ERR_REFUSED, "SerializationException",
		    "STRING_VALUE cannot be converted to Long");
	if (n < 1)
		return ddb_constraint(c, path, name, v,
		    "Member must have value greater than or equal to 1");
	if (n > UNITS_MAX)
		return ddb_invalid(&c->err,
		    "Given value %lld for %s is out of bounds", (long long)n,
		    name);
	return 0;
}

int
schema_throughput(
    struct ddb_call *c, const char *path, struct json units, bool on_demand)
{
	if (on_demand && units.type == JSON_OBJECT)
		return ddb_invalid(&c->err,
		    SCHEMA_WRONG "Neither ReadCapacityUnits nor "
				 "WriteCapacityUnits can be specified when "
				 "BillingMode is PAY_PER_REQUEST");
	if (on_demand)
		return 0;
	if (units.type != JSON_OBJECT)
		return ddb_invalid(&c->err,
		    SCHEMA_WRONG "ReadCapacityUnits and WriteCapacityUnits "
				 "must both be specified when BillingMode is "
				 "PROVISIONED");
	path = ddb_format(c, "%sprovisionedThroughput.", path);
	if (check_units(c, path, units, "ReadCapacityUnits") != 0)
		return -1;
	return check_units(c, path, units, "WriteCapacityUnits");
}

static int
check_projection(struct ddb_call *c, const char *path, struct json projection)
{
	struct json type = json_get(projection, "ProjectionType");
	bool others =
	    json_get(projection, "NonKeyAttributes").type == JSON_ARRAY;
	if (projection.type != JSON_OBJECT)
		return missing(c, path, "projection");
	if (type.type != JSON_STRING)
		return ddb_invalid(
		    &c->err, SCHEMA_WRONG "Unknown ProjectionType: null");
	path = ddb_format(c, "%sprojection.", path);
	if (schema_enum(c, path, "ProjectionType", type,
		"ALL, INCLUDE, KEYS_ONLY") != 0)
		return -1;
	bool include = json_is(type, "INCLUDE");
	if (others != include)
		return ddb_invalid(&c->err,
		    SCHEMA_WRONG
		    "ProjectionType is %s, but NonKeyAttributes is %s",
		    schema_text(c, projection, "ProjectionType"),
		    include ? "not specified" : "specified");
	return 0;
}

int
schema_index(struct ddb_call *c, const char *path, struct json index,
    struct json definitions)
{
	struct json name = json_get(index, "IndexName");
	if (want_text(c, path, index, "IndexName", NULL) != 0)
		return -1;
	const char *text = schema_text(c, index, "IndexName");
	if (strlen(text) < 3)
		return ddb_constraint(c, path, "IndexName", name,
		    "Member must have length greater than or equal to 3");
	if (strlen(text) > 255)
		return ddb_constraint(c, path, "IndexName", name,
		    "Member must have length less than or equal to 255");
	if (!ddb_table_good_name(text))
		return ddb_constraint(c, path, "IndexName", name,
		    "Member must satisfy regular expression pattern: "
		    "[a-zA-Z0-9_.-]+");
	if (schema_keys(c, path, json_get(index, "KeySchema"), definitions) !=
	    0)
		return -1;
	return check_projection(c, path, json_get(index, "Projection"));
}

int
schema_stream(struct ddb_call *c, struct json stream)
{
	struct json view = json_get(stream, "StreamViewType");
	if (stream.type != JSON_OBJECT)
		return 0;
	bool on = json_true(json_get(stream, "StreamEnabled"));
	if (on && view.type != JSON_STRING)
		return ddb_invalid(&c->err,
		    "Invalid StreamViewType: Stream ViewType must not be null "
		    "or empty when enabling streams.");
	if (!on && view.type == JSON_STRING)
		return ddb_invalid(&c->err,
		    "Invalid StreamViewType: Stream StreamEnabled was false "
		    "but a StreamViewType was present.");
	return schema_enum(c, "streamSpecification.", "StreamViewType", view,
	    "NEW_IMAGE, OLD_IMAGE, NEW_AND_OLD_IMAGES, KEYS_ONLY");
}
