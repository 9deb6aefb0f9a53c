#ifndef LUNAD_CHECK_H
#define LUNAD_CHECK_H

#include "lunad.h"

/*
 * What most services check of their parameters before they look at them, and
 * the words in which AWS refuses: "1 validation error detected: Value 'x' at
 * 'name' failed to satisfy constraint: Member must …".
 *
 * path: the parameter as messages name it ("targets.1.member.id").
 */

/* Refuse with code ValidationException. value NULL: said as null. */
int check_refuse(struct request *r, const char *value, const char *path,
    const char *constraint);

/* 0, or the refusal. */
int check_there(struct request *r, const char *value, const char *path);
int check_length(struct request *r, const char *value, const char *path,
    size_t least, size_t most);
/* [\.\-_A-Za-z0-9]+ */
int check_word(struct request *r, const char *value, const char *path);
/* values: "A, B, C", as the message lists them. */
int check_enum(
    struct request *r, const char *value, const char *path, const char *values);

/* A time: seconds as a number, or ISO 8601. -1: neither. */
int check_time(struct json v, int64_t *ms);
/* Is text one of an array's strings? */
bool check_contains(struct json array, const char *text);

#endif
