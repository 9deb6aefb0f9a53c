/*
 * What other services of lunad do with S3's objects (lunad/s3.h).
 *
 * usage: lunad_s3 DIR list BUCKET PREFIX
 *        lunad_s3 DIR read BUCKET KEY
 *        lunad_s3 DIR write BUCKET KEY TYPE <BYTES
 */
#include <stdio.h>
#include <string.h>

#include "../../lunad/core.h"
#include "../../lunad/s3.h"
#include "opt.h"

static int
list(struct s3_view *v, const char *bucket, const char *prefix)
{
	struct s3_entry e;
	if (!s3_view_bucket(v, bucket))
		return 2;
	s3_view_list(v, bucket, prefix);
	while (s3_view_next(v, &e))
		printf("%s %zu %lld %s\n", e.key, e.key_len, (long long)e.size,
		    e.etag);
	return 0;
}

static int
read_one(struct s3_view *v, const char *bucket, const char *key)
{
	char piece[1000];
	ssize_t n;
	struct s3_stream *t = s3_stream_open(v, bucket, key, strlen(key));
	if (t == NULL)
		return 3;
	while ((n = s3_stream_read(t, piece, sizeof(piece))) > 0)
		fwrite(piece, 1, (size_t)n, stdout);
	s3_stream_free(t);
	return n < 0 ? 4 : 0;
}

static int
write_one(
    struct lunad *l, const char *bucket, const char *key, const char *type)
{
	char piece[1000], etag[33];
	size_t n;
	struct lunad_failure failure = {0};
	struct s3_write *w = s3_write_new(l);
	while ((n = fread(piece, 1, sizeof(piece), stdin)) > 0)
		if (s3_write_add(w, piece, n) < 0)
			return 4;
	store_save(lunad_store(l));
	int status =
	    s3_write_end(w, bucket, key, strlen(key), type, etag, &failure);
	store_keep(lunad_store(l));
	server_commit(l);
	printf("%d %s\n", status, status == 0 ? etag : failure.code);
	return 0;
}

int
main(int argc, char **argv)
{
	struct lunad l;
	struct err err;
	const struct opt_list none = {0};
	const struct server_options server = {.listen = "127.0.0.1:0"};
	struct lunad_options options = {
	    .dir = argv[1], .fault = &none, .server = &server};
	int rc = 2;
	if (argc < 5)
		return 2;
	if (lunad_open(&l, &options, &err) < 0) {
		fprintf(stderr, "%s\n", err.message);
		lunad_close(&l);
		return 2;
	}
	if (strcmp(argv[2], "write") == 0 && argc == 6) {
		rc = write_one(&l, argv[3], argv[4], argv[5]);
	} else {
		struct s3_view *v = s3_view_open(&l);
		if (v != NULL && strcmp(argv[2], "list") == 0)
			rc = list(v, argv[3], argv[4]);
		else if (v != NULL)
			rc = read_one(v, argv[3], argv[4]);
		s3_view_close(v);
	}
	lunad_close(&l);
	return rc;
}
