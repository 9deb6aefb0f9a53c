/*
 * What a line costs before any service is called: parsing, emitting, filling
 * a template, escaping; CPU time of one core.
 *
 * usage: record [SECONDS a measurement]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "buf.h"
#include "mem.h"
#include "record.h"
#include "template.h"
#include "text.h"

#define LINES 4096

struct lines {
	char *text[LINES];
	size_t len[LINES];
	struct template *template;
	struct buf out;
};

static double
cpu_time(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Lines like the e-commerce events, 255 to 265 bytes. */
static void
make_events(struct lines *l, const char *metadata)
{
	static const char *const types[] = {
	    "view", "cart", "remove_from_cart", "purchase"};
	for (unsigned i = 0; i < LINES; i++) {
		unsigned r = i * 2654435761u;
		l->text[i] = mem_format(
		    "{\"event_time\":\"2019-10-01 %02u:%02u:%02u UTC\","
		    "\"event_type\":\"%s\",\"product_id\":%u,"
		    "\"category_id\":2103807459595%06u,"
		    "\"category_code\":\"electronics.smartphone\","
		    "\"brand\":\"samsung\",\"price\":%u.%02u,\"user_id\":%u,"
		    "\"user_session\":\"%08x-8bb3-4e00-8c23-a032dfed738c\"%s}",
		    r % 24, r % 60, r / 7 % 60, types[r / 5 % 4],
		    1000000 + r % 50000000, r % 1000000, r % 2000, r % 100,
		    500000000 + r % 50000, r, metadata);
		l->len[i] = strlen(l->text[i]);
	}
}

static void
clear(struct lines *l)
{
	for (unsigned i = 0; i < LINES; i++)
		free(l->text[i]);
	template_free(l->template);
	buf_clear(&l->out);
}

static void
parse(struct lines *l, size_t i)
{
	struct record r;
	if (record_parse(&r, l->text[i], l->len[i], i, NULL) != 0)
		abort();
}

static void
emit(struct lines *l, size_t i)
{
	static const char fields[] =
	    "\"MessageId\":\"c9cb4a1c-9d9b-4b3a-9b1e-2d0c1f6a1b11\"";
	struct record r;
	if (record_parse(&r, l->text[i], l->len[i], i, NULL) != 0)
		abort();
	buf_reset(&l->out);
	record_emit(&r, "sqs", fields, sizeof(fields) - 1, &l->out);
}

static void
escape(struct lines *l, size_t i)
{
	buf_reset(&l->out);
	text_json(l->text[i], l->len[i], &l->out);
}

static void
encode(struct lines *l, size_t i)
{
	buf_reset(&l->out);
	text_base64(l->text[i], l->len[i], &l->out);
}

static void
fill(struct lines *l, size_t i)
{
	struct record r = {.line = l->text[i], .len = l->len[i]};
	r.root = (struct json){JSON_OBJECT, l->text[i], l->len[i]};
	buf_reset(&l->out);
	if (template_fill(l->template, &r, TEMPLATE_PLAIN, &l->out, NULL) != 0)
		abort();
}

static void
measure(const char *what, struct lines *l, double seconds,
    void (*work)(struct lines *, size_t))
{
	uint64_t lines = 0, bytes = 0;
	double start = cpu_time(), took;
	do {
		for (size_t i = 0; i < LINES; i++) {
			work(l, i);
			bytes += l->len[i];
		}
		lines += LINES;
		took = cpu_time() - start;
	} while (took < seconds);
	printf("%-28s %7.1f ns/line %8.0f MB/s %6.2f M lines/s\n", what,
	    took * 1e9 / (double)lines, (double)bytes / took / 1e6,
	    (double)lines / took / 1e6);
}

int
main(int argc, char **argv)
{
	double seconds = argc > 1 ? atof(argv[1]) : 1;
	struct lines plain = {0}, received = {0};
	make_events(&plain, "");
	make_events(&received,
	    ",\"@metadata\":{\"from\":{\"sqs\":{\"QueueUrl\":"
	    "\"https://sqs.eu-central-1.amazonaws.com/123456789012/orders\","
	    "\"MessageId\":\"c9cb4a1c-9d9b-4b3a-9b1e-2d0c1f6a1b11\","
	    "\"HoldUntil\":\"2026-11-20T22:29:22.123Z\"}}}");
	measure("parse", &plain, seconds, parse);
	measure("parse, with metadata", &received, seconds, parse);
	measure("parse and emit", &plain, seconds, emit);
	measure("parse and emit, w. metadata", &received, seconds, emit);
	measure("escape as a JSON string", &plain, seconds, escape);
	measure("base64", &plain, seconds, encode);
	plain.template = template_new("{{category_id}}", NULL);
	measure("fill the 4th of 9 fields", &plain, seconds, fill);
	template_free(plain.template);
	plain.template = template_new("{{user_session}}", NULL);
	measure("fill the last of 9 fields", &plain, seconds, fill);
	clear(&plain);
	clear(&received);
	return 0;
}
