#ifndef LUNAD_SES_H
#define LUNAD_SES_H

#include <stdbool.h>

#include "lunad.h"

/* What deliver.c tells: a mail with this note arrived, or was given up. */
void ses_settled(struct lunad *l, const char *note, bool delivered);

extern const struct api ses_api;

#endif
