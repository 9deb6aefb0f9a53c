#ifndef LUNAD_SES_SCOPE_H
#define LUNAD_SES_SCOPE_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "err.h"
#include "json.h"
#include "ses_tag.h"

/*
 * What a name in a mail template of SES stands for: data, seen from within
 * blocks. A block's scope lies within that of the block around it.
 */
struct ses_scope {
	struct json v;
	const struct ses_scope *up;
	size_t index, count; /* in a loop; count is 0 elsewhere */
	struct json key;     /* in a loop over an object */
};

/* The value of a path, or type JSON_NONE. work grows by the bytes looked at. */
struct json ses_scope_find(
    const struct ses_scope *scope, struct ses_slice path, size_t *work);
/* As Handlebars sees it: is there something in it? */
bool ses_scope_true(struct json v);
/* Append the text of a path, or of @index and its like. Fails:
 * "MissingAttribute". */
int ses_scope_put(const struct ses_scope *scope, struct ses_slice name,
    struct buf *out, size_t *work, struct err *err);

#endif
