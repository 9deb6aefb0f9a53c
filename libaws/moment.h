#ifndef LUNA_MOMENT_H
#define LUNA_MOMENT_H

#include <stdint.h>

#include "err.h"
#include "json.h"

/*
 * The times that records have in a field, in any of the forms of text_time:
 * many of them, mostly of one day.
 */
struct moment;

/* path: of the field, for messages; borrowed. */
struct moment *moment_new(const char *path);
void moment_free(struct moment *m);
/* v: what the field has. Fails: ERR_RECORD "NoTime": nothing, or no time. */
int moment_read(struct moment *m, struct json v, int64_t *ms, struct err *err);

#endif
