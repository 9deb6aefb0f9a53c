/*
 * SES: templates, stored by name.
 */
#include <string.h>

#include "mail.h"
#include "mem.h"
#include "ses_private.h"
#include "ses_template.h"
#include "text.h"

#define TEMPLATE_MAX ((size_t)500 * 1024)

static int
unknown(struct request *r, const char *name)
{
	return ses_missing(r, "Template", name);
}

static int
check_part(struct request *r, struct json content, const char *name)
{
	struct err err = {0};
	size_t len = 0;
	const char *text = param_text(r, json_get(content, name), &len);

	if (text == NULL || ses_template_check(text, len, &err) == 0)
		return 0;
	return ses_bad(
	    r, "Template is invalid: %s of it, %s", name, err.message);
}

static int
check_content(struct request *r, struct json content)
{
	if (content.len > TEMPLATE_MAX)
		return ses_bad(r, "Template is larger than 500 KB.");
	if (ses_text(r, content, "Subject") == NULL &&
	    ses_text(r, content, "Text") == NULL &&
	    ses_text(r, content, "Html") == NULL)
		return ses_bad(r,
		    "Template must have at least a subject, text, or html "
		    "part.");
	if (check_part(r, content, "Subject") < 0 ||
	    check_part(r, content, "Text") < 0 ||
	    check_part(r, content, "Html") < 0)
		return -1;
	return 0;
}

int
ses_create_template(struct request *r)
{
	const char *name = param(r, "TemplateName");
	struct json content = param_json(r, "TemplateContent");
	struct json tags = param_json(r, "Tags");

	if (name == NULL || name[0] == '\0' || strlen(name) > 64)
		return ses_bad(r, "TemplateName must have 1 to 64 characters.");
	if (check_content(r, content) < 0)
		return ANSWER_ERROR;
	if (store_do(r->store,
		"INSERT OR IGNORE INTO ses_template"
		" (region, name, subject, text, html, made_ms, tags)"
		" VALUES (?, ?, ?, ?, ?, ?, ?)",
		"tttttit", r->region, name,
		param_text(r, json_get(content, "Subject"), NULL),
		param_text(r, json_get(content, "Text"), NULL),
		param_text(r, json_get(content, "Html"), NULL), r->now_ms,
		tags.type == JSON_ARRAY
		    ? request_format(r, "%.*s", (int)tags.len, tags.at)
		    : "[]") == 0)
		return fail(r, 400, "AlreadyExistsException",
		    "Template %s already exists.", name);
	return ANSWER;
}

int
ses_update_template(struct request *r)
{
	const char *name = param(r, "TemplateName");
	struct json content = param_json(r, "TemplateContent");

	if (check_content(r, content) < 0)
		return ANSWER_ERROR;
	if (store_do(r->store,
		"UPDATE ses_template SET subject = ?, text = ?, html = ?"
		" WHERE region = ? AND name = ?",
		"ttttt", param_text(r, json_get(content, "Subject"), NULL),
		param_text(r, json_get(content, "Text"), NULL),
		param_text(r, json_get(content, "Html"), NULL), r->region,
		name) == 0)
		return unknown(r, name);
	return ANSWER;
}

int
ses_get_template(struct request *r)
{
	static const char *const parts[] = {"Subject", "Text", "Html"};
	const char *name = param(r, "TemplateName");
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT subject, text, html, tags FROM ses_template"
	    " WHERE region = ? AND name = ?",
	    "tt", r->region, name);

	if (!store_next(q)) {
		store_end(q);
		return unknown(r, name);
	}
	put_open(r->out, NULL, '{');
	put_text(r->out, "TemplateName", name);
	put_open(r->out, "TemplateContent", '{');
	for (int i = 0; i < 3; i++)
		if (!store_null(q, i))
			put_text(r->out, parts[i], store_text(q, i));
	put_close(r->out, '}');
	put_raw(r->out, "Tags", store_text(q, 3), strlen(store_text(q, 3)));
	put_close(r->out, '}');
	store_end(q);
	return ANSWER;
}

int
ses_delete_template(struct request *r)
{
	const char *name = param(r, "TemplateName");

	if (store_do(r->store,
		"DELETE FROM ses_template WHERE region = ? AND name = ?", "tt",
		r->region, name) == 0)
		return unknown(r, name);
	return ANSWER;
}

int
ses_list_templates(struct request *r)
{
	struct ses_page page = ses_page(r, 100);
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT name, made_ms FROM ses_template WHERE region = ?"
	    " AND name > ? ORDER BY name LIMIT ?",
	    "tti", r->region, page.after, page.size + 1);
	const char *last = "";
	int64_t n = 0;

	put_open(r->out, NULL, '{');
	put_open(r->out, "TemplatesMetadata", '[');
	while (store_next(q) && n++ < page.size) {
		last = request_format(r, "%s", store_text(q, 0));
		put_open(r->out, NULL, '{');
		put_text(r->out, "TemplateName", last);
		put_time(r->out, "CreatedTimestamp", store_int(q, 1));
		put_close(r->out, '}');
	}
	store_end(q);
	put_close(r->out, ']');
	if (n > page.size)
		put_text(r->out, "NextToken", last);
	put_close(r->out, '}');
	return ANSWER;
}

/* A column's text in the request's memory; NULL stays NULL. */
static const char *
column(struct request *r, sqlite3_stmt *q, int i, size_t *len)
{
	const char *bytes = store_bytes(q, i, len);
	char *text;

	if (store_null(q, i))
		return NULL;
	text = request_alloc(r, *len + 1);
	memcpy(text, bytes, *len);
	return text;
}

bool
ses_template_find(struct request *r, const char *name, struct ses_parts *parts)
{
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT subject, text, html FROM ses_template"
	    " WHERE region = ? AND name = ?",
	    "tt", r->region, name);
	bool found = store_next(q);

	*parts = (struct ses_parts){0};
	if (found) {
		parts->subject = column(r, q, 0, &parts->subject_len);
		parts->text = column(r, q, 1, &parts->text_len);
		parts->html = column(r, q, 2, &parts->html_len);
	}
	store_end(q);
	return found;
}

const char *
ses_template_of_arn(const char *arn)
{
	const char *name = strstr(arn, ":template/");

	return name == NULL ? NULL : name + strlen(":template/");
}

int
ses_template_data(struct request *r, const char *text, struct json *data)
{
	static const char nothing[] = "{}";

	if (text == NULL)
		text = nothing;
	if (json_scan(text, strlen(text), data, NULL) == 0 &&
	    data->type == JSON_OBJECT)
		return 0;
	return ses_bad(r, "Template rendering data is invalid");
}

static int
render_part(const char *text, size_t len, struct json data, struct buf *out,
    struct err *err)
{
	buf_init(out, SES_TEMPLATE_MAX);
	return text == NULL ? 0
			    : ses_template_render(text, len, data, out, err);
}

int
ses_render(const struct ses_parts *parts, struct json data,
    struct ses_rendered *out, struct err *err)
{
	*out = (struct ses_rendered){
	    .has_text = parts->text != NULL, .has_html = parts->html != NULL};
	if (render_part(parts->subject, parts->subject_len, data, &out->subject,
		err) == 0 &&
	    render_part(parts->text, parts->text_len, data, &out->text, err) ==
		0 &&
	    render_part(parts->html, parts->html_len, data, &out->html, err) ==
		0) {
		/* A line feed of the data would begin another header. */
		for (size_t i = 0; i < out->subject.len; i++)
			if ((unsigned char)out->subject.data[i] < ' ')
				out->subject.data[i] = ' ';
		return 0;
	}
	return -1;
}

void
ses_rendered_clear(struct ses_rendered *out)
{
	buf_clear(&out->subject);
	buf_clear(&out->text);
	buf_clear(&out->html);
}

int
ses_test_render(struct request *r)
{
	const char *name = param(r, "TemplateName");
	struct ses_rendered text = {0};
	struct ses_parts parts;
	struct json data;
	struct err err = {0};
	struct buf mail = {0};
	int failed;

	if (!ses_template_find(r, name, &parts))
		return unknown(r, name);
	if (ses_template_data(r, param(r, "TemplateData"), &data) < 0)
		return ANSWER_ERROR;
	failed = ses_render(&parts, data, &text, &err);
	if (failed != 0) {
		ses_bad(r, "%s", err.message);
	} else {
		struct mail m = {.date_ms = r->now_ms,
		    .id = request_format(
			r, "%s@%s.amazonses.com", r->id, r->region),
		    .subject = buf_text(&text.subject),
		    .text = text.has_text ? buf_text(&text.text) : NULL,
		    .text_len = text.text.len,
		    .html = text.has_html ? buf_text(&text.html) : NULL,
		    .html_len = text.html.len};

		mail_write(&m, &mail);
		put_open(r->out, NULL, '{');
		put_textn(r->out, "RenderedTemplate", mail.data, mail.len);
		put_close(r->out, '}');
	}
	ses_rendered_clear(&text);
	buf_clear(&mail);
	return failed == 0 ? ANSWER : ANSWER_ERROR;
}
