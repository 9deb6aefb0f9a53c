#ifndef LUNA_ERR_H
#define LUNA_ERR_H

/*
 * The one error type. Its kind answers the caller's only question: what now?
 */
enum err_kind {
	ERR_NONE,
	ERR_RECORD,  /* this record is bad: fail it, go on */
	ERR_REFUSED, /* the service refused the call for its content */
	ERR_LATER,   /* away or throttled: the same may succeed later */
	ERR_SETUP    /* configuration, credentials, denied: call no more */
};

struct err {
	enum err_kind kind;
	int throttled;     /* ERR_LATER: the service asked for fewer calls */
	char code[96];     /* the service's code, or ours: one word */
	char message[512]; /* one line, no secret, no final full stop */
	char request_id[80];
};

/*
 * Fill err and return -1, so that a function may `return err_set(...)`.
 * Control characters in what was formatted become spaces.
 *
 * err: may be NULL, then only -1 is returned.
 */
int err_set(struct err *err, enum err_kind kind, const char *code,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/*
 * Put "prefix: " before the message that err has.
 */
void err_prefix(struct err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void err_clear(struct err *err);

#endif
