#ifndef LUNA_RECORD_H
#define LUNA_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "json.h"

/*
 * One line of JSON Lines with luna's "@metadata" member, read as bytes and
 * passed on as the same bytes with only that member spliced.
 * The page: luna-record(5).
 */
struct record {
	const char *line; /* without CR and LF; borrowed */
	size_t len;
	uint64_t number;  /* of the line, from 1 */
	struct json root; /* the object */
	struct json meta; /* the value of @metadata, or JSON_NONE */
	size_t cut,
	    cut_end;       /* the payload is the line without [cut, cut_end) */
	bool replayed_raw; /* @metadata.raw or raw_base64: never a record */
};

/*
 * line:  CR and LF at its end are left out.
 * Fails: ERR_RECORD: "InvalidJson", "NotAnObject", "InvalidMetadata" (two of
 *        them, or no object); r still has line, len and number, so that it
 *        can be emitted by record_emit_error. For a replayed raw line too:
 *        "NotARecord".
 */
int record_parse(struct record *r, const char *line, size_t len,
    uint64_t number, struct err *err);

/* Append the payload: the line without @metadata and exactly one comma. */
void record_payload(const struct record *r, struct buf *out);
size_t record_payload_len(const struct record *r);

/*
 * Append the line with @metadata.to.SERVICE = {fields} and without
 * @metadata.error; no newline. fields: JSON members without the braces, may
 * be empty; to NULL: only the error is dropped.
 */
void record_emit(const struct record *r, const char *to, const char *fields,
    size_t fields_len, struct buf *out);

/*
 * Append the line with payload member `name` = value (JSON text): replaced in
 * place where it is, else added last but before a final @metadata. Without
 * @metadata.error. To emit what it made, parse it again.
 */
void record_set(const struct record *r, const char *name, const char *value,
    size_t value_len, struct buf *out);

/*
 * Append the line with @metadata.error = {tool, code, message, retryable,
 * line}; a line that is no record becomes {"@metadata":{"raw":…,"error":…}}
 * (raw_base64 when it is not UTF-8).
 *
 * parsed: record_parse accepted it.
 */
void record_emit_error(const struct record *r, bool parsed, const char *tool,
    const struct err *err, struct buf *out);

/*
 * Append a source's line: a body with @metadata.from.SERVICE = {fields}.
 * A JSON object without @metadata is the payload itself (line feeds outside
 * strings become spaces), any other body {"body":"…"}; one that is not
 * UTF-8 {"body_base64":"…"}. BodyIs "text" or "base64" is added to fields.
 */
void record_from(const char *body, size_t len, const char *service,
    const char *fields, size_t fields_len, struct buf *out);

/*
 * Append what the record is to be sent as: the text that it came as (it has
 * from.SERVICE.BodyIs "text" and no payload member but body), else the
 * payload.
 * Fails: ERR_RECORD, as json_text.
 */
int record_body(const struct record *r, struct buf *out, struct err *err);
bool record_came_as_text(const struct record *r);

/* @metadata.from.SERVICE, or JSON_NONE. */
struct json record_origin(const struct record *r, const char *service);

#endif
