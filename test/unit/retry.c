/*
 * retry [-o] [-d] [-l] [-m MAX] [-t TOKENS]: the delays of failing calls.
 *
 * Options: -o the rules before 2026, -d DynamoDB, -l a long poll, -m
 * attempts, -t tokens at the start. Lines of input:
 *   fail STATUS CODE RANDOM [AFTER_MS]   ("-" for no code)
 *   ok                                   the call succeeded
 *   new                                  another call, the same tokens
 *   backoff STATUS CODE ROUND RANDOM     of an entry of a batch
 * Output: a line each, the delay or what became of it, and the tokens left.
 */
#include "retry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *class_name(enum retry_class class)
{
	static const char *const name[] = {[RETRY_NO] = "final",
	    [RETRY_TRANSIENT] = "transient",
	    [RETRY_TIMEOUT] = "timeout",
	    [RETRY_THROTTLED] = "throttled"};
	return name[class];
}

static void
fail(struct retry *r, struct retry_quota *quota, char *words)
{
	int status = 0;
	char code[64] = "";
	double random = 0;
	long after = -1;
	sscanf(words, "%d %63s %lf %ld", &status, code, &random, &after);
	if (strcmp(code, "-") == 0)
		code[0] = '\0';
	enum retry_class class = retry_classify(status, code);
	int64_t ms = retry_next(r, quota, class, random, after);
	printf("%s, ", class_name(class));
	if (ms < 0)
		printf("give up");
	else
		printf("%s after %lld ms", r->give_up ? "give up" : "again",
		    (long long)ms);
	printf(", %d tokens\n", quota->tokens);
}

static void
backoff(char *words)
{
	int status = 0, round = 0;
	char code[64] = "";
	double random = 0;
	sscanf(words, "%d %63s %d %lf", &status, code, &round, &random);
	printf("%lld ms\n", (long long)retry_backoff(
				retry_classify(status, code), round, random));
}

int
main(int argc, char **argv)
{
	bool old = false, dynamodb = false, poll = false;
	int max = 0, c;
	struct retry_quota quota = {.tokens = RETRY_QUOTA};
	while ((c = getopt(argc, argv, "odlm:t:")) != -1) {
		old = old || c == 'o';
		dynamodb = dynamodb || c == 'd';
		poll = poll || c == 'l';
		if (c == 'm')
			max = atoi(optarg);
		if (c == 't')
			quota.tokens = atoi(optarg);
	}
	struct retry r;
	retry_init(&r, !old, dynamodb, poll, max);
	char line[256];
	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (strncmp(line, "fail ", 5) == 0) {
			fail(&r, &quota, line + 5);
		} else if (strcmp(line, "ok\n") == 0) {
			retry_succeeded(&r, &quota);
			printf("ok, %d tokens\n", quota.tokens);
		} else if (strcmp(line, "new\n") == 0) {
			retry_init(&r, !old, dynamodb, poll, max);
		} else if (strncmp(line, "backoff ", 8) == 0) {
			backoff(line + 8);
		} else {
			return 2;
		}
	}
	return 0;
}
