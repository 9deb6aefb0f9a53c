#include "message.h"

#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "mem.h"
#include "text.h"

static int
compile(struct template **t, const char *text, struct err *err)
{
	if (text == NULL)
		return 0;
	*t = template_new(text, err);
	return *t == NULL ? -1 : 0;
}

/* Source: SQS Developer Guide, "Amazon SQS message metadata". */
static bool
is_attribute_name(const char *name)
{
	size_t len = strlen(name);
	return len > 0 && len <= 256 &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "abcdefghijklmnopqrstuvwxyz0123456789_-.") == len;
}

/* String or Number, and a label of one's own behind a dot. */
static bool
is_attribute_type(const char *type)
{
	return (strncmp(type, "String", 6) == 0 ||
		   strncmp(type, "Number", 6) == 0) &&
	       (type[6] == '\0' || type[6] == '.');
}

/* NAME[:TYPE]=TPL */
static int
add_attribute(struct message *m, const char *text, struct err *err)
{
	const char *equals = strchr(text, '=');
	if (equals == NULL || equals == text)
		return err_set(err, ERR_SETUP, "Usage",
		    "--attr wants NAME=TPL or NAME:Number=TPL, not '%s'", text);
	const char *colon = memchr(text, ':', (size_t)(equals - text));
	struct message_attribute a = {0};
	a.name = mem_text_of(
	    text, (size_t)((colon == NULL ? equals : colon) - text));
	a.type = colon == NULL
		     ? mem_text("String")
		     : mem_text_of(colon + 1, (size_t)(equals - colon - 1));
	m->attribute = mem_grow(
	    m->attribute, m->attribute_count + 1, sizeof(*m->attribute));
	m->attribute[m->attribute_count++] = a;
	if (!is_attribute_name(a.name) || !is_attribute_type(a.type))
		return err_set(err, ERR_SETUP, "Usage",
		    "--attr wants a name of letters, digits, _ - and ., and "
		    "the type String or Number, not '%s'",
		    text);
	return compile(
	    &m->attribute[m->attribute_count - 1].value, equals + 1, err);
}

int
message_init(struct message *m, const char *body, const char *group,
    const char *dedup, const struct opt_list *attributes, struct err *err)
{
	*m = (struct message){0};
	if (compile(&m->body, body, err) != 0 ||
	    compile(&m->group, group, err) != 0 ||
	    compile(&m->dedup, dedup, err) != 0)
		return -1;
	for (size_t i = 0; attributes != NULL && i < attributes->count; i++)
		if (add_attribute(m, attributes->item[i], err) != 0)
			return -1;
	return 0;
}

void
message_clear(struct message *m)
{
	template_free(m->body);
	template_free(m->group);
	template_free(m->dedup);
	for (size_t i = 0; i < m->attribute_count; i++) {
		free(m->attribute[i].name);
		free(m->attribute[i].type);
		template_free(m->attribute[i].value);
	}
	free(m->attribute);
	*m = (struct message){0};
}

/*
 * "#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to
 * #x10FFFF": of valid UTF-8, all but C0 controls, U+FFFE and U+FFFF.
 */
static int
check_characters(const char *text, size_t len, struct err *err)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		bool control = c < ' ' && c != '\t' && c != '\n' && c != '\r';
		bool end = c == 0xef && i + 2 < len &&
			   (unsigned char)text[i + 1] == 0xbf &&
			   (unsigned char)text[i + 2] >= 0xbe;
		if (control || end)
			return err_set(err, ERR_RECORD,
			    "InvalidMessageContents",
			    "character U+%04X at byte %zu of the message is "
			    "one that the service does not take",
			    control ? c : 0xff40u + (unsigned char)text[i + 2],
			    i + 1);
	}
	return 0;
}

int
message_body(const struct message *m, const struct record *r, struct buf *out,
    struct err *err)
{
	size_t at = out->len;
	int failed = m->body != NULL
			 ? template_fill(m->body, r, TEMPLATE_PLAIN, out, err)
			 : record_body(r, out, err);
	if (failed)
		return -1;
	if (out->len == at)
		return err_set(err, ERR_RECORD, "EmptyMessage",
		    "the message is empty, which the service does not take");
	return check_characters(out->data + at, out->len - at, err);
}

bool
message_fifo(const char *resource)
{
	size_t len = strlen(resource);
	return len > 5 && strcmp(resource + len - 5, ".fifo") == 0;
}

static struct message_value *
value_new(struct message_values *v)
{
	v->value = mem_grow(v->value, v->count + 1, sizeof(*v->value));
	v->value[v->count] = (struct message_value){0};
	return &v->value[v->count++];
}

/* What ReceiveMessage gave: {"NAME":{"DataType":…,"StringValue":…}}. */
static int
fill_received(
    const struct record *r, struct message_values *out, struct err *err)
{
	struct json name, value;
	struct json_iter it;
	json_each(json_get(record_origin(r, "sqs"), "MessageAttributes"), &it);
	while (json_next(&it, &name, &value)) {
		struct message_value *v = value_new(out);
		struct json text = json_get(value, "StringValue");
		v->name = json_dup(name);
		v->type = json_dup(json_get(value, "DataType"));
		v->binary = text.type != JSON_STRING;
		if (v->binary)
			text = json_get(value, "BinaryValue");
		if (v->name == NULL || v->type == NULL ||
		    text.type != JSON_STRING)
			return err_set(err, ERR_RECORD, "InvalidMetadata",
			    "from.sqs.MessageAttributes is not what "
			    "ReceiveMessage gives");
		if (json_text(text, &v->text, err) != 0)
			return -1;
	}
	return 0;
}

int
message_fill(const struct message *m, const struct record *r, bool as_received,
    struct message_values *out, struct err *err)
{
	message_values_clear(out);
	if (as_received && fill_received(r, out, err) != 0)
		return -1;
	for (size_t i = 0; i < m->attribute_count; i++) {
		const struct message_attribute *a = &m->attribute[i];
		struct message_value *v = value_new(out);
		v->name = mem_text(a->name);
		v->type = mem_text(a->type);
		if (template_fill(a->value, r, TEMPLATE_PLAIN, &v->text, err) !=
		    0)
			return -1;
		if (v->text.len == 0)
			return err_set(err, ERR_RECORD, "EmptyAttribute",
			    "attribute '%s' would be empty, which the service "
			    "does not take",
			    a->name);
	}
	return 0;
}

void
message_values_clear(struct message_values *v)
{
	for (size_t i = 0; i < v->count; i++) {
		free((char *)v->value[i].name);
		free((char *)v->value[i].type);
		buf_clear(&v->value[i].text);
	}
	free(v->value);
	*v = (struct message_values){0};
}

size_t
message_values_size(const struct message_values *v)
{
	size_t size = 0;
	for (size_t i = 0; i < v->count; i++)
		size += strlen(v->value[i].name) + strlen(v->value[i].type) +
			v->value[i].text.len;
	return size;
}

static int
by_name(const void *a, const void *b)
{
	const struct message_value *x = a, *y = b;
	return strcmp(x->name, y->name);
}

static void
add_counted(struct buf *out, const char *text, size_t len)
{
	const char size[] = {
	    (char)(len >> 24), (char)(len >> 16), (char)(len >> 8), (char)len};
	buf_add(out, size, sizeof(size));
	buf_add(out, text, len);
}

/* Source: SQS Developer Guide, "Calculating the MD5 message digest". */
void
message_values_md5(struct message_values *v, char out[static 33])
{
	struct buf all = {0};
	qsort(v->value, v->count, sizeof(*v->value), by_name);
	for (size_t i = 0; i < v->count; i++) {
		struct message_value *a = &v->value[i];
		add_counted(&all, a->name, strlen(a->name));
		add_counted(&all, a->type, strlen(a->type));
		buf_add_char(&all, a->binary ? 2 : 1);
		struct buf plain = {0};
		if (a->binary)
			text_unbase64(a->text.data, a->text.len, &plain);
		else
			buf_add(&plain, a->text.data, a->text.len);
		add_counted(&all, plain.data, plain.len);
		buf_clear(&plain);
	}
	digest_md5_hex(all.data, all.len, out);
	buf_clear(&all);
}

int
message_id(const struct template *t, const struct record *r, bool as_received,
    const char *member, struct buf *out, struct err *err)
{
	size_t at = out->len;
	if (t != NULL && template_fill(t, r, TEMPLATE_PLAIN, out, err) != 0)
		return -1;
	if (t != NULL && out->len == at)
		return err_set(err, ERR_RECORD, "EmptyId",
		    "%s would be empty, which the service does not take",
		    member);
	if (t != NULL || !as_received)
		return 0;
	struct json id = json_get(record_origin(r, "sqs"), member);
	return id.type == JSON_STRING ? json_text(id, out, err) : 0;
}
