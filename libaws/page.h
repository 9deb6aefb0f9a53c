#ifndef LUNA_PAGE_H
#define LUNA_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "json.h"

/*
 * Where a list goes on: the token in a reply and the parameter of the next
 * call that takes it. Pure.
 *
 * Source: botocore's paginators, November 2026.
 */
struct page {
	struct json token;
	const char *to; /* the name of the parameter */
};

/*
 * Is there another page?
 *
 * rule: "TOKEN=PARAMETER" for a service that pairs them as no other does;
 *       NULL: by the names that are in use.
 */
bool page_next(struct json reply, const char *rule, struct page *next);

#endif
