#ifndef LUNA_MOMENT_H
#define LUNA_MOMENT_H

#include <stdint.h>

#include "err.h"
#include "record.h"

/*
 * The time that a record has in a field, in any of the forms of text_time.
 */
struct moment;

/* Fails: ERR_SETUP "BadField". */
struct moment *moment_new(const char *path, struct err *err);
void moment_free(struct moment *m);
/* Fails: ERR_RECORD "NoTime": the field is absent or no time. */
int moment_read(
    struct moment *m, const struct record *r, int64_t *ms, struct err *err);

#endif
