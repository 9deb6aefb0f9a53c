#ifndef LUNAD_RAW_H
#define LUNAD_RAW_H

#include <sys/types.h>

#include "lunad.h"

/*
 * For a service whose interface is HTTP itself (S3): it reads paths, queries
 * and headers, takes a body as it comes, and answers with headers and with
 * bytes that are in no memory. It is asked in this order:
 *
 *   wants   is a request that nobody signed for the service? (One that is
 *           signed for it is.) Only the headers are there.
 *   route   which operation? NULL after fail().
 *           — now the signature is verified —
 *   begin   of the operation: may it be done? -1 after fail().
 *   take    of the operation, for each piece of the payload; without it the
 *           payload is collected, up to raw_api.collect_max bytes.
 *   run     of the operation, when the payload is there and is what was
 *           signed; for chunked uploads the trailers are headers now.
 *   end     the request is over, whatever came of it; once, always.
 *
 * A request that has failed before its body is there is answered when all of
 * the body has come, so that a client that only writes gets its answer.
 */
struct raw_api {
	bool (*wants)(struct request *r);
	const struct operation *(*route)(struct request *r);
	void (*end)(struct request *r); /* or NULL */
	size_t collect_max;
};

const char *raw_method(const struct request *r);
/* The raw target; the path ends at the '?'. */
const char *raw_target(const struct request *r);
/* NULL when it is not there; "" when it is empty. */
const char *raw_header(const struct request *r, const char *name);
/* The i-th header, or false. */
bool raw_header_at(
    const struct request *r, size_t i, const char **name, const char **value);
/* Of the payload, after an upload's chunks are opened; -1: not said. */
int64_t raw_length(const struct request *r);
/* The payload that was collected. */
const char *raw_body(const struct request *r, size_t *len);
/* Signed in its query? */
bool raw_presigned(const struct request *r);

/* A header of the answer; name and value live as long as the request. */
void raw_answer(struct request *r, const char *name, const char *value);
/*
 * The answer's bytes: len of them from offset on, of a file, which is closed
 * after it, or of what read gives.
 *
 * read:  at most max bytes from pos on; 0 or less ends the connection.
 * done:  called once, when they were sent or will not be; or NULL.
 */
void raw_send_file(struct request *r, int fd, uint64_t offset, uint64_t len);
void raw_send(struct request *r, uint64_t offset, uint64_t len,
    ssize_t (*read)(void *user, uint64_t pos, char *to, size_t max),
    void (*done)(void *user), void *user);

#endif
