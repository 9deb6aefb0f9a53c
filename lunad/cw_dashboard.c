#include <ctype.h>
#include <string.h>

#include "cw.h"
#include "store.h"

#define NAME_MAX_LEN 255

static const char *
arn_of(struct request *r, const char *name)
{
	return request_format(
	    r, "arn:aws:cloudwatch::%s:dashboard/%s", r->account, name);
}

static int
check_name(struct request *r, const char *name)
{
	if (name == NULL || *name == '\0')
		return cw_need(r, "DashboardName");
	for (const char *p = name; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && *p != '-' && *p != '_')
			return fail(r, 400, CW_VALUE,
			    "The value for field DashboardName contains "
			    "invalid characters. It can only contain "
			    "alphanumerics, dash (-) and underscore (_).\n");
	if (strlen(name) > NAME_MAX_LEN)
		return fail(r, 400, CW_VALUE,
		    "The value for field DashboardName must not be longer "
		    "than %d characters.",
		    NAME_MAX_LEN);
	return 0;
}

static int
refuse_body(struct request *r, const char *path, const char *message)
{
	r->error_more.len = 0;
	put_open(&r->error_more, "dashboardValidationMessages", '[');
	put_open(&r->error_more, NULL, '{');
	put_text(&r->error_more, "DataPath", path);
	put_text(&r->error_more, "Message", message);
	put_close(&r->error_more, '}');
	put_close(&r->error_more, ']');
	return fail(r, 400, "DashboardInvalidInputError",
	    "The dashboard body is invalid, there are 1 validation errors: "
	    "[ { \"message\": \"%s\", \"dataPath\": \"%s\" } ]",
	    message, path);
}

static int
check_body(struct request *r, const char *body)
{
	struct json v, widget;
	struct json_iter it;
	size_t n = 0;
	if (json_scan(body, strlen(body), &v, NULL) != 0)
		return refuse_body(r, "/",
		    "The field DashboardBody must be a valid JSON object");
	struct json widgets = json_get(v, "widgets");
	if (v.type != JSON_OBJECT || widgets.type == JSON_NONE)
		return refuse_body(
		    r, "/", "should have required property 'widgets'");
	if (widgets.type != JSON_ARRAY)
		return refuse_body(r, "/widgets", "should be array");
	json_each(widgets, &it);
	while (json_next(&it, NULL, &widget)) {
		static const char *const needed[] = {"type", "properties"};
		for (size_t i = 0; i < 2; i++)
			if (json_get(widget, needed[i]).type == JSON_NONE)
				return refuse_body(r,
				    request_format(r, "/widgets/%zu", n),
				    request_format(r,
					"should have required property '%s'",
					needed[i]));
		n++;
	}
	return 0;
}

int
cw_put_dashboard(struct request *r)
{
	const char *name = param(r, "DashboardName");
	const char *body = param(r, "DashboardBody");
	if (check_name(r, name) != 0)
		return ANSWER_ERROR;
	if (body == NULL)
		return cw_need(r, "DashboardBody");
	if (check_body(r, body) != 0)
		return ANSWER_ERROR;
	store_do(r->store,
	    "insert or replace into cw_dashboard values (?, ?, ?)", "tti", name,
	    body, r->now_ms);
	put_open(r->out, NULL, '{');
	put_open(r->out, "DashboardValidationMessages", '[');
	put_close(r->out, ']');
	put_close(r->out, '}');
	return ANSWER;
}

static int
not_found(struct request *r, const char *name)
{
	return fail(r, 404, "DashboardNotFoundError",
	    "Dashboard %s does not exist", name);
}

int
cw_get_dashboard(struct request *r)
{
	const char *name = param(r, "DashboardName");
	if (cw_need(r, "DashboardName") != 0)
		return ANSWER_ERROR;
	sqlite3_stmt *q = store_query(r->store,
	    "select body from cw_dashboard where name = ?", "t", name);
	bool found = store_next(q);
	if (found) {
		put_open(r->out, NULL, '{');
		put_text(r->out, "DashboardArn", arn_of(r, name));
		put_text(r->out, "DashboardBody", store_text(q, 0));
		put_text(r->out, "DashboardName", name);
		put_close(r->out, '}');
	}
	store_end(q);
	return found ? ANSWER : not_found(r, name);
}

int
cw_list_dashboards(struct request *r)
{
	const char *prefix = param(r, "DashboardNamePrefix");
	put_open(r->out, NULL, '{');
	put_open(r->out, "DashboardEntries", '[');
	sqlite3_stmt *q = store_query(r->store,
	    "select name, length(cast(body as blob)), modified_ms"
	    " from cw_dashboard order by name",
	    "");
	while (store_next(q)) {
		const char *name = store_text(q, 0);
		if (prefix != NULL &&
		    strncmp(name, prefix, strlen(prefix)) != 0)
			continue;
		put_open(r->out, NULL, '{');
		put_text(r->out, "DashboardName", name);
		put_text(r->out, "DashboardArn", arn_of(r, name));
		put_time(r->out, "LastModified", store_int(q, 2));
		put_int(r->out, "Size", store_int(q, 1));
		put_close(r->out, '}');
	}
	store_end(q);
	put_close(r->out, ']');
	put_close(r->out, '}');
	return ANSWER;
}

int
cw_delete_dashboards(struct request *r)
{
	struct json_iter it;
	struct json one;
	if (json_count(param_json(r, "DashboardNames")) == 0)
		return cw_need(r, "DashboardNames");
	json_each(param_json(r, "DashboardNames"), &it);
	while (json_next(&it, NULL, &one)) {
		const char *name = param_text(r, one, NULL);
		if (store_do(r->store,
			"delete from cw_dashboard where name = ?", "t",
			name) == 0)
			return not_found(r, name == NULL ? "" : name);
	}
	return ANSWER;
}
