#include "mail.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "mem.h"
#include "text.h"

/* Append ,"NAME":"filled text". */
static int
add_filled(struct mail *m, const struct template *t, const char *name,
    enum template_place place, const struct record *r, struct buf *out,
    struct err *err)
{
	buf_reset(&m->text);
	if (template_fill(t, r, place, &m->text, err) != 0)
		return -1;
	buf_addf(out, "\"%s\":{\"Charset\":\"UTF-8\",\"Data\":", name);
	text_json_string(buf_text(&m->text), m->text.len, out);
	buf_add_char(out, '}');
	return 0;
}

static int
add_address(struct mail *m, const struct template *t, const struct record *r,
    struct buf *out, struct err *err)
{
	buf_reset(&m->text);
	buf_reset(&m->address);
	if (template_fill(t, r, TEMPLATE_HEADER, &m->text, err) != 0 ||
	    address_add(buf_text(&m->text), m->text.len, &m->address, err) != 0)
		return -1;
	text_json_string(m->address.data, m->address.len, out);
	return 0;
}

static int
keep_address(struct mail *m, const char *text, size_t len, struct err *err)
{
	if (address_add(text, len, &m->addresses, err) != 0)
		return -1;
	buf_add_char(&m->addresses, '\0');
	return 0;
}

/* All addresses of r: a template, or a field that is a list. */
static int
find_addresses(struct mail *m, const struct record *r, struct err *err)
{
	buf_reset(&m->addresses);
	m->next = 0;
	for (size_t i = 0; i < m->to_count; i++) {
		struct json list = template_single(m->to[i], r), v;
		struct json_iter it;
		buf_reset(&m->text);
		if (list.type != JSON_ARRAY) {
			if (template_fill(m->to[i], r, TEMPLATE_HEADER,
				&m->text, err) != 0 ||
			    keep_address(
				m, buf_text(&m->text), m->text.len, err) != 0)
				return -1;
			continue;
		}
		json_each(list, &it);
		while (json_next(&it, NULL, &v)) {
			buf_reset(&m->text);
			if (v.type != JSON_STRING)
				return err_set(err, ERR_RECORD,
				    "InvalidAddress",
				    "a list of recipients holds what is no "
				    "text");
			if (json_text(v, &m->text, err) != 0 ||
			    keep_address(
				m, buf_text(&m->text), m->text.len, err) != 0)
				return -1;
		}
	}
	return 0;
}

static int
add_content(
    struct mail *m, const struct record *r, struct buf *out, struct err *err)
{
	if (m->template_name != NULL) {
		buf_add_text(out, "\"Template\":{\"TemplateName\":");
		text_json_string(
		    m->template_name, strlen(m->template_name), out);
		buf_reset(&m->text);
		record_payload(r, &m->text);
		buf_add_text(out, ",\"TemplateData\":");
		text_json_string(m->text.data, m->text.len, out);
		buf_add_char(out, '}');
		return 0;
	}
	buf_add_text(out, "\"Simple\":{");
	if (add_filled(
		m, m->subject, "Subject", TEMPLATE_HEADER, r, out, err) != 0)
		return -1;
	buf_add_text(out, ",\"Body\":{");
	if (m->body == NULL && m->html == NULL) {
		buf_reset(&m->text);
		if (record_body(r, &m->text, err) != 0)
			return -1;
		buf_add_text(out, "\"Text\":{\"Charset\":\"UTF-8\",\"Data\":");
		text_json_string(m->text.data, m->text.len, out);
		buf_add_char(out, '}');
	}
	if (m->body != NULL &&
	    add_filled(m, m->body, "Text", TEMPLATE_PLAIN, r, out, err) != 0)
		return -1;
	if (m->html != NULL) {
		buf_add_text(out, m->body == NULL ? "" : ",");
		if (add_filled(
			m, m->html, "Html", TEMPLATE_HTML, r, out, err) != 0)
			return -1;
	}
	buf_add_text(out, "}}");
	return 0;
}

/* One call an address: nobody sees who else gets it, and one bad address
 * does not keep the mail from the others. */
int
mail_encode(struct mail *m, const struct record *r, size_t part,
    struct buf *out, bool *more, struct err *err)
{
	if (part == 0 && find_addresses(m, r, err) != 0)
		return -1;
	if (m->addresses.len == 0)
		return err_set(err, ERR_RECORD, "NoRecipient",
		    "the list of recipients is empty");
	buf_add_text(out, "{\"FromEmailAddress\":");
	if (add_address(m, m->from, r, out, err) != 0)
		return -1;
	const char *to = m->addresses.data + m->next;
	m->next += strlen(to) + 1;
	*more = m->next < m->addresses.len;
	buf_add_text(out, ",\"Destination\":{\"ToAddresses\":[");
	text_json_string(to, strlen(to), out);
	buf_add_text(out, "]}");
	if (m->reply != NULL) {
		buf_add_text(out, ",\"ReplyToAddresses\":[");
		if (add_address(m, m->reply, r, out, err) != 0)
			return -1;
		buf_add_char(out, ']');
	}
	buf_add_text(out, ",\"Content\":{");
	if (add_content(m, r, out, err) != 0)
		return -1;
	buf_add_text(out, "}}");
	return 0;
}

static int
compile(
    struct template **t, const char *option, const char *text, struct err *err)
{
	if (text == NULL)
		return 0;
	*t = template_new(text, err);
	if (*t == NULL)
		err_prefix(err, "%s", option);
	return *t == NULL ? -1 : 0;
}

static int
add_recipient(struct mail *m, const char *text, struct err *err)
{
	m->to = mem_grow(m->to, m->to_count + 1, sizeof(struct template *));
	m->to[m->to_count] = NULL;
	return compile(&m->to[m->to_count++], "--to", text, err);
}

static int
unreadable(const char *option, const char *file, struct err *err)
{
	return err_set(err, ERR_SETUP, "Usage", "%s %s: %s", option, file,
	    strerror(errno));
}

static int
read_recipients(struct mail *m, const char *file, struct err *err)
{
	char *line = NULL;
	size_t cap = 0;
	int r = 0;
	FILE *f = fopen(file, "re");
	if (f == NULL)
		return unreadable("--to-file", file, err);
	while (r == 0 && getline(&line, &cap, f) > 0) {
		line[strcspn(line, "\r\n")] = '\0';
		if (line[0] != '\0' && line[0] != '#')
			r = add_recipient(m, line, err);
	}
	if (r == 0 && ferror(f))
		r = unreadable("--to-file", file, err);
	if (r == 0 && m->to_count == 0)
		r = err_set(err, ERR_SETUP, "Usage",
		    "--to-file %s names no recipient", file);
	free(line);
	fclose(f);
	return r;
}

static int
read_body(struct mail *m, const char *file, struct err *err)
{
	struct buf text = {0};
	char chunk[4096];
	size_t n;
	FILE *f = fopen(file, "re");
	if (f == NULL)
		return unreadable("--body-file", file, err);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(&text, chunk, n);
	int r = ferror(f)
		    ? unreadable("--body-file", file, err)
		    : compile(&m->body, "--body-file", buf_text(&text), err);
	fclose(f);
	buf_clear(&text);
	return r;
}

static int
check_about(const struct mail_about *a, struct err *err)
{
	const char *wrong = NULL;
	if (a->from == NULL)
		wrong = "--from is missing: who sends the mail?";
	else if ((a->to->count == 0) == (a->to_file == NULL))
		wrong = "recipients come from --to or from --to-file";
	else if ((a->body != NULL) + (a->body_file != NULL) +
		     (a->template_name != NULL) >
		 1)
		wrong = "--body, --body-file and --template exclude each other";
	else if (a->template_name != NULL &&
		 (a->subject != NULL || a->html != NULL))
		wrong = "--template brings its own subject and HTML";
	else if (a->template_name == NULL && a->subject == NULL)
		wrong = "--subject is missing";
	if (wrong == NULL)
		return 0;
	return err_set(err, ERR_SETUP, "Usage", "%s", wrong);
}

int
mail_init(struct mail *m, const struct mail_about *a, struct err *err)
{
	*m = (struct mail){.template_name = a->template_name};
	if (check_about(a, err) != 0 ||
	    compile(&m->from, "--from", a->from, err) != 0 ||
	    compile(&m->subject, "--subject", a->subject, err) != 0 ||
	    compile(&m->body, "--body", a->body, err) != 0 ||
	    compile(&m->html, "--html", a->html, err) != 0 ||
	    compile(&m->reply, "--reply-to", a->reply, err) != 0)
		return -1;
	if (a->body_file != NULL && read_body(m, a->body_file, err) != 0)
		return -1;
	for (size_t i = 0; i < a->to->count; i++)
		if (add_recipient(m, a->to->item[i], err) != 0)
			return -1;
	return a->to_file == NULL ? 0 : read_recipients(m, a->to_file, err);
}

void
mail_clear(struct mail *m)
{
	struct template *all[] = {
	    m->from, m->subject, m->body, m->html, m->reply};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		template_free(all[i]);
	for (size_t i = 0; i < m->to_count; i++)
		template_free(m->to[i]);
	free(m->to);
	buf_clear(&m->text);
	buf_clear(&m->address);
	buf_clear(&m->addresses);
	*m = (struct mail){0};
}
