#ifndef LUNA_JSON_H
#define LUNA_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

/*
 * Strict JSON (RFC 8259) read as views of its source text: nothing is
 * copied, no digit and no escape is lost. And the one door to cJSON, for
 * trees that are built or changed (settings, templates, small replies).
 *
 * json_scan validates a text once; every other function expects a view that
 * came from it (or from json_next, json_get, …) and does not fail on form.
 * A view borrows its text.
 */
enum json_type {
	JSON_NONE, /* absent */
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING, /* the view includes the quotes */
	JSON_ARRAY,
	JSON_OBJECT
};

struct json {
	enum json_type type;
	const char *at;
	size_t len;
};

#define JSON_DEPTH 512

/*
 * Validate text: one value, white space around it allowed, UTF-8 valid,
 * depth at most JSON_DEPTH.
 *
 * Fails: ERR_RECORD "InvalidJson", the message has what and at which byte
 *        (counted from 1).
 */
int json_scan(const char *text, size_t len, struct json *out, struct err *err);

/*
 * Like json_scan for an object, and also finds its members named `name`
 * (compared decoded) at the top level in the same pass.
 *
 * found: [0] the first such member's key view and value view; count says
 *        how many there are.
 * Fails: as json_scan; ERR_RECORD "NotAnObject" for any other value.
 */
struct json_found {
	struct json key, value;
	unsigned count;
};
int json_scan_object(const char *text, size_t len, const char *name,
    struct json *out, struct json_found *found, struct err *err);

/* The view of [from, to), which json_scan has validated. */
struct json json_view(const char *from, const char *to);

/* The members of an object or the elements of an array, in order. */
struct json_iter {
	const char *at, *end;
	bool object;
};
void json_each(struct json v, struct json_iter *it);
/* The same, but nothing of what is no object: each has a key. */
void json_members(struct json v, struct json_iter *it);
/* key: may be NULL; of type JSON_NONE for elements. */
bool json_next(struct json_iter *it, struct json *key, struct json *value);

/* The last member of that name (compared decoded), or type JSON_NONE; so
 * also when obj is no object. */
struct json json_get(struct json obj, const char *name);
/* The same for several different names in one pass: value[i] is that of
 * name[i]. */
void json_pick(
    struct json obj, const char *const *name, size_t count, struct json *value);
struct json json_at(struct json array, size_t index);
size_t json_count(struct json v); /* members or elements; else 0 */
/* Is this key or string view, decoded, equal to text? */
bool json_is(struct json string, const char *text);

/*
 * Append a string's text, decoded. "\u0000" arrives as a NUL byte.
 * Fails: ERR_RECORD "LoneSurrogate".
 */
int json_text(struct json string, struct buf *out, struct err *err);
/* The same as allocated text for short settings; a string with a NUL or a
 * lone surrogate, and any other type, gives NULL. Free it. */
char *json_dup(struct json string);
/* The source text of a number (or any view) as allocated text. */
char *json_source(struct json v);
/* A number, or a string that holds one, as an integer; 0 on success. */
int json_integer(struct json v, int64_t *out);
int json_double(struct json v, double *out); /* and within its range */
bool json_true(struct json v);               /* true, or the string "true" */

/* Append the view with white space outside strings removed. */
void json_compact(struct json v, struct buf *out);

/*
 * A cJSON tree of a text that json_scan accepts; NULL and err otherwise.
 * Numbers of more than 15 digits, and those beyond a double's range, become
 * cJSON_Raw with their source text; strings with NUL or a lone surrogate are
 * refused. cJSON_Delete it.
 */
cJSON *json_tree(const char *text, size_t len, struct err *err);
/* One line; without memory for it out->full is set. */
void json_print(const cJSON *tree, struct buf *out);

#endif
