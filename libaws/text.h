#ifndef LUNA_TEXT_H
#define LUNA_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

/*
 * Encodings of text. All append to out; none allocates else; none fails but
 * where it says so.
 */
void text_hex(const void *bytes, size_t len, struct buf *out); /* lower */
void text_base64(const void *bytes, size_t len, struct buf *out);
/* -1 when text is not base64 (padding required, no white space). */
int text_unbase64(const char *text, size_t len, struct buf *out);
/* What it decodes to, without decoding it; -1 also when bits are left over
 * that are not zero. */
int text_unbase64_size(const char *text, size_t len, size_t *bytes);

/* RFC 3986: all but A-Z a-z 0-9 - . _ ~ as %XX; keep_slash leaves '/'. */
void text_percent(
    const char *text, size_t len, bool keep_slash, struct buf *out);
/* Decode %XX and, when plus is set, '+' as a space. -1: malformed. */
int text_unpercent(const char *text, size_t len, bool plus, struct buf *out);

void text_html(const char *text, size_t len, struct buf *out);  /* & < > " ' */
void text_slack(const char *text, size_t len, struct buf *out); /* & < > */
/* A JSON string's inside, without the quotes. Invalid UTF-8: U+FFFD. */
void text_json(const char *text, size_t len, struct buf *out);
/* The same with the quotes. */
void text_json_string(const char *text, size_t len, struct buf *out);
/* A member of a JSON object: "name":"value", a comma before it unless out is
 * empty or ends with '{'. */
void text_json_member(const char *name, const char *value, struct buf *out);
/* A mail header's value: as it is when it is ASCII without "=?" and at most
 * TEXT_HEADER_LINE bytes, else RFC 2047 B words of at most 75 characters,
 * folded. -1: CR, LF or NUL in text. */
#define TEXT_HEADER_LINE 900
int text_rfc2047(const char *text, size_t len, struct buf *out);

/* The length of the valid UTF-8 that text begins with; len if all of it is. */
size_t text_utf8(const char *text, size_t len);
/* The length of the one valid character that text begins with, or 0. */
size_t text_character(const char *text, size_t len);
/* Append one code point as UTF-8. */
void text_add_utf8(uint32_t code, struct buf *out);

/*
 * Time is milliseconds since the epoch, UTC, everywhere in luna.
 */
#define TEXT_ISO 25 /* "2026-11-20T22:29:22.123Z" and its NUL */
void text_iso(int64_t ms, char out[static TEXT_ISO]);
/*
 * ISO 8601 with or without zone (then UTC), "YYYY-MM-DD HH:MM:SS[.f] [UTC]",
 * a date alone, epoch seconds (fraction allowed) or milliseconds (12 digits
 * or more). -1: none of these.
 */
int text_time(const char *text, size_t len, int64_t *ms);
/* The same, or relative to now: "now", "3h" (ago), "-3h", "+5m". */
int text_when(const char *text, int64_t now_ms, int64_t *ms);
/* "90", "90s", "5m", "3h", "2d", "1w", "250ms", "1.5h": -1 if it is none. */
int text_duration(const char *text, int64_t *ms);
/* "512", "64K", "16M", "64MiB", "1G" (powers of 1024). */
int text_size(const char *text, size_t *bytes);
/* A whole decimal number within [low, high], nothing after it. */
int text_integer(const char *text, int64_t low, int64_t high, int64_t *out);

/* Real time in ms; the only clock of the library, passed on from tools. */
int64_t text_now(void);
/* Monotonic milliseconds, for waits. */
int64_t text_tick(void);

#endif
