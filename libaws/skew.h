#ifndef LUNA_SKEW_H
#define LUNA_SKEW_H

#include <stdbool.h>
#include <stdint.h>

/*
 * How far the service's clock is ahead of ours, learnt from every answer and
 * added to the time that the next request is signed with. Pure.
 *
 * Source: the AWS SDKs' common "Clock skew correction", 2026, whose test
 *         cases are told anew in test/cases/skew.
 */
struct skew {
	int64_t ms;
};

/*
 * Learn from an answer: its Date is taken for the middle of the request.
 *
 * date_ms: -1: none that can be trusted (no Date, or kept by a cache).
 * Returns: false: nothing was learnt; so also when the answer took more than
 *          15 minutes.
 */
bool skew_learn(
    struct skew *skew, int64_t sent_ms, int64_t received_ms, int64_t date_ms);

/*
 * Was a request refused because of its time? signed_with is the skew at that
 * time; skew has learnt from the answer since.
 */
bool skew_explains(
    const struct skew *skew, int64_t signed_with_ms, const char *code);

#endif
