#ifndef LUNA_PARAM_H
#define LUNA_PARAM_H

#include <stddef.h>

#include "buf.h"
#include "err.h"
#include "json.h"

/*
 * The parameters of a call, from arguments "name=text" and "name:=JSON" and
 * from stdin.
 */

/*
 * Append one JSON object: the members of base (JSON_NONE: none) that no
 * argument names, as they stand and without @metadata, then the arguments'.
 *
 * Fails: ERR_SETUP "Usage": an argument of neither form, a name twice, text
 *        that is not UTF-8, what is no JSON after ":=".
 */
int param_object(char *const *arg, size_t count, struct json base,
    struct buf *out, struct err *err);

/*
 * Read one JSON object from fd to its end, at most 16 MiB, into text.
 *
 * Fails: ERR_SETUP "Usage".
 */
int param_read(int fd, struct buf *text, struct json *object, struct err *err);

#endif
