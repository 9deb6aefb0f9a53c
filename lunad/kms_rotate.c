#include <stdio.h>
#include <string.h>

#include "kms.h"
#include "store.h"

#define DAY_MS INT64_C(86400000)
#define ON_DEMAND_MAX 25

int
kms_enable_rotation(struct request *r)
{
	int64_t days = param_int(r, "RotationPeriodInDays", 365);
	struct kms_key key;
	if (kms_find_enabled(r, param(r, "KeyId"), false, &key) != 0)
		return ANSWER_ERROR;
	if (days < 90 || days > 2560)
		return check_refuse(r, param(r, "RotationPeriodInDays"),
		    "rotationPeriodInDays",
		    days < 90
			? "Member must have value greater than or equal to 90"
			: "Member must have value less than or equal to 2560");
	store_do(r->store,
	    "update kms_key set rotation_days = ?, rotate_ms = ?"
	    " where region = ? and id = ?",
	    "iitt", days, r->now_ms + days * DAY_MS, r->region, key.id);
	return ANSWER;
}

int
kms_disable_rotation(struct request *r)
{
	struct kms_key key;
	if (kms_find_enabled(r, param(r, "KeyId"), false, &key) != 0)
		return ANSWER_ERROR;
	store_do(r->store,
	    "update kms_key set rotation_days = null, rotate_ms = null"
	    " where region = ? and id = ?",
	    "tt", r->region, key.id);
	return ANSWER;
}

int
kms_get_rotation(struct request *r)
{
	struct kms_key key;
	if (kms_find(r, param(r, "KeyId"), false, &key) != 0)
		return ANSWER_ERROR;
	sqlite3_stmt *q = store_query(r->store,
	    "select rotation_days, rotate_ms from kms_key where region = ?"
	    " and id = ?",
	    "tt", r->region, key.id);
	put_open(r->out, NULL, '{');
	put_text(r->out, "KeyId", key.id);
	if (store_next(q) && !store_null(q, 0)) {
		put_bool(r->out, "KeyRotationEnabled", true);
		put_int(r->out, "RotationPeriodInDays", store_int(q, 0));
		put_time(r->out, "NextRotationDate", store_int(q, 1));
	} else {
		put_bool(r->out, "KeyRotationEnabled", false);
	}
	store_end(q);
	put_close(r->out, '}');
	return ANSWER;
}

int
kms_rotate_now(struct request *r)
{
	struct kms_key key;
	if (kms_find_enabled(r, param(r, "KeyId"), false, &key) != 0)
		return ANSWER_ERROR;
	if (store_number(r->store, 0,
		"select sum(on_demand) from kms_material where region = ? and"
		" key = ?",
		"tt", r->region, key.id) >= ON_DEMAND_MAX)
		return fail(r, 400, "LimitExceededException",
		    "The on-demand rotations limit has been reached for the "
		    "given keyId. No more on-demand rotations can be performed "
		    "for this key: %s",
		    key.arn);
	kms_renew(r->store, r->region, key.id, r->now_ms);
	store_do(r->store,
	    "update kms_material set on_demand = 1 where region = ?1 and"
	    " key = ?2 and n = (select max(n) from kms_material"
	    " where region = ?1 and key = ?2)",
	    "tt", r->region, key.id);
	put_open(r->out, NULL, '{');
	put_text(r->out, "KeyId", key.arn);
	put_close(r->out, '}');
	return ANSWER;
}

/* What time does to keys: it renews and deletes them. A disabled key, and one
 * that waits for its deletion, are not renewed. */
static const char next_event[] =
    "select region, id, coalesce(delete_ms, rotate_ms) as at,"
    " delete_ms is not null, rotation_days from kms_key"
    " where delete_ms is not null or"
    " (rotate_ms is not null and state = 'Enabled') order by at limit 1";

int64_t
kms_due(struct lunad *l)
{
	int64_t due = INT64_MAX;
	sqlite3_stmt *q = store_query(lunad_store(l), next_event, "");
	if (store_next(q))
		due = store_int(q, 2);
	store_end(q);
	return due;
}

static void
erase(struct store *s, const char *region, const char *id)
{
	store_do(s, "delete from kms_key where region = ? and id = ?", "tt",
	    region, id);
	store_do(s, "delete from kms_material where region = ? and key = ?",
	    "tt", region, id);
	store_do(s, "delete from kms_alias where region = ? and key = ?", "tt",
	    region, id);
	store_do(s, "delete from kms_tag where region = ? and key = ?", "tt",
	    region, id);
}

void
kms_run(struct lunad *l, int64_t now_ms)
{
	struct store *s = lunad_store(l);
	char region[64], id[64];
	sqlite3_stmt *q = store_query(s, next_event, "");
	if (!store_next(q))
		return;
	snprintf(region, sizeof(region), "%s", store_text(q, 0));
	snprintf(id, sizeof(id), "%s", store_text(q, 1));
	bool gone = store_int(q, 3) != 0;
	int64_t days = store_int(q, 4);
	store_end(q);
	if (gone) {
		erase(s, region, id);
		return;
	}
	kms_renew(s, region, id, now_ms);
	store_do(s,
	    "update kms_key set rotate_ms = ? where region = ? and id = ?",
	    "itt", now_ms + days * DAY_MS, region, id);
}
