#ifndef LUNA_INI_H
#define LUNA_INI_H

#include <stddef.h>

#include "err.h"

/*
 * AWS's shared config and credentials files: [section] headers, key = value,
 * '#' and ';' comment lines, inline " #" and " ;" comments, and nested blocks
 * (an empty value followed by indented key = value lines).
 *
 * Keys are compared in lower case. A nested value has the key "outer.inner".
 * A later section of the same name adds to the first; a later key wins.
 */
struct ini;

/* text: copied. Fails: ERR_SETUP, the message has the line number. */
struct ini *ini_parse(const char *text, size_t len, struct err *err);
/* A file that is absent is an empty ini; one that cannot be read fails. */
struct ini *ini_open(const char *path, struct err *err);
void ini_free(struct ini *ini);

/* NULL when absent; lives as long as ini. */
const char *ini_get(
    const struct ini *ini, const char *section, const char *key);
int ini_has(const struct ini *ini, const char *section);
/* The sections in their order: NULL past the last. */
const char *ini_section(const struct ini *ini, size_t index);

#endif
