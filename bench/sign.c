/*
 * sign: what signing costs, µs a request, with the key of the day derived:
 * the request of sqs-send with a body of 200 B, 1 KiB and 256 KiB, and
 * without one. The best of five runs, of about 0.2 s each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mem.h"
#include "sigv4.h"

static double
now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double
run(struct sigv4 *s, const struct sigv4_request *req, const struct cred *cred,
    int count)
{
	struct sigv4_signed out = {0};
	int64_t now_ms = 1440938160000;
	double start = now_us();
	for (int i = 0; i < count; i++)
		sigv4_sign(s, req, cred, now_ms + i, &out);
	double took = now_us() - start;
	sigv4_signed_clear(&out);
	return took / count;
}

static void
measure(struct sigv4 *s, const struct cred *cred, size_t body_len)
{
	static const struct sigv4_header header[] = {
	    {"Host", "sqs.eu-central-1.amazonaws.com"},
	    {"Content-Type", "application/x-amz-json-1.0"},
	    {"X-Amz-Target", "AmazonSQS.SendMessageBatch"},
	    {"x-amzn-query-mode", "true"},
	};
	char *body = mem_alloc(body_len + 1);
	memset(body, 'x', body_len);
	struct sigv4_request req = {
	    .method = "POST",
	    .path = "/",
	    .header = header,
	    .header_count = sizeof(header) / sizeof(header[0]),
	    .body = body,
	    .body_len = body_len,
	};
	double once = run(s, &req, cred, 100), best = 0;
	int count = (int)(200000 / once) + 1;
	for (int i = 0; i < 5; i++) {
		double us = run(s, &req, cred, count);
		if (i == 0 || us < best)
			best = us;
	}
	printf("sign, body %7zu B: %8.2f us", body_len, best);
	if (body_len >= 65536)
		printf(", %.2f GB/s", (double)body_len / best / 1e3);
	putchar('\n');
	free(body);
}

int
main(void)
{
	static const size_t size[] = {0, 200, 1024, 262144};
	struct cred cred = {0};
	cred_set(&cred, "AKIDEXAMPLE",
	    "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", NULL, 0, "bench");
	struct sigv4 *s = sigv4_new("eu-central-1", "sqs");
	for (size_t i = 0; i < sizeof(size) / sizeof(size[0]); i++)
		measure(s, &cred, size[i]);
	sigv4_free(s);
	cred_clear(&cred);
	return 0;
}
