#include <string.h>

#include "ddb_schema.h"

/*
 * What is kept beside a table: tags, its TTL, its backups' settings.
 */
static struct ddb_table *
tagged(struct ddb_call *c)
{
	struct json v = json_get(c->r->in, "ResourceArn");
	const char *arn = schema_text(c, c->r->in, "ResourceArn");
	if (v.type != JSON_STRING) {
		ddb_constraint(c, "", "ResourceArn", (struct json){0},
		    "Member must not be null");
		return NULL;
	}
	struct ddb_table *t = NULL;
	if (ddb_table_name(c, arn) != arn)
		t = ddb_table_find(c, v, false);
	if (t == NULL)
		err_set(&c->err, ERR_REFUSED, "ResourceNotFoundException",
		    "Requested resource not found: ResourcArn: %s not found",
		    arn);
	return t;
}

int
ddb_tags_put(struct ddb_call *c, const struct ddb_table *t, struct json tags)
{
	struct json_iter it;
	struct json v;
	json_each(tags, &it);
	while (json_next(&it, NULL, &v)) {
		const char *key = schema_text(c, v, "Key");
		if (*key == '\0' || strlen(key) > 128)
			return ddb_constraint(c, "tags.member.", "Key",
			    json_get(v, "Key"),
			    *key == '\0'
				? "Member must have length greater than or "
				  "equal to 1"
				: "Member must have length less than or equal "
				  "to 128");
		store_do(c->r->store,
		    "INSERT INTO ddb_tag (table_id, key, value) "
		    "VALUES (?, ?, ?) ON CONFLICT DO UPDATE "
		    "SET value = excluded.value",
		    "itt", t->id, key, schema_text(c, v, "Value"));
	}
	return 0;
}

int
ddb_tag(struct ddb_call *c)
{
	struct json tags = json_get(c->r->in, "Tags");
	if (json_count(tags) == 0)
		return ddb_invalid(
		    &c->err, "Atleast one Tag needs to be provided as Input.");
	struct ddb_table *t = tagged(c);
	return t == NULL ? -1 : ddb_tags_put(c, t, tags);
}

int
ddb_untag(struct ddb_call *c)
{
	struct json keys = json_get(c->r->in, "TagKeys"), v;
	struct json_iter it;
	if (json_count(keys) == 0)
		return ddb_invalid(&c->err,
		    "Atleast one Tag Key needs to be provided as Input.");
	struct ddb_table *t = tagged(c);
	if (t == NULL)
		return -1;
	json_each(keys, &it);
	while (json_next(&it, NULL, &v)) {
		size_t len;
		store_do(c->r->store,
		    "DELETE FROM ddb_tag WHERE table_id = ? AND key = ?", "it",
		    t->id, ddb_text(c, v, &len));
	}
	return 0;
}

int
ddb_list_tags(struct ddb_call *c)
{
	struct ddb_table *t = tagged(c);
	if (t == NULL)
		return -1;
	sqlite3_stmt *q = store_query(c->r->store,
	    "SELECT key, value FROM ddb_tag WHERE table_id = ? ORDER BY key",
	    "i", t->id);
	put_open(c->out, "Tags", '[');
	while (store_next(q)) {
		put_open(c->out, NULL, '{');
		put_text(c->out, "Key", store_text(q, 0));
		put_text(c->out, "Value", store_text(q, 1));
		put_close(c->out, '}');
	}
	put_close(c->out, ']');
	return 0;
}

static int
check_ttl(struct ddb_call *c, const struct ddb_table *t, bool on,
    const char *attribute)
{
	bool same = t->ttl != NULL && strcmp(t->ttl, attribute) == 0;
	if (*attribute == '\0' || strlen(attribute) > 255)
		return ddb_invalid(&c->err,
		    "TimeToLiveSpecification.AttributeName must have a length "
		    "of 1 to 255");
	if (t->ttl != NULL && !same)
		return ddb_invalid(&c->err,
		    "TimeToLive is active on a different AttributeName: "
		    "current "
		    "AttributeName is %s",
		    t->ttl);
	if (on && same)
		return ddb_invalid(&c->err, "TimeToLive is already enabled");
	if (!on && t->ttl == NULL)
		return ddb_invalid(&c->err, "TimeToLive is already disabled");
	return 0;
}

int
ddb_update_ttl(struct ddb_call *c)
{
	struct json spec = json_get(c->r->in, "TimeToLiveSpecification");
	const char *attribute = schema_text(c, spec, "AttributeName");
	bool on = json_true(json_get(spec, "Enabled"));
	if (spec.type != JSON_OBJECT)
		return ddb_constraint(c, "", "TimeToLiveSpecification",
		    (struct json){0}, "Member must not be null");
	struct ddb_table *t =
	    ddb_table_find(c, json_get(c->r->in, "TableName"), true);
	if (t == NULL || check_ttl(c, t, on, attribute) != 0)
		return -1;
	t->ttl = on ? ddb_copy(&t->pool, attribute, strlen(attribute)) : NULL;
	ddb_table_save(c, t);
	ddb_row_expiry(c, t);
	put_open(c->out, "TimeToLiveSpecification", '{');
	put_bool(c->out, "Enabled", on);
	put_text(c->out, "AttributeName", attribute);
	put_close(c->out, '}');
	return 0;
}

int
ddb_describe_ttl(struct ddb_call *c)
{
	struct ddb_table *t =
	    ddb_table_find(c, json_get(c->r->in, "TableName"), true);
	if (t == NULL)
		return -1;
	put_open(c->out, "TimeToLiveDescription", '{');
	put_text(c->out, "TimeToLiveStatus",
	    t->ttl == NULL ? "DISABLED" : "ENABLED");
	if (t->ttl != NULL)
		put_text(c->out, "AttributeName", t->ttl);
	put_close(c->out, '}');
	return 0;
}

static struct ddb_table *
backed_up(struct ddb_call *c)
{
	struct ddb_table *t =
	    ddb_table_find(c, json_get(c->r->in, "TableName"), true);
	if (t == NULL && strcmp(c->err.code, "ResourceNotFoundException") == 0)
		err_set(&c->err, ERR_REFUSED, "TableNotFoundException",
		    "Table not found: %s",
		    schema_text(c, c->r->in, "TableName"));
	return t;
}

static void
describe_backups(struct ddb_call *c, const struct ddb_table *t)
{
	put_open(c->out, "ContinuousBackupsDescription", '{');
	put_text(c->out, "ContinuousBackupsStatus", "ENABLED");
	put_open(c->out, "PointInTimeRecoveryDescription", '{');
	put_text(c->out, "PointInTimeRecoveryStatus",
	    t->backup_ms == 0 ? "DISABLED" : "ENABLED");
	if (t->backup_ms != 0) {
		put_int(c->out, "RecoveryPeriodInDays", t->backup_days);
		put_time(c->out, "EarliestRestorableDateTime", t->backup_ms);
		put_time(c->out, "LatestRestorableDateTime", c->r->now_ms);
	}
	put_close(c->out, '}');
	put_close(c->out, '}');
}

int
ddb_update_backups(struct ddb_call *c)
{
	struct json spec =
	    json_get(c->r->in, "PointInTimeRecoverySpecification");
	int64_t days = 35;
	if (spec.type != JSON_OBJECT)
		return ddb_constraint(c, "", "PointInTimeRecoverySpecification",
		    (struct json){0}, "Member must not be null");
	json_integer(json_get(spec, "RecoveryPeriodInDays"), &days);
	if (days < 1 || days > 35)
		return ddb_constraint(c, "pointInTimeRecoverySpecification.",
		    "RecoveryPeriodInDays",
		    json_get(spec, "RecoveryPeriodInDays"),
		    days < 1
			? "Member must have value greater than or equal to 1"
			: "Member must have value less than or equal to 35");
	struct ddb_table *t = backed_up(c);
	if (t == NULL)
		return -1;
	bool on = json_true(json_get(spec, "PointInTimeRecoveryEnabled"));
	if (!on)
		t->backup_ms = 0;
	else if (t->backup_ms == 0)
		t->backup_ms = c->r->now_ms;
	t->backup_days = days;
	ddb_table_save(c, t);
	describe_backups(c, t);
	return 0;
}

int
ddb_describe_backups(struct ddb_call *c)
{
	struct ddb_table *t = backed_up(c);
	if (t == NULL)
		return -1;
	describe_backups(c, t);
	return 0;
}

int
ddb_describe_limits(struct ddb_call *c)
{
	put_int(c->out, "AccountMaxReadCapacityUnits", 80000);
	put_int(c->out, "AccountMaxWriteCapacityUnits", 80000);
	put_int(c->out, "TableMaxReadCapacityUnits", 40000);
	put_int(c->out, "TableMaxWriteCapacityUnits", 40000);
	return 0;
}
