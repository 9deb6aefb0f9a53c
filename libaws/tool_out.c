#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "diag.h"
#include "tool_inner.h"

enum {
	SMALL_WRITE = 4096, /* a pipe that is ready takes as much at once */
	WRITTEN = 65536     /* so many written bytes are not kept in memory */
};

void
tool_print(struct tool *t, const char *line, size_t len)
{
	buf_add(&t->out, line, len);
	buf_add_char(&t->out, '\n');
}

void
tool_pass(struct tool *t, const char *line, size_t len)
{
	tool_print(t, line, len);
	t->accepted++;
}

size_t
tool_pending(const struct tool *t)
{
	return t->out.len - t->out_at;
}

static void
forget_output(struct tool *t)
{
	buf_reset(&t->out);
	t->out_at = t->out_line = 0;
}

int
tool_output_failed(struct tool *t, int error)
{
	t->out_failed = true;
	t->out_closed = error == EPIPE;
	if (!t->out_closed)
		diag("stdout: %s", strerror(error));
	return -1;
}

/* Of what was written only the beginning of a line is kept in memory. */
static void
wrote(struct tool *t, size_t len)
{
	const char *from = t->out.data + t->out_at;
	const char *lf = memrchr(from, '\n', len);
	t->written += len;
	t->out_at += len;
	if (lf != NULL)
		t->out_line = (size_t)(lf - t->out.data) + 1;
	if (t->out_at == t->out.len) {
		forget_output(t);
	} else if (t->out_line >= WRITTEN && t->out_line >= t->out.len / 2) {
		buf_consume(&t->out, t->out_line);
		t->out_at -= t->out_line;
		t->out_line = 0;
	}
}

int
tool_flush_some(struct tool *t)
{
	size_t len = tool_pending(t);
	if (t->out_failed)
		return -1;
	if (len == 0)
		return 0;
	if (len > SMALL_WRITE && !t->out_big)
		len = SMALL_WRITE;
	ssize_t n = write(STDOUT_FILENO, t->out.data + t->out_at, len);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN
			   ? 0
			   : tool_output_failed(t, errno);
	wrote(t, (size_t)n);
	return 0;
}

int
tool_flush(struct tool *t)
{
	while (!t->out_failed && tool_pending(t) > 0) {
		struct pollfd fd = {.fd = STDOUT_FILENO, .events = POLLOUT};
		if (!t->out_big && poll(&fd, 1, -1) < 0 && errno != EINTR)
			return tool_output_failed(t, errno);
		tool_flush_some(t);
	}
	return t->out_failed ? -1 : 0;
}

int
tool_write(struct tool *t, const void *bytes, size_t len)
{
	const char *at = bytes, *end = at + len;
	if (tool_flush(t) != 0)
		return -1;
	while (at < end) {
		ssize_t n = write(STDOUT_FILENO, at, (size_t)(end - at));
		struct pollfd fd = {.fd = STDOUT_FILENO, .events = POLLOUT};
		if (n >= 0) {
			at += n;
			t->written += (uint64_t)n;
		} else if (errno == EAGAIN) {
			poll(&fd, 1, -1);
		} else if (errno != EINTR) {
			return tool_output_failed(t, errno);
		}
		if (n < 0 && tool_stopping(t))
			return -1;
	}
	return 0;
}

void
tool_fail_unwritten(struct tool *t)
{
	struct err err;
	err_set(&err, ERR_LATER, "OutputFailed",
	    "stdout failed before the record was printed");
	for (size_t at = t->out_line; at < t->out.len;) {
		const char *line = t->out.data + at;
		const char *lf = memchr(line, '\n', t->out.len - at);
		size_t len = (size_t)(lf - line);
		struct record r;
		bool parsed = record_parse(&r, line, len, 0, NULL) == 0;
		tool_keep(t, &r, parsed, &err);
		t->accepted--;
		at += len + 1;
	}
	forget_output(t);
}

void
tool_close_stdout(struct tool *t)
{
	if (t->out_ended)
		return;
	t->out_ended = true;
	forget_output(t);
	/* A full disk may only now be told. */
	if (close(STDOUT_FILENO) != 0 && errno != EBADF && !t->out_failed)
		tool_output_failed(t, errno);
	/* No socket may come to stand where output is looked for. */
	open("/dev/null", O_RDONLY | O_CLOEXEC);
}
