#ifndef LUNA_TEMPLATE_H
#define LUNA_TEMPLATE_H

#include <stdbool.h>

#include "buf.h"
#include "err.h"
#include "json.h"
#include "record.h"

/*
 * {{field}} in option values, filled from a record. Paths: a.b, a[0],
 * ["any name"], @metadata.from.sqs.MessageId. "{{{{" is a literal "{{".
 * Filled text is not searched again. The page: luna-record(5).
 */
struct template;

enum template_place { /* decides the encoding of what is filled in */
	TEMPLATE_PLAIN,
	TEMPLATE_URL, /* percent */
	TEMPLATE_HTML,
	TEMPLATE_SLACK,
	TEMPLATE_HEADER /* CR, LF, NUL refused */
};

/* Fails: ERR_SETUP "BadTemplate" with the place. */
struct template *template_new(const char *text, struct err *err);
void template_free(struct template *t);

/* Fails: ERR_RECORD "MissingField" (absent or null), "BadCharacter",
 *        "LoneSurrogate", each naming the field; nothing is appended then. */
int template_fill(const struct template *t, const struct record *r,
    enum template_place place, struct buf *out, struct err *err);

/* The text when it has no fields, else NULL. */
const char *template_constant(const struct template *t);
/* The value when the template is exactly one field, else JSON_NONE. */
struct json template_single(const struct template *t, const struct record *r);

/*
 * A FIELD operand or option: a compiled path. Fails: ERR_SETUP "BadField".
 */
struct template_field;
struct template_field *template_field_new(const char *path, struct err *err);
void template_field_free(struct template_field *f);
struct json template_field_get(
    const struct template_field *f, const struct record *r);
/* The path's last name; NULL when it ends with an index. */
const char *template_field_name(const struct template_field *f);
/* The name when the path is just that, a member of the payload, else NULL. */
const char *template_field_plain(const struct template_field *f);

/*
 * Several fields of each record, found in one pass where they are members of
 * the payload.
 */
struct template_fields;
struct template_fields *template_fields_new(void);
void template_fields_free(struct template_fields *set);
/* Where in the values that of f will be; f is borrowed. */
size_t template_fields_add(
    struct template_fields *set, const struct template_field *f);
/* The values, until the next call. */
const struct json *template_fields_get(
    struct template_fields *set, const struct record *r);

/*
 * FIELD or FIELD=VALUE of --when and --unless: is the field there and, with
 * a VALUE, is its text equal? Without a VALUE null and false count as absent.
 */
struct template_test;
struct template_test *template_test_new(const char *text, struct err *err);
void template_test_free(struct template_test *t);
bool template_test_holds(const struct template_test *t, const struct record *r);

#endif
