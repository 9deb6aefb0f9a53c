#include "retry.h"

#include <stddef.h>
#include <string.h>

#define CAP_MS 20000

static bool
among(const char *code, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcmp(code, *list) == 0)
			return true;
	return false;
}

enum retry_class
retry_classify(int status, const char *code)
{
	static const char *const throttled[] = {"Throttling",
	    "ThrottlingException", "ThrottledException",
	    "RequestThrottledException", "TooManyRequestsException",
	    "ProvisionedThroughputExceededException",
	    "TransactionInProgressException", "RequestLimitExceeded",
	    "BandwidthLimitExceeded", "LimitExceededException",
	    "RequestThrottled", "SlowDown", "PriorRequestNotComplete",
	    "EC2ThrottledException",
	    /* What KMS does to its callers: SNS, SQS, Kinesis. */
	    "KMSThrottling", "KmsThrottled", "KMSThrottlingException",
	    "KmsThrottlingException", "Throttled", NULL};
	/* From the second line on: the codes of status 500 and 503, which an
	 * entry of a batch reply carries without the status. */
	static const char *const transient[] = {"RequestTimeout",
	    "RequestTimeoutException", "IDPCommunicationError",
	    "ReplicatedWriteConflictException", "InternalError",
	    "InternalFailure", "InternalFailureException",
	    "InternalServerError", "InternalServiceError", "ServiceUnavailable",
	    "ServiceUnavailableException", NULL};
	if (status == 0)
		return strcmp(code, "Timeout") == 0 ? RETRY_TIMEOUT
						    : RETRY_TRANSIENT;
	/* A throttling code may come with 400 or 503: the code knows more. */
	if (among(code, throttled) || status == 429)
		return RETRY_THROTTLED;
	if (among(code, transient) || status == 500 || status == 502 ||
	    status == 503 || status == 504)
		return RETRY_TRANSIENT;
	return RETRY_NO;
}

void
retry_init(struct retry *r, bool rules_2026, bool dynamodb, bool long_poll,
    int max_attempts)
{
	*r = (struct retry){
	    .rules_2026 = rules_2026,
	    .dynamodb = dynamodb,
	    .long_poll = long_poll,
	    .max_attempts = max_attempts,
	};
	if (max_attempts <= 0)
		r->max_attempts = rules_2026 && dynamodb ? 4 : 3;
}

/* base doubled for each attempt before, with a ceiling. */
static double
ceiling(double base, int doublings)
{
	while (doublings-- > 0 && base < CAP_MS)
		base *= 2;
	return base < CAP_MS ? base : CAP_MS;
}

static int
cost(const struct retry *r, enum retry_class class)
{
	if (!r->rules_2026)
		return class == RETRY_TIMEOUT ? 10 : 5;
	return class == RETRY_THROTTLED ? 5 : 14;
}

static int64_t
delay(const struct retry *r, enum retry_class class, double random,
    int64_t after_ms)
{
	double base = 1000;
	if (r->rules_2026 && class != RETRY_THROTTLED)
		base = r->dynamodb ? 25 : 50;
	int64_t ms = (int64_t)(random * ceiling(base, r->attempt - 1));
	if (!r->rules_2026 || after_ms <= ms)
		return ms;
	return after_ms < ms + 5000 ? after_ms : ms + 5000;
}

int64_t
retry_next(struct retry *r, struct retry_quota *quota, enum retry_class class,
    double random, int64_t after_ms)
{
	r->attempt++;
	if (class == RETRY_NO || r->attempt >= r->max_attempts)
		return -1;
	int64_t ms = delay(r, class, random, after_ms);
	int price = cost(r, class);
	if (price > quota->tokens) {
		/* Otherwise a loop of polls would not wait at all. */
		r->give_up = r->rules_2026 && r->long_poll;
		return r->give_up ? ms : -1;
	}
	quota->tokens -= price;
	r->held = price;
	return ms;
}

void
retry_succeeded(struct retry *r, struct retry_quota *quota)
{
	quota->tokens += r->held > 0 ? r->held : 1;
	if (quota->tokens > RETRY_QUOTA)
		quota->tokens = RETRY_QUOTA;
	r->held = 0;
}

int64_t
retry_backoff(enum retry_class class, int round, double random)
{
	double base = class == RETRY_THROTTLED ? 1000 : 50;
	return (int64_t)(random * ceiling(base, round));
}
