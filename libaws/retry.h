#ifndef LUNA_RETRY_H
#define LUNA_RETRY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * When to send a call again: the standard mode of the AWS SDKs by the rules
 * of 2026 (before: AWS_NEW_RETRIES_2026=false). Pure: no clock, no random.
 *
 * Source: AWS SDKs and Tools Reference Guide, "Retry behavior".
 */
enum retry_class {
	RETRY_NO,        /* the answer is final */
	RETRY_TRANSIENT, /* 500, 502, 503, 504, connection errors */
	RETRY_TIMEOUT,   /* transient; the rules before 2026 charge more */
	RETRY_THROTTLED
};

/*
 * status: 0: no answer came, and code is http's ("Timeout", …); 200 for the
 *         refusal of one entry in a batch reply.
 * code:   the service's error code or "".
 */
enum retry_class retry_classify(int status, const char *code);

/* The tokens of a process, shared by all its calls. */
struct retry_quota {
	int tokens;
};
#define RETRY_QUOTA 500

struct retry {
	bool rules_2026;
	bool dynamodb;  /* 4 attempts, 25 ms */
	bool long_poll; /* waits, then gives up, when the quota is empty */
	int max_attempts;
	int attempt;  /* failed so far; retry_next counts */
	int held;     /* tokens taken for the attempt that runs */
	bool give_up; /* set by retry_next: wait the delay, then fail */
};

/* max_attempts 0: 3, or 4 for DynamoDB by the rules of 2026. */
void retry_init(struct retry *r, bool rules_2026, bool dynamodb, bool long_poll,
    int max_attempts);

/*
 * After a failed attempt: may another be made, and after how long?
 *
 * random:   uniform in [0, 1).
 * after_ms: the service's x-amz-retry-after, or -1.
 * Returns:  the delay in ms, after which to send again (or to fail, when
 *           give_up is set: a long poll without tokens), or -1: give up.
 */
int64_t retry_next(struct retry *r, struct retry_quota *quota,
    enum retry_class class, double random, int64_t after_ms);

/* After a success: give back what was taken, or 1 when nothing was. */
void retry_succeeded(struct retry *r, struct retry_quota *quota);

/* The back-off of the second loop, for entries refused for now: 50 ms or,
 * when throttled, 1 s, doubled each round (from 0), times random, at most
 * 20 s. */
int64_t retry_backoff(enum retry_class class, int round, double random);

#endif
