#ifndef LUNA_TOOL_H
#define LUNA_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "buf.h"
#include "conf.h"
#include "err.h"
#include "opt.h"
#include "record.h"
#include "template.h"
#include "window.h"

/*
 * What every tool has: its start, the common options, stdin and stdout, the
 * failed file, the tally and the exit status. The page: luna(7).
 */
enum tool_status {
	TOOL_OK = 0,
	TOOL_FAILED = 1, /* some record failed for good, or output failed */
	TOOL_USAGE = 2,  /* nothing was attempted or accepted */
	TOOL_LATER = 75  /* could not be delivered for now: run again */
};

enum tool_kind {        /* which common options it takes */
	TOOL_READS = 1, /* --failed --max-line */
	TOOL_CALLS = 2, /* --region --profile --endpoint-url --timeout -v */
	TOOL_SINKS = 4  /* --jobs … --quiet */
};

struct tool_about {
	const char *name;
	const char *synopsis; /* after the name; lines separated by '\n' */
	const struct opt *options;
	unsigned kind;
	int min_operands, max_operands; /* -1: any number */
	bool command; /* operands end at "--": COMMAND follows */
};

struct tool {
	const struct tool_about *about;
	int operand_count;
	char **operand;
	char **command; /* after "--", NULL-terminated; or NULL */

	/* common options */
	struct conf_options conf;
	const char *failed_path;
	size_t max_line, memory;
	int64_t jobs, linger_ms, patience_ms; /* patience -1: for ever */
	double rate; /* records a second; 0: no limit */
	bool strict, dry_run, quiet;
	struct template_test *when, *unless;

	/* input and output */
	struct window *window; /* of a filter; a sink has its own */
	struct buf out;
	size_t out_at;    /* written of out */
	size_t out_line;  /* where its first line begins that is not written */
	uint64_t written; /* bytes in all */
	bool out_failed;  /* stdout is closed or full */
	bool out_closed;  /* … by its reader: EPIPE */
	bool out_ended;   /* closed by us */
	bool out_big;     /* stdout is a file: writes need not be small */
	int failed_fd;
	bool keep_failed; /* --failed could not be written */
	int stop_fd;      /* readable after a signal */
	int64_t stop_ms;  /* tick of the first signal, or 0 */

	/* tally */
	uint64_t accepted, failed, failed_later, not_kept, reported;
	bool set_up_failed, later, input_failed;
	bool other_failed;      /* a COMMAND of a source */
	struct tool_seen *seen; /* codes and how often each was reported */
};

/*
 * Parse options and open --failed; install signal handlers. Ends the process
 * after --help and --version (0) and on a usage error (2).
 */
void tool_start(
    struct tool *t, const struct tool_about *about, int argc, char **argv);

/* Usage that only the tool can see: print it and end with 2. */
void tool_usage(struct tool *t, const char *format, ...)
    __attribute__((format(printf, 2, 3), noreturn));
/* Set-up that failed before anything was done: print err, copy stdin to
 * --failed if there is one, and return the status that main returns (2, or 75
 * for ERR_LATER). */
int tool_refused(struct tool *t, const struct err *err);

/* A run that is no reader's ends with err: report it and let it decide the
 * status that tool_finish returns. */
void tool_end(struct tool *t, const struct err *err);

/*
 * For filters: the next record, waiting for it; bad lines are failed on the
 * way; output is flushed when no complete line waits. NULL at the end.
 */
const struct record *tool_next(struct tool *t);
/* The same, but at that tick without a record *timeout is set and NULL
 * returned. -1: it waits for ever. */
const struct record *tool_next_until(
    struct tool *t, int64_t tick_ms, bool *timeout);
/*
 * For filters of what is no record: wait for bytes of stdin and read some,
 * len 0 at the end; what waits to be written is written first. -1: no more
 * comes although the end was not seen (stdout failed, stdin failed, a signal
 * came 5 s ago).
 */
int tool_bytes(struct tool *t, char *to, size_t room, size_t *len);
/* Print one line (LF added) and count it as accepted. */
void tool_pass(struct tool *t, const char *line, size_t len);
/* Fail a record: to --failed, a diagnostic, the tally. */
void tool_fail(
    struct tool *t, const struct record *r, bool parsed, const struct err *err);

/* The same without a diagnostic: the reason was reported before. */
void tool_keep(
    struct tool *t, const struct record *r, bool parsed, const struct err *err);
/*
 * Another file to append to as --failed is: created with mode 0600, neither
 * stdin nor stdout; what is wrong with it ends the process. tool_append
 * writes a line (LF added): -1 and errno.
 */
int tool_open_append(struct tool *t, const char *option, const char *path);
int tool_append(int fd, struct buf *line);
/* Read once from stdin into w, after POLLIN. */
void tool_read(struct tool *t, struct window *w);

/* Print a source's line, not counted; buffered. */
void tool_print(struct tool *t, const char *line, size_t len);
/* Bytes that wait to be written. */
size_t tool_pending(const struct tool *t);
/* Write what is buffered. -1: stdout failed (out_failed, out_closed). */
int tool_flush(struct tool *t);
/* Write once what stdout takes without blocking, after POLLOUT. */
int tool_flush_some(struct tool *t);
/* Write bytes as they are, for as long as it takes. -1: stdout failed, or a
 * signal came while its reader did not read. */
int tool_write(struct tool *t, const void *bytes, size_t len);
/* Read once from stdin, after POLLIN. Returns: how many bytes; 0 at the end,
 * or when stdin failed (input_failed); -1: look again. */
ssize_t tool_input(struct tool *t, char *to, size_t room);

/* stdout failed: records passed that it did not take are failed. */
void tool_fail_unwritten(struct tool *t);

/* No more output: readers see the end. What was not written is dropped. */
void tool_close_stdout(struct tool *t);

/* Report an error of the run, with the line (0: none); after ten of one code
 * they are only counted. */
void tool_report(struct tool *t, uint64_t line, const struct err *err);
/* A signal came. */
bool tool_stopping(struct tool *t);
/* … and so many ms are left of the 5 s after it. */
int64_t tool_grace_ms(const struct tool *t);

/* Flush, sync the failed file, print the last lines, close stdout: returns
 * the exit status. */
int tool_finish(struct tool *t);

#endif
