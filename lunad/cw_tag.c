#include <string.h>

#include "cw.h"
#include "store.h"

/*
 * Tags of alarms. AWS answers for a resource that is gone with no tags, and
 * refuses to tag one.
 */
static int
exists(struct request *r, const char *arn)
{
	if (store_number(r->store, 0,
		"select 1 from cw_alarm where region = ? and"
		" json_extract(config, '$.AlarmArn') = ?",
		"tt", r->region, arn) != 0)
		return 0;
	r->error_more.len = 0;
	put_text(&r->error_more, "ResourceType", "cloudwatch alarm");
	put_text(&r->error_more, "ResourceId", arn == NULL ? "" : arn);
	return fail(r, 404, "ResourceNotFoundException", "%s", "");
}

int
cw_tag_resource(struct request *r)
{
	const char *arn = param(r, "ResourceARN");
	struct json_iter it;
	struct json one;
	if (cw_need(r, "ResourceARN") != 0 || exists(r, arn) != 0)
		return ANSWER_ERROR;
	json_each(param_json(r, "Tags"), &it);
	while (json_next(&it, NULL, &one))
		store_do(r->store,
		    "insert or replace into cw_tag values (?, ?, ?)", "ttt",
		    arn, param_text(r, json_get(one, "Key"), NULL),
		    param_text(r, json_get(one, "Value"), NULL));
	return ANSWER;
}

int
cw_untag_resource(struct request *r)
{
	const char *arn = param(r, "ResourceARN");
	struct json_iter it;
	struct json one;
	if (cw_need(r, "ResourceARN") != 0 || exists(r, arn) != 0)
		return ANSWER_ERROR;
	json_each(param_json(r, "TagKeys"), &it);
	while (json_next(&it, NULL, &one))
		store_do(r->store,
		    "delete from cw_tag where arn = ? and key = ?", "tt", arn,
		    param_text(r, one, NULL));
	return ANSWER;
}

int
cw_list_tags_for_resource(struct request *r)
{
	if (cw_need(r, "ResourceARN") != 0)
		return ANSWER_ERROR;
	put_open(r->out, NULL, '{');
	put_open(r->out, "Tags", '[');
	sqlite3_stmt *q = store_query(r->store,
	    "select key, value from cw_tag where arn = ? order by key", "t",
	    param(r, "ResourceARN"));
	while (store_next(q)) {
		put_open(r->out, NULL, '{');
		put_text(r->out, "Key", store_text(q, 0));
		put_text(r->out, "Value", store_text(q, 1));
		put_close(r->out, '}');
	}
	store_end(q);
	put_close(r->out, ']');
	put_close(r->out, '}');
	return ANSWER;
}
