#ifndef LUNA_OPERATION_H
#define LUNA_OPERATION_H

#include <stdbool.h>

#include "buf.h"
#include "call.h"
#include "err.h"
#include "json.h"
#include "service.h"

/*
 * Any operation of any service, by name: its parameters as a JSON object, its
 * reply as a line of JSON, its pages. What the protocols need of a model is
 * left to the user, who reads the service's API reference.
 */
struct operation_about {
	const char *service; /* a name of the table, or another */
	const char *name;    /* of the operation; REST: its method */
	const char *path;    /* REST: the path, encoded; else NULL */
	/* Each NULL, or instead of what the table has: */
	const char *target; /* speak JSON with this X-Amz-Target prefix */
	const char *json;   /* "1.0", "1.1" */
	const char *api;    /* speak query with this version */
	const char *host, *signing;
};

struct operation {
	struct call call; /* ready to start after operation_encode */

	/* the module's */
	struct operation_about about;
	struct service service;
	char *id;
	struct buf params, body, path, last;
};

/*
 * Fails: ERR_SETUP "Usage": a service that is not in the table and not
 *        described; REST without a path.
 */
int operation_init(
    struct operation *o, const struct operation_about *about, struct err *err);
void operation_clear(struct operation *o);

/*
 * Encode params, an object, copied: the body, or in REST's GET, HEAD and
 * DELETE the query of the path.
 *
 * Fails: ERR_SETUP "Usage": parameters where the service wants XML;
 *        ERR_RECORD as query_flatten.
 */
int operation_encode(
    struct operation *o, const char *params, size_t len, struct err *err);

/* Append the reply of a call that succeeded as one line of JSON. Fails:
 * ERR_LATER "InvalidReply". */
int operation_reply(
    const struct operation *o, struct buf *out, struct err *err);

/*
 * Does the list go on after this reply? Then encode the call of the next
 * page. False also when a token comes a second time, as at the end of a
 * stream that may still grow.
 *
 * rule: as page_next.
 */
bool operation_next(struct operation *o, struct json reply, const char *rule);

/* Append the call as one line of JSON, for people (--dry-run). */
void operation_show(const struct operation *o, struct buf *out);

#endif
