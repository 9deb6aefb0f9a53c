/* Drives hash keys, sequence numbers and limits: one on each line of stdin. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../lunad/core.h"
#include "../../lunad/kinesis.h"

static void
print_hash(struct hash_key h)
{
	char text[HASH_KEY];
	hash_key_print(h, text);
	puts(text);
}

static int
hash(const char *op, const char *line, size_t len)
{
	struct hash_key h;
	unsigned i, count;
	if (strcmp(op, "md5") == 0) {
		print_hash(hash_key_of(line, len));
	} else if (strcmp(op, "part") == 0 &&
		   sscanf(line, "%u %u", &i, &count) == 2) {
		print_hash(hash_key_part(i, count));
	} else if (hash_key_parse(line, len, &h) != 0) {
		puts("refused");
	} else if (strcmp(op, "hash") == 0) {
		print_hash(h);
	} else if (strcmp(op, "after") == 0) {
		print_hash(hash_key_after(h));
	} else if (strcmp(op, "before") == 0) {
		print_hash(hash_key_before(h));
	} else {
		return -1;
	}
	return 0;
}

static int
sequence(const char *op, char *line, size_t len)
{
	struct kinesis_sequence n = {0};
	char text[KINESIS_SEQUENCE];
	if (strcmp(op, "sequence") == 0) {
		if (sscanf(line, "%" SCNd64 " %" SCNu32 " %" SCNd64 " %" SCNd64,
			&n.epoch_s, &n.shard, &n.position, &n.at_s) != 4)
			return -1;
		kinesis_sequence_print(&n, text);
		puts(text);
	} else if (strcmp(op, "next") == 0 && len == KINESIS_SEQUENCE - 1) {
		kinesis_sequence_next(line);
		puts(line);
	} else if (strcmp(op, "parse") != 0) {
		return -1;
	} else if (kinesis_sequence_parse(line, len, &n) != 0) {
		puts("refused");
	} else {
		printf("%" PRId64 " %" PRIu32 " %" PRId64 " %" PRId64 "\n",
		    n.epoch_s, n.shard, n.position, n.at_s);
	}
	return 0;
}

/* TIMES BYTES at MS: how many of that many may be written, or read. */
static int
limit(const char *op, const char *line)
{
	static struct lunad l = {.limits = true};
	static struct kinesis_shard shard;
	struct request r = {.lunad = &l};
	unsigned times, allowed = 0;
	size_t bytes;
	if (sscanf(line, "%u %zu at %" SCNd64, &times, &bytes, &r.now_ms) != 3)
		return -1;
	for (; times > 0; times--) {
		if (strcmp(op, "limit-write") == 0) {
			allowed += kinesis_limit_write(&r, &shard, bytes);
		} else if (kinesis_limit_read(&r, &shard)) {
			kinesis_limit_took(&r, &shard, bytes);
			allowed++;
		}
	}
	printf("%u\n", allowed);
	return 0;
}

static int
one(const char *op, char *line, size_t len)
{
	if (strncmp(op, "limit", 5) == 0)
		return limit(op, line);
	if (strcmp(op, "sequence") == 0 || strcmp(op, "next") == 0 ||
	    strcmp(op, "parse") == 0)
		return sequence(op, line, len);
	return hash(op, line, len);
}

int
main(int argc, char **argv)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;
	int rc = argc == 2 ? 0 : -1;
	while (rc == 0 && (len = getline(&line, &cap, stdin)) > 0) {
		line[--len] = '\0';
		rc = one(argv[1], line, (size_t)len);
	}
	free(line);
	return rc == 0 ? 0 : 1;
}
