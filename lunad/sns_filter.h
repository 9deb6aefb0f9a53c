#ifndef LUNAD_SNS_FILTER_H
#define LUNAD_SNS_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "json.h"

/*
 * Filter policies of subscriptions: compiled once, then asked of each
 * message. Matching follows AWS's event ruler, on which SNS is built: a
 * policy is a list of rules (one for each way through its $or groups), a rule
 * a list of paths with the patterns of which each wants one; values beneath
 * one array must come from the same element.
 *
 * Operators: exact values, prefix, suffix, equals-ignore-case, anything-but
 * (values, or {"prefix":…}), numeric, exists, cidr, $or. SNS has no wildcard
 * and no other anything-but, and refuses them; so does this.
 *
 * Source: SNS Developer Guide, "Subscription filter policies" and "Filter
 * policy constraints".
 */
struct sns_filter;

/*
 * policy: the attribute's value.
 * nested: FilterPolicyScope is MessageBody.
 * why:    what AWS says after "Invalid parameter: " when NULL is returned.
 */
struct sns_filter *sns_filter_new(
    const char *policy, size_t len, bool nested, struct buf *why);
void sns_filter_free(struct sns_filter *f);

/* Does it let this message pass? What is no JSON object never passes. */
bool sns_filter_body(
    const struct sns_filter *f, const char *message, size_t len);
/* attributes: MessageAttributes as Publish has them, or no object. */
bool sns_filter_attributes(const struct sns_filter *f, struct json attributes);

#endif
